"""Which weights a spec names in a model, how many they are, and what is said of them."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from subset_models import KINDS, fresh, shared

from frostline.agents.subsets import apply, decoder_layers, resolve

# of one layer of width 32 with 2 heads, 1 key-value head of 16 and an MLP of 64
ATTENTION = 32 * 32 + 2 * (32 * 16) + 32 * 32
MLP = 3 * 32 * 64
NORMS = 2 * 32
QKV_BIASES = 32 + 16 + 16
QK_NORMS = 2 * 16
TABLE = 259 * 32
LORA = 64 + 48 + 48 + 64 + 3 * 96  # in + out of each linear module
OUT = 32 + 16 + 16 + 32 + 64 + 64 + 32


def layers_of(names: tuple[str, ...]) -> set[int]:
    """Return the layer numbers that stand in parameter names."""
    found = (re.match(r"model\.layers\.(\d+)\.", name) for name in names)
    return {int(match[1]) for match in found if match}


@pytest.mark.parametrize(
    ("kind", "spec", "count"),
    [
        ("llama", "full", 4 * (ATTENTION + MLP + NORMS) + 2 * TABLE + 32),
        ("llama", "first:3", 3 * (ATTENTION + MLP + NORMS)),
        ("qwen2", "last:1", ATTENTION + QKV_BIASES + MLP + NORMS),
        ("qwen3", "middle:2", 2 * (ATTENTION + QK_NORMS + MLP + NORMS)),
        ("llama", "attention", 4 * ATTENTION),
        ("qwen2", "attention", 4 * (ATTENTION + QKV_BIASES)),
        ("qwen3", "attention@last:1", ATTENTION + QK_NORMS),
        ("llama", "mlp@every:2", 2 * MLP),
        ("llama", "norms", 4 * NORMS),
        ("qwen3", "norms@layers:0,2-3", 3 * (NORMS + QK_NORMS)),
        ("qwen2", "biases", 4 * QKV_BIASES),
        ("llama", "embeddings+head+final_norm", 2 * TABLE + 32),
        ("llama", "attention@first:2+mlp@last:1+head", 2 * ATTENTION + MLP + TABLE),
        ("llama", r"regex:model\.layers\.(0|1)\.mlp\..*", 2 * MLP),
        ("llama", r"head+regex:.*\.[qk]_proj\.weight", TABLE + 4 * (32 * 32 + 32 * 16)),
        ("llama", "lora", 4 * 8 * LORA),
        ("qwen2", "lora:r=3@last:2", 2 * 3 * LORA),
        ("qwen3", "lora:r=1,modules=attention", 4 * 224),
        ("llama", "rslora:modules=mlp@first:1", 8 * 3 * 96),
        ("llama", "dora", 4 * (8 * LORA + OUT)),
        ("llama", "pissa:r=4", 4 * 4 * LORA),
        ("llama", "vera:r=5", 4 * (7 * 5 + OUT)),
        ("llama", "ia3", 4 * (16 + 16 + 64)),
        ("llama", "ia3:modules=attention", 4 * (16 + 16)),
        ("qwen3", "ln_tuning@last:1", NORMS + QK_NORMS),
        ("llama", "steering", 4 * 32),
        ("llama", "lora:r=2@first:1+steering@last:2+head", 2 * LORA + 64 + TABLE),
        ("llama", "lisa:k=2,every=10@first:3+head", 3 * (ATTENTION + MLP + NORMS) + TABLE),
    ],
)
def test_the_weights_are_as_many_as_counted_by_hand(kind: str, spec: str, count: int) -> None:
    model = fresh(kind)
    before = sum(p.numel() for p in model.parameters())
    subset = resolve(spec, model)
    assert subset.trainable == count
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    assert sum(sizes[name] for name in subset.names) == count
    assert [name for name in sizes if name in subset.names] == list(subset.names)
    assert subset.total == sum(sizes.values()) >= before
    assert subset.share == count / subset.total
    assert layers_of(subset.names) == set(subset.layers)
    assert subset.layer_of == {name: min(layers_of((name,)), default=None) for name in subset.names}


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=5))
def test_a_list_of_layers_is_the_union_of_its_items(ranges: list[tuple[int, int]]) -> None:
    ordered = [(min(pair), max(pair)) for pair in ranges]
    spec = ",".join(f"{a}-{b}" if a < b else f"{a}" for a, b in ordered)
    named = {i for a, b in ordered for i in range(a, b + 1)}
    model = shared(layers=12)
    subset = resolve(f"layers:{spec}", model)
    assert set(subset.names) == {
        name
        for name, _ in model.named_parameters()
        if any(name.startswith(f"model.layers.{i}.") for i in named)
    }
    assert set(subset.layers) == named


def test_layer_one_is_not_ten_to_nineteen() -> None:
    for spec in ("layers:1", "attention@layers:1", "norms@layers:1"):
        names = resolve(spec, shared(layers=12)).names
        assert all(name.startswith("model.layers.1.") for name in names)
    adapted = fresh(layers=12)
    names = resolve("lora:r=1@layers:1", adapted).names
    assert len(names) == 14
    assert all(name.startswith("model.layers.1.") for name in names)


@pytest.mark.parametrize("kind", KINDS)
@given(chosen=st.sets(st.integers(0, 3), min_size=1))
def test_attention_mlp_and_norms_cover_their_layers_and_meet_in_the_inner_norms_only(
    kind: str, chosen: set[int]
) -> None:
    layers = f"layers:{','.join(map(str, chosen))}"
    model = shared(kind)
    whole = set(resolve(layers, model).names)
    attention, mlp, norms = (
        set(resolve(f"{word}@{layers}", model).names) for word in ("attention", "mlp", "norms")
    )
    assert attention | mlp | norms == whole
    assert not attention & mlp
    assert not mlp & norms
    inner = {name for name in whole if re.search("(q|k)_norm", name)}
    assert attention & norms == inner
    assert bool(inner) == (kind == "qwen3")


def test_biases_lie_in_the_attention_of_a_qwen2() -> None:
    biases = set(resolve("biases", shared("qwen2")).names)
    assert biases < set(resolve("attention", shared("qwen2")).names)
    assert {name.rpartition(".")[2] for name in biases} == {"bias"}


def test_joined_items_train_the_union_of_what_they_name() -> None:
    model = shared("qwen3")
    parts = ("attention@first:2", "norms", "head", "layers:3")
    union = set().union(*(resolve(part, model).names for part in parts))
    assert set(resolve("+".join(parts), model).names) == union


def test_random_layers_follow_the_seed_argument_alone() -> None:
    model = shared(layers=12)
    torch.manual_seed(1)
    first = resolve("random:3", model, seed=7)
    torch.manual_seed(2)
    assert resolve("mlp@random:3", model, seed=7).layers == first.layers
    assert len({resolve("random:3", model, seed=seed).layers for seed in range(20)}) > 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["embeddings", "head"])
def test_a_tied_head_trains_with_the_embeddings_and_is_said(kind: str, part: str) -> None:
    subset = resolve(f"first:1+{part}", shared(kind, tied=True))
    assert subset.layer_of["model.embed_tokens.weight"] is None
    assert subset.notes == (f"the head is tied to the embeddings: {part} trains both",)
    assert resolve("first:1+final_norm", shared(kind, tied=True)).notes == ()
    assert resolve(f"first:1+{part}", shared(kind)).notes == ()


def test_full_says_that_the_head_is_tied() -> None:
    note = "the head is tied to the embeddings: full trains both"
    assert resolve("full", shared(tied=True)).notes == (note,)
    assert resolve("full", shared()).notes == ()


def test_a_tied_tensor_counts_once() -> None:
    untied, tied = resolve("full", shared()), resolve("full", shared(tied=True))
    assert untied.total - tied.total == TABLE


def test_a_regex_finds_a_tied_head_by_either_name() -> None:
    names = [resolve(f"regex:{n}", shared(tied=True)).names for n in ("lm_head.*", ".*embed.*")]
    assert names == [("model.embed_tokens.weight",)] * 2


@pytest.mark.parametrize(
    ("spec", "redundant"),
    [
        ("first:2+first:3", ["first:2"]),
        ("first:3+first:3", ["first:3"]),
        ("attention@first:1+layers:0+norms@layers:0", ["attention@first:1", "norms@layers:0"]),
        ("steering@first:2+steering@layers:1", ["steering@layers:1"]),
        ("first:2+last:2+middle:2", ["middle:2"]),
        ("first:2+last:2", []),
        ("first:2+steering@first:2", []),
    ],
)
def test_an_item_that_adds_nothing_is_noted(spec: str, redundant: list[str]) -> None:
    notes = resolve(spec, fresh()).notes
    assert list(notes) == [f"{item} adds nothing to the other items" for item in redundant]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("first:13", "first:k needs 1 <= k <= 4, got '13'"),
        ("attention@layers:4", "layers are numbered 0 … 3, got '4'"),
        (
            "mlp@frist:2",
            "layers must be one of first:k, last:k, middle:k, every:n, random:k, "
            "layers:3,7,10-14; got 'frist:2'; did you mean 'first'?",
        ),
        ("biases@first:2", "biases@first:2 matches no parameter of LlamaForCausalLM"),
        ("first:1+biases", "biases matches no parameter of LlamaForCausalLM"),
        ("regex:layers", "regex:layers matches no parameter of LlamaForCausalLM"),
        (
            "lisa:k=5,every=2",
            "schedule lisa:k=5,every=2: k must be at most the number of candidate layers, 4, "
            "got 5; did you mean k=4?",
        ),
        ("steering+biases", "biases matches no parameter of LlamaForCausalLM"),
        ("steering+lora:r=0", "r must be a whole number between 1 and 64, got '0'"),
    ],
)
def test_an_item_that_matches_nothing_is_refused_and_leaves_the_model_as_it_was(
    spec: str, message: str
) -> None:
    model = shared()
    before = [name for name, _ in model.named_parameters()]
    expected = re.escape(f"trainable spec {spec!r}: {message}")
    with pytest.raises(ValueError, match=f"^{expected}$"):
        resolve(spec, model)
    assert [name for name, _ in model.named_parameters()] == before
    assert not any(layer._forward_hooks for layer in decoder_layers(model)[1])


def test_a_schedule_comes_with_its_candidates_and_the_parts_that_always_train() -> None:
    subset = resolve("cyclic:k=1,every=3@last:2+embeddings", shared())
    assert subset.schedule is not None
    assert subset.schedule.kind == "cyclic"
    assert subset.layers == (2, 3)
    assert resolve("last:2", shared()).schedule is None


def test_the_active_parameters_are_those_of_the_active_layers_and_of_no_layer() -> None:
    subset = resolve("lisa:k=1,every=3+embeddings+head", shared())
    outside = resolve("embeddings+head", shared()).names
    active = subset.active([2])
    assert set(active) == {*outside, *resolve("layers:2", shared()).names}
    assert [name for name in subset.names if name in active] == list(active)
    assert subset.active([]) == outside
    assert subset.active(subset.layers) == subset.names


def test_a_layer_that_never_trains_cannot_be_active() -> None:
    subset = resolve("first:2", shared())
    with pytest.raises(ValueError, match=r"^layers of 'first:2' are \[0, 1\], got 3$"):
        subset.active([0, 3])


def test_apply_leaves_gradients_to_the_named_parameters_alone() -> None:
    model = fresh("qwen2")
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    subset = resolve("layers:1+head", model)
    apply(subset, model)
    parameters = dict(model.named_parameters())
    assert {n for n, p in parameters.items() if p.requires_grad} == set(subset.names)
    assert {n for n, p in parameters.items() if p.grad is not None} == set(subset.names)
    apply(["lm_head.weight"], model)
    assert [n for n, p in parameters.items() if p.requires_grad] == ["lm_head.weight"]
    assert [n for n, p in parameters.items() if p.grad is not None] == ["lm_head.weight"]
    apply(resolve("full", model), model)
    assert all(p.requires_grad for p in parameters.values())


def test_apply_refuses_a_name_that_the_model_lacks() -> None:
    with pytest.raises(ValueError, match=r"^the model has no parameter 'model.layers.9.x'$"):
        apply(["lm_head.weight", "model.layers.9.x"], shared())
