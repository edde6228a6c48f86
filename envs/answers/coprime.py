"""Integer polynomials in one variable, split into pairwise coprime ones.

Logarithms of pairwise coprime polynomials have no relation, nor have their square roots once no
factor is repeated; that makes them symbols for an identity test. Polynomials are `exact.Poly`.
"""

from __future__ import annotations

import math

from ..generators.exact import Poly, trim

# with these a base costs 20 ms at most
MAX_POLYNOMIALS = 8
MAX_DEGREE = 8
MAX_COEFFICIENT_BITS = 128


def primitive(p: Poly) -> Poly:
    """Return `p` without its content, its leading coefficient positive.

    >>> primitive((2, -4))
    (-1, 2)
    """
    divisor = math.gcd(*p) if p[-1] > 0 else -math.gcd(*p)
    return tuple(c // divisor for c in p)


def _remainder(p: Poly, q: Poly) -> Poly:
    """Return the remainder of a multiple of `p` by `q`."""
    rest = list(p)
    while len(rest) >= len(q):
        lead, shift = rest[-1], len(rest) - len(q)
        rest = [c * q[-1] for c in rest]
        for k, c in enumerate(q):
            rest[k + shift] -= lead * c
        rest = list(trim(rest))
    return tuple(rest)


def greatest_divisor(p: Poly, q: Poly) -> Poly:
    """Return the primitive greatest common divisor of two polynomials, not both 0.

    >>> greatest_divisor((-1, 0, 1), (1, 2, 1))
    (1, 1)
    """
    while q:
        p, q = q, _remainder(p, q)
        if q:
            q = primitive(q)
    return primitive(p)


def divide(p: Poly, q: Poly) -> Poly:
    """Return the primitive quotient of primitive `p` by its primitive divisor `q`."""
    rest, quotient = list(p), [0] * (len(p) - len(q) + 1)
    for shift in range(len(quotient) - 1, -1, -1):
        quotient[shift] = rest[shift + len(q) - 1] // q[-1]
        for k, c in enumerate(q):
            rest[k + shift] -= quotient[shift] * c
    return tuple(quotient)


def is_squarefree(p: Poly) -> bool:
    """Whether no factor of a polynomial of degree 1 or more is repeated."""
    derivative = tuple(k * c for k, c in enumerate(p))[1:]
    return len(greatest_divisor(p, derivative)) == 1


def coprime_base(polynomials: list[Poly]) -> list[Poly]:
    """Return pairwise coprime polynomials of which every given one is a product of powers.

    Args:
        polynomials: primitive, of degree 1 or more.

    >>> sorted(coprime_base([(-1, 0, 1), (1, 1)]))
    [(-1, 1), (1, 1)]
    """
    base: list[Poly] = []
    waiting = sorted(dict.fromkeys(polynomials), key=len, reverse=True)
    while waiting:
        fresh = waiting.pop()
        for k, old in enumerate(base):
            shared = greatest_divisor(old, fresh)
            if len(shared) > 1:
                del base[k]
                parts = (shared, divide(old, shared), divide(fresh, shared))
                waiting += [p for p in dict.fromkeys(parts) if len(p) > 1]
                break
        else:
            base.append(fresh)
    return base


def exponents(p: Poly, base: list[Poly]) -> list[int]:
    """Return the exponents with which primitive `p` is a product over a coprime base of it."""
    found = []
    for q in base:
        power = 0
        while len(p) >= len(q) and not _remainder(p, q):
            p, power = divide(p, q), power + 1
        found.append(power)
    return found
