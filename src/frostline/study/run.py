"""One run of a study: train an arm, examine it, and return its line, whatever happens.

A run has *diverged*, and is not trained on, when

- its loss, its gradient norm or the distribution of its next token is not finite, or
- its training reward has been above 0.05 and is then 0 for 20 iterations on end.

It has *failed* when anything else goes wrong. Either way it is a line with the reason, and solves
nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from frostline.agents.path import NonFinite
from frostline.agents.policy import Policy
from frostline.envs import TaskSpec, TextEnv

from ..config import TrainConfig
from ..exam import ERROR, SOLVED, sit_exam
from ..families import make_envs
from ..hardware import hardware
from ..parts import build_parts
from ..stopping import Interrupted
from .arm import TUNING_SEED
from .lines import RunLine, pack
from .priced_agent import PricedAgent, timer_of
from .spec import Exam, Study, spread
from .task import Task

COLLAPSED_AFTER = 20  # iterations on end with reward 0
COLLAPSED_FROM = 0.05  # reward that a run must have been above to collapse
DIGITS = 4
ERROR_CHARACTERS = 500
# phases of an iteration, by the part of the line's seconds that they belong to
PHASES = {"generate": "generate", "verify": "verify"}
UPDATE = "update"  # and scoring layers, and switching between them


class Diverged(Exception):
    """A run has left what training can come back from."""


@dataclass(slots=True)
class Record:
    """What is known of a run so far.

    Attributes:
        values: fields of its line.
        reward: mean of each iteration.
        signal: likewise.
        promotions: iteration, family and level of each.
        groups: trained on, by family/level.
        layers: iterations in which each one trained.
        seconds: by part.
    """

    values: dict[str, Any] = field(default_factory=dict)
    reward: list[float] = field(default_factory=list)
    signal: list[float] = field(default_factory=list)
    promotions: list[tuple[int, str, int]] = field(default_factory=list)
    groups: Counter[str] = field(default_factory=Counter)
    layers: Counter[int] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, metrics: Mapping[str, Any]) -> None:
        """Take in the metrics of an iteration."""
        self.reward.append(round(metrics["reward"], DIGITS))
        self.signal.append(round(metrics["signal"], DIGITS))
        self.layers.update(metrics["active"])
        self.groups.update(f"{family}/{level}" for family, level, *_ in metrics["groups"])
        for phase, seconds in metrics["seconds"].items():
            part = PHASES.get(phase, UPDATE)
            self.seconds[part] = self.seconds.get(part, 0.0) + seconds
        for event in metrics["events"]:
            if event["kind"] == "promotion":
                promoted = (metrics["iteration"], event["family"], event["level"])
                self.promotions.append(promoted)
        prefix = "level/"
        self.values["levels"] = {
            name.removeprefix(prefix): int(level)
            for name, level in metrics["curriculum"].items()
            if name.startswith(prefix)
        }

    def check(self, metrics: Mapping[str, Any]) -> None:
        """Raise Diverged if the iteration that was added last is one too many."""
        for name in ("loss", "grad_norm"):
            if not math.isfinite(metrics[name]):
                raise Diverged(f"{name} is {metrics[name]} in iteration {metrics['iteration']}")
        end = self.reward[-COLLAPSED_AFTER:]
        if len(end) == COLLAPSED_AFTER and not any(end) and max(self.reward) > COLLAPSED_FROM:
            raise Diverged(
                f"reward is 0 for {COLLAPSED_AFTER} iterations, after {max(self.reward)}"
            )

    def line(self, task: Task, status: str, error: str = "") -> RunLine:
        """Return the line of the run."""
        seconds = {name: round(value, DIGITS) for name, value in self.seconds.items()}
        chosen = min(self.layers.values(), default=0) < len(self.reward)  # else always the same
        found = {
            "reward": self.reward,
            "signal": self.signal,
            "promotions": self.promotions,
            "groups": dict(sorted(self.groups.items())),
            "layers": dict(sorted(self.layers.items())) if chosen else {},
            "seconds": seconds,
            "split": Exam.split(task.stage),
            "hardware": f"{hardware()}, {torch.get_num_threads()} thread per run",
        }
        why = " ".join(error.split())[:ERROR_CHARACTERS]
        return RunLine.from_dict(
            {**task.key(), "status": status, "error": why, **found, **self.values}
        )


def execute(study: Study, task: Task, on_iteration: Callable[[int], object]) -> RunLine:
    """Do a run and return its line; the policy is loaded anew, so runs know nothing of each other.

    Args:
        study: what the run belongs to.
        task: the run.
        on_iteration: called with the number of each iteration that has ended.
    """
    record = Record()
    try:
        _run(study, task, record, on_iteration)
    except Interrupted:
        raise
    except (Diverged, NonFinite) as error:
        return record.line(task, "diverged", str(error))
    except Exception as error:  # whatever it is, the other runs of the study go on
        return record.line(task, "failed", f"{type(error).__name__}: {error}")
    return record.line(task, "ok")


def failed(task: Task, error: str) -> RunLine:
    """Return the line of a run of which nothing is left but the reason."""
    return Record().line(task, "failed", error)


def config_of(study: Study, task: Task) -> TrainConfig:
    """Return what a run is as a training run; the untrained policy as if all of it trained."""
    arm, train = study.arm(task.arm), study.train
    # nothing is asked of the untrained policy's, but they must be there
    order = study.curricula[0] if arm.untrained else task.curriculum
    grpo = train.grpo if arm.untrained else study.config(arm, task.rate)
    return TrainConfig(
        policy=train.policy,
        family=train.family,
        trainable="full" if arm.untrained else arm.trainable,
        iterations=task.iterations,
        seed=task.seed,
        answer_format=train.answer_format,
        max_turns=train.max_turns,
        discount=train.discount,
        device=train.device,
        threads=1,
        grpo=grpo,
        curriculum=study.curriculum_config(order),
    )


def _run(study: Study, task: Task, record: Record, on_iteration: Callable[[int], object]) -> None:
    config = config_of(study, task)
    parts = build_parts(config, study.train.levels)
    policy = parts.policy
    record.values["total"] = sum(p.numel() for p in policy.model.parameters())
    if not study.arm(task.arm).untrained:
        agent = PricedAgent(
            policy, parts.curriculum, list(parts.envs.values()),
            trainable=config.trainable, config=config.grpo, seed=task.seed,
        )  # fmt: skip
        _train(agent, task.iterations, record, on_iteration)
    _examine(study, task, policy, parts.envs, record)


def _train(
    agent: PricedAgent, iterations: int, record: Record, on_iteration: Callable[[int], object]
) -> None:
    """Train to the end, and keep the record whatever happens."""
    record.values |= {"trainable": agent.subset.trainable, "total": agent.subset.total}
    for number in range(1, iterations + 1):
        metrics = agent.step()
        record.add(metrics)
        record.values["peak_bytes"] = agent.peak_bytes
        if agent.full_flops:
            share = agent.flops / agent.full_flops
            record.values["update_flops_share"] = round(share, DIGITS)
        record.check(metrics)
        on_iteration(number)


def _examine(
    study: Study, task: Task, policy: Policy, envs: Mapping[str, TextEnv], record: Record
) -> None:
    """Ask the problems of the exam; they are the same for all arms of a seed."""
    exam = study.exam
    space = study.space(envs)
    counts = dict.fromkeys(envs, exam.size(task.stage))
    if task.stage == "final" and exam.others:
        others = make_envs(exam.others, study.train.answer_format)
        counts |= dict.fromkeys(others, exam.problems_others)
        envs, space = {**envs, **others}, space | study.space(others)
    number = task.seed - TUNING_SEED if task.stage == "tune" else task.seed
    tasks = list(exam_tasks(space, counts, exam.split(task.stage), number))
    timer = timer_of(policy)
    start = timer()
    marks = sit_exam(
        policy, envs, tasks, config=study.train.grpo, stream=("study", task.stage, task.seed)
    )
    record.seconds["exam"] = timer() - start
    by_level: dict[str, list[bool]] = {}
    for asked, mark in zip(tasks, marks, strict=True):
        by_level.setdefault(f"{asked.family}/{asked.level}", []).append(mark == SOLVED)
    record.values |= {
        "solved": {key: pack(solved) for key, solved in by_level.items()},
        "problems": {key: len(solved) for key, solved in by_level.items()},
        "errors": marks.count(ERROR),
    }


def exam_tasks(
    space: Mapping[str, int], counts: Mapping[str, int], split: str, number: int
) -> Iterator[TaskSpec]:
    """Yield the problems of an exam, family by family and level by level.

    Args:
        space: highest level of each family.
        counts: problems of each family, spread over its levels.
        split: whose problems.
        number: of the exam; no two share a problem's index.
    """
    for family, levels in space.items():
        for level, problems in enumerate(spread(counts[family], levels), 1):
            for index in range(number * problems, (number + 1) * problems):
                yield TaskSpec(family, level, split, index)
