"""An estimator that knows the order of levels: one ability per family explains all its rates."""

import math
import random
from collections.abc import Sequence
from typing import final

from ..cells import Heard
from .estimator import Estimator

ABILITIES = 64  # most steps of the grid; on long ladders it is stretched instead of grown


@final
class IRTPosterior(Estimator):
    """Posterior over each family's ability on its ladder: p(level) = σ((ability - level) / spread).

    A grid of (ability, spread) pairs per family, weighted by the binomial likelihood of every group
    and blurred towards the prior so that an ability may move. The two-parameter logistic model of
    item response theory (Birnbaum 1968) with levels as difficulties.

    Args:
        spreads: logistic spreads, in levels; wider in proportion if the grid is stretched.
        step: distance of neighbouring abilities, in levels; more on ladders of more than 29 levels.
        keep: power to which the old posterior is raised before a group counts (forgetting).
    """

    STATE = ("logs", "counts")

    def __init__(
        self,
        spreads: Sequence[float] = (0.5, 1.0, 2.0),
        *,
        step: float = 0.5,
        keep: float = 0.95,
    ) -> None:
        """Start from a flat prior over abilities from below the first to above the last level."""
        if not spreads or min(spreads) <= 0 or step <= 0:
            raise ValueError(f"spreads and step must be positive, got {spreads!r}, {step!r}")
        if not 0 < keep <= 1:
            raise ValueError(f"keep must be in (0, 1], got {keep!r}")
        self.spreads, self.step, self.keep = tuple(spreads), step, keep

    def reset(self) -> None:
        """Return to the prior."""
        self.counts = [0] * len(self.cells)
        self.grids = [self._grid(len(run)) for run in self.cells.ranges]
        self.logs = [[0.0] * len(grid) for grid in self.grids]
        # by (levels of the family, level): families of equal length share a grid
        self._tables: dict[tuple[int, int], tuple[list[float], list[float]]] = {}

    def _grid(self, levels: int) -> list[tuple[float, float]]:
        """Return the (ability, spread) pairs of a family, abilities from -1 to levels + 2."""
        stretch = max(1.0, (levels + 3) / (self.step * ABILITIES))
        step = self.step * stretch
        abilities = [-1 + place * step for place in range(round((levels + 3) / step) + 1)]
        return [(ability, spread * stretch) for ability in abilities for spread in self.spreads]

    def _table(self, cell: int) -> tuple[list[float], list[float]]:
        """Return ln p and ln(1 - p) of a cell at every point of its family's grid."""
        place, level = self.cells.family_of[cell], self.cells.level(cell)
        key = len(self.cells.ranges[place]), level
        if key not in self._tables:
            odds = [(ability - level) / spread for ability, spread in self.grids[place]]
            self._tables[key] = [_log_sigmoid(x) for x in odds], [_log_sigmoid(-x) for x in odds]
        return self._tables[key]

    def hear(self, heard: Sequence[Heard]) -> None:
        """Multiply the likelihoods of the groups into their families' posteriors."""
        for place, items in self._by_family(heard).items():
            logs = self._forget(self.logs[place], len(items))
            for cell, (right, wrong) in self._discounted(items).items():
                points = zip(logs, *self._table(cell), strict=True)
                logs = [log + right * p + wrong * q for log, p, q in points]
            top = max(logs)
            self.logs[place] = [log - top for log in logs]

    def _by_family(self, heard: Sequence[Heard]) -> dict[int, list[Heard]]:
        """Return the groups of every family, and count their completions."""
        families: dict[int, list[Heard]] = {}
        for item in heard:
            self.counts[item.cell] += item.trials
            families.setdefault(self.cells.family_of[item.cell], []).append(item)
        return families

    def _forget(self, logs: list[float], groups: int) -> list[float]:
        """Return the logarithms of a posterior after so many groups have come in."""
        keep = self.keep**groups
        return [keep * log for log in logs]

    def _discounted(self, items: Sequence[Heard]) -> dict[int, tuple[float, float]]:
        """Return (successes, failures) of every cell, those before the last group discounted."""
        # cells rather than groups: most groups of a family are on one level
        counts: dict[int, tuple[float, float]] = {}
        weight = 1.0
        for cell, successes, trials in reversed(items):
            right, wrong = counts.get(cell, (0.0, 0.0))
            counts[cell] = right + weight * successes, wrong + weight * (trials - successes)
            weight *= self.keep
        return counts

    def rate(self, cell: int) -> float:
        """Return the posterior mean."""
        weights = [math.exp(log) for log in self.logs[self.cells.family_of[cell]]]
        rates = (math.exp(log) for log in self._table(cell)[0])
        return sum(w * p for w, p in zip(weights, rates, strict=True)) / sum(weights)

    def trials(self, cell: int) -> float:
        """Return the completions heard of."""
        return float(self.counts[cell])

    def draw_point(self, place: int, rng: random.Random) -> tuple[float, float]:
        """Return (ability, spread) of a family drawn from its posterior."""
        weights = [math.exp(log) for log in self.logs[place]]
        return rng.choices(self.grids[place], weights)[0]

    def draw(self, cell: int, rng: random.Random) -> float:
        """Return the pass rate at a point drawn from the posterior."""
        ability, spread = self.draw_point(self.cells.family_of[cell], rng)
        return math.exp(_log_sigmoid((ability - self.cells.level(cell)) / spread))


def _log_sigmoid(x: float) -> float:
    """Return ln σ(x) without overflow."""
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))
