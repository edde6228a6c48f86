"""The GRPO agent, native engine: one process, CPU or one GPU.

How it differs from the textbook loop: each distinct prefix goes through the model once, in the
rollout and in the loss, and the frozen trunk in the rollout only (`fast_path.py`); groups whose
completions all earn the same take no forward and no backward pass, though their tokens stay in the
loss's denominator, and an iteration without any signal takes no optimizer step; a group with an
error of the verifier is dropped whole; a curriculum that filters groups fills the batch up
(`refill.py`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from ..curricula import CurriculumConfig, Scheduler, Ticket, make_curriculum
from ..envs import EnvLike, Status, TextEnv, envs_by_family
from ..envs.streams import index_from_seed
from .config import GRPOConfig
from .episodes import Episodes, play
from .learner import Graded, Learner
from .meter import Clock
from .plain_path import PlainPath
from .policy import Policy, find_path, load_policy
from .refill import draw_batch
from .subsets import resolve
from .subsets.schedule_phase import Observed, Phase

STATE_VERSION = 2
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
        curriculum: Scheduler | str,
        envs: Sequence[EnvLike],
        *,
        trainable: str = "full",
        config: GRPOConfig | None = None,
        seed: int = 0,
    ) -> None:
        """Make the agent; nothing is sampled yet.

        Args:
            policy: a `Policy`, or what `load_policy` takes.
            curriculum: a `Scheduler`, or the name of a preset, such as `frontier` or `uniform`.
            envs: environments or Gymnasium ids, one per family.
            trainable: which weights train, and when (see `agents/subsets/spec.py`).
            config: options of the algorithm.
            seed: of the sampling; a `Scheduler` brings its own.

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
            curriculum = make_curriculum(
                options,
                space,
                seed,
                groups=self.config.groups,
                generations=self.config.num_generations,
            )
        check_space(curriculum, self.envs)
        self.curriculum = curriculum
        self.seed = seed
        self.timer: Callable[[], float] = time.perf_counter  # of the seconds of a phase
        self.iteration = 0
        self.subset = resolve(trainable, self.policy.model, seed=seed)
        model = self.policy.model
        on = self.config.fast_path
        self.policy.path = find_path(model) if on else PlainPath(model, "fast_path is off")
        self.learner = Learner(self.policy, self.subset, self.config)
        self.phase: Phase | None = None
        if self.subset.schedule is not None:
            self.phase = self.subset.schedule.start(self.subset.layers, seed)
            self.learner.switch(self.subset.active(self.phase.active), 0)

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
        clock = Clock(self.timer)
        generator = self._generator()

        def play_all(tickets: list[Ticket]) -> Episodes:
            bf16 = torch.autocast(self.policy.device.type, torch.bfloat16, enabled=self.config.bf16)
            with bf16:
                return play(
                    self.policy, self.envs, tickets, self.config, generator, clock,
                    self.learner.first,
                )  # fmt: skip

        draw = draw_batch(
            self.curriculum, self.config.groups, policy_version=self.iteration, play=play_all
        )
        episodes, sound_P = draw.episodes, draw.episodes.sound_P
        graded = self.learner.grade(episodes.rollout, episodes.rewards_PG, sound_P)
        scores = self._scores(graded, clock)
        active = list(self.phase.active if self.phase else self.subset.layers)
        with clock("update"):
            update = self._update(graded)
        events = [event_dict(event) for event in self.curriculum.update(draw.outcomes)]
        with clock("switch"):
            self._advance(events, update["layer_grad_norms"], scores)
        self.iteration += 1
        return {
            "iteration": self.iteration,
            **update,
            **_summary(episodes),
            "active": active,
            "scores": scores and {str(layer): score for layer, score in scores.items()},
            "curriculum": self.curriculum.metrics(),
            "events": events,
            "groups": [[o.ticket.family, o.ticket.level, o.successes, o.trials]
                       for o in draw.outcomes],
            "discarded": draw.discarded,
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
            "phase": self.phase and self.phase.to_dict(),
            **self.learner.state_dict(),
            "curriculum": self.curriculum.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any], *, allow_new_subset: bool = False) -> None:
        """Go on from a saved state.

        Args:
            state: from `state_dict`.
            allow_new_subset: whether it may be of another trainable subset. Its weights are taken
                over, moments where both train; a schedule starts anew.

        Raises:
            ValueError: if the state is of another version, seed, optimizer or trainable subset,
                or if it lacks the reference that `beta` needs. Nothing has changed then.
        """
        for key, value in (("version", STATE_VERSION), ("seed", self.seed)):
            if state[key] != value:
                raise ValueError(f"saved agent has {key}={state[key]!r}, this one has {value!r}")
        self.learner.check_state_dict(state, allow_new_subset=allow_new_subset)
        stray = sorted(set(self.learner.changed) - set(state["weights"]))
        if stray and self.iteration:
            raise ValueError(
                f"this agent has trained weights that the saved one lacks, such as {stray[0]}; "
                "load it into a new agent"
            )
        same = state["trainable"] == self.subset.spec
        phase = Phase.from_dict(state["phase"]) if same and self.phase else self.phase
        self.curriculum.load_state_dict(state["curriculum"])  # it checks before it changes
        if phase is not None:
            self.learner.switch(self.subset.active(phase.active), 0)
        self.learner.load_state_dict(state)
        self.phase = phase
        self.iteration = state["iteration"]

    def _generator(self) -> torch.Generator:
        """Return this iteration's random stream: a function of seed and iteration alone."""
        generator = torch.Generator(self.policy.device)
        return generator.manual_seed(index_from_seed("rollout", self.seed, self.iteration))

    def _update(self, graded: Graded) -> dict[str, Any]:
        return self.learner.update(graded, self.iteration)

    def _scores(self, graded: Graded, clock: Clock) -> dict[int, float] | None:
        """Return the layers' scores if the schedule wants them now; their cost is logged."""
        schedule = self.subset.schedule
        if schedule is None or self.phase is None or not schedule.wants_scores(self.phase):
            return None
        assert schedule.score is not None  # it could not want any
        with clock("score"):
            return self.learner.scores(graded, schedule.score, self.seed)

    def _advance(
        self,
        events: Sequence[Mapping[str, Any]],
        norms: Mapping[str, float],
        scores: Mapping[int, float] | None,
    ) -> None:
        """Let the subset schedule choose the layers of the next iteration."""
        schedule = self.subset.schedule
        if schedule is None or self.phase is None:
            return
        observed = Observed(
            promotions=sum(event["kind"] == "promotion" for event in events),
            grad_norms={int(layer): norm for layer, norm in norms.items()},
            scores=scores,
        )
        phase = schedule.advance(self.phase, observed, self.subset.layers, self.seed)
        if phase.active != self.phase.active:
            self.learner.switch(self.subset.active(phase.active), self.iteration + 1)
        self.phase = phase


def _summary(episodes: Episodes) -> dict[str, Any]:
    """Return what the completions of an iteration were like."""
    rollout, sound_P = episodes.rollout, episodes.sound_P
    counts = Counter(status.value for row in episodes.verdicts for status in row)
    lengths = rollout.mask_PGT.sum(1).float()
    every = len(rollout.texts) // len(episodes.prompts)
    samples = [
        {
            "prompt": episodes.prompts[p],
            "completion": rollout.texts[p * every],
            "verdict": episodes.verdicts[p][0].value,
        }
        for p in range(min(SAMPLES, len(episodes.prompts)))
    ]
    return {
        "reward": episodes.rewards_PG[sound_P].mean().item() if sound_P.any() else 0.0,
        "entropy": (rollout.entropy_PGT.sum() / lengths.sum()).item(),
        "completion_length": lengths.mean().item(),
        "truncated": rollout.truncated_PG.float().mean().item(),
        "turns": episodes.turns,
        "tokens": int(lengths.sum()),
        "verdicts": {status.value: counts[status.value] for status in Status},
        "samples": samples,
    }


def check_space(curriculum: Scheduler, envs: Mapping[str, TextEnv]) -> None:
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
