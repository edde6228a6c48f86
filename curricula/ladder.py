"""The promotion ladder: every family climbs its levels, each at its own pace.

Differs from the usual rule (reasoning-gym: mean of the last k scores above a threshold; RLVE: the
same without a way back) in five ways: the promotion is a test with a stated error rate; a lost
level is taken back, with hysteresis; passed levels are replayed, the weakest most; an outcome
counts for the level of its ticket, however late; and errors of ours count for nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any, final

from .checks import (
    STATE_VERSION,
    check_families,
    check_header,
    check_keys,
    check_space,
    level_per_family,
)
from .climb import Climb, ClimbRules
from .config import CurriculumConfig
from .evidence import RecentRates
from .gates import SPRT, Gate, WilsonLower
from .protocol import Event, Key, Outcome, Space, Ticket
from .tickets import TicketBook


@final
class PromotionLadder:
    """Trains at each family's frontier, replays what is passed, previews what comes next.

    A family's tickets are split into a share `replay` on the passed levels (weighted by recent
    failure rate + `floor`, so none is ever left out), a share `preview` on the level after the
    frontier, and the rest on the frontier. A share without a level goes to the frontier. Once every
    level is passed, all tickets are replay. Preview outcomes become evidence for promotion only if
    they arrive after their level has become the frontier.

    >>> ladder = PromotionLadder({"arithmetic": 3}, CurriculumConfig(preview=0.1), seed=0)
    >>> ladder.probabilities()
    {('arithmetic', 1): 0.9, ('arithmetic', 2): 0.1, ('arithmetic', 3): 0.0}
    """

    def __init__(self, space: Space, config: CurriculumConfig, seed: int) -> None:
        """Put every family at its start level.

        Args:
            space: families and their numbers of levels.
            config: the options; those of other kinds are not looked at.
            seed: of the private random stream.

        Raises:
            ValueError: if a start level or weight belongs to no level or family of `space`.
        """
        self._space = check_space(space)
        check_families("weights", config.weights, self._space)
        starts = level_per_family("start", config.start, self._space, default=1)
        self._config = config
        self._rules = ClimbRules.of(config, _gate(config))
        self._climbs = {
            family: Climb(top, passed=starts[family] - 1) for family, top in self._space.items()
        }
        self._recent = RecentRates(self._space, half_life=config.half_life)
        self._book = TicketBook(seed)
        self._moves = {"promotion": 0, "demotion": 0}

    def sample(self, n: int, *, policy_version: int) -> list[Ticket]:
        """Hand out `n` tickets; see `Curriculum.sample`."""
        return self._book.issue(n, self.probabilities(), policy_version=policy_version)

    def update(self, outcomes: Iterable[Outcome]) -> list[Event]:
        """Learn from outcomes and return the promotions and demotions; see `Curriculum.update`."""
        events = []
        for outcome in self._book.close(outcomes):
            family = outcome.ticket.family
            self._recent.add(outcome)
            self._climbs[family], event = self._rules.step(self._climbs[family], outcome)
            if event is not None:
                self._moves[event.kind] += 1
                events.append(event)
        return events

    def probabilities(self) -> dict[Key, float]:
        """Chance of every (family, level) at the next draw."""
        weights = {family: self._config.weights.get(family, 1.0) for family in self._space}
        total = sum(weights.values())
        return {
            (family, level): weights[family] / total * share
            for family in self._space
            for level, share in self._shares(family).items()
        }

    def _shares(self, family: str) -> dict[int, float]:
        """Split one family's tickets over its levels."""
        climb, config = self._climbs[family], self._config
        shares = dict.fromkeys(range(1, climb.top + 1), 0.0)
        replay = 1.0 if climb.finished else config.replay if climb.passed else 0.0
        needs = {
            level: config.floor + 1 - self._recent.rate((family, level))
            for level in range(1, climb.passed + 1)
        }
        for level, need in needs.items():
            shares[level] = replay * need / sum(needs.values())
        if not climb.finished:
            preview = config.preview if climb.frontier < climb.top else 0.0
            shares[climb.frontier] = 1 - replay - preview
            if preview:
                shares[climb.frontier + 1] = preview
        return shares

    def metrics(self) -> dict[str, float]:
        """Numbers to log: those of `Curriculum.metrics`, and these.

        `passed/<family>` (levels passed) and `rejections/<family>` (tests at the frontier that
        ended without a promotion).
        """
        numbers = {
            "promotions": float(self._moves["promotion"]),
            "demotions": float(self._moves["demotion"]),
            "errors": float(self._book.errors),
        }
        for family, climb in self._climbs.items():
            numbers[f"level/{family}"] = float(climb.frontier)
            numbers[f"passed/{family}"] = float(climb.passed)
            numbers[f"rejections/{family}"] = float(climb.rejections)
        return numbers | self._recent.metrics()

    def state_dict(self) -> dict[str, Any]:
        """Everything that later calls depend on; see `Curriculum.state_dict`."""
        return {
            "version": STATE_VERSION,
            "kind": "ladder",
            "space": dict(self._space),
            "book": self._book.state_dict(),
            "recent": self._recent.state_dict(),
            "climbs": {family: climb.to_json() for family, climb in self._climbs.items()},
            "moves": dict(self._moves),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state; see `Curriculum.load_state_dict`."""
        own = {"book", "recent", "climbs", "moves"}
        state = check_header(state, kind="ladder", space=self._space, keys=own)
        saved = check_keys("climbs", state["climbs"], self._space)
        climbs = {
            family: Climb.from_json(saved[family], top=top) for family, top in self._space.items()
        }
        moves = check_keys("moves", state["moves"], self._moves)
        # into fresh objects: a refused state must leave this one as it was
        recent = RecentRates(self._space, half_life=self._config.half_life)
        recent.load_state_dict(state["recent"])
        book = TicketBook(seed=0)
        book.load_state_dict(state["book"])
        self._climbs, self._moves, self._recent, self._book = climbs, moves, recent, book


def _gate(config: CurriculumConfig) -> Gate:
    if config.gate == "wilson":
        return WilsonLower(config.promote_at, config.alpha, config.icc)
    return SPRT(config.reject_at, config.promote_at, config.alpha, config.beta, config.icc)
