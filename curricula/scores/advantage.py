"""Scores made of absolute advantages: how much a group of a cell moves the policy."""

import math
from collections.abc import Sequence
from typing import final

from ..cells import Heard
from ..checks import check_option
from ..selection import RankPower, spread
from .score import Moment, Score


def abs_advantage(successes: int, trials: int, *, normalized: bool) -> float:
    """Return the mean absolute advantage of one group.

    With r the share of successes, advantages are 1 - r and -r, of mean absolute value 2r(1 - r);
    divided by the deviation sqrt(r(1 - r)) of the group, as in GRPO, it is 2 sqrt(r(1 - r)).

    >>> abs_advantage(2, 8, normalized=False)
    0.375
    """
    rate = successes / trials
    return 2 * (math.sqrt(rate * (1 - rate)) if normalized else rate * (1 - rate))


def _batch_advantages(heard: Sequence[Heard], *, normalized: bool) -> dict[int, float]:
    """Return the mean absolute advantage over the completions of every cell in one batch."""
    total: dict[int, float] = {}
    trials: dict[int, int] = {}
    for item in heard:
        size = abs_advantage(item.successes, item.trials, normalized=normalized)
        total[item.cell] = total.get(item.cell, 0.0) + size * item.trials
        trials[item.cell] = trials.get(item.cell, 0) + item.trials
    return {cell: total[cell] / trials[cell] for cell in total}


@final
class AverageAdvantage(Score):
    """Q with Q <- alpha * (mean normalised |advantage| in the batch) + (1 - alpha) * Q, first 0.

    SEC, Chen et al. 2025 (arXiv 2505.14970).

    Args:
        alpha: weight of the newest batch.
    """

    STATE = ("quality",)

    def __init__(self, alpha: float = 0.5) -> None:
        """Average with weight `alpha`."""
        self.alpha = check_option("alpha", alpha, 0, 1, ends="(]")

    def reset(self) -> None:
        """Start from nothing."""
        self.quality = [0.0] * len(self.cells)

    def hear(self, heard: Sequence[Heard]) -> None:
        """Move the averages of the cells in this batch."""
        for cell, size in _batch_advantages(heard, normalized=True).items():
            self.quality[cell] += self.alpha * (size - self.quality[cell])

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return Q."""
        return [self.quality[cell] for cell in cells]


@final
class PrioritizedReplay(Score):
    """Chances of prioritized level replay, Jiang et al. 2021 (arXiv 2010.03934).

    Cells heard of are replayed with chances (1 - rho) * P_S + rho * P_C, where P_S goes with
    rank ** (-1 / beta) of the latest mean |advantage|, and P_C with staleness: groups heard, of all
    cells, since this one was. The chance of a replay is the share of cells heard of, once that
    reaches `replay_from`, and 0 before; else a cell not heard of yet is drawn, all alike.

    Args:
        beta: temperature of the ranks.
        rho: share of staleness.
        replay_from: share of cells heard of from which there are replays.
    """

    STATE = ("sizes", "heard_at", "groups")

    def __init__(self, beta: float = 0.1, rho: float = 0.1, replay_from: float = 1.0) -> None:
        """Keep the constants."""
        self.ranks = RankPower(check_option("beta", beta, 0, ends="(]"))
        self.rho = check_option("rho", rho, 0, 1)
        self.replay_from = check_option("replay_from", replay_from, 0, 1)

    def reset(self) -> None:
        """Start with nothing heard."""
        self.sizes = [0.0] * len(self.cells)
        self.heard_at = [0] * len(self.cells)  # 0: never
        self.groups = 0

    def hear(self, heard: Sequence[Heard]) -> None:
        """Keep the latest size and time of every cell."""
        for item in heard:
            self.groups += 1
            self.heard_at[item.cell] = self.groups
        for cell, size in _batch_advantages(heard, normalized=False).items():
            self.sizes[cell] = size

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return the chances."""
        seen = [cell for cell in cells if self.heard_at[cell]]
        share = len(seen) / len(cells)
        replay = share if seen and share >= self.replay_from else 0.0
        fresh = (1 - replay) / (len(cells) - len(seen)) if len(seen) < len(cells) else 0.0
        chances = dict.fromkeys(cells, fresh)
        if seen:
            ranks = self.ranks([self.sizes[cell] for cell in seen])
            ages = spread([float(self.groups - self.heard_at[cell]) for cell in seen])
            for cell, rank, age in zip(seen, ranks, ages, strict=True):
                chances[cell] = replay * ((1 - self.rho) * rank + self.rho * age)
        return list(chances.values())
