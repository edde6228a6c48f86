"""List functions: what is asked, what is accepted, what is refused."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.envs import SPLITS, Problem, Status, TaskSpec
from frostline.envs.families.list_functions import ListFunctions
from frostline.envs.streams import MAX_INDEX

FAMILY = ListFunctions()
LEVELS = range(1, len(FAMILY.levels) + 1)
every_level = pytest.mark.parametrize("level", LEVELS)
problems = st.builds(
    lambda level, split, index: FAMILY.problem(TaskSpec("list_functions", level, split, index)),
    st.sampled_from(LEVELS),
    st.sampled_from(SPLITS),
    st.integers(0, MAX_INDEX - 1),
)


def first(level: int, count: int, split: str = "train") -> list[Problem]:
    return [FAMILY.problem(TaskSpec("list_functions", level, split, i)) for i in range(count)]


def status(asked: Problem, program: str) -> Status:
    return FAMILY.verify(asked, program).status


def in_cpython(program: str, inputs: list[list[int]]) -> list[Any]:
    function = eval(f"lambda xs: ({program})")
    outputs = []
    for xs in inputs:
        try:
            outputs.append(function(list(xs)))
        except (TypeError, ValueError, IndexError, ZeroDivisionError) as error:
            outputs.append(type(error))
    return outputs


@given(problems)
def test_the_reference_gives_every_case_in_cpython(asked: Problem) -> None:
    cases = (*asked.cases, *asked.shown)
    inputs: Any = [xs for xs, _ in cases]
    assert in_cpython(asked.answer, inputs) == [out for _, out in cases]


@given(problems)
@settings(max_examples=60)
def test_reference_lambda_and_def_are_accepted(asked: Problem) -> None:
    for program in (
        asked.answer,
        f"lambda xs: {asked.answer}",
        f"lambda numbers: (lambda xs: {asked.answer})(numbers)",
        f"def f(xs):\n    return {asked.answer}",
        f"```python\nf = lambda xs: {asked.answer}\n```",
    ):
        assert status(asked, program) is Status.CORRECT, (asked, program)


@given(problems)
def test_the_question_lists_the_cases_shown_and_nothing_else(asked: Problem) -> None:
    listed = ", ".join(f"f({xs})={out}" for xs, out in asked.shown)
    assert asked.question == f"{listed}. Write f(xs)."
    assert 3 <= len(asked.shown) <= 7
    assert asked.question.isascii()


@given(problems)
def test_hidden_lists_are_of_many_kinds_and_none_is_shown(asked: Problem) -> None:
    inputs: Any = [xs for xs, _ in asked.cases]
    shown = [xs for xs, _ in asked.shown]
    assert not [xs for xs in inputs if xs in shown]
    assert len({tuple(xs) for xs in inputs}) == len(inputs) >= 6
    assert max(map(len, inputs)) >= 9
    assert min(map(min, filter(None, inputs))) < 0
    assert repr(asked.cases) not in repr(asked)


@every_level
def test_most_questions_hide_the_empty_list_large_numbers_and_twenty_elements(level: int) -> None:
    hidden: Any = [[xs for xs, _ in asked.cases] for asked in first(level, 60)]
    assert sum([] in inputs for inputs in hidden) > 40
    assert sum(max(map(max, filter(None, i))) > 10**4 for i in hidden) > 30
    assert max(len(xs) for inputs in hidden for xs in inputs) == 20
    assert sum(any(len(set(xs)) < len(xs) for xs in inputs) for inputs in hidden) > 50


@every_level
def test_a_program_that_knows_only_the_examples_is_wrong(level: int) -> None:
    for asked in first(level, 10):
        table = "{" + ", ".join(f"{str(xs)!r}: {out}" for xs, out in asked.shown) + "}"
        other = asked.shown[0][1]
        for program in (
            f"{table}[str(xs)]",
            f"{table}.get(str(xs), xs)",
            f"{table}.get(str(xs), {other})",
            "xs",
            "[]",
            "0",
            "sorted(xs)",
        ):
            if program != asked.answer:
                assert status(asked, program) is Status.WRONG, (asked, program)


@every_level
def test_a_program_with_another_constant_is_wrong_where_it_is_another_function(level: int) -> None:
    rng = random.Random(level)
    told = 0
    for asked in first(level, 25):
        spots = [m for m in re.finditer(r"(?<![\w%])[0-9]+", asked.answer)]
        if not spots:
            continue
        spot = rng.choice(spots)
        mutant = f"{asked.answer[: spot.start()]}{int(spot[0]) + 1}{asked.answer[spot.end() :]}"
        inputs: Any = [xs for xs, _ in asked.cases]
        same = in_cpython(mutant, inputs) == [out for _, out in asked.cases]
        assert (status(asked, mutant) is Status.CORRECT) == same
        told += not same
    assert told >= 12


@every_level
def test_no_program_is_right_on_many_questions(level: int) -> None:
    pool = first(level, 120)
    programs = [*dict.fromkeys(asked.answer for asked in pool)][:60]
    for program in (*programs, "xs", "[]", "0", "sorted(xs)", "xs[:1]", "xs[:-1]", "len(xs)"):
        paid = sum(
            in_cpython(program, [xs for xs, _ in asked.cases]) == [out for _, out in asked.cases]
            for asked in pool
        )
        assert paid <= 0.05 * len(pool), program


@every_level
def test_feedback_names_a_case_shown_and_no_hidden_one(level: int) -> None:
    shown_only = re.compile(r"f\((\[.*?\])\)")
    for asked in first(level, 10):
        shown = [str(xs) for xs, _ in asked.shown]
        for program in ("[7, 7, 7]", "77", "xs+[5]", "xs[9]", "oops"):
            told = FAMILY.feedback(asked, program)
            assert told.startswith("Not correct")
            assert set(shown_only.findall(told)) <= set(shown)


def test_level_one_is_short() -> None:
    asked = first(1, 200)
    lengths = sorted(len(p.question) for p in asked)
    assert lengths[190] < 100
    assert max(len(p.answer) for p in asked) <= 20
    assert re.fullmatch(r"\[x[+-][0-9]+ for x in xs\]", asked[0].answer)


@every_level
def test_a_level_has_two_hundred_functions_in_three_splits(level: int) -> None:
    names = {split: {p.canonical for p in first(level, 250, split)} for split in SPLITS}
    assert len(set().union(*names.values())) >= 200
    assert not names["train"] & names["test"]
    assert not names["train"] & names["validation"]


@every_level
def test_the_second_way_comes_to_a_right_program(level: int) -> None:
    for asked in first(level, 6, "validation"):
        found = FAMILY.recompute(asked)
        assert found is not None
        assert status(asked, found) is Status.CORRECT


def test_the_same_function_shows_other_examples_to_another_task() -> None:
    pool = first(2, 900)
    same = [p for p in pool if p.canonical == pool[0].canonical]
    assert len(same) > 1
    assert len({p.question for p in same}) == len(same)
    assert len({str(p.cases) for p in same}) == len(same)
