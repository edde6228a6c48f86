"""Inputs of small programs found by search, to check what `deduction_abduction` asks.

Runs the text of a program in CPython: our own text, never what a model wrote.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from ..problem import Value

NUMBERS = range(-20, 400)
ITEMS = range(-20, 80)


def defined(code: str) -> Callable[[Any], Value]:
    """Return the function `f` of a program."""
    space: dict[str, Any] = {}
    exec(code, space)
    found: Callable[[Any], Value] = space["f"]
    return found


def search_input(code: str, output: Value) -> Value:
    """Return an input on which `f` gives `output`, or None if none was found."""
    run = defined(code)
    takes_list = code.startswith("def f(xs)")
    for given in _lists(run, output) if takes_list else NUMBERS:
        if _safe(run, given) == output:
            return given
    return None


def _safe(run: Callable[[Any], Value], given: Any) -> Value:
    try:
        return run(given)
    except (IndexError, ValueError):  # such as the maximum of nothing
        return None


def _lists(run: Callable[[Any], Value], output: Any) -> Iterator[list[Any]]:
    """Yield lists that may give `output`."""
    if isinstance(output, list):
        single = {repr(_safe(run, [item])): item for item in ITEMS}
        parts = [single.get(repr([item])) for item in output]
        if None not in parts:
            yield parts
        for more in range(4):
            for pad in (0, max(output)):
                yield [pad] * more + output
                yield output[::-1] + [pad] * more
        yield from map(list, itertools.permutations(output))
        return
    for length in range(1, 7):
        for place, one, rest in itertools.product(range(length), ITEMS, ITEMS):
            yield [rest] * place + [one] + [rest] * (length - place - 1)
