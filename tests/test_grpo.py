"""The agent as a whole: what trains, what stays, what is logged, and that it learns."""

import copy
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from tiny import build, plain_tokenizer, shape
from torch import Tensor
from toys import Bits
from transformers import LlamaConfig

from frostline.agents import GRPOAgent, GRPOConfig, Policy, load_policy
from frostline.agents.learner import Graded
from frostline.agents.rollout import Rollout, sample
from frostline.curricula import PRESETS, CurriculumConfig, Event, Outcome, make_curriculum
from frostline.envs import Family, Problem, Status, TextEnv, Verdict

SMALL: dict[str, Any] = {
    "groups": 3,
    "num_generations": 6,
    "max_completion_length": 3,
    "learning_rate": 1e-2,
    "warmup_iterations": 0,
}


class Faulty(Bits):
    """Its verifier fails on some completions."""

    name: ClassVar[str] = "faulty"

    def verify(self, problem: Problem, answer: str) -> Verdict:
        if problem.task.index % 2 and answer and ord(answer[0]) % 3 == 1:
            return Verdict(Status.VERIFIER_ERROR, "injected")
        return super().verify(problem, answer)


class Vowel(Bits):
    """One of the four bytes that its policies write is right, the same for every question."""

    name: ClassVar[str] = "vowel"

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return Verdict(Status.CORRECT if answer == "a" else Status.WRONG, "an a is asked")


def agent_of(
    policy: Policy | str, family: Family | None = None, *, trainable: str = "full", **options: Any
) -> GRPOAgent:
    """Return an agent over one family with a uniform curriculum."""
    config = GRPOConfig(**(SMALL | options))
    return GRPOAgent(
        policy, "uniform", [TextEnv(family or Bits())], trainable=trainable, config=config
    )


def hashes(agent: GRPOAgent) -> dict[str, str]:
    """Return a hash of every tensor of the model, tied ones under one name."""
    named = agent.policy.model.named_parameters()
    return {
        name: hashlib.blake2b(p.detach().numpy().tobytes(), digest_size=8).hexdigest()
        for name, p in named
    }


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize(
    "trainable",
    [
        "first:2",
        "last:1",
        "layers:1",
        "layers:0,2-3",
        "last:1+head+final_norm",
        "first:1+embeddings",
    ],
)
def test_only_the_trainable_subset_changes(
    trainable: str, optimizer: str, tiny: Callable[[str], Path]
) -> None:
    agent = agent_of(str(tiny("qwen2")), trainable=trainable, optimizer=optimizer, weight_decay=0.1)
    before = hashes(agent)
    history = agent.train(2)
    assert history[0]["signal"] > 0
    changed = {name for name, value in hashes(agent).items() if value != before[name]}
    unmoved = {"self_attn.k_proj.bias"}  # the softmax does not feel a bias that all keys share
    named = set(agent.subset.names)
    assert changed <= named
    assert {n for n in named - changed if not n.endswith(tuple(unmoved))} == set()


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_every_shape_of_policy_trains(kind: str, tiny: Callable[[str], Path]) -> None:
    agent = agent_of(str(tiny(kind)))
    before = hashes(agent)
    agent.train(1)
    assert hashes(agent) != before


def test_every_metric_is_logged_as_json(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(str(tiny("llama")))
    metrics = agent.train(2)[-1]
    json.dumps(metrics, allow_nan=False)
    numbers = {"reward", "signal", "loss", "entropy", "clip_fraction", "grad_norm"}
    numbers |= {"completion_length", "truncated"}
    assert all(isinstance(metrics[name], float) for name in numbers)
    assert metrics["iteration"] == 2
    assert metrics["kl"] is None  # there is no reference to measure it against
    assert set(metrics["verdicts"]) == {status.value for status in Status}
    assert sum(metrics["verdicts"].values()) == 18
    assert metrics["reward"] == pytest.approx(metrics["verdicts"]["CORRECT"] / 18)
    assert metrics["tokens"] == round(metrics["completion_length"] * 18)
    assert set(metrics["seconds"]) == {"generate", "verify", "update", "switch"}
    assert len(metrics["samples"]) == 3
    assert set(metrics["samples"][0]) == {"prompt", "completion", "verdict"}
    assert 0 < metrics["entropy"] < math.log(259)
    assert metrics["grad_norm"] > 0
    assert len(metrics["groups"]) == 3


def test_kl_starts_at_nothing_and_grows_as_the_policy_moves(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(str(tiny("llama")), beta=0.01)
    history = agent.train(3)
    assert history[0]["kl"] == pytest.approx(0.0, abs=1e-9)
    assert history[-1]["kl"] > 1e-4


def test_the_reference_is_put_back(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(str(tiny("llama")), beta=0.1)
    agent.train(1)
    moved = hashes(agent)
    with agent.learner.reference():
        assert hashes(agent) == hashes(agent_of(str(tiny("llama"))))
    assert hashes(agent) == moved


def test_two_steps_on_a_batch_move_further_than_one(tiny: Callable[[str], Path]) -> None:
    def distance(steps: int) -> float:
        agent = agent_of(str(tiny("llama")), num_iterations=steps, optimizer="sgd")
        before = {n: p.detach().clone() for n, p in agent.learner.parameters.items()}
        agent.train(1)
        moves = [
            (p - before[n]).detach().norm().item() for n, p in agent.learner.parameters.items()
        ]
        return math.hypot(*moves)

    assert distance(2) > 1.5 * distance(1) > 0


def test_the_learning_rate_warms_up_by_iterations_not_by_steps(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(str(tiny("llama")), num_iterations=2, warmup_iterations=4, beta=0.1)
    rates: list[float] = []
    agent.learner.optimizer.optimizer.register_step_pre_hook(
        lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"] / 1e-2)
    )
    agent.train(5)
    assert rates == pytest.approx([0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1, 1, 1, 1])


class Always(Bits):
    """Every completion is right, so that no group has signal."""

    name: ClassVar[str] = "always"

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return Verdict(Status.CORRECT, "anything goes")


def test_an_iteration_without_signal_changes_no_weight(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(str(tiny("llama")), Always(), weight_decay=0.1)
    before = hashes(agent)
    metrics = agent.train(1)[0]
    assert hashes(agent) == before
    assert (metrics["signal"], metrics["loss"], metrics["grad_norm"]) == (0.0, 0.0, 0.0)
    assert metrics["entropy"] > 0


def test_groups_that_are_all_truncated_and_masked_take_no_step(tiny: Callable[[str], Path]) -> None:
    policy = load_policy(str(tiny("llama")))
    policy.end_ids = frozenset({999})  # no token of the tiny policy
    agent = agent_of(policy, mask_truncated_completions=True, weight_decay=0.1)
    before = hashes(agent)
    metrics = agent.train(1)[0]
    assert metrics["signal"] > 0
    assert metrics["truncated"] == 1.0
    assert hashes(agent) == before


def test_a_group_with_an_error_of_the_verifier_is_dropped_whole(
    tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    curriculum = PRESETS["uniform"]({"faulty": 2}, seed=0)
    heard: list[Outcome] = []
    learn = curriculum.update

    def listen(outcomes: list[Outcome]) -> list[Event]:
        heard.extend(outcomes)
        return learn(outcomes)

    monkeypatch.setattr(curriculum, "update", listen)
    config = GRPOConfig(**(SMALL | {"groups": 8}))
    agent = GRPOAgent(str(tiny("llama")), curriculum, [TextEnv(Faulty())], config=config)
    seen: list[tuple[Tensor, Tensor]] = []
    grade = agent.learner.grade

    def watched(result: Rollout, rewards: Tensor, sound: Tensor) -> Graded:
        seen.append((rewards, sound))
        return grade(result, rewards, sound)

    monkeypatch.setattr(agent.learner, "grade", watched)
    metrics = agent.train(1)[0]
    rewards, sound = seen[0]
    errors = [not value for value in sound.tolist()]
    assert 0 < sum(errors) < 8
    assert [outcome.error for outcome in heard] == errors
    assert metrics["curriculum"]["errors"] == sum(errors)
    assert metrics["verdicts"]["VERIFIER_ERROR"] >= sum(errors)
    # the reward of the dropped groups is no failure: it is in no mean
    assert metrics["reward"] == pytest.approx(rewards[sound].mean().item())


@pytest.mark.parametrize("loss_type", ["dapo", "dr_grpo", "grpo", "bnpo"])
@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_a_dropped_group_leaves_no_trace_in_the_update(
    loss_type: str, beta: float, tiny: Callable[[str], Path]
) -> None:
    def update(groups: slice) -> tuple[dict[str, Any], dict[str, str]]:
        agent = agent_of(str(tiny("llama")), loss_type=loss_type, beta=beta, num_iterations=2,
                         optimizer="sgd", scale_rewards="batch")  # fmt: skip
        whole = sample(agent.policy, ["12", "34", "56"], generations=6, max_completion_length=3,
                       temperature=1.0, generator=torch.Generator().manual_seed(0))  # fmt: skip
        rows = slice(groups.start * 6, groups.stop * 6)
        part = Rollout(whole.prompt_PS[groups], whole.prompt_mask_PS[groups],
                       whole.completion_PGT[rows], whole.mask_PGT[rows], whole.entropy_PGT[rows],
                       whole.truncated_PG[rows], whole.texts[rows])  # fmt: skip
        rewards = torch.tensor([[1.0, 0, 0, 0, 1, 0], [0, 0, 1, 0, 0, 0], [1, 1, 1, 0, 1, 1]])
        sound = torch.tensor([True, True, False])
        graded = agent.learner.grade(part, rewards[groups], sound[groups])
        metrics = agent.learner.update(graded, 0)
        metrics.pop("signal")
        return metrics, hashes(agent)

    assert update(slice(0, 3)) == update(slice(0, 2))


def test_if_every_group_errs_nothing_is_learned(tiny: Callable[[str], Path]) -> None:
    class Broken(Bits):
        name: ClassVar[str] = "broken"

        def verify(self, problem: Problem, answer: str) -> Verdict:
            return Verdict(Status.VERIFIER_ERROR, "injected")

    agent = agent_of(str(tiny("llama")), Broken(), beta=0.1)
    before = hashes(agent)
    metrics = agent.train(1)[0]
    assert hashes(agent) == before
    assert metrics["verdicts"]["VERIFIER_ERROR"] == 18
    json.dumps(metrics, allow_nan=False)


def unclocked(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metrics.items() if name != "seconds"}


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "adamw", "trainable": "first:2"},
        {"optimizer": "sgd", "trainable": "last:2+head"},
        {"optimizer": "adamw", "beta": 0.1, "num_iterations": 2, "trainable": "full"},
    ],
    ids=str,
)
@pytest.mark.parametrize("split", [0, 2])
def test_a_restored_run_goes_on_bit_for_bit(
    options: dict[str, Any], split: int, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    def fresh() -> GRPOAgent:
        return agent_of(str(tiny("qwen3")), warmup_iterations=3, **options)

    whole = fresh()
    history = whole.train(4)
    first = fresh()
    first.train(split)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    rest = fresh()
    rest.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    again = rest.train(4 - split)
    assert hashes(rest) == hashes(whole)
    assert [unclocked(m) for m in again] == [unclocked(m) for m in history[split:]]


def test_a_state_is_a_copy_that_later_steps_do_not_touch(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(str(tiny("llama")), beta=0.1)
    agent.train(1)
    state = agent.state_dict()
    kept = copy.deepcopy(state)
    once = hashes(agent)
    ends = []
    for _ in range(2):
        agent.train(2)
        ends.append(hashes(agent))
        torch.testing.assert_close(state["weights"], kept["weights"], atol=0, rtol=0)
        torch.testing.assert_close(state["moments"], kept["moments"], atol=0, rtol=0)
        agent.load_state_dict(state)
        assert hashes(agent) == once
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", 0, "^saved agent has version=0, this one has 2$"),
        ("seed", 5, "^saved agent has seed=5, this one has 0$"),
        (
            "trainable",
            "last:1",
            "^saved agent has trainable='last:1', this one has 'first:1'; allow_new_subset takes",
        ),
        ("optimizer", "sgd", "^saved agent has optimizer='sgd', this one has 'adamw'$"),
        ("weights", {}, "^saved agent trains other parameters: it lacks model.layers.0"),
        (
            "originals",
            {},
            "^beta=0.1 needs a reference; the saved agent had none of model.layers.0",
        ),
    ],
)
def test_a_state_of_another_run_is_refused_and_changes_nothing(
    key: str, value: object, message: str, tiny: Callable[[str], Path]
) -> None:
    agent = agent_of(str(tiny("llama")), trainable="first:1", beta=0.1)
    before = hashes(agent)
    state = agent.state_dict() | {key: value}
    with pytest.raises(ValueError, match=message):
        agent.load_state_dict(state)
    assert hashes(agent) == before


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (
            {"bits": 2, "programs": 1},
            "^the curriculum has the family 'programs', the envs have bits",
        ),
        ({"bits": 3}, "^the curriculum has level 3 of bits, which ends at 2$"),
    ],
)
def test_a_curriculum_without_an_environment_is_refused_at_once(
    space: dict[str, int], message: str, tiny: Callable[[str], Path]
) -> None:
    curriculum = make_curriculum(CurriculumConfig(kind="uniform"), space, 0)
    with pytest.raises(ValueError, match=message):
        GRPOAgent(str(tiny("llama")), curriculum, [TextEnv(Bits())])


@pytest.mark.parametrize(
    ("envs", "message"),
    [
        ([], "^envs must hold at least one environment, got none$"),
        (["frostline/Arithmetic-v0"] * 2, "^envs must hold one environment per family, got two of"),
    ],
)
def test_environments_are_one_per_family(
    envs: list[str], message: str, tiny: Callable[[str], Path]
) -> None:
    with pytest.raises(ValueError, match=message):
        GRPOAgent(str(tiny("llama")), "uniform", envs)


def four_letter_policy(seed: int) -> Policy:
    """Return a policy that writes a, b, c or d with like chances, whatever it is asked."""
    model = build(shape(LlamaConfig, 2, tie_word_embeddings=False, eos_token_id=256), seed)
    policy = Policy(model, plain_tokenizer())
    letters = policy.tokenizer("abcd")["input_ids"]
    modules: Any = model
    embeddings, head = modules.get_input_embeddings(), modules.get_output_embeddings()
    # one direction of the residual stream is large and the same for every token
    with torch.no_grad():
        embeddings.weight[:, 0] = 4.0
        head.weight[:, 0] = -2.0
        head.weight[letters, 0] = 2.0
    return policy


@pytest.mark.parametrize("trainable", ["full", "first:1", "last:1"])
@pytest.mark.parametrize("seed", [0, 1])
def test_reward_rises_on_a_task_that_can_be_learned(trainable: str, seed: int) -> None:
    agent = agent_of(
        four_letter_policy(seed), Vowel(), trainable=trainable, groups=4, num_generations=8,
        max_completion_length=1, learning_rate=2e-2,
    )  # fmt: skip
    rewards = [metrics["reward"] for metrics in agent.train(40)]
    assert rewards[0] < 0.6
    assert sum(rewards[-5:]) / 5 > 0.9


def test_a_frozen_weight_takes_no_gradient(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(str(tiny("llama")), trainable="last:1")
    seen: list[set[str]] = []

    def remember(*_: object) -> None:
        named = agent.policy.model.named_parameters()
        seen.append({name for name, p in named if p.grad is not None})

    agent.learner.optimizer.optimizer.register_step_pre_hook(remember)
    agent.train(1)
    assert seen == [set(agent.subset.names)]
