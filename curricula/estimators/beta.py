"""A Beta posterior that forgets."""

import random
from collections.abc import Sequence
from typing import final

from ..cells import Heard
from .estimator import Estimator


@final
class DiscountedBeta(Estimator):
    """Beta posterior in which an outcome counts half after `half_life` groups.

    Conjugate updating with a forgetting factor (West and Harrison, "Bayesian Forecasting and
    Dynamic Models", 1997, ch. 14); the prior is Jeffreys' Beta(1/2, 1/2) unless given.

    Args:
        half_life: age at which an outcome counts half, in groups; infinity forgets nothing.
        clock: whose groups make an outcome older: those of its "cell", or "all" of them.
        successes: prior successes.
        failures: prior failures.
    """

    STATE = ("right", "wrong", "heard_at", "groups")

    def __init__(
        self,
        half_life: float = 8.0,
        *,
        clock: str = "cell",
        successes: float = 0.5,
        failures: float = 0.5,
    ) -> None:
        """Start from the prior."""
        if not half_life > 0:
            raise ValueError(f"half_life must be positive, got {half_life!r}")
        if clock not in {"cell", "all"}:
            raise ValueError(f"clock must be 'cell' or 'all', got {clock!r}")
        if not (successes > 0 and failures > 0):
            raise ValueError(f"the prior must be positive, got {successes!r} and {failures!r}")
        self.keep, self.clock = 0.5 ** (1 / half_life), clock
        self.prior = (successes, failures)

    def reset(self) -> None:
        """Forget everything."""
        self.right = [0.0] * len(self.cells)
        self.wrong = [0.0] * len(self.cells)
        self.heard_at = [0] * len(self.cells)  # groups in all when the cell was last heard of
        self.groups = 0

    def hear(self, heard: Sequence[Heard]) -> None:
        """Discount what is older and add the counts."""
        for cell, successes, trials in heard:
            self.groups += 1
            keep = self.keep
            if self.clock == "all":
                keep **= self.groups - self.heard_at[cell]
            self.right[cell] = self.right[cell] * keep + successes
            self.wrong[cell] = self.wrong[cell] * keep + trials - successes
            self.heard_at[cell] = self.groups

    def _beta(self, cell: int) -> tuple[float, float]:
        """Return the parameters of the posterior now."""
        keep = 1.0
        if self.clock == "all":
            keep = self.keep ** (self.groups - self.heard_at[cell])
        return (
            self.prior[0] + keep * self.right[cell],
            self.prior[1] + keep * self.wrong[cell],
        )

    def rate(self, cell: int) -> float:
        """Return the mean of the posterior."""
        alpha, beta = self._beta(cell)
        return alpha / (alpha + beta)

    def trials(self, cell: int) -> float:
        """Return the completions in the posterior, the prior's not counted."""
        return sum(self._beta(cell)) - sum(self.prior)

    def draw(self, cell: int, rng: random.Random) -> float:
        """Return a draw from the posterior."""
        return rng.betavariate(*self._beta(cell))
