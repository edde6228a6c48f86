"""Scores of the estimated pass rate."""

import math
from collections.abc import Sequence
from typing import final

from ..cells import Heard
from ..checks import check_count, check_option
from ..estimators import IRTPosterior
from .score import Moment, Score


@final
class Learnability(Score):
    """p(1 - p): the variance of the reward (Tzannetos et al. 2023; SFL, Rutherford et al. 2024)."""

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return p(1 - p) of the estimated pass rates."""
        rates = [moment.estimator.rate(cell) for cell in cells]
        return [rate * (1 - rate) for rate in rates]


@final
class MixedGroup(Score):
    """Chance that a group of G holds both a success and a failure: 1 - p^G - (1 - p)^G.

    Only such a group has a gradient under a group baseline; unlike p(1 - p) this knows G.

    Args:
        generations: G, completions of a group.
    """

    def __init__(self, generations: int = 8) -> None:
        """Judge groups of `generations` completions."""
        self.generations = check_count("generations", generations, 2)

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return the chances of a mixed group."""
        G = self.generations
        rates = [moment.estimator.rate(cell) for cell in cells]
        return [1 - rate**G - (1 - rate) ** G for rate in rates]


@final
class TargetDifficulty(Score):
    """Minus the distance of the estimated pass rate from a target.

    Args:
        target: the pass rate aimed at.
        thompson: whether the pass rate is drawn from the posterior instead.
    """

    def __init__(self, target: float = 0.5, *, thompson: bool = False) -> None:
        """Aim at `target`."""
        self.target, self.thompson = check_option("target", target, 0, 1, ends="()"), thompson

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return minus the distances."""
        if self.thompson:
            rng = moment.rng(cells[0])
            return [-abs(moment.estimator.draw(cell, rng) - self.target) for cell in cells]
        return [-abs(moment.estimator.rate(cell) - self.target) for cell in cells]


@final
class DrawnAbility(Score):
    """Minus the distance of the level from an ability drawn from the family's posterior.

    The nearest level is the one whose pass rate, under the drawn curve, is nearest to 1/2: there a
    group tells most of the ability (Fisher information). Needs the estimator `IRTPosterior`.
    """

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return minus the distances, with one draw per family."""
        estimator, rng = moment.estimator, moment.rng(cells[0])
        if not isinstance(estimator, IRTPosterior):
            name = type(estimator).__name__
            raise ValueError(f"DrawnAbility needs the estimator IRTPosterior, got {name}")
        places = [self.cells.family_of[cell] for cell in cells]
        abilities = {place: estimator.draw_point(place, rng)[0] for place in dict.fromkeys(places)}
        return [
            -abs(abilities[place] - self.cells.level(cell))
            for cell, place in zip(cells, places, strict=True)
        ]


@final
class FailureRate(Score):
    """1 - p: what is still wrong (Kimi k1.5, arXiv 2501.12599, prioritized sampling)."""

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return the estimated failure rates."""
        return [1 - moment.estimator.rate(cell) for cell in cells]


@final
class AbsAdvantage(Score):
    """Expected absolute advantage of a group normalised by its deviation: 2 sqrt(p(1 - p)).

    That is E|A| for A = (r - p) / sqrt(p(1 - p)); SEC (Chen et al. 2025), section 3.
    """

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return 2 sqrt(p(1 - p)) of the estimated pass rates."""
        rates = [moment.estimator.rate(cell) for cell in cells]
        return [2 * math.sqrt(rate * (1 - rate)) for rate in rates]


@final
class Staleness(Score):
    """Groups heard, of all cells, since this one was last heard of."""

    STATE = ("heard_at", "groups")

    def reset(self) -> None:
        """Start with nothing heard."""
        self.heard_at = [0] * len(self.cells)
        self.groups = 0

    def hear(self, heard: Sequence[Heard]) -> None:
        """Note when the cells were heard of."""
        for cell, _, _ in heard:
            self.groups += 1
            self.heard_at[cell] = self.groups

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return the ages."""
        return [float(self.groups - self.heard_at[cell]) for cell in cells]
