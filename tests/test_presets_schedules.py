"""Schedules over time, against numbers worked out by hand from the formulas of E2H."""

from collections.abc import Callable

import pytest
from lessons import FAMILY, chances, teach

from frostline.curricula import Curriculum
from frostline.curricula.presets import e2h_cosine, e2h_gaussian, fixed, linear, uniform
from frostline.curricula.scores import gaussian


def at(curriculum: Curriculum, version: int) -> list[float]:
    curriculum.sample(0, policy_version=version)
    return chances(curriculum)


def test_linear_spends_the_same_time_on_every_level_and_stays_at_the_last() -> None:
    # level floor(4 t / 10): 0 0 0 1 1 2 2 2 3 3, then 3
    curriculum = linear({FAMILY: 4}, seed=0, horizon=10)
    on = [at(curriculum, version).index(1.0) for version in (*range(10), 10, 25)]
    assert on == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 3]


def test_cosine_turns_a_falling_mix_into_a_rising_one() -> None:
    # falling (3, 2, 1) / 6, rising (1, 2, 3) / 6, weight of the falling one (1 + cos(pi t / T)) / 2
    curriculum = e2h_cosine({FAMILY: 3}, seed=0, horizon=60)
    assert at(curriculum, 0) == pytest.approx([3 / 6, 2 / 6, 1 / 6])
    assert at(curriculum, 20) == pytest.approx([2.5 / 6, 2 / 6, 1.5 / 6])  # 3/4 and 1/4
    assert at(curriculum, 30) == pytest.approx([2 / 6, 2 / 6, 2 / 6])
    assert at(curriculum, 60) == at(curriculum, 99) == pytest.approx([1 / 6, 2 / 6, 3 / 6])


def test_gaussian_moves_with_the_root_of_time_above_its_floor() -> None:
    # floor 2 / (3 * 4) = 1/6; t = 0: mean 0, values 1, e^-2, e^-8; t = T / 4: mean 1
    curriculum = e2h_gaussian({FAMILY: 3}, seed=0, horizon=100)
    assert at(curriculum, 0) == pytest.approx([0.60693512, 0.22625052, 0.16681436])
    assert at(curriculum, 25) == pytest.approx([0.21992016, 0.56015969, 0.21992016])
    assert at(curriculum, 100) == pytest.approx([0.16681436, 0.22625052, 0.60693512])


def test_a_floor_that_cannot_be_kept_is_refused() -> None:
    assert gaussian(0.3, 4, floor=0.25) == [0.25] * 4
    with pytest.raises(ValueError, match=r"floor must be at most 1/4 for 4 levels, got 0\.3"):
        gaussian(0.3, 4, floor=0.3)
    with pytest.raises(ValueError, match=r"floor must be at most 1/4 for 4 levels, got 0\.3"):
        e2h_gaussian({"a": 2, "b": 4}, seed=0, horizon=9, floor=0.3)  # not at the first draw


@pytest.mark.parametrize(("sigma", "top"), [(0.01, 1), (1e-200, 1), (1e200, 1 / 4)])
def test_a_gaussian_of_any_width_is_a_distribution(sigma: float, top: float) -> None:
    # between two levels a narrow one is nearest to the first; a wide one knows no nearest
    found = gaussian(0.2, 4, exponent=1.0, sigma=sigma, floor=0.0)
    assert found == pytest.approx([1 - top, top, 0, 0] if top == 1 else [top] * 4)


@pytest.mark.parametrize("schedule", [linear, e2h_cosine, e2h_gaussian])
def test_a_schedule_needs_time_and_takes_any_number_of_levels(
    schedule: Callable[..., Curriculum],
) -> None:
    with pytest.raises(ValueError, match="horizon must be a finite number of at least 1, got 0"):
        schedule({FAMILY: 2}, seed=0, horizon=0)
    curriculum = schedule({"a": 1, "b": 7}, seed=0, horizon=9, weights={"b": 3})
    for version in range(12):
        curriculum.sample(1, policy_version=version)
        found = curriculum.probabilities()
        assert found["a", 1] == pytest.approx(0.25)
        assert sum(found.values()) == pytest.approx(1)


def test_rules_that_do_not_react_do_not_react() -> None:
    space = {FAMILY: 3, "terms": 1}
    for curriculum in (uniform(space, seed=0), fixed(space, seed=0, level={FAMILY: 2, "terms": 1})):
        before = curriculum.probabilities()
        teach(curriculum, (2, 8, 8), (2, 0, 8), (2, 8, 8))
        assert curriculum.probabilities() == before
