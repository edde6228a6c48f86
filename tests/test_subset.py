"""Which weights a spec names, and what is said of a spec that names none."""

import functools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import build, shape
from transformers import LlamaConfig, PreTrainedModel, Qwen2Config

from frostline.agents.subset import apply, decoder_layers, resolve

LAYERS = 12


@functools.cache
def model(tied: bool = False) -> PreTrainedModel:
    """Return a model of twelve layers."""
    return build(shape(LlamaConfig, LAYERS, tie_word_embeddings=tied))


def layers_of(names: tuple[str, ...]) -> set[int]:
    """Return the layer numbers that stand in parameter names."""
    found = (re.match(r"model\.layers\.(\d+)\.", name) for name in names)
    return {int(match[1]) for match in found if match}


@pytest.mark.parametrize(
    ("spec", "layers"),
    [
        ("full", range(12)),
        ("first:1", [0]),
        ("first:5", range(5)),
        ("first:12", range(12)),
        ("last:1", [11]),
        ("last:3", [9, 10, 11]),
        ("layers:0", [0]),
        ("layers:1", [1]),
        ("layers:3,7,10-11", [3, 7, 10, 11]),
        ("layers: 4 , 2-3,3", [2, 3, 4]),
    ],
)
def test_a_spec_names_its_layers_with_every_weight_in_them(spec: str, layers: list[int]) -> None:
    subset = resolve(spec, model())
    assert subset.layers == tuple(layers)
    assert layers_of(subset.names) == set(layers)
    per_layer = len(list(decoder_layers(model())[1][0].parameters()))
    if spec != "full":
        assert len(subset.names) == per_layer * len(subset.layers)


def test_layer_one_is_not_ten_to_nineteen() -> None:
    assert all(name.startswith("model.layers.1.") for name in resolve("layers:1", model()).names)


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=5))
def test_a_list_of_layers_is_the_union_of_its_items(ranges: list[tuple[int, int]]) -> None:
    ordered = [(min(pair), max(pair)) for pair in ranges]
    spec = ",".join(f"{a}-{b}" if a < b else f"{a}" for a, b in ordered)
    named = {i for a, b in ordered for i in range(a, b + 1)}
    subset = resolve(f"layers:{spec}", model())
    expected = {
        name
        for name, _ in model().named_parameters()
        if any(name.startswith(f"model.layers.{i}.") for i in named)
    }
    assert set(subset.names) == expected
    sizes = dict(model().named_parameters())
    assert subset.trainable == sum(sizes[name].numel() for name in expected)
    assert list(subset.names) == [name for name in sizes if name in expected]


def test_full_is_every_weight() -> None:
    subset = resolve("full", model())
    assert subset.names == tuple(name for name, _ in model().named_parameters())
    assert subset.share == 1.0
    assert subset.total == sum(p.numel() for p in model().parameters())


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("embeddings", {"model.embed_tokens.weight"}),
        ("head", {"lm_head.weight"}),
        ("norm", {"model.norm.weight"}),
        ("norm+head", {"model.norm.weight", "lm_head.weight"}),
    ],
)
def test_parts_outside_the_layers_train_only_if_they_are_named(part: str, names: set[str]) -> None:
    bare, joined = resolve("last:1", model()), resolve(f"last:1+{part}", model())
    assert set(joined.names) - set(bare.names) == names
    assert not layers_of(tuple(names))
    assert joined.notes == ()


@pytest.mark.parametrize("part", ["embeddings", "head"])
def test_a_tied_head_is_said(part: str) -> None:
    subset = resolve(f"first:1+{part}", model(tied=True))
    assert "model.embed_tokens.weight" in subset.names
    assert subset.notes == (f"the head is tied to the embeddings: {part} trains both",)
    assert resolve("first:1+norm", model(tied=True)).notes == ()


def test_a_tied_tensor_counts_once() -> None:
    assert resolve("full", model(tied=False)).total - resolve("full", model(tied=True)).total == (
        259 * 32
    )


START = "trainable spec must start with full, first:k, last:k, layers:3,7,10-14; "


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("frist:5", f"{START}got 'frist:5'; did you mean first?"),
        ("", f"{START}got ''"),
        ("lora:r=8", f"{START}got 'lora:r=8'"),
        ("layer:3", f"{START}got 'layer:3'; did you mean layers?"),
        ("first:0", "trainable spec 'first:0': first:k needs 1 <= k <= 12, got '0'"),
        ("first:13", "trainable spec 'first:13': first:k needs 1 <= k <= 12, got '13'"),
        ("last:-1", "trainable spec 'last:-1': last:k needs 1 <= k <= 12, got '-1'"),
        ("last", "trainable spec 'last': last:k needs 1 <= k <= 12, got ''"),
        ("first:٣", "trainable spec 'first:٣': first:k needs 1 <= k <= 12, got '٣'"),
        ("layers:", "trainable spec 'layers:': '' is no layer number or range a-b"),
        ("layers:1,,2", "trainable spec 'layers:1,,2': '' is no layer number or range a-b"),
        ("layers:1-", "trainable spec 'layers:1-': '1-' is no layer number or range a-b"),
        ("layers:12", "trainable spec 'layers:12': layers are numbered 0 … 11, got '12'"),
        ("layers:5-3", "trainable spec 'layers:5-3': layers are numbered 0 … 11, got '5-3'"),
        ("layers:3-99", "trainable spec 'layers:3-99': layers are numbered 0 … 11, got '3-99'"),
        ("full+head", "trainable spec 'full+head': full has every part already, drop +head"),
        ("full:3", f"{START}got 'full:3'; did you mean full?"),
        (
            "last:1+embedding",
            "trainable spec 'last:1+embedding': +part must be one of embeddings, head, norm, "
            "got 'embedding'; did you mean embeddings?",
        ),
        (
            "last:1+",
            "trainable spec 'last:1+': +part must be one of embeddings, head, norm, got ''",
        ),
    ],
)
def test_a_bad_spec_is_refused_with_the_rule_and_the_value(spec: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        resolve(spec, model())


def test_apply_leaves_gradients_to_the_subset_alone() -> None:
    fresh = build(shape(Qwen2Config, 3, tie_word_embeddings=False))
    subset = resolve("layers:1+head", fresh)
    apply(subset, fresh)
    assert {n for n, p in fresh.named_parameters() if p.requires_grad} == set(subset.names)
    apply(resolve("full", fresh), fresh)
    assert all(p.requires_grad for p in fresh.parameters())
