"""The GRPO agent, native engine: one process, CPU or one GPU.

How it differs from the textbook loop: each prompt is prefilled once for its whole group, in the
rollout and in the loss; groups whose completions all earn the same take no forward and no
backward pass, though their tokens stay in the loss's denominator, and an iteration without any
signal takes no optimizer step; a group with an error of the verifier is dropped whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..curricula import Curriculum, CurriculumConfig, Outcome, Ticket, make_curriculum
from ..envs import EnvLike, Status, TaskSpec, TextEnv, envs_by_family
from ..envs.streams import index_from_seed
from .config import GRPOConfig
from .learner import Learner
from .meter import Clock
from .policy import Policy, load_policy
from .rollout import Rollout, sample
from .subset import resolve

STATE_VERSION = 1
SAMPLES = 3


class GRPOAgent:
    """Trains part of a policy on the problems that a curriculum hands out.

    >>> agent = GRPOAgent("base", "ladder", ["frostline/ClosedForms-v0"], trainable="first:5")
    ... # doctest: +SKIP
    >>> agent.train(iterations=10)  # doctest: +SKIP
    """

    def __init__(
        self,
        policy: Policy | str,
        curriculum: Curriculum | str,
        envs: Sequence[EnvLike],
        *,
        trainable: str = "full",
        config: GRPOConfig | None = None,
        seed: int = 0,
    ) -> None:
        """Make the agent; nothing is sampled yet.

        Args:
            policy: a `Policy`, or what `load_policy` takes.
            curriculum: a `Curriculum`, or the kind of one: `ladder`, `uniform` or `fixed`.
            envs: environments or Gymnasium ids, one per family.
            trainable: which weights train (see `agents/subset.py`).
            config: options of the algorithm.
            seed: of the sampling; a `Curriculum` brings its own.

        Raises:
            ValueError: for two environments of one family, a curriculum over levels that no
                environment has, or a spec that matches nothing.
        """
        self.config = config or GRPOConfig()
        self.policy = load_policy(policy) if isinstance(policy, str) else policy
        self.envs = envs_by_family(envs)
        if isinstance(curriculum, str):
            space = {name: len(env.family.levels) for name, env in self.envs.items()}
            options = CurriculumConfig.model_validate({"kind": curriculum})
            curriculum = make_curriculum(options, space, seed)
        check_space(curriculum, self.envs)
        self.curriculum = curriculum
        self.seed = seed
        self.iteration = 0
        self.subset = resolve(trainable, self.policy.model)
        self.learner = Learner(self.policy, self.subset, self.config)

    def train(
        self, iterations: int, *, callback: Callable[[dict[str, Any]], None] | None = None
    ) -> list[dict[str, Any]]:
        """Run `iterations` more iterations and return their metrics.

        Args:
            iterations: how many.
            callback: called with the metrics of each iteration as it ends.
        """
        history = []
        for _ in range(iterations):
            history.append(self.step())
            if callback:
                callback(history[-1])
        return history

    def step(self) -> dict[str, Any]:
        """Run one iteration: tickets, completions, verdicts, update; return its metrics."""
        clock = Clock()
        with clock("generate"):
            tickets = self.curriculum.sample(self.config.groups, policy_version=self.iteration)
            prompts = [self._reset(ticket) for ticket in tickets]
            rollout = sample(
                self.policy,
                prompts,
                generations=self.config.num_generations,
                max_completion_length=self.config.max_completion_length,
                temperature=self.config.temperature,
                generator=self._generator(),
            )
        with clock("verify"):
            rewards_PG, verdicts = self._grade(tickets, rollout.texts)
            sound_P = torch.tensor([Status.VERIFIER_ERROR not in row for row in verdicts])
        with clock("update"):
            update = self._update(rollout, rewards_PG, sound_P)
        outcomes = [
            Outcome(ticket, row.count(Status.CORRECT), len(row), error=not sound)
            for ticket, row, sound in zip(tickets, verdicts, sound_P.tolist(), strict=True)
        ]
        events = self.curriculum.update(outcomes)
        self.iteration += 1
        counts = Counter(status.value for row in verdicts for status in row)
        lengths = rollout.mask_PGT.sum(1).float()
        return {
            "iteration": self.iteration,
            "reward": rewards_PG[sound_P].mean().item() if sound_P.any() else 0.0,
            **update,
            "entropy": (rollout.entropy_PGT.sum() / lengths.sum()).item(),
            "completion_length": lengths.mean().item(),
            "truncated": rollout.truncated_PG.float().mean().item(),
            "tokens": int(lengths.sum()),
            "verdicts": {status.value: counts[status.value] for status in Status},
            "curriculum": self.curriculum.metrics(),
            "events": [event_dict(event) for event in events],
            "groups": [[t.family, t.level, o.successes, o.trials]
                       for t, o in zip(tickets, outcomes, strict=True)],
            "samples": self._samples(prompts, rollout.texts, verdicts),
            "seconds": clock.seconds,
        }  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """Return all that later iterations depend on; weights and moments by parameter name.

        The tensors are copies on the CPU. Frozen weights are not in it: they are the policy's.
        """
        return {
            "version": STATE_VERSION,
            "iteration": self.iteration,
            "seed": self.seed,
            "trainable_count": self.subset.trainable,
            "total_count": self.subset.total,
            **self.learner.state_dict(),
            "curriculum": self.curriculum.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state.

        Raises:
            ValueError: if the state is of another version, seed, optimizer or trainable subset,
                or if it lacks the reference that `beta` needs. Nothing has changed then.
        """
        for key, value in (("version", STATE_VERSION), ("seed", self.seed)):
            if state[key] != value:
                raise ValueError(f"saved agent has {key}={state[key]!r}, this one has {value!r}")
        self.learner.check_state_dict(state)
        self.curriculum.load_state_dict(state["curriculum"])  # it checks before it changes
        self.learner.load_state_dict(state)
        self.iteration = state["iteration"]

    def _generator(self) -> torch.Generator:
        """Return this iteration's random stream: a function of seed and iteration alone."""
        generator = torch.Generator(self.policy.device)
        return generator.manual_seed(index_from_seed("rollout", self.seed, self.iteration))

    def _reset(self, ticket: Ticket) -> str:
        """Return the prompt of a ticket's problem."""
        env = self.envs[ticket.family]
        return env.reset(options={"task": _task(ticket)})[0]

    def _grade(
        self, tickets: Sequence[Ticket], texts: Sequence[str]
    ) -> tuple[Tensor, list[list[Status]]]:
        """Step the environments: return rewards (P, G) and verdicts, P rows of G."""
        generations = self.config.num_generations
        rewards, verdicts = [], []
        for p, ticket in enumerate(tickets):
            env, task = self.envs[ticket.family], _task(ticket)
            seen: dict[str, tuple[float, Status]] = {}
            for text in texts[p * generations : (p + 1) * generations]:
                if text not in seen:  # a group often writes the same answer many times
                    env.reset(options={"task": task})
                    _, reward, _, _, info = env.step(text)
                    seen[text] = (reward, Status(info["verdict"]))
                rewards.append(seen[text][0])
                verdicts.append(seen[text][1])
        rows = [verdicts[i : i + generations] for i in range(0, len(verdicts), generations)]
        return torch.tensor(rewards).view(-1, generations), rows

    def _update(
        self, rollout: Rollout, rewards_PG: Tensor, sound_P: Tensor
    ) -> dict[str, float | None]:
        return self.learner.update(rollout, rewards_PG, sound_P, self.iteration)

    def _samples(
        self, prompts: Sequence[str], texts: Sequence[str], verdicts: Sequence[Sequence[Status]]
    ) -> list[dict[str, str]]:
        """Return the first completion of the first few groups, for the log."""
        every = self.config.num_generations
        return [
            {"prompt": prompts[p], "completion": texts[p * every], "verdict": verdicts[p][0].value}
            for p in range(min(SAMPLES, len(prompts)))
        ]


def check_space(curriculum: Curriculum, envs: Mapping[str, TextEnv]) -> None:
    """Raise ValueError if the curriculum may hand out a ticket that no environment can ask."""
    for family, level in curriculum.probabilities():
        if family not in envs:
            names = ", ".join(envs)
            raise ValueError(f"the curriculum has the family {family!r}, the envs have {names}")
        top = len(envs[family].family.levels)
        if level > top:
            raise ValueError(f"the curriculum has level {level} of {family}, which ends at {top}")


def event_dict(event: Any) -> dict[str, Any]:
    """Return a curriculum's event as JSON values."""
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


def _task(ticket: Ticket) -> TaskSpec:
    return TaskSpec(ticket.family, ticket.level, ticket.split, ticket.index)
