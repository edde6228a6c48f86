"""Demotion: when a passed level is lost again."""

import math
from dataclasses import dataclass

from .evidence import Evidence
from .wilson import wilson_upper


@dataclass(frozen=True, slots=True)
class UpperBound:
    """A passed level whose pass rate is surely below `below` is lost.

    The upper Wilson bound of the outcomes since the promotion, discounted by age, must be below
    `below` after at least `groups` groups. The bound is looked at after every group, so `alpha` is
    its error rate per look, not for all time; what keeps a level from going up and down is the
    distance between `below` and the rates that the gate promotes at.

    Args:
        below: the pass rate (fraction).
        alpha: chance of a false demotion per look.
        groups: fewest groups of the level since its promotion.
        half_life: age at which an outcome counts half, in groups of the level.
    """

    below: float = 0.2
    alpha: float = 0.05
    groups: int = 6
    half_life: float = 8.0

    def __post_init__(self) -> None:
        """Refuse arguments without a test."""
        if not (0 < self.below < 1 and 0 < self.alpha < 0.5):
            raise ValueError(
                f"UpperBound needs 0 < below < 1 and 0 < alpha < 0.5, got {self.below!r} and "
                f"{self.alpha!r}"
            )
        if self.groups < 1 or not self.half_life > 0:
            raise ValueError(
                f"UpperBound needs groups >= 1 and half_life > 0, got {self.groups!r} and "
                f"{self.half_life!r}"
            )

    @property
    def keep(self) -> float:
        """Share of the older counts that is kept when a group comes in."""
        return math.pow(0.5, 1 / self.half_life)

    def lost(self, evidence: Evidence) -> bool:
        """Whether the level is lost."""
        return evidence.groups >= self.groups and self.bound(evidence) < self.below

    def bound(self, evidence: Evidence) -> float:
        """Return the upper bound."""
        return wilson_upper(evidence.effective_successes, evidence.effective_trials, self.alpha)

    def explain(self, evidence: Evidence) -> str:
        """Say where the bound stands."""
        return f"Wilson upper bound is {self.bound(evidence):.3f}, demotion below {self.below:g}"
