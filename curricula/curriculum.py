"""The curriculum: a composition of parts behind the scheduler protocol."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, final

from .cells import Cells
from .checks import STATE_VERSION, check_header, check_keys
from .estimators import DiscountedBeta, Estimator
from .evidence import RecentRates
from .filters import GroupFilter
from .floors import Floor
from .ladder import Ladder
from .mixing import Even, Mix, Standing
from .part import Part
from .protocol import Event, Key, Outcome, Space, Ticket
from .replay import Replay
from .scores import Constant, Moment, Score
from .selection import Proportional, Selection, spread
from .tickets import TicketBook


@final
class Curriculum:
    """Composes estimator, score, selection, ladder, replay, mix, floor and filter to a scheduler.

    The chance of a cell is its family's share (`mix`) times its share in the family: what replay
    does not ask for goes to the open cells as `selection` makes of their `score`, and `floor` keeps
    something for every open cell. Without a ladder all cells are open and none is ever passed;
    without a mix the cells of all families compete with each other.

    The parts belong to this curriculum from now on. Presets (`frostline.curricula.presets`) are
    compositions of a few lines.

    >>> curriculum = Curriculum({"arithmetic": 2}, kind="uniform", seed=0)
    >>> curriculum.probabilities()
    {('arithmetic', 1): 0.5, ('arithmetic', 2): 0.5}
    """

    def __init__(
        self,
        space: Space,
        *,
        kind: str,
        seed: int,
        estimator: Estimator | None = None,
        score: Score | None = None,
        selection: Selection | None = None,
        ladder: Ladder | None = None,
        replay: Replay | None = None,
        mix: Mix | None = None,
        joint: bool = False,
        floor: Floor | None = None,
        filter: GroupFilter | None = None,
    ) -> None:
        """Compose a curriculum.

        Args:
            space: families and their numbers of levels.
            kind: name of the rule; a state can only be loaded into the same kind.
            seed: of the private random stream.
            estimator: what is believed of pass rates; by default a discounted Beta posterior.
            score: what cells are worth; by default all alike.
            selection: from scores to chances; by default in proportion.
            ladder: gate, demotion, quarantine and reach; None opens everything.
            replay: what passed levels get, which takes a ladder; None nothing beyond their score.
            mix: shares of families; by default even.
            joint: whether the cells of all families compete instead, without a mix.
            floor: what every open cell gets at least; None for nothing.
            filter: which groups are admitted to an update; None for all.

        Raises:
            ValueError: if the space is empty, a part is another curriculum's, `joint` is given
                with a mix or replay, or replay without a ladder.
        """
        if joint and mix is not None:
            raise ValueError("joint=True lets families compete; it goes without a mix")
        if replay is not None and (joint or ladder is None):
            raise ValueError(
                "replay is a share of each family's tickets; it needs a ladder, and no joint=True"
            )
        self._cells = Cells(space)
        self._kind, self._seed = kind, seed
        self._estimator = estimator or DiscountedBeta()
        self._score, self._selection = score or Constant(), selection or Proportional()
        self._ladder, self._replay, self._filter = ladder, replay, filter
        self._mix, self._floor = None if joint else mix or Even(), floor
        self._recent = RecentRates(len(self._cells))
        for part in self._parts().values():
            part.start(self._cells)
        self._book = TicketBook(seed)
        self._version, self._draws = 0, 0
        self._chances: list[float] | None = None

    def _parts(self) -> dict[str, Part]:
        """Return the parts that have a state, by name."""
        parts: dict[str, Part | None] = {
            "estimator": self._estimator,
            "score": self._score,
            "ladder": self._ladder,
            "mix": self._mix,
            "floor": self._floor,
        }
        return {name: part for name, part in parts.items() if part is not None}

    @property
    def space(self) -> Space:
        """Families and their numbers of levels."""
        return self._cells.space

    @property
    def alpha(self) -> float | None:
        """Stated chance of a false promotion; None without a gate that states one."""
        return self._ladder.gate.stated_alpha if self._ladder else None

    @property
    def false_below(self) -> float | None:
        """Pass rate at or below which a promotion is false; None without a stated one."""
        return self._ladder.gate.false_below if self._ladder else None

    def sample(self, n: int, *, policy_version: int) -> list[Ticket]:
        """Hand out `n` tickets; see `Scheduler.sample`."""
        if policy_version != self._version:
            self._version, self._chances = policy_version, None
        tickets = self._book.issue(
            n, self._cells.keys, self._current(), policy_version=policy_version
        )
        self._draws += 1
        self._chances = None
        return tickets

    def update(self, outcomes: Iterable[Outcome]) -> list[Event]:
        """Learn from outcomes and return what moved; see `Scheduler.update`."""
        heard = self._cells.hear(self._book.close(outcomes))
        if not heard:
            return []
        self._chances = None
        # first the ladder: whether a test begins must not depend on the outcome it begins with
        events = self._ladder.hear_with(heard, self._estimator) if self._ladder else []
        for part in self._parts().values():
            part.hear(heard)
        self._recent.hear(heard)
        return events

    def admits(self, outcome: Outcome) -> bool:
        """Whether a group with this outcome is to be trained on."""
        return self._filter is None or self._filter.admits(outcome)

    def probabilities(self) -> dict[Key, float]:
        """Chance of every (family, level) at the next draw."""
        return dict(zip(self._cells.keys, self._current(), strict=True))

    def _current(self) -> list[float]:
        """Return the chances of all cells, computed once between changes."""
        if self._chances is None:
            moment = Moment(self._estimator, self._version, self._seed, self._draws)
            self._chances = self._joint(moment) if self._mix is None else self._mixed(moment)
        return self._chances

    def _joint(self, moment: Moment) -> list[float]:
        """Let the open cells of all families compete."""
        places = range(len(self._cells.families))
        cells = [cell for place in places for cell in self._open(place)]
        chances = [0.0] * len(self._cells)
        shares = self._select(cells, self._score.values(cells, moment))
        if self._floor is not None:
            shares = self._floor.lift(cells, shares)
        for cell, share in zip(cells, shares, strict=True):
            chances[cell] = share
        return chances

    def _mixed(self, moment: Moment) -> list[float]:
        """Share tickets between families, then within each."""
        assert self._mix is not None
        within, standings = [], []
        for place in range(len(self._cells.families)):
            cells, shares, standing = self._family(place, moment)
            within.append((cells, shares))
            standings.append(standing)
        chances = [0.0] * len(self._cells)
        for part, (cells, shares) in zip(self._mix.shares(standings), within, strict=True):
            for cell, share in zip(cells, shares, strict=True):
                chances[cell] += part * share
        return chances

    def _family(self, place: int, moment: Moment) -> tuple[list[int], list[float], Standing]:
        """Return the cells of a family that may be drawn, their shares, and how it stands."""
        cells, ladder = self._open(place), self._ladder
        values = self._score.values(cells, moment)
        shares = dict(zip(cells, self._select(cells, values), strict=True))
        finished, replay = False, 0.0
        if ladder is not None:
            finished = ladder.finished(place)
            cell = ladder.to_confirm(place, self._estimator)
            if cell is not None:
                shares = _mixed_in(shares, ladder.confirm, {cell: 1.0})
            replay, parts = self._replayed(place, finished)
            shares = _mixed_in(shares, replay, parts)
        drawn, lifted = list(shares), list(shares.values())
        if self._floor is not None:
            drawn, lifted = self._lift(place, shares)
        return drawn, lifted, Standing(finished, replay)

    def _replayed(self, place: int, finished: bool) -> tuple[float, dict[int, float]]:
        """Return what replay takes of a family's tickets, and its parts."""
        assert self._ladder is not None
        passed = [cell for cell in self._cells.ranges[place] if self._ladder.passed[cell]]
        if self._replay is None or not passed:
            return 0.0, {}
        rates = [self._estimator.rate(cell) for cell in passed]
        replay, weights = self._replay.split(rates, finished=finished)
        return replay, dict(zip(passed, spread(weights), strict=True))

    def _select(self, cells: list[int], values: list[float]) -> list[float]:
        """Return the chances of open cells; those set aside keep little of theirs."""
        shares, ladder = self._selection(values), self._ladder
        if ladder is None or ladder.quarantine is None:
            return shares
        # not the scores, which may be negative
        weights = map(ladder.weight, cells)
        return spread([share * weight for share, weight in zip(shares, weights, strict=True)])

    def _lift(self, place: int, shares: dict[int, float]) -> tuple[list[int], list[float]]:
        """Apply the floor to what may be drawn and to what is in quarantine."""
        assert self._floor is not None
        drawn = list(shares)
        if self._ladder is not None:
            shut = self._ladder.shut
            run = self._cells.ranges[place]
            drawn += [cell for cell in run if shut[cell] and cell not in shares]
        return drawn, self._floor.lift(drawn, [shares.get(cell, 0.0) for cell in drawn])

    def _open(self, place: int) -> list[int]:
        """Return the cells of a family that are scored."""
        if self._ladder is None:
            return list(self._cells.ranges[place])
        return self._ladder.open(place, self._estimator)

    def metrics(self) -> dict[str, float]:
        """Numbers to log: those of `Scheduler.metrics`, and with a ladder these.

        `quarantines`, `releases`, `passed/<family>` (levels passed), `rejections/<family>` (tests
        that ended without a promotion) and `quarantined/<family>` (levels set aside).
        """
        ladder, chances = self._ladder, self._current()
        moves = ladder.moves if ladder else {"promotion": 0, "demotion": 0}
        numbers = {f"{kind}s": float(count) for kind, count in moves.items()}
        numbers["errors"] = float(self._book.errors)
        for place, family in enumerate(self._cells.families):
            run = self._cells.ranges[place]
            if ladder is None:
                # the hardest of the likeliest levels
                top = max(run, key=lambda cell: (chances[cell], cell))
                numbers[f"level/{family}"] = float(self._cells.level(top))
                continue
            numbers[f"level/{family}"] = float(ladder.frontier(place))
            numbers[f"passed/{family}"] = float(sum(ladder.passed[run.start : run.stop]))
            numbers[f"rejections/{family}"] = float(sum(ladder.rejections[run.start : run.stop]))
            numbers[f"quarantined/{family}"] = float(sum(ladder.shut[run.start : run.stop]))
        rates = self._recent.rates()
        return numbers | {
            f"success/{self._cells.keys[cell][0]}/{self._cells.keys[cell][1]}": rate
            for cell, rate in rates.items()
        }

    def state_dict(self) -> dict[str, Any]:
        """Everything that later calls depend on; see `Scheduler.state_dict`."""
        return {
            "version": STATE_VERSION,
            "kind": self._kind,
            "space": dict(self._cells.space),
            "seed": self._seed,
            "policy_version": self._version,
            "draws": self._draws,
            "book": self._book.state_dict(),
            "recent": self._recent.state_dict(),
            "parts": {name: part.state_dict() for name, part in self._parts().items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state; see `Scheduler.load_state_dict`."""
        own = {"seed", "policy_version", "draws", "book", "recent", "parts"}
        state = check_header(state, kind=self._kind, space=self._cells.space, keys=own)
        # into a copy: a refused state must leave this curriculum as it was
        fresh = copy.deepcopy(self)
        fresh._load(state)
        vars(self).update(vars(fresh))

    def _load(self, state: Mapping[str, Any]) -> None:
        parts = self._parts()
        saved = check_keys("parts", state["parts"], parts)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        self._recent.load_state_dict(state["recent"])
        self._book.load_state_dict(state["book"])
        self._seed, self._version = state["seed"], state["policy_version"]
        self._draws, self._chances = state["draws"], None


def _mixed_in(shares: dict[int, float], part: float, others: dict[int, float]) -> dict[int, float]:
    """Return shares of which others take a part; with part 0 the floor reaches them still."""
    mixed = {cell: (1 - part) * share for cell, share in shares.items()}
    for cell, share in others.items():
        mixed[cell] = mixed.get(cell, 0.0) + part * share
    return mixed
