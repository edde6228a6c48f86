"""Expressions over given numbers: spellings of one, and expressions just beside it.

The trees are read from the reference by Python's own parser, and worth what Fractions say.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

from .sample import Sample, Sampler

Tree: TypeAlias = "int | tuple[str, Tree, Tree]"  # a number, or an operation

_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_TIES = {"+": 1, "-": 1, "*": 2, "/": 2}  # how tightly each operation binds


def numbers_of(tree: Tree) -> list[int]:
    """Return the numbers of a tree from left to right."""
    return [tree] if isinstance(tree, int) else numbers_of(tree[1]) + numbers_of(tree[2])


def value_of(tree: Tree) -> Fraction:
    """Return what a tree is worth; ZeroDivisionError if it divides by zero."""
    if isinstance(tree, int):
        return Fraction(tree)
    sign, a, b = tree[0], value_of(tree[1]), value_of(tree[2])
    return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[sign]()


def written(tree: Tree) -> str:
    """Return a tree as a person writes it: with the brackets that it needs.

    >>> written(("*", ("+", 3, 4), 5))
    '(3 + 4)*5'
    """
    if isinstance(tree, int):
        return str(tree)
    sign, left, right = tree
    first, second = written(left), written(right)
    if not isinstance(left, int) and _TIES[left[0]] < _TIES[sign]:
        first = f"({first})"
    # a - (b + c), a/(b*c): the same precedence still needs brackets on the right of - and /
    limit = _TIES[sign] + (sign in "-/")
    if not isinstance(right, int) and _TIES[right[0]] < limit:
        second = f"({second})"
    return f"{first} {sign} {second}" if sign in "+-" else f"{first}{sign}{second}"


def _in_brackets(tree: Tree) -> str:
    """Return a tree with brackets around every operation."""
    if isinstance(tree, int):
        return str(tree)
    return f"({_in_brackets(tree[1])}{tree[0]}{_in_brackets(tree[2])})"


def _as_fractions(tree: Tree) -> str:
    r"""Return a tree in LaTeX, with `\frac` and `\times`."""
    if isinstance(tree, int):
        return str(tree)
    first, second = _as_fractions(tree[1]), _as_fractions(tree[2])
    if tree[0] == "/":
        return f"\\frac{{{first}}}{{{second}}}"
    sign = "\\times " if tree[0] == "*" else tree[0]
    return f"\\left({first}{sign}{second}\\right)"


def commuted(tree: Tree) -> Tree:
    """Return a tree with the operands of every sum and product exchanged."""
    if isinstance(tree, int):
        return tree
    left, right = commuted(tree[1]), commuted(tree[2])
    return (tree[0], right, left) if tree[0] in "+*" else (tree[0], left, right)


def tree_of(text: str) -> Tree:
    """Return the tree of an expression in plain ASCII; ValueError for any other text."""
    return _tree(ast.parse(text, mode="eval").body)


def _tree(node: ast.expr) -> Tree:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        return _SIGNS[type(node.op)], _tree(node.left), _tree(node.right)
    raise ValueError(f"not an expression over numbers: {ast.unparse(node)}")


def _sample(tree: Tree) -> Sample:
    value = value_of(tree)
    return Sample("expr", (tuple(sorted(numbers_of(tree))), value), written(tree))


def _draw(rng: random.Random) -> Sample:
    while True:
        numbers = [rng.randint(1, 99) for _ in range(rng.randint(2, 5))]
        tree = _random_tree(numbers, rng)
        try:
            return _sample(tree)
        except ZeroDivisionError:
            continue


def _random_tree(numbers: list[int], rng: random.Random) -> Tree:
    if len(numbers) == 1:
        return numbers[0]
    cut = rng.randint(1, len(numbers) - 1)
    left, right = _random_tree(numbers[:cut], rng), _random_tree(numbers[cut:], rng)
    return rng.choice("+-*/"), left, right


def _spellings(sample: Sample) -> list[str]:
    tree, text = tree_of(sample.gold), sample.gold
    target = value_of(tree)
    found = [
        text,
        text.replace(" ", ""),
        f"({text})",
        f"[ {text} ]",
        written(commuted(tree)),
        _in_brackets(tree),
        _in_brackets(commuted(tree)),
        _as_fractions(tree),
        text.replace("*", "×").replace("/", "÷").replace("-", "\u2212"),
        text.replace("*", " \\cdot ").replace("/", " \\div "),
        text.replace("*", "·").replace("-", "–"),
        text.replace("(", "\\left(").replace(")", "\\right)").replace("*", " \\times "),
    ]
    if target.denominator == 1:
        found += [f"{text} = {target}", f"{target} = {text}", f"{_as_fractions(tree)}={target}"]
        found += [f"{text} = {target}".replace("-", "\u2212")]
    return list(dict.fromkeys(found))


def _near_misses(sample: Sample) -> list[Sample]:
    tree, found = tree_of(sample.gold), []
    for other in _beside(tree):
        try:
            near = _sample(other)
        except ZeroDivisionError:
            continue
        if near.value != sample.value:
            found.append(near)
    return list(dict.fromkeys(found))


def _beside(tree: Tree) -> Iterator[Tree]:
    """Yield trees that differ in one operator, in one number, or by one number."""
    if isinstance(tree, int):
        yield tree + 1
        yield ("+", tree, tree)
        return
    sign, left, right = tree
    for other in "+-*/":
        if other != sign:
            yield (other, left, right)
    if sign in "-/":
        yield (sign, right, left)
    yield left
    yield right
    yield from ((sign, other, right) for other in _beside(left))
    yield from ((sign, left, other) for other in _beside(right))


def _wrong_forms(sample: Sample) -> list[str]:
    tree, text = tree_of(sample.gold), sample.gold
    numbers, target = numbers_of(tree), value_of(tree)
    first = numbers[0]
    return [
        str(target.numerator),
        f"{target} = {target}",
        f"{text} + {first} - {first}",
        f"({text})*{first}/{first}",
        f"({text})*1",
        f"{text} + 0",
        f"({text})^1",
        f"({text})**1",
        f"-(-({text}))",
        f"+{text}",
        f"0{text}",
        f"({text})!/1",
        f"{text} = {target + 1}",
        f"{text} = {text}",
        f"{text} = {target} = {target}",
        f"{text}, {text}",
        text.replace(str(first), f"{first}.0", 1),
        f"({text}",
        f"n = {text}",
    ]


def _read(gold: str) -> Sample:
    return _sample(tree_of(gold))


SAMPLERS = (Sampler("expr", _draw, _spellings, _near_misses, _wrong_forms, _read),)
