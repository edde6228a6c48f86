"""Intervals for differences between training runs: a paired hierarchical bootstrap.

An arm is one way to train. It is trained with R seeds, and each of these runs is examined on L
levels of N problems each. All arms of a seed sit the same problems, so what is compared is paired;
other seeds bring other problems. A gain is uncertain because of both, so both are drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    """

    mean_A: NDArray[np.float64]
    draws_BA: NDArray[np.float64]

    def mean(self, arm: int) -> Estimate:
        """Return the mean of an arm."""
        return _estimate(self.mean_A[arm], self.draws_BA[:, arm])

    def gain(self, arm: int, base: int) -> Estimate:
        """Return by how much the mean of `arm` exceeds that of `base`."""
        return _estimate(self._gain(self.mean_A, arm, base), self._gain(self.draws_BA, arm, base))

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
    arms = len(rates_ARLN)
    flat_AX = rates_ARLN.reshape(arms, -1)
    rng = np.random.default_rng(seed)
    at_once = max(1, CHUNK // flat_AX.shape[1])
    parts = [
        _counts(rng, min(at_once, replicates - start), *rates_ARLN.shape[1:]) @ flat_AX.T
        for start in range(0, replicates, at_once)
    ]
    _, R, L, N = rates_ARLN.shape
    draws_BA = np.concatenate(parts) / (_drawn(R) * L * N)
    return Resampled(flat_AX.mean(1), draws_BA)


def _drawn(seeds: int) -> int:
    return max(1, seeds - 1)


def _counts(rng: np.random.Generator, B: int, R: int, L: int, N: int) -> NDArray[np.float64]:
    """Return how often each problem of each seed is drawn, shape (B, R*L*N)."""
    M = _drawn(R)
    seed_BM = rng.integers(R, size=(B, M))
    problem_BMLN = rng.integers(N, size=(B, M, L, N))
    row_BM = np.arange(B)[:, None] * R + seed_BM
    cell_BML = row_BM[:, :, None] * L + np.arange(L)
    drawn = (cell_BML[..., None] * N + problem_BMLN).ravel()
    return np.bincount(drawn, minlength=B * R * L * N).reshape(B, -1).astype(np.float64)


def _estimate(value: Any, draws_B: NDArray[np.float64]) -> Estimate:
    # a quantile that is one of the draws: between a finite and an infinite one there is no number
    low, high = np.quantile(draws_B, (TAIL, 1 - TAIL), method="inverted_cdf")
    return Estimate(float(value), float(low), float(high))
