"""Intervals for differences between training runs: a paired hierarchical bootstrap.

An arm is one way to train. It is trained with R seeds, and each of these runs is examined on L
levels of N problems each. All arms of a seed sit the same problems, so what is compared is paired;
other seeds bring other problems. A gain is uncertain because of both, so both are drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

REPLICATES = 4000
TAIL = 0.025  # one side of a 95 % interval
CHUNK = 2_000_000  # problems drawn at a time; bounds the memory
DIGITS = 12  # of a mean: equal arms must not differ by rounding, which would exclude 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def includes_zero(self) -> bool:
        """Return whether 0 lies in the interval."""
        return self.low <= 0 <= self.high

    def to_dict(self, name: str) -> dict[str, float]:
        """Return it as `name`, `name_low` and `name_high`."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to one truth value
class Resampled:
    """The mean of each arm as it was measured, and in B resamples drawn alike for all arms.

    Attributes:
        mean_A: mean over seeds, levels and problems.
        draws_BA: the same, of each resample.
        seeds_AR: mean over levels and problems of each seed.
    """

    mean_A: NDArray[np.float64]
    draws_BA: NDArray[np.float64]
    seeds_AR: NDArray[np.float64]

    def mean(self, arm: int) -> Estimate:
        """Return the mean of an arm."""
        return _estimate(self.mean_A[arm], self.draws_BA[:, arm])

    def gain(self, arm: int, base: int) -> Estimate:
        """Return by how much the mean of `arm` exceeds that of `base`."""
        return _estimate(self._gain(self.mean_A, arm, base), self._gain(self.draws_BA, arm, base))

    def interaction(self, arm: int, base: int, other: int, other_base: int) -> Estimate:
        """Return by how much `arm` gains more over `base` than `other` does over `other_base`."""
        value, draws_B = (
            self._gain(means, arm, base) - self._gain(means, other, other_base)
            for means in (self.mean_A, self.draws_BA)
        )
        return _estimate(value, draws_B)

    def share(self, arm: int, full: int, base: int) -> Estimate:
        """Return the gain of `arm` over `base` as a share of the gain of `full`.

        Resamples in which `full` gains nothing have no share. They lie beyond the largest shares
        (below the smallest, if the arm loses), so they count as infinite; they are too few to
        reach an end of the interval if the gain of `full` excludes 0, which is required.

        Raises:
            ValueError: if the interval of the gain of `full` does not lie above 0.
        """
        whole = self.gain(full, base)
        if whole.low <= 0:
            raise ValueError(
                f"the gain of the full arm must have an interval above 0, "
                f"got [{whole.low:.4f}, {whole.high:.4f}]"
            )
        part_B = self._gain(self.draws_BA, arm, base)
        whole_B = self._gain(self.draws_BA, full, base)
        share_B = np.where(part_B < 0, -np.inf, np.inf)
        np.divide(part_B, whole_B, out=share_B, where=whole_B > 0)
        return _estimate(self._gain(self.mean_A, arm, base) / whole.value, share_B)

    @staticmethod
    def _gain(means: NDArray[np.float64], arm: int, base: int) -> Any:
        return (means[..., arm] - means[..., base]).round(DIGITS)


def residual(seeds_AR: NDArray[np.float64]) -> tuple[float, int]:
    """Return the standard deviation of what is left of pass rates beside arm and seed, and its df.

    That is the residual of a two-way layout without replication, (A - 1)(R - 1) degrees of freedom:
    noise of training and of the exam together, taken to be equal for all arms.

    Args:
        seeds_AR: pass rate of each arm and seed; two of each at least.
    """
    A, R = seeds_AR.shape
    df = (A - 1) * (R - 1)
    if df < 1:
        raise ValueError(f"a residual needs two arms and two seeds, got the shape {(A, R)}")
    left_AR = seeds_AR - seeds_AR.mean(0) - seeds_AR.mean(1)[:, None] + seeds_AR.mean()
    return math.sqrt(float((left_AR**2).sum()) / df), df


def paired_p(difference: float, seeds: int, sd: float, df: int, *, arms: int = 2) -> float:
    """Return the two-sided p-value of a mean difference between two arms that share their seeds.

    Student's t with the residual of all arms, as in a two-way analysis of variance: with three to
    five seeds an arm's own differences say too little of their spread, and a bootstrap of them
    rejects up to twice as often as it says.

    Args:
        difference: mean over the seeds.
        seeds: how many.
        sd: residual standard deviation of one arm on one seed.
        df: degrees of freedom that it is known with.
        arms: how many the difference is made of: 4 for a difference of two differences.

    >>> round(paired_p(1.0, 4, 1.0, 10), 4)  # t = 1 / (1 * sqrt(2 / 4)) = 1.414
    0.1877
    """
    if not sd:
        return 1.0 if not difference else 0.0
    t = difference / (sd * math.sqrt(arms / seeds))
    return float(mpmath.betainc(df / 2, 0.5, 0, df / (df + t * t), regularized=True))


def smallest_seen(alpha: float, seeds: int, sd: float, df: int, *, arms: int = 2) -> float:
    """Return the smallest difference whose `paired_p` is at most `alpha`.

    >>> round(smallest_seen(0.1877, 4, 1.0, 10), 3)
    1.0
    """
    low, high = 0.0, sd
    while high and paired_p(high, seeds, sd, df, arms=arms) > alpha:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        seen = paired_p(middle, seeds, sd, df, arms=arms) <= alpha
        low, high = (low, middle) if seen else (middle, high)
    return high


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being several (Holm 1979, Scand. J. Statist. 6, 65-70).

    >>> [round(p, 2) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = worst
    return adjusted


def resample(
    rates_ARLN: NDArray[np.float64], *, seed: int, replicates: int = REPLICATES
) -> Resampled:
    """Draw seeds, and within each drawn seed problems of every level, with replacement.

    Of R seeds a resample draws R - 1, which makes the variance between seeds unbiased (Rao and Wu
    1988, doi:10.1080/01621459.1988.10478591); drawing R would lose a third of it with three seeds.
    Problems within a seed vary as well as the seeds' means, which their noise is part of already:
    the interval is too wide where seeds differ little. Of a single seed, problems alone are drawn,
    and the interval says nothing of other seeds. In simulations with 400 problems and gains whose
    standard deviation between seeds was 0, 2, 4 and 8 points, the intervals held the true gain in
    100, 99, 98 and 86 % of all cases with two seeds, 100, 98, 92 and 90 % with three, and 99, 97,
    94 and 92 % with five.

    Args:
        rates_ARLN: pass rate of each problem, shape (A, R, L, N): A arms, R seeds, L levels and N
            problems of each.
        seed: of the resampling.
        replicates: number of resamples, B.

    Raises:
        ValueError: for an array of another number of dimensions, or an empty one.
    """
    if rates_ARLN.ndim != 4 or not rates_ARLN.size:
        raise ValueError(
            f"rates must have the shape (arms, seeds, levels, problems), all at least 1; "
            f"got {rates_ARLN.shape}"
        )
    levels = rates_ARLN.shape[2]
    strata = [rates_ARLN[:, :, level] for level in range(levels)]
    return resample_strata(strata, [1 / levels] * levels, seed=seed, replicates=replicates)


def resample_strata(
    strata: Sequence[NDArray[np.float64]],
    weights: Sequence[float],
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> Resampled:
    """Do what `resample` does, for levels of unequal numbers of problems and unequal weights.

    Args:
        strata: pass rates of each level, shape (A, R, N) with an N of its own.
        weights: of the levels in the mean; they add up to 1.
        seed: of the resampling.
        replicates: number of resamples, B.
    """
    rng = np.random.default_rng(seed)
    A, R, _ = strata[0].shape
    seeds_BR = _seed_counts(rng, replicates, R)
    seeds_AR, draws_BA = np.zeros((A, R)), np.zeros((replicates, A))
    for rates_ARN, weight in zip(strata, weights, strict=True):
        N = rates_ARN.shape[2]
        seeds_AR += weight * rates_ARN.mean(2)
        at_once = max(1, CHUNK // (R * N))
        for start in range(0, replicates, at_once):
            chunk = slice(start, start + at_once)
            counts = _problem_counts(rng, seeds_BR[chunk], N)
            draws_BA[chunk] += weight / (_drawn(R) * N) * (counts @ rates_ARN.reshape(A, -1).T)
    return Resampled(seeds_AR.mean(1), draws_BA, seeds_AR)


def _drawn(seeds: int) -> int:
    return max(1, seeds - 1)


def _seed_counts(rng: np.random.Generator, B: int, R: int) -> NDArray[np.int64]:
    """Return how often each seed is drawn, shape (B, R)."""
    drawn_BM = rng.integers(R, size=(B, _drawn(R)))
    return np.stack([(drawn_BM == seed).sum(1) for seed in range(R)], 1)


def _problem_counts(
    rng: np.random.Generator, seeds_BR: NDArray[np.int64], N: int
) -> NDArray[np.float64]:
    """Return how often each of the N problems of each seed is drawn, shape (B, R*N)."""
    row_X = np.repeat(np.arange(seeds_BR.size), seeds_BR.ravel())  # one per seed drawn
    drawn = row_X[:, None] * N + rng.integers(N, size=(len(row_X), N))
    counts = np.bincount(drawn.ravel(), minlength=seeds_BR.size * N)
    return counts.reshape(len(seeds_BR), -1).astype(np.float64)


def _estimate(value: Any, draws_B: NDArray[np.float64]) -> Estimate:
    # a quantile that is one of the draws: between a finite and an infinite one there is no number
    low, high = np.quantile(draws_B, (TAIL, 1 - TAIL), method="inverted_cdf")
    return Estimate(float(value), float(low), float(high))
