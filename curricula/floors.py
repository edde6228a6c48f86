"""Floors: what every cell that may be drawn gets at least."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import final

from .cells import Heard
from .part import Part
from .selection import spread


class Floor(Part):
    """Mixes something for every cell into the shares. Abstract."""

    @abstractmethod
    def lift(self, cells: Sequence[int], shares: Sequence[float]) -> list[float]:
        """Return the shares with the floor mixed in; the sum stays."""


@final
class EvenFloor(Floor):
    """(1 - share) of what was chosen, and `share` spread evenly.

    Args:
        share: part of the tickets that is spread, 0..1.
    """

    def __init__(self, share: float) -> None:
        """Keep the share."""
        if not 0 <= share <= 1:
            raise ValueError(f"share of a floor must be between 0 and 1, got {share!r}")
        self.share = share

    def lift(self, cells: Sequence[int], shares: Sequence[float]) -> list[float]:
        """Return the shares with the floor mixed in."""
        even = self.share / len(cells)
        return [(1 - self.share) * share + even for share in shares]


@final
class StaleFloor(Floor):
    """(1 - share) of what was chosen, and `share` spread by how long a cell was not heard of.

    Weights are the groups heard, of all cells, since a cell was last heard of, so that probes go
    where the estimate is oldest. Staleness as in PLR (Jiang et al. 2021, section 3.2).

    Args:
        share: part of the tickets that is spread, 0..1.
    """

    STATE = ("heard_at", "groups")

    def __init__(self, share: float) -> None:
        """Keep the share."""
        if not 0 <= share <= 1:
            raise ValueError(f"share of a floor must be between 0 and 1, got {share!r}")
        self.share = share

    def reset(self) -> None:
        """Start with nothing heard."""
        self.heard_at = [0] * len(self.cells)
        self.groups = 0

    def hear(self, heard: Sequence[Heard]) -> None:
        """Note when the cells were heard of."""
        for cell, _, _ in heard:
            self.groups += 1
            self.heard_at[cell] = self.groups

    def lift(self, cells: Sequence[int], shares: Sequence[float]) -> list[float]:
        """Return the shares with the floor mixed in."""
        ages = spread([float(self.groups - self.heard_at[cell]) for cell in cells])
        return [
            (1 - self.share) * share + self.share * age
            for share, age in zip(shares, ages, strict=True)
        ]
