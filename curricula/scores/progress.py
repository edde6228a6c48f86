"""Learning progress: how far a fast average of the pass rate has left a slow one behind."""

import math
from collections.abc import Sequence
from typing import final

from ..cells import Heard
from ..checks import check_option
from .score import Moment, Score, batch_means


@final
class LearningProgress(Score):
    """Absolute difference of a fast and a slow average of the pass rate, after re-weighting.

    fast <- EMA of the batch means, slow <- EMA of fast, and |f(fast) - f(slow)| with
    f(p) = p (1 - theta) / (p + theta (1 - 2p)), which stretches low rates. Source: Kanitscheider et
    al. 2021 (arXiv 2106.14876), as used by OMNI (Zhang et al. 2023, arXiv 2306.01711) and Syllabus.

    Args:
        alpha: weight of the newest value in both averages.
        theta: strength of the re-weighting, in (0, 0.5]; 0.5 leaves p as it is.
        cap: if given, a rate p counts as max(0, p - b) / (1 - b) above the baseline b, which is the
            first batch mean of the cell and at most `cap`.
        sigmoid: whether values are compared with each other: among cells that have progress or ever
            succeeded, the logistic function of the z value; 0 for the other cells.
    """

    STATE = ("fast", "slow", "true", "baseline", "seen")

    def __init__(
        self,
        alpha: float = 0.1,
        theta: float = 0.1,
        *,
        cap: float | None = None,
        sigmoid: bool = False,
    ) -> None:
        """Average with weight `alpha`."""
        self.alpha = check_option("alpha", alpha, 0, 1, ends="(]")
        self.theta = check_option("theta", theta, 0, 0.5, ends="(]")
        self.cap = None if cap is None else check_option("cap", cap, 0, 1, ends="[)")
        self.sigmoid = sigmoid

    def reset(self) -> None:
        """Start all averages at 0, the success of a policy that knows nothing."""
        self.fast = [0.0] * len(self.cells)
        self.slow = [0.0] * len(self.cells)
        self.true = [0.0] * len(self.cells)  # EMA of the rates as they are
        self.baseline = [0.0] * len(self.cells)
        self.seen = [0] * len(self.cells)  # batches

    def hear(self, heard: Sequence[Heard]) -> None:
        """Move the averages; the first batch of a cell sets them."""
        for cell, rate in batch_means(heard).items():
            first = not self.seen[cell]
            if first and self.cap is not None:
                self.baseline[cell] = min(rate, self.cap)
            base = self.baseline[cell]
            gain = max(0.0, rate - base) / (1 - base)
            if first:
                self.fast[cell], self.slow[cell], self.true[cell] = gain, gain, rate
            self.fast[cell] += self.alpha * (gain - self.fast[cell])
            self.slow[cell] += self.alpha * (self.fast[cell] - self.slow[cell])
            self.true[cell] += self.alpha * (rate - self.true[cell])
            self.seen[cell] += 1

    def _stretch(self, rate: float) -> float:
        return rate * (1 - self.theta) / (rate + self.theta * (1 - 2 * rate))

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return the progress of each cell."""
        values = [abs(self._stretch(self.fast[c]) - self._stretch(self.slow[c])) for c in cells]
        return self._compare(cells, values) if self.sigmoid else values

    def _compare(self, cells: Sequence[int], values: Sequence[float]) -> list[float]:
        """Return the logistic function of the z values among cells that are worth comparing."""
        alive = [v > 0 or self.true[c] > 0 for c, v in zip(cells, values, strict=True)]
        if not any(alive):
            return [0.5] * len(cells)
        some = [value for value, flag in zip(values, alive, strict=True) if flag]
        mean = sum(some) / len(some)
        deviation = math.sqrt(sum((value - mean) ** 2 for value in some) / len(some)) or 1.0
        return [
            1 / (1 + math.exp(-(value - mean) / deviation)) if flag else 0.0
            for value, flag in zip(values, alive, strict=True)
        ]
