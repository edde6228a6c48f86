"""How many cases a recurrence must show before no other rule of its size fits them.

Class and size: the rules of `recurrence_rules`, which are

* linear ones with rational coefficients: a polynomial in n, recursion of order at most 3 and the
  sum of both, of size 6 at most; recursion with a factor n, by parity and by halving;
* `(q + c) % m` with q one of f(n-1)+f(n-2), f(n-1)**2, f(n-1)*f(n-2) and a*f(n-1), and any modulus
  m that is above all shown values and is used: without it no c gives them all.

The size of a rule is how many numbers must be chosen for it, the values it starts from among them.
A function that follows a rule is held against every rule of its own size or less, of size 4 at
least. `cases_needed` returns the least number of cases f(0), f(1), … for which each such rule that
fits them gives the right value up to the last term, or None.

Whether a linear rule fits is a system of linear equations, one for each case. The value that it
gives next is the same for all of its solutions exactly if the next equation's left side depends on
those before. A modulus divides every difference of `f(n) - q`; with a factor a it divides every
`d(n+1)*d(n-1) - d(n)**2`, where d(n) = f(n+1) - f(n).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

from .recurrence_rules import MODULAR_RULES, RULES, ModularRule, Rule

LEAST_SIZE = 4
FEWEST_CASES = 4
MOST_CASES = 14


@functools.lru_cache(maxsize=1024)
def cases_needed(terms: tuple[int, ...], rule: Rule | ModularRule, modulus: int = 0) -> int | None:
    """Return how many cases to show, at least one more than the numbers of the rule.

    Args:
        terms: f(0) … f(last); what is said of the hidden cases is said of these.
        rule: the rule that they follow.
        modulus: the modulus of a modular rule, a prime.

    Returns:
        The least number of cases, or None if 14 of them, or all but two, leave a rival.

    >>> from .recurrence_rules import GEOMETRIC
    >>> cases_needed(tuple(3 * 2**n for n in range(20)), GEOMETRIC)
    6
    """
    most = min(MOST_CASES, len(terms) - 2)
    for shown in range(max(FEWEST_CASES, rule.size + 1), most + 1):
        if identified(terms, shown, rule, modulus):
            return shown
    return None


def identified(
    terms: Sequence[int], shown: int, rule: Rule | ModularRule, modulus: int = 0
) -> bool:
    """Say whether no rule of the class fits f(0) … f(shown - 1) and is wrong later."""
    size = max(LEAST_SIZE, rule.size)
    if isinstance(rule, Rule) and not _determined(rule, terms, shown):
        return False
    if any(_is_modular_rival(other, terms, shown, rule, modulus) for other in MODULAR_RULES):
        return False
    return not any(_is_rival(other, terms, shown) for other in RULES if other.size <= size)


def follows(terms: Sequence[int], rule: Rule) -> bool:
    """Say whether some choice of its numbers makes `rule` give all of `terms`.

    >>> from .recurrence_rules import AFFINE, GEOMETRIC
    >>> follows([1, 3, 7, 15, 31], AFFINE), follows([1, 3, 7, 15, 31], GEOMETRIC)
    (True, False)
    """
    system = _System()
    rows = (_equation(rule, terms, n) for n in range(rule.first, len(terms)))
    return all(system.add(row) is not False for row in rows)


def _equation(rule: Rule, terms: Sequence[int], n: int) -> list[int]:
    """Return the features at n and what they must sum up to."""
    return [*rule.features(n, terms), terms[n] - rule.fixed(n, terms)]


def _determined(rule: Rule, terms: Sequence[int], shown: int) -> bool:
    """Say whether the cases leave one choice of numbers for a rule that they follow."""
    system = _System()
    for n in range(rule.first, shown):
        system.add(_equation(rule, terms, n))
    return len(system.rows) == len(rule.features(rule.first, terms))


def _is_rival(rule: Rule, terms: Sequence[int], shown: int) -> bool:
    """Say whether `rule` fits the shown terms and leaves a later one open or gets it wrong."""
    system = _System()
    for n in range(rule.first, shown):
        if system.add(_equation(rule, terms, n)) is False:
            return False
    rows = (_equation(rule, terms, n) for n in range(shown, len(terms)))
    return any(system.add(row) is not None for row in rows)


class _System:
    """Linear equations over the rational numbers, in whole numbers and in echelon form."""

    def __init__(self) -> None:
        self.rows: dict[int, list[int]] = {}  # by the place of the first number that is not 0

    def add(self, row: list[int]) -> bool | None:
        """Add an equation; return True if it is new, None if it follows, False if it cannot be."""
        for place in range(len(row) - 1):
            if not row[place]:
                continue
            known = self.rows.get(place)
            if known is None:
                common = math.gcd(*row)
                self.rows[place] = [x // common for x in row]
                return True
            a, b = known[place], row[place]
            row = [a * x - b * y for x, y in zip(row, known, strict=True)]
        return False if row[-1] else None


def _is_modular_rival(
    rule: ModularRule, terms: Sequence[int], shown: int, own: Rule | ModularRule, modulus: int
) -> bool:
    """Say whether `rule` may fit the shown terms with another modulus than `modulus`."""
    values = terms[:shown]
    if min(values) < 0:
        return False
    multiple = _multiple_of_modulus(rule, values)
    if rule is own:
        # a prime: none of its divisors is another modulus
        return multiple != modulus
    return multiple > max(values)


def _multiple_of_modulus(rule: ModularRule, values: Sequence[int]) -> int:
    """Return what every modulus of `rule` that fits must divide; 0 if none is used."""
    if rule.term is None:
        d = [b - a for a, b in itertools.pairwise(values)]
        return math.gcd(*(z * x - y * y for x, y, z in zip(d, d[1:], d[2:], strict=False)))
    rests = [values[n] - rule.term(n, values) for n in range(rule.first, len(values))]
    return math.gcd(*(b - a for a, b in itertools.pairwise(rests)))
