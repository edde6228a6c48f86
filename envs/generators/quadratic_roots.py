"""Roots of quadratics as text in exact form, small and fast, for the generators."""

from __future__ import annotations

import math


def square_part(n: int) -> tuple[int, int]:
    """Return `(s, r)` with `n = s*s*r` and `r` square-free, for a small `n` of 1 or more.

    >>> square_part(72), square_part(49)
    ((6, 2), (7, 1))
    """
    s, p = 1, 2
    while p * p <= n // (s * s):
        while n % (s * p) ** 2 == 0:
            s *= p
        p += 1
    return s, n // (s * s)


def is_square(n: int) -> bool:
    """Whether `n` is the square of a whole number."""
    return n >= 0 and math.isqrt(n) ** 2 == n


def ratio(top: int, bottom: int) -> str:
    """Return a fraction in lowest terms.

    >>> ratio(6, -4), ratio(6, 3)
    ('-3/2', '2')
    """
    g = math.gcd(top, bottom) * (-1 if bottom < 0 else 1)
    return f"{top // g}/{bottom // g}" if bottom != g else str(top // g)


def roots(a: int, b: int, c: int) -> list[str]:
    """Return the different roots of `a*x^2 + b*x + c`, smaller (or minus) first; `a` is positive.

    >>> roots(1, -5, 6), roots(4, 4, 1), roots(2, -2, 3)
    (['2', '3'], ['-1/2'], ['(1 - sqrt(5)*i)/2', '(1 + sqrt(5)*i)/2'])
    """
    discriminant = b * b - 4 * a * c
    if not discriminant:
        return [ratio(-b, 2 * a)]
    s, r = square_part(abs(discriminant))
    if r == 1 and discriminant > 0:
        return [ratio(-b - s, 2 * a), ratio(-b + s, 2 * a)]
    g = math.gcd(b, s, 2 * a)
    tail = f"sqrt({r})" * (r > 1) + "*" * (r > 1 > discriminant) + "i" * (discriminant < 0)
    return [_surd(-b // g, sign, s // g, tail, 2 * a // g) for sign in "-+"]


def _surd(rational: int, sign: str, factor: int, root: str, bottom: int) -> str:
    """Return `(rational ± factor*root)/bottom` without what is 0 or 1."""
    irrational = root if factor == 1 else f"{factor}*{root}"
    if not rational:
        body = irrational if sign == "+" else f"-{irrational}"
        return body if bottom == 1 else f"{body}/{bottom}"
    body = f"{rational} {sign} {irrational}"
    return body if bottom == 1 else f"({body})/{bottom}"


def square_roots(n: int) -> tuple[str, str]:
    """Return both square roots of a positive whole number, the negative one first.

    >>> square_roots(12)
    ('-2*sqrt(3)', '2*sqrt(3)')
    """
    negative, positive = roots(1, 0, -n)
    return negative, positive
