"""Estimators that average: over a window, or exponentially."""

from collections.abc import Sequence
from typing import final

from ..cells import Heard
from .estimator import Estimator


@final
class Window(Estimator):
    """Mean of the last groups of a cell.

    Args:
        groups: how many; older ones are forgotten.
        prior: the estimate of a cell without outcomes.
    """

    STATE = ("recent",)

    def __init__(self, groups: int, *, prior: float = 0.0) -> None:
        """Remember `groups` groups of every cell."""
        if groups < 1:
            raise ValueError(f"groups of a Window must be at least 1, got {groups!r}")
        self.groups, self.prior = groups, prior

    def reset(self) -> None:
        """Forget everything."""
        self.recent: list[list[list[int]]] = [[] for _ in range(len(self.cells))]

    def hear(self, heard: Sequence[Heard]) -> None:
        """Append the groups and drop the oldest."""
        for cell, successes, trials in heard:
            recent = self.recent[cell]
            recent.append([successes, trials])
            if len(recent) > self.groups:
                del recent[0]

    def rate(self, cell: int) -> float:
        """Return the share of right completions among those remembered."""
        trials = sum(trials for _, trials in self.recent[cell])
        return sum(right for right, _ in self.recent[cell]) / trials if trials else self.prior

    def trials(self, cell: int) -> float:
        """Return the completions remembered."""
        return float(sum(trials for _, trials in self.recent[cell]))


@final
class EMA(Estimator):
    """Exponential moving average of group means: rate += alpha * (mean - rate).

    Args:
        alpha: weight of the newest group, in (0, 1].
        prior: the estimate of a cell without outcomes.
        first: whether the first group replaces the prior altogether.
    """

    STATE = ("rates", "counts")

    def __init__(self, alpha: float, *, prior: float = 0.0, first: bool = False) -> None:
        """Average with weight `alpha`."""
        if not 0 < alpha <= 1:
            raise ValueError(f"alpha of an EMA must be in (0, 1], got {alpha!r}")
        self.alpha, self.prior, self.first = alpha, prior, first

    def reset(self) -> None:
        """Return to the prior."""
        self.rates = [self.prior] * len(self.cells)
        self.counts = [0] * len(self.cells)

    def hear(self, heard: Sequence[Heard]) -> None:
        """Move the averages."""
        for cell, successes, trials in heard:
            new = self.first and not self.counts[cell]
            weight = 1.0 if new else self.alpha
            self.rates[cell] += weight * (successes / trials - self.rates[cell])
            self.counts[cell] += trials

    def rate(self, cell: int) -> float:
        """Return the moving average."""
        return self.rates[cell]

    def trials(self, cell: int) -> float:
        """Return the completions heard of."""
        return float(self.counts[cell])
