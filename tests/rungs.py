"""A ladder without a curriculum around it, so that its moves can be worked out by hand."""

from typing import Any

from frostline.curricula import SPRT, Event
from frostline.curricula.cells import Cells, Heard
from frostline.curricula.estimators import EMA, Estimator
from frostline.curricula.gates import MeanThreshold
from frostline.curricula.ladder import Ladder

# 4 groups of 16 without a mistake pass: 64 ln 1.4 / 5.5 = 3.92 >= ln 20; 2 without a success reject
GATE = SPRT(low=0.5, high=0.7, alpha=0.05, beta=0.1, icc=0.3)
AT_ONCE = MeanThreshold(0.7, groups=1, sliding=False)  # one group above 0.7 passes
GROUP = 16
ALL, NONE, HALF = GROUP, 0, GROUP // 2  # successes of a group


class Rungs:
    """One family on a ladder, told of groups one by one, with the last group as the estimate."""

    def __init__(self, gate: Any = GATE, *, top: int = 4, **rules: Any) -> None:
        self.ladder = Ladder(gate, **rules)
        self.estimator: Estimator = EMA(1.0)
        cells = Cells({"sums": top})
        self.ladder.start(cells)
        self.estimator.start(cells)

    def tell(self, level: int, *successes: int, of: int = GROUP) -> list[Event]:
        """Tell of groups of a level; return what moved."""
        events = []
        for right in successes:
            heard = [Heard(level - 1, right, of)]
            events += self.ladder.hear_with(heard, self.estimator)
            self.estimator.hear(heard)
        return events

    @property
    def frontier(self) -> int:
        return self.ladder.frontier(0)

    @property
    def passed(self) -> list[int]:
        return [level for level, flag in enumerate(self.ladder.passed, 1) if flag]

    @property
    def shut(self) -> list[int]:
        return [level for level, flag in enumerate(self.ladder.shut, 1) if flag]

    @property
    def open(self) -> list[int]:
        return [cell + 1 for cell in self.ladder.open(0, self.estimator)]
