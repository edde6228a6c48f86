"""One figure of a benchmark, and how figures are put together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of a benchmark.

    Attributes:
        name: what was measured, such as `iteration/full` or `generation/arithmetic`.
        value: the figure.
        unit: its unit.
        peer: what it is held against in the same unit: another library, the cost model, a matrix
            product.
        ratio: how many times better than the peer for times and rates, else ours over `peer`.
    """

    name: str
    value: float
    unit: str
    peer: float | None = None
    ratio: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def against(name: str, value: float, unit: str, peer: float) -> Row:
    """Return a row whose ratio is value over peer."""
    return Row(name, value, unit, peer, value / peer)


def geometric_mean(ratios: Sequence[float]) -> float:
    """Return the geometric mean.

    >>> round(geometric_mean([2.0, 8.0]), 6)
    4.0
    """
    return math.exp(statistics.fmean(map(math.log, ratios)))


def take_turns(rounds: int, *sides: Callable[[], float]) -> list[float]:
    """Return the median figure of each side, measured in turn so that both meet the same machine.

    One more round goes first and is not counted.
    """
    figures = [[side() for side in sides] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*figures, strict=True)]
