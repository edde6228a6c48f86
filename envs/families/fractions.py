"""Fractions, decimals and percentages, from common denominators to continued fractions."""

from __future__ import annotations

import math
import random
import re
from fractions import Fraction

from ..generators.exercises import Exercise, ExerciseFamily, Rung
from ..problem import Problem


def _reduced(bottoms: tuple[int, ...], most: int) -> tuple[tuple[int, int], ...]:
    """Return the reduced fractions below `most` with these denominators, as pairs."""
    return tuple((a, b) for b in bottoms for a in range(1, most * b) if math.gcd(a, b) == 1)


PROPER = _reduced(tuple(range(2, 16)), 1)
SIMPLE = _reduced(tuple(range(2, 25)), 1)
# denominators that divide 1000 or 10000: as decimals and as percentages these end
ENDING = _reduced((4, 5, 8, 16, 20, 25, 40, 50, 80, 125, 200), 9)
# denominators whose quotients go on for ever, unless the numerator cancels that
ENDLESS = tuple(b for b in range(7, 100) if 10**9 % b)
CALCULATION = {"+": Fraction.__add__, "-": Fraction.__sub__, "*": Fraction.__mul__}


def _decimal(top: int, places: int) -> str:
    """Return top / 10^places with exactly that many decimal places."""
    if not places:
        return str(top)
    digits = f"{abs(top):0{places + 1}d}"
    return f"{'-' if top < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _short(top: int, places: int) -> str:
    """Return top / 10^places without zeros at its end."""
    while places and top % 10 == 0:
        top, places = top // 10, places - 1
    return _decimal(top, places)


def _joined(first: str, sign: str, second: str) -> str:
    """Return the canonical form of an operation: the operands of `+` and `*` in order."""
    if sign in "+*" and first > second:
        first, second = second, first
    return f"{first} {sign} {second}"


def _compute(first: str, sign: str, second: str, answer: Fraction) -> Exercise:
    text = f"Compute {first} {sign} {second}."
    return Exercise(text, "frac", str(answer), _joined(first, sign, second))


def _same_denominator(rng: random.Random) -> Exercise:
    bottom = rng.randint(7, 40)
    a, b = rng.randint(1, bottom - 1), rng.randint(1, bottom - 1)
    while math.gcd(a + b, bottom) > 1:  # no reducing yet
        b = b % (bottom - 1) + 1
    return _compute(f"{a}/{bottom}", "+", f"{b}/{bottom}", Fraction(a + b, bottom))


def _simplify(rng: random.Random) -> Exercise:
    (a, b), k = rng.choice(SIMPLE), rng.randint(2, 12)
    text = f"Simplify {a * k}/{b * k}."
    return Exercise(text, "frac", f"{a}/{b}", text)


def _add_decimals(rng: random.Random) -> Exercise:
    a, b = rng.randint(11, 999), rng.randint(111, 9999)
    i, j = rng.randint(1, 2), rng.randint(1, 3)
    sign = rng.choice("+-")
    if rng.random() < 0.5:
        a, b, i, j = b, a, j, i
    places = max(i, j)
    x, y = a * 10 ** (places - i), b * 10 ** (places - j)
    first, second = _short(a, i), _short(b, j)
    answer = _short(x + y if sign == "+" else x - y, places)
    return Exercise(f"Compute {first} {sign} {second}.", "rat", answer,
                    _joined(first, sign, second))  # fmt: skip


def _multiply(rng: random.Random) -> Exercise:
    (a, b), (c, d) = rng.choice(PROPER), rng.choice(PROPER)
    return _compute(f"{a}/{b}", "*", f"{c}/{d}", Fraction(a * c, b * d))


def _divide(rng: random.Random) -> Exercise:
    (a, b), (c, d) = rng.choice(PROPER), rng.choice(PROPER)
    if (a, b) == (c, d):
        c, d = d, c
    return _compute(f"({a}/{b})", "/", f"({c}/{d})", Fraction(a * d, b * c))


def _as_decimal(rng: random.Random) -> Exercise:
    a, b = rng.choice(ENDING)
    text = f"Write {a}/{b} as a decimal."
    return Exercise(text, "dec", _short(a * 10**4 // b, 4), text)


def _percentage_of(rng: random.Random) -> Exercise:
    p, n = rng.randint(2, 150), rng.randint(11, 400)
    text = f"Compute {p}% of {n}."
    return Exercise(text, "rat", _short(p * n, 2), text)


def _as_percentage(rng: random.Random) -> Exercise:
    a, b = rng.choice(ENDING)
    text = f"Write {a}/{b} as a percentage."
    return Exercise(text, "pct", f"{_short(a * 10**4 // b, 2)}%", text)


def _multiply_decimals(rng: random.Random) -> Exercise:
    a, b = rng.randint(12, 999), rng.randint(12, 99)
    i, j = rng.randint(1, 3), rng.randint(1, 2)
    if rng.random() < 0.5:
        a, b, i, j = b, a, j, i
    first, second = _short(a, i), _short(b, j)
    return Exercise(f"Compute {first} * {second}.", "rat", _short(a * b, i + j),
                    _joined(first, "*", second))  # fmt: skip


def _different_denominators(rng: random.Random) -> Exercise:
    (a, b), (c, d), sign = rng.choice(PROPER), rng.choice(PROPER), rng.choice("+-")
    if b == d:
        c, d = d, c + d
    value = Fraction(a * d + (c * b if sign == "+" else -c * b), b * d)
    return _compute(f"{a}/{b}", sign, f"{c}/{d}", value)


def _mixed_numbers(rng: random.Random) -> Exercise:
    (a, b), (c, d), sign = rng.choice(PROPER), rng.choice(PROPER), rng.choice("+-*")
    m, n = rng.randint(1, 9), rng.randint(1, 9)
    value = CALCULATION[sign](Fraction(m * b + a, b), Fraction(n * d + c, d))
    return _compute(f"{m} {a}/{b}", sign, f"{n} {c}/{d}", value)


def _percent_change(rng: random.Random) -> Exercise:
    percent = rng.choice((rng.randint(-95, -2), rng.randint(2, 190)))
    step = 100 // math.gcd(percent, 100)
    old = step * rng.randint(1, max(4, 600 // step))
    text = f"Find the percent change from {old} to {old + old * percent // 100}."
    return Exercise(text, "pct", f"{percent}%", text)


def _rounded_quotient(rng: random.Random) -> Exercise:
    bottom, places = rng.choice(ENDLESS), rng.randint(2, 4)
    top = rng.randint(11, 9999)
    # one more where the quotient would end, or lie in the middle between two answers
    top += 2 * top * 10**places % bottom == 0
    rounded = (2 * top * 10**places + bottom) // (2 * bottom)
    text = f"Compute {top}/{bottom} to {places} decimal places."
    return Exercise(text, "dec", _decimal(rounded, places), text)


def _bracket(rng: random.Random) -> tuple[str, str, Fraction]:
    """Return a bracket, its canonical form and its value, which is not 0."""
    (a, b), (c, d), sign = rng.choice(PROPER), rng.choice(PROPER), rng.choice("+-")
    if (a, b) == (c, d):
        sign = "+"
    value = Fraction(a * d + (c * b if sign == "+" else -c * b), b * d)
    first, second = f"{a}/{b}", f"{c}/{d}"
    return f"({first} {sign} {second})", f"({_joined(first, sign, second)})", value


def _brackets(rng: random.Random) -> Exercise:
    first, first_name, x = _bracket(rng)
    second, second_name, y = _bracket(rng)
    sign = rng.choice("*/")
    text = f"Compute {first} {sign} {second}."
    value = x * y if sign == "*" else x / y
    return Exercise(text, "frac", str(value), _joined(first_name, sign, second_name))


def _continued(rng: random.Random) -> Exercise:
    terms = [rng.randint(2, 12) for _ in range(rng.randint(4, 6))]
    text, top, bottom = str(terms[-1]), terms[-1], 1
    for depth, term in enumerate(reversed(terms[:-1])):
        text = f"{term} + 1/({text})" if depth else f"{term} + 1/{text}"
        top, bottom = term * top + bottom, top
    return Exercise(f"Compute {text}.", "frac", f"{top}/{bottom}", text)


# One row a level: what it adds, and how its exercises are drawn.
LEVELS = (
    Rung("add over one denominator; the sum is in lowest terms", exercise=_same_denominator),
    Rung("reduce to lowest terms", exercise=_simplify),
    Rung("add and subtract decimals", exercise=_add_decimals),
    Rung("multiply fractions", exercise=_multiply),
    Rung("divide fractions", exercise=_divide),
    Rung("write a fraction as an exact decimal", exercise=_as_decimal),
    Rung("percentage of a number", exercise=_percentage_of),
    Rung("write a fraction as a percentage", exercise=_as_percentage),
    Rung("multiply decimals", exercise=_multiply_decimals),
    Rung("add and subtract over different denominators", exercise=_different_denominators),
    Rung("mixed numbers", exercise=_mixed_numbers),
    Rung("percent change, also downwards", exercise=_percent_change),
    Rung("round a quotient to stated places", exercise=_rounded_quotient),
    Rung("brackets: a product or quotient of sums", exercise=_brackets),
    Rung("nested: a continued fraction", exercise=_continued),
)


class Fractions(ExerciseFamily):
    """Compute with fractions, decimals and percentages, exactly.

    ## Description

    Fractions are added, reduced, multiplied and divided; they are written as decimals and as
    percentages, and back; the top levels combine all of it in brackets and continued fractions.
    Nothing is rounded except where the question states the number of decimal places, and no
    quotient then lies in the middle between two answers.

    ## Answer

    The form follows from the question. Fractions are computed to a fraction in lowest terms or a
    mixed number (`frac`: 3/4 and 1 1/2, not 6/8 and not 0.75), decimals and percentages of a
    number to any exact number (`rat`), a fraction to its decimal and a rounded quotient to a
    decimal without more places than there are to state (`dec`), a percentage with its sign (`pct`:
    12.5%, and -25% for a decrease).

    ## Version history

    v0: first release.
    """

    name = "fractions"
    summary = "Fractions, decimals and percentages; the answer's form is part of the question."
    levels = LEVELS
    answer_noun = "number"

    def recompute(self, problem: Problem) -> str | None:
        """Return the answer by sympy from the question alone."""
        return _by_sympy(problem.question)


_CHANGE = re.compile(r"Find the percent change from (\d+) to (\d+)\.")
_ROUND = re.compile(r"Compute (\d+)/(\d+) to (\d) decimal places\.")
_COMPUTE = re.compile(r"(?:Compute|Simplify|Write) (.*?)(?: as a (decimal|percentage))?\.")


def _by_sympy(question: str) -> str:
    """Return the answer to a question, read by patterns and evaluated by sympy."""
    import sympy

    if match := _CHANGE.fullmatch(question):
        old, new = map(sympy.Integer, match.groups())
        return f"{100 * new / old - 100}%"
    if match := _ROUND.fullmatch(question):
        top, bottom, places = map(int, match.groups())
        return f"{sympy.Rational(top, bottom).evalf(60).round(places):.{places}f}"
    match = _COMPUTE.fullmatch(question)
    assert match, question
    text = re.sub(r"(\d+) (\d+/\d+)", r"(\1 + \2)", match[1]).replace("% of ", "/100*")
    value = sympy.sympify(text, rational=True)
    if match[2] == "percentage":
        return f"{100 * value}%"
    return f"{value.evalf(30):.10f}".rstrip("0") if match[2] == "decimal" else str(value)
