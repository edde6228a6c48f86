"""Adapters from a peft configuration: which train here, on chosen layers too, and which do not."""

import json
import re
from pathlib import Path

import pytest
import torch
from subset_models import adapted, adapter_of, fresh, logits, one_step, weights

from frostline.agents.subsets import resolve


def write(folder: Path, **config: object) -> Path:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(config))
    return path


@pytest.mark.parametrize(
    "config",
    [
        {"peft_type": "LOHA", "target_modules": ["q_proj", "v_proj"]},
        {"peft_type": "LORA", "target_modules": "all-linear", "inference_mode": True},
        {"peft_type": "LORA", "r": 2, "base_model_name_or_path": "elsewhere"},
        {"peft_type": "IA3"},
        {"peft_type": "TINYLORA", "target_modules": ["q_proj"]},
    ],
)
@pytest.mark.parametrize("layers", ["", "@layers:1,3"])
def test_any_peft_configuration_trains_from_its_file(
    config: dict[str, object], layers: str, tmp_path: Path
) -> None:
    model, subset = adapted("llama", f"peft:{write(tmp_path, **config)}{layers}")
    adapter = adapter_of(subset)
    assert adapter.kind == str(config["peft_type"]).lower()
    assert subset.layers == ((1, 3) if layers else (0, 1, 2, 3))
    before = weights(model)
    torch.testing.assert_close(logits(model), logits(fresh(tied=True)), rtol=0, atol=1e-6)
    for _ in range(3):
        one_step(model)
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == set(subset.names)
    with adapter.off():
        assert torch.equal(logits(model), logits(fresh(tied=True)))
    torch.testing.assert_close(logits(adapter.merged()), logits(model), rtol=1e-5, atol=1e-5)


def test_a_tensor_that_layers_share_belongs_to_the_lowest(tmp_path: Path) -> None:
    path = write(tmp_path, peft_type="TINYLORA", target_modules=["q_proj"], weight_tying=1.0)
    _, subset = adapted("llama", f"peft:{path}@last:3")
    assert subset.layers == (1, 2, 3)
    assert set(subset.layer_of.values()) == {1}


def test_biases_that_peft_trains_are_said_and_are_not_the_adapters_own(tmp_path: Path) -> None:
    path = write(tmp_path, peft_type="LORA", target_modules=["q_proj"], bias="lora_only")
    model, subset = adapted("qwen2", f"peft:{path}")
    adapter = adapter_of(subset)
    assert set(adapter.trainable) == set(subset.names)
    others = set(adapter.trainable) - set(adapter.names)
    assert others == {f"model.layers.{i}.self_attn.q_proj.base_layer.bias" for i in range(4)}
    assert "lora trains 4 tensors of the model besides its own" in subset.notes
    with adapter.off():  # and peft's warning of it is not repeated each time
        logits(model)


def test_first_weights_away_from_the_policy_are_said(tmp_path: Path) -> None:
    path = write(tmp_path, peft_type="VBLORA", num_vectors=8, vector_length=16)
    notes = adapted("llama", f"peft:{path}")[1].notes
    assert notes == ("vblora starts away from the policy, by random first weights",)


VIRTUAL = "is refused: it puts virtual tokens before the prompt, which the rollout does not have"


@pytest.mark.parametrize(
    ("config", "layers", "message"),
    [
        ({"peft_type": "LORRA"}, "", "got 'LORRA'; did you mean 'LORA'?"),
        ({}, "", "peft_type must be known to peft, got None"),
        ({"peft_type": "LORA", "ranks": 3}, "", "unexpected keyword argument 'ranks'"),
        ({"peft_type": "PREFIX_TUNING"}, "", f"PREFIX_TUNING {VIRTUAL}"),
        ({"peft_type": "PROMPT_TUNING"}, "", f"PROMPT_TUNING {VIRTUAL}"),
        ({"peft_type": "P_TUNING"}, "", f"P_TUNING {VIRTUAL}"),
        ({"peft_type": "LILY"}, "", "LILY is refused: its router looks at all tokens of a call"),
        (
            {"peft_type": "ADALORA", "total_step": 9},
            "",
            "ADALORA is refused: it moves ranks between layers from inside the training loop",
        ),
        (
            {"peft_type": "LORA", "task_type": "SEQ_CLS"},
            "",
            "task_type must be CAUSAL_LM, got 'SEQ_CLS'",
        ),
        (
            {"peft_type": "LORA", "modules_to_save": ["lm_head"]},
            "",
            "modules_to_save=lm_head is refused: join +embeddings or +head",
        ),
        ({"peft_type": "LORA", "target_modules": ["nothing"]}, "", "not found in the base model"),
        (
            {"peft_type": "LORA", "target_modules": ["lm_head"]},
            "@first:1",
            "peft:FILE targets no module of layers 0",
        ),
        (
            {"peft_type": "UNILORA", "target_modules": ["q_proj"]},
            "@first:1",
            "UNILORA cannot be kept to @layers, name its modules in the file",
        ),
        ({"peft_type": "PSOFT", "r": 32}, "", "`r` (32) must be less than or equal to min"),
    ],
)
def test_a_configuration_that_cannot_train_here_is_refused_and_the_model_is_as_it_was(
    config: dict[str, object], layers: str, message: str, tmp_path: Path
) -> None:
    model = fresh()
    before = logits(model)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        resolve(f"peft:{write(tmp_path, **config)}{layers}", model)
    assert "\n" not in str(caught.value)
    assert list(model.state_dict()) == list(fresh().state_dict())
    assert torch.equal(logits(model), before)


def test_a_file_that_is_no_json_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "adapter_config.json"
    path.write_text("{\n")
    with pytest.raises(
        ValueError, match=r"adapter_config\.json: Expecting property name"
    ) as caught:
        resolve(f"peft:{path}", fresh())
    assert "\n" not in str(caught.value)
