"""What is known of one arm under one curriculum, when its runs are done."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..statistics import Estimate
from .finals import Pair
from .halving import Choice
from .spec import Arm

FULL = "full"
DECIDED = 0.15  # half the width of an interval of a share, at most, for a row that decides
_LAYER = re.compile(r"layers:(\d+)")


@dataclass(frozen=True, slots=True)
class Costs:
    """What an arm's training took, next to full training on the same seeds and curriculum.

    Attributes:
        update: seconds of updates per group that took part, over those of full training.
        iteration: seconds of a whole iteration, likewise; it has fewer updates where more groups
            have no signal.
        flops: operations of the updates, by the cost model, over those of the same updates in full.
        peak: largest memory of an update, by the cost model, over that of full training.
    """

    update: float
    iteration: float
    flops: float
    peak: float


@dataclass(frozen=True, slots=True)
class Reward:
    """Training reward over the iterations, a running mean.

    Attributes:
        mean: over the seeds.
        low: of the worst seed.
        high: of the best.
    """

    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One arm under one curriculum.

    Attributes:
        arm: as the study has it.
        curriculum: its name.
        seeds: of the runs that count.
        diverged: how many of them did.
        failed: runs that are left out.
        choice: learning rate, and how the others did; None for the untrained policy.
        curves: validation pass rate by learning rate, of each length that tuning runs had.
        trainable: weights that train at some time.
        total: weights of the policy.
        rate: held-out pass rate, mean of the families trained on.
        gain: over the untrained policy.
        share: of the gain of full training, on the seeds that both have.
        no_share: why there is none.
        difference: to full training, in the same unit as `gain`.
        p: of no difference to full training, adjusted by Holm for all arms of the study; single
            layers are a curve, and no part of that.
        families: gain in each family trained on.
        levels: pass rate of each level, by `family/level`.
        others: change in the families not trained on; None if the exam has none.
        layers: share of the iterations in which each layer trained, where a schedule chose.
        costs: None without a full arm that was updated.
        reward: None for the untrained policy.
    """

    arm: Arm
    curriculum: str
    seeds: tuple[int, ...]
    diverged: int
    failed: int
    choice: Choice | None
    curves: dict[int, dict[float, float]]
    trainable: int
    total: int
    rate: Estimate
    gain: Estimate
    share: Estimate | None
    no_share: str
    difference: Estimate | None
    p: float | None
    families: dict[str, Estimate]
    levels: dict[str, float]
    others: Estimate | None
    layers: dict[int, float]
    costs: Costs | None
    reward: Reward | None

    @property
    def pair(self) -> Pair:
        """Return the names of arm and curriculum."""
        return self.arm.name, self.curriculum

    @property
    def decided(self) -> bool:
        """Return whether the interval of the share is narrow enough to say something."""
        return self.share is not None and (self.share.high - self.share.low) / 2 <= DECIDED

    @property
    def layer(self) -> int | None:
        """Return the number of the layer if the arm trains one alone."""
        return layer_of(self.arm)


def layer_of(arm: Arm) -> int | None:
    """Return the number of the layer if an arm trains one alone, for the curve of all layers.

    One that takes the learning rate of another arm is there to be compared with others.
    """
    match = None if arm.rate_of else _LAYER.fullmatch(arm.trainable)
    return int(match[1]) if match else None


def pareto(points: Iterable[tuple[str, float, float]]) -> list[str]:
    """Return the names of the points that no other beats: (name, cost, gain), the cheapest first.

    >>> pareto([("a", 1, 2), ("b", 2, 1), ("c", 3, 4)])
    ['a', 'c']
    """
    front: list[str] = []
    best = -math.inf
    for name, _, gain in sorted(points, key=lambda point: (point[1], -point[2])):
        if gain > best:
            front.append(name)
            best = gain
    return front
