"""The curriculum: a composition of parts behind the scheduler protocol."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, final

from .cells import Cells
from .checks import STATE_VERSION, check_count, check_header, check_keys, whole
from .estimators import DiscountedBeta, Estimator
from .evidence import RecentRates
from .filters import GroupFilter
from .floors import Floor
from .ladder import Ladder
from .mixing import Even, Mix
from .protocol import Event, Key, Outcome, Space, Ticket
from .replay import Replay
from .scores import Constant, Moment, Score
from .selection import Proportional, Selection
from .sharing import Sharing
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
                with a mix or replay, replay without a ladder, or a quarantine with a selection
                that is not in proportion.
        """
        if joint and mix is not None:
            raise ValueError("joint=True lets families compete; it goes without a mix")
        shut = ladder is not None and ladder.quarantine is not None
        if shut and not isinstance(selection or Proportional(), Proportional):
            raise ValueError(
                f"a quarantine takes a Proportional selection, got {type(selection).__name__}"
            )
        if replay is not None and (joint or ladder is None):
            raise ValueError(
                "replay is a share of each family's tickets; it needs a ladder, and no joint=True"
            )
        self._cells = Cells(space)
        self._kind, self._seed = kind, seed
        self._ladder, self._filter = ladder, filter
        self._sharing = Sharing(
            self._cells,
            estimator or DiscountedBeta(),
            score or Constant(),
            selection or Proportional(),
            ladder,
            replay,
            None if joint else mix or Even(),
            floor,
        )
        self._recent = RecentRates(len(self._cells))
        for part in self._sharing.parts().values():
            part.start(self._cells)
        self._book = TicketBook(seed)
        self._version, self._draws = 0, 0
        self._chances: list[float] | None = None

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
        check_count("n", n, 0)
        if whole(policy_version) is None:
            raise ValueError(f"policy_version must be a whole number, got {policy_version!r}")
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
        believed = self._sharing.estimator
        events = self._ladder.hear_with(heard, believed) if self._ladder else []
        for part in self._sharing.parts().values():
            part.hear(heard)
        self._recent.hear(heard)
        return events

    @property
    def filters(self) -> bool:
        """Whether some groups are not to be trained on."""
        return self._filter is not None

    def admits(self, outcome: Outcome) -> bool:
        """Whether a group with this outcome is to be trained on."""
        return self._filter is None or self._filter.admits(outcome)

    def probabilities(self) -> dict[Key, float]:
        """Chance of every (family, level) at the next draw."""
        return dict(zip(self._cells.keys, self._current(), strict=True))

    def _current(self) -> list[float]:
        """Return the chances of all cells, computed once between changes."""
        if self._chances is None:
            moment = Moment(self._sharing.estimator, self._version, self._seed, self._draws)
            self._chances = self._sharing.chances(moment)
        return self._chances

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
            "parts": {name: part.state_dict() for name, part in self._sharing.parts().items()},
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
        parts = self._sharing.parts()
        saved = check_keys("parts", state["parts"], parts)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        self._recent.load_state_dict(state["recent"])
        self._book.load_state_dict(state["book"])
        for ticket in state["book"]["open"]:
            if (ticket["family"], ticket["level"]) not in self._cells.number:
                raise ValueError(f"state holds an open ticket of no level of the space: {ticket}")
        for name in ("seed", "policy_version"):
            if whole(state[name]) is None:
                raise ValueError(f"{name} of a state must be a whole number, got {state[name]!r}")
        self._seed, self._version = state["seed"], state["policy_version"]
        self._draws, self._chances = check_count("draws", state["draws"], 0), None
