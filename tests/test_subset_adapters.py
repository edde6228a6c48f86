"""Adapters: what they train, what they leave alone, and that they can be taken off and saved."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from subset_models import IDS, adapted, adapter_of, fresh, logits, one_step, peft_modules, weights

from frostline.agents.subsets import apply, resolve

SPECS = (
    "lora",
    "lora:r=1,modules=attention@first:2",
    "dora:r=2",
    "rslora@layers:0,3",
    "pissa:r=4",
    "vera:r=16",
    "ia3",
    "ln_tuning",
)
MODELS = ("llama", "qwen2", "qwen3")
every_kind = pytest.mark.parametrize(
    ("kind", "spec"), [(kind, spec) for spec in SPECS for kind in MODELS]
)
# each adapter in one of the models
some_kinds = pytest.mark.parametrize(
    ("kind", "spec"), [(MODELS[i % 3], spec) for i, spec in enumerate(SPECS)]
)


@every_kind
def test_an_adapter_starts_as_the_model_that_it_is_put_into(kind: str, spec: str) -> None:
    model, _ = adapted(kind, spec)
    # PiSSA splits the weights by an SVD in single precision; the logits are about 5
    tolerance = 2e-5 if spec.startswith("pissa") else 1e-6
    torch.testing.assert_close(
        logits(model), logits(fresh(kind, tied=True)), rtol=0, atol=tolerance
    )
    assert type(model) is type(fresh(kind))


@every_kind
def test_a_step_moves_the_adapter_and_leaves_every_other_weight_bit_for_bit(
    kind: str, spec: str
) -> None:
    model, subset = adapted(kind, spec)
    before = weights(model)
    assert set(adapter_of(subset).names) == set(subset.names)
    one_step(model)
    one_step(model)  # where B is zero at first, A moves from the second step on
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == set(subset.names)


@some_kinds
def test_switched_off_it_is_the_original_even_after_training(kind: str, spec: str) -> None:
    model, subset = adapted(kind, spec)
    adapter = adapter_of(subset)
    one_step(model, lr=1.0)
    trained = logits(model)
    with adapter.off():
        same = torch.equal(logits(model), logits(fresh(kind, tied=True)))
    assert same != adapter.changes_base  # PiSSA's model without it is another one
    assert adapter.changes_base == spec.startswith("pissa")
    assert torch.equal(logits(model), trained)
    assert not torch.equal(trained, logits(fresh(kind, tied=True)))


def test_switching_off_leaves_the_choice_of_what_trains_as_it_was() -> None:
    model, subset = adapted("llama", "lora")
    chosen = subset.active([1])
    apply(chosen, model)
    with adapter_of(subset).off():
        logits(model)
    assert [n for n, p in model.named_parameters() if p.requires_grad] == list(chosen)


def test_an_error_while_it_is_off_switches_it_on_again() -> None:
    model, subset = adapted("llama", "lora")
    one_step(model)
    trained = logits(model)
    with pytest.raises(KeyError), adapter_of(subset).off():
        raise KeyError
    assert torch.equal(logits(model), trained)
    assert all(model.get_parameter(name).requires_grad for name in subset.names)


@every_kind
def test_merging_gives_a_plain_model_of_the_same_logits_and_leaves_the_live_one(
    kind: str, spec: str
) -> None:
    model, subset = adapted(kind, spec)
    one_step(model)
    before, live = weights(model), logits(model)
    merged = adapter_of(subset).merged()
    torch.testing.assert_close(logits(merged), live, rtol=1e-5, atol=1e-5)
    plain = fresh(kind, tied=True)
    assert list(merged.state_dict()) == list(plain.state_dict())
    assert type(merged) is type(plain)
    assert not peft_modules(merged)
    assert torch.equal(logits(model), live)
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    assert peft_modules(model)


@pytest.mark.filterwarnings("ignore:Unsupported layer type")  # peft, of norms that it reads
@some_kinds
def test_a_saved_adapter_is_read_by_peft_onto_the_original(
    kind: str, spec: str, tmp_path: Path
) -> None:
    model, subset = adapted(kind, spec)
    one_step(model)
    adapter_of(subset).save(tmp_path / "adapter")
    files = {path.name for path in (tmp_path / "adapter").iterdir()}
    assert files == {"adapter_config.json", "adapter_model.safetensors"}
    loaded: Any = PeftModel.from_pretrained(fresh(kind, tied=True), str(tmp_path / "adapter"))
    tolerance = 2e-5 if spec.startswith("pissa") else 1e-6
    torch.testing.assert_close(logits(loaded), logits(model), rtol=0, atol=tolerance)


@pytest.mark.parametrize("spec", SPECS)
def test_first_weights_follow_the_seed_argument_and_touch_no_global_stream(spec: str) -> None:
    one, _ = adapted("llama", spec, seed=5)
    model = fresh("llama", tied=True)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    resolve(spec, model, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), model.parameters(), strict=True))


@pytest.mark.parametrize("spec", ["lora", "rslora@layers:0,3", "dora:r=2"])
def test_another_seed_draws_other_first_weights(spec: str) -> None:
    (one, subset), (other, _) = (adapted("llama", spec, seed=seed) for seed in (0, 1))
    drawn = [name for name in subset.names if "lora_A" in name]
    assert drawn
    for name in drawn:
        assert not torch.equal(one.get_parameter(name), other.get_parameter(name))


def test_the_seed_draws_the_projection_of_vera() -> None:
    projections = []
    for seed in (0, 0, 1):
        model, _ = adapted("llama", "vera:r=4", seed=seed)
        buffers = dict(model.named_buffers())
        projections.append(next(b for name, b in buffers.items() if "vera_A" in name))
    assert torch.equal(projections[0], projections[1])
    assert not torch.equal(projections[0], projections[2])


@some_kinds
def test_a_dry_run_on_the_meta_device_counts_the_same(kind: str, spec: str) -> None:
    with torch.device("meta"):
        model = fresh(kind, tied=True)
    dry = resolve(spec, model, initialise=False)
    real = resolve(spec, fresh(kind, tied=True))
    assert (dry.names, dry.trainable, dry.total) == (real.names, real.trainable, real.total)
    assert dry.layers == real.layers
    assert all(p.is_meta for p in model.parameters())


def test_the_head_is_no_target() -> None:
    model = fresh("llama")
    resolve("lora:modules=all", model)
    assert len(peft_modules(model)) == 4 * 7
    assert all(name.startswith("model.layers.") for name in peft_modules(model))


def test_ia3_scales_keys_values_and_the_input_of_the_last_projection() -> None:
    model, _ = adapted("llama", "ia3@layers:2")
    parts = {name.rpartition(".")[2]: name for name in peft_modules(model)}
    assert set(parts) == {"k_proj", "v_proj", "down_proj"}
    inputs = {name: model.get_submodule(full).is_feedforward for name, full in parts.items()}
    assert inputs == {"k_proj": False, "v_proj": False, "down_proj": True}


@pytest.mark.parametrize(
    ("spec", "scale"), [("lora:r=4", 2.0), ("lora:r=4,alpha=2", 0.5), ("rslora:r=4", 4.0)]
)
def test_alpha_is_twice_the_rank_unless_it_is_given(spec: str, scale: float) -> None:
    model, _ = adapted("llama", spec)
    layer: Any = model.get_submodule(peft_modules(model)[0])
    assert layer.scaling == {"default": scale}


def test_an_adapter_and_whole_layers_train_together() -> None:
    model, subset = adapted("llama", "lora:r=2@first:1+layers:0,3+steering@last:1")
    adapter = adapter_of(subset)
    before = weights(model)
    one_step(model)
    one_step(model)
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == set(subset.names)
    assert subset.layers == (0, 3)
    assert set(adapter.names) < set(subset.names)
    assert "model.layers.0.self_attn.q_proj.base_layer.weight" in subset.names
    torch.testing.assert_close(logits(adapter.merged()), logits(model), rtol=1e-5, atol=1e-5)


def test_gradient_checkpointing_does_not_take_the_gradient_below_the_adapter() -> None:
    gradients = []
    for checkpointing in (False, True):
        model = fresh("llama").train()
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        apply(resolve("lora@last:1", model), model)
        inputs: list[bool] = []
        first = model.get_submodule("model.layers.0.input_layernorm")
        first.register_forward_pre_hook(lambda _, args, to=inputs: to.append(args[0].requires_grad))
        model(IDS, labels=IDS, use_cache=False).loss.backward()
        assert inputs
        assert not any(inputs)
        gradients.append([p.grad for p in model.parameters() if p.requires_grad])
    for plain, checkpointed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, checkpointed)


def test_pissa_says_that_it_changed_the_weights() -> None:
    notes = adapted("llama", "pissa")[1].notes
    assert notes == ("pissa changed the model's weights, and its first weights undo that",)
    assert adapted("llama", "lora")[1].notes == ()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("lora:r=0", "r must be a whole number between 1 and 64, got '0'"),
        ("lora:r=65", "r must be a whole number between 1 and 64, got '65'"),
        ("dora:r=1.5", "r must be a whole number between 1 and 64, got '1.5'"),
        ("lora:alpha=-1", "alpha must be a whole number between 1 and 4096, got '-1'"),
        ("vera:r=x", "r must be a whole number between 1 and 4096, got 'x'"),
        (
            "lora:rank=8",
            "lora has the options r, alpha, modules; got 'rank'",
        ),
        (
            "lora:module=mlp",
            "lora has the options r, alpha, modules; got 'module'; did you mean 'modules'?",
        ),
        ("ln_tuning:r=8", "ln_tuning has no options; got 'r'"),
        ("lora:8", "lora:8 needs options key=value, got '8'"),
        ("lora:r=8,", "lora:r=8, needs options key=value, got ''"),
        ("lora:r=8,r=9", "lora:r=8,r=9 has r twice"),
        (
            "lora:modules=atention",
            "modules must be one of all, attention, mlp; got 'atention'; did you mean 'attention'?",
        ),
        ("lora@layers:9", "layers are numbered 0 … 3, got '9'"),
        ("peft", "peft needs a file, peft:FILE.json"),
        ("peft:no.json", "peft:FILE needs an adapter_config.json, 'no.json' is no file"),
    ],
)
def test_a_bad_adapter_is_refused(spec: str, message: str) -> None:
    model = fresh()
    with pytest.raises(ValueError, match=f"^{re.escape(f'trainable spec {spec!r}: {message}')}$"):
        resolve(spec, model)
    assert not peft_modules(model)


def test_a_model_takes_one_adapter() -> None:
    model, _ = adapted("llama", "lora@first:1")
    with pytest.raises(ValueError, match=r"the model has an adapter already; load it afresh$"):
        resolve("ia3@last:1", model)


def test_an_adapted_model_can_be_copied() -> None:
    model, _ = adapted("llama", "lora")
    one_step(model)
    assert torch.equal(logits(copy.deepcopy(model)), logits(model))
