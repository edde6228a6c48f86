"""The smallest piecewise program that fits shown cases, by search: the second way to an answer.

It shares nothing with the certificate: no differences, no table, only interpolation by fractions
and trial of every cut. The search grows the size, see `piecewise_functions`, until something fits.
"""

from __future__ import annotations

import itertools
import math
import re
from fractions import Fraction

_CASE = re.compile(r"f\((-?[0-9]+)\)=(-?[0-9]+)")
MAX_SIZE = 14
MAX_PERIOD = 3
MAX_FLOOR_PERIOD = 6

Points = tuple[tuple[int, int], ...]


def smallest_program(question: str) -> str | None:
    """Return a smallest program for the cases `f(3)=1` in `question`, or None without one.

    >>> smallest_program("f(3)=1, f(4)=1, f(5)=9, f(6)=9.")
    '((1) if n<5 else (9))'
    """
    points = tuple((int(n), int(value)) for n, value in _CASE.findall(question))
    failed: set[tuple[Points, int]] = set()
    for size in range(1, MAX_SIZE + 1):
        program = _search(points, 1, size, failed)
        if program:
            return program
    return None


def _search(points: Points, step: int, size: int, failed: set[tuple[Points, int]]) -> str | None:
    """Return a program of at most `size` numbers for points that lie `step` apart."""
    if size < 1 or (points, size) in failed:
        return None
    program = _polynomial(points, size) or (_floor(points) if step == 1 and size >= 4 else None)
    program = program or _cut(points, step, size, failed) or _dealt(points, step, size, failed)
    if program is None:
        failed.add((points, size))
    return program


def _cut(points: Points, step: int, size: int, failed: set[tuple[Points, int]]) -> str | None:
    for cut in range(1, len(points)):
        for share in range(1, size - 1):
            low = _search(points[:cut], step, share, failed)
            high = low and _search(points[cut:], step, size - 1 - share, failed)
            if high:
                return f"({low} if n<{points[cut][0]} else {high})"
    return None


def _dealt(points: Points, step: int, size: int, failed: set[tuple[Points, int]]) -> str | None:
    for k in range(2, min(MAX_PERIOD, len(points), size - 1) + 1):
        modulus = step * k
        groups = [points[i::k] for i in range(k)]
        programs: list[str] = []
        left = size - 1
        for waiting, group in zip(range(k - 1, -1, -1), groups, strict=True):
            found = ((s, _search(group, modulus, s, failed)) for s in range(1, left - waiting + 1))
            share, program = next(((s, p) for s, p in found if p), (0, None))
            if not program:
                break
            programs.append(f"{program} if n%{modulus}=={group[0][0] % modulus} else ")
            left -= share
        else:
            programs[-1] = programs[-1][: programs[-1].rindex(" if n%")]
            return f"({''.join(programs)})"
    return None


def _polynomial(points: Points, size: int) -> str | None:
    """Return the polynomial of at most `size` coefficients through all points."""
    coefficients = [Fraction(0)]
    basis = [Fraction(1)]  # vanishes at the points that are done
    for done, (n, value) in enumerate(points):
        gap = value - _at(coefficients, n)
        if gap:
            if done >= size:
                return None
            scale = gap / _at(basis, n)
            coefficients += [Fraction(0)] * (len(basis) - len(coefficients))
            coefficients = [c + scale * b for c, b in zip(coefficients, basis, strict=True)]
        if done < size:
            shifted = [Fraction(0), *basis]
            basis = [s - n * b for s, b in zip(shifted, [*basis, Fraction(0)], strict=True)]
    common = math.lcm(*(c.denominator for c in coefficients))
    terms = [f"{int(c * common)}" + "*n" * i for i, c in enumerate(coefficients) if c]
    text = "+".join(terms) or "0"
    return f"({text})" if common == 1 else f"(({text})//{common})"


def _floor(points: Points) -> str | None:
    """Return a program `a*(n//k)+b*(n%k)+c` through all points."""
    for k in range(2, MAX_FLOOR_PERIOD + 1):
        pairs = list(itertools.pairwise(points))
        steps = [w - v for (_, v), (n, w) in pairs if n % k]
        jumps = [w - v for (_, v), (n, w) in pairs if n % k == 0]
        if not steps or not jumps:
            continue
        b, a = steps[0], jumps[0] + (k - 1) * steps[0]
        n, value = points[0]
        c = value - a * (n // k) - b * (n % k)
        if all(a * (m // k) + b * (m % k) + c == v for m, v in points):
            return f"({a}*(n//{k})+{b}*(n%{k})+{c})"
    return None


def _at(coefficients: list[Fraction], n: int) -> Fraction:
    return sum((c * n**i for i, c in enumerate(coefficients)), Fraction(0))
