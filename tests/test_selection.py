"""Selections and floors: from scores to chances."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lessons import FAMILY, hear, started

from frostline.curricula.floors import EvenFloor, StaleFloor
from frostline.curricula.selection import (
    Best,
    EpsilonGreedy,
    Proportional,
    RankPower,
    Selection,
    Softmax,
    spread,
)

SELECTIONS: dict[str, Selection] = {
    "proportional": Proportional(),
    "proportional to a power": Proportional(power=8),
    "softmax": Softmax(0.2),
    "greedy": EpsilonGreedy(),
    "epsilon greedy": EpsilonGreedy(0.1),
    "ranks": RankPower(0.1),
    "best": Best(share=0.3),
    "best of few": Best(share=5),
}
every = pytest.mark.parametrize("name", SELECTIONS)
scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1), min_size=1, max_size=9)


@every
@given(scores)
def test_chances_are_a_distribution(name: str, scores: list[float]) -> None:
    chances = SELECTIONS[name](scores)
    assert len(chances) == len(scores)
    assert min(chances) >= 0
    assert sum(chances) == pytest.approx(1)


@every
@given(scores)
def test_a_better_score_never_has_a_smaller_chance_and_an_equal_one_has_an_equal_chance(
    name: str, scores: list[float]
) -> None:
    chances = SELECTIONS[name](scores)
    for score, chance in zip(scores, chances, strict=True):
        for other, its in zip(scores, chances, strict=True):
            assert score <= other or chance >= its - 1e-12
            assert score != other or chance == pytest.approx(its)


@every
@given(scores, st.randoms(use_true_random=False))
def test_chances_do_not_depend_on_the_order_of_the_cells(
    name: str, scores: list[float], rng: random.Random
) -> None:
    order = list(range(len(scores)))
    rng.shuffle(order)
    turned = SELECTIONS[name]([scores[place] for place in order])
    chances = SELECTIONS[name](scores)
    assert turned == pytest.approx([chances[place] for place in order])


def test_proportional_goes_with_a_power_of_the_score() -> None:
    assert Proportional()([1, 3, 0]) == [0.25, 0.75, 0]
    assert Proportional(power=3)([1, 2]) == pytest.approx([1 / 9, 8 / 9])
    assert Proportional(power=3)([0, 0]) == [0.5, 0.5]


def test_softmax_goes_with_the_exponential() -> None:
    # exp(0.2 / 0.1) = 7.389
    assert Softmax(0.1)([0.5, 0.3]) == pytest.approx([7.389 / 8.389, 1 / 8.389], abs=1e-5)
    assert Softmax(1e-6)([-1e9, 0.0, 1e9]) == [0, 0, 1]


def test_epsilon_greedy_shares_the_top_between_ties() -> None:
    assert EpsilonGreedy(0.2)([1, 0, 1, 0]) == pytest.approx([0.45, 0.05, 0.45, 0.05])
    assert EpsilonGreedy()([-3.0, -2.0]) == [0, 1]


def test_ranks_that_tie_share_their_weights() -> None:
    # weights 1, 1/2, 1/3 of ranks 1, 2, 3
    assert RankPower(1.0)([9, 0.1, 7]) == pytest.approx([6 / 11, 2 / 11, 3 / 11])
    assert RankPower(1.0)([5, 5, 0]) == pytest.approx([4.5 / 11, 4.5 / 11, 2 / 11])


def test_the_best_take_their_share_until_nothing_is_left() -> None:
    assert Best(share=0.4)([1, 4, 3, 2]) == pytest.approx([0, 0.4, 0.4, 0.2])
    assert Best(share=0.4)([1, 4, 1, 1]) == pytest.approx([0.2, 0.4, 0.2, 0.2])
    assert Best(share=0.01)([1, 2]) == [0.5, 0.5]  # there is nobody else to give it to


def test_the_best_of_many_are_found_soon() -> None:
    many = [math.sin(place) for place in range(20_000)]
    chances = Best(share=1 / 10_000)(many)
    assert sum(chance > 0 for chance in chances) == 10_000


def test_weights_without_a_sum_are_even() -> None:
    assert spread([0.0, 0.0, 0.0, 0.0]) == [0.25] * 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Proportional(power=-1), "power must be at least 0, got -1"),
        (lambda: Softmax(0), "temperature must be positive, got 0"),
        (lambda: EpsilonGreedy(1.5), "epsilon must be between 0 and 1, got 1.5"),
        (lambda: RankPower(0), "beta must be positive, got 0"),
        (lambda: Best(0), "share must be positive, got 0"),
        (lambda: EvenFloor(2), "share of a floor must be between 0 and 1, got 2"),
        (lambda: StaleFloor(-1), "share of a floor must be between 0 and 1, got -1"),
    ],
)
def test_arguments_without_a_meaning_are_refused(
    make: Callable[[], Selection], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_an_even_floor_leaves_something_to_every_cell() -> None:
    assert EvenFloor(0.2).lift([3, 5], [1.0, 0.0]) == pytest.approx([0.9, 0.1])


def test_a_stale_floor_goes_to_what_was_not_heard_of_for_long() -> None:
    floor = StaleFloor(0.4)
    started(floor, space={FAMILY: 3})
    assert floor.lift([0, 1, 2], [1.0, 0.0, 0.0]) == pytest.approx([0.6 + 0.4 / 3] + [0.4 / 3] * 2)
    hear(floor, (0, 8, 8), (0, 8, 8), (1, 8, 8))  # ages 1, 0 and 3
    assert floor.lift([0, 1, 2], [1.0, 0.0, 0.0]) == pytest.approx([0.7, 0.0, 0.3])
