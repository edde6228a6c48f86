"""Linear equations: the answer is put into the equations, and sympy solves them too."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs import SPLITS, Problem, Status, TaskSpec
from frostline.envs.families.linear_equations import LinearEquations
from frostline.envs.streams import MAX_INDEX

FAMILY = LinearEquations()
LEVELS = range(1, len(FAMILY.levels) + 1)
every_level = pytest.mark.parametrize("level", LEVELS)
problems = st.builds(
    lambda level, split, index: FAMILY.problem(TaskSpec("linear_equations", level, split, index)),
    st.sampled_from(LEVELS),
    st.sampled_from(SPLITS),
    st.integers(0, MAX_INDEX - 1),
)
SIGNS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def worth(text: str, given: dict[str, Fraction]) -> Fraction:
    """Return the value of an expression, as Python reads it."""

    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            return SIGNS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp):
            return -value(node.operand)
        if isinstance(node, ast.Name):
            return given[node.id]
        assert isinstance(node, ast.Constant)
        return Fraction(str(node.value))

    return value(ast.parse(text, mode="eval").body)


def asked(question: str) -> tuple[list[str], list[str], dict[str, Fraction]]:
    """Return the equations of a question, the unknowns, and what is given."""
    if match := re.fullmatch(r"Find a such that x = (-?\d+) solves (.*)\.", question):
        return [match[2]], ["a"], {"x": Fraction(match[1])}
    match = re.fullmatch(r"Solve (.*) for ([a-z, ]+)\.", question)
    assert match, question
    return match[1].split(", "), match[2].split(", "), {}


def values(answer: str) -> list[Fraction]:
    return [Fraction(item) for item in answer.strip("()").split(", ")]


def some(level: int, count: int) -> list[Problem]:
    return [FAMILY.problem(TaskSpec("linear_equations", level, "train", i)) for i in range(count)]


@given(problems)
def test_the_answer_solves_every_equation(problem: Problem) -> None:
    equations, names, known = asked(problem.question)
    known |= dict(zip(names, values(problem.answer), strict=True))
    assert len(equations) == len(names)
    for equation in equations:
        left, right = equation.split(" = ")
        assert worth(left, known) == worth(right, known)


@given(problems)
def test_unknowns_stand_in_alphabetical_order(problem: Problem) -> None:
    _, names, _ = asked(problem.question)
    assert names == sorted(names)


@every_level
def test_sympy_finds_the_same_and_only_solution(level: int) -> None:
    for problem in some(level, 12):
        answer = FAMILY.recompute(problem)
        assert answer is not None
        assert FAMILY.verify(problem, answer).status is Status.CORRECT, (problem, answer)


@given(problems)
def test_assignments_are_accepted_in_any_order(problem: Problem) -> None:
    _, names, _ = asked(problem.question)
    pairs = [f"{n} = {v}" for n, v in zip(names, values(problem.answer), strict=True)]
    for order in (pairs, pairs[::-1]):
        assert FAMILY.verify(problem, ", ".join(order)).status is Status.CORRECT


@given(problems)
def test_a_neighbour_of_the_solution_is_wrong(problem: Problem) -> None:
    solution = values(problem.answer)
    for i, value in enumerate(solution):
        for new in (value + 1, -value or Fraction(3), 2 * value or Fraction(1)):
            items = [*map(str, solution[:i]), str(new), *map(str, solution[i + 1 :])]
            text = items[0] if len(items) == 1 else f"({', '.join(items)})"
            assert FAMILY.verify(problem, text).status is Status.WRONG, text


@given(problems)
def test_no_equation_of_the_question_is_an_answer(problem: Problem) -> None:
    equations, _, _ = asked(problem.question)
    for text in (*equations, ", ".join(equations), problem.question):
        assert FAMILY.verify(problem, text).status is Status.MALFORMED, text


def test_the_order_of_equations_is_no_new_question() -> None:
    for problem in some(9, 50):
        rows = re.findall(r"\((-?\d+), (-?\d+), (-?\d+)\)", problem.canonical)
        numbers = [tuple(map(int, row)) for row in rows]
        assert numbers == sorted(numbers)
        assert len(numbers) == 2


@pytest.mark.parametrize("level", [9, 10, 11, 12])
def test_an_equation_times_a_number_is_no_new_question(level: int) -> None:
    for problem in some(level, 50):
        rows: list[tuple[int, ...]] = ast.literal_eval(problem.canonical)
        assert all(math.gcd(*row) == 1 for row in rows)


def test_a_system_is_not_answered_by_a_set_or_with_letters_exchanged() -> None:
    task = TaskSpec("linear_equations", 9, "train", 0)
    problem = Problem(task, "Solve 2*x + y = 7, x - y = 2 for x, y.", "tuple", "(3, 1)")
    for text in ("(3, 1)", "3, 1", "x = 3, y = 1", "y = 1, x = 3", "(x, y) = (3, 1)"):
        assert FAMILY.verify(problem, text).status is Status.CORRECT, text
    for text in ("{3, 1}", "(1, 3)", "y = 3, x = 1", "x = 3", "3", "(3, 1), (3, 1)", "(3, 1, 0)"):
        assert FAMILY.verify(problem, text).status is not Status.CORRECT, text
