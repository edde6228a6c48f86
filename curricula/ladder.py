"""The ladder: which levels of every family are passed, tested, open or set aside.

Differs from the usual rule (reasoning-gym: mean of the last k scores above a threshold; RLVE: the
same without a way back) in this: a promotion can be a test with a stated error rate; a lost level
is taken back, with hysteresis; a level that never or randomly succeeds is stepped over; and an
outcome counts for the level of its ticket, however late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, final

from .cells import Cells, Heard
from .checks import check_keys, level_per_family
from .demotion import UpperBound
from .estimators import Estimator
from .evidence import NOTHING_SEEN, Evidence
from .gates import Gate
from .part import Part
from .protocol import Event
from .quarantine import Quarantine, Trail
from .reach import Reach
from .wilson import wilson_lower, wilson_upper

Kind = Literal["promotion", "demotion", "quarantine", "release"]


@final
class Ladder(Part):
    """Holds every family's place on its ladder and moves it.

    Each level is free, passed or in quarantine. The frontier is the lowest free level. The gate
    hears of a level since it last answered; the demotion hears of a passed level since its
    promotion.

    Args:
        gate: passes levels.
        demotion: takes passed levels back; None for never.
        quarantine: sets levels aside; None for never.
        reach: which levels are open.
        starts: first frontier, one for all families or for each (1 where not named).
        begin: estimated pass rate from which a test of a level begins; 0 tests always. Hopeless
            tests cost a gate that spends its alpha over tests its power.
        ahead: whether open levels above the frontier are tested too.
        confirm: share of a family's tickets on its frontier while that looks passed (estimate of
            at least `begin`), so that its test comes to an end though the score has moved on.
    """

    STATE = ("passed", "shut", "tests", "rejections", "watched", "trails", "before", "moves")

    def __init__(
        self,
        gate: Gate,
        *,
        demotion: UpperBound | None = None,
        quarantine: Quarantine | None = None,
        reach: Reach | None = None,
        starts: int | Mapping[str, int] = 1,
        begin: float = 0.0,
        ahead: bool = False,
        confirm: float = 0.0,
    ) -> None:
        """Keep the rules."""
        if not 0 <= confirm < 1:
            raise ValueError(f"confirm must be in [0, 1), got {confirm!r}")
        self.gate, self.demotion, self.quarantine = gate, demotion, quarantine
        if gate.window is not None and quarantine is not None:
            raise ValueError("a gate with a sliding window cannot be combined with a quarantine")
        self.reach, self.starts = reach or Reach(), starts
        self.begin, self.ahead, self.confirm = begin, ahead, confirm

    def start(self, cells: Cells) -> None:
        """Put every family at its start level."""
        starts = level_per_family("start", self.starts, cells.space, default=1)
        super().start(cells)
        for family, level in starts.items():
            for below in range(1, level):
                self.passed[cells.number[family, below]] = True
        self._refresh()

    def reset(self) -> None:
        """Put every family at level 1."""
        size = len(self.cells)
        self.passed, self.shut = [False] * size, [False] * size
        self.tests: list[Evidence] = [NOTHING_SEEN] * size
        self.watched: list[Evidence] = [NOTHING_SEEN] * size
        self.rejections = [0] * size
        # groups of a level for the quarantine, or for a gate that slides; since the last move
        self.trails: list[Trail] = [[] for _ in range(size)]
        self.before: list[Trail] = [[] for _ in range(size)]  # what a level was set aside with
        self.moves = dict.fromkeys(("promotion", "demotion", "quarantine", "release"), 0)

    def _refresh(self) -> None:
        """Find the frontiers of all families."""
        self._frontiers = [self._lowest_free(run) for run in self.cells.ranges]

    def _lowest_free(self, run: range) -> int:
        """Return the lowest free cell of a run; one past its last if nothing is free."""
        free = (cell for cell in run if not self.passed[cell] and not self.shut[cell])
        return next(free, run.stop)

    def frontier(self, place: int) -> int:
        """Return the frontier level of a family; its top level if nothing is free."""
        cell = min(self._frontiers[place], self.cells.ranges[place].stop - 1)
        return self.cells.level(cell)

    def finished(self, place: int) -> bool:
        """Whether a family has no free level left."""
        return self._frontiers[place] == self.cells.ranges[place].stop

    def hear_with(self, heard: Sequence[Heard], estimator: Estimator) -> list[Event]:
        """Move levels on what was heard; `estimator` has not heard of it yet."""
        events = []
        for item in heard:
            event = self._hear(item, estimator)
            if event is not None:
                self.moves[event.kind] += 1
                events.append(event)
        return events

    def _hear(self, item: Heard, estimator: Estimator) -> Event | None:
        """Move one level on one outcome."""
        cell = item.cell
        if self.passed[cell]:
            return self._watch(item)
        if self.shut[cell]:
            return self._probe(item)
        place = self.cells.family_of[cell]
        if cell != self._frontiers[place] and not self.ahead:
            return None
        return self._test(item, estimator) or self._doubt(item)

    def _test(self, item: Heard, estimator: Estimator) -> Event | None:
        """Ask the gate about a level that is neither passed nor set aside."""
        cell, gate = item.cell, self.gate
        seen = self.tests[cell]
        if not seen.groups and estimator.rate(cell) < self.begin:
            return None
        if gate.window is None:
            seen = seen.add(item.successes, item.trials, icc=gate.icc)
        else:
            trail = self._follow(item, gate.window)
            seen = NOTHING_SEEN
            for successes, trials in trail:
                seen = seen.add(successes, trials, icc=gate.icc)
        rejections = self.rejections[cell]
        decision = gate.decide(seen, rejections=rejections)
        self.tests[cell] = seen
        if decision == "reject":
            self.rejections[cell] += 1
            self.tests[cell] = NOTHING_SEEN
        elif decision == "promote":
            self.passed[cell] = True
            reason = gate.explain(seen, rejections=rejections)
            return self._moved("promotion", cell, seen, gate.alpha, reason)
        elif decision == "demote":
            return self._fall(cell, seen)
        return None

    def _fall(self, cell: int, seen: Evidence) -> Event | None:
        """Take back the level before one that its gate demotes."""
        self.tests[cell], self.trails[cell] = NOTHING_SEEN, []
        if cell == self.cells.ranges[self.cells.family_of[cell]].start:
            return None
        self.passed[cell - 1] = False
        return self._moved("demotion", cell - 1, seen, self.gate.alpha, self.gate.explain(seen))

    def _watch(self, item: Heard) -> Event | None:
        """Ask whether a passed level has been lost."""
        demotion, cell = self.demotion, item.cell
        if demotion is None:
            return None
        icc = self.gate.icc
        seen = self.watched[cell].add(item.successes, item.trials, icc=icc, keep=demotion.keep)
        self.watched[cell] = seen
        if not demotion.lost(seen):
            return None
        self.passed[cell] = False
        return self._moved("demotion", cell, seen, demotion.alpha, demotion.explain(seen))

    def _doubt(self, item: Heard) -> Event | None:
        """Ask whether a level is to be set aside."""
        if self.quarantine is None:
            return None
        trail = self._follow(item, self.quarantine.memory)
        groups, reason = self.quarantine.doubt(trail)
        if not reason:
            return None
        seen = _total(trail[-groups:], self.gate.icc)
        self.shut[item.cell] = True
        event = self._moved("quarantine", item.cell, seen, self.gate.alpha, reason)
        self.before[item.cell] = trail[-groups:]
        return event

    def _probe(self, item: Heard) -> Event | None:
        """Ask whether a level in quarantine comes back."""
        assert self.quarantine is not None
        cell = item.cell
        trail = self._follow(item, self.quarantine.memory)
        reason = self.quarantine.release(self.before[cell], trail)
        if not reason:
            return None
        self.shut[cell] = False
        return self._moved("release", cell, _total(trail, self.gate.icc), self.gate.alpha, reason)

    def _follow(self, item: Heard, memory: int) -> Trail:
        """Append a group to its level's trail and return that."""
        trail = self.trails[item.cell]
        trail.append([item.successes, item.trials])
        del trail[:-memory]
        return trail

    def _moved(self, kind: Kind, cell: int, seen: Evidence, alpha: float, reason: str) -> Event:
        """Start the level's evidence again and describe the move."""
        if kind == "demotion" or (kind == "quarantine" and self.tests[cell].groups):
            self.rejections[cell] += 1  # its share of a spent alpha is gone all the same
        self.tests[cell] = self.watched[cell] = NOTHING_SEEN
        self.trails[cell], self.before[cell] = [], []
        place = self.cells.family_of[cell]
        # nothing below the frontier is free but what has just become so
        first, stop = min(self._frontiers[place], cell), self.cells.ranges[place].stop
        self._frontiers[place] = self._lowest_free(range(first, stop))
        counts = seen.effective_successes, seen.effective_trials
        return Event(
            kind=kind,
            family=self.cells.families[place],
            level=self.cells.level(cell),
            frontier=self.frontier(place),
            groups=seen.groups,
            successes=seen.successes,
            trials=seen.trials,
            lower=wilson_lower(*counts, alpha),
            upper=wilson_upper(*counts, alpha),
            reason=reason,
        )

    def open(self, place: int, estimator: Estimator) -> list[int]:
        """Return the cells of a family that are open to training, those set aside included."""
        run, reach = self.cells.ranges[place], self.reach
        first = self._frontiers[place]
        if first == run.stop:
            first = run.stop - 1
        top, ahead = first, reach.ahead  # top: the highest open cell so far
        for cell in range(first + 1, run.stop):
            if self.shut[cell]:
                continue
            opens = self.passed[top]
            if reach.at is not None and not opens:
                opens = estimator.trials(top) > 0 and estimator.rate(top) >= reach.at
            if not opens:
                if not ahead:
                    break
                ahead -= 1
            top = cell
        low = run.start if reach.behind is None else max(run.start, first - reach.behind)
        return list(range(low, top + 1))

    def to_confirm(self, place: int, estimator: Estimator) -> int | None:
        """Return the frontier's cell if its test is to be brought to an end, else None."""
        cell = self._frontiers[place]
        if not self.confirm or cell == self.cells.ranges[place].stop:
            return None
        looks_passed = estimator.trials(cell) > 0 and estimator.rate(cell) >= self.begin
        return cell if looks_passed else None

    def state_dict(self) -> dict[str, Any]:
        """Return everything that later moves depend on."""
        state = super().state_dict()
        for name in ("tests", "watched"):
            state[name] = [asdict(seen) if seen.groups else None for seen in state[name]]
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        state = dict(check_keys("state of Ladder", state, {"part", *self.STATE}))
        for name in ("tests", "watched"):
            state[name] = [Evidence.from_json(s) if s else NOTHING_SEEN for s in state[name]]
        super().load_state_dict(state)
        self._refresh()


def _total(trail: Trail, icc: float) -> Evidence:
    """Return the evidence of a trail."""
    seen = NOTHING_SEEN
    for successes, trials in trail:
        seen = seen.add(successes, trials, icc=icc)
    return seen
