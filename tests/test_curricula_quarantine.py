"""Quarantine: what is set aside, and what comes back."""

import random
from typing import Any

import pytest
from rungs import ALL, GATE, GROUP, HALF, NONE, Rungs

from frostline.curricula import SPRT
from frostline.curricula.quarantine import Quarantine

DEAD = Quarantine(never=3, random=0, successes=2)
COIN = Quarantine(never=9, random=4, z=1.0, back=2.5)


def test_a_level_without_a_success_is_set_aside_and_stepped_over() -> None:
    rungs = Rungs(quarantine=DEAD)
    assert rungs.tell(1, NONE, NONE) == []
    (event,) = rungs.tell(1, NONE)
    assert (event.kind, event.level, event.frontier) == ("quarantine", 1, 2)
    assert (event.groups, event.successes, event.trials) == (3, 0, 48)
    assert event.lower == pytest.approx(0)
    n = 48 / 5.5
    assert event.upper == pytest.approx(2.70554 / (n + 2.70554), abs=1e-5)
    assert event.reason == "no success in 3 groups"
    assert (rungs.shut, rungs.passed, rungs.frontier) == ([1], [], 2)


def test_one_success_starts_the_count_of_a_dead_level_again() -> None:
    rungs = Rungs(quarantine=DEAD)
    assert rungs.tell(1, NONE, NONE, 1, NONE, NONE) == []
    (event,) = rungs.tell(1, NONE)
    assert (event.groups, event.successes) == (3, 0)


def test_the_evidence_against_a_dead_level_is_of_the_groups_that_told_against_it() -> None:
    rungs = Rungs(quarantine=Quarantine(never=2, random=6))
    (event,) = rungs.tell(1, HALF, NONE, NONE)
    assert (event.groups, event.successes, event.trials) == (2, 0, 32)
    rungs.tell(1, 1)
    assert [event.kind for event in rungs.tell(1, 1)] == ["release"]


def test_a_level_above_one_that_was_stepped_over_can_be_passed() -> None:
    rungs = Rungs(quarantine=DEAD)
    rungs.tell(1, NONE, NONE, NONE)
    (event,) = rungs.tell(2, ALL, ALL, ALL, ALL)
    assert (event.kind, event.level, event.frontier) == ("promotion", 2, 3)
    assert (rungs.shut, rungs.passed) == ([1], [2])


def test_a_dead_level_comes_back_when_its_probes_succeed() -> None:
    rungs = Rungs(quarantine=DEAD)
    rungs.tell(1, NONE, NONE, NONE)
    assert rungs.tell(1, NONE, 1, NONE) == []
    (event,) = rungs.tell(1, 1)
    assert (event.kind, event.level, event.frontier) == ("release", 1, 1)
    assert (event.groups, event.successes, event.trials) == (3, 2, 48)  # its memory is 3 groups
    assert event.reason == "2 successes since"
    assert (rungs.shut, rungs.frontier) == ([], 1)


def test_a_released_level_is_judged_anew() -> None:
    rungs = Rungs(quarantine=DEAD)
    rungs.tell(1, NONE, NONE, NONE, 2)
    assert rungs.tell(1, NONE, NONE) == []
    assert [event.kind for event in rungs.tell(1, NONE)] == ["quarantine"]


def test_a_coin_flip_is_set_aside() -> None:
    rungs = Rungs(quarantine=COIN)
    (event,) = rungs.tell(1, HALF, HALF, HALF, HALF)
    assert (event.kind, event.level, event.frontier) == ("quarantine", 1, 2)
    assert (event.groups, event.successes, event.trials) == (4, 32, 64)
    assert event.reason == "4 groups without a trend (z = 0.00, below 1)"


@pytest.mark.parametrize("groups", [(4, 4, 8, 8), (8, 8, 4, 4)])
def test_a_level_that_gets_better_or_worse_is_not_set_aside(groups: tuple[int, ...]) -> None:
    # z = 2.07 for 8/32 against 16/32
    assert Rungs(quarantine=COIN).tell(1, *groups) == []


@pytest.mark.parametrize(
    ("probes", "reason"),
    [
        ([[12, 16]] * 3, ""),  # too few groups to say so
        # means 1/2 and 3/4: w = 2, squares 4/64 + 2/64 + 18/64 = 3/8: 1/2 / sqrt(2 * 3/56) = 1.53
        ([[8, 16], [16, 16]] * 2, ""),
        # means 1/2 and 1: w = 2, squares 4/16 + 4/16 = 1/2, s^2 = 1/14: 1 / sqrt(1/7)
        ([[16, 16]] * 4, "rate moved by 2.65 standard errors"),
        ([[0, 16]] * 4, "rate moved by -2.65 standard errors"),
    ],
)
def test_a_coin_flip_comes_back_when_its_rate_has_moved(
    probes: list[list[int]], reason: str
) -> None:
    quarantine = Quarantine(back=2.6, probes=4)
    assert quarantine.release([[8, 16]] * 4, probes) == reason


def test_a_coin_flip_whose_completions_are_all_alike_stays_aside() -> None:
    """Whole groups right or whole groups wrong are no shift, however many completions they hold."""
    rng = random.Random(3)
    before, probes = ([[rng.choice((0, 16)), 16] for _ in range(n)] for n in (128, 32))
    assert Quarantine().release(before, probes) == ""


def test_the_top_level_that_is_set_aside_leaves_the_family_finished() -> None:
    rungs = Rungs(top=2, starts=2, quarantine=DEAD)
    (event,) = rungs.tell(2, NONE, NONE, NONE)
    assert (event.kind, event.frontier) == ("quarantine", 2)
    assert rungs.ladder.finished(0)


def test_passed_levels_are_not_set_aside() -> None:
    assert Rungs(starts=3, quarantine=DEAD).tell(1, *[NONE] * 20) == []


def test_a_level_that_learns_is_passed_before_it_is_set_aside() -> None:
    rungs, rng = Rungs(GATE, quarantine=Quarantine()), random.Random(1)
    kinds = []
    for step in range(200):
        rate = 0.1 + 0.8 * min(1.0, step / 100)
        right = sum(rng.random() < rate for _ in range(GROUP))
        kinds += [event.kind for event in rungs.tell(1, right)]
    assert kinds == ["promotion"]


@pytest.mark.parametrize(("rate", "set_aside"), [(0.0, 20), (0.5, 15)])
def test_levels_that_never_or_randomly_succeed_are_mostly_set_aside(
    rate: float, set_aside: int
) -> None:
    gate, found = SPRT(low=0.5, high=0.7, alpha=0.05, beta=0.1, icc=0.0, spend=True), 0
    for seed in range(20):
        rungs, rng = Rungs(gate, quarantine=Quarantine()), random.Random(seed)
        for _ in range(240):
            rungs.tell(1, sum(rng.random() < rate for _ in range(8)), of=8)
            if rungs.shut:
                found += 1
                break
    assert found >= set_aside


def test_a_weight_of_a_quarantine_is_a_fraction() -> None:
    with pytest.raises(ValueError, match=r"weight of a Quarantine must be in 0\.\.1, got -0.5"):
        Quarantine(weight=-0.5)


@pytest.mark.parametrize("bad", [{"never": 0}, {"random": -2}, {"random": 5}, {"successes": 0}])
def test_a_quarantine_that_cannot_work_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="never >= 1, an even random >= 0 and successes >= 1, got"):
        Quarantine(**bad)
