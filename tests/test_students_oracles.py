"""Oracles against closed forms and known times, and random students."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from frostline.curricula.students import (
    STUDENTS,
    IRTStudent,
    SkillStudent,
    Student,
    draw_student,
    simulate_oracle,
    train,
)
from frostline.curricula.students.draw import LONGEST, MAX_BUDGET, MOST_CELLS, PATIENCE, SHORTEST
from frostline.curricula.students.oracle import steps_to_mastery
from frostline.curricula.students.rules import Course, lowest, nearest, neediest, turns

SEEDS = range(6)
COURSE = Course(learnable=np.array([0, 2, 3]), goal=np.array([3]), speed=1.0)
RATES = np.array([[0.9, 0.1, 0.6, 0.3], [0.9, 0.1, 0.8, 0.7]])


def test_lowest_is_the_easiest_learnable_level_below_the_threshold() -> None:
    assert lowest(0.5)(RATES, COURSE).tolist() == [3, 3]  # cell 1 cannot be learned
    assert lowest(0.65)(RATES, COURSE).tolist() == [2, 3]


def test_nearest_is_the_learnable_level_nearest_to_the_rate() -> None:
    assert nearest(0.5)(RATES, COURSE).tolist() == [2, 3]


def test_the_neediest_family_gets_all_groups() -> None:
    picks, needs = np.array([[4, 7], [5, 8]]), np.array([[1.0, 2.0], [1.0, -np.inf]])
    assert neediest(picks, needs, 3).tolist() == [[7, 7, 7], [5, 5, 5]]


def test_unfinished_families_take_turns() -> None:
    picks, needs = np.array([[4, 7], [5, 8]]), np.array([[1.0, 2.0], [1.0, -np.inf]])
    assert turns(picks, needs, 3).tolist() == [[7, 4, 7], [5, 5, 5]]


def oracle_steps(student: Student, seeds: Sequence[int]) -> NDArray[np.float64]:
    """Return the steps that the student's best oracle takes, nan where it does not get there."""
    runs = simulate_oracle(student, seeds)
    assert runs is not None
    return runs.steps


def test_the_oracle_of_a_fine_ladder_takes_what_the_closed_form_says() -> None:
    student = IRTStudent(name="fine", levels={"ladder": 40}, spacing=0.25)
    goal = 39 * 0.25 + np.log(4)
    expected = 4 * goal / (0.05 * (1 - 1 / 8) * 8)
    assert np.median(oracle_steps(student, SEEDS)) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("irt_ladder", 181), ("skill_chain", 149), ("skill_dag", 308), ("forgetting", 131),
        ("trap", 113), ("lag", 149), ("broken_level", 152), ("long_chain", 100),
        ("irt_families", 727),
    ],
)  # fmt: skip
def test_the_oracles_of_the_named_students_are_this_fast(name: str, steps: int) -> None:
    found = oracle_steps(STUDENTS[name], SEEDS)
    assert np.isfinite(found).all()
    assert np.median(found) == pytest.approx(steps, rel=0.03)


def uniform_steps(student: Student) -> NDArray[np.float64]:
    """Return the steps that uniform training takes."""
    stream, cells = np.random.RandomState(0), sum(student.space.values())
    return steps_to_mastery(
        student, lambda _: stream.randint(0, cells, (len(SEEDS), student.groups)), SEEDS
    )


@pytest.mark.parametrize("name", sorted(set(STUDENTS) - {"skill_dag"}))
def test_uniform_training_masters_within_the_budget(name: str) -> None:
    steps = uniform_steps(STUDENTS[name])
    assert steps.max() <= STUDENTS[name].budget <= 1.8 * steps.max()


def test_uniform_training_never_masters_the_dag() -> None:
    student = STUDENTS["skill_dag"]
    assert isinstance(student, SkillStudent)
    student = replace(student, budget=2000)
    assert np.isinf(uniform_steps(student)).all()


drawn = cache(draw_student)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**9))
def test_a_random_student_is_within_its_limits(seed: int) -> None:
    student = drawn(seed)
    assert 1 <= len(student.space) <= 8
    assert all(3 <= levels <= 20 for levels in student.space.values())
    assert 4 <= student.generations <= 16
    assert 0 <= student.lag <= 16
    assert PATIENCE * SHORTEST <= student.budget <= MAX_BUDGET
    if isinstance(student, SkillStudent):
        assert sum(student.space.values()) <= MOST_CELLS


@settings(max_examples=10)
@given(seed=st.integers(0, 10**9), stream=st.integers(0, 100))
def test_rates_of_random_students_are_chances_all_along(seed: int, stream: int) -> None:
    student = drawn(seed)
    cohort = student.start([stream, stream + 1])
    rng = np.random.RandomState(stream)
    for _ in range(20):
        cells = rng.randint(-1, sum(student.space.values()), (2, student.groups))
        successes = train(cohort, cells)
        assert ((successes >= 0) & (successes <= student.generations)).all()
        assert ((cohort.rates() >= 0) & (cohort.rates() <= 1)).all()


def test_a_random_student_is_the_same_for_ever() -> None:
    assert draw_student(3) == draw_student(3)
    assert draw_student(3) != replace(draw_student(4), name=draw_student(3).name)


def test_an_oracle_masters_nine_of_ten_random_students_as_fast_as_they_were_drawn() -> None:
    students = [drawn(seed) for seed in range(10)]
    medians = [np.median(oracle_steps(student, range(3))) for student in students]
    assert sum(median <= 1.2 * LONGEST for median in medians) >= 9
    assert sum(np.isfinite(medians)) >= 9


def test_random_students_are_of_both_kinds_and_not_all_fair() -> None:
    students = [drawn(seed) for seed in range(30)]
    assert {type(student) for student in students} == {IRTStudent, SkillStudent}
    assert any(student.decay for student in students)
    assert any(student.coin for student in students)
    assert any(student.broken for student in students)
    assert len({student.lag for student in students}) > 3
