"""Finds a program for examples of a list function by brute force: the audit's second way.

It shares nothing with the generator, the certificate and their steps: it reads the examples from
the question's text, writes candidate programs as text, and lets CPython run them. Only text of this
file is ever evaluated. Where the certificate holds, the first program that fits is right.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

_EXAMPLE = re.compile(r"f\((\[[-0-9, ]*\])\)=(\[[-0-9, ]*\]|-?[0-9]+)")

Constants = Iterable[tuple[int, ...]]


class _Row(NamedTuple):
    """Programs of one shape.

    Attributes:
        text: an expression in xs with {0}, {1} for constants.
        one: the constants with which it is a program of its own.
        two: those with which it may be part of a program of two steps.
        three: those with which it may be part of a program of three steps.
    """

    text: str
    one: Constants = ((),)
    two: Constants = ()
    three: Constants = ()


def _ones(*numbers: int) -> Constants:
    return [(number,) for number in numbers]


def _span(low: int, high: int) -> Constants:
    return [(number,) for number in range(low, high + 1)]


_BARE: Constants = ((),)
_NUMBER_PARTS = ("sum(xs)", "len(xs)", "(max(xs) if xs else 0)", "(min(xs) if xs else 0)",
                 "len(set(xs))", "(max(xs) - min(xs) if xs else 0)")  # fmt: skip
_ELEMENTS = (
    _Row("x + {0}", _span(-150, 150), _ones(1, -1, 2, -2, 3, 5), _ones(1, -1)),
    _Row("x * {0}", [*_span(-150, -1), *_span(1, 150)], _ones(2, -1, 3, 5), _ones(2)),
    _Row("{0} * x + {1}", product((-3, -2, *range(2, 10)), range(-15, 16)),
         [(2, 1), (3, 1), (2, -1)], [(2, 1)]),
    _Row("{0} - x", _span(-15, 15), _ones(9)),
    _Row("x**2", _BARE, _BARE, _BARE),
    _Row("x**2 + {0}", _span(-12, 12)),
    _Row("x * (x + {0})", _span(-12, 12)),
    _Row("x % {0}", _span(2, 10), _ones(2, 3)),
    _Row("x // {0}", _span(2, 10), _ones(2)),
    _Row("abs(x + {0})", _span(-9, 9)),
    _Row("{0} if x < {0} else x", _span(-3, 11), _ones(5)),
    _Row("{0} if x > {0} else x", _span(-3, 11), _ones(5)),
    _Row("(x > {0}) * x", _span(-3, 11)),
    _Row("x + x * (x > {0})", _span(-3, 11)),
    _Row("+(x > {0})", _span(-3, 11)),
    _Row("x + {0} * (1 - x % 2)", _span(-12, 12), _ones(1)),
    _Row("x + {0} * (x % 2)", _span(-12, 12)),
    _Row("x if x % 2 else {0} * x", _span(-1, 9), _ones(2), _ones(2)),
    _Row("{0} * x if x % 2 else x", _span(-1, 9)),
    _Row("{1} if x == {0} else x", product(range(10), range(10))),
)  # fmt: skip
_TESTS = (
    _Row("x > {0}", _span(-3, 11), _ones(0, 2, 3, 5), _ones(3)),
    _Row("x < {0}", _span(-3, 11), _ones(4, 5, 8), _ones(5)),
    _Row("x != {0}", _span(-3, 11), _ones(0, 1)),
    _Row("x % {0} == {1}", [(m, r) for m in range(2, 8) for r in range(m)],
         [(2, 0), (2, 1), (3, 0)], [(2, 0), (2, 1)]),
    _Row("x % {0} != {1}", [(m, r) for m in range(3, 8) for r in range(m)], [(3, 0)]),
    _Row("{0} <= x <= {1}", combinations(range(-2, 10), 2)),
    _Row("x < {0} or x > {1}", combinations(range(-2, 10), 2)),
)  # fmt: skip
_CUTS = (
    _Row("xs[:{0}]", _span(-7, 7), _ones(1, 2, 3, 4, -1, -2), _ones(2, 3, -1)),
    _Row("xs[{0}:]", _span(-7, 7), _ones(1, 2, 3, -1, -2, -3), _ones(1)),
    _Row("xs[::{0}]", _ones(2, 3, 4, -2, -3, -4), _ones(2, 3), _ones(2)),
    _Row("xs[{0}::{1}]", product(range(1, 5), range(2, 5)), [(1, 2)]),
    _Row("xs[-{0}::{1}]", product(range(2, 6), range(2, 5))),
    _Row("xs[{0}:{1}]", combinations(range(1, 9), 2), [(1, 3)]),
    _Row("xs[-{1}:-{0}]", combinations(range(1, 9), 2)),
    _Row("xs[{0}:-{1}]", product(range(1, 6), range(1, 5)), [(1, 1)]),
    _Row("xs[{0}::-1]", _span(1, 6)),
    _Row("xs[:{0}:-1]", [*_span(1, 6), *_span(-7, -2)]),
    _Row("xs[{0}:] + xs[:{0}]", [*_span(1, 5), *_span(-5, -1)], _ones(1, -1)),
    _Row("xs[:{0}] + list(reversed(xs[{0}:]))", _span(1, 5)),
    _Row("list(reversed(xs[:{0}])) + xs[{0}:]", _span(1, 5)),
    _Row("xs[:{0}] + xs", _span(1, 5)),
    _Row("xs[-{0}:] + xs", _span(1, 5)),
    _Row("xs + xs[:{0}]", _span(1, 5)),
    _Row("xs[:{0}] + xs[-{1}:]", product(range(1, 5), range(1, 5))),
    _Row("xs[:{0}] + xs[{1}:]", combinations(range(1, 8), 2)),
    _Row("(lambda a, b: xs[:a] + xs[b:][:1] + xs[a:b][1:] + xs[a:][:1] + xs[b:][1:])({0}, {1})",
         combinations(range(5), 2)),
)  # fmt: skip
_WHOLES = (
    _Row("xs + [{0}]", _span(-50, 99), _ones(0, 1)),
    _Row("[{0}] + xs", _span(-50, 99), _ones(0, 1)),
    _Row("xs[:1] + [{0}] + xs[1:]", _span(-9, 30)),
    _Row("sorted(xs)", _BARE, _BARE, _BARE),
    _Row("list(reversed(xs))", _BARE, _BARE, _BARE),
    _Row("[x for i, x in enumerate(xs) if xs.index(x) == i]", _BARE, _BARE, _BARE),
    _Row("sorted(xs)[::-1]", _BARE, _BARE),
    _Row("sorted(set(xs))", _BARE, _BARE),
    _Row("sorted(xs, key=lambda x: x * x)", _BARE, _BARE),
    _Row("[xs[i + 1] - xs[i] for i in range(len(xs) - 1)]", _BARE, _BARE, _BARE),
    _Row("[xs[i + 1] + xs[i] for i in range(len(xs) - 1)]", _BARE, _BARE, _BARE),
    _Row("[xs[i + 1] * xs[i] for i in range(len(xs) - 1)]", _BARE, _BARE),
    _Row("[max(xs[i:i + 2]) for i in range(len(xs) - 1)]", _BARE, _BARE),
    _Row("[min(xs[i:i + 2]) for i in range(len(xs) - 1)]", _BARE, _BARE),
    _Row("[xs[i] for i in range(1, len(xs)) if xs[i] > xs[i - 1]]", _BARE, _BARE),
    _Row("[xs[i] for i in range(len(xs) - 1) if xs[i] > xs[i + 1]]", _BARE, _BARE),
    _Row("[sum(xs[:i]) for i in range(1, len(xs) + 1)]", _BARE, _BARE, _BARE),
    _Row("[max(xs[:i]) for i in range(1, len(xs) + 1)]", _BARE, _BARE),
    _Row("[i * xs[i] for i in range(len(xs))]", _BARE, _BARE, _BARE),
    _Row("[i + xs[i] for i in range(len(xs))]", _BARE, _BARE),
    _Row("[xs[i] - i for i in range(len(xs))]", _BARE, _BARE),
    _Row("[xs[i] for i in range(len(xs)) if xs[i] > i]", _BARE, _BARE),
    _Row("[i for i in range(len(xs)) if not xs[i] % 2]", _BARE, _BARE),
    _Row("[x for x in xs if xs[0] < x]", _BARE, _BARE, _BARE),
    _Row("[x for x in xs if xs[0] > x]", _BARE, _BARE),
    _Row("[x for x in xs if x != max(xs)]", _BARE, _BARE),
    _Row("[x for x in xs if x != min(xs)]", _BARE, _BARE),
    _Row("[x for x in xs if x > sum(xs) / len(xs)]", _BARE, _BARE),
    _Row("[x for x in xs if xs.count(x) < 2]", _BARE, _BARE),
    _Row("[x for x in xs if xs.count(x) > 1]", _BARE, _BARE),
    _Row("[xs.count(x) for x in xs]", _BARE, _BARE),
    _Row("[x - min(xs) for x in xs]", _BARE, _BARE, _BARE),
    _Row("[x - xs[0] for x in xs]", _BARE, _BARE),
    _Row("[x + len(xs) for x in xs]", _BARE, _BARE),
    _Row("[max(xs) - x for x in xs]", _BARE, _BARE),
    _Row("xs + list(reversed(xs))", _BARE, _BARE),
    _Row("xs + [len(xs)]", _BARE, _BARE),
    _Row("[sum(xs)] + xs", _BARE, _BARE),
    _Row("[xs[i] + xs[-1 - i] for i in range(len(xs))]", _BARE, _BARE),
)
_NUMBERS = (
    *[_Row(part, _BARE, _BARE, _BARE if i < 4 else ()) for i, part in enumerate(_NUMBER_PARTS)],
    *[_Row(part + " + {0}", _span(-20, 20)) for part in _NUMBER_PARTS],
    *[_Row(part + " * {0}", _span(2, 6)) for part in _NUMBER_PARTS[:4]],
    _Row("(xs + [0])[0]", _BARE, _BARE),
    _Row("([0] + xs)[-1]", _BARE, _BARE),
    _Row("sum(xs[1:])", _BARE, _BARE),
    _Row("sum(sorted(xs)[:-1])", _BARE, _BARE),
    _Row("xs.count({0})", _span(0, 9), _ones(0, 1)),
)


class _Candidate(NamedTuple):
    text: str
    function: Callable[[list[int]], Any]


@functools.cache
def _candidates(steps: int) -> tuple[_Candidate, ...]:
    """Return the parts of which programs of `steps` steps are made."""
    each = [row._replace(text=f"[{row.text} for x in xs]") for row in _ELEMENTS]
    tests = [row._replace(text=f"[x for x in xs if {row.text}]") for row in _TESTS]
    texts = [
        row.text.format(*constants)
        for row in (*each, *tests, *_CUTS, *_WHOLES, *_NUMBERS)
        for constants in (row.one, row.two, row.three)[steps - 1]
    ]
    return tuple(_Candidate(text, eval(f"lambda xs: {text}")) for text in texts)


def program_for(question: str) -> str | None:
    """Return a program of one to three steps for the examples in a question, or None.

    >>> program_for("f([4, 7])=[7, 10], f([1])=[4], f([2, 0, 2])=[5, 3, 5]. Write f(xs).")
    '[x + 3 for x in xs]'
    """
    pairs = [(ast.literal_eval(a), ast.literal_eval(b)) for a, b in _EXAMPLE.findall(question)]
    inputs, outputs = [list(side) for side in zip(*pairs, strict=True)]
    for steps in (1, 2, 3):
        found = _search(steps, inputs, outputs)
        if found is not None:
            return found
    return None


def _search(steps: int, inputs: list[Any], outputs: list[Any]) -> str | None:
    """Return a program of so many steps, from the lists that its beginnings can reach."""
    parts = _candidates(steps)
    reached = {repr(inputs): ("xs", inputs)}
    for _ in range(steps - 1):
        further: dict[str, tuple[str, Any]] = {}
        for text, lists in reached.values():
            for part in parts:
                made = [part.function(xs) for xs in lists]
                if isinstance(made[0], list):
                    further.setdefault(repr(made), (_applied(part, text), made))
        reached = further
    for text, lists in reached.values():
        for part in parts:
            if _fits(part, lists, outputs):
                return _applied(part, text)
    return None


def _fits(part: _Candidate, lists: Sequence[list[int]], outputs: Sequence[Any]) -> bool:
    return all(part.function(xs) == out for xs, out in zip(lists, outputs, strict=True))


def _applied(part: _Candidate, text: str) -> str:
    return part.text if text == "xs" else f"(lambda ys: {part.text.replace('xs', 'ys')})({text})"
