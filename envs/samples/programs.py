"""Small reference programs as trees, the shapes they may be written in, and their mutants.

Their values are computed here, by no interpreter: it is what the verifier of programs is checked
against.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Tree: TypeAlias = "str | int | tuple[str, Tree, Tree]"  # "n", a constant, or an operation
HIDDEN_INPUTS = (0, 1, -1, 2, 5, -7, 12, 100, -(10**5), 10**6)
_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def program_text(tree: Tree) -> str:
    """Return a program as a Python expression."""
    if isinstance(tree, tuple):
        return f"({program_text(tree[1])} {tree[0]} {program_text(tree[2])})"
    return str(tree)


def program_value(tree: Tree, n: int) -> int:
    """Return the value of a program at `n`, computed without any interpreter."""
    if isinstance(tree, tuple):
        return _OPERATIONS[tree[0]](program_value(tree[1], n), program_value(tree[2], n))
    return n if isinstance(tree, str) else tree


def mutants(tree: Tree) -> list[Tree]:
    """Return programs that differ in one place: a constant by 1, or an operator."""
    if isinstance(tree, int):
        return [tree + 1, "n"]
    if isinstance(tree, str):
        return [("+", "n", 1), 0]
    operation, left, right = tree
    swapped: Tree = ({"+": "-", "-": "+", "*": "+", "//": "%", "%": "//"}[operation], left, right)
    lefts: list[Tree] = [(operation, other, right) for other in mutants(left)]
    rights: list[Tree] = [(operation, left, other) for other in mutants(right) if other != 0]
    return [swapped, *lefts, *(t for t in rights if operation in "+-*")]


def program_renderings(tree: Tree) -> list[str]:
    """Return the accepted shapes of one program."""
    text = program_text(tree)
    return [
        text,
        f"{text}  # in n",
        f"lambda n: {text}",
        f"f = lambda n: {text}",
        f"def f(n):\n    return {text}",
        f"def f(n):\n    print(n, 'CORRECT')\n    value = {text}\n    return value",
        f"```python\n{text}\n```",
    ]
