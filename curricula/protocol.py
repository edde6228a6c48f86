"""What a curriculum and its caller say to each other: tickets out, outcomes in."""

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

Space: TypeAlias = Mapping[str, int]  # family -> number of levels; levels count from 1
Key: TypeAlias = tuple[str, int]  # (family, level)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One problem to be worked on, as handed out by a curriculum.

    Attributes:
        id: counts from 0 in the order of issue; unique within one curriculum.
        family: name of the family.
        level: 1 = easiest.
        split: always "train"; a curriculum never draws from, or hears of, a held-out split.
        index: which problem of that level and split, below 2**62.
        policy_version: what the caller said when it asked for the ticket.
        probability: chance of (family, level) at the draw, for re-weighting afterwards.
    """

    id: int
    family: str
    level: int
    split: str
    index: int
    policy_version: int
    probability: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a ticket: its successes among its trials (one group of completions).

    Args:
        ticket: the ticket as it was handed out.
        successes: completions that were right.
        trials: completions that were graded; may be fewer than were asked for.
        error: True if the fault was ours (a verifier error): the ticket is closed, nothing learned.

    Raises:
        ValueError: if the counts are no whole numbers, or impossible.
    """

    ticket: Ticket
    successes: int
    trials: int
    error: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible counts."""
        if type(self.successes) is not int or type(self.trials) is not int:
            self._make_whole()
        if not 0 <= self.successes <= self.trials:
            raise ValueError(
                f"an outcome needs 0 <= successes <= trials, "
                f"got successes={self.successes!r}, trials={self.trials!r}"
            )
        if self.trials == 0 and not self.error:
            raise ValueError("an outcome needs trials >= 1 unless error=True, got trials=0")

    def _make_whole(self) -> None:
        """Keep counts of other libraries as ints, for they become JSON."""
        for name, count in (("successes", self.successes), ("trials", self.trials)):
            try:
                object.__setattr__(self, name, operator.index(count))
            except TypeError:
                rule = f"{name} of an outcome must be a whole number"
                raise ValueError(f"{rule}, got {count!r}") from None


@dataclass(frozen=True, slots=True)
class Event:
    """A decision of a curriculum with the evidence it rests on; `dataclasses.asdict` is JSON.

    Attributes:
        kind: "promotion" (`level` is passed), "demotion" (`level` is no longer passed),
            "quarantine" (`level` is set aside: it never or randomly succeeds) or "release" (it is
            back).
        family: whose level it is.
        level: the level that the evidence is about.
        frontier: the lowest level neither passed nor in quarantine from now on; the top level if
            there is none.
        groups: outcomes counted.
        successes: right completions among them (discounted by age for a demotion).
        trials: completions among them (discounted likewise).
        lower: one-sided lower Wilson bound of the pass rate at the `alpha` in use, after the
            correction for correlated completions.
        upper: the upper bound likewise.
        reason: the rule that fired, with its numbers.
    """

    kind: Literal["promotion", "demotion", "quarantine", "release"]
    family: str
    level: int
    frontier: int
    groups: int
    successes: float
    trials: float
    lower: float
    upper: float
    reason: str


@runtime_checkable
class Scheduler(Protocol):
    """Chooses what to train on next; `Curriculum` is the one that this package composes.

    All randomness comes from a private stream that is part of the state, so the same calls give
    the same tickets, and a run that was saved and restored goes on as if it had never stopped.
    """

    @property
    def space(self) -> Space:
        """Families and their numbers of levels."""
        ...

    def sample(self, n: int, *, policy_version: int) -> list[Ticket]:
        """Hand out `n` tickets, drawn independently from `probabilities()`."""
        ...

    def update(self, outcomes: Iterable[Outcome]) -> list[Event]:
        """Learn from outcomes, at any time and in any order within one call.

        A ticket counts once: outcomes of a closed ticket are ignored. Credit goes to the ticket's
        level, however late the outcome is.

        Raises:
            ValueError: if a ticket was never issued, differs from the one issued, or comes with
                two different outcomes. Nothing has been learned then.
        """
        ...

    def probabilities(self) -> dict[Key, float]:
        """Chance of every (family, level) at the next draw; the values sum to 1."""
        ...

    def metrics(self) -> dict[str, float]:
        """Numbers to log.

        `level/<family>` (hardest level in regular use), `promotions`, `demotions`, `errors`, and
        `success/<family>/<level>` for every level heard of (recent rate, discounted by age).
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """Everything that later calls depend on, as JSON values, with a schema version."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state of the same kind over the same space.

        The configuration is an argument, not state: it is not compared.

        Raises:
            ValueError: if the state does not fit; this object is unchanged then.
        """
        ...
