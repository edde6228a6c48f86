"""The learning rate of an arm, by successive halving over a range that grows at its ends.

All rates run for a share of the iterations, the best of them for a longer one, and so on (Jamieson
and Talwalkar 2016, arXiv:1502.07943); each round begins anew, with the same seeds. If the winner
is the lowest or highest rate, the next one beyond it joins the last round, and so on.

A rate with fewer runs that diverged or failed is the better one, whatever its score: such a run
counts as the worst. Equal rates: the one nearer the middle of the range given, so that a tie does
not widen it; of rates with such runs the lower one, since a lower rate diverges less.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .lines import RunLine
from .spec import Study
from .task import Task

DIGITS = 12  # of a score: equal ones must not differ by rounding


class Point(NamedTuple):
    """How a learning rate did in the longest round that it was in.

    Attributes:
        score: mean over the seeds of the held-out pass rate; a run that diverged or failed has 0.
        seeds: how many runs.
        iterations: length of each.
        unsound: how many of them diverged or failed.
    """

    score: float
    seeds: int
    iterations: int
    unsound: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The learning rate of an arm.

    Attributes:
        rate: the best.
        edge: whether it is the lowest or highest of all that were tried: the best may lie beyond.
        curve: all rates that were tried, rising. Scores of unlike `iterations` do not compare.
    """

    rate: float
    edge: bool
    curve: dict[float, Point]


@dataclass(frozen=True, slots=True)
class Search:
    """How far the search for a learning rate has come.

    Attributes:
        open: runs to do before it can go on.
        choice: its end; None before it.
        runs: how many are left, without those by which the range may grow.
        iterations: of all of these.
    """

    open: tuple[Task, ...] = ()
    choice: Choice | None = None
    runs: int = 0
    iterations: int = 0


@dataclass(slots=True)
class _Table:
    """The rates of an arm and what is known of them.

    Attributes:
        places: position of each rate tried; the range given is at 0 … `given` - 1.
        given: length of the range given.
        points: how each rate did in its longest round.
    """

    places: dict[float, int]
    given: int
    points: dict[float, Point] = field(default_factory=dict)

    def order(self, rate: float) -> tuple[int, float, float, float]:
        """Return a key that sorts the best rate first."""
        point = self.points[rate]
        off_middle = abs(2 * self.places[rate] - (self.given - 1))
        return point.unsound, -point.score, rate if point.unsound else off_middle, rate

    def ends(self) -> tuple[float, float]:
        """Return the lowest and the highest rate tried."""
        return min(self.places), max(self.places)


def search(study: Study, done: Mapping[Task, RunLine], arm: str, curriculum: str) -> Search:
    """Return how far the search for the learning rate of an arm under a curriculum has come.

    Raises:
        ValueError: if the study has no such arm or curriculum, or a run that went well lacks an
            exam in a family trained on.
    """
    study.curriculum_config(curriculum)
    given = study.arm(arm).rates or study.tuning.rates
    table = _Table({rate: place for place, rate in enumerate(given)}, len(given))

    def open_runs(rates: Sequence[float], length: int) -> tuple[Task, ...]:
        tasks = [Task(arm, curriculum, rate, seed, "tune", length)
                 for rate in rates for seed in study.tuning_seeds()]  # fmt: skip
        missing = tuple(task for task in tasks if task not in done)
        if not missing:
            _judge(study, done, tasks, table)
        return missing

    plan = rounds(study, len(given))
    alive = list(given)
    for number, (count, length) in enumerate(plan):
        if number:
            alive = sorted(sorted(alive, key=table.order)[:count])
        if missing := open_runs(alive, length):
            return _unfinished(study, missing, plan[number + 1 :])
    for _ in range(study.tuning.widen):
        beyond = _beyond(min(alive, key=table.order), given, table)
        if beyond is None:
            break
        alive.append(beyond)
        if missing := open_runs([beyond], plan[-1][1]):
            return _unfinished(study, missing, [])
    best = min(alive, key=table.order)
    curve = {rate: table.points[rate] for rate in sorted(table.points)}
    return Search(choice=Choice(best, best in table.ends(), curve))


def rounds(study: Study, rates: int) -> list[tuple[int, int]]:
    """Return how many of `rates` learning rates are in each round, rounded up, and its iterations.

    >>> rounds(Study.model_validate({"name": "x", "arms": [{"trainable": "none"}]}), 5)
    [(5, 50), (3, 150)]
    """
    found, kept = [], 1.0
    for share, goes_on in study.tuning.rounds:
        rates = math.ceil(round(kept * rates, DIGITS))
        found.append((rates, max(1, round(share * study.train.iterations))))
        kept = goes_on
    return found


def _unfinished(
    study: Study, missing: tuple[Task, ...], later: Sequence[tuple[int, int]]
) -> Search:
    """Return a search that waits for `missing`, before `later` rounds of (rates, iterations)."""
    runs = [(study.tuning.seeds * rates, length) for rates, length in later]
    return Search(
        open=missing,
        runs=len(missing) + sum(count for count, _ in runs),
        iterations=sum(task.iterations for task in missing) + sum(n * length for n, length in runs),
    )


def _judge(
    study: Study, done: Mapping[Task, RunLine], tasks: Sequence[Task], table: _Table
) -> None:
    """Note how the rates of `tasks`, all of one round, did."""
    for rate in dict.fromkeys(task.rate for task in tasks):
        mine = [task for task in tasks if task.rate == rate]
        sound = [done[task] for task in mine if done[task].status == "ok"]
        mean = math.fsum(score(study, line) for line in sound) / len(mine)
        table.points[rate] = Point(
            score=round(mean, DIGITS),
            seeds=len(mine),
            iterations=mine[0].iterations,
            unsound=len(mine) - len(sound),
        )


def score(study: Study, line: RunLine) -> float:
    """Return the held-out pass rate of a run, averaged over the families trained on.

    Raises:
        ValueError: if the run sat no exam in one of them.
    """
    rates = line.rates()
    for family in study.ladders():
        if family not in rates:
            raise ValueError(f"the run {Task.of(line).key()} sat no exam in {family!r}")
    return math.fsum(rates[family] for family in study.ladders()) / len(study.ladders())


def _beyond(best: float, given: Sequence[float], table: _Table) -> float | None:
    """Return the rate beyond the best one, noted as tried; None if the best is no end.

    Its distance is the mean step of the range given.
    """
    if best not in table.ends():
        return None
    up = 1 if best == table.ends()[1] else -1
    place = table.places[best] + up
    step = (given[-1] / given[0]) ** (1 / (len(given) - 1))
    rate = float(f"{best * step**up:.3g}")  # a number that people can read
    table.places[rate] = place
    return rate
