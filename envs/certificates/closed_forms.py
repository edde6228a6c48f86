"""How many cases a closed form must show before only one short program fits them.

Class and size: programs built from `n` and integer constants that are

* polynomials of degree at most 6, expanded (`2*n*n+3*n-1`) or in Horner form (`(2*n+3)*n-1`), or
* `a*(n//k)+b*(n%k)+c` with k in 2 … 6,

and have no more nodes than the reference program; for a cubic, no more than a full monic cubic.
A node is an operator or an operand. With the cases f(1) … f(m) shown, `cases_needed` returns the
least m for which every such program that agrees on them is the reference function itself.

A polynomial with at most m terms that takes given values at 1 … m is found by solving a
generalised Vandermonde system, which is regular at positive points (Gantmacher and Krein 1950).
One with more than m terms has degree m at least, so its Horner form has 4m - 1 nodes at least.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from fractions import Fraction
from typing import NamedTuple

from ..generators.exact import evaluate, render, trim

MAX_DEGREE = 6
MAX_PERIOD = 6
FEWEST_CASES = 3
MOST_CASES = 16
FULL_CUBIC_NODES = 17  # n*n*n+b*n*n+c*n+d: every cubic is held against a monic quartic

# Forms of the class that agree on all of these points are the same function.
_APART = range(-12, 25)


class ClosedForm(NamedTuple):
    """A function of n: a polynomial plus multiples of n//k and n%k.

    Attributes:
        coefficients: of the polynomial, constant first.
        floor: coefficient of n//k.
        rest: coefficient of n%k.
        k: divisor; 1 if there is neither.
    """

    coefficients: tuple[int, ...]
    floor: int = 0
    rest: int = 0
    k: int = 1

    def value(self, n: int) -> int:
        """Return f(n)."""
        polynomial = evaluate(self.coefficients, n)
        if self.floor or self.rest:
            return polynomial + self.floor * (n // self.k) + self.rest * (n % self.k)
        return polynomial

    def signature(self) -> str:
        """Return what is the same for two forms exactly when they are one function."""
        return ",".join(str(self.value(n)) for n in _APART)

    def program(self) -> str:
        """Return the reference program, an expression in n.

        >>> ClosedForm((-1, 3, 2, 0)).program()
        '2*n*n+3*n-1'
        >>> ClosedForm((5, 0, 0, 0), floor=-2, k=3).program()
        '-2*(n//3)+5'
        """
        parts = [_scaled(self.floor, "//", self.k), _scaled(self.rest, "%", self.k)]
        if trim(self.coefficients) or not (self.floor or self.rest):
            parts.append(render(trim(self.coefficients), "n", power="*", space=""))
        text = "".join(p if p.startswith("-") else f"+{p}" for p in parts if p)
        return _unwrapped(text.removeprefix("+"))


def _scaled(factor: int, operator: str, k: int) -> str:
    if not factor:
        return ""
    sign = "-" if factor < 0 else ""
    size = "" if abs(factor) == 1 else f"{abs(factor)}*"
    return f"{sign}{size}(n{operator}{k})"


def _unwrapped(text: str) -> str:
    """Drop the brackets of a leading `(n//k)`, which it does not need."""
    if text.startswith("("):
        inner, _, tail = text[1:].partition(")")
        return inner + tail
    return text


def _expanded_size(coefficients: tuple[int, ...]) -> int:
    """Return the nodes of the expanded spelling; a sign is part of + or -."""
    nodes = -1
    for exponent, coefficient in enumerate(coefficients):
        if coefficient:
            bare = abs(coefficient) == 1 and exponent > 0
            nodes += 1 + (2 * exponent - 1 if bare else 2 * exponent + 1)
    return max(nodes, 1)


def _horner_size(coefficients: tuple[int, ...]) -> int:
    """Return the nodes of the Horner spelling."""
    lead, *rest = reversed(coefficients)
    nodes = 1  # the leading coefficient, or the first n where that is 1
    bare = abs(lead) == 1 and bool(rest)
    for step, coefficient in enumerate(rest):
        nodes += 0 if bare and step == 0 else 2  # * n
        nodes += 2 if coefficient else 0  # + coefficient
    return nodes


def size(form: ClosedForm) -> int:
    """Return the number of nodes of the shortest spelling of `form` in the class.

    >>> size(ClosedForm((0, 0, 1))), size(ClosedForm((-7, 3, 2))), size(ClosedForm((5,), 1, 0, 3))
    (3, 9, 5)
    """
    coefficients = trim(form.coefficients)
    if not coefficients:
        return _nodes(form, 0)
    polynomial = min(_expanded_size(coefficients), _horner_size(coefficients))
    return _nodes(form, polynomial)


@functools.lru_cache(maxsize=65536)
def cases_needed(form: ClosedForm) -> int:
    """Return the least m >= 3 such that f(1) … f(m) identify `form` in its class and size.

    Raises:
        ValueError: if 16 cases do not identify it.
    """
    limit = reference_size(form)
    if len(trim(form.coefficients)) == 4:
        limit = max(limit, FULL_CUBIC_NODES)
    for shown in range(FEWEST_CASES, MOST_CASES + 1):
        if not _has_rival(form, shown, limit):
            return shown
    raise ValueError(f"{form.program()} is not identified by {MOST_CASES} cases")


def reference_size(form: ClosedForm) -> int:
    """Return the nodes of the reference program, which is spelled expanded."""
    coefficients = trim(form.coefficients)
    return _nodes(form, _expanded_size(coefficients) if coefficients else 0)


def _nodes(form: ClosedForm, polynomial: int) -> int:
    """Return the nodes of a program whose polynomial part has `polynomial` nodes."""
    nodes = [polynomial] if polynomial else []
    for factor in (form.floor, form.rest):
        if factor:
            nodes.append(3 if abs(factor) == 1 else 5)
    return sum(nodes) + len(nodes) - 1


def _has_rival(form: ClosedForm, shown: int, limit: int) -> bool:
    values = [form.value(n) for n in range(1, shown + 1)]
    if shown <= MAX_DEGREE and limit >= 4 * shown - 1:
        return True
    return _polynomial_rival(form, values, limit) or _periodic_rival(form, values, limit)


def _polynomial_rival(form: ClosedForm, values: list[int], limit: int) -> bool:
    """Say whether another short polynomial of at most m terms takes these values at 1 … m."""
    terms = min(len(values), MAX_DEGREE + 1)
    for support in itertools.combinations(range(MAX_DEGREE + 1), terms):
        solved = _solve(_vandermonde_inverse(support), values[:terms])
        if solved is None:
            continue
        coefficients = [0] * (MAX_DEGREE + 1)
        for exponent, coefficient in zip(support, solved, strict=True):
            coefficients[exponent] = coefficient
        rival = trim(coefficients)
        if size(ClosedForm(rival)) > limit:
            continue
        agrees = all(evaluate(rival, n) == v for n, v in enumerate(values, 1))
        if agrees and ClosedForm(rival).signature() != form.signature():
            return True
    return False


def _periodic_rival(form: ClosedForm, values: list[int], limit: int) -> bool:
    """Say whether another short `a*(n//k)+b*(n%k)+c` takes these values at 1 … m."""
    for k in range(2, MAX_PERIOD + 1):
        if len(values) < k:
            # below k the form is a line, and a line is the shorter rival
            continue
        # n = 1, 2 and k give b + c, 2b + c (or a + c) and a + c
        c = 2 * values[0] - values[1] if k > 2 else values[0] + values[1] - values[2]
        b = values[0] - c
        a = values[k - 1] - c
        rival = ClosedForm((c,), a, b, k)
        if size(rival) > limit:
            continue
        agrees = all(rival.value(n) == v for n, v in enumerate(values, 1))
        if agrees and rival.signature() != form.signature():
            return True
    return False


@functools.cache
def _vandermonde_inverse(support: tuple[int, ...]) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Return the inverse of the matrix n^e for n in 1 … m and e in `support` (m exponents).

    Each row is given as whole numbers and their common denominator.
    """
    m = len(support)
    rows = [
        [Fraction(n**e) for e in support] + [Fraction(int(i == n - 1)) for i in range(m)]
        for n in range(1, m + 1)
    ]
    for column in range(m):
        pivot = next(r for r in range(column, m) if rows[r][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        scale = rows[column][column]
        rows[column] = [x / scale for x in rows[column]]
        for r in range(m):
            if r != column and rows[r][column]:
                factor = rows[r][column]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[column], strict=True)]
    inverse = []
    for row in rows:
        common = math.lcm(*(x.denominator for x in row[m:]))
        inverse.append((tuple(int(x * common) for x in row[m:]), common))
    return tuple(inverse)


def _solve(inverse: tuple[tuple[tuple[int, ...], int], ...], values: list[int]) -> list[int] | None:
    """Return the integer solution, or None if a coefficient is not whole."""
    solved = []
    for row, denominator in inverse:
        coefficient, remainder = divmod(sum(map(operator.mul, row, values)), denominator)
        if remainder:
            return None
        solved.append(coefficient)
    return solved
