"""The TRL engine asks, grades and learns as the native engine does."""

import inspect
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from children import Coin
from trl.trainer.grpo_trainer import GRPOTrainer
from trl_children import ITERATIONS, build, changed, weights

from frostline.agents.advantages import group_advantages
from frostline.agents.grpo import GRPOAgent
from frostline.agents.policy import load_policy
from frostline.agents.rollout import Rollout
from frostline.agents.trl_engine import CurriculumGRPOTrainer, TrlEngine
from frostline.envs import Problem, Status, TextEnv, Verdict

Tiny = Callable[[str], Path]
LISA = "lisa:k=1,every=1+embeddings"


def batch_of(engine: TrlEngine) -> dict[str, Any]:
    """Return what TRL makes of the next tickets: tokens, masks, advantages."""
    generations = engine.config.num_generations
    slots = [{"slot": p} for p in range(engine.config.groups) for _ in range(generations)]
    engine.policy.model.train()
    return engine.trainer._generate_and_score_completions(slots)


# -- what the engine relies on in TRL


def test_trl_is_the_version_whose_private_methods_are_overridden() -> None:
    assert version("trl").startswith("1.16.")


def test_two_methods_of_the_trainer_are_overridden() -> None:
    mine = {
        name for name in vars(CurriculumGRPOTrainer) if callable(vars(CurriculumGRPOTrainer)[name])
    }
    assert mine == {"_generate_and_score_completions", "_calculate_rewards"}


@pytest.mark.parametrize("name", ["_generate_and_score_completions", "_calculate_rewards"])
def test_an_overridden_method_takes_what_that_of_trl_takes(name: str) -> None:
    theirs = inspect.signature(inspect.unwrap(getattr(GRPOTrainer, name)))
    mine = inspect.signature(getattr(CurriculumGRPOTrainer, name))
    assert list(mine.parameters) == list(theirs.parameters)


def test_the_signatures_are_those_of_trl_1_16() -> None:
    expected = {
        "_generate_and_score_completions": ["self", "inputs"],
        "_calculate_rewards": ["self", "inputs", "prompts", "completions", "completion_ids_list"],
    }
    for name, parameters in expected.items():
        found = inspect.signature(inspect.unwrap(getattr(GRPOTrainer, name)))
        assert list(found.parameters) == parameters


# -- what a policy is asked, and what its answers earn


@pytest.mark.parametrize("kind", ["llama", "qwen2"])  # without and with a chat template
def test_prompts_are_the_tokens_that_the_native_engine_feeds(
    kind: str, tiny: Tiny, tmp_path: Path
) -> None:
    engine = build(tiny(kind), tmp_path)
    batch = batch_of(engine)
    fed = [
        ids[mask.bool()].tolist()
        for ids, mask in zip(batch["prompt_ids"], batch["prompt_mask"], strict=True)
    ]
    prompts = [prompt for prompt in engine.feed.prompts for _ in range(4)]
    assert len(set(prompts)) == 3
    assert fed == engine.policy.encode(prompts)


def test_a_completion_ends_at_any_end_token_and_is_graded_as_the_policy_reads_it(
    tiny: Tiny, tmp_path: Path
) -> None:
    policy = load_policy(str(tiny("qwen2")))
    model: Any = policy.model
    model.generation_config = None  # as a base model's
    engine = build(policy, tmp_path)
    assert set(engine.trainer.eos_token_ids) == engine.policy.end_ids == {256, 258}
    engine.feed.draw(0)
    ids = [[50, 258], [51, 256], [50, 51, 52, 53], [258]]
    rewards = engine.feed.grade(ids, [0, 0, 0, 0])
    expected = [float(ord((engine.policy.decode(row) or "1")[0]) % 2 == 0) for row in ids]
    assert rewards == expected
    assert [row.ended for row in engine.feed.rows] == [True, True, False, True]
    assert [row.length for row in engine.feed.rows] == [2, 2, 4, 1]


class Broken(Coin):
    """A coin that cannot be tossed every third time."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        if problem.task.index % 3 == 0:
            return Verdict(Status.VERIFIER_ERROR, "no coin")
        return super().verify(problem, answer)


@pytest.mark.parametrize("scale_rewards", ["group", "batch", "none"])
def test_a_group_with_an_error_of_the_verifier_teaches_nothing(
    scale_rewards: str, tiny: Tiny, tmp_path: Path
) -> None:
    grpo = {"groups": 9, "scale_rewards": scale_rewards}
    engine = build(tiny("llama"), tmp_path, Broken(), grpo=grpo)
    advantages_PG = batch_of(engine)["advantages"].view(9, 4)
    sound_P = torch.tensor([ticket.index % 3 != 0 for ticket in engine.feed.tickets])
    assert 0 < sound_P.sum() < 9
    rewards_PG = torch.tensor([row.reward for row in engine.feed.rows]).view(9, 4)
    expected = torch.zeros(9, 4)
    expected[sound_P] = group_advantages(rewards_PG[sound_P], scale_rewards)
    assert torch.allclose(advantages_PG, expected, atol=1e-6)
    measured = engine.feed.measured
    assert measured["curriculum"]["errors"] == 9 - sound_P.sum()
    assert measured["verdicts"]["VERIFIER_ERROR"] == 4 * (9 - sound_P.sum())
    assert measured["reward"] == pytest.approx(rewards_PG[sound_P].mean().item())


def test_each_batch_is_drawn_with_the_outcomes_of_the_one_before(
    tiny: Tiny, tmp_path: Path
) -> None:
    engine = build(tiny("llama"), tmp_path)
    said: list[str] = []
    curriculum: Any = engine.feed.curriculum
    sample, update = curriculum.sample, curriculum.update

    def heard_sample(n: int, *, policy_version: int) -> Any:
        said.append(f"sample {policy_version}")
        return sample(n, policy_version=policy_version)

    def heard_update(outcomes: Any) -> Any:
        said.append("update")
        return update(outcomes)

    curriculum.sample, curriculum.update = heard_sample, heard_update
    engine.train()
    assert said == [word for i in range(ITERATIONS) for word in (f"sample {i}", "update")]


# -- the same update as the native engine's


class Recorded(CurriculumGRPOTrainer):
    """The trainer of the engine, which keeps its batches."""

    kept: dict[str, Any]

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self.kept = super()._generate_and_score_completions(inputs)
        return self.kept


def native_update(policy: Path, engine: TrlEngine) -> tuple[GRPOAgent, dict[str, Any]]:
    """Let the native engine learn from the completions of the other one's only iteration."""
    trainer = engine.trainer
    assert isinstance(trainer, Recorded)
    batch, config = trainer.kept, engine.config
    agent = GRPOAgent(
        load_policy(str(policy)), "uniform", [TextEnv(Coin())],
        trainable=engine.subset.spec, config=config,
    )  # fmt: skip
    groups, each = config.groups, config.num_generations
    rollout = Rollout(
        prompt_PS=batch["prompt_ids"][::each],
        prompt_mask_PS=batch["prompt_mask"][::each],
        completion_PGT=batch["completion_ids"],
        mask_PGT=batch["completion_mask"].long(),
        entropy_PGT=torch.zeros(batch["completion_ids"].shape),
        truncated_PG=torch.tensor([not row.ended for row in engine.feed.rows]),
        texts=[""] * (groups * each),
    )
    rewards_PG = torch.tensor([row.reward for row in engine.feed.rows]).view(groups, each)
    graded = agent.learner.grade(rollout, rewards_PG, torch.ones(groups, dtype=torch.bool))
    return agent, agent.learner.update(graded, 0)


PARITY: list[tuple[str, str, dict[str, Any]]] = [
    ("llama", "full", {"loss_type": "dapo"}),
    ("qwen2", "first:2", {"loss_type": "dr_grpo", "tokens_per_microbatch": 200}),
    ("qwen3", "last:1", {"loss_type": "grpo", "tokens_per_microbatch": 200}),
    ("qwen2", "full", {"loss_type": "bnpo", "scale_rewards": "none"}),
    ("llama", "norms+final_norm", {"loss_type": "dapo", "tokens_per_microbatch": 200}),
    ("qwen3", "lora:r=2@first:2", {"loss_type": "dapo", "beta": 0.2, "num_iterations": 2}),
    ("llama", "steering", {"loss_type": "dapo", "weight_decay": 0.1, "scale_rewards": "batch"}),
    ("qwen2", "last:2", {"loss_type": "grpo", "beta": 0.2, "num_iterations": 3, "epsilon": 0.1}),
]


@pytest.mark.parametrize(("kind", "trainable", "grpo"), PARITY)
def test_one_iteration_moves_the_weights_as_in_the_native_engine(
    kind: str,
    trainable: str,
    grpo: dict[str, Any],
    tiny: Tiny,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("frostline.agents.trl_engine.CurriculumGRPOTrainer", Recorded)
    # plain gradient descent, so that a gradient of the wrong size shows
    settings = {"optimizer": "sgd", "learning_rate": 0.3, "warmup_iterations": 0, "groups": 4}
    settings |= {"max_completion_length": 9, "temperature": 0.9, "max_grad_norm": 1.5}
    engine = build(tiny(kind), tmp_path, trainable=trainable, iterations=1, grpo=settings | grpo)
    before = weights(engine)
    [theirs] = engine.train()
    assert theirs["signal"] > 0
    agent, ours = native_update(tiny(kind), engine)
    for name, parameter in agent.policy.model.named_parameters():
        moved = engine.parameters[name].detach() - before[name]
        gap = (parameter.detach() - before[name] - moved).abs().max().item()
        assert gap <= 1e-5 * max(1.0, moved.abs().max().item()), name
    assert changed(before, weights(engine)) == set(engine.subset.names)
    assert theirs["loss"] == pytest.approx(ours["loss"], abs=1e-5)
    assert theirs["clip_fraction"] == pytest.approx(ours["clip_fraction"], abs=1e-6)
