"""Replay: what part of a family's tickets goes back to levels already passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Replay(Protocol):
    """Splits a family's tickets between what is passed and the rest."""

    def split(self, rates: Sequence[float], *, finished: bool) -> tuple[float, list[float]]:
        """Return the share of the passed levels, and the weight of each within it.

        Args:
            rates: estimated pass rates of the passed levels (at least one).
            finished: whether nothing else is left to train on.
        """
        ...


@dataclass(frozen=True, slots=True)
class FixedShare:
    """A fixed share, within which a level weighs its failure rate plus `floor`.

    Once every level is passed, all tickets are replay.

    >>> FixedShare(share=0.4, floor=0.05).split([0.95, 0.85], finished=False)[0]
    0.4
    """

    share: float = 0.4
    floor: float = 0.05

    def __post_init__(self) -> None:
        """Refuse shares that leave the frontier nothing."""
        if not (0 <= self.share < 1 and self.floor > 0):
            raise ValueError(
                f"FixedShare needs 0 <= share < 1 and floor > 0, got {self.share!r}, {self.floor!r}"
            )

    def split(self, rates: Sequence[float], *, finished: bool) -> tuple[float, list[float]]:
        """Return the share and the weights."""
        return (1.0 if finished else self.share), [self.floor + 1 - rate for rate in rates]


@dataclass(frozen=True, slots=True)
class Deficit:
    """As much as the passed levels have fallen below `keep`, and no more than `most`.

    The share is `gain` times the sum of the deficits max(0, keep - rate); each level weighs its
    own. Levels that hold cost nothing. A family with no level left to pass is measured against
    `hold` with the gain `urge` and may use all of its tickets: it is not done before every level
    stands where it shall stay.

    Args:
        keep: pass rate below which a passed level asks for replay while others are still to pass.
        gain: share per unit of deficit meanwhile.
        most: largest share meanwhile.
        hold: pass rate below which it asks once all levels are passed.
        urge: share per unit of deficit then.

    >>> replay = Deficit(keep=0.8, gain=1.0, most=0.5, hold=0.9, urge=2.0)
    >>> share, weights = replay.split([0.9, 0.5], finished=False)
    >>> round(share, 3), [round(weight, 3) for weight in weights]
    (0.3, [0.0, 0.3])
    >>> round(replay.split([0.9, 0.5], finished=True)[0], 3)
    0.8
    """

    keep: float = 0.7
    gain: float = 1.0
    most: float = 0.4
    hold: float = 0.82
    urge: float = 30.0

    def __post_init__(self) -> None:
        """Refuse shares that leave the frontier nothing."""
        if not (0 < self.keep <= 1 and self.gain >= 0 and 0 <= self.most <= 1):
            raise ValueError(
                f"Deficit needs 0 < keep <= 1, gain >= 0 and 0 <= most <= 1, got {self.keep!r}, "
                f"{self.gain!r}, {self.most!r}"
            )
        if not (0 < self.hold <= 1 and self.urge >= 0):
            raise ValueError(
                f"Deficit needs 0 < hold <= 1 and urge >= 0, got {self.hold!r}, {self.urge!r}"
            )

    def split(self, rates: Sequence[float], *, finished: bool) -> tuple[float, list[float]]:
        """Return the share and the weights."""
        level, gain, most = (
            (self.hold, self.urge, 1.0) if finished else (self.keep, self.gain, self.most)
        )
        weights = [max(0.0, level - rate) for rate in rates]
        return min(most, gain * sum(weights)), weights
