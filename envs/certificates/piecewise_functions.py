"""Which cases a piecewise function must show before only one small decision tree fits them.

Class and size: decision trees over an int `n`. A node asks `n < t` or takes `n % k` with k in
2 … 5; a leaf is a polynomial in `n` with rational coefficients, of any degree, or
`a*(n//k)+b*(n%k)+c` with k in 2 … 6. The size of a tree is how many numbers must be chosen to
write it: one for each threshold and each modulus, d + 1 for a polynomial leaf of degree d, four for
a leaf with `//` and `%`. `max`, `min`, `abs` and clamps of polynomials are such trees. The size of
a function is that of its smallest tree.

`identified` says whether a run of neighbouring cases fits no other function of that size or less.

Every node cuts an arithmetic progression of inputs into arithmetic progressions, so the least size
for each of them follows from the least sizes of its parts, and a polynomial through equally spaced
points shows its degree in its differences. A part without a shown case never occurs in a smallest
tree: without it and its node the tree is smaller and fits as well. Hence there is no rival exactly
if every smallest tree for the shown cases is the function itself.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from .decision_trees import Tree, numbers, period, thresholds

PERIODS = (2, 3, 4, 5)
FLOOR_PERIODS = (2, 3, 4, 5, 6)
FLOOR_LEAF = 4  # numbers in a*(n//k)+b*(n%k)+c
MOST_CASES = 24


@functools.lru_cache(maxsize=1024)
def window(tree: Tree) -> tuple[int, int] | None:
    """Return the first and last of the inputs to show, or None if no few cases are enough.

    Around its thresholds, or from 1 on for a function that has none; never with 0, which is left
    for the hidden cases.

    >>> from .decision_trees import Below, Leaf
    >>> window(Below(5, Leaf(1), Leaf(9)))  # 1 if n<5 else 9
    (3, 6)
    """
    bends = thresholds(tree)
    for margin in range(2, MOST_CASES):
        low, high = (min(bends) - margin, max(bends) + margin - 1) if bends else (1, margin + 1)
        if high - low >= MOST_CASES or low <= 0 <= high:
            return None
        if identified(tree, low, high):
            return low, high
    return None


def identified(tree: Tree, low: int, high: int) -> bool:
    """Say whether f(low) … f(high) fit no other function of the size of `tree` or less.

    >>> from .decision_trees import Below, Leaf
    >>> step = Below(5, Leaf(1), Leaf(9))
    >>> identified(step, 3, 6), identified(step, 5, 9)
    (True, False)
    """
    cases = _Cases(low, [tree.value(n) for n in range(low, high + 1)])
    size = cases.least(0, 1, high - low + 1, numbers(tree))
    return all(_same(tree, rival, low, high, size) for rival in cases.smallest())


def _same(tree: Tree, rival: _Fit, low: int, high: int, size: int) -> bool:
    """Say whether two functions that agree on low … high agree beyond it.

    Where no threshold lies beyond, each residue class goes on as one polynomial, of degree below
    `size` in the rival and at most 2 in the tree: it takes as many inputs of the class to tell. A
    threshold of the tree that lies beyond is a part of it that the rival lacks.
    """
    if any(not low < t <= high for t in thresholds(tree)):
        return False
    span = math.lcm(period(tree), rival.period()) * max(size, 3)
    beyond = itertools.chain(range(low - span, low), range(high + 1, high + 1 + span))
    return all(tree.value(n) == rival.value(n) for n in beyond)


class _Progression(NamedTuple):
    """The polynomial of least degree through f(first), f(first + step), …, by its differences."""

    first: int
    step: int
    differences: tuple[int, ...]

    def value(self, n: int) -> int:
        """Return the polynomial at `n`, which lies a multiple of `step` from `first`."""
        x = (n - self.first) // self.step
        total, binomial = 0, 1
        for i, difference in enumerate(self.differences):
            total += binomial * difference
            binomial = binomial * (x - i) // (i + 1)
        return total

    def period(self) -> int:
        """Return 1: a polynomial is the same everywhere."""
        return 1


class _Floor(NamedTuple):
    """The leaf that steps by `jump` to a multiple of k and by `step` to any other number."""

    k: int
    origin: int
    start: int
    step: int
    jump: int

    def value(self, n: int) -> int:
        """Return the leaf at `n`."""
        jumps = n // self.k - self.origin // self.k
        return self.start + jumps * self.jump + (n - self.origin - jumps) * self.step

    def period(self) -> int:
        """Return k."""
        return self.k


class _Cut(NamedTuple):
    """`low` below the input `t`, else `high`."""

    t: int
    low: _Fit
    high: _Fit

    def value(self, n: int) -> int:
        """Return the function at `n`."""
        return (self.low if n < self.t else self.high).value(n)

    def period(self) -> int:
        """Return a common period of both parts."""
        return math.lcm(self.low.period(), self.high.period())


class _Deal(NamedTuple):
    """The part whose turn it is, counted in steps from `first`."""

    first: int
    step: int
    parts: tuple[_Fit, ...]

    def value(self, n: int) -> int:
        """Return the function at `n`."""
        return self.parts[(n - self.first) // self.step % len(self.parts)].value(n)

    def period(self) -> int:
        """Return a common period of all parts, times their number."""
        return len(self.parts) * math.lcm(*(part.period() for part in self.parts))


_Fit: TypeAlias = "_Progression | _Floor | _Cut | _Deal"


class _Cases:
    """The shown cases f(low), f(low + 1), … and the least trees for their progressions.

    A progression is `(start, step, count)`, with `start` counted from `low`.
    """

    def __init__(self, low: int, values: list[int]) -> None:
        self.low, self.values = low, values
        self._runs: dict[tuple[int, int], list[list[int]]] = {}
        self._sizes: dict[tuple[int, int, int], tuple[int, int]] = {}

    def least(self, start: int, step: int, count: int, budget: int) -> int:
        """Return the least size of a tree for a progression, or any number above `budget`."""
        if count == 1:
            return 1
        key = (start, step, count)
        done, size = self._sizes.get(key, (0, 0))
        if size and (size <= done or budget <= done):
            return size
        size = self._leaf(start, step, count)
        if size > 3 and budget >= 3:  # no tree with a node is smaller than 3
            size = min(size, self._split(start, step, count, min(size - 1, budget)))
        self._sizes[key] = (budget, size) if size > 2 else (size, size)
        return size

    def _split(self, start: int, step: int, count: int, budget: int) -> int:
        """Return the least size of a tree with a node at the root, or more than `budget`."""
        least = budget + 1
        for cut in range(1, count):
            parts = ((start, step, cut), (start + cut * step, step, count - cut))
            low = self.least(*parts[0], least - 3)
            if low > least - 3:
                break  # more cases never need a smaller tree
            least = min(least, 1 + low + self.least(*parts[1], least - 2 - low))
        for k in PERIODS[: max(0, min(count, least - 2) - 1)]:
            least = min(least, self._sum(_dealt(start, step, count, k), least - 1))
        return least

    def _sum(self, parts: list[tuple[int, int, int]], budget: int) -> int:
        """Return the least size of a node with these parts, or any number above `budget`."""
        total = 1
        for waiting, part in zip(range(len(parts) - 1, -1, -1), parts, strict=True):
            left = budget - total - waiting  # every part takes a number at least
            if left < 1:
                return budget + 1
            total += self.least(*part, left)
        return total

    def smallest(self) -> Iterator[_Fit]:
        """Yield every tree of least size for all cases; `least` must have found it."""
        return self._smallest(0, 1, len(self.values))

    def _smallest(self, start: int, step: int, count: int) -> Iterator[_Fit]:
        size = self.least(start, step, count, len(self.values))
        first = self.low + start
        if self._polynomial(start, step, count) == size:
            yield self._progression(start, step, count, size)
        if step == 1 and size == FLOOR_LEAF:
            yield from self._floors(start, count)
        if size < 3:
            return
        for cut in range(1, count):
            parts = [(start, step, cut), (start + cut * step, step, count - cut)]
            if self.least(*parts[0], size - 2) > size - 2:
                break
            if self._sum(parts, size) == size:
                for low, high in itertools.product(*(tuple(self._smallest(*p)) for p in parts)):
                    yield _Cut(first + cut * step, low, high)
        for k in PERIODS[: max(0, min(count, size - 1) - 1)]:
            dealt = _dealt(start, step, count, k)
            if self._sum(dealt, size) == size:
                for fits in itertools.product(*(tuple(self._smallest(*p)) for p in dealt)):
                    yield _Deal(first, step, fits)

    def _leaf(self, start: int, step: int, count: int) -> int:
        size = self._polynomial(start, step, count)
        if size > FLOOR_LEAF and step == 1 and next(self._floors(start, count), None):
            return FLOOR_LEAF
        return size

    def _polynomial(self, start: int, step: int, count: int) -> int:
        """Return the degree and one of the polynomial through a progression."""
        runs = self._zero_runs(start % step, step)
        position = start // step
        for size in range(1, count):
            if runs[size][position] >= count - size:
                return size
        return count

    def _zero_runs(self, residue: int, step: int) -> list[list[int]]:
        """Return how many differences of each order are 0 in a row, from each place on."""
        if (residue, step) not in self._runs:
            row, runs = self.values[residue::step], []
            while row:
                lengths = [0]
                for value in reversed(row):
                    lengths.append(0 if value else lengths[-1] + 1)
                runs.append(lengths[:0:-1])
                row = [b - a for a, b in itertools.pairwise(row)]
            self._runs[residue, step] = runs
        return self._runs[residue, step]

    def _progression(self, start: int, step: int, count: int, size: int) -> _Progression:
        row = self.values[start::step][:count]
        differences = []
        for _ in range(size):
            differences.append(row[0])
            row = [b - a for a, b in itertools.pairwise(row)]
        return _Progression(self.low + start, step, tuple(differences))

    def _floors(self, start: int, count: int) -> Iterator[_Floor]:
        """Yield the leaves with `//` and `%` that fit f(start) … and step in two ways."""
        row = self.values[start : start + count]
        steps = [b - a for a, b in itertools.pairwise(row)]
        if len(set(steps)) != 2:
            return
        origin = self.low + start
        for k in FLOOR_PERIODS:
            offset = -(origin + 1) % k  # of the first step to a multiple of k
            jumps, others = (
                set(steps[offset::k]),
                {s for i, s in enumerate(steps) if i % k != offset},
            )
            if len(jumps) == len(others) == 1:
                yield _Floor(k, origin, row[0], others.pop(), jumps.pop())


def _dealt(start: int, step: int, count: int, k: int) -> list[tuple[int, int, int]]:
    """Return a progression dealt out to k: every k-th member from the first, the second, …."""
    return [(start + i * step, step * k, (count - i + k - 1) // k) for i in range(k)]
