"""Selections: from the scores of cells to chances."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol


class Selection(Protocol):
    """Turns scores into chances."""

    def __call__(self, scores: Sequence[float]) -> list[float]:
        """Return chances that sum to 1, one for each score (at least one)."""
        ...


def spread(weights: Sequence[float]) -> list[float]:
    """Return weights divided by their sum; evenly where all are 0.

    >>> spread([1, 3]), spread([0, 0])
    ([0.25, 0.75], [0.5, 0.5])
    """
    total = sum(weights)
    if total <= 0:
        return [1 / len(weights)] * len(weights)
    return [weight / total for weight in weights]


def mixed_in(shares: dict[int, float], part: float, others: dict[int, float]) -> dict[int, float]:
    """Return shares of which others take a part; with part 0 the floor reaches them still."""
    mixed = {cell: (1 - part) * share for cell, share in shares.items()}
    for cell, share in others.items():
        mixed[cell] = mixed.get(cell, 0.0) + part * share
    return mixed


@dataclass(frozen=True, slots=True)
class Proportional:
    """Chances in proportion to score ** power; scores must not be negative.

    >>> Proportional(power=2)([1.0, 2.0])
    [0.2, 0.8]
    """

    power: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a power that favours the worst."""
        if not self.power >= 0:
            raise ValueError(f"power must be at least 0, got {self.power!r}")

    def __call__(self, scores: Sequence[float]) -> list[float]:
        """Return the chances."""
        if self.power == 1:
            return spread(scores)
        top = max(scores)
        if top <= 0:
            return spread(scores)
        return spread([(score / top) ** self.power for score in scores])


@dataclass(frozen=True, slots=True)
class Softmax:
    """Chances in proportion to exp(score / temperature).

    >>> [round(chance, 3) for chance in Softmax(temperature=1.0)([0.0, math.log(3)])]
    [0.25, 0.75]
    """

    temperature: float

    def __post_init__(self) -> None:
        """Refuse a temperature that favours the worst."""
        if not self.temperature > 0:
            raise ValueError(f"temperature must be positive, got {self.temperature!r}")

    def __call__(self, scores: Sequence[float]) -> list[float]:
        """Return the chances."""
        top = max(scores)
        return spread([math.exp((score - top) / self.temperature) for score in scores])


@dataclass(frozen=True, slots=True)
class EpsilonGreedy:
    """The highest score with chance 1 - epsilon (ties share it), else any alike.

    >>> EpsilonGreedy(epsilon=0.2)([0.0, 1.0])
    [0.1, 0.9]
    """

    epsilon: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no chance."""
        if not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon must be between 0 and 1, got {self.epsilon!r}")

    def __call__(self, scores: Sequence[float]) -> list[float]:
        """Return the chances."""
        top = max(scores)
        best = [float(score == top) for score in scores]
        share, even = (1 - self.epsilon) / sum(best), self.epsilon / len(scores)
        return [share * flag + even for flag in best]


def _ties(scores: Sequence[float]) -> Iterator[list[int]]:
    """Yield the places of equal scores, highest scores first."""
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    for _, places in groupby(order, key=lambda place: scores[place]):
        yield list(places)


@dataclass(frozen=True, slots=True)
class RankPower:
    """Chances in proportion to rank ** (-1 / beta), rank 1 being the highest score; ties share.

    Rank prioritization of PLR (Jiang et al. 2021, eq. 2).

    >>> RankPower(beta=1.0)([0.5, 0.9])
    [0.3333333333333333, 0.6666666666666666]
    """

    beta: float

    def __post_init__(self) -> None:
        """Refuse a temperature that favours the worst."""
        if not self.beta > 0:
            raise ValueError(f"beta must be positive, got {self.beta!r}")

    def __call__(self, scores: Sequence[float]) -> list[float]:
        """Return the chances."""
        weights = [0.0] * len(scores)
        rank = 1
        for ties in _ties(scores):
            shared = sum(other ** (-1 / self.beta) for other in range(rank, rank + len(ties)))
            for place in ties:
                weights[place] = shared / len(ties)
            rank += len(ties)
        return spread(weights)


@dataclass(frozen=True, slots=True)
class Best:
    """The best cells, each with at most `share` of the chance, until it is used up.

    What keeping the B best of B / share candidates drawn alike comes to; ties share.

    >>> Best(share=0.6)([0.1, 0.9, 0.5])
    [0.0, 0.6, 0.4]
    """

    share: float

    def __post_init__(self) -> None:
        """Refuse an empty share."""
        if not self.share > 0:
            raise ValueError(f"share must be positive, got {self.share!r}")

    def __call__(self, scores: Sequence[float]) -> list[float]:
        """Return the chances."""
        chances = [0.0] * len(scores)
        left, cap = 1.0, max(self.share, 1 / len(scores))
        for ties in _ties(scores):
            each = min(cap, left / len(ties))
            for place in ties:
                chances[place] = each
            left -= each * len(ties)
            if left <= 1e-12:
                break
        return spread(chances)
