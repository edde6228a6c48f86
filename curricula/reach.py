"""Reach: which levels of a family are open to training, seen from its frontier."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reach:
    """Levels around the frontier that are scored.

    Args:
        behind: passed levels below the frontier; None for all of them.
        ahead: levels above the frontier, those in quarantine not counted.
        at: estimated pass rate from which a level above the frontier opens the next ones as if it
            were passed; None if only a promotion does.
    """

    behind: int | None = 0
    ahead: int = 0
    at: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no reach."""
        if (self.behind is not None and self.behind < 0) or self.ahead < 0:
            raise ValueError(
                f"behind and ahead must be at least 0, got {self.behind!r}, {self.ahead!r}"
            )
        if self.at is not None and not 0 < self.at < 1:
            raise ValueError(f"at must be between 0 and 1, got {self.at!r}")
