"""Mixes: how tickets are shared between families."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from .cells import Cells, Heard
from .checks import check_families, check_weights
from .part import Part
from .selection import spread
from .trends import shift


@dataclass(frozen=True, slots=True)
class Standing:
    """How a family stands when the tickets are shared.

    Attributes:
        finished: whether it has no level left to pass.
        deficit: share of its tickets that replay asks for.
    """

    finished: bool
    deficit: float


class Mix(Part):
    """Shares tickets between families. Abstract."""

    @abstractmethod
    def shares(self, standings: Sequence[Standing]) -> list[float]:
        """Return the share of each family; they sum to 1."""


@final
class Even(Mix):
    """Fixed shares, equal unless weights are given.

    Args:
        weights: relative share of families; 1 where not named.
    """

    def __init__(self, weights: Mapping[str, float] | None = None) -> None:
        """Keep the weights."""
        self.weights = check_weights(weights)

    def start(self, cells: Cells) -> None:
        """Divide the weights by their sum."""
        check_families("weights", self.weights, cells.space)
        super().start(cells)
        self._shares = spread([self.weights.get(family, 1.0) for family in cells.families])

    def shares(self, standings: Sequence[Standing]) -> list[float]:
        """Return the fixed shares."""
        return self._shares


@final
class ProgressGated(Mix):
    """Shares by need and by progress: families that stand still or are finished get little.

    A family claims 1 at first. After every look at its last `stretch` groups in which no cell got
    significantly better it claims half as much, down to `least`, and after every other look four
    times as much, up to 1; looks come half a stretch apart. Once it is finished it claims no more
    than replay asks for. Claims are divided by the largest, and a finished family gets `idle` on
    top. Progress is a stratified comparison of the two halves of the stretch, cell by cell, of at
    least `z` standard errors (`trends.shift`). So a family of coin flips, whose groups are mixed
    for ever, loses its share, and a family with nothing to gain yet waits.

    Args:
        stretch: groups of a family that a look is at, at least 2.
        z: progress that counts, in standard errors.
        least: least claim of a family that stands still.
        idle: what a finished family gets beside the largest claim, 1.
        weights: relative share of families before any of this; 1 where not named.
    """

    STATE = ("recent", "weight")

    def __init__(
        self,
        *,
        stretch: int = 64,
        z: float = 1.5,
        least: float = 0.03,
        idle: float = 0.03,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        """Keep the rules."""
        if stretch < 2:
            raise ValueError(f"stretch must be at least 2 groups, got {stretch!r}")
        if not (0 <= least <= 1 and 0 <= idle <= 1):
            raise ValueError(f"least and idle must be between 0 and 1, got {least!r}, {idle!r}")
        self.stretch, self.z, self.least, self.idle = stretch, z, least, idle
        self.weights = check_weights(weights)

    def start(self, cells: Cells) -> None:
        """Start with all families at full weight."""
        check_families("weights", self.weights, cells.space)
        super().start(cells)

    def reset(self) -> None:
        """Forget what was heard."""
        families = len(self.cells.families)
        self.recent: list[list[list[int]]] = [[] for _ in range(families)]
        self.weight = [1.0] * families

    def hear(self, heard: Sequence[Heard]) -> None:
        """Collect the groups of each family and look when a stretch is full."""
        for cell, successes, trials in heard:
            place = self.cells.family_of[cell]
            recent = self.recent[place]
            recent.append([cell, successes, trials])
            if len(recent) >= self.stretch:
                moved = progress(recent) >= self.z
                weight = self.weight[place]
                self.weight[place] = min(1.0, 4 * weight) if moved else max(self.least, weight / 2)
                del recent[: self.stretch // 2]

    def shares(self, standings: Sequence[Standing]) -> list[float]:
        """Return the shares."""
        claims = [
            min(weight, standing.deficit) if standing.finished else weight
            for weight, standing in zip(self.weight, standings, strict=True)
        ]
        top = max(claims) or 1.0  # who stands still must not lose to families with nothing to do
        weights = []
        for claim, standing, family in zip(claims, standings, self.cells.families, strict=True):
            weight = claim / top + self.idle * standing.finished
            weights.append(weight * self.weights.get(family, 1.0))
        return spread(weights)


def progress(groups: Sequence[Sequence[int]]) -> float:
    """Return by how many standard errors the later half is better, cell for cell (`shift`).

    Args:
        groups: [cell, successes, trials] in the order of time.

    >>> round(progress([[0, 2, 8], [1, 0, 8], [0, 6, 8], [1, 4, 8]]), 3)
    1.414
    """
    half = len(groups) // 2
    strata: dict[int, tuple[list[float], list[float]]] = {}
    for place, (cell, successes, trials) in enumerate(groups):
        strata.setdefault(cell, ([], []))[place >= half].append(successes / trials)
    return shift(strata.values())
