"""Controllers: one difficulty per family that is steered towards a pass rate."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import final

from ..cells import Heard
from ..checks import check_option
from .score import Moment, Score

RANGE = 100.0  # AdaRFT's scale of difficulty: the easiest level is at 0, the hardest here


class Controller(Score):
    """1 for the level that is on, in each family, and 0 for the others. Abstract."""

    @abstractmethod
    def current(self, place: int) -> int:
        """Return which level of a family is on, counted from 0."""

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return 1 for the cells that are on."""
        places = {self.cells.family_of[cell] for cell in cells}
        on = {self.cells.ranges[place].start + self.current(place) for place in places}
        return [float(cell in on) for cell in cells]


@final
class TargetLevel(Controller):
    """The level nearest to T, where T <- clip(T + eta * tanh(alpha * (r - beta)), 0, 100), first 0.

    r is the share of right completions of the family in the batch. AdaRFT, Shi et al. 2025 (arXiv
    2504.05520), algorithm 1. Of two levels equally near the easier one is taken.

    Args:
        eta: step size, on the scale of difficulty.
        alpha: sensitivity.
        beta: the pass rate aimed at.
    """

    STATE = ("targets",)

    def __init__(self, eta: float = 50.0, alpha: float = 2.0, beta: float = 0.5) -> None:
        """Keep the constants."""
        self.eta = check_option("eta", eta, 0, ends="(]")
        self.alpha = check_option("alpha", alpha, 0, ends="(]")
        self.beta = check_option("beta", beta, 0, 1)

    def reset(self) -> None:
        """Start at the easiest level."""
        self.targets = [0.0] * len(self.cells.families)

    def hear(self, heard: Sequence[Heard]) -> None:
        """Move the target of every family in the batch once."""
        counts: dict[int, tuple[int, int]] = {}
        for cell, successes, trials in heard:
            place = self.cells.family_of[cell]
            right, all_of = counts.get(place, (0, 0))
            counts[place] = right + successes, all_of + trials
        for place, (right, all_of) in counts.items():
            step = self.eta * math.tanh(self.alpha * (right / all_of - self.beta))
            self.targets[place] = min(RANGE, max(0.0, self.targets[place] + step))

    def current(self, place: int) -> int:
        """Return the level nearest to the target."""
        last = len(self.cells.ranges[place]) - 1
        return max(0, math.ceil(self.targets[place] / RANGE * last - 0.5))


@final
class Complexity(Controller):
    """Level floor(c * (K - 1)), with c in 0..1 stepped after every group of the family.

    m and s are mean and deviation of the last 5 group means, 3 at least, and the step is 0.05 times
    the stability max(0.5, 1 - s): up if m > target + 0.05, down if m < target - 0.05. It is 0.1
    times the stability, if that exceeds 0.8, where m > 0.9 and c < 0.5, or m < 0.3 and c > 0.5.
    Source: the reasoning-gym environment of NousResearch/atropos.

    Args:
        target: the pass rate aimed at.
        start: first c.
    """

    STATE = ("complexity", "recent")

    def __init__(self, target: float = 0.7, start: float = 0.3) -> None:
        """Keep the constants."""
        self.target = check_option("target", target, 0, 1, ends="()")
        self.first = check_option("start", start, 0, 1)

    def reset(self) -> None:
        """Return to the start."""
        self.complexity = [self.first] * len(self.cells.families)
        self.recent: list[list[float]] = [[] for _ in self.cells.families]

    def hear(self, heard: Sequence[Heard]) -> None:
        """Step the family of every group."""
        for cell, successes, trials in heard:
            place = self.cells.family_of[cell]
            recent = self.recent[place]
            recent.append(successes / trials)
            del recent[:-5]
            if len(recent) >= 3:
                moved = self.complexity[place] + self._step(recent, self.complexity[place])
                self.complexity[place] = min(1.0, max(0.0, moved))

    def _step(self, recent: Sequence[float], now: float) -> float:
        """Return by how much the complexity changes."""
        mean = sum(recent) / len(recent)
        variance = sum((score - mean) ** 2 for score in recent) / len(recent)
        stability = max(0.5, 1 - math.sqrt(variance))
        if stability > 0.8:
            if mean > 0.9 and now < 0.5:
                return 0.1 * stability
            if mean < 0.3 and now > 0.5:
                return -0.1 * stability
        if mean > self.target + 0.05:
            return 0.05 * stability
        return -0.05 * stability if mean < self.target - 0.05 else 0.0

    def current(self, place: int) -> int:
        """Return the level that the complexity stands for."""
        return int(self.complexity[place] * (len(self.cells.ranges[place]) - 1))
