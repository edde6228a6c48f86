"""What the final runs of a study say of each arm: gains with intervals, costs, tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from ..statistics import Estimate, Resampled, holm, resample_strata
from .halving import Choice, score
from .lines import RunLine
from .marks import BASE, Finals
from .names import family_names
from .plan import chosen, finished, pairs, tuner
from .spec import Arm, Study

FULL = "full"
DECIDED = 0.15  # half the width of an interval of a share, at most, for a row that decides
SMOOTH = 10  # iterations in a running mean of the reward
_LAYER = re.compile(r"layers:(\d+)")


@dataclass(frozen=True, slots=True)
class Costs:
    """What an arm's training took, next to full training on the same seeds and curriculum.

    Attributes:
        update: seconds of an iteration's update, over those of full training.
        iteration: likewise of a whole iteration.
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
        share: of the gain of full training; None where that is not above 0 for sure.
        difference: to full training, in the same unit as `gain`.
        p: of no difference to full training, adjusted by Holm for all arms of the study; single
            layers are a curve, and no part of that.
        families: gain in each family trained on.
        levels: pass rate of each level, by `family/level`.
        others: change in the families not trained on; None if the exam has none.
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
    difference: Estimate | None
    p: float | None
    families: dict[str, Estimate]
    levels: dict[str, float]
    others: Estimate | None
    costs: Costs | None
    reward: Reward | None

    @property
    def pair(self) -> tuple[str, str]:
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
    """Return the number of the layer if an arm trains one alone."""
    match = _LAYER.fullmatch(arm.trainable)
    return int(match[1]) if match else None


class Results:
    """The results of a study that is finished, or of what there is of it."""

    def __init__(self, study: Study, lines: Iterable[RunLine], *, seed: int = 0) -> None:
        """Compute them; equal lines give equal results.

        Args:
            study: what the lines belong to.
            lines: of the study's directory.
            seed: of the resampling.

        Raises:
            ValueError: if the untrained policy has no run.
        """
        self.study, self.seed = study, seed
        self.lines = list(lines)
        self.finals = Finals.of(study, self.lines)
        if not self.finals.lines.get(BASE):
            raise ValueError("the study needs a final run of the arm none, to measure gains from")
        self._drawn: dict[tuple[tuple[int, ...], tuple[str, ...]], Resampled] = {}
        self._groups = self.finals.groups()
        known = [pair for pair in self.finals.lines if self.finals.seeds(pair)]
        raw = {pair: p for pair in known if (p := self._raw_p(pair)) is not None}
        adjusted = dict(zip(raw, holm(list(raw.values())), strict=True))
        self.rows = [self._result(pair, adjusted.get(pair)) for pair in known]

    def runs(self) -> list[RunLine]:
        """Return the lines of the study's own runs, those of tuning and failed ones included."""
        tuned = {tuner(self.study, *pair) for pair in pairs(self.study) if not pair[0].untrained}
        tuning = [
            line for line in finished(self.lines).values()
            if line.stage == "tune" and (line.arm, line.curriculum) in tuned
        ]  # fmt: skip
        final = [line for seeds in self.finals.lines.values() for line in seeds.values()]
        return [*tuning, *final, *self.finals.failed]

    def row(self, arm: str, curriculum: str | None = None) -> Result | None:
        """Return the result of an arm under the first curriculum, or under one; None without."""
        wanted = curriculum or self.study.curricula[0]
        for row in self.rows:
            if row.arm.name == arm and (row.arm.untrained or row.curriculum == wanted):
                return row
        return None

    def compare(self, first: tuple[str, str], second: tuple[str, str]) -> tuple[Estimate, float]:
        """Return the difference of two pairs' pass rates, and its p-value.

        They are compared on the seeds that both have.

        Raises:
            ValueError: if there are none.
        """
        drawn, place = self._common([first, second])
        pair = place[first], place[second]
        return drawn.gain(*pair), drawn.p_value(*pair)

    def interaction(self, arm: str, curriculum: str) -> Estimate:
        """Return how much more a curriculum brings to an arm than to full training.

        Both are measured from the study's first curriculum, on the seeds that all four have.

        Raises:
            ValueError: if there are none.
        """
        first = self.study.curricula[0]
        four = [(arm, curriculum), (arm, first), (FULL, curriculum), (FULL, first)]
        drawn, place = self._common(four)
        a, b, c, d = (place[pair] for pair in four)
        return drawn.interaction(a, b, c, d)

    def has(self, *wanted: tuple[str, str]) -> bool:
        """Return whether pairs have runs on common seeds."""
        return set(wanted) <= self.finals.lines.keys() and any(
            set(wanted) <= set(group) for group in self._groups.values()
        )

    def _common(
        self, wanted: Sequence[tuple[str, str]]
    ) -> tuple[Resampled, dict[tuple[str, str], int]]:
        """Return the resampling over the most seeds that all pairs have."""
        fit = [seeds for seeds, group in self._groups.items() if set(wanted) <= set(group)]
        if not fit:
            raise ValueError(f"no seed has a run of all of {wanted}")
        return self._of(max(fit, key=len), self.study.ladders())

    def _of(
        self, seeds: tuple[int, ...], families: Sequence[str]
    ) -> tuple[Resampled, dict[tuple[str, str], int]]:
        """Return a resampling of all pairs that have `seeds`, and the place of each pair."""
        pairs = self._groups[seeds]
        key = seeds, tuple(families)
        if key not in self._drawn:
            weights = dict.fromkeys(families, 1 / len(families))
            strata, shares = self.finals.strata(pairs, seeds, weights)
            self._drawn[key] = resample_strata(strata, shares, seed=self.seed)
        return self._drawn[key], {pair: place for place, pair in enumerate(pairs)}

    def _raw_p(self, pair: tuple[str, str]) -> float | None:
        drawn, place = self._of(self.finals.seeds(pair), self.study.ladders())
        full = place.get((FULL, pair[1]))
        untested = (
            self.study.arm(pair[0]).untrained or layer_of(self.study.arm(pair[0])) is not None
        )
        if full is None or untested or place[pair] == full:
            return None
        return drawn.p_value(place[pair], full)

    def _result(self, pair: tuple[str, str], p: float | None) -> Result:
        arm, seeds, ladders = self.study.arm(pair[0]), self.finals.seeds(pair), self.study.ladders()
        runs = [self.finals.lines[pair][seed] for seed in seeds]
        drawn, place = self._of(seeds, ladders)
        mine, base, full = place[pair], place[BASE], place.get((FULL, pair[1]))
        whole = None if full is None else drawn.gain(full, base)
        families = {name: self._of(seeds, [name])[0].gain(mine, base) for name in ladders}
        others = self._others()
        return Result(
            arm=arm,
            curriculum=pair[1],
            seeds=seeds,
            diverged=sum(run.status == "diverged" for run in runs),
            failed=sum((line.arm, line.curriculum) == pair for line in self.finals.failed),
            choice=None if arm.untrained else chosen(self.study, self.lines, *pair),
            curves={} if arm.untrained else self._curves(pair),
            trainable=runs[0].trainable,
            total=runs[0].total,
            rate=drawn.mean(mine),
            gain=drawn.gain(mine, base),
            share=None if whole is None or whole.low <= 0 or arm.untrained or full is None
            else drawn.share(mine, full, base),
            difference=None if full is None or arm.untrained else drawn.gain(mine, full),
            p=p,
            families=families,
            levels=self._levels(runs),
            others=self._of(seeds, others)[0].gain(mine, base) if others else None,
            costs=None if full is None or arm.untrained else self._costs(pair, seeds),
            reward=None if arm.untrained else reward_of(runs),
        )  # fmt: skip

    def _curves(self, pair: tuple[str, str]) -> dict[int, dict[float, float]]:
        """Return the mean score of each rate that was tried, by the length of the runs."""
        name, curriculum = tuner(self.study, self.study.arm(pair[0]), pair[1])
        scores: dict[int, dict[float, list[float]]] = {}
        for line in finished(self.lines).values():
            if (line.arm, line.curriculum, line.stage) == (name, curriculum, "tune"):
                found = 0.0 if line.status != "ok" else score(self.study, line)
                scores.setdefault(line.iterations, {}).setdefault(line.lr, []).append(found)
        return {
            length: {rate: fmean(scores[length][rate]) for rate in sorted(scores[length])}
            for length in sorted(scores)
        }

    def _others(self) -> list[str]:
        return list(family_names(self.study.exam.others))

    def _levels(self, runs: Sequence[RunLine]) -> dict[str, float]:
        rungs = runs[0].problems if runs[0].problems else {}
        return {
            rung: fmean(int(run.solved.get(rung) or "0", 16).bit_count() / count for run in runs)
            for rung, count in rungs.items()
        }

    def _costs(self, pair: tuple[str, str], seeds: Sequence[int]) -> Costs | None:
        """Return what a pair's runs took; None if full training never got to an update."""
        mine = [self.finals.lines[pair][seed] for seed in seeds]
        full = [self.finals.lines[FULL, pair[1]][seed] for seed in seeds]
        whole = _per_iteration(full, ("update",))
        if not whole:
            return None
        return Costs(
            update=_per_iteration(mine, ("update",)) / whole,
            iteration=_per_iteration(mine) / _per_iteration(full),
            flops=fmean(run.update_flops_share or 0.0 for run in mine),
            peak=fmean(run.peak_bytes or 0 for run in mine)
            / fmean(run.peak_bytes or 1 for run in full),
        )


def _per_iteration(
    runs: Sequence[RunLine], parts: Sequence[str] = ("generate", "verify", "update")
) -> float:
    """Return the mean seconds of these parts of an iteration."""
    seconds = sum(run.seconds.get(part, 0.0) for run in runs for part in parts)
    return seconds / max(1, sum(len(run.reward) for run in runs))


def reward_of(runs: Sequence[RunLine]) -> Reward:
    """Return the reward of runs over the iterations, as far as all of them go."""
    length = min(len(run.reward) for run in runs)
    smooth = np.array(
        [[fmean(run.reward[max(0, i - SMOOTH + 1) : i + 1]) for i in range(length)] for run in runs]
    )
    if not length:
        return Reward((), (), ())
    columns = (smooth.mean(0), smooth.min(0), smooth.max(0))
    return Reward(*(tuple(column.round(4).tolist()) for column in columns))


def pareto(points: Iterable[tuple[str, float, float]]) -> list[str]:
    """Return the names of the points that no other beats: (name, cost, gain), the cheapest first.

    >>> pareto([("a", 1, 2), ("b", 2, 1), ("c", 3, 4)])
    ['a', 'c']
    """
    front: list[str] = []
    best = -np.inf
    for name, _, gain in sorted(points, key=lambda point: (point[1], -point[2])):
        if gain > best:
            front.append(name)
            best = gain
    return front
