"""Rules that depend on time alone: from easy to hard over a horizon.

All three are E2H's (Parashar et al. 2025, arXiv 2506.06632; repository divelab/E2H-Reasoning), with
a family in the place of its data set. Time t counts policy versions, T is the horizon, and i
counts the K levels of a family from 0. Families share alike unless weights are given.
"""

from collections.abc import Mapping
from functools import partial

from ..checks import check_option, check_space
from ..curriculum import Curriculum
from ..mixing import Even
from ..protocol import Space
from ..scores import LevelSchedule, cosine_mix, gaussian, one_level


def linear(
    space: Space, *, seed: int, horizon: int, weights: Mapping[str, float] | None = None
) -> Curriculum:
    """Train on one level at a time, each for T / K policy versions: level floor(t K / T).

    The classic curriculum of E2H.

    >>> linear({"arithmetic": 2}, seed=0, horizon=100).probabilities()
    {('arithmetic', 1): 1.0, ('arithmetic', 2): 0.0}
    """
    score = LevelSchedule(one_level, horizon)
    return Curriculum(space, kind="linear", seed=seed, score=score, mix=Even(weights))


def e2h_cosine(
    space: Space, *, seed: int, horizon: int, weights: Mapping[str, float] | None = None
) -> Curriculum:
    """Turn from weights K - i to weights i + 1 along a cosine.

    p_i = (a (K - i) + (1 - a) (i + 1)) / (K (K + 1) / 2) with a = (1 + cos(pi t / T)) / 2. The
    source's floor 2 / (K (K + 1)) is the least value that this takes.
    """
    score = LevelSchedule(cosine_mix, horizon)
    return Curriculum(space, kind="e2h_cosine", seed=seed, score=score, mix=Even(weights))


def e2h_gaussian(
    space: Space,
    *,
    seed: int,
    horizon: int,
    exponent: float = 0.5,
    sigma: float = 0.5,
    floor: float | None = None,
    weights: Mapping[str, float] | None = None,
) -> Curriculum:
    """Move a Gaussian over the levels: mean (t / T)^0.5 (K - 1), deviation 0.5.

    p_i = floor + (1 - K floor) N_i, where N are the Gaussian's values divided by their sum. The
    floor is 2 / (K (K + 1)), the repository's `min_prob: true`; the paper tries several exponents
    and deviations, so these two are one choice of several. The widths are in levels, so with many
    levels the Gaussian is narrower beside the ladder than with the source's 3 or 4.

    Raises:
        ValueError: unless exponent > 0, sigma > 0 and 0 <= floor <= 1 / K for every family.
    """
    check_option("exponent", exponent, 0, ends="(]")
    check_option("sigma", sigma, 0, ends="(]")
    if floor is not None:
        check_option("floor", floor, 0)
    rule = partial(gaussian, exponent=exponent, sigma=sigma, floor=floor)
    rule(0.0, max(check_space(space).values()))  # refuses too high a floor now, not at a draw
    score = LevelSchedule(rule, horizon)
    return Curriculum(space, kind="e2h_gaussian", seed=seed, score=score, mix=Even(weights))
