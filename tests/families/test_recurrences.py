"""Recurrences: recursion, loops and closed forms pass; what only fits the shown terms does not."""

from __future__ import annotations

import itertools
import math
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.envs import SPLITS, Problem, Status, TaskSpec
from frostline.envs.families.recurrences import Recurrences
from frostline.envs.generators.recurrences import Recurrence

FAMILY = Recurrences()
LEVELS = range(1, len(FAMILY.levels) + 1)
SOME = settings(max_examples=40, deadline=None)
tasks = st.builds(
    lambda level, split, index: TaskSpec(FAMILY.name, level, split, index),
    st.sampled_from(LEVELS),
    st.sampled_from(SPLITS),
    st.integers(0, 2**62 - 1),
)
FIBONACCI, AFFINE, SQUARES = 5, 3, 17  # levels


def first(level: int, count: int, split: str = "train") -> list[Problem]:
    return [FAMILY.problem(TaskSpec(FAMILY.name, level, split, i)) for i in range(count)]


def status(asked: Problem, answer: str) -> Status:
    return FAMILY.verify(asked, answer).status


def ask(level: int, content: Recurrence) -> Problem:
    """Return the problem of a recurrence, as the family would ask it."""
    text, kind, program, cases, shown, _ = FAMILY.ask(level, content, random.Random(0))
    return Problem(TaskSpec(FAMILY.name, level, "train", 0), text, kind, program, cases, shown)


def in_cpython(program: str, inputs: list[int]) -> list[int]:
    if not program.startswith("def"):
        return [eval(program, {"n": n}) for n in inputs]
    names: dict[str, Any] = {}
    exec(program, names)
    return [names["f"](n) for n in inputs]


def fibonacci() -> Problem:
    terms = [2, 5]
    while len(terms) < 19:
        terms.append(terms[-1] + terms[-2])
    return ask(FIBONACCI, Recurrence(tuple(terms), "unused"))


@SOME
@given(tasks)
def test_cpython_computes_every_case_from_the_reference(task: TaskSpec) -> None:
    asked = FAMILY.problem(task)
    cases = (*asked.shown, *asked.cases)
    assert in_cpython(asked.answer, [n for n, _ in cases]) == [value for _, value in cases]
    assert status(asked, asked.answer) is Status.CORRECT


@SOME
@given(tasks)
def test_0_is_shown_and_hidden_inputs_come_later(task: TaskSpec) -> None:
    asked = FAMILY.problem(task)
    hidden = [n for n, _ in asked.cases]
    assert [n for n, _ in asked.shown] == list(range(len(asked.shown)))
    assert len(asked.shown) in hidden
    assert min(hidden) >= len(asked.shown)
    assert max(hidden) >= 14
    assert len(set(hidden)) == len(hidden) >= 4
    assert all(abs(value) < 2**4096 for _, value in asked.cases)


@SOME
@given(tasks)
def test_the_question_lists_the_shown_terms_and_nothing_else(task: TaskSpec) -> None:
    asked = FAMILY.problem(task)
    listed = ", ".join(f"f({n})={value}" for n, value in asked.shown)
    assert asked.question == f"{listed}. Write f(n) for n >= 0."


@SOME
@given(tasks)
def test_search_finds_a_right_program_in_the_question_alone(task: TaskSpec) -> None:
    asked = FAMILY.problem(task)
    found = FAMILY.recompute(asked)
    assert found is not None, asked.question
    assert status(asked, found) is Status.CORRECT, (asked.question, found)


@SOME
@given(tasks, st.data())
def test_a_number_changed_in_the_program_is_wrong_unless_it_changes_nothing(
    task: TaskSpec, data: st.DataObject
) -> None:
    asked = FAMILY.problem(task)
    numbers = list(re.finditer(r"\d+", asked.answer))
    place = data.draw(st.sampled_from(numbers))
    changed = f"{asked.answer[: place.start()]}{int(place[0]) + 1}{asked.answer[place.end() :]}"
    cases = (*asked.cases, *asked.shown)
    try:
        same = in_cpython(changed, [n for n, _ in cases]) == [value for _, value in cases]
    except (RecursionError, ZeroDivisionError):
        same = False
    assert (status(asked, changed) is Status.CORRECT) == same


@pytest.mark.parametrize("level", LEVELS)
def test_a_table_and_a_polynomial_through_the_shown_terms_are_wrong(level: int) -> None:
    for asked in first(level, 3):
        values = [value for _, value in asked.shown]
        assert status(asked, f"{values!r}[n % {len(values)}]") is Status.WRONG
        assert status(asked, f"{values!r}[n] if n < {len(values)} else 0") is Status.WRONG
        if level not in (1, 4):
            assert status(asked, interpolation(values)) is Status.WRONG


def interpolation(values: list[int]) -> str:
    """Return Newton's polynomial through all values, as a program."""
    row, parts = list(values), []
    for i in range(len(values)):
        factors = "*".join(["1", *(f"(n-{j})" for j in range(i))])
        parts.append(f"({row[0]}*{factors}//{math.factorial(i)})")
        row = [b - a for a, b in itertools.pairwise(row)]
    return "+".join(parts)


@pytest.mark.parametrize(
    "program",
    [
        "def f(n):\n    return [2, 5][n] if n < 2 else f(n-1) + f(n-2)",
        "f = lambda n: n*3 + 2 if n < 2 else f(n-1) + f(n-2)",
        "def f(n):\n    a, b = 2, 5\n    for _ in range(n): a, b = b, a+b\n    return a",
        "def f(n):\n    a, b = 2, 5\n    while n:\n        n, a, b = n-1, b, a+b\n    return a",
        "def f(n):\n    v = [2, 5]\n    for i in range(2, n+1):\n        v.append(v[i-1]+v[i-2])\n"
        "    return v[n]",
        "memo = {0: 2, 1: 5}\ndef f(n):\n    if n not in memo:\n        memo[n] = f(n-1) + f(n-2)\n"
        "    return memo[n]",
        "def f(n, a=2, b=5):\n    return a if n == 0 else f(n-1, b, a+b)",
        "def g(n):\n    return n if n < 2 else g(n-1) + g(n-2)\n"
        "def f(n):\n    return 2*g(n+1) + 3*g(n)",
        "from functools import reduce\n"
        "f = lambda n: reduce(lambda p, _: (p[1], p[0]+p[1]), range(n), (2, 5))[0]",
        "def f(n):\n    if n == 0:\n        return 2\n    if n == 1:\n        return 5\n"
        "    return f(n-1) + f(n-2)",
    ],
)
def test_every_shape_of_a_right_program_is_correct(program: str) -> None:
    assert FAMILY.verify(fibonacci(), program).reason == "right on every hidden case"


@pytest.mark.parametrize(
    "program",
    [
        "def f(n):\n    a, b = 2, 5\n    for _ in range(n): a, b = b, a+b\n    return b",
        "def f(n):\n    return [3, 5][n] if n < 2 else f(n-1) + f(n-2)",  # wrong at 0 and later
        "def f(n):\n    return 3 if n == 0 else 5 if n == 1 else 7 if n == 2 else f(n-1)+f(n-2)",
        "def f(n):\n    return f(n-1) + f(n-2)",
        "def f(n):\n    a, b = 2, 5\n    for _ in range(n): a, b = b, a+b\n    return float(a)",
        "round(2 * 1.618 ** n)",
        "3*n+2",
    ],
)
def test_near_misses_are_wrong(program: str) -> None:
    assert status(fibonacci(), program) is Status.WRONG


def test_closed_forms_count_where_the_solver_knows_one() -> None:
    terms = [1]
    while len(terms) < 25:
        terms.append(2 * terms[-1] + 1)
    asked = ask(AFFINE, Recurrence(tuple(terms), "unused"))
    for text in ("2**(n+1)-1", "lambda n: (2 << n) - 1", "f = lambda n: 2*f(n-1)+1 if n else 1"):
        assert status(asked, text) is Status.CORRECT
    assert status(asked, "2**n") is Status.WRONG


# recursion as the rule is read, with a call for every mention of f
PLAIN = {
    5: lambda a: re.sub(r".*= (-?\d+), (-?\d+)\n.*", r"[\1,\2][n] if n<2 else f(n-1)+f(n-2)", a,
                        flags=re.DOTALL),
    10: lambda a: re.sub(r".*= (-?\d+), (-?\d+), (-?\d+)\n.*",
                         r"[\1,\2,\3][n] if n<3 else f(n-1)+f(n-2)+f(n-3)", a, flags=re.DOTALL),
    17: lambda a: re.sub(r".*return (.*)f\(n-1\)\*\*2(.*)", r"\1f(n-1)*f(n-1)\2", a,
                         flags=re.DOTALL),
}  # fmt: skip


@pytest.mark.parametrize("level", PLAIN)
def test_plain_recursion_with_several_calls_passes_in_the_sandbox(level: int) -> None:
    for asked in first(level, 5):
        body = PLAIN[level](asked.answer)
        assert body != asked.answer
        assert status(asked, f"def f(n):\n    return {body}") is Status.CORRECT


def test_the_first_level_is_short() -> None:
    for asked in first(1, 200):
        assert len(asked.question) < 100
        assert re.fullmatch(r"-?(\d+\*)?n([+-]\d+)?", asked.answer)


def test_no_function_stands_on_two_levels() -> None:
    level_of: dict[str, int] = {}
    for level in LEVELS:
        for asked in first(level, 100):
            assert level_of.setdefault(asked.canonical, level) == level, asked.answer


@pytest.mark.parametrize("level", LEVELS)
def test_repeating_the_question_is_never_right(level: int) -> None:
    for asked in first(level, 3):
        for echo in (asked.question, asked.question.split(". ")[0], *asked.question.split(", ")):
            assert status(asked, echo) is not Status.CORRECT
