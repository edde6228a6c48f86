"""Exact numbers with roots and i: read, compared and put in order as sympy does."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from frostline.envs.answers import verify_answer
from frostline.envs.answers.surd_values import (
    MAX_RADICAND,
    Exact,
    Surd,
    has_order,
    is_square_free,
)
from frostline.envs.answers.surds import parse_surd
from frostline.envs.problem import Status

SMALL = settings(max_examples=150, deadline=None)
RADICANDS = (1, 2, 3, 5, 6, 7, 10, 11, 15)
COEFFICIENTS = st.builds(Fraction, st.integers(-30, 30), st.integers(1, 12))
KEYS = st.tuples(st.sampled_from(RADICANDS), st.booleans())
TERMS = st.dictionaries(KEYS, COEFFICIENTS, min_size=1, max_size=4)


def correct(kind: str, gold: str, text: str) -> bool:
    verdict = verify_answer(kind, gold, text)
    assert verdict.status is not Status.VERIFIER_ERROR, (gold, text, verdict)
    return verdict.status is Status.CORRECT


def as_sympy(terms: dict[tuple[int, bool], Fraction]) -> Any:
    return sum(
        sympy.Rational(c.numerator, c.denominator) * sympy.sqrt(n) * (sympy.I if unit else 1)
        for (n, unit), c in terms.items()
    )


@SMALL
@given(TERMS)
def test_what_sympy_prints_is_read_as_that_number(terms: dict[tuple[int, bool], Fraction]) -> None:
    value = parse_surd(str(as_sympy(terms)))
    kept = {key: c for key, c in terms.items() if c}
    if isinstance(value, Fraction):
        assert kept == ({(1, False): value} if value else {})
    else:
        assert {(n, unit): c for n, unit, c in value.terms} == kept


@SMALL
@given(TERMS, TERMS)
def test_two_surds_are_equal_exactly_if_sympy_says_so(
    one: dict[tuple[int, bool], Fraction], two: dict[tuple[int, bool], Fraction]
) -> None:
    left, right = as_sympy(one), as_sympy(two)
    assert correct("surd", str(left), str(right)) == (sympy.expand(left - right) == 0)


@SMALL
@given(TERMS, st.integers(2, 12))
def test_a_sum_over_an_integer_is_the_sum_of_its_parts(
    terms: dict[tuple[int, bool], Fraction], bottom: int
) -> None:
    whole = {key: Fraction(c.numerator) for key, c in terms.items() if c}
    assume(any(key != (1, False) for key in whole))
    total = as_sympy(whole)
    assert correct("surd", str(sympy.expand(total / bottom)), f"({total})/{bottom}")
    top = str(total).replace("sqrt(", "\\sqrt{").replace(")", "}").replace("*", "")
    assert correct("surd", f"({total})/{bottom}", f"\\frac{{{top}}}{{{bottom}}}")


REALS = st.tuples(COEFFICIENTS, COEFFICIENTS, st.sampled_from(RADICANDS))


def real(parts: tuple[Fraction, Fraction, int]) -> tuple[Exact, Any]:
    a, b, n = parts
    number = as_sympy({(1, False): a}) + as_sympy({(n, False): b})
    return parse_surd(str(number)), number


@SMALL
@given(REALS, REALS)
def test_reals_with_one_root_are_ordered_as_in_sympy(
    one: tuple[Fraction, Fraction, int], two: tuple[Fraction, Fraction, int]
) -> None:
    (left, first), (right, second) = real(one), real(two)
    assert has_order(left)
    assert (left < right) == bool(first < second)
    assert (left > right) == bool(first > second)


def test_numbers_that_agree_to_many_digits_are_told_apart() -> None:
    # a convergent of sqrt(2): right to 40 digits
    top, bottom = 1, 1
    while bottom < 10**20:
        top, bottom = top + 2 * bottom, top + bottom
    near = Fraction(top, bottom)
    root = parse_surd("sqrt(2)")
    assert root != near
    assert (root < near) == (near * near > 2)
    assert (near < root) == (near * near < 2)
    assert not correct("surd", "sqrt(2)", f"{top}/{bottom}")
    assert not correct("set", "sqrt(2)", "1.41421356237309504880168872420969807856967")


def test_an_order_exists_only_for_reals_with_one_root() -> None:
    assert has_order(Fraction(1, 2))
    assert has_order(parse_surd("1 + sqrt(2)"))
    assert not has_order(parse_surd("sqrt(3) + sqrt(2)"))
    assert not has_order(parse_surd("1 + i"))


@given(st.integers(1, 10**5))
def test_square_free_numbers_are_those_of_sympy(n: int) -> None:
    assert is_square_free(n) == all(k == 1 for k in sympy.factorint(n).values())


@pytest.mark.parametrize("n", [31607**2, 2 * 22343**2, 997 * 997 * 991, 4 * 249999991])
def test_a_large_radicand_with_a_square_is_found(n: int) -> None:
    assert n <= MAX_RADICAND
    assert not is_square_free(n)


def test_a_large_radicand_without_a_square_is_kept() -> None:
    assert is_square_free(999999937)
    assert is_square_free(31607 * 31583)
    assert correct("surd", "sqrt(999999937)", "√999999937")


SAME = {
    "2 + 3*sqrt(5)": ("2+3\\sqrt{5}", "2+3√5", "3 sqrt5 + 2", "x = 2 + 3\\cdot\\sqrt 5"),
    "(1 + sqrt(5))/2": ("\\frac{1+\\sqrt5}{2}", "1/2 + sqrt(5)/2", "½+½√5", "0.5 + 0.5*sqrt(5)",
                        "-(-1-sqrt(5))/2", "\\dfrac{\\sqrt{5}+1}2", "(3 + 3*sqrt(5))/6"),
    "-3i": ("-3*i", "−3 i", "-i*3", "-3I", "-3\\mathrm{i}"),
    "2 - 3*i": ("2-3i", "-3i+2", "$2-3i$", "2 - 3 \\times i"),
    "sqrt(2)*i": ("i*sqrt(2)", "i\\sqrt{2}", "√2i", "\\sqrt{2}\\,i", "1i√2"),
    "sqrt(5)/5": ("\\frac{\\sqrt5}{5}", "1/5*sqrt(5)", "0.2√5", "(1/5)sqrt(5)"),
    "3/2*sqrt(2)": ("3*sqrt(2)/2", "\\frac{3\\sqrt2}{2}", "\\frac32\\sqrt2", "1.5√2", "6√2/4"),
    "-1/2 + sqrt(3)/2*i": ("-\\frac12+\\frac{\\sqrt3}{2}i", "\\frac{-1+i\\sqrt{3}}{2}",
                           "(-1+sqrt(3)*i)/2", "-1/2 + sqrt(3)*I/2"),
    "3/4": ("0.75", "\\frac34", "6/8"),
}  # fmt: skip


@pytest.mark.parametrize(("gold", "text"), [(g, t) for g, texts in SAME.items() for t in texts])
def test_a_harmless_spelling_is_accepted(gold: str, text: str) -> None:
    assert correct("surd", gold, text)


UNFINISHED = {
    "2": ("1+1", "sqrt(4)", "(2)", "2 + 0i", "2+0*sqrt(3)", "2 + sqrt(2) - sqrt(2)"),
    "2*sqrt(2)": ("sqrt(8)", "√2+√2", "(2*sqrt(2))", "2*1*sqrt(2)", "4/sqrt(2)", "--2sqrt(2)",
                  "2sqrt(2) + 0", "2*sqrt(2)*sqrt(1)", "8^(1/2)", "2*2^(1/2)", "\\pm2\\sqrt2"),
    "6*sqrt(2)": ("2*3*sqrt(2)", "sqrt(72)", "3*(2*sqrt(2))", "sqrt(6)*sqrt(12)"),
    "sqrt(6)": ("sqrt(2)*sqrt(3)", "√2√3", "sqrt(3/2)*2", "sqrt(12)/sqrt(2)"),
    "-1": ("i*i", "i^2", "i²", "sqrt(-1)*i"),
    "2i": ("sqrt(-4)", "2*sqrt(-1)", "i+i", "2i or -2i", "i*2i/i", "i 2"),
    "sqrt(5)/5": ("1/sqrt(5)", "\\frac{1}{\\sqrt5}", "sqrt(1/5)", "sqrt(0.2)"),
    "1 + sqrt(2)": ("(1 + sqrt(2))", "2(1+sqrt(2))/2", "1/2*(2+2sqrt(2))", "(2+√8)/2", "1--√2",
                    "((1+sqrt(2)))/1", "1 - (-sqrt(2))", "(1/2+sqrt(2)/2)/0.5", "(1+√2)(1)"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("gold", "text"), [(g, t) for g, texts in UNFINISHED.items() for t in texts]
)
def test_what_is_left_to_compute_is_no_answer(gold: str, text: str) -> None:
    assert verify_answer("surd", gold, text).status is Status.MALFORMED


@pytest.mark.parametrize("text", ["2 - 3*sqrt(5)", "-2 + 3√5", "2+3√6", "2+3i√5", "3+2√5", "8.7"])
def test_another_number_is_wrong(text: str) -> None:
    assert verify_answer("surd", "2 + 3*sqrt(5)", text).status is Status.WRONG


def test_sets_hold_surds_and_complex_numbers() -> None:
    gold = "{2 - sqrt(3), 2 + sqrt(3)}"
    assert correct("set", gold, "x = 2+\\sqrt{3} \\text{ or } x = 2-\\sqrt{3}")
    assert correct("set", gold, "\\left\\{2+\\sqrt{3},\\ 2-\\sqrt{3}\\right\\}")
    assert not correct("set", gold, "2 \\pm \\sqrt{3}")
    assert not correct("set", gold, "2 ± √3")
    for first, second in (("x_1", "x_2"), ("x_{1}", "x_{2}")):
        assert correct("set", gold, f"{first} = 2+\\sqrt3, {second} = 2-\\sqrt3")
    assert not correct("set", gold, "x_1 = 2+√3, y_2 = 2-√3")
    assert not correct("set", gold, "x_1 = x_2 = 2+√3, 2-√3")
    assert correct("set", gold, "\\bigl\\{2-√3, 2+√3\\bigr\\}")
    assert correct("set", gold, "\\lbrace 2-√3, 2+√3 \\rbrace")
    assert correct("set", gold, "x = 2-√3 \\lor x = 2+√3")
    assert not correct("set", gold, "(2 - √3, 2 + √3)")
    assert not correct("set", gold, "2 - √3, 2 + √3, 2 + 2√3/2")
    assert correct("set", "{-i, i}", "i, -i")
    assert correct("set", "{1/2, (1 + sqrt(5))/2}", "\\frac{1+\\sqrt{5}}{2}, 0.5")
    assert not correct("set", "{2}", "sqrt(4)")


def test_intervals_end_at_surds() -> None:
    gold = "(-inf, 2 - sqrt(3)] U ((1 + sqrt(57))/2, inf)"
    assert correct("iv", gold, "(-∞, 2-√3] ∪ (\\frac{1+\\sqrt{57}}{2}, ∞)")
    assert correct("iv", gold, "((1+sqrt(57))/2,oo) or (-oo,-sqrt(3)+2]")
    assert not correct("iv", gold, "(-∞, 2-√3) ∪ (\\frac{1+\\sqrt{57}}{2}, ∞)")
    assert correct("iv", "(1, 2)", "(1, sqrt(2)] U (sqrt(2), 2)")
    assert not correct("iv", "(1, 2)", "(1, sqrt(2)) U (sqrt(2), 2)")


def test_an_interval_may_stand_in_dollars_and_a_point_in_braces() -> None:
    assert correct("iv", "(-inf, 3) U [5, inf)", "$(-\\infty, 3)$ or $[5, \\infty)$")
    assert correct("iv", "(-inf, 3) U [5, inf)", "(-Inf, 3) U [5, Infinity)")
    assert correct("iv", "(-inf, -3] U [6, 6]", "(-\\infty, -3] \\cup \\{6\\}")
    assert correct("iv", "(1, 2]", "(1, 2) U {2}")
    for text in ("(1, 2) U {3}", "{1, 2}", "(1, 2) U {2, 2}", "(1, 2] U {2}", "{(1, 2]}"):
        assert not correct("iv", "(1, 2]", text)


@pytest.mark.parametrize(
    "text",
    ["(sqrt(3), sqrt(2))", "(1, sqrt(3)) U (sqrt(2), 2)", "(0, i)", "(0, sqrt(2)+sqrt(3))",
     "[sqrt(2), sqrt(2))", "(0, sqrt(4))"],
)  # fmt: skip
def test_a_wrong_order_and_unordered_ends_are_malformed(text: str) -> None:
    assert verify_answer("iv", "(0, 1)", text).status is Status.MALFORMED


HOSTILE = [
    "(" * 399 + "i",
    "√" * 400,
    "i" * 400,
    "+".join(["sqrt(999999937)"] * 26),
    "+".join(f"√{n}" for n in range(999999600, 999999634)),
    "\\frac{" * 60 + "i",
    "1,000" * 79 + "i",
    "sqrt(" + "9" * 390 + ")",
    "+".join(f"{9**55}*sqrt({n})" for n in (2, 3, 5, 6, 7)),
    "\\mathrm{" * 40 + "i",
    " " * 398 + "i",
    "i" + " " * 399,
    ("1i" + " " * 40) * 9,
]


@pytest.mark.parametrize("kind", ["surd", "set", "iv"])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_costs_little(kind: str, text: str) -> None:
    gold = {"surd": "1 + i", "set": "{1 + i}", "iv": "(0, sqrt(2))"}[kind]
    if kind == "iv":
        text = f"(0, {text[:390]})"
    costs = []
    for _ in range(5):
        start = time.perf_counter()
        assert not correct(kind, gold, text)
        costs.append(time.perf_counter() - start)
    assert min(costs) < 0.005


def test_a_surd_is_a_value_like_any_other() -> None:
    one, two = parse_surd("2 + sqrt(3)"), parse_surd("sqrt(3) + 4/2")
    assert isinstance(one, Surd)
    assert one == two
    assert len({one, two, Fraction(2)}) == 2
