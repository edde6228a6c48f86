"""The fast path equals the plain one: same tokens, same loss, same gradients, less work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import build, plain_tokenizer, shape
from torch import Tensor
from transformers import GemmaConfig, LlamaConfig, MistralConfig, Qwen2Config

from frostline.agents import GRPOAgent, GRPOConfig, Policy, load_policy
from frostline.agents.batch import Batch
from frostline.agents.packing import pack
from frostline.agents.policy import find_path
from frostline.agents.rollout import Rollout, left_pad, sample

TOLERANCE = 1e-5
PROMPTS = [[10, 20, 30, 40, 50, 60, 70], [11, 12], [90, 80, 70, 60, 50]]
# of a group: equal rows, a row that starts another, common starts, nothing in common
COMPLETIONS = [
    [[1, 2, 3, 4], [1, 2, 3, 4], [1, 2], [1, 2, 9, 9, 9]],
    [[5], [6, 7, 8], [6, 7, 8, 9, 10, 11], [5, 5]],
    [[1, 1, 1], [2, 1, 1], [3], [1, 1, 1, 1]],
]
REWARDS = torch.tensor([[1.0, 0.0, 0.0, 0.5], [1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0]])
SPECS = ["full", "first:2", "last:2", "last:1", "layers:1", "middle:2+head", "last:1+embeddings",
         "final_norm", "attention@last:2", "norms+biases@first:1", "lora:r=2@last:2", "steering",
         "ia3", "ln_tuning@last:1", "dora:r=2"]  # fmt: skip


def rollout(turns: bool) -> Rollout:
    """Return fixed completions; with `turns` some of their tokens are the environment's."""
    prompt_PS, prompt_mask_PS = left_pad(PROMPTS, 257, torch.device("cpu"))
    rows = [row for group in COMPLETIONS for row in group]
    tokens = torch.full((len(rows), 6), 257)
    mask = torch.zeros((len(rows), 6), dtype=torch.long)
    for r, row in enumerate(rows):
        tokens[r, : len(row)] = torch.tensor(row)
        mask[r, : len(row)] = 1
        if turns and len(row) > 2:
            mask[r, 1 : 1 + r % 2 + 1] = 0
    truncated = torch.zeros(len(rows), dtype=torch.bool)
    entropy = torch.zeros(tokens.shape)
    return Rollout(prompt_PS, prompt_mask_PS, tokens, mask, entropy, truncated, [""] * len(rows))


def agent_of(policy: Policy, spec: str, **options: Any) -> GRPOAgent:
    settings: dict[str, Any] = {
        "groups": 3,
        "num_generations": 4,
        "max_completion_length": 6,
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "warmup_iterations": 0,
        "max_grad_norm": 1e9,
    }
    config = GRPOConfig(**(settings | options))
    return GRPOAgent(policy, "uniform", ["frostline/Arithmetic-v0"], trainable=spec, config=config)


Step = tuple[float, dict[str, Tensor]]


def update(folder: Path, spec: str, turns: bool, **options: Any) -> Step:
    """Return the loss of an update and the last gradient of each trainable tensor."""
    agent = agent_of(load_policy(str(folder)), spec, **options)
    learner = agent.learner
    with torch.no_grad():  # adapters start at zero, where some gradients are zero as well
        for i, (name, parameter) in enumerate(sorted(learner.parameters.items())):
            if "lora" in name or "steering" in name or "ia3" in name:
                draws = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(i))
                parameter.add_(0.1 * draws)
    seen: list[dict[str, Tensor]] = []

    def remember(*_: object) -> None:
        named = learner.parameters.items()
        seen.append({n: p.grad.clone() for n, p in named if p.grad is not None})

    learner.optimizer.optimizer.register_step_pre_hook(remember)
    graded = learner.grade(rollout(turns), REWARDS, torch.ones(3, dtype=torch.bool))
    metrics = learner.update(graded, 0)
    assert agent.policy.path.name == ("fast" if options.get("fast_path", True) else "plain")
    return float(metrics["loss"]), seen[-1]


def check_equal(fast: Step, plain: Step) -> None:
    assert fast[0] == pytest.approx(plain[0], abs=TOLERANCE)
    assert fast[1].keys() == plain[1].keys()
    assert any(gradient.abs().max() > 1e-4 for gradient in plain[1].values())
    for name, gradient in plain[1].items():
        scale = max(1.0, float(gradient.abs().max()))
        torch.testing.assert_close(
            fast[1][name], gradient, atol=TOLERANCE * scale, rtol=0, msg=name
        )


@pytest.mark.parametrize("turns", [False, True], ids=["single", "turns"])
@pytest.mark.parametrize("spec", SPECS)
def test_loss_and_gradients_equal_the_plain_path_for_every_subset(
    spec: str, turns: bool, tiny: Callable[[str], Path]
) -> None:
    kind = "qwen2" if "biases" in spec else "qwen3"
    plain = update(tiny(kind), spec, turns, fast_path=False)
    check_equal(update(tiny(kind), spec, turns), plain)


@pytest.mark.parametrize("loss_type", ["dapo", "dr_grpo", "grpo", "bnpo"])
@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_loss_and_gradients_equal_the_plain_path_for_every_loss(
    kind: str, loss_type: str, tiny: Callable[[str], Path]
) -> None:
    options: dict[str, Any] = {"loss_type": loss_type, "beta": 0.1, "num_iterations": 2}
    for spec in ("full", "last:2"):
        plain = update(tiny(kind), spec, True, fast_path=False, **options)
        check_equal(update(tiny(kind), spec, True, **options), plain)


@pytest.mark.parametrize("spec", ["full", "last:2", "lora:r=2@last:2"])
@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
def test_gradient_checkpointing_changes_no_gradient(
    spec: str, fast: bool, tiny: Callable[[str], Path]
) -> None:
    kept = update(tiny("llama"), spec, False, fast_path=fast)
    options = {"gradient_checkpointing": True}
    check_equal(update(tiny("llama"), spec, False, fast_path=fast, **options), kept)


@pytest.mark.parametrize("tokens", [1, 20, 40])
def test_a_token_budget_changes_no_gradient(tokens: int, tiny: Callable[[str], Path]) -> None:
    whole = update(tiny("llama"), "last:2", True)
    check_equal(update(tiny("llama"), "last:2", True, tokens_per_microbatch=tokens), whole)


def test_bfloat16_changes_the_gradient_a_little(tiny: Callable[[str], Path]) -> None:
    exact, rounded = (update(tiny("llama"), "full", False, bf16=on) for on in (False, True))
    names = exact[1].keys()
    both = [torch.cat([step[1][name].flatten() for name in names]) for step in (exact, rounded)]
    assert not torch.equal(both[0], both[1])
    assert torch.cosine_similarity(both[0], both[1], dim=0) > 0.99


def sampled(policy: Policy, trunk_layer: int = 0, seed: int = 0) -> Rollout:
    prompts = ["1+1", "a much longer prompt", "12*3 = ?"]
    return sample(
        policy, prompts, generations=4, max_completion_length=6, temperature=0.4,
        generator=torch.Generator().manual_seed(seed), trunk_layer=trunk_layer,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_the_same_seed_samples_the_same_tokens_on_both_paths(
    kind: str, tiny: Callable[[str], Path]
) -> None:
    policy = load_policy(str(tiny(kind)))
    policy.end_ids |= set(range(0, 256, 5))  # so that rows end at different times
    fast = sampled(policy)
    policy.path = agent_of(policy, "full", fast_path=False).policy.path
    plain = sampled(policy)
    assert policy.path.name == "plain"
    assert torch.equal(fast.completion_PGT, plain.completion_PGT)
    assert torch.equal(fast.mask_PGT, plain.mask_PGT)
    assert len(set(fast.mask_PGT.sum(1).tolist())) > 2
    torch.testing.assert_close(fast.entropy_PGT, plain.entropy_PGT, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("spec", ["last:1", "last:3", "layers:2", "lora:r=2@last:1"])
@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_the_trunk_of_the_rollout_gives_the_gradients_of_a_new_forward(
    spec: str, beta: float, tiny: Callable[[str], Path]
) -> None:
    agent = agent_of(load_policy(str(tiny("qwen2"))), spec, beta=beta, optimizer="adamw")
    learner, steps = agent.learner, []
    learner.optimizer.optimizer.register_step_pre_hook(
        lambda *_: steps.append(
            {n: p.grad.clone() for n, p in learner.parameters.items() if p.grad is not None}
        )
    )
    state = agent.state_dict()
    for kept in (True, False):
        agent.load_state_dict(state)
        result = sampled(agent.policy, learner.first)
        assert result.trunk is not None
        assert result.trunk.layer == learner.first > 0
        result = result if kept else replace(result, trunk=None)
        learner.update(learner.grade(result, REWARDS, torch.ones(3, dtype=torch.bool)), 0)
    check_equal((0.0, steps[0]), (0.0, steps[1]))


@contextmanager
def watched(policy: Policy, see: Callable[[int, Tensor], None]) -> Iterator[None]:
    """Call `see` with the number and the output of each decoder layer that is run."""
    model: Any = policy.model
    path: Any = policy.path
    if path.name == "fast":
        run = path.decoder._layer

        def layer(i: int, *args: Any) -> Tensor:
            out: Tensor = run(i, *args)
            see(i, out)
            return out

        path.decoder._layer = layer
        yield
        del path.decoder._layer
        return
    handles = [
        module.register_forward_hook(lambda _m, _a, out, i=i: see(i, out))
        for i, module in enumerate(model.model.layers)
    ]
    yield
    for handle in handles:
        handle.remove()


@contextmanager
def counted(policy: Policy) -> Iterator[list[int]]:
    """Count the tokens that go through each layer."""
    tokens = [0] * policy.model.config.num_hidden_layers

    def count(i: int, out: Tensor) -> None:
        tokens[i] += out.shape[:-1].numel()

    with watched(policy, count):
        yield tokens


def test_a_distinct_prefix_goes_through_the_model_once(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(load_policy(str(tiny("llama"))), "full")
    graded = agent.learner.grade(rollout(False), REWARDS, torch.ones(3, dtype=torch.bool))
    with counted(agent.policy) as tokens:
        agent.learner.update(graded, 0)
    prompts = sum(map(len, PROMPTS))
    # fed: all but the last token of each; 1-2-3 and 1-2-9-9 share 1-2, 6-7 is part of 6-7-8-9-10
    first, second, third = {1, 12, 123, 129, 1299}, {6, 67, 678, 6789, 678910, 5}, {1, 11, 2, 21}
    own = len(first) + len(second) + len({*third, 111})
    assert tokens == [prompts + own] * 4


def test_the_loss_does_not_run_the_trunk(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(load_policy(str(tiny("llama"))), "last:1", beta=0.1, num_iterations=2)
    result = sampled(agent.policy, agent.learner.first)
    graded = agent.learner.grade(result, REWARDS, torch.ones(3, dtype=torch.bool))
    with counted(agent.policy) as tokens:
        agent.learner.update(graded, 0)
    assert tokens[:3] == [0, 0, 0]
    assert tokens[3] > 0
    # old log-probabilities come with the first pass; the reference and two steps make three
    assert tokens[3] % 3 == 0


def test_a_group_without_signal_takes_no_forward(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(load_policy(str(tiny("llama"))), "full")
    sound = torch.ones(3, dtype=torch.bool)
    with counted(agent.policy) as tokens:
        metrics = agent.learner.update(
            agent.learner.grade(rollout(False), torch.ones(3, 4), sound), 0
        )
    assert metrics["signal"] == 0
    assert tokens == [0, 0, 0, 0]


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "recomputed"])
def test_the_backward_pass_ends_at_the_lowest_trainable_layer(
    fast: bool, checkpointing: bool, tiny: Callable[[str], Path]
) -> None:
    agent = agent_of(
        load_policy(str(tiny("qwen3"))), "layers:2", fast_path=fast,
        gradient_checkpointing=checkpointing,
    )  # fmt: skip
    reached: set[int] = set()

    def see(i: int, out: Tensor) -> None:
        if out.requires_grad:
            out.register_hook(lambda _grad: reached.add(i))

    graded = agent.learner.grade(rollout(False), REWARDS, torch.ones(3, dtype=torch.bool))
    with watched(agent.policy, see):
        agent.learner.update(graded, 0)
    assert reached == {2, 3}


UNKNOWN: list[tuple[Any, dict[str, Any], str]] = [
    (GemmaConfig, {"head_dim": 16}, "gemma is none of llama, mistral, qwen2, qwen3"),
    (LlamaConfig, {"hidden_act": "gelu"}, "its activation is gelu, not silu"),
    (MistralConfig, {"sliding_window": 5}, "it attends within a sliding window of 5"),
    (
        Qwen2Config,
        {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 0},
        "it attends within a sliding window of 4",
    ),
    (
        LlamaConfig,
        {
            "rope_parameters": {
                "rope_type": "longrope",
                "rope_theta": 1e4,
                "factor": 4.0,
                "original_max_position_embeddings": 10,
                "short_factor": [1.0] * 8,
                "long_factor": [2.0] * 8,
            }
        },
        "its rotary positions are of type longrope",
    ),
]


@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "recomputed"])
@pytest.mark.parametrize(("config", "options", "note"), UNKNOWN, ids=[n for _, _, n in UNKNOWN])
def test_an_unknown_shape_takes_the_plain_path_and_says_why(
    config: Any, options: dict[str, Any], note: str, checkpointing: bool
) -> None:
    model = build(shape(config, tie_word_embeddings=True, eos_token_id=256, **options))
    policy = Policy(model, plain_tokenizer())
    agent = agent_of(policy, "last:1", gradient_checkpointing=checkpointing)
    assert (agent.policy.path.name, agent.policy.path.note) == ("plain", note)
    embeddings: Any = model.get_input_embeddings()
    before = embeddings.weight.clone()
    metrics = agent.train(1)[0]
    assert metrics["grad_norm"] >= 0
    assert torch.equal(embeddings.weight, before)


def test_a_known_name_with_other_arithmetic_is_found_out(tiny: Callable[[str], Path]) -> None:
    policy = load_policy(str(tiny("llama")))
    model: Any = policy.model
    original = model.model.layers[1].mlp.forward
    model.model.layers[1].mlp.forward = lambda x: 2.0 * original(x)
    path = find_path(policy.model)
    assert path.name == "plain"
    assert path.note.startswith("its logits differ by ")


rows = st.lists(st.integers(0, 3), min_size=1, max_size=6)


@given(st.lists(st.tuples(rows, st.lists(rows, min_size=2, max_size=2)), min_size=1, max_size=3))
def test_packing_holds_every_fed_prefix_once_and_every_pair_that_counts(
    groups: list[tuple[list[int], list[list[int]]]],
) -> None:
    prompt_PS, prompt_mask = left_pad([prompt for prompt, _ in groups], 9, torch.device("cpu"))
    completions = [row for _, pair in groups for row in pair]
    tokens = torch.full((len(completions), 6), 9)
    mask = torch.zeros((len(completions), 6), dtype=torch.long)
    for r, row in enumerate(completions):
        tokens[r, : len(row)] = torch.tensor(row)
        mask[r, : len(row)] = 1
    packing = pack(Batch(prompt_PS, prompt_mask, tokens, mask, torch.zeros(len(completions))))
    told = list(enumerate(completions))
    fed = {(r // 2, *row[: t + 1]) for r, row in told for t in range(len(row) - 1)}
    assert len(packing.ids_N) == int(prompt_mask.sum()) + len(fed)
    pairs = {(r // 2, *row[: t + 1]) for r, row in told for t in range(len(row))}
    assert len(packing.pair_token_Q) == len(pairs)
    for r, row in enumerate(completions):
        chosen = packing.pairs_PGT[r, : len(row)]
        assert packing.pair_token_Q[chosen].tolist() == row
        parents = packing.parents_U[packing.pair_parent_Q[chosen]]
        before = [*groups[r // 2][0], *row][len(groups[r // 2][0]) - 1 : -1]
        assert packing.ids_N[parents].tolist() == before
        length = len(groups[r // 2][0])
        expected = list(range(length - 1, length - 1 + len(row)))
        assert packing.positions_N[parents].tolist() == expected


def test_a_packing_takes_memory_by_the_token() -> None:
    sizes = []
    for length in (50, 200):
        tokens = torch.randint(0, 250, (8, length), generator=torch.Generator().manual_seed(0))
        prompt = torch.arange(length)[None]
        packing = pack(
            Batch(prompt, torch.ones_like(prompt), tokens, torch.ones_like(tokens), torch.zeros(8))
        )
        grids: list[Any] = [packing.prompts, packing.completions]
        parts = [getattr(x, name) for x in (packing, *grids) for name in x.__slots__]
        sizes.append(sum(part.nbytes for part in parts if isinstance(part, Tensor)))
    # every group of an iteration is packed before the first is trained: no room for T times S
    assert sizes[1] < 5 * sizes[0]
