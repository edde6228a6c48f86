"""Decimals, percentages, fractions, tuples, texts and prime factorizations, case by case."""

from __future__ import annotations

import time

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs.answers import verify_answer
from frostline.envs.answers.factorizations import MAX_NUMBER, is_prime
from frostline.envs.problem import Status

KINDS = ("dec", "pct", "frac", "tuple", "text", "primes")
GOLDS = dict(zip(KINDS, ("0.67", "50%", "3/4", "(1, -2)", "yes", "2^3*3*5"), strict=True))

CORRECT = [
    ("dec", "0.67", [".67", "+0.67", "$0.67$", "x = 0.67", "0.67."]),
    ("dec", "2.50", ["2.5", "2.50", "\\boxed{2.5}"]),
    ("dec", "1234.5", ["1,234.5", "1{,}234.5", "1\\,234.5", "1234.5"]),
    ("dec", "3", ["3", "+3"]),
    ("dec", "-0.5", ["-0.5", "−.5", "- 0.5"]),
    ("pct", "12.5%", ["12.5%", "12.5\\%", "12.5 %", "25/2%", "12 1/2%", "$12.5\\%$", "12½%"]),
    ("pct", "100/3%", ["33 1/3%", "\\frac{100}{3}\\%", "100/3 %", "x = 100/3%"]),
    ("frac", "3/4", ["3/4", "\\frac34", "\\dfrac{3}{4}", "3 / 4", "¾", "x = 3/4"]),
    ("frac", "-4/3", ["-4/3", "-1 1/3", "-1\\frac{1}{3}", "\\frac{-4}{3}", "−1⅓"]),
    ("frac", "5", ["5", "+5", "x=5"]),
    ("frac", "1234/5", ["1,234/5", "246 4/5", "\\frac{1{,}234}{5}"]),
    ("tuple", "(1, -2)", ["(1, -2)", "1, -2", "x = 1, y = -2", "\\left(1,-2\\right)", "(1; -2)"]),
    ("tuple", "(1, -2)", ["y = -2, x = 1", "$x = 1$, $y = -2$", "x=1 and y=-2", "(x,y)=(1,-2)"]),
    ("tuple", "(1/2, 0.25)", ["(0.5, 1/4)", "\\left(\\frac12, \\frac14\\right)", "a=½, b=¼"]),
    ("text", "yes", ["yes", "YES", " Yes. ", '"yes"', "'yes.'", "“yes”", "\\text{yes}", "$yes$"]),
    ("text", "north east", ["North  East", "north\neast", "\\text{North East}."]),
    ("primes", "2^3*3*5", ["2*2*2*3*5", "5*3*2^3", "2³×3×5", "2^{3} \\cdot 3 \\cdot 5"]),
    ("primes", "2^3*3*5", ["(2^3)(3)(5)", "n=2**3*3*5", "2^2*3*2*5", "2^(3) \\times 3*5"]),
    ("text", "264a", ["264\\text{A}", "264\\mathrm{A}", "\\textbf{264a}"]),
    ("primes", "7", ["7", "7^1"]),
    ("primes", "2*1009", ["2*1,009", "2*1{,}009"]),
]  # fmt: skip
WRONG = [
    ("dec", "0.67", ["0.6667", "0.670", "0.68", "-0.67", "67"]),
    ("dec", "2.50", ["2.500", "2.49"]),
    ("dec", "3", ["3.0", "4"]),
    ("pct", "50%", ["0.5%", "5000%", "-50%"]),
    ("frac", "3/4", ["6/8", "\\frac{6}{8}", "-3/-4", "0 3/4", "0¾", "4/3", "-3/4"]),
    ("frac", "4", ["4/1", "8/2", "\\frac{4}{1}", "3"]),
    ("frac", "5/2", ["2 2/4", "10/4"]),
    ("tuple", "(1, -2)", ["y = 1, x = -2", "(-2, 1)", "(1, 2)", "(1, -2, 0)", "y=1, a=-2"]),
    ("text", "yes", ["yes or no", "no", "yes!", "yes, yes", "ye", "the answer is yes"]),
    ("primes", "2^3*3*5", ["120", "8*15", "2^3*15", "1*2^3*3*5", "2^3*3", "2^3*3*5*7", "1"]),
]
MALFORMED = [
    ("dec", "0.67", ["2/3", "67%", "6.7e-1", "0.67 or 0.66", "0.6 + 0.07", "\\frac23", "0,67"]),
    ("pct", "50%", ["50", "0.5", "1/2", "%50", "50%%", "50% or 40%", "50 percent", "25%*2", "%"]),
    ("frac", "3/4", ["0.75", "75%", "(3)/(4)", "3/4 or 1", "1-1/4", "3/0", "3/4 = 3/4"]),
    ("frac", "4", ["4.0", "3 2/2", "2*2"]),
    ("tuple", "(1, -2)", ["{1, -2}", "[1, -2]", "1", "(1 -2)", "x = 1, x = -2", "x = 1, -2"]),
    ("tuple", "(1, -2)", ["(1,)", "(1, -2) or (2, 1)", "(x, y) = 1, -2", "((1, -2))"]),
    ("text", "yes", ["", "  ", '""', "да", "y" * 401]),
    ("primes", "2^3*3*5", ["2^3*3*5 or 7", "2^3, 3, 5", "2 3 5", "2^3*3*5 = 120", "-2^3*-3*5"]),
    ("primes", "2^3*3*5", ["2^3*3*5*7^0", "2^3+3", "2^3*", "*2", "2^3^1", "2x3", "(2^3", "2^-1"]),
]  # fmt: skip


def rows(table: list[tuple[str, str, list[str]]]) -> list[tuple[str, str, str]]:
    return [(kind, gold, text) for kind, gold, texts in table for text in texts]


@pytest.mark.parametrize(("kind", "gold", "text"), rows(CORRECT))
def test_a_harmless_spelling_is_correct(kind: str, gold: str, text: str) -> None:
    assert verify_answer(kind, gold, text).status is Status.CORRECT


@pytest.mark.parametrize(("kind", "gold", "text"), rows(WRONG))
def test_another_value_or_form_of_the_language_is_wrong(kind: str, gold: str, text: str) -> None:
    assert verify_answer(kind, gold, text).status is Status.WRONG


@pytest.mark.parametrize(("kind", "gold", "text"), rows(MALFORMED))
def test_what_is_outside_the_language_is_malformed(kind: str, gold: str, text: str) -> None:
    assert verify_answer(kind, gold, text).status is Status.MALFORMED


@pytest.mark.parametrize(
    ("kind", "gold"),
    [("dec", "2/3"), ("pct", "50"), ("frac", "0.5"), ("tuple", "1"), ("text", "-."),
     ("text", "a$b"), ("text", "a'"), ("primes", "120"), ("primes", "1000003^3")],
)  # fmt: skip
def test_a_reference_outside_its_language_is_an_error_of_ours(kind: str, gold: str) -> None:
    assert verify_answer(kind, gold, "1").status is Status.VERIFIER_ERROR


def test_the_reason_says_what_is_wrong_with_the_form() -> None:
    assert verify_answer("frac", "3/4", "6/8").reason == "not in lowest terms"
    assert "decimal places" in verify_answer("dec", "0.67", "0.670").reason
    assert verify_answer("primes", "2^3*3*5", "8*15").reason == "a factor is not prime"
    assert verify_answer("pct", "50%", "50").reason == "no percent sign"


@given(st.integers(0, 10**5) | st.integers(MAX_NUMBER - 10**6, MAX_NUMBER))
def test_primes_are_those_of_sympy(n: int) -> None:
    assert is_prime(n) == sympy.isprime(n)


@given(st.integers(2, MAX_NUMBER))
def test_the_factorization_of_sympy_is_accepted(n: int) -> None:
    factors = sympy.factorint(n)
    gold = "*".join(f"{p}^{e}" for p, e in factors.items())
    text = " \\cdot ".join(f"{p}^{{{e}}}" for p, e in reversed(factors.items()))
    assert verify_answer("primes", gold, text).status is Status.CORRECT
    alone = verify_answer("primes", gold, str(n)).status is Status.CORRECT
    assert alone == sympy.isprime(n)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    ["9" * 400, "9*" * 199 + "9", "(" * 400, "9^999*" * 60 + "9", "x=" * 200, "1,000" * 80,
     " " * 399 + "1", "1 " * 200, "{,}" * 130, "\\frac" * 80, "%" * 400, "(1" * 200, "1,1" * 130,
     "$" * 400, "and " * 100, "999999999999^99*" * 25 + "7"],
)  # fmt: skip
def test_no_text_takes_long(kind: str, text: str) -> None:
    start = time.process_time()
    verdict = verify_answer(kind, GOLDS[kind], text)
    assert time.process_time() - start < 0.05
    assert verdict.status in (Status.WRONG, Status.MALFORMED)
