"""Schedules: weights of levels that depend on time alone.

Of E2H (Parashar et al. 2025, arXiv 2506.06632; repository divelab/E2H-Reasoning). Levels are
counted from 0 in the formulas, K of them; `progress` is the part of the horizon that has passed.
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias, final

from ..checks import check_option
from .score import Moment, Score

Weights: TypeAlias = Callable[[float, int], list[float]]  # (progress in 0..1, K) -> K weights


def one_level(progress: float, levels: int) -> list[float]:
    """Return weight 1 for level floor(progress * K), the last level at the end.

    >>> one_level(0.5, 4)
    [0.0, 0.0, 1.0, 0.0]
    """
    active = min(int(progress * levels), levels - 1)
    return [float(level == active) for level in range(levels)]


def smallest_weight(levels: int) -> float:
    """Return the least weight of a linear mix of K levels, 2 / (K (K + 1)); E2H's floor."""
    return 2 / (levels * (levels + 1))


def cosine_mix(progress: float, levels: int) -> list[float]:
    """Return a mix that turns from linearly falling to linearly rising weights along a cosine.

    a = (1 + cos(pi * progress)) / 2 is the weight of the falling mix, proportional to K - i, and
    1 - a that of the rising one, proportional to i + 1.

    >>> [round(weight, 3) for weight in cosine_mix(0.0, 3)]
    [0.5, 0.333, 0.167]
    """
    total = levels * (levels + 1) / 2
    early = (1 + math.cos(math.pi * progress)) / 2
    # E2H also raises weights to its floor, but a mix of the two is never below it
    return [
        (early * (levels - level) + (1 - early) * (level + 1)) / total for level in range(levels)
    ]


def gaussian(
    progress: float,
    levels: int,
    *,
    exponent: float = 0.5,
    sigma: float = 0.5,
    floor: float | None = None,
) -> list[float]:
    """Return Gaussian weights around progress ** exponent * (K - 1), lifted by a floor.

    Args:
        progress: part of the horizon that has passed, 0..1.
        levels: K.
        exponent: above 0; below 1 the mean moves faster at first.
        sigma: deviation, in levels, above 0.
        floor: chance that every level has at least, not negative; None for `smallest_weight`.

    Raises:
        ValueError: if the floors add up to more than 1.
    """
    least = smallest_weight(levels) if floor is None else floor
    if levels * least > 1:
        raise ValueError(f"floor must be at most 1/{levels} for {levels} levels, got {floor!r}")
    mean = progress**exponent * (levels - 1)
    away = [abs(level - mean) for level in range(levels)]
    near = min(away)  # its weight is 1, so that a narrow Gaussian between two levels is not all 0
    weights = [math.exp((near - far) * (near + far) / sigma / sigma / 2) for far in away]
    total = sum(weights)
    return [least + (1 - levels * least) * weight / total for weight in weights]


@final
class LevelSchedule(Score):
    """Weights of levels at the latest policy version.

    Args:
        weights: from (progress, number of levels of the family) to the weight of each level.
        horizon: policy versions of the run; the last weights stay after them.
    """

    def __init__(self, weights: Weights, horizon: int) -> None:
        """Keep the schedule."""
        self.weights, self.horizon = weights, check_option("horizon", horizon, 1)

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return the weights of the cells' levels."""
        progress = min(1.0, max(0.0, moment.version / self.horizon))
        places = [self.cells.family_of[cell] for cell in cells]
        runs = self.cells.ranges
        tables = {place: self.weights(progress, len(runs[place])) for place in set(places)}
        return [
            tables[place][cell - runs[place].start]
            for cell, place in zip(cells, places, strict=True)
        ]
