"""Groups of answers: every ticket is asked several times and its outcome told once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, final

from .checks import check_count, check_keys, whole
from .protocol import Event, Outcome, Scheduler, Ticket

STATE_VERSION = 1  # of saved groups


@dataclass(frozen=True, slots=True)
class Group:
    """A ticket and what was answered to it so far.

    Attributes:
        ticket: what is asked.
        answered: episodes that came to their end.
        successes: right answers among them.
        errors: answers among them on which the verifier failed.
    """

    ticket: Ticket
    answered: int = 0
    successes: int = 0
    errors: int = 0

    def outcome(self) -> Outcome:
        """Return what the scheduler is told: the errors are no trials, and spoil the outcome."""
        trials = self.answered - self.errors
        return Outcome(self.ticket, self.successes, trials, error=self.errors > 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """How an episode ended.

    Attributes:
        place: where it ran.
        ticket: what it asked; None if its problem was the caller's own.
        success: whether the problem was solved.
        error: whether the verifier failed and nothing can be said; never with a success.
    """

    place: int
    ticket: Ticket | None
    success: bool
    error: bool


@final
class OpenGroups:
    """Hands tickets to places where episodes run, and tells the scheduler of complete groups.

    A place works on one ticket until `generations` episodes of it have ended. An episode that is
    abandoned leaves no trace: its ticket is asked again. So whoever breaks off an episode that goes
    badly gains nothing, and no ticket stays open for ever.
    """

    def __init__(self, scheduler: Scheduler, *, places: int, generations: int) -> None:
        """Start with no ticket anywhere.

        Args:
            scheduler: where tickets come from and outcomes go.
            places: how many episodes run at a time.
            generations: episodes per ticket.

        Raises:
            ValueError: if `scheduler` is none, or `generations` no whole number of at least 1.
        """
        if isinstance(scheduler, type) or not isinstance(scheduler, Scheduler):
            rule = "scheduler must be a Scheduler, such as frontier(space, seed=0)"
            raise ValueError(f"{rule}, got {scheduler!r}")
        self._scheduler = scheduler
        self._generations = check_count("generations", generations, 1)
        # the group that is worked on, and the one after it where that was already needed
        self._lines: list[list[Group]] = [[] for _ in range(places)]

    def ask(
        self, running: Mapping[int, Ticket | None], *, policy_version: int
    ) -> dict[int, Ticket]:
        """Return the ticket of the next episode at each of some places.

        Args:
            running: by place, the ticket of the episode that runs there and will come to its end
                before the next one starts; None where there is none.
            policy_version: told to the scheduler with each new ticket.
        """
        steps = {place: self._steps_ahead(place, ticket) for place, ticket in running.items()}
        short = [place for place, ahead in steps.items() if len(self._lines[place]) <= ahead]
        while short:
            tickets = self._scheduler.sample(len(short), policy_version=policy_version)
            for place, ticket in zip(short, tickets, strict=True):
                self._lines[place].append(Group(ticket))
            short = [place for place in short if len(self._lines[place]) <= steps[place]]
        return {place: self._lines[place][ahead].ticket for place, ahead in steps.items()}

    def answer(self, answers: Iterable[Answer]) -> list[Event]:
        """Count answers; tell the scheduler of the groups that are complete now.

        An answer to anything but the ticket that its place works on is not counted.
        """
        outcomes = []
        for answer in answers:
            line = self._lines[answer.place]
            if not line or answer.ticket != line[0].ticket:
                continue
            line[0] = replace(
                line[0],
                answered=line[0].answered + 1,
                successes=line[0].successes + answer.success,
                errors=line[0].errors + answer.error,
            )
            if line[0].answered == self._generations:
                outcomes.append(line.pop(0).outcome())
        return self._scheduler.update(outcomes) if outcomes else []

    def discard(self, place: int) -> list[Event]:
        """Give up the ticket that a place works on: the scheduler is told of an error."""
        line = self._lines[place]
        if not line:
            return []
        ticket = line.pop(0).ticket
        return self._scheduler.update([Outcome(ticket, successes=0, trials=0, error=True)])

    def state_dict(self) -> dict[str, Any]:
        """Return the groups and the scheduler's own state, as JSON values."""
        return {
            "version": STATE_VERSION,
            "scheduler": self._scheduler.state_dict(),
            "places": [[asdict(group) for group in line] for line in self._lines],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned, here and in the scheduler.

        Raises:
            ValueError: if the state does not fit, or a ticket was never issued; nothing has changed
                then.
        """
        state = check_keys("state of the groups", state, {"version", "scheduler", "places"})
        if state["version"] != STATE_VERSION:
            raise ValueError(f"state version must be {STATE_VERSION}, got {state['version']!r}")
        places = state["places"]
        if not isinstance(places, list) or not all(isinstance(line, list) for line in places):
            raise ValueError(f"places of a state must be a list of lists, got {places!r}")
        if len(places) != len(self._lines):
            raise ValueError(
                f"state is of {len(places)} environments, this wrapper has {len(self._lines)}"
            )
        lines = [[self._group(item) for item in line] for line in places]
        self._restore(state["scheduler"], [group.ticket for line in lines for group in line])
        self._lines = lines

    def _restore(self, state: Mapping[str, Any], tickets: Sequence[Ticket]) -> None:
        """Restore the scheduler, unless it does not know these tickets."""
        before = self._scheduler.state_dict()
        self._scheduler.load_state_dict(state)
        try:
            # a trial, for only the scheduler knows what it has issued; taken back below
            self._scheduler.update([Outcome(ticket, 0, 0, error=True) for ticket in tickets])
        except ValueError:
            self._scheduler.load_state_dict(before)
            raise
        self._scheduler.load_state_dict(state)

    def _steps_ahead(self, place: int, running: Ticket | None) -> int:
        """Return 1 if the running episode completes the group that its place works on, else 0."""
        line = self._lines[place]
        ours = bool(line) and running == line[0].ticket
        return int(ours and line[0].answered + 1 == self._generations)

    def _group(self, item: object) -> Group:
        """Read a group back from JSON."""
        found = check_keys("group", item, {field.name for field in fields(Group)})
        ticket = check_keys("ticket", found["ticket"], {field.name for field in fields(Ticket)})
        for name, value in (found | {"id": ticket["id"]}).items():
            if name != "ticket" and whole(value) is None:
                raise ValueError(f"{name} of a saved group must be a whole number, got {value!r}")
        group = Group(**(found | {"ticket": Ticket(**ticket)}))
        if not 0 <= group.successes + group.errors <= group.answered < self._generations:
            raise ValueError(
                f"a saved group needs successes + errors <= answered < generations="
                f"{self._generations}, got {group}"
            )
        return group
