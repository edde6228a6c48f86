"""Counts of successes that know how much they weigh."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from .cells import Heard
from .checks import check_keys


@dataclass(frozen=True, slots=True)
class Evidence:
    """What has been seen of one level.

    Completions of one problem succeed or fail together more often than chance, so G of them count
    as G / (1 + (G - 1) * icc) independent ones (design effect of cluster samples, Kish 1965, 8.2).
    Counting them as independent multiplies false promotions.

    Attributes:
        groups: outcomes counted.
        successes: right completions, discounted if asked for.
        trials: completions, discounted likewise.
        effective_successes: the same in units of independent completions.
        effective_trials: the same in units of independent completions.

    >>> Evidence().add(12, 16, icc=0.2).effective_trials
    4.0
    """

    groups: int = 0
    successes: float = 0.0
    trials: float = 0.0
    effective_successes: float = 0.0
    effective_trials: float = 0.0

    def add(
        self, successes: int, trials: int, *, icc: float = 0.0, keep: float = 1.0
    ) -> "Evidence":
        """Return this evidence with one more group.

        Args:
            successes: right completions of the group.
            trials: completions of the group, at least 1.
            icc: correlation of two completions of one problem, 0..1.
            keep: share of the older counts that is kept (`groups` is never discounted).
        """
        design_effect = 1 + (trials - 1) * icc
        return Evidence(
            groups=self.groups + 1,
            successes=self.successes * keep + successes,
            trials=self.trials * keep + trials,
            effective_successes=self.effective_successes * keep + successes / design_effect,
            effective_trials=self.effective_trials * keep + trials / design_effect,
        )

    @classmethod
    def from_json(cls, state: object) -> "Evidence":
        """Rebuild from `dataclasses.asdict`."""
        return cls(**check_keys("evidence", state, {field.name for field in fields(cls)}))


NOTHING_SEEN = Evidence()

KEEP = 0.5 ** (1 / 8)  # share of the older counts that a group leaves in `RecentRates`


class RecentRates:
    """Success rate of every cell, in which a group counts half as much 8 groups later.

    For the metrics only. Age is counted in groups of the same cell, so a cell that is not drawn
    keeps its last rate.
    """

    def __init__(self, cells: int) -> None:
        """Start with nothing seen of so many cells."""
        self._right, self._trials = [0.0] * cells, [0.0] * cells

    def hear(self, heard: Iterable[Heard]) -> None:
        """Count the outcomes."""
        for cell, successes, trials in heard:
            self._right[cell] = self._right[cell] * KEEP + successes
            self._trials[cell] = self._trials[cell] * KEEP + trials

    def rates(self) -> dict[int, float]:
        """Return the rate of every cell that was heard of."""
        pairs = enumerate(zip(self._right, self._trials, strict=True))
        return {cell: right / trials for cell, (right, trials) in pairs if trials}

    def state_dict(self) -> dict[str, Any]:
        """Return the counts."""
        return {"right": list(self._right), "trials": list(self._trials)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        state = check_keys("recent rates", state, {"right", "trials"})
        if not len(state["right"]) == len(state["trials"]) == len(self._right):
            raise ValueError(
                f"recent rates must be of {len(self._right)} cells, "
                f"got {len(state['right'])} and {len(state['trials'])}"
            )
        self._right, self._trials = list(state["right"]), list(state["trials"])
