"""Piecewise functions: right answers in any shape pass, what only fits the shown cases does not."""

from __future__ import annotations

import math
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.envs import SPLITS, Problem, Status, TaskSpec
from frostline.envs.certificates.decision_trees import Below, Leaf, Residues, Tree, numbers
from frostline.envs.families.piecewise_functions import Piecewise, PiecewiseFunctions

FAMILY = PiecewiseFunctions()
LEVELS = range(1, len(FAMILY.levels) + 1)
SOME = settings(max_examples=40, deadline=None)
tasks = st.builds(
    lambda level, split, index: TaskSpec(FAMILY.name, level, split, index),
    st.sampled_from(LEVELS),
    st.sampled_from(SPLITS),
    st.integers(0, 2**62 - 1),
)


def first(level: int, count: int, split: str = "train") -> list[Problem]:
    return [FAMILY.problem(TaskSpec(FAMILY.name, level, split, i)) for i in range(count)]


def status(asked: Problem, answer: str) -> Status:
    return FAMILY.verify(asked, answer).status


def find(level: int, answer: str) -> Problem:
    """Return the problem of a function, as the family would ask it."""
    rng = random.Random(0)
    trees: dict[str, Tree] = {
        "12 if n%2==0 else 7": Residues((Leaf(12), Leaf(7))),
        "n if n<5 else 10": Below(5, Leaf(0, 1), Leaf(10)),
        "n//2 if n%2==0 else 3*n+1": Residues((Leaf(0, 1, 0, 2), Leaf(1, 3))),
    }
    tree = trees[answer]
    text, kind, program, cases, shown, _ = FAMILY.ask(level, Piecewise(tree, answer), rng)
    return Problem(TaskSpec(FAMILY.name, level, "train", 0), text, kind, program, cases, shown)


@SOME
@given(tasks)
def test_cpython_computes_every_case_from_the_reference(task: TaskSpec) -> None:
    asked = FAMILY.problem(task)
    for n, value in (*asked.cases, *asked.shown):
        assert eval(asked.answer, {"n": n}) == value
        assert type(value) is int
    assert status(asked, asked.answer) is Status.CORRECT


@SOME
@given(tasks)
def test_hidden_inputs_hold_0_negatives_neighbours_and_large_values(task: TaskSpec) -> None:
    asked = FAMILY.problem(task)
    hidden, shown = dict(asked.cases), dict(asked.shown)
    assert 0 in hidden
    assert sum(n < 0 for n in hidden) >= 3
    assert max(hidden) >= 10**4
    assert min(hidden) <= -(10**4)
    assert min(shown) - 2 in hidden
    assert max(shown) + 1 in hidden
    assert not hidden.keys() & shown.keys()
    assert len(hidden) == len(asked.cases) >= 15
    for far in ([n for n in hidden if n >= 10**4], [n for n in hidden if n <= -(10**4)]):
        assert {n % 2 for n in far} == {0, 1}
        assert {n % 3 for n in far} == {0, 1, 2}


@SOME
@given(tasks)
def test_the_question_lists_neighbouring_cases_and_nothing_else(task: TaskSpec) -> None:
    asked = FAMILY.problem(task)
    listed = re.findall(r"f\((-?\d+)\)=(-?\d+)", asked.question)
    assert tuple((int(n), int(v)) for n, v in listed) == asked.shown
    inputs = [n for n, _ in asked.shown]
    assert inputs == list(range(inputs[0], inputs[-1] + 1))
    assert asked.question.endswith(". Write f(n).")
    assert re.sub(r"f\(-?\d+\)=-?\d+(, )?", "", asked.question) == ". Write f(n)."


@SOME
@given(tasks)
def test_search_finds_a_right_program_in_the_question_alone(task: TaskSpec) -> None:
    asked = FAMILY.problem(task)
    found = FAMILY.recompute(asked)
    assert found is not None
    assert status(asked, found) is Status.CORRECT, (asked.question, found)


@SOME
@given(tasks, st.data())
def test_a_number_changed_in_the_program_is_wrong(task: TaskSpec, data: st.DataObject) -> None:
    asked = FAMILY.problem(task)
    places = list(re.finditer(r"\d+", asked.answer))
    place = data.draw(st.sampled_from(places))
    changed = f"{asked.answer[: place.start()]}{int(place[0]) + 1}{asked.answer[place.end() :]}"
    points = [n for n, _ in (*asked.cases, *asked.shown)]
    values = [_value(changed, n) for n in points]
    same = values == [v for _, v in (*asked.cases, *asked.shown)]
    assert (status(asked, changed) is Status.CORRECT) == same
    # a bend where two pieces meet may move by one, and two residues of three may be told by another
    if "%" not in asked.answer and "if" not in asked.answer:
        assert not same


def _value(program: str, n: int) -> int | None:
    try:
        return eval(program, {"n": n})  # type: ignore[no-any-return]
    except ZeroDivisionError:
        return None


@pytest.mark.parametrize("level", LEVELS)
def test_a_table_and_a_polynomial_through_the_shown_cases_are_wrong(level: int) -> None:
    for asked in first(level, 3):
        table = f"{dict(asked.shown)!r}.get(n, {asked.shown[-1][1]})"
        assert status(asked, table) is Status.WRONG
        xs = [n for n, _ in asked.shown]
        terms = []
        for x, y in asked.shown:
            others = [z for z in xs if z != x]
            top = "*".join(f"(n-({z}))" for z in others)
            bottom = math.prod(x - z for z in others)
            terms.append(f"({y}*{top})/({bottom})")
        assert status(asked, f"round({'+'.join(terms)})") is Status.WRONG
        periodic = f"{[y for _, y in asked.shown]!r}[(n-({xs[0]}))%{len(xs)}]"
        if level not in (1, 9):
            assert status(asked, periodic) is Status.WRONG


@pytest.mark.parametrize(
    ("level", "reference", "spellings"),
    [
        (
            1,
            "12 if n%2==0 else 7",
            ["[12, 7][n % 2]", "12 - 5*(n & 1)", "7 if n % 2 else 12", "lambda n: 12 - n % 2 * 5"],
        ),
        (
            3,
            "n if n<5 else 10",
            [
                "10 if n > 4 else n",
                "def f(n):\n    if n < 5:\n        return n\n    return 10",
                "f = lambda n: n if n <= 4 else 10",
                "[n, 10][n >= 5]",
                "memo = {}\ndef f(n):\n    if n not in memo:\n"
                "        memo[n] = n if n < 5 else 10\n    return memo[n]",
            ],
        ),
        (
            10,
            "n//2 if n%2==0 else 3*n+1",
            [
                "3*n+1 if n % 2 else n >> 1",
                "def f(n):\n    q, r = divmod(n, 2)\n    return 3*n + 1 if r else q",
                "```python\nlambda n: (n//2, 3*n+1)[n % 2]\n```",
            ],
        ),
    ],
)
def test_other_shapes_of_a_right_program_are_correct(
    level: int, reference: str, spellings: list[str]
) -> None:
    asked = find(level, reference)
    for text in (reference, *spellings):
        assert status(asked, text) is Status.CORRECT, text


@pytest.mark.parametrize(
    "program",
    [
        "n if n<4 else 10",  # wrong on a shown case alone
        "n if n<6 else 10",
        "n if 0<n<5 else 10",
        "min(n, 10)",
        "n if n<5 else 10.0",
        "n if n<5 else n+5",
    ],
)
def test_near_misses_of_a_threshold_are_wrong(program: str) -> None:
    assert status(find(3, "n if n<5 else 10"), program) is Status.WRONG


def test_the_first_level_is_short() -> None:
    for asked in first(1, 200):
        assert len(asked.question) < 60
        assert len(asked.answer) <= len("12 if n%2==0 else 77")


def test_no_function_stands_on_two_levels() -> None:
    level_of: dict[str, int] = {}
    for level in LEVELS:
        for asked in first(level, 100):
            assert level_of.setdefault(asked.canonical, level) == level, asked.answer


def test_a_higher_level_needs_more_numbers_than_the_first() -> None:
    rng = random.Random(1)
    sizes = [numbers(FAMILY.draw(level, rng).tree) for level in LEVELS]
    assert sizes[0] == 3
    assert max(sizes) == sizes[-1] >= 10


@pytest.mark.parametrize("level", LEVELS)
def test_repeating_the_question_is_never_right(level: int) -> None:
    for asked in first(level, 5):
        for echo in (asked.question, asked.question.split(". ")[0], *asked.question.split(", ")):
            assert status(asked, echo) is not Status.CORRECT
