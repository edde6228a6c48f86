"""Rules that steer one difficulty per family towards a pass rate."""

from collections.abc import Mapping

from ..checks import check_option
from ..curriculum import Curriculum
from ..mixing import Even
from ..protocol import Space
from ..scores import Complexity, TargetLevel


def atropos(
    space: Space,
    *,
    seed: int,
    target: float = 0.7,
    complexity: float = 0.3,
    weights: Mapping[str, float] | None = None,
) -> Curriculum:
    """Keep the mean of the last 5 groups near 0.7 by steps of up to 0.05 of the ladder.

    The reasoning-gym environment of NousResearch/atropos; it has no paper. With m and s the mean
    and deviation of the last 5 group means of the family (3 at least), c in 0..1 starts at 0.3,
    rises by 0.05 max(0.5, 1 - s) if m > 0.75 and falls by as much if m < 0.65; the fast lane takes
    0.1 (1 - s) where s < 0.2 and m > 0.9 with c < 0.5, or m < 0.3 with c > 0.5. The level is
    floor(c (K - 1)), counted from 0. Scores are kept when the level changes, and count for the
    family whatever level they come from.
    """
    check_option("complexity", complexity, 0, 1)
    score = Complexity(target, complexity)
    return Curriculum(space, kind="atropos", seed=seed, score=score, mix=Even(weights))


def adarft(
    space: Space,
    *,
    seed: int,
    eta: float = 50.0,
    alpha: float = 2.0,
    beta: float = 0.5,
    weights: Mapping[str, float] | None = None,
) -> Curriculum:
    """Train on the level nearest to a target, T <- clip(T + 50 tanh(2 (r - 0.5)), 0, 100).

    AdaRFT (Shi et al. 2025, arXiv 2504.05520), algorithm 1, with its constants: T starts at 0, and
    r is the mean reward of the batch, one call of `update` being a batch. The levels of a family
    lie evenly on 0..100, and each family has a T of its own: the source has one T over measured
    difficulties, but levels of different families are not on one scale. The source's eta is half
    the range and goes with batches of 1,024; with batches of 64, eta=5 is less nervous.
    """
    score = TargetLevel(eta, alpha, beta)
    return Curriculum(space, kind="adarft", seed=seed, score=score, mix=Even(weights))
