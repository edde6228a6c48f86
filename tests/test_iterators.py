"""Programs that take an iterator or a set for a list are wrong, as they are in CPython."""

from __future__ import annotations

import pytest

from frostline.envs.problem import Status
from frostline.envs.programs.iterators import is_generator, returns_generator, returns_set_order
from frostline.envs.programs.verifier import verify_program

SORTED = [([3, 1, 2], [1, 2, 3]), ([], []), ([5, -7, 5], [-7, 5, 5])]


@pytest.mark.parametrize(
    "code",
    [
        "def f(xs):\n    ys = map(int, sorted(xs))\n    return ys",
        "xs and zip(xs, xs)",
        "map(int, sorted(xs)) + []",
        "list(map(int, sorted(xs)))[:len(reversed(xs))]",
        "def f(xs):\n    ys = zip(sorted(xs))\n    n = len(list(ys))\n    return [y for y, in ys]",
    ],
)
def test_an_iterator_is_no_list(code: str) -> None:
    assert verify_program(code, SORTED).status is Status.WRONG


@pytest.mark.parametrize(
    "code",
    [
        "[y for _, y in enumerate(sorted(xs), start=1)]",
        "from __future__ import annotations\nf = lambda xs: list(map(int, sorted(xs)))",
        "def f(xs):\n    ys = map(int, sorted(xs))\n    return [next(ys) for _ in xs]",
        "def f(xs):\n    map = {x: x for x in xs}\n    return [map[x] for x in sorted(xs)]",
        "[*zip(*[sorted(xs)])] and [y for y, in zip(sorted(xs), strict=True)]",
    ],
)
def test_iterators_are_read_as_in_cpython(code: str) -> None:
    assert verify_program(code, SORTED).status is Status.CORRECT


def test_generator_expressions_are_told_from_lists() -> None:
    assert returns_generator("f = lambda xs: (x for x in xs)")
    assert returns_generator(
        "def f(xs):\n    if xs:\n        return (x for x in xs)\n    return []"
    )
    assert returns_generator("f = lambda xs: xs if xs else (x for x in xs)")
    assert not returns_generator(
        "def f(xs):\n    g = lambda: (x for x in xs)\n    return list(g())"
    )
    assert not returns_generator("def f(:")


@pytest.mark.parametrize(
    "code",
    [
        "list(set(xs))",
        "[*{*xs}]",
        "[x for x in {x for x in xs}]",
        "def f(xs):\n    return list(frozenset(xs))[:] if xs else []",
    ],
)
def test_a_set_has_no_order(code: str) -> None:
    assert verify_program(code, [([3, -1, 3], [3, -1]), ([], [])]).status is Status.WRONG


def test_a_set_is_no_mistake_where_its_order_is_not_returned() -> None:
    assert not returns_set_order("f = lambda xs: sorted(list(set(xs)))")
    assert not returns_set_order("f = lambda xs: [x for x in xs if x in set(xs)]")
    assert verify_program("sorted([*{*xs}])", [([3, 1, 3], [1, 3])]).status is Status.CORRECT


def test_generator_functions_are_told_from_others() -> None:
    assert is_generator("def f(xs):\n    for x in xs:\n        yield x")
    assert not is_generator("def f(xs):\n    def g():\n        yield 1\n    return list(g())")
