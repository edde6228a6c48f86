"""Exact integer polynomials in one variable, small and fast, for the generators.

A polynomial is a tuple of integer coefficients, constant first, without trailing zeros.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Poly = tuple[int, ...]


def trim(coefficients: Sequence[int]) -> Poly:
    """Return the polynomial without trailing zero coefficients.

    >>> trim([1, 2, 0])
    (1, 2)
    """
    end = len(coefficients)
    while end and coefficients[end - 1] == 0:
        end -= 1
    return tuple(coefficients[:end])


def add(p: Poly, q: Poly) -> Poly:
    """Return `p + q`.

    >>> add((1, 2), (1, -2))
    (2,)
    """
    width = max(len(p), len(q))
    a = list(p) + [0] * (width - len(p))
    return trim([x + y for x, y in zip(a, list(q) + [0] * (width - len(q)), strict=True)])


def multiply(p: Poly, q: Poly) -> Poly:
    """Return `p * q`.

    >>> multiply((1, 1), (-1, 1))
    (-1, 0, 1)
    """
    product = [0] * max(len(p) + len(q) - 1, 0)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            product[i + j] += a * b
    return trim(product)


def evaluate(p: Poly, x: int) -> int:
    """Return `p(x)` by Horner's rule.

    >>> evaluate((1, 0, 2), 3)
    19
    """
    value = 0
    for coefficient in reversed(p):
        value = value * x + coefficient
    return value


def content(p: Poly) -> int:
    """Return the greatest common divisor of the coefficients; 0 for the zero polynomial."""
    return math.gcd(*p) if p else 0


def render(p: Poly, variable: str = "x", *, power: str = "^", space: str = " ") -> str:
    """Return the collected form, highest power first.

    Args:
        p: the polynomial.
        variable: its letter.
        power: `^` writes `x^3`; `*` writes `x*x*x`.
        space: what stands around a sign.

    >>> render((-1, 1, 2))
    '2*x^2 + x - 1'
    >>> render((0, -1), "n", power="*", space="")
    '-n'
    """
    parts: list[str] = []
    for exponent in range(len(p) - 1, -1, -1):
        coefficient = p[exponent]
        if not coefficient:
            continue
        sign = "-" if coefficient < 0 else "+"
        parts.append(f"{space}{sign}{space}" if parts else ("-" if coefficient < 0 else ""))
        parts.append(_term(abs(coefficient), exponent, variable, power))
    return "".join(parts) or "0"


def _term(size: int, exponent: int, variable: str, power: str) -> str:
    if exponent == 0:
        return str(size)
    if power == "*":
        name = "*".join([variable] * exponent)
    else:
        name = variable if exponent == 1 else f"{variable}{power}{exponent}"
    return name if size == 1 else f"{size}*{name}"
