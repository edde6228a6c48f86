"""Filters: which groups are worth an update once their outcome is known."""

from dataclasses import dataclass

from .protocol import Outcome


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """Admits a group whose share of successes lies strictly between two bounds.

    With 0 and 1 this is dynamic sampling of DAPO (Yu et al. 2025, section 3.2): a group that is all
    right or all wrong has no advantage, so the batch is filled with others instead. Bae et al.
    (2025) keep 0.2..0.8. It looks at right and wrong, never at a shaped reward.

    Args:
        above: share of successes that a group must exceed.
        below: share of successes that it must stay under.
    """

    above: float = 0.0
    below: float = 1.0

    def __post_init__(self) -> None:
        """Refuse bounds that admit nothing."""
        if not 0 <= self.above < self.below <= 1:
            raise ValueError(
                f"GroupFilter needs 0 <= above < below <= 1, got {self.above!r}, {self.below!r}"
            )

    def admits(self, outcome: Outcome) -> bool:
        """Whether the group is to be trained on; never if the fault was ours."""
        return not outcome.error and (
            self.above * outcome.trials < outcome.successes < self.below * outcome.trials
        )
