"""Fractions: checked against Python's own fractions and decimals, and against sympy."""

from __future__ import annotations

import ast
import decimal
import operator
import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs import SPLITS, Problem, Status, TaskSpec
from frostline.envs.answers import verify_answer
from frostline.envs.families.fractions import Fractions
from frostline.envs.streams import MAX_INDEX

FAMILY = Fractions()
LEVELS = range(1, len(FAMILY.levels) + 1)
every_level = pytest.mark.parametrize("level", LEVELS)
problems = st.builds(
    lambda level, split, index: FAMILY.problem(TaskSpec("fractions", level, split, index)),
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


def worth(text: str) -> Fraction:
    """Return the value of an expression in Python's syntax, with mixed numbers."""
    text = re.sub(r"(\d+) (\d+/\d+)", r"(\1 + \2)", text)

    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            return SIGNS[type(node.op)](value(node.left), value(node.right))
        assert isinstance(node, ast.Constant)
        return Fraction(str(node.value))

    return value(ast.parse(text, mode="eval").body)


def expected(question: str) -> Fraction:
    """Return the number that a question asks for, a percentage as the number before its sign."""
    if match := re.fullmatch(r"Find the percent change from (\d+) to (\d+)\.", question):
        return (Fraction(match[2]) / Fraction(match[1]) - 1) * 100
    if match := re.fullmatch(r"Compute (\d+)/(\d+) to (\d) decimal places\.", question):
        quotient = decimal.Decimal(match[1]) / decimal.Decimal(match[2])
        step = decimal.Decimal(1).scaleb(-int(match[3]))
        return Fraction(quotient.quantize(step, decimal.ROUND_HALF_EVEN))
    body = re.sub(r"^(Compute|Simplify|Write) | as a (decimal|percentage)|\.$", "", question)
    return worth(body.replace("% of", "/100*")) * (100 if "as a percentage" in question else 1)


def some(level: int, count: int) -> list[Problem]:
    return [FAMILY.problem(TaskSpec("fractions", level, "train", i)) for i in range(count)]


@given(problems)
def test_the_answer_is_the_value_of_what_is_asked(problem: Problem) -> None:
    assert Fraction(problem.answer.removesuffix("%")) == expected(problem.question)


@every_level
def test_sympy_comes_to_the_same_answer(level: int) -> None:
    for problem in some(level, 15):
        answer = FAMILY.recompute(problem)
        assert answer is not None
        assert FAMILY.verify(problem, answer).status is Status.CORRECT, (problem, answer)


@given(problems)
def test_no_part_of_the_question_is_its_answer(problem: Problem) -> None:
    words = problem.question.rstrip(".").split(" ")
    for i in range(len(words)):
        for j in range(i + 1, len(words) + 1):
            part = " ".join(words[i:j])
            if re.search(r"[-+*/%]", part) or j == len(words):
                assert FAMILY.verify(problem, part).status is not Status.CORRECT, part


@given(problems)
def test_a_neighbour_of_the_answer_is_wrong(problem: Problem) -> None:
    value = Fraction(problem.answer.removesuffix("%"))
    sign = "%" * problem.answer.endswith("%")
    for other in (value + 1, -value or Fraction(2), value * 100 or Fraction(3)):
        text = str(other) if problem.kind != "dec" else f"{float(other)}"
        assert FAMILY.verify(problem, text + sign).status is not Status.CORRECT


def test_a_rounded_quotient_never_lies_between_two_answers() -> None:
    for problem in some(13, 300):
        match = re.fullmatch(r"Compute (\d+)/(\d+) to (\d) decimal places\.", problem.question)
        assert match
        top, bottom, places = map(int, match.groups())
        assert (2 * top * 10**places) % bottom != 0
        assert len(problem.answer.partition(".")[2]) == places


@given(problems)
def test_the_order_of_a_sum_or_product_is_no_new_question(problem: Problem) -> None:
    match = re.fullmatch(r"Compute ([\d. /]+?) ([+*]) ([\d. /]+)\.", problem.question)
    if match:
        assert problem.canonical in (
            f"{match[1]} {match[2]} {match[3]}",
            f"{match[3]} {match[2]} {match[1]}",
        )
        first, second = re.split(r" [+*] ", problem.canonical, maxsplit=1)
        assert first <= second
    assert problem.canonical


@pytest.mark.parametrize(
    ("kind", "gold", "right", "wrong"),
    [
        ("frac", "3/4", ["3/4", "\\frac{3}{4}", "¾"], ["6/8", "0.75", "3/5", "3/4 or 1"]),
        ("frac", "49/12", ["4 1/12", "49/12"], ["4 2/24", "98/24", "-4 1/12"]),
        ("rat", "55.44", ["55.44", "1386/25", "5544/100"], ["5544", "55.4", "132*0.42"]),
        ("dec", "0.875", ["0.875", ".875"], ["7/8", "87.5%", "0.8750", "0.88"]),
        ("pct", "12.5%", ["12.5%", "12.5\\%", "25/2%"], ["12.5", "0.125", "1/8", "12%"]),
        ("pct", "-25%", ["-25%", "−25 %"], ["25%", "-25", "-0.25"]),
        ("dec", "0.70", ["0.70", "0.7"], ["0.700", "0.69", "7/10"]),
    ],
)
def test_spellings_are_accepted_and_near_misses_are_not(
    kind: str, gold: str, right: list[str], wrong: list[str]
) -> None:
    for text in right:
        assert verify_answer(kind, gold, text).status is Status.CORRECT, text
    for text in wrong:
        assert verify_answer(kind, gold, text).status is not Status.CORRECT, text
