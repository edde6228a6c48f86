"""What an estimator is.

All of them count whole groups for their ticket's cell, whenever they arrive.
"""

import random
from abc import abstractmethod

from ..part import Part


class Estimator(Part):
    """Believes something of every cell's pass rate. Abstract."""

    @abstractmethod
    def rate(self, cell: int) -> float:
        """Return the estimated pass rate, 0..1."""

    @abstractmethod
    def trials(self, cell: int) -> float:
        """Return how many completions the estimate rests on, discounted if old ones are."""

    def draw(self, cell: int, rng: random.Random) -> float:
        """Return a pass rate drawn from the posterior; the estimate itself without a posterior."""
        return self.rate(cell)
