"""Thresholds and controllers, replayed by hand from the rules of their sources."""

import math

import pytest
from lessons import FAMILY, chances, levels_on, started, teach

from frostline.curricula import Outcome
from frostline.curricula.presets import adarft, atropos, reasoning_gym, rlve
from frostline.curricula.scores import Complexity, TargetLevel

SPACE = {FAMILY: 4}


def test_reasoning_gym_promotes_above_the_threshold_of_a_full_window() -> None:
    curriculum = reasoning_gym(SPACE, seed=0, window=2)
    teach(curriculum, (1, 10, 10))  # one of two
    assert levels_on(curriculum) == [1]
    teach(curriculum, (1, 4, 10))  # (10 + 4) / 20 = 0.7 is not above 0.7
    assert levels_on(curriculum) == [1]
    teach(curriculum, (1, 9, 10))  # (4 + 9) / 20 = 0.65
    assert levels_on(curriculum) == [1]
    teach(curriculum, (1, 6, 10))  # (9 + 6) / 20 = 0.75
    assert levels_on(curriculum) == [2]
    teach(curriculum, (2, 10, 10))  # the window was emptied: one of two again
    assert levels_on(curriculum) == [2]


def test_reasoning_gym_falls_back_below_the_lower_threshold() -> None:
    curriculum = reasoning_gym(SPACE, seed=0, window=2, start=3)
    teach(curriculum, (3, 2, 10), (3, 4, 10))  # 0.3 is not below 0.3
    assert levels_on(curriculum) == [3]
    teach(curriculum, (3, 1, 10))  # (4 + 1) / 20 = 0.25
    assert levels_on(curriculum) == [2]


def test_reasoning_gym_empties_the_window_even_where_there_is_nothing_below() -> None:
    curriculum = reasoning_gym(SPACE, seed=0, window=3, success=0.6)
    teach(curriculum, (1, 0, 10), (1, 0, 10), (1, 0, 10))
    teach(curriculum, (1, 10, 10), (1, 10, 10))  # with a zero before them they would be 2/3
    assert levels_on(curriculum) == [1]
    teach(curriculum, (1, 10, 10))
    assert levels_on(curriculum) == [2]


def test_reasoning_gym_gives_a_late_score_to_its_own_level() -> None:
    curriculum = reasoning_gym(SPACE, seed=0, window=1)
    late = curriculum.sample(1, policy_version=0)[0]
    teach(curriculum, (1, 10, 10))
    assert levels_on(curriculum) == [2]
    assert curriculum.update([Outcome(late, 0, 10)]) == []
    assert levels_on(curriculum) == [2]


def test_rlve_decides_on_full_counts_and_starts_them_again_either_way() -> None:
    curriculum = rlve(SPACE, seed=0, prompts=2)
    teach(curriculum, (1, 8, 10), (1, 9, 10))  # 0.85: no, and the counts start again
    teach(curriculum, (1, 10, 10))  # otherwise 27 of 30 = 0.9
    assert levels_on(curriculum) == [1]
    teach(curriculum, (1, 8, 10))  # 18 of 20 = 0.9 is enough
    assert levels_on(curriculum) == [1, 2]
    teach(curriculum, (2, 10, 10))
    assert levels_on(curriculum) == [1, 2]


def test_rlve_draws_alike_from_the_last_levels_and_counts_only_the_highest() -> None:
    curriculum = rlve(SPACE, seed=0, prompts=1, window=2)
    teach(curriculum, (1, 10, 10))
    teach(curriculum, (2, 10, 10))
    assert chances(curriculum) == [0, 0.5, 0.5, 0]
    teach(curriculum, *[(2, 10, 10)] * 5)
    assert levels_on(curriculum) == [2, 3]


def test_rlve_knows_no_way_back_and_stays_at_the_top() -> None:
    curriculum = rlve(SPACE, seed=0, prompts=1, window=2, start=4)
    teach(curriculum, *[(4, 0, 10)] * 9, *[(3, 0, 10)] * 9)
    assert levels_on(curriculum) == [3, 4]
    teach(curriculum, (4, 10, 10))
    assert levels_on(curriculum) == [3, 4]


def test_the_published_constants_are_the_defaults() -> None:
    climber = rlve({FAMILY: 9}, seed=0)
    for level in range(1, 6):
        teach(climber, *[(level, 15, 16)] * 8)
    assert chances(climber) == [0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0, 0]
    trainer = reasoning_gym(SPACE, seed=0)
    teach(trainer, *[(1, 6, 8)] * 19)
    assert levels_on(trainer) == [1]
    teach(trainer, (1, 6, 8))
    assert levels_on(trainer) == [2]


def test_atropos_takes_the_fast_lane_up_and_then_small_steps() -> None:
    # complexity 0.3 of 11 levels is level 4; it moves from the third group on
    curriculum = atropos({FAMILY: 11}, seed=0)
    seen = [levels_on(curriculum)]
    for _ in range(6):
        teach(curriculum, (seen[-1][0], 8, 8))
        seen.append(levels_on(curriculum))
    # 0.3 0.3 0.3, then 0.4 and 0.5 by 0.1, then 0.55 and 0.6 by 0.05
    assert seen == [[4], [4], [4], [5], [6], [6], [7]]


def test_atropos_steps_less_where_scores_are_unstable() -> None:
    score = Complexity()
    last = [1.0, 1.0, 1.0, 1.0, 0.0]  # mean 0.8, deviation 0.4: stability 0.6
    assert score._step(last, 0.6) == pytest.approx(0.05 * 0.6)
    last = [1.0, 1.0, 0.0, 0.0, 0.0]  # mean 0.4, deviation 0.49: stability 0.51
    assert score._step(last, 0.6) == pytest.approx(-0.05 * (1 - math.sqrt(0.24)))
    last = [1.0, 0.0, 0.0, 0.0, 0.0]  # mean 0.2, but not stable enough for the fast lane
    assert score._step(last, 0.6) == pytest.approx(-0.05 * 0.6)
    assert score._step([0.0] * 5, 0.6) == pytest.approx(-0.1)
    assert score._step([0.0] * 5, 0.5) == pytest.approx(-0.05)
    assert score._step([1.0] * 5, 0.5) == pytest.approx(0.05)
    assert score._step([0.75, 0.75, 0.75], 0.5) == 0  # within 0.05 of the target
    assert score._step([0.7, 0.6, 0.7], 0.5) == 0


def test_adarft_moves_the_target_by_the_hyperbolic_tangent() -> None:
    # levels at 0, 20, … 100; 50 tanh(1) = 38.08, 50 tanh(0.5) = 23.11
    curriculum = adarft({FAMILY: 6}, seed=0)
    assert levels_on(curriculum) == [1]
    for right, level in [(8, 3), (4, 3), (8, 5), (8, 6), (2, 5), (0, 3), (0, 1), (0, 1)]:
        # targets 38.1, 38.1, 76.2, 100, 76.9, 38.8, 0.7, 0
        teach(curriculum, (levels_on(curriculum)[0], right, 8))
        assert levels_on(curriculum) == [level]


def test_adarft_hears_a_batch_as_one_mean_for_each_family() -> None:
    curriculum = adarft({FAMILY: 6, "terms": 6}, seed=0)
    teach(curriculum, (1, 8, 8), (1, 0, 8))
    assert levels_on(curriculum) == [1]
    teach(curriculum, (1, 8, 8), (1, 8, 8), family="terms")
    assert levels_on(curriculum, family="terms") == [3]
    assert levels_on(curriculum) == [1]


def test_of_two_levels_equally_near_the_target_the_easier_is_on() -> None:
    score = TargetLevel()
    started(score, space={FAMILY: 6})
    for target, place in [(0.0, 0), (10.0, 0), (10.1, 1), (30.0, 1), (90.0, 4), (100.0, 5)]:
        score.targets = [target]
        assert score.current(0) == place
