"""A complete solver of the numbers game: an expression over all numbers of a given value, if any.

By brute force, but not over whole expressions: the values of every group of at most four numbers
are listed once, and the target is cut between two groups. Six numbers take a fifth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import TypeAlias

Values: TypeAlias = dict[Fraction, str]  # what a group can be worth, and one expression for it

MAX_NUMBERS = 6
LISTED = 4  # larger groups are cut instead


class _Solver:
    """The groups of one list of numbers; a group is a tuple of positions."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = numbers
        self.values: dict[tuple[int, ...], Values] = {}

    def listed(self, group: tuple[int, ...]) -> Values:
        """Return every value that all numbers of a group can make."""
        if group not in self.values:
            self.values[group] = self._list(group)
        return self.values[group]

    def _list(self, group: tuple[int, ...]) -> Values:
        if len(group) == 1:
            number = self.numbers[group[0]]
            return {Fraction(number): str(number)}
        found: Values = {}
        for first, second in _cuts(group):
            for a, left in self.listed(first).items():
                for b, right in self.listed(second).items():
                    for value, text in _joined(a, left, b, right):
                        found.setdefault(value, text)
        return found

    def reach(self, group: tuple[int, ...], target: Fraction) -> str | None:
        """Return an expression over a group that is worth `target`, or None if there is none."""
        if len(group) <= LISTED:
            return self.listed(group).get(target)
        for first, second in _cuts(group):
            small, large = sorted((first, second), key=len)
            for a, left in self.listed(small).items():
                for b, form in _completions(a, target):
                    right = self.reach(large, b)
                    if right is not None:
                        return form.format(a=left, b=right)
        return None


def _cuts(group: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield every way to cut a group in two, each once."""
    head, rest = group[0], group[1:]
    for size in range(len(rest)):
        for chosen in combinations(rest, size):
            yield (head, *chosen), tuple(i for i in rest if i not in chosen)


def _joined(a: Fraction, left: str, b: Fraction, right: str) -> Iterator[tuple[Fraction, str]]:
    yield a + b, f"({left}+{right})"
    yield a - b, f"({left}-{right})"
    yield b - a, f"({right}-{left})"
    yield a * b, f"({left}*{right})"
    if b:
        yield a / b, f"({left}/{right})"
    if a:
        yield b / a, f"({right}/{left})"


def _completions(a: Fraction, target: Fraction) -> Iterator[tuple[Fraction, str]]:
    """Yield each `b` that makes `target` with `a`, and how; 0 times anything is left out."""
    yield target - a, "({a}+{b})"
    yield a - target, "({a}-{b})"
    yield target + a, "({b}-{a})"
    if a:
        yield target / a, "({a}*{b})"
        yield target * a, "({b}/{a})"
        if target:
            yield a / target, "({a}/{b})"


def solve(numbers: Sequence[int], target: int) -> str | None:
    """Return an expression that uses every number once and is worth `target`, or None.

    Complete for a target other than 0; brackets stand around every operation.

    Raises:
        ValueError: there are no numbers, or more than six.

    >>> solve((3, 4, 5), 35), solve((1, 1), 3)
    ('((3+4)*5)', None)
    """
    if not 1 <= len(numbers) <= MAX_NUMBERS:
        raise ValueError(f"numbers must be 1 to {MAX_NUMBERS}, got {len(numbers)}")
    return _Solver(numbers).reach(tuple(range(len(numbers))), Fraction(target))
