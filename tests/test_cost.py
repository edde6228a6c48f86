"""The cost model: FLOPs as torch counts them, and what each choice adds or saves."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import build, plain_tokenizer, shape
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    Gemma2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MixtralConfig,
    Phi3Config,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

from frostline.agents.config import GRPOConfig
from frostline.agents.learner import Learner
from frostline.agents.policy import Policy
from frostline.agents.rollout import Rollout
from frostline.agents.subsets import resolve
from frostline.agents.subsets.cost import Cost, cost_of
from frostline.agents.subsets.shape import Reach, Shape, Stage, shape_of
from frostline.agents.subsets.workload import Workload

P, G, S, C = 3, 4, 7, 6
LOAD = Workload(prompts=P, generations=G, prompt_tokens=S, completion_tokens=C)
SPECS = [
    "full",
    "first:2",
    "last:2",
    "last:1",
    "middle:2",
    "layers:1",
    "first:1+head",
    "last:1+embeddings",
    "head",
    "norms",
    "norms@last:1+final_norm",
    "attention@last:2",
    "mlp@last:2",
    r"regex:model\.layers\.4\.self_attn\.o_proj\.weight",
    r"regex:model\.layers\.4\.mlp\.down_proj\.weight",
    "steering",
    "lora:r=4",
    "lora:r=2@last:2",
]


def model_of(
    kind: type[PretrainedConfig], *, tied: bool = False, layers: int = 6, device: str = "cpu"
) -> PreTrainedModel:
    extra = {"head_dim": 16} if kind is Qwen3Config else {}
    config = shape(kind, layers, tie_word_embeddings=tied, eos_token_id=256, **extra)
    with torch.device(device):
        return build(config)


def planned(spec: str, load: Workload = LOAD, *, tied: bool = False, layers: int = 6) -> Cost:
    """Return the cost of a spec on an empty Llama."""
    model = model_of(LlamaConfig, tied=tied, layers=layers, device="meta")
    subset = resolve(spec, model, initialise=False)
    return cost_of(shape_of(model), load, subset.names)


def rollout() -> Rollout:
    """Return completions without a common start, so that no prefix is shared but the prompts."""
    prompt = torch.arange(P * S).view(P, S)
    completion = torch.arange(P * G * C).view(P * G, C)
    return Rollout(
        prompt,
        torch.ones_like(prompt),
        completion,
        torch.ones_like(completion),
        torch.zeros(completion.shape),
        torch.ones(P * G, dtype=torch.bool),
        [""] * (P * G),
    )


def counted(model: PreTrainedModel, spec: str, *, steps: int = 1) -> int:
    """Return the FLOPs that torch counts in an update of the native engine."""
    config = GRPOConfig(num_generations=G, num_iterations=steps)
    policy = Policy(model, plain_tokenizer())
    learner = Learner(policy, resolve(spec, model), config)
    rewards_PG = torch.tensor([[0.0, 1.0] * (G // 2)] * P)
    graded = learner.grade(rollout(), rewards_PG, torch.ones(P, dtype=torch.bool))
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        learner.update(graded, 0)
    return int(counter.get_total_flops())


@pytest.mark.parametrize(
    ("kind", "spec"),
    [(LlamaConfig, spec) for spec in SPECS]
    + [(kind, spec) for kind in (Qwen2Config, Qwen3Config) for spec in SPECS[:5]]
    + [(Qwen2Config, "biases"), (Qwen3Config, "norms@last:2")],
)
def test_forward_and_backward_cost_what_torch_counts(
    kind: type[PretrainedConfig], spec: str
) -> None:
    model = model_of(kind)
    # without the rollout's activations the trunk runs once, without its gradient
    found = counted(model, spec)
    cost = cost_of(shape_of(model), replace(LOAD, trunk_reuse=False), names_of(model))
    assert cost.flops.forward + cost.flops.backward == pytest.approx(found, rel=0.02)


def names_of(model: PreTrainedModel) -> list[str]:
    return [name for name, p in model.named_parameters() if p.requires_grad]


@pytest.mark.parametrize("spec", ["full", "first:2", "last:1", "head", "last:1+embeddings"])
def test_a_tied_head_costs_what_torch_counts(spec: str) -> None:
    model = model_of(Qwen2Config, tied=True)
    found = counted(model, spec)
    cost = cost_of(shape_of(model), replace(LOAD, trunk_reuse=False), names_of(model))
    assert cost.flops.forward + cost.flops.backward == pytest.approx(found, rel=0.02)


@pytest.mark.parametrize("spec", ["full", "last:1", "norms@last:1"])
@pytest.mark.parametrize("kind", [Phi3Config, GPTNeoXConfig, Gemma2Config])
def test_the_plain_path_costs_what_torch_counts(kind: type[PretrainedConfig], spec: str) -> None:
    extra = {"head_dim": 16} if kind is Gemma2Config else {"pad_token_id": 0}
    model = build(shape(kind, 4, tie_word_embeddings=False, eos_token_id=256, **extra))
    found = counted(model, spec)
    load = replace(LOAD, trunk_reuse=False, packed=False)
    flops = cost_of(shape_of(model), load, names_of(model)).flops
    assert flops.forward + flops.backward == pytest.approx(found, rel=0.02)
    assert flops.generation < flops.forward  # sampling takes each prompt once


@pytest.mark.parametrize("spec", ["last:2", "last:1", "layers:3"])
def test_a_second_step_on_a_batch_finds_the_trunk_run_already(spec: str) -> None:
    model = model_of(LlamaConfig)
    once, twice = (counted(model, spec, steps=steps) for steps in (1, 2))
    flops = cost_of(shape_of(model), LOAD, names_of(model)).flops
    assert flops.forward + flops.backward == pytest.approx(twice - once, rel=0.02)


def test_flops_of_one_layer_by_hand() -> None:
    model = model_of(LlamaConfig, layers=1, device="meta")
    cost = cost_of(shape_of(model), LOAD, [n for n, _ in model.named_parameters()])
    d, q, kv, f, vocabulary = 32, 32, 16, 64, 259
    tokens = P * S + P * G * (C - 1)
    matrices = d * (q + 2 * kv) + q * d + 3 * d * f
    pairs = P * S * S + P * G * (C - 1) * (S + C - 1)
    head = 2 * vocabulary * d * (P + P * G * (C - 1))
    attention = 4 * q * pairs
    assert cost.flops.forward == 2 * matrices * tokens + attention + head
    assert cost.flops.backward == 2 * 2 * matrices * tokens + 2 * attention + 2 * head
    assert cost.flops.generation == cost.flops.forward


def test_places_are_in_the_order_in_which_data_meet_them() -> None:
    model = model_of(Qwen3Config, device="meta")
    resolve("lora:r=2", model, initialise=False)
    found = {w.name: w.place for w in shape_of(model).weights}
    layer = "model.layers.2."
    attention, mlp = f"{layer}self_attn.", f"{layer}mlp."
    in_order = [
        "model.embed_tokens.weight",
        "model.layers.1.mlp.down_proj.base_layer.weight",
        f"{layer}input_layernorm.weight",
        f"{attention}q_proj.base_layer.weight",
        f"{attention}q_proj.lora_B.default.weight",
        f"{attention}k_norm.weight",
        f"{attention}o_proj.lora_A.default.weight",
        f"{attention}o_proj.lora_B.default.weight",
        f"{layer}post_attention_layernorm.weight",
        f"{mlp}gate_proj.base_layer.weight",
        f"{mlp}down_proj.base_layer.weight",
        "model.layers.3.input_layernorm.weight",
        "model.norm.weight",
        "lm_head.weight",
    ]
    places = [found[name] for name in in_order]
    assert places == sorted(set(places))
    assert found[f"{attention}v_proj.lora_A.default.weight"] == (2, Stage.PROJECT)


def test_a_model_in_memory_and_an_empty_one_have_the_same_shape() -> None:
    for kind in (LlamaConfig, Qwen2Config, Qwen3Config):
        assert shape_of(model_of(kind)) == shape_of(model_of(kind, device="meta"))


def test_a_longer_trunk_costs_the_update_nothing() -> None:
    short, long = planned("last:1", layers=4), planned("last:1", layers=8)
    for phase in ("forward", "backward", "optimizer"):
        assert getattr(short.flops, phase) == getattr(long.flops, phase)
    assert short.work == long.work
    assert short.memory.activations == long.memory.activations
    assert short.flops.generation < long.flops.generation


def test_training_takes_twice_the_forward_where_all_trains_and_once_where_nothing_does() -> None:
    wide = replace(LOAD, completion_tokens=1, generations=2)  # no attention over completions
    full, steering = planned("full", wide), planned("steering@layers:0", wide)
    assert full.flops.backward == pytest.approx(2 * full.flops.forward)
    # the steering vector of layer 0 stands at its end: all other layers give input gradients only
    assert steering.flops.backward == pytest.approx(5 / 6 * full.flops.forward, rel=0.05)


NAMES = [n for n, _ in model_of(LlamaConfig, layers=3, device="meta").named_parameters()]
EMPTY: Shape = shape_of(model_of(LlamaConfig, layers=3, device="meta"))


@given(st.sets(st.sampled_from(NAMES), min_size=1), st.sets(st.sampled_from(NAMES)))
@settings(max_examples=60)
def test_more_tensors_never_cost_less(some: set[str], more: set[str]) -> None:
    few, many = cost_of(EMPTY, LOAD, some), cost_of(EMPTY, LOAD, some | more)
    assert few.flops.forward <= many.flops.forward
    assert few.flops.backward <= many.flops.backward
    assert few.flops.optimizer <= many.flops.optimizer
    assert few.work <= many.work
    assert few.memory.optimizer <= many.memory.optimizer


@given(st.sets(st.sampled_from(NAMES), min_size=1))
@settings(max_examples=60)
def test_the_gradient_ends_at_the_first_place_that_trains(names: set[str]) -> None:
    reach = Reach(EMPTY, names)
    for weight in EMPTY.weights:
        if weight.name in names:
            assert reach.touches(weight.place)
            assert reach.entry <= weight.place
        if weight.place < reach.entry:
            assert not reach.touches(weight.place)


def test_what_each_option_adds() -> None:
    plain = planned("last:2")
    kl = planned("last:2", replace(LOAD, beta=0.1))
    assert kl.flops.reference == plain.flops.forward
    assert kl.memory.originals == plain.flops.optimizer / 16 * 4  # fp32 copies of what trains
    assert planned("lora:r=2", replace(LOAD, beta=0.1)).memory.originals == 0
    twice = planned("last:2", replace(LOAD, num_iterations=2))
    assert twice.flops.backward == 2 * plain.flops.backward
    assert twice.flops.generation == plain.flops.generation
    sgd = planned("last:2", replace(LOAD, optimizer="sgd"))
    assert (sgd.memory.optimizer, plain.memory.gradients) == (0, 0)
    parts = planned("full", replace(LOAD, parts=3))
    assert parts.memory.gradients == parts.memory.weights
    assert parts.memory.activations < planned("full").memory.activations
    again = planned("last:2", replace(LOAD, checkpointing=True))
    assert again.memory.activations < plain.memory.activations
    assert again.flops.backward > plain.flops.backward
    below = planned("last:2", replace(LOAD, trunk_reuse=False))
    assert below.flops.forward == planned("full").flops.forward
    assert (below.memory.trunk, below.flops.backward) == (0, plain.flops.backward)


def test_a_reference_has_no_trunk_where_layers_below_have_changed() -> None:
    model = model_of(LlamaConfig, device="meta")
    now, ever = (resolve(spec, model).names for spec in ("last:1", "full"))
    load = replace(LOAD, beta=0.1)
    alone, later = (cost_of(shape_of(model), load, now, ever=e) for e in ((), ever))
    assert later.flops.reference == planned("full").flops.forward > alone.flops.reference
    assert later.flops.forward == alone.flops.forward
    assert later.memory.originals > alone.memory.originals
    assert later.memory.optimizer == alone.memory.optimizer
    kept = cost_of(shape_of(model), replace(load, keep_moments=True), now, ever=ever)
    assert kept.memory.optimizer > later.memory.optimizer


def test_the_workload_of_a_configuration() -> None:
    config = GRPOConfig(groups=10, num_generations=4, tokens_per_microbatch=100, bf16=True)
    load = Workload.of(config, prompt_tokens=9, completion_tokens=11)
    # a group has 9 + 4 × 10 tokens, so two of them fit into a micro-batch
    assert (load.tokens, load.parts, load.activation_bytes) == (490, 5, 2)
    assert (load.trunk_reuse, load.packed) == (True, True)
    plain = Workload.of(config, 9, 11, fast=False)
    assert (plain.trunk_reuse, plain.packed) == (False, False)
    assert plain.tokens == 40 * (9 + 11)
    assert load.stretched(12, 20).pairs > load.pairs


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "names must be parameters of the policy, at least one; got none"),
        (["model.norm.wieght"], "at least one; got model.norm.wieght"),
    ],
)
def test_names_that_are_not_the_policys_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cost_of(EMPTY, LOAD, names)


def test_layers_without_linear_projections_are_refused() -> None:
    with torch.device("meta"):
        model = build(shape(MixtralConfig, eos_token_id=256))
    message = "needs a dense decoder with linear projections; the layers of MixtralForCausalLM have"
    with pytest.raises(ValueError, match=message):
        shape_of(model)
