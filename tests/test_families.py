"""What every family promises: graded by its own oracle, pure, honest about its levels."""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs import FAMILIES, SPLITS, Problem, Status, TaskSpec, streams
from frostline.envs.answers import KINDS
from frostline.envs.instructions import INSTRUCTIONS, prompt_text
from frostline.envs.programs.verifier import parameter_of
from frostline.envs.streams import MAX_INDEX, index_from_seed, keyed_rng
from frostline.envs.values import same_value

GOLDEN = Path(__file__).with_name("golden") / "problems.json"
LEVELS = [
    (name, level) for name, family in FAMILIES.items() for level in range(1, len(family.levels) + 1)
]
every_level = pytest.mark.parametrize(("name", "level"), LEVELS)
tasks = st.builds(
    lambda rung, split, index: TaskSpec(rung[0], rung[1], split, index),
    st.sampled_from(LEVELS),
    st.sampled_from(SPLITS),
    st.integers(0, MAX_INDEX - 1),
)


def problem(task: TaskSpec) -> Problem:
    return FAMILIES[task.family].problem(task)


def first(name: str, level: int, count: int, split: str = "train") -> list[Problem]:
    return [problem(TaskSpec(name, level, split, index)) for index in range(count)]


@given(tasks)
def test_the_reference_answer_is_correct(task: TaskSpec) -> None:
    asked = problem(task)
    assert FAMILIES[task.family].verify(asked, asked.answer).status is Status.CORRECT


@every_level
def test_the_reference_answer_is_correct_on_every_level(name: str, level: int) -> None:
    family = FAMILIES[name]
    for split in SPLITS:
        for asked in first(name, level, 10, split):
            assert family.verify(asked, asked.answer).status is Status.CORRECT, asked


@given(tasks)
def test_a_problem_is_a_pure_function_of_its_task(task: TaskSpec) -> None:
    again = type(FAMILIES[task.family])()  # shares no cache with the family that ships
    assert problem(task) == again.problem(task)
    assert problem(task).task == task


@given(tasks)
def test_a_problem_cannot_be_changed(task: TaskSpec) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem(task).answer = "0"  # type: ignore[misc]


def test_problems_are_what_they_were() -> None:
    """A change here means a new -vN of the id: results could not be compared any more."""
    for row in json.loads(GOLDEN.read_text()):
        asked = problem(TaskSpec(row["family"], row["level"], row["split"], row["index"]))
        assert (asked.question, asked.answer) == (row["question"], row["answer"])


def test_fourteen_families_have_eight_levels_or_more() -> None:
    assert len(FAMILIES) == 14
    assert min(len(family.levels) for family in FAMILIES.values()) >= 8


def test_every_kind_of_answer_is_asked_for() -> None:
    asked = {p.kind for name, level in LEVELS for p in first(name, level, 2)}
    assert asked == {*KINDS, "program", "input"}


@pytest.mark.parametrize("name", FAMILIES)
def test_at_most_half_of_the_steps_only_widen_a_range(name: str) -> None:
    steps = FAMILIES[name].levels[1:]
    assert sum(level.widens for level in steps) <= len(steps) / 2
    skills = [level.skill for level in FAMILIES[name].levels]
    assert all(skills)
    assert len(set(skills)) == len(skills)


@every_level
def test_a_level_has_two_hundred_distinct_questions(name: str, level: int) -> None:
    asked = {p.canonical for split in SPLITS for p in first(name, level, 1000, split)}
    assert len(asked) >= 200


@every_level
def test_no_constant_answer_pays(name: str, level: int) -> None:
    family = FAMILIES[name]
    rung = family.levels[level - 1]
    asked = first(name, level, 1000)
    (best, paid), *_ = Counter(p.answer for p in asked).most_common(1)
    assert rung.constant_pay <= (0.25 if rung.constant_why else 0.05)
    # three standard errors of 1000 draws
    assert paid / len(asked) < rung.constant_pay + 0.02, best


@every_level
def test_echoing_the_question_never_pays(name: str, level: int) -> None:
    family = FAMILIES[name]
    for asked in first(name, level, 40):
        _, _, rest = asked.question.partition(" ")
        body = asked.question.removesuffix(" Write f(n).").rstrip(".")
        prompts = [prompt_text(asked.question, f, family.answer_noun) for f in INSTRUCTIONS]
        echoes = [*prompts, asked.question, rest, rest.rstrip("."), body, *body.split(", ")]
        for echo in echoes:
            assert family.verify(asked, echo).status is not Status.CORRECT, (asked.question, echo)


def in_cpython(program: str, parameter: str) -> Callable[[Any], Any]:
    """Return the function that a reference program defines, which our own generators wrote."""
    scope: dict[str, Any] = {}
    shape = "{}" if program.startswith("def ") else f"f = lambda {parameter}: ({{}})"
    exec(shape.format(program), scope)
    function: Callable[[Any], Any] = scope["f"]
    return function


@every_level
def test_a_hidden_case_is_right_and_shows_nowhere(name: str, level: int) -> None:
    for asked in first(name, level, 30):
        if asked.kind != "program":
            assert asked.shown == ()
            assert len(asked.cases) == (asked.kind == "input")
            continue
        inputs = [x for x, _ in asked.cases]
        assert len(inputs) >= 5
        assert all(inputs.count(x) == 1 for x in inputs)
        assert not [case for case in asked.cases if case in asked.shown]
        assert repr(asked.cases) not in repr(asked)
        function = in_cpython(asked.answer, parameter_of(asked.cases))
        for x, value in (*asked.cases, *asked.shown):
            assert same_value(function(copy.deepcopy(x)), value)


@pytest.mark.parametrize("name", ["closed_forms", "piecewise_functions"])
def test_hidden_cases_hold_zero_negatives_and_large_values(name: str) -> None:
    for level in range(1, len(FAMILIES[name].levels) + 1):
        for asked in first(name, level, 30):
            inputs = [n for n, _ in asked.cases if isinstance(n, int)]
            assert 0 in [*inputs, *(n for n, _ in asked.shown)]
            assert sum(n < 0 for n in inputs) >= 3
            assert max(inputs) >= 10**4
            assert min(inputs) <= -(10**4)


def test_hidden_cases_are_keyed_by_the_task() -> None:
    pool = first("closed_forms", 4, 600)
    same = [p for p in pool if p.canonical == pool[0].canonical]
    assert len(same) > 1
    assert len({p.cases for p in same}) == len(same)
    assert len({p.question for p in same}) == 1


@pytest.mark.parametrize("program", ["n", "n*n if 0 < n < 20 else 0", "abs(n)**2+(n<0)"])
def test_a_program_that_fits_only_what_is_shown_is_wrong(program: str) -> None:
    family = FAMILIES["closed_forms"]
    # the split that owns n*n asks it among its questions of level 4
    asked = next(p for s in SPLITS for p in first("closed_forms", 4, 250, s) if p.answer == "n*n")
    assert asked.question == "f(1)=1, f(2)=4, f(3)=9. Write f(n)."
    assert family.verify(asked, program).status is Status.WRONG
    assert family.verify(asked, "n**2").status is Status.CORRECT


def test_neighbouring_keys_share_nothing() -> None:
    draws = {keyed_rng("arithmetic", 1, "train", i).getrandbits(64) for i in range(1000)}
    assert len(draws) == 1000
    assert keyed_rng("a", 11).random() != keyed_rng("a1", 1).random()


@given(st.lists(st.integers(), max_size=4))
def test_an_index_from_a_seed_is_an_index(key: list[int]) -> None:
    assert 0 <= index_from_seed(*key) < MAX_INDEX
    assert index_from_seed(*key) == index_from_seed(*key)


@given(st.integers(0, 2**128), st.integers(-50, 50), st.integers(0, 10**6))
def test_the_quick_draws_are_those_of_the_standard_library(key: int, low: int, width: int) -> None:
    rng, quick = random.Random(key), streams._seeded(key)
    assert quick.getstate() == rng.getstate()
    assert [streams.randint(quick, low, low + width) for _ in range(5)] == [
        rng.randint(low, low + width) for _ in range(5)]  # fmt: skip
    assert quick.gauss() == rng.gauss()
