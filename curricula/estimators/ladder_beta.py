"""The estimator of `frontier`: a Beta posterior whose prior is the level below."""

import math
from collections.abc import Sequence
from typing import final

from ..cells import Heard
from .estimator import Estimator

TINY = 1e-3  # a rate nearer to 0 or 1 than this is no nearer as a prior


@final
class LadderBeta(Estimator):
    """Beta posterior of every level; the prior says it is somewhat harder than the level below.

    The prior of level k is Beta(s m, s (1 - m)) with strength s and mean

        m = sigmoid(max(logit(rate of k - 1) - step, logit(rate of k - 2) - 2 step))

    (the level before the last counts because the last may be broken), and 1/2 for level 1. Evidence
    is discounted twice: by half after `half_life` groups of the same level, because there the
    policy has moved, and by half after `fade` groups of the family, because what is learned on one
    level moves the others. So a level not heard of for long is expected where the ladder puts it,
    and probing one level corrects those above.

    Args:
        half_life: age at which an outcome counts half, in groups of its level.
        fade: age at which an outcome counts half, in groups of its family.
        step: how much harder than the level below a level is expected to be, in logits.
        strength: of the prior, in completions.
    """

    STATE = ("right", "wrong", "heard_at", "groups")

    def __init__(
        self,
        half_life: float = 6.0,
        *,
        fade: float = 80.0,
        step: float = 1.0,
        strength: float = 2.0,
    ) -> None:
        """Start from the prior."""
        if not (half_life > 0 and fade > 0 and strength > 0):
            raise ValueError(
                f"half_life, fade and strength must be positive, got {half_life!r}, {fade!r}, "
                f"{strength!r}"
            )
        self.keep, self.fade = 0.5 ** (1 / half_life), 0.5 ** (1 / fade)
        self.step, self.strength = step, strength

    def reset(self) -> None:
        """Forget everything."""
        self.right = [0.0] * len(self.cells)
        self.wrong = [0.0] * len(self.cells)
        self.heard_at = [0] * len(self.cells)  # groups of the family when the level was heard of
        self.groups = [0] * len(self.cells.families)
        self._rates: dict[int, list[float]] = {}  # of the families that have been asked for

    def hear(self, heard: Sequence[Heard]) -> None:
        """Discount what is older and add the counts."""
        for cell, successes, trials in heard:
            place = self.cells.family_of[cell]
            self.groups[place] += 1
            keep = self.keep * self._faded(cell)
            self.right[cell] = self.right[cell] * keep + successes
            self.wrong[cell] = self.wrong[cell] * keep + trials - successes
            self.heard_at[cell] = self.groups[place]
            self._rates.pop(place, None)

    def _faded(self, cell: int) -> float:
        """Return the share of a cell's counts that its family's groups since have left."""
        age = self.groups[self.cells.family_of[cell]] - self.heard_at[cell]
        return float(self.fade**age)

    def _family(self, place: int) -> list[float]:
        """Return the rates of a family, from the first level up."""
        rates = []
        below, second = math.inf, -math.inf  # logits of the two levels below
        for cell in self.cells.ranges[place]:
            prior = 0.5
            if below < math.inf:
                prior = 1 / (1 + math.exp(-max(below - self.step, second - 2 * self.step)))
            faded = self._faded(cell)
            right = self.strength * prior + faded * self.right[cell]
            wrong = self.strength * (1 - prior) + faded * self.wrong[cell]
            rates.append(right / (right + wrong))
            clipped = min(1 - TINY, max(TINY, rates[-1]))
            second = below if below < math.inf else -math.inf
            below = math.log(clipped / (1 - clipped))
        return rates

    def rate(self, cell: int) -> float:
        """Return the mean of the posterior."""
        place = self.cells.family_of[cell]
        if place not in self._rates:
            self._rates[place] = self._family(place)
        return self._rates[place][cell - self.cells.ranges[place].start]

    def trials(self, cell: int) -> float:
        """Return the completions in the posterior, the prior's not counted."""
        return (self.right[cell] + self.wrong[cell]) * self._faded(cell)
