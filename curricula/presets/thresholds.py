"""Rules that promote when a mean is above a threshold, one ladder per family."""

from collections.abc import Mapping

from ..checks import check_count, check_option, check_order
from ..curriculum import Curriculum
from ..gates import MeanThreshold
from ..ladder import Ladder
from ..mixing import Even
from ..protocol import Space
from ..reach import Reach


def reasoning_gym(
    space: Space,
    *,
    seed: int,
    success: float = 0.7,
    failure: float = 0.3,
    window: int = 20,
    start: int | Mapping[str, int] = 1,
    weights: Mapping[str, float] | None = None,
) -> Curriculum:
    """Stay at one level; up above a mean of 0.7 over the last `window` groups, down below 0.3.

    The trainer of reasoning-gym (Stojanovski et al. 2025, arXiv 2505.24760, section 5; repository
    open-thought/reasoning-gym): the window `last_k` must be full, and is emptied by a move. Its
    configurations have last_k from 20 scores to 2560 (10 steps of 32 groups of 8) and failure 0.1
    or 0.3; 20 groups of 8 are 160 scores. Differs from it in three points: the mean is looked at
    after every group, not once per step; a late score counts for its own level, not for whichever
    is on; and the last level counts as passed for good once its mean is above the threshold.
    """
    check_order(failure=failure, success=success)
    check_count("window", window, 1)
    ladder = Ladder(MeanThreshold(success, window, below=failure), starts=start)
    return Curriculum(space, kind="reasoning_gym", seed=seed, ladder=ladder, mix=Even(weights))


def rlve(
    space: Space,
    *,
    seed: int,
    threshold: float = 0.9,
    window: int = 4,
    prompts: int = 8,
    start: int | Mapping[str, int] = 1,
    weights: Mapping[str, float] | None = None,
) -> Curriculum:
    """Draw levels alike in [h - window + 1, h]; h + 1 when `prompts` groups at h average 0.9.

    RLVE (Zeng et al. 2025, arXiv 2511.07317; repository Zhiyuan-Zeng/RLVE) with its constants:
    window 4, accuracy at least 0.9, 8 prompts of 16 completions. Only groups at h count, the counts
    start again after each decision whatever it was, and there is no way back. Differs from it in
    that a decision falls with the eighth group, not at the end of the step that brings it. RLVE
    discards groups without signal besides, which no option here does: see `dapo`.
    """
    check_option("threshold", threshold, 0, 1, ends="(]")
    check_count("window", window, 1)
    check_count("prompts", prompts, 1)
    gate = MeanThreshold(threshold, prompts, sliding=False, inclusive=True)
    ladder = Ladder(gate, reach=Reach(behind=window - 1), starts=start)
    return Curriculum(space, kind="rlve", seed=seed, ladder=ladder, mix=Even(weights))
