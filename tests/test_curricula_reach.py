"""Which levels of a family are open to training, seen from its frontier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rungs import ALL, AT_ONCE, HALF, NONE, Rungs

from frostline.curricula.demotion import UpperBound
from frostline.curricula.estimators import DiscountedBeta
from frostline.curricula.quarantine import Quarantine
from frostline.curricula.reach import Reach

AT_A_GLANCE = Quarantine(never=1, random=0, successes=1)


@pytest.mark.parametrize(
    ("reach", "open"),
    [
        (Reach(), [3]),
        (Reach(behind=1), [2, 3]),
        (Reach(behind=9), [1, 2, 3]),
        (Reach(behind=None), [1, 2, 3]),
        (Reach(ahead=1), [3, 4]),
        (Reach(ahead=9), [3, 4, 5]),
        (Reach(behind=1, ahead=1), [2, 3, 4]),
    ],
)
def test_levels_behind_and_ahead_of_the_frontier_are_open(reach: Reach, open: list[int]) -> None:
    assert Rungs(top=5, starts=3, reach=reach).open == open


def test_a_level_that_goes_well_opens_the_next_one_before_it_is_passed() -> None:
    rungs = Rungs(reach=Reach(at=0.5))
    assert rungs.open == [1]
    rungs.tell(1, HALF)
    assert (rungs.open, rungs.frontier) == ([1, 2], 1)
    rungs.tell(1, HALF - 1)
    assert rungs.open == [1]


def test_levels_that_go_well_open_each_other_up_to_the_first_that_does_not() -> None:
    rungs = Rungs(top=5, reach=Reach(at=0.5))
    rungs.tell(1, ALL)
    rungs.tell(2, ALL)
    rungs.tell(4, ALL)  # level 3 in between is unknown
    assert rungs.open == [1, 2, 3]


def test_what_was_opened_by_a_good_rate_does_not_count_as_ahead() -> None:
    rungs = Rungs(top=5, reach=Reach(ahead=1, at=0.5))
    assert rungs.open == [1, 2]
    rungs.tell(1, HALF)
    assert rungs.open == [1, 2, 3]


def test_a_prior_opens_nothing() -> None:
    rungs = Rungs(reach=Reach(at=0.3))
    cells = rungs.ladder.cells
    prior = DiscountedBeta()
    prior.start(cells)
    assert prior.rate(0) == 0.5
    assert rungs.ladder.open(0, prior) == [0]


def test_levels_in_quarantine_are_not_counted_as_ahead() -> None:
    rungs = Rungs(AT_ONCE, top=5, reach=Reach(ahead=1), quarantine=AT_A_GLANCE, ahead=True)
    rungs.tell(2, NONE)
    assert rungs.shut == [2]
    assert rungs.open == [1, 2, 3]  # 3 instead of 2 is ahead


def test_passed_levels_above_a_hole_are_reached_over_a_level_ahead_of_it() -> None:
    lose = UpperBound(below=0.3, alpha=0.05, groups=1)
    for reach, open in ((Reach(), [2]), (Reach(ahead=1), [2, 3, 4, 5])):
        rungs = Rungs(AT_ONCE, top=6, starts=5, reach=reach, demotion=lose)
        rungs.tell(2, NONE)
        assert rungs.frontier == 2
        assert rungs.open == open


def test_a_finished_family_stays_open_at_the_top_or_where_it_reaches_back() -> None:
    for reach, open in ((Reach(), [2]), (Reach(behind=None), [1, 2])):
        rungs = Rungs(AT_ONCE, top=2, starts=2, reach=reach)
        rungs.tell(2, ALL)
        assert rungs.ladder.finished(0)
        assert rungs.open == open


@given(
    st.none() | st.integers(0, 3),
    st.integers(0, 3),
    st.none() | st.floats(0.1, 0.9),
    st.lists(st.tuples(st.integers(1, 5), st.sampled_from([NONE, HALF, ALL])), max_size=30),
)
def test_something_is_always_open_and_the_frontier_is_if_it_is_free(
    behind: int | None, ahead: int, at: float | None, groups: list[tuple[int, int]]
) -> None:
    rungs = Rungs(
        AT_ONCE,
        top=5,
        reach=Reach(behind, ahead, at),
        demotion=UpperBound(below=0.4, alpha=0.3, groups=1, half_life=1.0),
        quarantine=Quarantine(never=2, random=0, successes=1),
        ahead=True,
    )
    for level, right in groups:
        rungs.tell(level, right)
        assert rungs.open == sorted(set(rungs.open))
        assert rungs.open
        if not rungs.ladder.finished(0):
            assert rungs.frontier in rungs.open


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"behind": -1}, "behind and ahead must be at least 0, got -1, 0"),
        ({"ahead": -1}, "behind and ahead must be at least 0, got 0, -1"),
        ({"at": 1.0}, "at must be between 0 and 1, got 1.0"),
    ],
)
def test_what_is_no_reach_is_refused(bad: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Reach(**bad)  # type: ignore[arg-type]
