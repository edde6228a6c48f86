"""Whole runs: error rates of a ladder, and a student that learns and forgets."""

import math
import random
from typing import Any

import pytest
from rungs import GROUP, Rungs

from frostline.curricula import PRESETS, SPRT, Curriculum, Event, Outcome, Ticket
from frostline.curricula.estimators import DiscountedBeta


def beta_binomial(rng: random.Random, rate: float, icc: float, size: int = GROUP) -> int:
    """Successes of a group in which `icc` is the correlation of two completions."""
    if icc:
        weight = (1 - icc) / icc
        rate = rng.betavariate(rate * weight, (1 - rate) * weight)
    return sum(rng.random() < rate for _ in range(size))


def climb(spend: bool, begin: float, *, runs: int, groups: int) -> tuple[float, float]:
    """Keep levels at the boundary of a gate; return promotions per run and per test."""
    rng, promotions, tests = random.Random(4), 0, 0
    for _ in range(runs):
        gate = SPRT(low=0.5, high=0.7, alpha=0.05, beta=0.1, icc=0.3, spend=spend)
        rungs = Rungs(gate, top=1, begin=begin)
        rungs.estimator = DiscountedBeta()
        rungs.estimator.start(rungs.ladder.cells)
        promoted = False
        for _ in range(groups):
            promoted = promoted or bool(rungs.tell(1, beta_binomial(rng, 0.5, icc=0.3)))
            if promoted:
                break
        promotions += promoted
        tests += promoted + rungs.ladder.rejections[0]
    return promotions / runs, promotions / tests


def test_a_ladder_at_the_boundary_promotes_in_at_most_alpha_of_its_tests() -> None:
    # exactly 0.032 per test for the gate alone
    _, per_test = climb(spend=False, begin=0.0, runs=250, groups=100)
    assert 0 < per_test <= 0.05


@pytest.mark.parametrize("begin", [0.0, 0.55])
def test_a_ladder_that_spends_promotes_falsely_in_at_most_alpha_of_its_runs(begin: float) -> None:
    # a test begins on earlier outcomes only, so choosing its beginning costs nothing
    per_run, _ = climb(spend=True, begin=begin, runs=500, groups=150)
    assert 0 < per_run <= 0.05


class Student:
    """Ability on a logit scale; level k is passed at rate sigmoid(ability - 1.2 (k - 1)).

    A group of success rate r adds 0.3 r (1 - r), as the gradient of a tabular policy does.
    """

    def __init__(self, seed: int) -> None:
        self.ability = 0.5
        self.rng = random.Random(seed)

    def rate(self, level: int) -> float:
        return 1 / (1 + math.exp(1.2 * (level - 1) - self.ability))

    def work_on(self, ticket: Ticket) -> Outcome:
        right = beta_binomial(self.rng, self.rate(ticket.level), icc=0.0)
        self.ability += 0.3 * right / GROUP * (1 - right / GROUP)
        return Outcome(ticket, right, GROUP)


def build(kind: str, top: int, seed: int = 0) -> Curriculum:
    return PRESETS[kind]({"sums": top}, seed=seed)


def train(curriculum: Curriculum, student: Student, steps: Any) -> list[Event]:
    events = []
    for step in steps:
        tickets = curriculum.sample(8, policy_version=step)
        events += curriculum.update([student.work_on(ticket) for ticket in tickets])
    return events


def steps_to_top(curriculum: Curriculum, student: Student, top: int) -> int:
    for step in range(400):
        if student.rate(top) >= 0.8:
            return step
        train(curriculum, student, [step])
    return 400


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("kind", ["ladder", "frontier"])
def test_a_learning_student_reaches_the_top_sooner_than_under_uniform_levels(
    kind: str, seed: int
) -> None:
    climbing = steps_to_top(build(kind, 8, seed), Student(seed), top=8)
    spread = steps_to_top(build("uniform", 8, seed), Student(seed), top=8)
    assert climbing < 0.8 * spread < 300


@pytest.mark.parametrize("kind", ["ladder", "frontier"])
def test_a_student_that_forgets_is_taken_down_and_comes_up_again(kind: str) -> None:
    curriculum, student = build(kind, 6), Student(seed=5)
    steps_to_top(curriculum, student, top=6)
    train(curriculum, student, range(400, 420))
    student.ability = -1.0
    events = train(curriculum, student, range(420, 720))
    assert "demotion" in {event.kind for event in events}
    assert curriculum.metrics()["passed/sums"] == 6
