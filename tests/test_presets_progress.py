"""Learning progress, replayed by hand from the algorithms of the sources."""

import pytest
from lessons import FAMILY, chances, teach

from frostline.curricula import Curriculum
from frostline.curricula.presets import (
    learning_progress,
    tscl_naive,
    tscl_online,
    tscl_sampling,
    tscl_window,
)

SPACE = {FAMILY: 2}
EVEN, FIRST, SECOND = [0.5, 0.5], [0.95, 0.05], [0.05, 0.95]  # 0.1 is spread evenly


def near(curriculum: Curriculum, expected: list[float]) -> bool:
    return chances(curriculum) == pytest.approx(expected)


def test_tscl_online_averages_changes_and_acts_on_the_largest() -> None:
    curriculum = tscl_online(SPACE, seed=0)
    assert near(curriculum, EVEN)
    teach(curriculum, (1, 10, 10), (1, 0, 10))  # score 0.5: Q1 = 0.05
    assert near(curriculum, FIRST)
    teach(curriculum, (2, 6, 10))  # Q2 = 0.06
    assert near(curriculum, SECOND)
    teach(curriculum, (2, 6, 10))  # no change: Q2 = 0.054
    assert near(curriculum, SECOND)
    teach(curriculum, (2, 6, 10))  # Q2 = 0.0486 < 0.05
    assert near(curriculum, FIRST)


def test_tscl_trains_on_what_is_being_forgotten() -> None:
    curriculum = tscl_online(SPACE, seed=0)
    teach(curriculum, (1, 10, 10))  # Q1 = 0.1
    teach(curriculum, (1, 0, 10))  # Q1 = 0.1 + 0.1 (-1 - 0.1) = -0.01
    assert near(curriculum, FIRST)


def test_tscl_naive_looks_at_slopes_at_the_end_of_a_window() -> None:
    curriculum = tscl_naive(SPACE, seed=0, window=3)
    teach(curriculum, (1, 0, 10))
    teach(curriculum, (1, 2, 10))
    assert near(curriculum, EVEN)
    teach(curriculum, (1, 4, 10))  # slope 0.2: Q1 = 0.02
    assert near(curriculum, FIRST)
    teach(curriculum, (2, 5, 10))
    teach(curriculum, (1, 9, 10))  # alone in its window: Q1 stays
    assert near(curriculum, FIRST)
    teach(curriculum, (2, 10, 10))  # slope 0.5: Q2 = 0.05
    assert near(curriculum, SECOND)


def test_tscl_window_fits_lines_over_time() -> None:
    curriculum = tscl_window(SPACE, seed=0, window=3)
    teach(curriculum, (1, 2, 10))
    assert near(curriculum, EVEN)  # both have slope 1, for want of scores
    teach(curriculum, (1, 4, 10))  # slope 0.2
    assert near(curriculum, SECOND)
    teach(curriculum, (2, 0, 10))
    teach(curriculum, (2, 1, 10))  # slope 0.1
    assert near(curriculum, FIRST)
    # (0, 0.2), (1, 0.4), (4, 0.4): slope 1/26 = 0.038; against places in a row it would be 0.1
    teach(curriculum, (1, 4, 10))
    assert near(curriculum, SECOND)


def test_tscl_window_forgets_what_is_older_than_the_window() -> None:
    curriculum = tscl_window(SPACE, seed=0, window=2)
    teach(curriculum, (1, 0, 10), (2, 0, 10))
    teach(curriculum, (1, 9, 10), (2, 1, 10))  # slopes 0.9, 0.1
    assert near(curriculum, FIRST)
    teach(curriculum, (1, 9, 10))  # slope 0 of the last two
    assert near(curriculum, SECOND)


def test_tscl_sampling_draws_from_the_changes_of_each_cell() -> None:
    curriculum = tscl_sampling(SPACE, seed=0, window=2)
    teach(curriculum, (1, 5, 10))  # change 0.5; level 2 has none yet and counts 1
    assert near(curriculum, SECOND)
    teach(curriculum, (2, 2, 10))  # 0.5 against 0.2
    assert near(curriculum, FIRST)
    teach(curriculum, (1, 5, 10))  # changes 0.5 and 0 against 0.2: even odds
    draws = []
    for _ in range(400):
        curriculum.sample(1, policy_version=0)
        draws.append(near(curriculum, FIRST))
    assert 150 < sum(draws) < 250


def test_learning_progress_weights_cells_by_the_z_value_of_their_progress() -> None:
    curriculum = learning_progress(SPACE, seed=0)
    assert near(curriculum, EVEN)
    teach(curriculum, (1, 2, 8))  # baseline 0.25, no progress yet, but level 1 has succeeded
    assert near(curriculum, [0.875, 0.125])
    # gain (1 - 0.25) / 0.75 = 1: fast 0.1, slow 0.01, f = 0.5 and 0.08333, progress 0.41667;
    # level 2: baseline 0, neither progress nor success
    teach(curriculum, (1, 8, 8), (2, 0, 8))
    assert near(curriculum, [0.875, 0.125])
    # level 2: fast 0.05, slow 0.005, f = 0.32143 and 0.04327, progress 0.27816;
    # of two values the z values are 1 and -1: 0.75 * 0.73106 + 0.125
    teach(curriculum, (2, 4, 8))
    assert near(curriculum, [0.6732939, 0.3267061])
