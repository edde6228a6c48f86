"""Rules that train where the pass rate moves. The cells of all families compete.

The four of teacher-student curriculum learning are those of Matiisen et al. 2017 (arXiv
1707.00183), constants of the repository tambetm/TSCL: a score x is the batch mean of a cell, one
call of `update` is a batch, and the absolute value of a slope estimate is acted on, greedily but
for a share of 0.1 spread evenly (ties share). The source scores every task after each step on
validation data; here a cell is only scored when it was trained on, as in its algorithms.
"""

from ..checks import check_option
from ..curriculum import Curriculum
from ..floors import EvenFloor
from ..protocol import Space
from ..scores import (
    LearningProgress,
    NaiveSlope,
    OnlineProgress,
    SampledProgress,
    Score,
    WindowSlope,
)
from ..selection import EpsilonGreedy


def _bandit(space: Space, kind: str, seed: int, score: Score, epsilon: float) -> Curriculum:
    """Act greedily on a score, but for a share of `epsilon`."""
    greedy = EpsilonGreedy(epsilon)
    return Curriculum(space, kind=kind, seed=seed, score=score, selection=greedy, joint=True)


def tscl_online(space: Space, *, seed: int, rate: float = 0.1, epsilon: float = 0.1) -> Curriculum:
    """Average the changes of a cell's score: Q <- Q + 0.1 (x - x' - Q), algorithm 1.

    x' is the score at the last time the cell was trained on, 0 at first.
    """
    return _bandit(space, "tscl_online", seed, OnlineProgress(rate), epsilon)


def tscl_naive(
    space: Space, *, seed: int, rate: float = 0.1, window: int = 10, epsilon: float = 0.1
) -> Curriculum:
    """Take the slope within each window of 10 batches: Q <- Q + 0.1 (slope - Q), algorithm 2.

    Chances stay the same within a window. Cells with fewer than two scores in it keep their Q, as
    in the paper; the repository gives them slope 1, which there hardly ever happens.
    """
    return _bandit(space, "tscl_naive", seed, NaiveSlope(rate, window), epsilon)


def tscl_window(space: Space, *, seed: int, window: int = 10, epsilon: float = 0.1) -> Curriculum:
    """Fit a line to the last 10 (batch, score) pairs of a cell and act on its slope, algorithm 3.

    A cell with fewer than two scores has slope 1, so that it is tried, and the newest slope is not
    averaged with older ones; both as in the repository.
    """
    return _bandit(space, "tscl_window", seed, WindowSlope(window), epsilon)


def tscl_sampling(space: Space, *, seed: int, window: int = 10, epsilon: float = 0.1) -> Curriculum:
    """Draw one of the last 10 score changes of each cell and act on the largest, algorithm 4.

    One draw per call of `sample`; 1 where there is no change yet. Thompson sampling without a
    model. The repository spreads a share of 0.1 besides, the paper none.
    """
    return _bandit(space, "tscl_sampling", seed, SampledProgress(window), epsilon)


def learning_progress(
    space: Space,
    *,
    seed: int,
    alpha: float = 0.1,
    theta: float = 0.1,
    cap: float | None = 0.75,
    uniform: float = 0.25,
) -> Curriculum:
    """Train where a fast average of the pass rate has left a slow one behind.

    Kanitscheider et al. 2021 (arXiv 2106.14876) as in OMNI (Zhang et al. 2023, arXiv 2306.01711)
    and the online variant of Syllabus (Sullivan et al. 2024, arXiv 2411.11318): rates above a
    baseline b count as (p - b) / (1 - b), fast <- EMA of them, slow <- EMA of fast, both of weight
    0.1, and progress is |f(fast) - f(slow)| with f(p) = p (1 - 0.1) / (p + 0.1 (1 - 2p)). Cells
    that progress or ever succeeded are weighted by the logistic function of the z value of their
    progress, and a share of 0.25 is spread evenly. The baseline is the first batch mean of a cell,
    at most 0.75 (the source evaluates the untrained policy); cap=0 is for no baseline, and None is
    the same. Differs from Syllabus in that a cell that was not trained on keeps its averages; there
    it counts as failed.
    """
    score = LearningProgress(alpha, theta, cap=cap, sigmoid=True)
    floor = EvenFloor(check_option("uniform", uniform, 0, 1))
    return Curriculum(
        space, kind="learning_progress", seed=seed, score=score, joint=True, floor=floor
    )
