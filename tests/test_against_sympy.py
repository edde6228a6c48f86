"""The reference answers of arithmetic and polynomials, computed again by sympy."""

from __future__ import annotations

import re

import pytest
import sympy

from frostline.envs import FAMILIES, SPLITS, Problem, TaskSpec

X = sympy.Symbol("x")
LEVELS = [
    (name, level)
    for name in ("arithmetic", "polynomials")
    for level in range(1, len(FAMILIES[name].levels) + 1)
]


def read(text: str) -> sympy.Expr:
    return sympy.sympify(text.replace("^", "**"))


def arithmetic(expression: str) -> sympy.Expr:
    """Return the value of an expression; `mod` binds like `*`, from the left."""
    if " mod " in expression:
        dividend, _, divisor = expression.rpartition(" mod ")
        return sympy.Mod(arithmetic(dividend), int(divisor))
    assert re.fullmatch(r"[0-9+\-*/() ]+", expression)
    return read(expression)


def expected(question: str) -> sympy.Expr:
    """Return what the question asks for, in expanded form."""
    order, _, body = question.rstrip(".").partition(" ")
    if order == "Compute":
        return arithmetic(body)
    if order == "Evaluate":
        polynomial, _, point = body.partition(" at x = ")
        return read(polynomial).subs(X, int(point))
    assert order in ("Collect", "Add", "Expand", "Factor")
    return sympy.expand(read(body))


def linear_factors(expression: sympy.Expr) -> int:
    _, factors = sympy.factor_list(expression)
    return sum(count for _, count in factors)


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_the_reference_answer_is_the_one_of_sympy(name: str, level: int) -> None:
    for split in SPLITS:
        for index in range(15):
            asked: Problem = FAMILIES[name].problem(TaskSpec(name, level, split, index))
            answer = read(asked.answer)
            assert sympy.expand(answer) == expected(asked.question), asked.question
            if asked.kind == "poly_exp":
                assert answer == sympy.expand(answer)
            if asked.kind == "poly_fac":
                assert asked.answer.count("(") == linear_factors(answer)
            if asked.kind == "int":
                assert answer.is_Integer
                assert str(int(answer)) == asked.answer
