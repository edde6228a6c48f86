"""What a study has to run next, given the runs that are finished: pure functions, no torch.

Nothing here has a state or a clock, and a round is judged when all its runs are finished; so the
runs of a study are the same in whichever order they end and wherever it is stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .halving import Choice, Point, Search, search
from .lines import RunLine
from .spec import UNTRAINED, Arm, Stage, Study
from .task import Task

__all__ = [
    "Choice",
    "Left",
    "Point",
    "Task",
    "chosen",
    "finished",
    "left",
    "pairs",
    "pending",
    "total",
    "tuner",
]

_STATUSES = ("ok", "diverged", "failed")  # of two lines of a run, the better one holds


@dataclass(frozen=True, slots=True)
class Left:
    """How much of an arm is left to do: an estimate while its learning rate is open.

    Attributes:
        arm: its name.
        curriculum: name of the curriculum.
        stage: `tune` or `final`.
        runs: how many.
        iterations: of all of them.
    """

    arm: str
    curriculum: str
    stage: Stage
    runs: int
    iterations: int


def finished(lines: Iterable[RunLine]) -> dict[Task, RunLine]:
    """Return the finished runs; of several lines of one run that with the better status holds."""

    def order(line: RunLine) -> tuple[int, str]:
        return _STATUSES.index(line.status), json.dumps(line.to_dict(), sort_keys=True)

    runs: dict[Task, RunLine] = {}
    for line in lines:
        other = runs.setdefault(Task.of(line), line)
        if other is not line:
            runs[Task.of(line)] = min(line, other, key=order)
    return runs


def pending(study: Study, lines: Iterable[RunLine]) -> list[Task]:
    """Return the runs that can be done now, those that matter most first.

    Headline arms go before the others and tuning before final runs, which go seed by seed, so
    that a study cut short has the same seeds of many arms. Runs under way are in the list, as
    long as they have no line.
    """
    done = finished(lines)
    searches = _searches(study, done)
    headline = {tuner(study, arm, curriculum) for arm, curriculum in pairs(study)
                if arm.headline and not arm.untrained}  # fmt: skip
    ranked: list[tuple[tuple[int, ...], Task]] = []
    for place, (pair, found) in enumerate(searches.items()):
        ranked += [((pair not in headline, 0, 0, place, i), task)
                   for i, task in enumerate(found.open)]  # fmt: skip
    for place, (arm, curriculum) in enumerate(pairs(study)):
        ranked += [((not arm.headline, 1, task.seed, place, 0), task)
                   for task in _final(study, searches, arm, curriculum)
                   if task not in done]  # fmt: skip
    return [task for _, task in sorted(ranked, key=lambda item: item[0])]


def chosen(study: Study, lines: Iterable[RunLine], arm: str, curriculum: str) -> Choice | None:
    """Return the learning rate of an arm under a curriculum; None while it is open.

    Raises:
        ValueError: if the study has no such arm, or tunes nothing under the curriculum.
    """
    if study.arm(arm).untrained:
        return Choice(rate=0.0, edge=False, curve={})
    pair = tuner(study, study.arm(arm), curriculum)
    return search(study, finished(lines), *pair).choice


def left(study: Study, lines: Iterable[RunLine]) -> tuple[Left, ...]:
    """Return what is left to do, by arm, curriculum and stage; a range may widen beyond it."""
    done = finished(lines)
    searches = _searches(study, done)
    parts = [Left(*pair, "tune", found.runs, found.iterations) for pair, found in searches.items()]
    for arm, curriculum in pairs(study):
        tasks = _final(study, searches, arm, curriculum)
        runs = sum(task not in done for task in tasks)
        if not tasks:  # the rate is open
            runs = len(study.fresh_seeds(arm))
        length = 0 if arm.untrained else study.train.iterations
        parts.append(Left(arm.name, curriculum, "final", runs, runs * length))
    return tuple(parts)


def total(study: Study, lines: Iterable[RunLine]) -> int:
    """Return about how many runs are left; 0 if and only if the study is finished."""
    return sum(part.runs for part in left(study, lines))


def pairs(study: Study) -> Iterator[tuple[Arm, str]]:
    """Yield arms with curricula; the untrained policy has none."""
    for arm in study.arms:
        for curriculum in (UNTRAINED,) if arm.untrained else study.curricula:
            yield arm, curriculum


def tuner(study: Study, arm: Arm, curriculum: str) -> tuple[str, str]:
    """Return the arm and the curriculum whose tuning gives the rate of a pair."""
    return arm.rate_of or arm.name, study.tuning.curriculum or curriculum


def _searches(study: Study, done: Mapping[Task, Any]) -> dict[tuple[str, str], Search]:
    """Return the state of every search for a learning rate, in the order of the arms."""
    tuners = [tuner(study, *pair) for pair in pairs(study) if not pair[0].untrained]
    return {pair: search(study, done, *pair) for pair in dict.fromkeys(tuners)}


def _final(
    study: Study, searches: Mapping[tuple[str, str], Search], arm: Arm, curriculum: str
) -> list[Task]:
    """Return the runs on fresh seeds, none while the learning rate is open."""
    rate, iterations = 0.0, 0
    if not arm.untrained:
        choice = searches[tuner(study, arm, curriculum)].choice
        if choice is None:
            return []
        rate, iterations = choice.rate, study.train.iterations
    return [Task(arm.name, curriculum, rate, seed, "final", iterations)
            for seed in study.fresh_seeds(arm)]  # fmt: skip
