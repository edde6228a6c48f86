"""The numbers game: every puzzle has a solution, and only solutions are accepted."""

from __future__ import annotations

import ast
import itertools
import operator
import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs import SPLITS, Problem, Status, TaskSpec
from frostline.envs.answers import verify_answer
from frostline.envs.families.countdown import LARGE, SMALL, Countdown, flat_values, signed_sums
from frostline.envs.oracles.countdown import solve
from frostline.envs.streams import MAX_INDEX

FAMILY = Countdown()
LEVELS = range(1, len(FAMILY.levels) + 1)
every_level = pytest.mark.parametrize("level", LEVELS)
problems = st.builds(
    lambda level, split, index: FAMILY.problem(TaskSpec("countdown", level, split, index)),
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


def worth(text: str) -> tuple[list[int], Fraction]:
    """Return the numbers and the value of an expression, as Python reads it."""

    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            return SIGNS[type(node.op)](value(node.left), value(node.right))
        assert isinstance(node, ast.Constant)
        assert isinstance(node.value, int)
        return Fraction(node.value)

    return sorted(map(int, re.findall("[0-9]+", text))), value(ast.parse(text, mode="eval").body)


def asked(problem: Problem) -> tuple[list[int], Fraction]:
    """Return the numbers in order and the target that a question names."""
    pattern = r"Use ([0-9, ]+) once each with \+ - \* / to make ([0-9]+)\."
    match = re.fullmatch(pattern, problem.question)
    assert match
    return sorted(map(int, match[1].split(", "))), Fraction(match[2])


def some(level: int, count: int) -> list[Problem]:
    return [FAMILY.problem(TaskSpec("countdown", level, "train", i)) for i in range(count)]


def verdict(gold: str, text: str) -> Status:
    return verify_answer("expr", gold, text).status


@given(problems)
def test_the_answer_uses_the_numbers_asked_and_makes_the_target(problem: Problem) -> None:
    assert worth(problem.answer) == asked(problem)
    assert FAMILY.verify(problem, problem.answer).status is Status.CORRECT


@given(problems)
def test_numbers_and_target_are_the_question_whatever_their_order(problem: Problem) -> None:
    numbers, target = asked(problem)
    assert problem.canonical == f"{','.join(map(str, numbers))}={target}"


@every_level
def test_a_complete_search_finds_an_answer_too(level: int) -> None:
    for problem in some(level, 12):
        found = FAMILY.recompute(problem)
        assert found is not None, problem.question
        assert worth(found) == asked(problem)
        assert FAMILY.verify(problem, found).status is Status.CORRECT


@pytest.mark.parametrize("level", [4, 5, 6, 7, 8, 9, 10])
def test_from_level_4_on_sums_alone_or_products_alone_never_do(level: int) -> None:
    for problem in some(level, 40):
        numbers, target = asked(problem)
        for signs in itertools.product("+-", repeat=len(numbers)):
            total = sum(n if sign == "+" else -n for sign, n in zip(signs, numbers, strict=True))
            assert total != target, problem.question
        assert worth("*".join(map(str, numbers)))[1] != target


def test_on_level_6_brackets_are_needed() -> None:
    for problem in some(6, 60):
        numbers, target = asked(problem)
        for (a, b, c), first, second in itertools.product(
            itertools.permutations(numbers), "+-*/", "+-*/"
        ):
            assert worth(f"{a}{first}{b}{second}{c}")[1] != target, problem.question


@given(st.lists(st.integers(1, 40), min_size=3, max_size=3))
def test_flat_values_are_what_python_makes_without_brackets(numbers: list[int]) -> None:
    expected = set()
    for (a, b, c), first, second in itertools.product(
        itertools.permutations(numbers), "+-*/", "+-*/"
    ):
        value = worth(f"{a}{first}{b}{second}{c}")[1]
        if value > 0 and value.denominator == 1:
            expected.add(int(value))
    assert {v for v in flat_values(numbers, "*/") if v > 0} == expected


@given(st.lists(st.integers(1, 99), min_size=2, max_size=6))
def test_signed_sums_are_all_sums_up_to_the_sign(numbers: list[int]) -> None:
    expected = {
        sum(n * sign for n, sign in zip(numbers, signs, strict=True))
        for signs in itertools.product((1, -1), repeat=len(numbers))
    }
    found = signed_sums(numbers)
    assert found | {-s for s in found} == expected


def test_the_tv_level_uses_its_cards() -> None:
    for problem in some(10, 100):
        numbers, target = asked(problem)
        assert 101 <= target <= 999
        assert len(numbers) == 6
        large = [n for n in numbers if n > 10]
        assert set(large) <= set(LARGE)
        assert len(set(large)) == len(large) >= 1
        assert all(numbers.count(n) <= SMALL.count(n) for n in numbers if n <= 10)


@every_level
def test_no_answer_serves_many_questions(level: int) -> None:
    pool = some(level, 400)
    for guess in {p.answer for p in pool[:5]} | {"24", "1 + 1"}:
        assert sum(FAMILY.verify(p, guess).reward for p in pool) <= 0.02 * len(pool)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4), st.integers(1, 40))
def test_the_solver_agrees_with_a_search_over_whole_expressions(
    numbers: list[int], target: int
) -> None:
    found = solve(numbers, target)
    assert (found is not None) == (target in _everything([Fraction(n) for n in numbers]))
    if found is not None:
        assert worth(found) == (sorted(numbers), Fraction(target))


def _everything(values: list[Fraction]) -> set[Fraction]:
    if len(values) == 1:
        return set(values)
    found: set[Fraction] = set()
    for i, j in itertools.permutations(range(len(values)), 2):
        rest = [v for k, v in enumerate(values) if k not in (i, j)]
        a, b = values[i], values[j]
        for value in (a + b, a - b, a * b, *((a / b,) if b else ())):
            found |= _everything([*rest, value])
    return found


@pytest.mark.parametrize(
    ("numbers", "target", "solvable"),
    [
        ((3, 3, 8, 8), 24, True),  # 8/(3 - 8/3)
        ((1, 5, 5, 5), 24, True),  # 5*(5 - 1/5)
        ((1, 1, 1, 1), 24, False),
        ((25, 50, 75, 100, 3, 6), 952, True),  # the TV game's most famous round
        ((1, 1, 2, 2, 3, 3), 997, False),
    ],
)
def test_famous_puzzles(numbers: tuple[int, ...], target: int, solvable: bool) -> None:
    found = solve(numbers, target)
    assert (found is not None) == solvable
    assert found is None or worth(found) == (sorted(numbers), Fraction(target))


@pytest.mark.parametrize("numbers", [(), (1,) * 7])
def test_the_solver_says_how_many_numbers_it_takes(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"numbers must be 1 to 6, got {len(numbers)}"):
        solve(numbers, 24)


@pytest.mark.parametrize(
    "text",
    [
        "(3 + 4)*5",
        "5*(4+3)",
        "((3)+(4))*5",
        "[3 + 4] × 5",
        "(3+4)·5 = 35",
        "35 = 5*(3+4)",
        "$5 \\cdot (3 + 4)$",
        "\\boxed{\\left(3+4\\right)\\times 5 = 35}",
        "(4 + 3)*5.",
    ],
)
def test_every_way_to_write_a_solution_is_accepted(text: str) -> None:
    assert verdict("(3 + 4)*5", text) is Status.CORRECT


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("8/(3 - 8/3)", "\\frac{8}{3 - \\frac{8}{3}}"),
        ("8/(3 - 8/3)", "8 ÷ (3 − 8 ÷ 3) = 24"),
        ("8/(3 - 8/3)", "\\dfrac{8}{3-\\frac83}"),
        ("6/4", "6 \\div 4"),
        ("3 - 5", "3 − 5 = −2"),
        ("3*4", "12 = 3 * 4"),
    ],
)
def test_fractions_and_negative_values_are_no_obstacle(gold: str, text: str) -> None:
    assert verdict(gold, text) is Status.CORRECT


WRONG = {
    "another value": "3 + 4*5",
    "a number twice": "(3 + 4)*5 + 3 - 3",
    "a number dropped": "7*5",
    "other numbers": "(1 + 6)*5",
    "the target": "35",
    "the target twice": "35 = 35",
    "division by zero": "5/(3 + 4 - 3 - 4)",
    "another target": "(3 + 4)*5 = 36",
}
MALFORMED = {
    "a sign": "-(-(3 + 4)*5)",
    "a plus": "+(3 + 4)*5",
    "a sign inside": "(3 - -4)*5",
    "a power": "(3 + 4)*5^1",
    "another power": "(3 + 4)**1*5",
    "whole division": "(3 + 4)//1*5",
    "a factorial": "(3 + 4)!*5",
    "no sign": "5(3 + 4)",
    "two brackets": "(5)(3 + 4)",
    "numbers side by side": "(3 + 4)*5 5",
    "a leading zero": "(03 + 4)*5",
    "a decimal": "(3.0 + 4)*5",
    "thousands": "1,234 + 5",
    "a mixed number": "4\\frac{3}{5}",
    "a vulgar fraction": "½ + 4",
    "two answers": "(3 + 4)*5 or 5*(3 + 4)",
    "an equation of two": "(3 + 4)*5 = 5*(4 + 3)",
    "two equations": "(3 + 4)*5 = 35 = 35",
    "another bracket": "(3 + 4]*5",
    "open": "(3 + 4*5",
    "empty": "()",
    "a sum in braces": "{3 + 4}*5",
    "a name": "x = (3 + 4)*5",
    "seven digits": "1000000 + 4",
    "17 numbers": "+".join("1" * 17),
    "nesting": "(" * 41 + "3" + ")" * 41,
    "length": "(3 + 4)*5" + " " * 400,
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_an_expression_that_is_no_solution_is_wrong(text: str) -> None:
    assert verdict("(3 + 4)*5", text) is Status.WRONG


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_way_around_the_numbers_is_malformed(text: str) -> None:
    assert verdict("(3 + 4)*5", text) is Status.MALFORMED


@pytest.mark.parametrize("gold", ["(3 + 4)*5 = 36", "3/(4 - 4)", "", "x + 3", "3 +"])
def test_a_reference_that_is_no_expression_is_an_error_of_ours(gold: str) -> None:
    assert verdict(gold, "35") is Status.VERIFIER_ERROR


def test_a_level_that_draws_nothing_says_so() -> None:
    family = Countdown()
    barren = type(family.levels[0])("nothing", puzzle=lambda rng: None)
    family.levels = (barren,)  # type: ignore[assignment]
    with pytest.raises(RuntimeError, match="countdown level 1 draws nothing"):
        family.problem(TaskSpec("countdown", 1, "train", 0))
