"""One family's way up the ladder: where it stands and what moves it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .checks import check_keys
from .config import CurriculumConfig
from .evidence import NOTHING_SEEN, Evidence
from .gates import Gate, wilson_lower, wilson_upper
from .protocol import Event, Outcome


@dataclass(frozen=True, slots=True)
class Climb:
    """Where one family stands.

    Attributes:
        top: number of levels.
        passed: levels passed, 0..top.
        gate: evidence on the frontier level since the last promotion, demotion or rejection.
        watch: evidence on the highest passed level since the last promotion or demotion,
            discounted by age.
        rejections: tests that ended without a promotion; each one was a chance of a false one.
    """

    top: int
    passed: int
    gate: Evidence = NOTHING_SEEN
    watch: Evidence = NOTHING_SEEN
    rejections: int = 0

    @property
    def frontier(self) -> int:
        """The lowest level not passed; the top level once all are."""
        return min(self.passed + 1, self.top)

    @property
    def finished(self) -> bool:
        """Whether every level is passed."""
        return self.passed == self.top

    def move(self, passed: int) -> "Climb":
        """Return the climb after a promotion or demotion.

        Both kinds of evidence start again: no outcome can move a family twice.
        """
        return Climb(self.top, passed, rejections=self.rejections)

    def to_json(self) -> dict[str, Any]:
        """Return everything but `top`, which is no state."""
        state = asdict(self)
        del state["top"]
        return state

    @classmethod
    def from_json(cls, state: Mapping[str, Any], *, top: int) -> "Climb":
        """Rebuild from `to_json`.

        Raises:
            ValueError: if a key is wrong or `passed` lies outside 0..top.
        """
        names = {field.name for field in fields(cls)} - {"top"}
        state = check_keys("climb", state, names)
        if not 0 <= state["passed"] <= top:
            raise ValueError(f"passed must be between 0 and {top}, got {state['passed']!r}")
        evidence = {name: Evidence.from_json(state[name]) for name in ("gate", "watch")}
        return cls(top, state["passed"], rejections=state["rejections"], **evidence)


@dataclass(frozen=True, slots=True)
class ClimbRules:
    """When a family moves.

    Promotion: the gate passes on outcomes of the level that is the frontier when they come in.
    Demotion: the upper Wilson bound of the watched level, discounted by age, is below
    `demote_below` after at least `demote_groups` groups. That bound is looked at after every
    group, so `alpha` is its error rate per look, not for all time; what keeps a level from going up
    and down is the distance between `demote_below` and the rates the gate promotes at.
    """

    gate: Gate
    demote_below: float
    demote_groups: int
    alpha: float
    keep: float

    @classmethod
    def of(cls, config: CurriculumConfig, gate: Gate) -> "ClimbRules":
        """Take the rules from the options of a curriculum."""
        keep = 0.5 ** (1 / config.half_life)
        return cls(gate, config.demote_below, config.demote_groups, config.alpha, keep)

    def step(self, climb: Climb, outcome: Outcome) -> tuple[Climb, Event | None]:
        """Return the climb after one outcome of its family, and what happened if it moved."""
        level = outcome.ticket.level
        if level == climb.passed + 1:
            return self._test(climb, outcome)
        if level == climb.passed:
            return self._watch(climb, outcome)
        return climb, None

    def _test(self, climb: Climb, outcome: Outcome) -> tuple[Climb, Event | None]:
        """Ask the gate whether the frontier level is passed."""
        seen = climb.gate.add(outcome.successes, outcome.trials, icc=self.gate.icc)
        decision = self.gate.decide(seen)
        if decision == "reject":
            return replace(climb, gate=NOTHING_SEEN, rejections=climb.rejections + 1), None
        if decision == "stay":
            return replace(climb, gate=seen), None
        moved = climb.move(climb.passed + 1)
        event = Event(
            kind="promotion",
            family=outcome.ticket.family,
            level=moved.passed,
            frontier=moved.frontier,
            groups=seen.groups,
            successes=seen.successes,
            trials=seen.trials,
            bound=wilson_lower(seen.effective_successes, seen.effective_trials, self.gate.alpha),
            reason=self.gate.explain(seen),
        )
        return moved, event

    def _watch(self, climb: Climb, outcome: Outcome) -> tuple[Climb, Event | None]:
        """Ask whether the highest passed level has been lost."""
        seen = climb.watch.add(outcome.successes, outcome.trials, icc=self.gate.icc, keep=self.keep)
        bound = wilson_upper(seen.effective_successes, seen.effective_trials, self.alpha)
        if seen.groups < self.demote_groups or bound >= self.demote_below:
            return replace(climb, watch=seen), None
        moved = climb.move(climb.passed - 1)
        event = Event(
            kind="demotion",
            family=outcome.ticket.family,
            level=climb.passed,
            frontier=moved.frontier,
            groups=seen.groups,
            successes=seen.successes,
            trials=seen.trials,
            bound=bound,
            reason=f"Wilson upper bound is {bound:.3f}, demotion below {self.demote_below:g}",
        )
        return moved, event
