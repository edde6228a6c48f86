"""What the final runs of a study say of each arm: gains with intervals, costs, tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean

import numpy as np

from ..statistics import (
    Estimate,
    Resampled,
    holm,
    paired_p,
    resample_strata,
    residual,
    smallest_seen,
)
from .arm import Arm
from .finals import Finals, Pair
from .halving import score
from .lines import RunLine
from .names import family_names
from .plan import chosen, finished, pairs, tuner
from .result import FULL, Costs, Result, Reward, layer_of
from .spec import Study

SMOOTH = 10  # iterations in a running mean of the reward


class Results:
    """The results of a study that is finished, or of what there is of it."""

    def __init__(self, study: Study, lines: Iterable[RunLine], *, seed: int = 0) -> None:
        """Compute them; equal lines give equal results.

        Args:
            study: what the lines belong to.
            lines: of the study's directory.
            seed: of the resampling.

        Raises:
            ValueError: if the study has no untrained arm, or that has no run.
        """
        self.study, self.seed = study, seed
        self.lines = list(lines)
        self.finals = Finals.of(study, self.lines)
        self._drawn: dict[tuple[tuple[int, ...], tuple[str, ...]], Resampled] = {}
        self._noise: dict[tuple[int, ...], tuple[float, int] | None] = {}
        known = [pair for pair in self.finals.lines if self.finals.seeds(pair)]
        raw = {pair: p for pair in known if (p := self._raw_p(pair)) is not None}
        adjusted: dict[Pair, float] = {}
        for curriculum in study.curricula:  # each with a table of its own
            mine = [pair for pair in raw if pair[1] == curriculum]
            adjusted |= zip(mine, holm([raw[pair] for pair in mine]), strict=True)
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

    def base(self) -> Result:
        """Return the result of the untrained policy."""
        return next(row for row in self.rows if row.arm.untrained)

    def row(self, arm: str, curriculum: str | None = None) -> Result | None:
        """Return the result of an arm under the first curriculum, or under one; None without."""
        wanted = curriculum or self.study.curricula[0]
        return next((row for row in self.rows if row.pair == (arm, wanted)), None)

    def in_table(self, arm: Arm) -> bool:
        """Return whether an arm stands in the table of arms and in Holm's family.

        Single layers have a curve of their own, and are no rows where other arms are.
        """
        others = (
            other.name != FULL and not other.untrained and layer_of(other) is None
            for other in self.study.arms
        )  # fmt: skip
        return layer_of(arm) is None or not any(others)

    def noise(self) -> float | None:
        """Return the residual standard deviation between seeds, of the arms with most seeds."""
        most = max((row.seeds for row in self.rows if not row.arm.untrained), key=len, default=())
        found = self._residual(most) if most else None
        return None if found is None else found[0]

    def compare(self, first: Pair, second: Pair) -> tuple[Estimate, float | None]:
        """Return the difference of two pairs' pass rates, and its p-value.

        They are compared on the seeds that both have. There is no p-value of fewer than
        two seeds, nor of runs that diverged.

        Raises:
            ValueError: if they have no seed in common.
        """
        drawn, place = self._common(first, second)
        estimate = drawn.gain(place[first], place[second])
        return estimate, self._p(first, second, value=estimate.value)

    def interaction(self, arm: str, curriculum: str) -> tuple[Estimate, float | None]:
        """Return how much more a curriculum brings to an arm than to full training, and a p-value.

        Both are measured from the study's first curriculum, on the seeds that all four have. When
        there is no p-value: see `compare`.

        Raises:
            ValueError: if there are none.
        """
        first = self.study.curricula[0]
        four = [(arm, curriculum), (arm, first), (FULL, curriculum), (FULL, first)]
        drawn, place = self._common(*four)
        a, b, c, d = (place[pair] for pair in four)
        estimate = drawn.interaction(a, b, c, d)
        return estimate, self._p(*four, value=estimate.value)

    def smallest(self, seeds: tuple[int, ...], alpha: float, *, arms: int) -> float | None:
        """Return the smallest difference on these seeds whose p-value is at most `alpha`.

        Args:
            seeds: of the runs.
            alpha: a p-value.
            arms: how many the difference is made of, see `paired_p`.
        """
        noise = self._residual(seeds)
        return None if noise is None else smallest_seen(alpha, len(seeds), *noise, arms=arms)

    def has(self, *wanted: Pair) -> bool:
        """Return whether pairs have runs on common seeds."""
        return bool(self.finals.seeds(*wanted))

    def _common(self, *wanted: Pair) -> tuple[Resampled, dict[Pair, int]]:
        """Return the resampling over the seeds that these pairs have, and the place of each."""
        seeds = self.finals.seeds(*wanted)
        if not seeds:
            raise ValueError(f"no seed has a run of all of {wanted}")
        return self._of(seeds, self.study.ladders())

    def _of(
        self, seeds: tuple[int, ...], families: Sequence[str]
    ) -> tuple[Resampled, dict[Pair, int]]:
        """Return a resampling of all pairs that have `seeds`, and the place of each pair."""
        having = self.finals.having(seeds)
        key = seeds, tuple(families)
        if key not in self._drawn:
            weights = dict.fromkeys(families, 1 / len(families))
            strata, shares = self.finals.strata(having, seeds, weights)
            self._drawn[key] = resample_strata(strata, shares, seed=self.seed)
        return self._drawn[key], {pair: place for place, pair in enumerate(having)}

    def _residual(self, seeds: tuple[int, ...]) -> tuple[float, int] | None:
        """Return the noise of trained arms on these seeds with its degrees of freedom, if any.

        An arm with a run that diverged has a spread of its own, and is left out.
        """
        if seeds not in self._noise:
            drawn, place = self._of(seeds, self.study.ladders())
            sound = [place[pair] for pair in place
                     if pair != self.finals.base and not self._diverged(pair, seeds)]  # fmt: skip
            enough = len(sound) > 1 and len(seeds) > 1
            # arms that train the same have the same runs, which must not count twice
            runs = np.unique(drawn.seeds_AR[sound], axis=0)
            runs = runs if len(runs) > 1 else drawn.seeds_AR[sound]
            self._noise[seeds] = residual(runs) if enough else None
        return self._noise[seeds]

    def _diverged(self, pair: Pair, seeds: Sequence[int]) -> bool:
        return any(self.finals.lines[pair][seed].status == "diverged" for seed in seeds)

    def _p(self, *of: Pair, value: float) -> float | None:
        """Return the p-value of a difference of pairs, or of two differences, if there is one."""
        seeds = self.finals.seeds(*of)
        noise = self._residual(seeds)
        if noise is None or any(self._diverged(pair, seeds) for pair in of):
            return None
        return paired_p(value, len(seeds), *noise, arms=len(of))

    def _raw_p(self, pair: Pair) -> float | None:
        """Return the p-value of the difference to full training; no part of Holm's family: None."""
        full, arm = (FULL, pair[1]), self.study.arm(pair[0])
        if arm.untrained or pair == full or not self.in_table(arm) or not self.has(pair, full):
            return None
        return self.compare(pair, full)[1]

    def _result(self, pair: Pair, p: float | None) -> Result:
        arm, seeds, ladders = self.study.arm(pair[0]), self.finals.seeds(pair), self.study.ladders()
        runs = [self.finals.lines[pair][seed] for seed in seeds]
        drawn, place = self._of(seeds, ladders)
        mine, base = place[pair], place[self.finals.base]
        others = list(family_names(self.study.exam.others))
        share, difference, why = self._of_full(pair)
        return Result(
            arm=arm,
            curriculum=pair[1],
            seeds=seeds,
            diverged=sum(run.status == "diverged" for run in runs),
            failed=sum((line.arm, line.curriculum) == pair for line in self.finals.failed),
            choice=None if arm.untrained else chosen(self.study, self.lines, *pair),
            curves={} if arm.untrained else self._curves(pair),
            trainable=max(run.trainable for run in runs),
            total=max(run.total for run in runs),
            rate=drawn.mean(mine),
            gain=drawn.gain(mine, base),
            share=share,
            no_share=why,
            difference=difference,
            p=p,
            families={name: self._of(seeds, [name])[0].gain(mine, base) for name in ladders},
            levels=self._levels(pair, seeds),
            others=self._of(seeds, others)[0].gain(mine, base) if others else None,
            layers=layers_of(runs),
            costs=None if arm.untrained else self._costs(pair),
            reward=None if arm.untrained else reward_of(runs),
        )

    def _of_full(self, pair: Pair) -> tuple[Estimate | None, Estimate | None, str]:
        """Return share of the full gain and difference to full training, or why there is none."""
        full = (FULL, pair[1])
        if pair == self.finals.base:
            return None, None, "untrained"
        if full not in self.finals.lines:
            return None, None, "full training has no run"
        if not self.finals.seeds(pair, full):
            return None, None, "full training has no run of these seeds"
        drawn, place = self._common(pair, full)
        mine, whole, base = place[pair], place[full], place[self.finals.base]
        difference = drawn.gain(mine, whole)
        if drawn.gain(whole, base).low <= 0:
            return None, difference, "full training gains nothing for sure"
        return drawn.share(mine, whole, base), difference, ""

    def _curves(self, pair: Pair) -> dict[int, dict[float, float]]:
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

    def _levels(self, pair: Pair, seeds: Sequence[int]) -> dict[str, float]:
        """Return the pass rate of each level, in the order of the exam."""
        exam = self.finals.lines[self.finals.base][seeds[0]].problems
        runs = [self.finals.lines[pair][seed] for seed in seeds]
        return {
            rung: fmean(int(run.solved.get(rung) or "0", 16).bit_count() / count for run in runs)
            for rung, count in exam.items()
        }

    def _costs(self, pair: Pair) -> Costs | None:
        """Return what a pair's runs took; None unless they and full training got to an update."""
        full = (FULL, pair[1])
        mine, whole = (
            [line for seed in self.finals.seeds(pair, full)
             if sum((line := self.finals.lines[who][seed]).signal) and line.peak_bytes]
            for who in (pair, full) if who in self.finals.lines
        ) if full in self.finals.lines else ([], [])  # fmt: skip
        if not mine or not whole:
            return None
        return Costs(
            update=_update(mine) / _update(whole),
            iteration=_iteration(mine) / _iteration(whole),
            flops=fmean(run.update_flops_share or 0.0 for run in mine),
            peak=fmean(run.peak_bytes or 0 for run in mine)
            / fmean(run.peak_bytes or 0 for run in whole),
        )


def _update(runs: Sequence[RunLine]) -> float:
    """Return the seconds of updates, per group that takes part in one.

    Groups without signal take none, so that a policy that solves all or nothing would look cheap.
    """
    return sum(run.seconds["update"] for run in runs) / sum(sum(run.signal) for run in runs)


def _iteration(runs: Sequence[RunLine]) -> float:
    """Return the mean seconds of an iteration."""
    seconds = sum(run.seconds[part] for run in runs for part in ("generate", "verify", "update"))
    return seconds / sum(len(run.reward) for run in runs)


def layers_of(runs: Sequence[RunLine]) -> dict[int, float]:
    """Return the share of the runs' iterations in which each layer trained."""
    counts: Counter[int] = Counter()
    for run in runs:
        counts.update(run.layers)
    iterations = sum(len(run.reward) for run in runs if run.layers)
    return {layer: counts[layer] / iterations for layer in sorted(counts)}


def reward_of(runs: Sequence[RunLine]) -> Reward:
    """Return the reward of runs over the iterations; one that diverged is in it up to there."""
    mean, low, high = [], [], []
    for i in range(max(len(run.reward) for run in runs)):
        smooth = [
            fmean(run.reward[max(0, i - SMOOTH + 1) : i + 1]) for run in runs if i < len(run.reward)
        ]
        mean.append(round(fmean(smooth), 4))
        low.append(round(min(smooth), 4))
        high.append(round(max(smooth), 4))
    return Reward(tuple(mean), tuple(low), tuple(high))
