"""Linear equations: one unknown, fractions, a parameter, and systems of up to four unknowns."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from ..generators.exercises import Exercise, ExerciseFamily, Rung
from ..problem import Problem

Row = tuple[int, ...]  # the coefficients of the unknowns, then the number on the right


def _nonzero(rng: random.Random, bound: int) -> int:
    number = rng.randrange(-bound, bound)
    return number if number < 0 else number + 1


def _sum(terms: Iterable[tuple[int, str]]) -> str:
    """Return a sum of multiples of names; the name of a number is empty, zeros are left out."""
    text = ""
    for factor, name in terms:
        if not factor:
            continue
        size = (
            str(abs(factor)) if not name else name if abs(factor) == 1 else f"{abs(factor)}*{name}"
        )
        if text:
            text += f" - {size}" if factor < 0 else f" + {size}"
        else:
            text = f"-{size}" if factor < 0 else size
    return text or "0"


def _single(a: int, b: int, c: int, d: int) -> Exercise:
    """Return the exercise a*x + b = c*x + d."""
    x = Fraction(d - b, a - c)
    text = f"Solve {_sum([(a, 'x'), (b, '')])} = {_sum([(c, 'x'), (d, '')])} for x."
    kind = "int" if x.denominator == 1 else "rat"
    return Exercise(text, kind, str(x), f"{sorted([(a, b), (c, d)])}")


def _shift(rng: random.Random) -> Exercise:
    x, b = rng.randint(2, 50), _nonzero(rng, 40)
    return _single(1, b + (b == x), 0, x + b + (b == x))


def _scale(rng: random.Random) -> Exercise:
    a, x = rng.randint(2, 20), rng.choice((-1, 1)) * rng.randint(2, 60)
    x += x == a
    return _single(a, 0, 0, a * x)


def _two_steps(rng: random.Random) -> Exercise:
    a, b, x = rng.randint(2, 12), _nonzero(rng, 40), _nonzero(rng, 25)
    return _single(a, b, 0, a * x + b)


def _both_sides(rng: random.Random) -> Exercise:
    a, c, x = rng.randint(2, 15), _nonzero(rng, 12), _nonzero(rng, 25)
    b = _nonzero(rng, 40)
    a += a == c
    return _single(a, b, c, (a - c) * x + b)


def _brackets(rng: random.Random) -> Exercise:
    a, c, x = rng.randint(2, 12), rng.randint(2, 9), _nonzero(rng, 25)
    b, d = _nonzero(rng, 12), _nonzero(rng, 12)
    a += a == c
    left = f"{a}*({_sum([(1, 'x'), (b, '')])})"
    right = _sum([(c, f"({_sum([(1, 'x'), (d, '')])})"), (a * (x + b) - c * (x + d), "")])
    return Exercise(f"Solve {left} = {right} for x.", "int", str(x), f"{sorted([left, right])}")


def _rational(rng: random.Random) -> Exercise:
    a, b, c = rng.randint(2, 15), _nonzero(rng, 40), _nonzero(rng, 40)
    c += (c - b) % a == 0
    return _single(a, b, 0, c)


def _term(value: Fraction, name: str) -> str:
    """Return a positive multiple of a name, or a positive number, as it is printed."""
    top, bottom = value.numerator, value.denominator
    head = _sum([(top, name)])
    return head if bottom == 1 else f"{head}/{bottom}"


def _side(slope: Fraction, number: Fraction) -> str:
    sign = "-" if number < 0 else "+"
    return f"{'-' * (slope < 0)}{_term(abs(slope), 'x')} {sign} {_term(abs(number), '')}"


def _fractions(rng: random.Random) -> Exercise:
    a, b, c, d = (Fraction(_nonzero(rng, 6), rng.randint(2, 7)) for _ in range(4))
    if a == c:
        c += 1 if c > 0 else -1
    left, right = _side(a, b), _side(c, d)
    answer = str((d - b) / (a - c))
    return Exercise(f"Solve {left} = {right} for x.", "rat", answer, f"{sorted([left, right])}")


def _parameter(rng: random.Random) -> Exercise:
    a, x, k = _nonzero(rng, 25), _nonzero(rng, 9), _nonzero(rng, 9)
    b, c = _nonzero(rng, 20), _nonzero(rng, 9)
    k += 2 * (k in (x, x - 1))
    left = _sum([(1, "a*x"), (b, "")])
    right = _sum([(c, "x"), (k, "a"), (a * (x - k) + b - c * x, "")])
    text = f"Find a such that x = {x} solves {left} = {right}."
    return Exercise(text, "int", str(a), text)


def _determinant(rows: Sequence[Row]) -> int:
    """Return the determinant of two rows or more, by Laplace's expansion along the first."""
    if len(rows) == 2:
        return rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    total, sign = 0, 1
    for i, factor in enumerate(rows[0]):
        minor = [(*row[:i], *row[i + 1 :]) for row in rows[1:]]
        total += sign * factor * _determinant(minor)
        sign = -sign
    return total


def _system(rows: list[Row], solution: Sequence[int | Fraction]) -> Exercise:
    names = "xyz" if len(rows) < 4 else "wxyz"
    names = names[: len(rows)]
    listed = ", ".join(f"{_sum(zip(row, names, strict=False))} = {row[-1]}" for row in rows)
    text = f"Solve {listed} for {', '.join(names)}."
    answer = f"({', '.join(map(str, solution))})"
    # an equation times a number is the same equation
    least = sorted(tuple(number // math.gcd(*row) for number in row) for row in rows)
    return Exercise(text, "tuple", answer, str(least))


def _matrix(rng: random.Random, size: int, bound: int) -> list[Row]:
    """Return the rows of an invertible matrix; the first number of each is positive."""
    while True:
        rows: list[Row] = [
            (rng.randint(1, bound), *(_nonzero(rng, bound) for _ in range(size - 1)))
            for _ in range(size)
        ]
        if _determinant(rows):
            return rows


def _with_integers(size: int, bound: int, largest: int) -> Callable[[random.Random], Exercise]:
    """Return a generator of systems whose solution is made of integers up to `largest`."""

    def exercise(rng: random.Random) -> Exercise:
        solution = [_nonzero(rng, largest) for _ in range(size)]
        rows = [
            (*row, sum(a * x for a, x in zip(row, solution, strict=True)))
            for row in _matrix(rng, size, bound)
        ]
        return _system(rows, solution)

    return exercise


def _rational_pair(rng: random.Random) -> Exercise:
    (a, b), (c, d) = _matrix(rng, 2, 7)
    p, q = _nonzero(rng, 15), _nonzero(rng, 15)
    determinant = a * d - b * c
    solution = [Fraction(p * d - b * q, determinant), Fraction(a * q - p * c, determinant)]
    return _system([(a, b, p), (c, d, q)], solution)


# One row a level: what it adds, and how its exercises are drawn.
LEVELS = (
    Rung("undo a sum: x + a = b", exercise=_shift),
    Rung("undo a product: a*x = b", exercise=_scale),
    Rung("two steps: a*x + b = c", exercise=_two_steps),
    Rung("the unknown on both sides", exercise=_both_sides),
    Rung("brackets", exercise=_brackets),
    Rung("a fraction as the solution", exercise=_rational),
    Rung("fractions as coefficients", exercise=_fractions),
    Rung("solve for a parameter, given x", exercise=_parameter),
    Rung("two equations in two unknowns", exercise=_with_integers(2, 5, 12)),
    Rung("two equations with fractions as the solution", exercise=_rational_pair),
    Rung("three equations in three unknowns", exercise=_with_integers(3, 6, 12)),
    Rung("four equations in four unknowns", exercise=_with_integers(4, 6, 12)),
)


class LinearEquations(ExerciseFamily):
    """Solve linear equations and systems of them, exactly.

    ## Description

    The first levels undo one or two operations on x; then x stands on both sides, in brackets and
    beside fractions. One level gives x and asks for a parameter. The last levels are systems of
    two, three and four equations. Every question has exactly one solution.

    ## Answer

    The value of the unknown, an integer (`int`) or an exact rational number (`rat`); `x = 5` is
    as good as `5`. A system is answered by the tuple of its unknowns in alphabetical order
    (`tuple`): `(3, -1)`, or `x = 3, y = -1`.

    ## Version history

    v0: first release.
    """

    name = "linear_equations"
    summary = "Linear equations and systems; the answer is a number or a tuple of numbers."
    levels = LEVELS
    answer_noun = "solution"

    def recompute(self, problem: Problem) -> str | None:
        """Return the solution that sympy finds to the equations in the question."""
        return _by_sympy(problem.question)


_SOLVE = re.compile(r"Solve (.*) for ([a-z, ]+)\.")
_FIND = re.compile(r"Find a such that x = (-?\d+) solves (.*)\.")


def _by_sympy(question: str) -> str:
    """Return the solution of the equations in a question."""
    import sympy

    def solved(text: str, names: list[str], given: dict[str, str]) -> str:
        equations = []
        for equation in text.split(", "):
            left, right = (sympy.sympify(side).subs(given) for side in equation.split(" = "))
            equations.append(sympy.Eq(left, right))
        (values,) = sympy.linsolve(equations, [sympy.Symbol(name) for name in names])
        return str(values[0]) if len(names) == 1 else str(tuple(values))

    if match := _FIND.fullmatch(question):
        return solved(match[2], ["a"], {"x": match[1]})
    match = _SOLVE.fullmatch(question)
    assert match, question
    return solved(match[1], match[2].split(", "), {})
