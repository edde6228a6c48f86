"""Steering vectors: where they are added, what they survive, and how they are saved."""

import copy
from pathlib import Path

import pytest
import torch
from subset_models import IDS, fresh, logits, one_step
from transformers import PreTrainedModel

from frostline.agents.subsets import apply, decoder_layers, resolve, steering


def steer(model: PreTrainedModel) -> None:
    """Give every steering vector of a model random values."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(".steering"):
                parameter.copy_(torch.randn(parameter.shape, generator=generator))


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_vectors_start_at_zero_and_change_nothing(kind: str) -> None:
    model = fresh(kind)
    before = logits(model)
    subset = resolve("steering@layers:1,3", model)
    assert subset.names == ("model.layers.1.steering", "model.layers.3.steering")
    assert subset.layers == (1, 3)
    assert torch.equal(logits(model), before)


def test_a_vector_is_added_to_the_output_of_its_layer() -> None:
    model = fresh()
    plain = copy.deepcopy(model)
    resolve("steering@layers:2", model)
    steer(model)
    vector = model.get_parameter("model.layers.2.steering")
    decoder_layers(plain)[1][2].register_forward_hook(lambda _, args, output: output + vector)
    assert torch.equal(logits(model), logits(plain))
    assert not torch.equal(logits(model), logits(fresh()))


def test_a_vector_is_added_to_the_hidden_state_of_a_layer_that_returns_more() -> None:
    layer = torch.nn.Module()
    layer.register_parameter("steering", torch.nn.Parameter(torch.ones(2)))
    hidden, extra = steering._add_vector(layer, (), (torch.zeros(1, 2), "cache"))
    assert hidden.tolist() == [[1.0, 1.0]]
    assert extra == "cache"


def test_a_step_moves_the_vectors_and_nothing_else() -> None:
    model = fresh()
    subset = resolve("steering", model)
    apply(subset, model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    one_step(model)
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert moved == set(subset.names)


def test_a_copy_of_the_model_has_vectors_of_its_own() -> None:
    model = fresh()
    resolve("steering", model)
    twin = copy.deepcopy(model)
    before = logits(model)
    steer(twin)
    assert torch.equal(logits(model), before)
    steer(model)
    assert torch.equal(logits(model), logits(twin))


def test_gradient_checkpointing_keeps_the_gradients_of_the_vectors() -> None:
    gradients = []
    for checkpointing in (False, True):
        model = fresh().train()
        apply(resolve("steering@first:2", model), model)
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        steer(model)
        model(IDS, labels=IDS, use_cache=False).loss.backward()
        gradients.append([p.grad for p in model.parameters() if p.requires_grad])
    assert len(gradients[0]) == 2
    for plain, checkpointed in zip(*gradients, strict=True):
        assert plain is not None
        assert plain.abs().max() > 0
        torch.testing.assert_close(plain, checkpointed)


def test_saved_vectors_steer_a_fresh_model_alike(tmp_path: Path) -> None:
    model = fresh()
    names = resolve("steering@last:2", model).names
    steer(model)
    steering.save(model, tmp_path / "vectors", name="tiny")
    other = fresh()
    assert steering.load(other, tmp_path / "vectors") == names
    assert torch.equal(logits(other), logits(model))


def test_saved_vectors_are_refused_by_a_model_of_another_depth(tmp_path: Path) -> None:
    model = fresh()
    resolve("steering@first:1", model)
    steering.save(model, tmp_path, name="tiny")
    with pytest.raises(ValueError, match=r"^steering vectors are for num_hidden_layers=4, the mo"):
        steering.load(fresh(layers=5), tmp_path)


def test_a_model_without_vectors_has_none_to_save(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^tiny has no steering vectors$"):
        steering.save(fresh(), tmp_path, name="tiny")


def test_vectors_are_taken_off_without_a_trace() -> None:
    model = fresh()
    before = logits(model)
    resolve("steering", model)
    steer(model)
    steering.remove(model)
    assert torch.equal(logits(model), before)
    assert list(model.state_dict()) == list(fresh().state_dict())


def test_a_model_is_steered_once() -> None:
    model = fresh()
    resolve("steering@first:1", model)
    message = "the model has steering vectors already; load it afresh"
    with pytest.raises(ValueError, match=message):
        resolve("steering@last:1", model)
