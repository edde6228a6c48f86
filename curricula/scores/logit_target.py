"""The score of `frontier`: how near the logit of a pass rate is to that of a target."""

import math
from collections.abc import Sequence
from typing import final

from ..checks import check_option
from .score import Moment, Score

TINY = 1e-3  # rates nearer to 0 or 1 than this are all alike to a logit


@final
class LogitTarget(Score):
    """Gaussian of the distance between the logits of the estimated pass rate and of a target.

    In logits because a policy gradient moves them at a like pace; scores are positive, 1 at the
    target. A target below 1/2 looks ahead: what is trained on now will be easier when its outcome
    is known. The Gaussian leaves a level that hardly ever succeeds nothing, though it may be the
    only one left to learn; so a cell below the target scores at least tail * rate / target.

    Args:
        target: the pass rate aimed at.
        width: standard deviation, in logits.
        tail: score of a cell just below the target at least; 0 for the Gaussian alone.
    """

    def __init__(self, target: float, width: float, *, tail: float = 0.0) -> None:
        """Aim at `target`."""
        self.target = check_option("target", target, 0, 1, ends="()")
        self.width = check_option("width", width, 0, ends="(]")
        self.tail = check_option("tail", tail, 0)

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return the scores."""
        centre = math.log(self.target / (1 - self.target))
        values = []
        for cell in cells:
            rate = min(1 - TINY, max(TINY, moment.estimator.rate(cell)))
            distance = (math.log(rate / (1 - rate)) - centre) / self.width
            value = math.exp(-distance * distance / 2)
            if rate < self.target:
                value = max(value, self.tail * rate / self.target)
            values.append(value)
        return values
