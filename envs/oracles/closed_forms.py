"""Closed forms found in the question's cases by sympy: interpolation and linear systems."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

MAX_DEGREE = 3
PERIODS = range(2, 7)
SHORT = 5  # operands of n*n+b*n+c
_FUNCTIONS: dict[str, Callable[[int, int], int]] = {
    "n": lambda n, k: n,
    "(n//{})": lambda n, k: n // k,
    "(n%{})": lambda n, k: n % k,
    "1": lambda n, k: 1,
}


def shortest_program(question: str) -> str | None:
    """Return the shortest program that fits the cases, of those that sympy comes to.

    Tried are the polynomial through all cases, if it is one over the integers of degree 3 at most,
    and `a*(n//k)+b*(n%k)+c` and `a*n+b*(n%k)` for k from 2 to 6. The certificate does not hold
    polynomials against `a*n+b*(n%k)`, so one that is short, or has a case to spare, goes first.
    """
    cases = [(int(n), int(v)) for n, v in re.findall(r"f\((-?\d+)\)=(-?\d+)", question)]
    polynomial = _polynomial(cases)
    if polynomial and (polynomial.spare or _operands(polynomial.program) <= SHORT):
        return polynomial.program
    fits = [*([polynomial.program] if polynomial else []), *_periodic(cases)]
    return min(fits, key=_operands, default=None)


def _operands(program: str) -> int:
    return len(re.findall(r"n|\d+", program))


class _Fit(NamedTuple):
    program: str
    spare: bool  # whether a case more is shown than its coefficients need


def _polynomial(cases: list[tuple[int, int]]) -> _Fit | None:
    import sympy

    n = sympy.Symbol("n")
    p = sympy.Poly(sympy.interpolate(cases, n), n)
    if p.degree() > MAX_DEGREE or not all(c.is_integer for c in p.all_coeffs()):
        return None
    terms = [f"{c}" + "*n" * k for (k,), c in p.terms()]
    # a coefficient of 1 is no operand
    program = "+".join(re.sub(r"^1\*", "", term) for term in terms)
    return _Fit(program, p.degree() + 1 < len(cases))


def _periodic(cases: list[tuple[int, int]]) -> Iterator[str]:
    import sympy

    values = sympy.Matrix([v for _, v in cases])
    for k, texts in itertools.product(PERIODS, (("(n//{})", "(n%{})", "1"), ("n", "(n%{})"))):
        spelled = [text.format(k) for text in texts]
        functions = [_FUNCTIONS[text] for text in texts]
        system = sympy.Matrix([[f(n, k) for f in functions] for n, _ in cases])
        if system.rank() < len(texts):
            continue  # a line, or not enough cases to tell
        unknowns = sympy.symbols(f"a:{len(texts)}")
        for found in sympy.linsolve((system, values), unknowns):
            if all(x.is_integer for x in found):
                parts = zip(found, spelled, strict=True)
                yield "+".join(_scaled(x, text) for x, text in parts if x) or "0"


def _scaled(factor: object, text: str) -> str:
    if text == "1":
        return f"{factor}"
    return text if factor == 1 else f"{factor}*{text}"
