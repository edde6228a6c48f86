"""Piecewise functions of an int as decision trees: thresholds, remainders, polynomials."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

from ..generators.exact import render, trim


class Leaf(NamedTuple):
    """The polynomial `(c0 + c1*n + c2*n*n) // divisor`.

    The division must leave nothing over wherever the leaf is asked.

    Attributes:
        c0: constant.
        c1: coefficient of n.
        c2: coefficient of n*n.
        divisor: what the sum is divided by.
    """

    c0: int = 0
    c1: int = 0
    c2: int = 0
    divisor: int = 1

    def value(self, n: int) -> int:
        """Return the polynomial at `n`."""
        return (self.c0 + self.c1 * n + self.c2 * n * n) // self.divisor

    def program(self) -> str:
        """Return the leaf as a Python expression.

        >>> Leaf(1, 3).program(), Leaf(-1, 1, divisor=2).program()
        ('3*n+1', '(n-1)//2')
        """
        text = render(trim((self.c0, self.c1, self.c2)), "n", power="*", space="")
        if self.divisor == 1:
            return text
        return f"({text})//{self.divisor}" if self.c0 else f"{text}//{self.divisor}"


class Below(NamedTuple):
    """The function `low` where n < t, else `high`."""

    t: int
    low: Tree
    high: Tree

    def value(self, n: int) -> int:
        """Return the function at `n`."""
        return (self.low if n < self.t else self.high).value(n)

    def program(self) -> str:
        """Return the function as a conditional expression.

        >>> Below(4, Leaf(3), Below(9, Leaf(0, 1), Leaf(1))).program()
        '3 if n<4 else n if n<9 else 1'
        """
        return f"{_inner(self.low)} if n<{self.t} else {self.high.program()}"


class Residues(NamedTuple):
    """The function `parts[n % len(parts)]`."""

    parts: tuple[Tree, ...]

    def value(self, n: int) -> int:
        """Return the function at `n`."""
        return self.parts[n % len(self.parts)].value(n)

    def program(self) -> str:
        """Return the function as a chain of conditional expressions.

        >>> Residues((Leaf(0, 1), Leaf(1))).program()
        'n if n%2==0 else 1'
        """
        k = len(self.parts)
        *first, last = self.parts
        guards = [f"{_inner(part)} if n%{k}=={i} else " for i, part in enumerate(first)]
        return "".join(guards) + last.program()


Tree: TypeAlias = "Leaf | Below | Residues"


def _inner(tree: Tree) -> str:
    """Return a program that may stand before an `if`."""
    return tree.program() if isinstance(tree, Leaf) else f"({tree.program()})"


def period(tree: Tree) -> int:
    """Return a number after which the residues that `tree` asks for repeat."""
    if isinstance(tree, Leaf):
        return 1
    if isinstance(tree, Below):
        return math.lcm(period(tree.low), period(tree.high))
    return math.lcm(len(tree.parts), *map(period, tree.parts))


def thresholds(tree: Tree) -> list[int]:
    """Return every threshold of `tree`, in the order of the program."""
    if isinstance(tree, Leaf):
        return []
    if isinstance(tree, Below):
        return [tree.t, *thresholds(tree.low), *thresholds(tree.high)]
    return [t for part in tree.parts for t in thresholds(part)]


def numbers(tree: Tree) -> int:
    """Return how many numbers `tree` is written with: thresholds, moduli and coefficients.

    >>> numbers(Below(4, Leaf(3), Residues((Leaf(0, 1), Leaf(1)))))
    6
    """
    if isinstance(tree, Leaf):
        return 3 if tree.c2 else 2 if tree.c1 else 1
    parts = tree.parts if isinstance(tree, Residues) else (tree.low, tree.high)
    return 1 + sum(map(numbers, parts))
