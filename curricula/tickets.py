"""The ticket book: draws tickets, remembers the open ones, takes each back once."""

import hashlib
import random
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import accumulate
from typing import Any

from .checks import check_count, check_keys, whole
from .protocol import Key, Outcome, Ticket

INDEX_BITS = 62  # evaluation uses indices 0..N-1; a draw below 2**62 practically never meets them


class TicketBook:
    """Issues tickets from a distribution and closes each of them exactly once.

    Owns the random stream of a curriculum. `random.Random` and an inverted CDF, because the
    streams of numpy's Generator may change between versions.
    """

    def __init__(self, seed: int) -> None:
        """Open a book with the stream that belongs to `seed`."""
        # hashed: the stream must differ from that of any other part that is given the same seed
        key = hashlib.blake2b(f"curriculum:{seed}".encode(), digest_size=16).digest()
        self._rng = random.Random(int.from_bytes(key))
        self._next_id = 0
        self._open: dict[int, Ticket] = {}
        self.errors = 0

    def issue(
        self, n: int, keys: Sequence[Key], chances: Sequence[float], *, policy_version: int
    ) -> list[Ticket]:
        """Draw `n` tickets independently.

        Args:
            n: how many.
            keys: (family, level) of every cell.
            chances: chance of every cell; they sum to 1.
            policy_version: what the tickets are to say.

        Raises:
            ValueError: if `n` is negative, or one of the two is no whole number.
        """
        n, version = check_count("n", n, 0), whole(policy_version)
        if version is None:
            raise ValueError(f"policy_version must be a whole number, got {policy_version!r}")
        places = [place for place, chance in enumerate(chances) if chance > 0]
        bounds = list(accumulate(chances[place] for place in places))
        tickets = []
        for _ in range(n):
            # min: the product may round up to the last bound
            draw = bisect_right(bounds, self._rng.random() * bounds[-1])
            place = places[min(draw, len(places) - 1)]
            family, level = keys[place]
            index = self._rng.getrandbits(INDEX_BITS)
            ticket = Ticket(self._next_id, family, level, "train", index, version, chances[place])
            self._open[ticket.id] = ticket
            self._next_id += 1
            tickets.append(ticket)
        return tickets

    def close(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Take tickets back; return the outcomes to learn from, in the order of issue.

        Outcomes of closed tickets are left out, so a repeated call changes nothing; errors are
        counted and left out.

        Raises:
            ValueError: see `Scheduler.update`; no ticket has been closed then.
        """
        fresh: dict[int, Outcome] = {}
        for outcome in outcomes:
            ticket = outcome.ticket
            if not 0 <= ticket.id < self._next_id:
                raise ValueError(
                    f"ticket id={ticket.id!r} was never issued here ({self._next_id} issued so far)"
                )
            if ticket.id not in self._open:
                continue
            known = self._open[ticket.id]
            if ticket is not known and ticket != known:
                raise ValueError(f"{ticket} differs from the one issued, {known}")
            if fresh.setdefault(ticket.id, outcome) != outcome:
                raise ValueError(f"ticket id={ticket.id} comes with two different outcomes")
        for ticket_id in fresh:
            del self._open[ticket_id]
        self.errors += sum(1 for outcome in fresh.values() if outcome.error)
        return [outcome for _, outcome in sorted(fresh.items()) if not outcome.error]

    def state_dict(self) -> dict[str, Any]:
        """Return the book as JSON values: random state, open tickets, counters."""
        version, words, gauss = self._rng.getstate()
        return {
            "rng": [version, list(words), gauss],
            "next_id": self._next_id,
            "open": [asdict(ticket) for ticket in self._open.values()],
            "errors": self.errors,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned.

        Raises:
            ValueError: if a key is wrong, or an open ticket or the random state is impossible.
        """
        state = check_keys("ticket book", state, {"rng", "next_id", "open", "errors"})
        names = {field.name for field in fields(Ticket)}
        next_id, errors = (check_count(name, state[name], 0) for name in ("next_id", "errors"))
        if not isinstance(state["open"], list):
            raise ValueError(f"open tickets must be a list, got {state['open']!r}")
        tickets = [Ticket(**check_keys("ticket", item, names)) for item in state["open"]]
        if any(check_count("id", ticket.id, 0) >= next_id for ticket in tickets):
            raise ValueError(f"open tickets must have an id below next_id={next_id!r}")
        rng = random.Random()
        try:
            version, words, gauss = state["rng"]
            rng.setstate((version, tuple(words), gauss))
        except (TypeError, ValueError) as error:
            raise ValueError(f"ticket book holds no usable random state: {error}") from error
        self._rng, self._open = rng, {ticket.id: ticket for ticket in tickets}
        self._next_id, self.errors = next_id, errors
