"""Oracle rules: what to train on next, for whoever sees the true pass rates.

A rule picks a cell for every family that can learn (`Pick`) and divides a step's groups among the
families whose goal is not reached (`Order`). None of them is optimal everywhere, so a student
offers several and the best of them is the yardstick. On the mean field of a chain of ten skills
`lowest(0.5)` takes 1175 groups, and 6000 random schedules with a threshold per level found nothing
below 1170.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .cell_table import CellTable
from .student import MASTERY, Cohort, Rule

Floats: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The cells of a family that can be learned, from the easiest, and those of its goal."""

    learnable: Numbers
    goal: Numbers
    speed: float


Pick: TypeAlias = Callable[[Floats, Course], Numbers]  # rates (S, C) -> cell of the family (S,)
Order: TypeAlias = Callable[[Numbers, Floats, int], Numbers]  # picks, needs (S, F), B -> (S, B)


def courses(cells: CellTable) -> list[Course]:
    """Return the families that have something to learn."""
    found = []
    for family in np.unique(cells.family[cells.learnable]):
        learnable = np.flatnonzero(cells.learnable & (cells.family == family))
        goal = learnable[cells.goal[learnable]]
        found.append(Course(learnable, goal, float(cells.speed[learnable[0]])))
    return found


def lowest(threshold: float) -> Pick:
    """Pick the easiest level below a true rate; if there is none, the goal's hardest to pass."""

    def pick(rates: Floats, course: Course) -> Numbers:
        below = rates[:, course.learnable] < threshold
        last = course.goal[rates[:, course.goal].argmin(axis=1)]
        easiest = course.learnable[below.argmax(axis=1)]
        picked: Numbers = np.where(below.any(axis=1), easiest, last)
        return picked

    return pick


def nearest(rate: float) -> Pick:
    """Pick the level whose true rate is nearest to `rate`."""

    def pick(rates: Floats, course: Course) -> Numbers:
        distances = np.abs(rates[:, course.learnable] - rate)
        picked: Numbers = course.learnable[distances.argmin(axis=1)]
        return picked

    return pick


def neediest(picks: Numbers, needs: Floats, groups: int) -> Numbers:
    """Give all groups to the family that has most left to learn."""
    chosen = picks[np.arange(len(picks)), needs.argmax(axis=1)]
    return np.repeat(chosen[:, None], groups, axis=1)


def turns(picks: Numbers, needs: Floats, groups: int) -> Numbers:
    """Deal the groups out to the unfinished families, those with most left to learn first."""
    ranking = np.argsort(-needs, axis=1, kind="stable")
    unfinished = np.maximum(1, np.isfinite(needs).sum(axis=1))
    place = np.arange(groups) % unfinished[:, None]
    return np.take_along_axis(picks, np.take_along_axis(ranking, place, axis=1), axis=1)


def course_rule(cells: CellTable, groups: int, pick: Pick, order: Order) -> Rule:
    """Return the rule that picks by `pick` and divides a step's `groups` by `order`."""
    families = courses(cells)

    def rule(cohort: Cohort) -> Numbers:
        rates = cohort.rates()
        picks, needs = [], []
        for course in families:
            left = (1 - rates[:, course.learnable]).sum(axis=1) / course.speed
            finished = (rates[:, course.goal] >= MASTERY).all(axis=1)
            picks.append(pick(rates, course))
            needs.append(np.where(finished, -np.inf, left))
        return order(np.stack(picks, axis=1), np.stack(needs, axis=1), groups)

    return rule


def highest(gains: Floats, groups: int) -> Numbers:
    """Give all groups to the cell of the highest gain, shape (S, C) -> (S, B)."""
    return np.repeat(gains.argmax(axis=1)[:, None], groups, axis=1)
