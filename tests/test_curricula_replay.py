"""What passed levels get, and what every level gets at least."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.curricula.cells import Cells, Heard
from frostline.curricula.floors import EvenFloor, Floor, StaleFloor
from frostline.curricula.replay import Deficit, FixedShare, Replay

rates = st.lists(st.floats(0, 1), min_size=1, max_size=10)


def test_a_fixed_share_weighs_failures_plus_a_floor() -> None:
    share, weights = FixedShare(share=0.4, floor=0.1).split([0.9, 0.5, 1.0], finished=False)
    assert share == 0.4
    assert weights == pytest.approx([0.2, 0.6, 0.1])


def test_a_fixed_share_is_everything_once_nothing_else_is_left() -> None:
    assert FixedShare(share=0.4).split([0.9], finished=True)[0] == 1


def test_a_deficit_asks_for_what_is_missing() -> None:
    # 0.5 (0.1 + 0.3)
    share, weights = Deficit(keep=0.8, gain=0.5, most=0.4).split([0.7, 0.5, 0.9], finished=False)
    assert share == pytest.approx(0.2)
    assert weights == pytest.approx([0.1, 0.3, 0])


def test_a_deficit_never_asks_for_more_than_its_most() -> None:
    share, weights = Deficit(keep=0.8, gain=1.0, most=0.4).split([0.0, 0.4], finished=False)
    assert share == 0.4
    assert weights == pytest.approx([0.8, 0.4])


def test_a_finished_family_is_measured_against_what_shall_stay() -> None:
    # 2 (0.9 - 0.7), and up to everything
    replay = Deficit(keep=0.5, gain=0.5, most=0.4, hold=0.9, urge=2.0)
    assert replay.split([0.7, 0.95], finished=False) == (0, [0, 0])
    share, weights = replay.split([0.7, 0.95], finished=True)
    assert share == pytest.approx(0.4)
    assert weights == pytest.approx([0.2, 0])
    assert replay.split([0.1, 0.2], finished=True)[0] == 1


def test_levels_that_hold_cost_nothing_not_even_in_a_finished_family() -> None:
    for finished in (False, True):
        assert Deficit(keep=0.8, hold=0.8).split([0.8, 0.95], finished=finished) == (0, [0, 0])


@pytest.mark.parametrize("replay", [FixedShare(), Deficit(), Deficit(1.0, 3.0, 1.0)])
@given(passed=rates, finished=st.booleans())
def test_replay_is_a_share_with_a_weight_for_each_level(
    replay: Replay, passed: list[float], finished: bool
) -> None:
    share, weights = replay.split(passed, finished=finished)
    assert 0 <= share <= 1
    assert len(weights) == len(passed)
    assert min(weights) >= 0
    if share > 0:
        assert sum(weights) > 0
    order = sorted(range(len(passed)), key=lambda place: passed[place])
    assert sorted(weights, reverse=True) == [weights[place] for place in order]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: FixedShare(share=1.0), "0 <= share < 1 and floor > 0, got 1.0, 0.05"),
        (lambda: FixedShare(floor=0.0), "0 <= share < 1 and floor > 0, got 0.4, 0.0"),
        (lambda: Deficit(keep=0.0), "0 < keep <= 1, gain >= 0 and 0 <= most <= 1, got 0.0"),
        (lambda: Deficit(gain=-1.0), "gain >= 0"),
        (lambda: Deficit(most=1.5), "0 <= most <= 1, got"),
        (lambda: Deficit(hold=0.0), "0 < hold <= 1 and urge >= 0, got 0.0"),
        (lambda: Deficit(urge=-1.0), "0 < hold <= 1 and urge >= 0"),
        (lambda: EvenFloor(-0.1), "share of a floor must be between 0 and 1, got -0.1"),
        (lambda: StaleFloor(1.1), "share of a floor must be between 0 and 1, got 1.1"),
    ],
)
def test_shares_that_cannot_be_are_refused(build: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_an_even_floor_gives_every_cell_the_same() -> None:
    floor = EvenFloor(0.2)
    assert floor.lift([0, 1, 2, 3], [0.5, 0.5, 0, 0]) == pytest.approx([0.45, 0.45, 0.05, 0.05])


def stale(share: float, *cells: int) -> StaleFloor:
    """Return a floor over four cells that has heard of these."""
    floor = StaleFloor(share)
    floor.start(Cells({"sums": 4}))
    floor.hear([Heard(cell, 1, 8) for cell in cells])
    return floor


def test_a_stale_floor_gives_most_to_what_was_not_heard_of_longest() -> None:
    # after 0, 1, 0 the ages of cells 0, 1, 2 are 0, 1, 3
    lifted = stale(0.5, 0, 1, 0).lift([0, 1, 2], [1.0, 0, 0])
    assert lifted == pytest.approx([0.5, 0.125, 0.375])


def test_a_stale_floor_is_even_before_anything_is_heard() -> None:
    assert stale(0.5).lift([0, 1], [1.0, 0]) == [0.75, 0.25]


def test_a_stale_floor_counts_groups_of_cells_that_cannot_be_drawn_too() -> None:
    # ages of 0, 1: 5 and 4, four groups of cell 3 having come in since
    assert stale(1.0, 1, 3, 3, 3, 3).lift([0, 1], [0, 1.0]) == pytest.approx([5 / 9, 4 / 9])


@given(
    st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda shares: sum(shares) > 0.1),
    st.lists(st.integers(0, 3), max_size=20),
    st.floats(0, 1),
)
def test_a_floor_leaves_the_sum_and_takes_no_more_than_its_share(
    weights: list[float], told: list[int], share: float
) -> None:
    shares = [weight / sum(weights) for weight in weights]
    floors: list[Floor] = [EvenFloor(share), stale(share, *told)]
    for floor in floors:
        lifted = floor.lift(range(4), shares)
        assert sum(lifted) == pytest.approx(1)
        for before, after in zip(shares, lifted, strict=True):
            assert after >= (1 - share) * before - 1e-12
