"""Saved policies: transformers and peft load what was trained, and the live policy stays."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from subset_models import fresh, logits, one_step
from tiny import plain_tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from frostline.agents.export import CannotMerge, gap, save_policy, save_trained
from frostline.agents.fast_path import FastPath
from frostline.agents.policy import Policy, load_policy
from frostline.agents.policy_folder import has_adapter
from frostline.agents.subsets import TrainableSubset, apply, resolve

ADAPTERS = ("lora", "dora:r=2", "pissa:r=4", "vera:r=16", "ia3", "ln_tuning")
WEIGHTS = ("full", "first:1")
MIXED = (("llama", "lora:r=2@first:2+layers:1,3"), ("qwen3", "pissa:r=4@last:2+final_norm"))
KINDS = ("llama", "qwen2", "qwen3")
# peft, of norms that it reads
quiet = pytest.mark.filterwarnings("ignore:Unsupported layer type")


def trained(kind: str, spec: str, *, tied: bool = True) -> tuple[Policy, TrainableSubset]:
    """Return a policy after two steps that change what it says."""
    policy = Policy(fresh(kind, tied=tied), plain_tokenizer(), "tiny")
    before = logits(policy.model)
    subset = resolve(spec, policy.model)
    apply(subset, policy.model)
    one_step(policy.model)
    one_step(policy.model)
    assert (logits(policy.model) - before).abs().max() > 0.01
    return policy, subset


def plain(folder: Path, **options: Any) -> PreTrainedModel:
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(folder, **options)
    return model


def assert_close(one: PreTrainedModel, other: PreTrainedModel) -> None:
    torch.testing.assert_close(logits(one), logits(other), rtol=1e-5, atol=1e-5)


def is_tied(model: Any) -> bool:
    return model.lm_head.weight is model.model.embed_tokens.weight


@pytest.mark.parametrize(
    ("kind", "spec"),
    [*((kind, spec) for kind in KINDS for spec in (*WEIGHTS, *ADAPTERS)), *MIXED],
)
def test_transformers_alone_loads_the_trained_policy(kind: str, spec: str, tmp_path: Path) -> None:
    tied = kind != "qwen2"
    policy, subset = trained(kind, spec, tied=tied)
    save_policy(policy, subset, tmp_path / "out")
    loaded = plain(tmp_path / "out")
    assert_close(loaded, policy.model)
    assert is_tied(loaded) == tied
    assert list(loaded.state_dict()) == list(fresh(kind, tied=tied).state_dict())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer("1+1")["input_ids"] == policy.tokenizer("1+1")["input_ids"]


@quiet
@pytest.mark.parametrize(
    ("kind", "spec"), [*((kind, spec) for kind in KINDS for spec in ADAPTERS), *MIXED]
)
def test_peft_loads_an_adapter_that_is_apart_onto_the_weights_beside_it(
    kind: str, spec: str, tmp_path: Path
) -> None:
    tied = kind != "qwen2"
    policy, subset = trained(kind, spec, tied=tied)
    save_policy(policy, subset, tmp_path / "out", "apart")
    base = plain(tmp_path / "out")
    assert is_tied(base) == tied
    assert (logits(base) - logits(policy.model)).abs().max() > 0.01, "the adapter does something"
    both: Any = PeftModel.from_pretrained(base, tmp_path / "out", subfolder="adapter")
    assert_close(both, policy.model)


@pytest.mark.parametrize("spec", ["lora", "ln_tuning", "vera:r=16"])
def test_the_weights_beside_an_adapter_are_the_original_ones_bit_for_bit(
    spec: str, tmp_path: Path
) -> None:
    save_policy(*trained("llama", spec), tmp_path, "apart")
    original = fresh("llama", tied=True).state_dict()
    assert all(torch.equal(t, original[name]) for name, t in plain(tmp_path).state_dict().items())


def test_an_adapter_that_changed_the_weights_is_saved_beside_those_before_the_change(
    tmp_path: Path,
) -> None:
    policy, subset = trained("llama", "pissa:r=4")
    assert subset.adapter is not None
    with subset.adapter.off():
        changed = logits(policy.model)
    save_policy(policy, subset, tmp_path, "apart")
    assert_close(plain(tmp_path), fresh("llama", tied=True))
    assert (logits(plain(tmp_path)) - changed).abs().max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("spec", "adapters"),
    [("steering@layers:0,2", "merged"), ("steering+lora:r=2", "merged"),
     ("steering@last:2+pissa:r=2@first:1", "apart")],
)  # fmt: skip
def test_steering_vectors_come_back_with_the_policy(
    kind: str, spec: str, adapters: Any, tmp_path: Path
) -> None:
    policy, subset = trained(kind, spec)
    save_policy(policy, subset, tmp_path, adapters)
    loaded = load_policy(str(tmp_path))
    assert_close(loaded.model, policy.model)
    assert isinstance(loaded.path, FastPath)
    without = plain(tmp_path)
    assert list(without.state_dict()) == list(fresh(kind, tied=True).state_dict())
    assert (logits(without) - logits(policy.model)).abs().max() > 0.01


@pytest.mark.parametrize(
    ("spec", "adapters", "dtype"),
    [("first:1", "merged", "float32"), ("first:1", "merged", "bfloat16"),
     ("lora+steering", "merged", "float32"), ("pissa:r=2", "apart", "float16")],
)  # fmt: skip
def test_saving_leaves_the_live_policy_as_it_is(
    spec: str, adapters: Any, dtype: Any, tmp_path: Path
) -> None:
    policy, subset = trained("llama", spec)

    def everything() -> dict[str, Any]:
        model = policy.model
        flags = {name: p.requires_grad for name, p in model.named_parameters()}
        # transformers notes these two in the configuration that it writes
        config = model.config.to_dict() | {"architectures": None, "dtype": None}
        return {"flags": flags, "config": config, "modules": repr(model)}

    before, weights, said = (
        everything(),
        dict(policy.model.named_parameters()),
        logits(policy.model),
    )
    values = {name: p.detach().clone() for name, p in weights.items()}
    save_policy(policy, subset, tmp_path, adapters, dtype)
    assert everything() == before
    for name, parameter in policy.model.named_parameters():
        assert parameter is weights[name]
        assert torch.equal(parameter, values[name])
    assert torch.equal(logits(policy.model), said)
    one_step(policy.model)
    assert not torch.equal(logits(policy.model), said), "it goes on training"


@quiet
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize(
    ("spec", "adapters"), [("full", "merged"), ("lora", "merged"), ("lora+steering", "apart")]
)
def test_half_precision_is_stored_and_close(
    dtype: Any, spec: str, adapters: Any, tmp_path: Path
) -> None:
    policy, subset = trained("llama", spec)
    save_policy(policy, subset, tmp_path, adapters, dtype)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == dtype
    assert {p.dtype for p in plain(tmp_path).parameters()} == {getattr(torch, dtype)}
    assert 0 < gap(policy, tmp_path) < 0.1
    if spec != "full":
        return
    with torch.no_grad():
        policy.model.get_parameter("model.norm.weight")[0] = 3.4e38 if dtype == "bfloat16" else 1e5
    with pytest.raises(ValueError, match=rf"^dtype={dtype} cannot hold the weights of model\.norm"):
        save_policy(policy, subset, tmp_path, adapters, dtype)


def test_gap_sees_another_policy(tmp_path: Path) -> None:
    policy, subset = trained("llama", "first:1")
    save_policy(policy, subset, tmp_path)
    assert gap(policy, tmp_path) < 1e-6
    one_step(policy.model)
    assert gap(policy, tmp_path) > 1e-3


def test_there_must_be_an_adapter_to_keep_apart(tmp_path: Path) -> None:
    policy, subset = trained("llama", "first:1")
    with pytest.raises(
        ValueError, match=r"^adapters=apart needs an adapter, trainable=first:1 has none$"
    ):
        save_policy(policy, subset, tmp_path / "out", "apart")
    assert not list(tmp_path.iterdir())


def test_a_policy_with_an_adapter_is_not_saved_without_its_subset(tmp_path: Path) -> None:
    policy, _ = trained("llama", "lora")
    with pytest.raises(ValueError, match=r"^policy 'tiny' has an adapter in its modules; save it"):
        policy.save(tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`")  # peft, rightly
@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"peft_type": "LORA", "target_modules": ["lm_head"]},
            "^lora cannot be merged: it",
        ),
        ({"peft_type": "LORA", "target_modules": ["embed_tokens"]}, "which share their weights"),
    ],
)
def test_what_cannot_be_merged_is_kept_apart_at_the_end_of_a_run(
    config: dict[str, Any], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "adapter_config.json"
    file.write_text(json.dumps({"target_modules": ["q_proj"]} | config))
    policy, subset = trained("llama", f"peft:{file}")
    with pytest.raises(CannotMerge, match=message):
        save_policy(policy, subset, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert save_trained(policy, subset, tmp_path / "out") == "apart"
    loaded = load_policy(str(tmp_path / "out"))
    assert has_adapter(loaded.model)
    assert_close(loaded.model, policy.model)


def test_an_adapter_is_merged_at_the_end_of_a_run(tmp_path: Path) -> None:
    policy, subset = trained("llama", "lora")
    assert save_trained(policy, subset, tmp_path) == "merged"
    assert not (tmp_path / "adapter").exists()
    assert not has_adapter(load_policy(str(tmp_path)).model)


def test_a_steered_policy_can_be_trained_further_and_saved_again(tmp_path: Path) -> None:
    save_policy(*trained("llama", "steering"), tmp_path / "one")
    policy = load_policy(str(tmp_path / "one"))
    subset = resolve("last:1", policy.model)
    apply(subset, policy.model)
    one_step(policy.model)
    save_policy(policy, subset, tmp_path / "two")
    assert_close(load_policy(str(tmp_path / "two")).model, policy.model)
    with pytest.raises(ValueError, match="the model has steering vectors already"):
        resolve("steering", policy.model)


def test_steering_vectors_of_another_model_are_told_in_one_line(tmp_path: Path) -> None:
    save_policy(*trained("llama", "steering"), tmp_path)
    about = json.loads((tmp_path / "steering.json").read_text())
    (tmp_path / "steering.json").write_text(json.dumps(about | {"width": 64}))
    with pytest.raises(ValueError, match=r"steering vectors are for width=64, the model has 32\)$"):
        load_policy(str(tmp_path))
