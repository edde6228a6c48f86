"""Exact numbers with square roots and i: how they are stored, compared and put in order.

A surd is a rational combination of square roots of different square-free integers, each times 1
or i. Such roots are linearly independent over the rationals, so two surds are equal exactly if
their terms are: no numerics, and nothing that a close decimal could fool.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

MAX_RADICAND = 10**9


@dataclass(frozen=True, slots=True)
class Surd:
    """A number that is not rational, ordered among the rationals where it is real with one root.

    Attributes:
        terms: `(radicand, imaginary, coefficient)` in increasing order, no coefficient 0; the
            radicand is 1 for a rational term.
    """

    terms: tuple[tuple[int, bool, Fraction], ...]

    def __lt__(self, other: Exact) -> bool:
        """Whether this number lies left of `other`; both must satisfy `has_order`."""
        return _sign_of_difference(self, other) < 0

    def __gt__(self, other: Exact) -> bool:
        """Whether this number lies right of `other`; both must satisfy `has_order`."""
        return _sign_of_difference(self, other) > 0


Exact: TypeAlias = Fraction | Surd


def has_order(value: Exact) -> bool:
    """Whether a number is real with one root at most, so that `<` and `>` can compare it."""
    if isinstance(value, Fraction):
        return True
    return not any(imaginary for _, imaginary, _ in value.terms) and (
        sum(radicand > 1 for radicand, _, _ in value.terms) <= 1
    )


def is_square_free(n: int) -> bool:
    """Whether no square above 1 divides `n`, for 1 ≤ n ≤ `MAX_RADICAND`.

    Without its prime factors up to the cube root of the cap, what is left of `n` is 1, a prime,
    a product of two primes or the square of one; so 168 divisions and one root decide.

    >>> [n for n in range(1, 13) if is_square_free(n)]
    [1, 2, 3, 5, 6, 7, 10, 11]
    """
    for p in _SMALL_PRIMES:
        if p * p > n:
            return True
        if n % p == 0:
            n //= p
            if n % p == 0:
                return False
    return n == 1 or math.isqrt(n) ** 2 != n


_SMALL_PRIMES = tuple(n for n in range(2, 1001) if all(n % p for p in range(2, math.isqrt(n) + 1)))


def _parts(value: Exact) -> tuple[Fraction, Fraction, int]:
    """Return a, b, c of the number a + b√c."""
    if isinstance(value, Fraction):
        return value, Fraction(0), 1
    rational, root, radicand = Fraction(0), Fraction(0), 1
    for n, _, coefficient in value.terms:
        if n == 1:
            rational = coefficient
        else:
            root, radicand = coefficient, n
    return rational, root, radicand


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def _sign_of_two(a: Fraction, b: Fraction, c: int) -> int:
    """Return the sign of a + b√c: where the two disagree, the larger square wins."""
    one, two = _sign(a), _sign(b)
    if one == two or not two:
        return one
    return two if not one else one * _sign(a * a - b * b * c)


def _sign_of_difference(left: Exact, right: Exact) -> int:
    """Return the sign of `left - right` by squaring twice: a + b√c against d√e."""
    (a, b, c), (a2, d, e) = _parts(left), _parts(right)
    a -= a2
    if c == e:
        return _sign_of_two(a, b - d, c)
    one, two = _sign_of_two(a, b, c), -_sign(d)
    if one == two or not two:
        return one
    if not one:
        return two
    return one * _sign_of_two(a * a + b * b * c - d * d * e, 2 * a * b, c)
