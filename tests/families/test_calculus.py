"""Calculus: sympy comes to every answer, and nothing that stands in a question is one."""

from __future__ import annotations

import random
import re
from fractions import Fraction

import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frostline.envs import SPLITS, Problem, Status, TaskSpec
from frostline.envs.families.calculus import Calculus
from frostline.envs.generators.calculus_exercises import derivative, joined
from frostline.envs.problem import Verdict
from frostline.envs.streams import MAX_INDEX

FAMILY = Calculus()
LEVELS = range(1, len(FAMILY.levels) + 1)
X = sympy.Symbol("x")
FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
every_level = pytest.mark.parametrize("level", LEVELS)
places = {"split": st.sampled_from(SPLITS), "index": st.integers(0, MAX_INDEX - 1)}


def ask(level: int, split: str = "train", index: int = 0) -> Problem:
    return FAMILY.problem(TaskSpec("calculus", level, split, index))


def some(level: int, count: int) -> list[Problem]:
    return [ask(level, "train", index) for index in range(count)]


def verdict(problem: Problem, answer: str) -> Verdict:
    found = FAMILY.verify(problem, answer)
    assert found.status is not Status.VERIFIER_ERROR, (problem.question, answer, found)
    return found


def correct(problem: Problem, answer: str) -> bool:
    return verdict(problem, answer).status is Status.CORRECT


def function_of(text: str) -> sympy.Expr:
    return sympy.sympify(text.replace("^", "**"), locals={"x": X})


def body(problem: Problem) -> str:
    """Return the function that a question is about."""
    text = problem.question.rstrip(".")
    for start in ("Differentiate ", "Integrate ", "Find the limit of "):
        text = text.removeprefix(start)
    return re.split(" from | as x ", text)[0]


@every_level
@FEW
@given(**places)
def test_sympy_comes_to_the_answer(level: int, split: str, index: int) -> None:
    problem = ask(level, split, index)
    again = FAMILY.recompute(problem)
    assert again is not None
    assert correct(problem, again), (problem.question, problem.answer, again)


@every_level
@FEW
@given(**places)
def test_the_answer_has_the_value_that_the_question_asks_for(
    level: int, split: str, index: int
) -> None:
    problem = ask(level, split, index)
    function, answer = function_of(body(problem)), function_of(problem.answer)
    at = {X: sympy.Rational(87, 10)}
    if problem.question.startswith("Differentiate"):
        difference = sympy.diff(function, X) - answer
    elif problem.kind == "antider":
        difference = sympy.diff(answer, X) - function
    elif problem.kind == "rat":
        low, high = re.findall(r"(-?\d+) to (-?\d+)", problem.question)[0]
        whole = sympy.Poly(function, X).integrate()
        difference = whole.eval(int(high)) - whole.eval(int(low)) - answer
    else:
        return  # limits are in the test below
    value, size = difference.subs(at).evalf(60), 1 + abs(answer.subs(at).evalf(60))
    assert abs(value) < 1e-30 * size, (problem.question, problem.answer)


@pytest.mark.parametrize("level", [6, 11])
def test_a_limit_is_what_is_left_when_the_factor_is_cancelled(level: int) -> None:
    for problem in some(level, 60):
        match = re.search(r"x -> (-?\d+)", problem.question)
        assert match
        function = function_of(body(problem))
        top, bottom = sympy.fraction(function)
        assert top.subs(X, int(match[1])) == bottom.subs(X, int(match[1])) == 0
        assert sympy.cancel(function).subs(X, int(match[1])) == sympy.Rational(problem.answer)
        assert problem.answer != match[1]


def test_a_limit_at_infinity_is_approached() -> None:
    seen = set()
    for problem in some(10, 300):
        value = Fraction(str(function_of(body(problem)).subs(X, 10**9)))
        if problem.answer.endswith("infinity"):
            assert abs(value) > 10**6
            assert (value < 0) == problem.answer.startswith("-")
        else:
            assert abs(value - Fraction(problem.answer)) < Fraction(1, 10**6)
        seen.add(problem.answer if problem.answer.endswith("infinity") else "number")
    assert seen == {"number", "infinity", "-infinity"}


@every_level
def test_nothing_that_stands_in_a_question_is_its_answer(level: int) -> None:
    for problem in some(level, 150):
        function = body(problem)
        texts = [problem.question, problem.question.partition(" ")[2], function, f"{function} + C"]
        # a definite integral or a limit may happen to equal a number of the question
        numbers = [] if problem.kind in ("rat", "limit") else re.findall(r"[0-9]+", function)
        for text in (*texts, *numbers, "x", "C", "0", "infinity" if level != 10 else "x"):
            if (problem.answer, text) != ("0", "0"):
                assert not correct(problem, text), (problem.question, text)


@every_level
def test_an_answer_that_is_a_little_off_is_wrong(level: int) -> None:
    for problem in some(level, 40):
        near = [f"-({problem.answer})", f"({problem.answer})*2", f"{problem.answer} + x"]
        if problem.kind != "antider":
            near.append(f"{problem.answer} + 1")
        for number in re.finditer(r"[0-9]+", problem.answer):
            start, end = number.span()
            near.append(f"{problem.answer[:start]}{int(number[0]) + 1}{problem.answer[end:]}")
        assert not any(correct(problem, text) for text in near), problem


SPELLINGS = {
    "cosine": ("func", "72*cos(8*x) + 24*x^3", "24x^3 + 72\\cos(8x)"),
    "exponential": ("func", "2*x*exp(3*x) + 3*x^2*exp(3*x)", "xe^{3x}(2 + 3x)"),
    "logarithm": ("func", "14*x*ln(x) + 7*x", "7x(2\\ln x + 1)"),
    "root": ("func", "4*x/sqrt(4*x^2 - 7)", "4x(4x^2-7)^{-1/2}"),
    "quotient": ("ratfun", "28/(8*x + 4)^2", "\\frac{7}{4(2x+1)^2}"),
    "antiderivative": ("antider", "-cos(8*x)/4 + 8*ln(x)", "8\\ln|x| - \\frac{1}{4}\\cos(8x) + C"),
    "by parts": ("antider", "x*exp(2*x)/2 - exp(2*x)/4", "e^{2x}(2x - 1)/4 + C"),
    "substitution": ("antider", "(x^2 + 1)^3/6", "x^6/6 + x^4/2 + x^2/2 + C"),
    "angle": ("antider", "-cos(2*x)/2", "sin(x)^2"),
}


@pytest.mark.parametrize(("kind", "gold", "text"), SPELLINGS.values(), ids=SPELLINGS.keys())
def test_an_answer_counts_in_the_spelling_of_a_textbook(kind: str, gold: str, text: str) -> None:
    task = TaskSpec("calculus", 1, "train", 0)
    assert correct(Problem(task, "", kind, gold), text)
    assert not correct(Problem(task, "", kind, gold), text + " + x")


def test_the_derivative_of_a_polynomial_must_be_worked_out() -> None:
    problem = next(p for p in some(1, 50) if p.answer == "98*x" or "^" in p.answer)
    assert correct(problem, problem.answer.replace("*", " "))
    assert not correct(problem, f"2*({problem.answer})/2")
    assert not correct(problem, f"{problem.answer} + 0")


def test_the_order_of_factors_and_terms_makes_no_new_question() -> None:
    for level in (8, 14):
        exercises = [FAMILY.draw(level, random.Random(i)) for i in range(40)]
        for exercise in exercises:
            turned = exercise._replace(operands=exercise.operands[::-1], text=exercise.text)
            assert FAMILY.canonical(turned) == FAMILY.canonical(exercise)
            assert all(part in exercise.text for part in exercise.operands)


def test_questions_are_short_and_plain() -> None:
    for level in LEVELS:
        for problem in some(level, 100):
            assert problem.question.isascii()
            assert len(problem.question) <= 120
            assert len(problem.answer) <= 140


def test_terms_are_joined_in_plain_spelling() -> None:
    assert joined([(0, "x"), (1, "x"), (Fraction(-1, 2), "")]) == "x - 1/2"
    assert joined([]) == "0"
    assert derivative((7,)) == ()
