"""Scores of cells, against numbers worked out by hand, and what all of them promise."""

import json
import math
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lessons import FAMILY, hear, moment, started

from frostline.curricula.cells import Heard
from frostline.curricula.estimators import DiscountedBeta, Estimator, IRTPosterior, Window
from frostline.curricula.scores import (
    AbsAdvantage,
    AverageAdvantage,
    Complexity,
    Constant,
    DrawnAbility,
    FailureRate,
    Learnability,
    LearningProgress,
    LevelSchedule,
    MixedGroup,
    NaiveSlope,
    OnlineProgress,
    PrioritizedReplay,
    SampledProgress,
    Score,
    Staleness,
    TargetDifficulty,
    TargetLevel,
    WindowSlope,
    abs_advantage,
    batch_means,
    cosine_mix,
    gaussian,
    one_level,
    slope,
)

SPACE = {FAMILY: 3, "terms": 2}
CELLS = range(5)
SCORES: dict[str, Callable[[], Score]] = {
    "constant": Constant,
    "learnability": Learnability,
    "mixed group": MixedGroup,
    "absolute advantage": AbsAdvantage,
    "failure rate": FailureRate,
    "staleness": Staleness,
    "learning progress": LearningProgress,
    "compared progress": partial(LearningProgress, cap=0.75, sigmoid=True),
    "online": OnlineProgress,
    "naive": partial(NaiveSlope, window=2),
    "window": partial(WindowSlope, window=3),
    "sampling": partial(SampledProgress, window=3),
    "average advantage": AverageAdvantage,
    "replay": PrioritizedReplay,
    "replay from the first": partial(PrioritizedReplay, replay_from=0.0),
    "one level": partial(LevelSchedule, one_level, 7),
    "cosine": partial(LevelSchedule, cosine_mix, 7),
    "gaussian": partial(LevelSchedule, gaussian, 7),
    "target level": TargetLevel,
    "complexity": Complexity,
}
FREE: dict[str, Callable[[], Score]] = {
    "target": TargetDifficulty,
    "drawn target": partial(TargetDifficulty, thompson=True),
}
every = pytest.mark.parametrize("name", SCORES | FREE)
weights = pytest.mark.parametrize("name", SCORES)
quick = settings(max_examples=30, deadline=None)
batches = st.lists(
    st.lists(
        st.builds(Heard, st.integers(0, 4), st.integers(0, 8), st.just(8)), min_size=1, max_size=6
    ),
    max_size=6,
)


def build(name: str) -> tuple[Score, Estimator]:
    score, estimator = (SCORES | FREE)[name](), DiscountedBeta()
    started(score, estimator, space=SPACE)
    return score, estimator


def tell(score: Score, estimator: Estimator, batches: list[list[Heard]]) -> None:
    for batch in batches:
        score.hear(batch)
        estimator.hear(batch)


def believed(*rates: float) -> Estimator:
    """Return an estimator that has seen a hundred completions of each cell at these rates."""
    window = Window(1)
    started(window, space={FAMILY: len(rates)})
    hear(window, *[(cell, round(100 * rate), 100) for cell, rate in enumerate(rates)])
    return window


@weights
@quick
@given(batches=batches, version=st.integers(0, 9))
def test_scores_are_weights_whatever_was_heard(
    name: str, batches: list[list[Heard]], version: int
) -> None:
    score, estimator = build(name)
    tell(score, estimator, batches)
    values = score.values(CELLS, moment(estimator, version=version))
    assert len(values) == 5
    assert all(0 <= value < math.inf for value in values)


@every
@quick
@given(before=batches, after=batches)
def test_a_saved_score_goes_on_the_same(
    name: str, before: list[list[Heard]], after: list[list[Heard]]
) -> None:
    (first, estimator), (second, _) = build(name), build(name)
    tell(first, estimator, before)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for batch in after:
        first.hear(batch)
        second.hear(batch)
    now = moment(estimator)
    assert second.values(CELLS, now) == first.values(CELLS, now)


@every
@quick
@given(batches=batches)
def test_reading_a_score_changes_nothing(name: str, batches: list[list[Heard]]) -> None:
    score, estimator = build(name)
    tell(score, estimator, batches)
    now, state = moment(estimator), score.state_dict()
    assert score.values(CELLS, now) == score.values(CELLS, now)
    assert score.state_dict() == state


def test_a_batch_is_averaged_over_its_completions() -> None:
    batch = [Heard(0, 3, 4), Heard(1, 0, 4), Heard(0, 0, 8)]
    assert batch_means(batch) == {0: 3 / 12, 1: 0}


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (Constant(), [1, 1, 1, 1]),
        (Learnability(), [0, 0.16, 0.25, 0]),
        (FailureRate(), [1, 0.8, 0.5, 0]),
        (AbsAdvantage(), [0, 0.8, 1, 0]),
        (MixedGroup(2), [0, 0.32, 0.5, 0]),  # 2 p (1 - p)
        (MixedGroup(4), [0, 0.5888, 0.875, 0]),  # 1 - 0.2^4 - 0.8^4
        (TargetDifficulty(0.7), [-0.7, -0.5, -0.2, -0.3]),
    ],
)
def test_a_score_is_what_its_formula_says(score: Score, expected: list[float]) -> None:
    estimator = believed(0, 0.2, 0.5, 1)
    started(score, space={FAMILY: 4})
    assert score.values(range(4), moment(estimator)) == pytest.approx(expected)


def test_the_advantage_of_a_group_is_that_of_its_completions() -> None:
    rewards = [1, 1, 0, 0, 0, 0, 0, 0]
    mean = sum(rewards) / 8
    sizes = [abs(reward - mean) for reward in rewards]
    deviation = math.sqrt(sum(size**2 for size in sizes) / 8)
    assert abs_advantage(2, 8, normalized=False) == pytest.approx(sum(sizes) / 8)
    assert abs_advantage(2, 8, normalized=True) == pytest.approx(sum(sizes) / 8 / deviation)
    assert abs_advantage(8, 8, normalized=True) == 0


def test_staleness_counts_the_groups_since_a_cell_was_heard_of() -> None:
    score = Staleness()
    started(score, space={FAMILY: 3})
    hear(score, (0, 8, 8), (1, 8, 8), (1, 8, 8))
    assert score.values(range(3), moment()) == [2, 0, 3]


def test_learning_progress_stretches_low_rates() -> None:
    # from 0 to 1/2: fast 0.05, slow 0.005; f(p) = 0.9 p / (p + 0.1 (1 - 2p))
    score, plain = LearningProgress(), LearningProgress(theta=0.5)
    for one in (score, plain):
        started(one)
        hear(one, (0, 0, 8))
        hear(one, (0, 4, 8))
    assert score.values([0, 1], moment()) == pytest.approx([0.32143 - 0.04327, 0], abs=1e-5)
    assert plain.values([0, 1], moment()) == pytest.approx([0.05 - 0.005, 0])


def test_the_baseline_of_a_perfect_start_leaves_room_for_progress() -> None:
    score = LearningProgress(cap=0.75)
    started(score)
    hear(score, (0, 8, 8))  # baseline 0.75, so that all right counts 1
    hear(score, (0, 7, 8), (0, 7, 8))  # (0.875 - 0.75) / 0.25 = 1/2
    assert score.fast[0] == pytest.approx(0.95)
    assert score.slow[0] == pytest.approx(0.995)
    hear(score, (0, 0, 8))  # below the baseline counts 0
    assert score.fast[0] == pytest.approx(0.855)


def test_a_slope_is_that_of_the_least_squares_line() -> None:
    assert slope([[0, 0.5], [4, 0.5]]) == 0
    assert slope([[0, 0.2], [1, 0.4], [4, 0.4]]) == pytest.approx(1 / 26)
    assert slope([[5, 1.0], [7, 0.0]]) == -0.5


def test_a_drawn_ability_is_one_for_each_family_and_moment() -> None:
    score, estimator = DrawnAbility(), IRTPosterior()
    started(score, estimator, space={FAMILY: 6, "terms": 6})
    draws = [score.values(range(12), moment(estimator, draws=n)) for n in range(50)]
    assert draws[3] == score.values(range(12), moment(estimator, draws=3))
    # distances to one number: neighbouring levels differ by 1 at most
    assert all(abs(a - b) <= 1 for a, b in zip(draws[0][:5], draws[0][1:6], strict=True))
    assert any(values[:6] != values[6:] for values in draws)


@pytest.mark.parametrize("thompson", [TargetDifficulty(thompson=True), SampledProgress()])
def test_families_that_are_scored_one_by_one_do_not_share_their_draws(thompson: Score) -> None:
    estimator = DiscountedBeta()
    started(thompson, estimator, space={FAMILY: 3, "terms": 3})
    for right in (0, 3, 5, 2, 8):
        hear(thompson, *[(cell, right, 8) for cell in range(6)])
    drawn = [
        thompson.values(range(3), now) == thompson.values(range(3, 6), now)
        for now in (moment(estimator, draws=n) for n in range(20))
    ]
    assert not all(drawn)


def test_a_drawn_ability_needs_a_posterior_over_abilities() -> None:
    score, estimator = DrawnAbility(), Window(2)
    started(score, estimator)
    with pytest.raises(ValueError, match="needs the estimator IRTPosterior, got Window"):
        score.values([0, 1], moment(estimator))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MixedGroup(1), "generations must be a whole number of at least 2, got 1"),
        (lambda: TargetDifficulty(1), r"target must be in \(0, 1\), got 1"),
        (lambda: LearningProgress(0), r"alpha must be in \(0, 1\], got 0"),
        (lambda: LearningProgress(cap=1), r"cap must be in \[0, 1\), got 1"),
        (lambda: OnlineProgress(0), r"rate must be in \(0, 1\], got 0"),
        (lambda: NaiveSlope(window=1), "window must be a whole number of at least 2, got 1"),
        (lambda: WindowSlope(1), "window must be a whole number of at least 2, got 1"),
        (lambda: AverageAdvantage(0), r"alpha must be in \(0, 1\], got 0"),
        (lambda: PrioritizedReplay(rho=2), "rho must be between 0 and 1, got 2"),
        (lambda: TargetLevel(eta=0), "eta must be a finite number above 0, got 0"),
        (lambda: Complexity(target=1), r"target must be in \(0, 1\), got 1"),
        (
            lambda: LevelSchedule(one_level, 0),
            "horizon must be a finite number of at least 1",
        ),
    ],
)
def test_arguments_without_a_meaning_are_refused(make: Callable[[], Score], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
