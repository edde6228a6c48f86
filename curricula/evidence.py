"""Counts of successes that know how much they weigh."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from .checks import check_keys
from .protocol import Key, Outcome, Space


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


class RecentRates:
    """Success rate of every level, in which a group counts half as much `half_life` groups later.

    Age is counted in groups of the same level, so a level that is not drawn keeps its last rate.
    """

    def __init__(self, space: Space, *, half_life: float) -> None:
        """Start with nothing seen."""
        self._keep = 0.5 ** (1 / half_life)
        self._seen = {
            (family, level): Evidence() for family, top in space.items() for level in _levels(top)
        }

    def add(self, outcome: Outcome) -> None:
        """Count one outcome for its ticket's level."""
        key = (outcome.ticket.family, outcome.ticket.level)
        self._seen[key] = self._seen[key].add(outcome.successes, outcome.trials, keep=self._keep)

    def rate(self, key: Key) -> float:
        """Return the recent rate, drawn towards 1/2 by half a success in one trial.

        That is the posterior mean under Jeffreys' prior Beta(1/2, 1/2); 0.5 for an unseen level.
        """
        seen = self._seen[key]
        return (seen.successes + 0.5) / (seen.trials + 1)

    def metrics(self) -> dict[str, float]:
        """Return the plain recent rate of every level seen, as `success/<family>/<level>`."""
        return {
            f"success/{family}/{level}": seen.successes / seen.trials
            for (family, level), seen in self._seen.items()
            if seen.groups
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the counts as `{family: [level 1, level 2, …]}`."""
        state: dict[str, Any] = {}
        for (family, _), seen in self._seen.items():
            state.setdefault(family, []).append(asdict(seen))
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        tops: dict[str, int] = {}
        for family, level in self._seen:
            tops[family] = max(level, tops.get(family, 0))
        state = check_keys("recent rates", state, tops)
        seen: dict[Key, Evidence] = {}
        for family, top in tops.items():
            if len(state[family]) != top:
                raise ValueError(
                    f"recent rates need {top} levels of {family!r}, got {len(state[family])}"
                )
            for level, item in zip(_levels(top), state[family], strict=True):
                seen[family, level] = Evidence.from_json(item)
        self._seen = seen


def _levels(top: int) -> range:
    return range(1, top + 1)
