"""Rules that train where groups are mixed, or likely to be. The cells of all families compete.

The sources of `plr`, `sfl` and `mopps` choose single levels or prompts; here cells, a family at a
level each, take their place. Outcomes of training groups are all that is known of a cell: no
candidates are rolled out to be measured.
"""

import math

from ..checks import check_count, check_option, check_space
from ..curriculum import Curriculum
from ..estimators import DiscountedBeta, IRTPosterior, Window
from ..floors import EvenFloor
from ..protocol import Space
from ..scores import (
    AverageAdvantage,
    DrawnAbility,
    FailureRate,
    Learnability,
    PrioritizedReplay,
    TargetDifficulty,
)
from ..selection import Best, EpsilonGreedy, Softmax


def plr(
    space: Space, *, seed: int, beta: float = 0.1, rho: float = 0.1, replay_from: float = 1.0
) -> Curriculum:
    """Replay cells by the rank of their last mean |advantage|, and by how stale that is.

    Prioritized level replay (Jiang et al. 2021, arXiv 2010.03934; repository
    facebookresearch/level-replay) with its Procgen constants: chances (1 - 0.1) P_S + 0.1 P_C, P_S
    in proportion to rank^(-1 / 0.1), P_C to the groups since the cell was heard of. The mean |GAE|
    is replaced by that of the group baseline, 2 s (1 - s) with s the share of successes. Once the
    share of cells heard of reaches `replay_from`, it is also the chance of a replay; else a cell
    not heard of yet is drawn, all alike. 1 is the repository's default: each cell is heard of
    before any is replayed. With 0 the chance follows the share from the beginning.
    """
    score = PrioritizedReplay(beta, rho, replay_from)
    return Curriculum(space, kind="plr", seed=seed, score=score, joint=True)


def sfl(
    space: Space,
    *,
    seed: int,
    top: float = 0.02,
    random: float = 0.5,
    half_life: float = 8.0,
) -> Curriculum:
    """Train half on the cells of highest p (1 - p), alike, and half on all cells alike.

    Sampling for learnability (Rutherford et al. 2024, arXiv 2408.15099): 100 of 5,000 levels are
    kept in its JaxNav runs, which is the share `top` (at least one cell; MiniGrid keeps 4 %), and
    128 of 256 environments are random ones. The source rolls all candidates out every cycle; here p
    is the mean of a Beta(1/2, 1/2) posterior in which a group counts half after `half_life` groups
    of its cell, so that a cell not heard of has p = 1/2 and comes first. Ties share.

    Raises:
        ValueError: if `top` is not in (0, 1] or `random` not in [0, 1].
    """
    check_option("top", top, 0, 1, ends="(]")
    keep = max(1, round(top * sum(check_space(space).values())))
    return Curriculum(
        space,
        kind="sfl",
        seed=seed,
        estimator=DiscountedBeta(half_life),
        score=Learnability(),
        selection=Best(share=1 / keep),
        joint=True,
        floor=EvenFloor(check_option("random", random, 0, 1)),
    )


def sec(space: Space, *, seed: int, alpha: float = 0.5, temperature: float = 0.2) -> Curriculum:
    """Draw from softmax(Q / temperature), Q an average of a cell's mean |advantage|.

    Self-evolving curriculum (Chen et al. 2025, arXiv 2505.14970): Q <- 0.5 r + 0.5 Q, first 0, for
    every category in the batch, r the mean absolute advantage over its completions, normalised by
    the deviation of the group as in GRPO: 2 sqrt(s (1 - s)) with s the share of successes. A cell
    takes the place of the source's categories. Its paper chooses alpha and the temperature anew for
    each task; these two are ours, alpha from the range that is reported of it.
    """
    score, softmax = AverageAdvantage(alpha), Softmax(temperature)
    return Curriculum(space, kind="sec", seed=seed, score=score, selection=softmax, joint=True)


def mopps(
    space: Space,
    *,
    seed: int,
    target: float = 0.5,
    candidates: float = 8.0,
    decay: float = 0.9,
) -> Curriculum:
    """Draw a pass rate of each cell from its posterior and train on those nearest to 0.5.

    Model predictive prompt selection (Qu et al. 2025, arXiv 2507.04632; repository
    thu-rllab/MoPPS): prior Beta(1, 1), counts times `decay` before a group is added, one draw per
    call of `sample`, and the best B of 8 B candidates. If candidates are spread evenly over C
    cells, that comes to at most 8 / C of the batch for each cell, best first. The repository's
    default decay is 1, for prompts met a few times; a cell is met hundreds of times while the
    policy changes, hence 0.9.

    Raises:
        ValueError: if `decay` is not in (0, 1] or `candidates` is below 1.
    """
    check_option("decay", decay, 0, 1, ends="(]")
    check_option("candidates", candidates, 1)
    half_life = math.log(0.5) / math.log(decay) if decay < 1 else math.inf
    return Curriculum(
        space,
        kind="mopps",
        seed=seed,
        estimator=DiscountedBeta(half_life, successes=1.0, failures=1.0),
        score=TargetDifficulty(target, thompson=True),
        selection=Best(share=candidates / sum(check_space(space).values())),
        joint=True,
    )


def irt_thompson(
    space: Space, *, seed: int, keep: float = 0.95, epsilon: float = 0.05
) -> Curriculum:
    """Draw an ability from each family's posterior and train on the level whose p is nearest 0.5.

    After the curriculum of ZAYA1-8B (arXiv 2605.05365, section IV-B-4), known to us from summaries:
    p(level) = sigma((ability - level) / spread), a weighted pool of (ability, spread), Thompson
    sampling, and epsilon-greedy exploration. Families share alike, where the source raises the
    weight of those least sampled. The pool is a fixed grid here; `keep` (the power to which the old
    posterior is raised before a group counts, so that abilities may move) and `epsilon` are ours.
    """
    return Curriculum(
        space,
        kind="irt_thompson",
        seed=seed,
        estimator=IRTPosterior(keep=keep),
        score=DrawnAbility(),
        selection=EpsilonGreedy(epsilon),
    )


def kimi(space: Space, *, seed: int, window: int = 8) -> Curriculum:
    """Draw cells in proportion to 1 - s, s their success rate.

    Prioritized sampling of Kimi k1.5 (Kimi Team 2025, arXiv 2501.12599); the order from easy to
    hard by label that precedes it there is not included. s is tracked per problem in the source;
    here it is the mean of the last `window` groups of the cell, 0 before the first. The window is
    ours.
    """
    estimator, score = Window(check_count("window", window, 1)), FailureRate()
    return Curriculum(space, kind="kimi", seed=seed, estimator=estimator, score=score, joint=True)
