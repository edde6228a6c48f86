"""Curricula that do not react: what an adaptive one has to beat."""

from collections.abc import Iterable, Mapping
from typing import Any, final

from .checks import STATE_VERSION, check_header, check_space, level_per_family
from .evidence import RecentRates
from .protocol import Event, Key, Outcome, Space, Ticket
from .tickets import TicketBook

HALF_LIFE = 8.0  # groups; of the rates in the metrics only, the same as the ladder's default


class _Static:
    """A fixed distribution behind the protocol; abstract, its two uses are below."""

    def __init__(
        self, kind: str, space: Space, chances: dict[Key, float], levels: dict[str, int], seed: int
    ) -> None:
        """Keep the distribution and the levels to report."""
        self._kind = kind
        self._space = space
        self._chances = chances
        self._levels = levels
        self._recent = RecentRates(space, half_life=HALF_LIFE)
        self._book = TicketBook(seed)

    def sample(self, n: int, *, policy_version: int) -> list[Ticket]:
        """Hand out `n` tickets; see `Curriculum.sample`."""
        return self._book.issue(n, self._chances, policy_version=policy_version)

    def update(self, outcomes: Iterable[Outcome]) -> list[Event]:
        """Close the tickets and keep the rates for the metrics; nothing ever happens."""
        for outcome in self._book.close(outcomes):
            self._recent.add(outcome)
        return []

    def probabilities(self) -> dict[Key, float]:
        """Chance of every (family, level) at the next draw."""
        return dict(self._chances)

    def metrics(self) -> dict[str, float]:
        """Numbers to log; see `Curriculum.metrics`."""
        numbers = {"promotions": 0.0, "demotions": 0.0, "errors": float(self._book.errors)}
        numbers |= {f"level/{family}": float(level) for family, level in self._levels.items()}
        return numbers | self._recent.metrics()

    def state_dict(self) -> dict[str, Any]:
        """Everything that later calls depend on; see `Curriculum.state_dict`."""
        return {
            "version": STATE_VERSION,
            "kind": self._kind,
            "space": dict(self._space),
            "book": self._book.state_dict(),
            "recent": self._recent.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state; see `Curriculum.load_state_dict`."""
        state = check_header(state, kind=self._kind, space=self._space, keys={"book", "recent"})
        # into fresh objects: a refused state must leave this one as it was
        recent = RecentRates(self._space, half_life=HALF_LIFE)
        recent.load_state_dict(state["recent"])
        book = TicketBook(seed=0)
        book.load_state_dict(state["book"])
        self._recent, self._book = recent, book


@final
class Uniform(_Static):
    """Families equally likely, and the levels of a family equally likely.

    >>> Uniform({"arithmetic": 2, "closed_forms": 1}, seed=0).probabilities()
    {('arithmetic', 1): 0.25, ('arithmetic', 2): 0.25, ('closed_forms', 1): 0.5}
    """

    def __init__(self, space: Space, seed: int) -> None:
        """Spread over all of `space`; its level in the metrics is the top one."""
        space = check_space(space)
        chances = {
            (family, level): 1 / len(space) / top
            for family, top in space.items()
            for level in range(1, top + 1)
        }
        super().__init__("uniform", space, chances, dict(space), seed)


@final
class FixedLevel(_Static):
    """Families equally likely, each at one level for ever.

    >>> FixedLevel({"arithmetic": 2}, {"arithmetic": 2}, seed=0).probabilities()
    {('arithmetic', 1): 0.0, ('arithmetic', 2): 1.0}
    """

    def __init__(self, space: Space, level: int | Mapping[str, int], seed: int) -> None:
        """Stay at `level`, one for all families or one for each.

        Raises:
            ValueError: if a family is unknown or left out, or its level does not exist.
        """
        space = check_space(space)
        levels = level_per_family("level", level, space)
        chances = {
            (family, number): float(number == levels[family]) / len(space)
            for family, top in space.items()
            for number in range(1, top + 1)
        }
        super().__init__("fixed", space, chances, levels, seed)
