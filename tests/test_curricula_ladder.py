"""The ladder: what moves it and what does not, worked out by hand."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rungs import ALL, AT_ONCE, HALF, NONE, Rungs

from frostline.curricula import Event, MeanThreshold
from frostline.curricula.cells import Cells
from frostline.curricula.demotion import UpperBound
from frostline.curricula.evidence import NOTHING_SEEN, Evidence
from frostline.curricula.ladder import Ladder
from frostline.curricula.quarantine import Quarantine

LOSE = UpperBound(below=0.3, alpha=0.05, groups=6, half_life=8.0)
Z = 1.6448536269514722  # one-sided 5 %


def kinds(events: list[Event]) -> list[tuple[str, int, int]]:
    return [(event.kind, event.level, event.frontier) for event in events]


def test_four_groups_without_a_mistake_pass_a_level() -> None:
    rungs = Rungs()
    assert rungs.tell(1, ALL, ALL, ALL) == []
    (event,) = rungs.tell(1, ALL)
    assert (event.kind, event.family, event.level, event.frontier) == ("promotion", "sums", 1, 2)
    assert (event.groups, event.successes, event.trials) == (4, 64, 64)
    # 64 completions count as 64 / 5.5, all right: n / (n + z^2)
    assert event.lower == pytest.approx((64 / 5.5) / (64 / 5.5 + Z**2))
    assert event.upper == 1
    assert event.reason == (
        "log-likelihood ratio of 0.7 to 0.5 is 3.92, bounds -2.30 and 3.00"  # 64 ln 1.4 / 5.5
    )
    assert json.loads(json.dumps(asdict(event))) == asdict(event)


def test_outcomes_of_one_level_cannot_pass_two() -> None:
    rungs = Rungs()
    assert kinds(rungs.tell(1, *[ALL] * 100)) == [("promotion", 1, 2)]


def test_a_rejected_test_starts_again_without_an_event() -> None:
    rungs = Rungs()
    assert rungs.tell(1, ALL, ALL, ALL, *[NONE] * 4) == []  # 2.94 - 4 * 1.49 < -2.30
    assert rungs.ladder.rejections == [1, 0, 0, 0]
    assert rungs.tell(1, ALL, ALL, ALL) == []
    assert kinds(rungs.tell(1, ALL)) == [("promotion", 1, 2)]


def test_the_gate_hears_how_many_tests_of_the_level_failed() -> None:
    class Counting(MeanThreshold):
        def decide(self, evidence: Evidence, *, rejections: int = 0) -> Any:
            asked.append(rejections)
            return super().decide(evidence, rejections=rejections)

    asked: list[int] = []
    Rungs(Counting(0.7, groups=1, sliding=False)).tell(1, NONE, NONE, ALL)
    assert asked == [0, 1, 2]


def test_only_the_frontier_is_tested() -> None:
    rungs = Rungs(AT_ONCE)
    assert rungs.tell(2, ALL, ALL) == []
    assert kinds(rungs.tell(1, ALL) + rungs.tell(2, ALL)) == [
        ("promotion", 1, 2),
        ("promotion", 2, 3),
    ]


def test_a_ladder_that_tests_ahead_passes_levels_above_the_frontier() -> None:
    rungs = Rungs(AT_ONCE, ahead=True)
    assert kinds(rungs.tell(3, ALL)) == [("promotion", 3, 1)]
    assert kinds(rungs.tell(1, ALL)) == [("promotion", 1, 2)]
    assert kinds(rungs.tell(2, ALL)) == [("promotion", 2, 4)]


def test_a_passed_level_needs_no_further_promotion() -> None:
    rungs = Rungs(AT_ONCE, starts=3)
    assert rungs.tell(1, ALL, ALL) == []
    assert rungs.passed == [1, 2]


def test_a_test_begins_once_the_estimate_before_the_outcome_is_good_enough() -> None:
    rungs = Rungs(begin=0.5)
    assert rungs.tell(1, ALL) == []  # nothing was known before: the group does not count
    assert rungs.ladder.tests[0] is NOTHING_SEEN
    (event,) = rungs.tell(1, ALL, ALL, ALL, ALL)
    assert event.groups == 4


def test_a_test_that_has_begun_goes_on_whatever_the_estimate() -> None:
    rungs = Rungs(begin=0.5)
    rungs.tell(1, ALL, ALL, NONE)
    assert rungs.ladder.tests[0].groups == 2
    rungs.tell(1, ALL)
    assert rungs.ladder.tests[0].groups == 3


def test_after_a_rejection_a_test_must_begin_again() -> None:
    rungs = Rungs(begin=0.5)
    rungs.tell(1, HALF, NONE, NONE)
    assert rungs.ladder.rejections[0] == 1
    rungs.tell(1, NONE, NONE, ALL)  # the estimate was 0 before each of them
    assert rungs.ladder.rejections[0] == 1
    assert rungs.ladder.tests[0] is NOTHING_SEEN


def test_a_lost_level_is_taken_back_with_the_evidence_that_age_left() -> None:
    rungs = Rungs(starts=3, demotion=LOSE)
    assert rungs.tell(2, *[NONE] * 5) == []
    (event,) = rungs.tell(2, NONE)
    assert (event.kind, event.level, event.frontier, event.groups) == ("demotion", 2, 2, 6)
    # a group counts half 8 groups later: 16 (1 - 2^(-6/8)) / (1 - 2^(-1/8)) = 78.15
    assert event.trials == pytest.approx(78.15, abs=0.01)
    n = 78.152 / 5.5
    assert event.upper == pytest.approx(Z**2 / (n + Z**2), abs=1e-4)
    assert event.lower == pytest.approx(0, abs=1e-12)
    assert event.reason == f"Wilson upper bound is {event.upper:.3f}, demotion below 0.3"


def test_a_lost_level_below_leaves_a_hole_and_the_frontier_returns_to_it() -> None:
    rungs = Rungs(AT_ONCE, starts=4, demotion=LOSE)
    assert kinds(rungs.tell(2, *[NONE] * 6)) == [("demotion", 2, 2)]
    assert rungs.passed == [1, 3]
    assert kinds(rungs.tell(2, ALL)) == [("promotion", 2, 4)]


def test_a_passed_level_above_a_hole_can_be_lost_too() -> None:
    rungs = Rungs(AT_ONCE, starts=4, demotion=LOSE)
    assert kinds(rungs.tell(1, *[NONE] * 6) + rungs.tell(3, *[NONE] * 6)) == [
        ("demotion", 1, 1),
        ("demotion", 3, 1),
    ]
    assert kinds(rungs.tell(1, ALL)) == [("promotion", 1, 3)]


def test_evidence_starts_again_after_a_demotion_and_after_a_promotion() -> None:
    rungs = Rungs(starts=2, demotion=LOSE)
    rungs.tell(1, *[NONE] * 6)
    assert rungs.tell(1, ALL, ALL, ALL) == []
    assert kinds(rungs.tell(1, ALL)) == [("promotion", 1, 2)]
    assert rungs.tell(1, *[NONE] * 5) == []
    assert kinds(rungs.tell(1, NONE)) == [("demotion", 1, 1)]


def test_old_successes_do_not_hide_a_lost_level() -> None:
    rungs = Rungs(starts=3, demotion=LOSE)
    assert rungs.tell(2, *[ALL] * 200) == []
    assert kinds(rungs.tell(2, *[NONE] * 40)) == [("demotion", 2, 2)]


def test_without_a_demotion_nothing_is_lost() -> None:
    rungs = Rungs(starts=3)
    assert rungs.tell(1, *[NONE] * 100) + rungs.tell(2, *[NONE] * 100) == []


def test_a_finished_ladder_can_lose_its_top_level() -> None:
    rungs = Rungs(AT_ONCE, top=2, starts=2, demotion=LOSE)
    assert kinds(rungs.tell(2, ALL)) == [("promotion", 2, 2)]
    assert rungs.ladder.finished(0)
    assert kinds(rungs.tell(2, *[NONE] * 6)) == [("demotion", 2, 2)]
    assert not rungs.ladder.finished(0)


def test_a_gate_that_demotes_takes_back_the_level_before() -> None:
    rungs = Rungs(MeanThreshold(0.7, groups=2, below=0.3), starts=3)
    (event,) = rungs.tell(3, 2, 2, of=10)
    assert (event.kind, event.level, event.frontier) == ("demotion", 2, 2)
    assert (event.groups, event.successes, event.trials) == (2, 4, 20)
    assert event.reason == "mean of 2 groups is 0.200, threshold 0.7"
    assert kinds(rungs.tell(2, 2, 2, of=10)) == [("demotion", 1, 1)]
    assert rungs.tell(1, 2, 2, of=10) == []  # below the first level there is none


def test_a_sliding_mean_forgets_the_groups_before_its_window_and_before_a_move() -> None:
    rungs = Rungs(MeanThreshold(0.7, groups=2, below=0.3))
    (event,) = rungs.tell(1, 5, 5, 8, 8, of=10)
    assert (event.groups, event.successes, event.trials) == (2, 16, 20)
    rungs.tell(2, 0, 0, of=10)
    assert rungs.frontier == 1
    assert rungs.tell(1, 10, of=10) == []  # the window of level 1 starts again
    assert kinds(rungs.tell(1, 10, of=10)) == [("promotion", 1, 2)]


def test_a_start_is_a_level_for_all_families_or_for_each() -> None:
    ladder = Ladder(AT_ONCE, starts={"sums": 3})
    ladder.start(Cells({"sums": 3, "programs": 2}))
    assert [ladder.frontier(place) for place in (0, 1)] == [1, 3]  # programs, sums


@pytest.mark.parametrize(
    ("starts", "message"),
    [
        (0, "start must be between 1 and 4 for family 'sums', got 0"),
        ({"sums": 5}, "start must be between 1 and 4 for family 'sums', got 5"),
        ({"sum": 1}, "start names the unknown family 'sum'; did you mean 'sums'"),
    ],
)
def test_a_start_outside_the_space_is_refused(starts: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rungs(starts=starts)


def test_a_sliding_gate_cannot_be_combined_with_a_quarantine() -> None:
    with pytest.raises(ValueError, match="sliding window cannot be combined with a quarantine"):
        Ladder(MeanThreshold(0.7, groups=2), quarantine=Quarantine())


def test_a_demotion_waits_for_its_groups_and_for_its_bound() -> None:
    rule = UpperBound(below=0.5, alpha=0.05, groups=2, half_life=8.0)
    assert not rule.lost(Evidence().add(0, 16))  # one group
    assert rule.lost(Evidence().add(0, 8).add(0, 8))
    # 6 of 16: the upper bound is 0.580; 4 of 16: 0.452
    assert not rule.lost(Evidence().add(3, 8).add(3, 8))
    assert rule.lost(Evidence().add(2, 8).add(2, 8))
    assert rule.keep == pytest.approx(0.917, abs=5e-4)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"below": 0.0}, "0 < below < 1 and 0 < alpha < 0.5, got 0.0 and 0.05"),
        ({"alpha": 0.5}, "0 < below < 1 and 0 < alpha < 0.5, got 0.2 and 0.5"),
        ({"groups": 0}, "groups >= 1 and half_life > 0, got 0 and 8.0"),
        ({"half_life": 0.0}, "groups >= 1 and half_life > 0, got 6 and 0.0"),
    ],
)
def test_a_demotion_that_means_nothing_is_refused(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UpperBound(**bad)


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([NONE, HALF, ALL])), max_size=60))
def test_the_frontier_is_the_lowest_level_neither_passed_nor_set_aside(
    groups: list[tuple[int, int]],
) -> None:
    demotion = UpperBound(below=0.4, alpha=0.3, groups=1, half_life=1.0)
    quarantine = Quarantine(never=2, random=4, successes=1, back=1.0)
    rungs = Rungs(AT_ONCE, demotion=demotion, quarantine=quarantine, ahead=True)
    for level, right in groups:
        for event in rungs.tell(level, right):
            assert event.frontier == rungs.frontier
        free = {1, 2, 3, 4} - set(rungs.passed) - set(rungs.shut)
        assert rungs.frontier == min(free, default=4)
        assert rungs.ladder.finished(0) == (not free)
        assert not set(rungs.passed) & set(rungs.shut)
