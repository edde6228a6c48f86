"""Whether rates have moved: the statistic that quarantine, release and mixes look at."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.curricula.trends import shift, trend

rates = st.integers(0, 8).map(lambda successes: successes / 8)
halves = st.integers(1, 6).flatmap(
    lambda n: st.tuples(*[st.lists(rates, min_size=n, max_size=n)] * 2)
)
strata = st.lists(st.tuples(st.lists(rates, max_size=6), st.lists(rates, max_size=6)), max_size=4)


def test_a_shift_of_one_stratum_by_hand() -> None:
    # means 1/4 and 3/4, w = 4/4 = 1, squares 4 * (1/4)^2 = 1/4, s^2 = 1/12: 0.5 / sqrt(1/12)
    assert shift([([0.25, 0.25], [0.75, 0.75])]) == pytest.approx(math.sqrt(3))
    # unequal counts: means 0 and 1/2, mean of all 1/3, w = 2/3, squares 1/9 + 2/36, s^2 = 1/12
    assert shift([([0.0], [0.5, 0.5])]) == pytest.approx(0.5 * (2 / 3) / math.sqrt(2 / 3 / 12))


def test_a_shift_of_two_strata_by_hand() -> None:
    # rises 1/2 each, w = 1/2 each: 1/2; squares 2 * 2/16 = 1/4, s^2 = 1/8, sum of w 1
    assert shift([([0.25], [0.75]), ([0.0], [0.5])]) == pytest.approx(0.5 / math.sqrt(1 / 8))


@pytest.mark.parametrize(
    "strata", [[], [([], [])], [([0.5], [])], [([0.5], [0.5])], [([0.0, 0.0], []), ([], [1.0])]]
)
def test_there_is_no_shift_where_nothing_can_be_compared(
    strata: list[tuple[list[float], list[float]]],
) -> None:
    assert shift(strata) == 0


@given(strata)
def test_a_shift_turns_its_sign_with_time_and_with_right_and_wrong(
    strata: list[tuple[list[float], list[float]]],
) -> None:
    z = shift(strata)
    assert shift([(late, early) for early, late in strata]) == pytest.approx(-z)
    turned = [([1 - r for r in early], [1 - r for r in late]) for early, late in strata]
    assert shift(turned) == pytest.approx(-z)


@given(strata, strata)
def test_strata_that_stand_alone_in_time_add_nothing(
    strata: list[tuple[list[float], list[float]]], others: list[tuple[list[float], list[float]]]
) -> None:
    alone: list[tuple[list[float], list[float]]] = [(early, []) for early, _ in others]
    assert shift([*strata, *alone]) == pytest.approx(shift(strata))


@given(halves)
def test_a_trend_is_the_shift_between_the_halves(drawn: tuple[list[float], list[float]]) -> None:
    assert trend(drawn[0] + drawn[1]) == shift([drawn])
    assert trend([*drawn[0], 0.125, *drawn[1]]) == shift([drawn])  # without the middle


@pytest.mark.parametrize("spread", [0.0, 0.4])
def test_a_shift_of_nothing_is_rarely_large_however_alike_a_group_is(spread: float) -> None:
    """Rates of a group of 8 whose problem is easier or harder by `spread`: z is about normal."""
    rng, large = random.Random(7), 0
    for _ in range(400):
        sides = []
        for _ in range(2):
            chances = [0.5 + rng.choice((-spread, spread)) for _ in range(24)]
            sides.append([sum(rng.random() < chance for _ in range(8)) / 8 for chance in chances])
        large += abs(shift([(sides[0], sides[1])])) > 1.96
    # 5 % of 400 is 20, with a standard deviation of 4.4
    assert 7 <= large <= 33
