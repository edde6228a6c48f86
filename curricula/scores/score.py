"""What a score is, and what it may look at."""

import hashlib
import random
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from ..cells import Heard
from ..estimators import Estimator
from ..part import Part


def batch_means(heard: Sequence[Heard]) -> dict[int, float]:
    """Return the share of right completions of every cell in one batch.

    >>> batch_means([Heard(cell=3, successes=4, trials=4), Heard(cell=3, successes=0, trials=4)])
    {3: 0.5}
    """
    right: dict[int, int] = {}
    trials: dict[int, int] = {}
    for item in heard:
        right[item.cell] = right.get(item.cell, 0) + item.successes
        trials[item.cell] = trials.get(item.cell, 0) + item.trials
    return {cell: right[cell] / trials[cell] for cell in right}


@dataclass(frozen=True, slots=True)
class Moment:
    """What a score may look at.

    Attributes:
        estimator: what is believed of every cell.
        version: the latest policy version.
        seed: of the curriculum.
        draws: calls of `sample` so far.
    """

    estimator: Estimator
    version: int
    seed: int
    draws: int

    def rng(self, cell: int = 0) -> random.Random:
        """Return a stream of this moment: the same until the next call of `sample`.

        Args:
            cell: the first cell to be scored; families are scored one by one, and each needs a
                stream of its own.
        """
        # keyed by the call, not a running stream: reading the probabilities must change nothing
        name = f"score:{self.seed}:{self.draws}:{cell}"
        key = hashlib.blake2b(name.encode(), digest_size=16).digest()
        return random.Random(int.from_bytes(key))


class Score(Part):
    """Says what cells are worth; a `Selection` makes chances of it. Abstract."""

    @abstractmethod
    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return the worth of each of these cells."""


@final
class Constant(Score):
    """All cells alike."""

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return ones."""
        return [1.0] * len(cells)
