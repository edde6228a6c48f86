"""What is measured of simulated runs, and how two schedulers are compared.

Time is counted in batches: groups generated, divided by the B groups that one step of the student
needs. A scheduler that discards groups pays for them; for all others a batch is a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from ..cells import Cells
from ..protocol import Event
from .cell_table import CellTable
from .contract import check_mastered, check_rates
from .student import MASTERY, Cohort, Student

CURVE_POINTS = 201  # of a learning curve, equally spaced from the start to the budget
# A promotion is false at or below this rate if the scheduler states none of its own.
FALSE_BELOW = MASTERY - 0.05

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """One student under one scheduler: S runs, one per seed.

    Attributes:
        student: name of the student.
        scheduler: name of the scheduler, or of the oracle's rule.
        groups: B, groups that the student needs per step.
        generations: G, completions per group.
        budget: batches after which a run is given up.
        alpha: error rate of a promotion that the scheduler states, if it states one.
        mastered: shape (S,): whether the goal was reached.
        steps: shape (S,): steps of the student until then; nan where it was not reached.
        batches: shape (S,): groups generated until then over B; the budget where it was not.
        area: shape (S,): mean over the budget of the mean true pass rate of the learnable cells;
            a run that has ended keeps its last value.
        forgetting: shape (S,): mean over the learnable cells of the best true pass rate there ever
            was minus that at the end.
        effective: shape (S,): share of the groups generated that had both successes and failures.
        promotions: shape (S,): promotions that the scheduler told of.
        false_promotions: shape (S,): those whose level's true pass rate at that moment was at or
            below the rate that the scheduler states.
        demotions: shape (S,): demotions that it told of.
        tests: shape (S,): tests of levels that ended, passed or rejected; nan if it counts none.
        curve: shape (S, CURVE_POINTS): mean true pass rate of the learnable cells over the budget.
    """

    student: str
    scheduler: str
    groups: int
    generations: int
    budget: int
    alpha: float | None
    mastered: Bools
    steps: Floats
    batches: Floats
    area: Floats
    forgetting: Floats
    effective: Floats
    promotions: Floats
    false_promotions: Floats
    demotions: Floats
    tests: Floats
    curve: Floats

    @property
    def rollouts(self) -> Floats:
        """Completions generated until mastery, shape (S,); nan where it was not reached."""
        return np.where(self.mastered, self.batches * self.groups * self.generations, np.nan)

    @property
    def fails(self) -> bool:
        """Whether the goal was reached on at most half of the seeds."""
        return bool(self.mastered.mean() <= 0.5)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of times over seeds.

    Attributes:
        median: the median, with the budget as the time of a run that was given up.
        low: the lower quartile, likewise.
        high: the upper quartile, likewise.
        bound: what `median` is, given that some runs were given up: "" if they do not move it,
            "≥" or "≤" if it is a bound of the true one, "~" if it is neither.
    """

    median: float
    low: float
    high: float
    bound: Literal["", "≥", "≤", "~"]


def compare(numerator: Runs, denominator: Runs) -> Ratio:
    """Compare two schedulers on one student, paired by seed.

    The speed-up is uniform's time over the scheduler's; the regret is the scheduler's time over the
    oracle's.
    """
    plain = numerator.batches / denominator.batches
    # how far the median moves if a run that was given up would have taken for ever
    most = np.where(numerator.mastered, plain, np.inf)
    least = np.where(denominator.mastered, plain, 0.0)
    median = float(np.median(plain))
    up, down = np.median(most) > median, np.median(least) < median
    bound: Literal["", "≥", "≤", "~"] = "~" if up and down else "≥" if up else "≤" if down else ""
    low, high = (float(x) for x in np.quantile(plain, (0.25, 0.75)))
    return Ratio(median, low, high, bound)


@final
class Record:
    """Takes down what happens in the runs of one cohort, and says which of them go on."""

    def __init__(self, student: Student, cohort: Cohort, seeds: int, false_below: float) -> None:
        """Begin with the cohort as it starts.

        Args:
            student: the student.
            cohort: its cohort, of which nothing but the true rates and the goal is read.
            seeds: S, number of seeds.
            false_below: true pass rate at or below which a promotion is false.

        Raises:
            ValueError: here and in `step`, if what the cohort says of itself makes no sense.
        """
        self.student = student
        self.cohort = cohort
        self.running = np.ones(seeds, dtype=np.bool_)
        self.false_below = false_below
        self.number = Cells(student.space).number
        self.learnable = np.flatnonzero(_learnable(student, len(self.number)))
        self.rates = self._true_rates().copy()
        self.best = self.rates.copy()
        self.mastered = np.zeros(seeds, dtype=np.bool_)
        self.steps = np.zeros(seeds)
        self.mixed = np.zeros(seeds)
        self.moves = {kind: np.zeros(seeds) for kind in ("promotion", "demotion", "false")}
        self.spent = [np.zeros(seeds)]  # groups generated so far, after each step
        self.means = [self.rates.take(self.learnable, axis=1).mean(axis=1)]

    def step(self, generated: Floats, mixed: Floats) -> None:
        """Note a step: the groups generated and those of them with signal, both of shape (S,)."""
        go = self.running
        self.rates = np.where(go[:, None], self._true_rates(), self.rates)
        self.best = np.maximum(self.best, self.rates)
        self.steps += go
        self.mixed += np.where(go, mixed, 0)
        self.spent.append(self.spent[-1] + np.where(go, generated, 0))
        self.means.append(self.rates.take(self.learnable, axis=1).mean(axis=1))
        self.mastered |= go & check_mastered(self.cohort.mastered(), len(go))
        over = self.spent[-1] >= self.student.budget * self.student.groups
        self.running = go & ~self.mastered & ~over

    def _true_rates(self) -> Floats:
        return check_rates(self.cohort.rates(), len(self.running), len(self.number))

    def event(self, row: int, event: Event) -> None:
        """Note a decision of the scheduler of one seed."""
        if event.kind not in self.moves:
            return
        self.moves[event.kind][row] += 1
        if event.kind == "promotion":
            rate = self.rates[row, self.number[event.family, event.level]]
            self.moves["false"][row] += rate <= self.false_below

    def runs(self, scheduler: str, *, alpha: float | None, tests: Sequence[float]) -> Runs:
        """Return the measures of runs that have ended."""
        student, spent, means = self.student, np.array(self.spent), np.array(self.means)
        batches = spent[-1] / student.groups
        full = student.budget * student.groups
        lost = (self.best - self.rates).take(self.learnable, axis=1)
        return Runs(
            student=student.name,
            scheduler=scheduler,
            groups=student.groups,
            generations=student.generations,
            budget=student.budget,
            alpha=alpha,
            mastered=self.mastered,
            steps=np.where(self.mastered, self.steps, np.nan),
            batches=np.where(self.mastered, batches, float(student.budget)),
            area=_area(spent, means, full),
            forgetting=lost.mean(axis=1),
            effective=self.mixed / spent[-1],
            promotions=self.moves["promotion"],
            false_promotions=self.moves["false"],
            demotions=self.moves["demotion"],
            tests=np.array(tests, dtype=np.float64),
            curve=_curve(spent, means, full),
        )


def _learnable(student: Student, cells: int) -> Bools:
    """Return which cells can be learned, shape (C,)."""
    # not in the protocol: a student of the user's may leave it open, and all of them count
    described = getattr(student, "cells", None)
    return described.learnable if isinstance(described, CellTable) else np.ones(cells, bool)


def _area(spent: Floats, means: Floats, full: int) -> Floats:
    """Return the mean height over `full` groups; a step counts with the rate that it led to.

    Args:
        spent: shape (steps + 1, S), groups generated so far.
        means: shape (steps + 1, S), the rate after each step.
        full: groups of the budget; a last step may lie beyond it.
    """
    inside = np.minimum(spent, full)
    # one after the other: a seed's sum must not depend on how long the runs beside it are
    covered = np.cumsum(np.diff(inside, axis=0) * means[1:], axis=0)[-1]
    area: Floats = (covered + (full - inside[-1]) * means[-1]) / full
    return area


def _curve(spent: Floats, means: Floats, full: int) -> Floats:
    """Return the rates at equally spaced times, shape (S, CURVE_POINTS)."""
    at = np.linspace(0, full, CURVE_POINTS)
    columns: Any = zip(spent.T, means.T, strict=True)
    return np.array([np.interp(at, x, y) for x, y in columns])
