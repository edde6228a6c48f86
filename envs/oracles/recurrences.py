"""A program for the shown terms of a recurrence, by search: the second way to an answer.

It shares nothing with the certificate. Linear recurrences of order k come from the
Berlekamp-Massey algorithm over the fractions, which also finds polynomials and geometric sums;
the other rules are solved for their numbers one by one or tried out.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from fractions import Fraction

_CASE = re.compile(r"f\(([0-9]+)\)=(-?[0-9]+)")
MAX_MODULUS = 100

Terms = list[int]


def program_for(question: str) -> str | None:
    """Return a program for the cases `f(0)=5, f(1)=8, …` in `question`, or None without one.

    >>> print(program_for("f(0)=1, f(1)=3, f(2)=7, f(3)=15, f(4)=31."))
    def f(n):
        v = [1, 3]
        while len(v) <= n:
            i = len(v)
            v.append((3*v[-1]+-2*v[-2])//1)
        return v[n]
    """
    terms = [int(value) for _, value in _CASE.findall(question)]
    found = (rule(terms) for rule in _RULES)
    start, text = next((pair for pair in found if pair), (0, ""))
    return _program(terms[:start], text) if text else None


def _program(start: Terms, rule: str) -> str:
    return (
        f"def f(n):\n    v = {start}\n    while len(v) <= n:\n        i = len(v)\n"
        f"        v.append({rule})\n    return v[n]"
    )


def _linear(*sizes: int) -> Callable[[Terms], tuple[int, str] | None]:
    """Return the trial of recurrences of order k for the j-th differences, j + 2*k in `sizes`."""

    def rule(terms: Terms) -> tuple[int, str] | None:
        for size in sizes:
            for k in range(size // 2 + 1):
                j = size - 2 * k
                rest = terms
                for _ in range(j):
                    rest = [b - a for a, b in itertools.pairwise(rest)]
                taps = berlekamp_massey(rest)
                if size < len(terms) and len(taps) == k:
                    return j + k, _sum(_undone(taps, j))
        return None

    return rule


def _undone(taps: list[Fraction], differences: int) -> list[Fraction]:
    """Return the recurrence of a sequence from that of its differences."""
    row = [Fraction(1), *(-tap for tap in taps)]
    for _ in range(differences):  # times 1 - x
        row = [a - b for a, b in zip([*row, Fraction(0)], [Fraction(0), *row], strict=True)]
    return [-c for c in row[1:]]


def _sum(taps: list[Fraction]) -> str:
    common = math.lcm(*(tap.denominator for tap in taps))
    parts = [f"{int(tap * common)}*v[-{i}]" for i, tap in enumerate(taps, 1)]
    return f"({'+'.join(parts) or '0'})//{common}"


def _fixed(order: int) -> Callable[[Terms], tuple[int, str] | None]:
    """Return the trial of the sum of the last `order` values."""

    def rule(terms: Terms) -> tuple[int, str] | None:
        later = range(order, len(terms))
        if all(terms[n] == sum(terms[n - order : n]) for n in later):
            return order, f"sum(v[-{order}:])"
        return None

    return rule


def berlekamp_massey(terms: Terms) -> list[Fraction]:
    """Return c with terms[n] = c[0]*terms[n-1] + c[1]*terms[n-2] + …, as short as can be.

    >>> berlekamp_massey([1, 1, 2, 3, 5, 8])
    [Fraction(1, 1), Fraction(1, 1)]
    """
    current, previous = [Fraction(1)], [Fraction(1)]
    order, gap, last = 0, 1, Fraction(1)
    for n, term in enumerate(terms):
        seen = enumerate(current[1 : order + 1], 1)
        error = term + sum((c * terms[n - i] for i, c in seen), Fraction(0))
        if error == 0:
            gap += 1
            continue
        old, shifted = current, [Fraction(0)] * gap + [error / last * c for c in previous]
        pairs = itertools.zip_longest(current, shifted, fillvalue=Fraction(0))
        current = [c - d for c, d in pairs]
        if 2 * order <= n:
            order, previous, last, gap = n + 1 - order, old, error, 1
        else:
            gap += 1
    padded = [*current, *[Fraction(0)] * order]
    return [-c for c in padded[1 : order + 1]]


def _factorial(terms: Terms) -> tuple[int, str] | None:
    rests = {value - n * terms[n - 1] for n, value in enumerate(terms) if n}
    return (1, f"i*v[-1]+{rests.pop()}") if len(rests) == 1 else None


def _rising(terms: Terms) -> tuple[int, str] | None:
    if 0 in terms[:2]:
        return None
    first, second = Fraction(terms[1], terms[0]), Fraction(terms[2], terms[1])
    a = second - first
    b = first - a
    if any(v != (a * n + b) * terms[n - 1] for n, v in enumerate(terms) if n):
        return None
    return (1, f"({a.numerator}*i+{b.numerator})*v[-1]") if a.denominator == 1 else None


def _affine_by(pairs: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Return whole a and b with y = a*x + b for all pairs, or None."""
    (x0, y0) = pairs[0]
    other = next(((x, y) for x, y in pairs if x != x0), None)
    if other is None or (other[1] - y0) % (other[0] - x0):
        return None
    a = (other[1] - y0) // (other[0] - x0)
    b = y0 - a * x0
    return (a, b) if all(y == a * x + b for x, y in pairs) else None


def _parity(terms: Terms) -> tuple[int, str] | None:
    pairs = list(itertools.pairwise(terms))
    odd, even = _affine_by(pairs[0::2]), _affine_by(pairs[1::2])
    if not odd or not even:
        return None
    return 1, f"{odd[0]}*v[-1]+{odd[1]} if i%2 else {even[0]}*v[-1]+{even[1]}"


def _halving(terms: Terms) -> tuple[int, str] | None:
    for a in range(-9, 10):
        odd = {v - a * terms[n // 2] for n, v in enumerate(terms) if n % 2}
        even = {v - a * terms[n // 2] for n, v in enumerate(terms) if n and n % 2 == 0}
        if len(odd) == len(even) == 1:
            return 1, f"{a}*v[i//2]+({odd.pop()} if i%2 else {even.pop()})"
    return None


def _modular(
    first: int, text: str, value: Callable[[Terms, int, int], int], factors: range
) -> Callable[[Terms], tuple[int, str] | None]:
    """Return the trial of every modulus and factor for `(value + c) % m`."""

    def rule(terms: Terms) -> tuple[int, str] | None:
        if min(terms) < 0 or max(terms) >= MAX_MODULUS:
            return None
        for m in range(max(terms) + 1, MAX_MODULUS + 1):
            for a in factors:
                later = [(value(terms, n, a), v) for n, v in enumerate(terms) if n >= first]
                c = (later[0][1] - later[0][0]) % m
                # a modulus that takes the same off every time is no modulus, but a constant
                taken = {x + c - v for x, v in later}
                if len(taken) > 1 and all((x + c) % m == v for x, v in later):
                    return first, f"({text.format(a=a)}+{c})%{m}"
        return None

    return rule


# smaller rules first: the certificate speaks of rules no larger than the right one
_RULES: tuple[Callable[[Terms], tuple[int, str] | None], ...] = (
    _fixed(2),
    _fixed(3),
    _factorial,
    _rising,
    _linear(1, 2, 3, 4),
    _modular(2, "v[-1]+v[-2]", lambda t, n, a: t[n - 1] + t[n - 2], range(1)),
    _modular(1, "v[-1]**2", lambda t, n, a: t[n - 1] ** 2, range(1)),
    _modular(2, "v[-1]*v[-2]", lambda t, n, a: t[n - 1] * t[n - 2], range(1)),
    _modular(1, "{a}*v[-1]", lambda t, n, a: a * t[n - 1], range(MAX_MODULUS)),
    _halving,
    _linear(5),
    _parity,
    _linear(6),
)
