"""The stock of list steps, by group, plain ones first.

A tier says in how long a pipeline a step may stand: 3 for the few that pipelines of three are made
of, 2 for those of pipelines of two, 1 for steps with any constant of their range. The smaller the
stock of a tier, the more certainly a few examples single out one function.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator

from .list_dsl import Function, Ints, Step
from .list_elements import (
    add_steps,
    choose_steps,
    keep_steps,
    line_steps,
    power_steps,
    scale_steps,
    signs,
    tier_of,
)


def _same() -> Iterator[Step]:
    """Identity and constants: no level asks for them, but they are programs that could fit."""
    yield Step("same", "xs", lambda xs: xs)
    yield Step("same", "[]", lambda xs: [])
    for k in range(-1, 4):
        yield Step("same", f"{k}", lambda xs, k=k: k, number=True)
        yield Step("same", f"[{k}]", lambda xs, k=k: [k])


def _put() -> Iterator[Step]:
    for k in range(-50, 100):
        yield Step("put", f"xs+[{k}]", lambda xs, k=k: [*xs, k], tier_of(k, two=(0, 1)))
        yield Step("put", f"[{k}]+xs", lambda xs, k=k: [k, *xs], tier_of(k, two=(0, 1)))
    for k in range(-9, 31):
        yield Step("put", f"xs[:1]+[{k}]+xs[1:]", lambda xs, k=k: [*xs[:1], k, *xs[1:]])


def _slice(start: int | None, stop: int | None, step: int | None = None, tier: int = 1) -> Step:
    ends = ["" if end is None else str(end) for end in (start, stop)]
    text = ":".join(ends) + ("" if step is None else f":{step}")
    part = slice(start, stop, step)
    return Step("cut", f"xs[{text}]", lambda xs: xs[part], tier)


def _cut() -> Iterator[Step]:
    for k in range(1, 8):
        yield _slice(None, k, tier=tier_of(k, three=(2, 3), two=(1, 4)))
        yield _slice(k, None, tier=tier_of(k, three=(1,), two=(2, 3)))
        yield _slice(-k, None, tier=tier_of(k, two=(1, 2, 3)))
        yield _slice(None, -k, tier=tier_of(k, three=(1,), two=(2,)))
    for k in range(2, 5):
        yield _slice(None, None, k, tier=tier_of(k, three=(2,), two=(3,)))
        yield _slice(None, None, -k)
        for start in range(1, 5):
            yield _slice(start, None, k, tier=2 if (start, k) == (1, 2) else 1)
            yield _slice(-start - 1, None, k)
    for start, stop in itertools.combinations(range(1, 9), 2):
        yield _slice(start, stop, tier=2 if (start, stop) == (1, 3) else 1)
        yield _slice(-stop, -start)
    for start, end in itertools.product(range(1, 6), range(1, 5)):
        yield _slice(start, -end, tier=2 if start == end == 1 else 1)
    for k in range(1, 7):
        yield _slice(k, None, -1)
        yield _slice(None, k, -1)
        yield _slice(None, -k - 1, -1)
    yield from _moved()


def _moved() -> Iterator[Step]:
    """Rotations, parts left out, and parts repeated, turned round or swapped."""
    for k in range(1, 6):
        tier = tier_of(k, two=(1,))
        yield Step("cut", f"xs[{k}:]+xs[:{k}]", lambda xs, k=k: xs[k:] + xs[:k], tier)
        yield Step("cut", f"xs[-{k}:]+xs[:-{k}]", lambda xs, k=k: xs[-k:] + xs[:-k], tier)
        yield Step("cut", f"xs[:{k}]+xs[{k}:][::-1]", lambda xs, k=k: xs[:k] + xs[k:][::-1])
        yield Step("cut", f"xs[:{k}][::-1]+xs[{k}:]", lambda xs, k=k: xs[:k][::-1] + xs[k:])
        yield Step("cut", f"xs[:{k}]+xs", lambda xs, k=k: xs[:k] + xs)
        yield Step("cut", f"xs+xs[:{k}]", lambda xs, k=k: xs + xs[:k])
        yield Step("cut", f"xs[-{k}:]+xs", lambda xs, k=k: xs[-k:] + xs)
    for a, b in itertools.product(range(1, 5), range(1, 5)):
        yield Step("cut", f"xs[:{a}]+xs[-{b}:]", lambda xs, a=a, b=b: xs[:a] + xs[-b:])
    for a, b in itertools.combinations(range(1, 8), 2):
        yield Step("cut", f"xs[:{a}]+xs[{b}:]", lambda xs, a=a, b=b: xs[:a] + xs[b:])
    for a, b in itertools.combinations(range(5), 2):
        yield Step(
            "cut",
            f"xs[:{a}]+xs[{b}:{b + 1}]+xs[{a + 1}:{b}]+xs[{a}:{a + 1}]+xs[{b + 1}:]",
            lambda xs, a=a, b=b: [
                *xs[:a],
                *xs[b : b + 1],
                *xs[a + 1 : b],
                *xs[a : a + 1],
                *xs[b + 1 :],
            ],
        )


def _order() -> Iterator[Step]:
    yield Step("order", "sorted(xs)", sorted, 3)
    yield Step("order", "xs[::-1]", lambda xs: xs[::-1], 3)
    yield Step("order", "sorted(xs, reverse=True)", lambda xs: sorted(xs, reverse=True), 2)
    yield Step("order", "list(dict.fromkeys(xs))", lambda xs: list(dict.fromkeys(xs)), 3)
    yield Step("order", "sorted(set(xs))", lambda xs: sorted(set(xs)), 2)
    yield Step("order", "sorted(xs, key=abs)", lambda xs: sorted(xs, key=abs), 2)


def _near() -> Iterator[Step]:
    """Steps on neighbours, positions, and all that comes before an element."""
    named: tuple[tuple[str, int, Function], ...] = (
        ("[b-a for a, b in zip(xs, xs[1:])]", 3, lambda xs: [b - a for a, b in _pairs(xs)]),
        ("[a+b for a, b in zip(xs, xs[1:])]", 3, lambda xs: [a + b for a, b in _pairs(xs)]),
        ("[a*b for a, b in zip(xs, xs[1:])]", 2, lambda xs: [a * b for a, b in _pairs(xs)]),
        ("[max(a, b) for a, b in zip(xs, xs[1:])]", 2, lambda xs: [max(p) for p in _pairs(xs)]),
        ("[min(a, b) for a, b in zip(xs, xs[1:])]", 2, lambda xs: [min(p) for p in _pairs(xs)]),
        (
            "[b for a, b in zip(xs, xs[1:]) if b > a]",
            2,
            lambda xs: [b for a, b in _pairs(xs) if b > a],
        ),
        (
            "[a for a, b in zip(xs, xs[1:]) if a > b]",
            2,
            lambda xs: [a for a, b in _pairs(xs) if a > b],
        ),
        ("[sum(xs[:i+1]) for i in range(len(xs))]", 3, lambda xs: list(itertools.accumulate(xs))),
        (
            "[max(xs[:i+1]) for i in range(len(xs))]",
            2,
            lambda xs: list(itertools.accumulate(xs, max)),
        ),
        ("[i*x for i, x in enumerate(xs)]", 3, lambda xs: [i * x for i, x in enumerate(xs)]),
        ("[x+i for i, x in enumerate(xs)]", 2, lambda xs: [x + i for i, x in enumerate(xs)]),
        ("[x-i for i, x in enumerate(xs)]", 2, lambda xs: [x - i for i, x in enumerate(xs)]),
        (
            "[x for i, x in enumerate(xs) if x > i]",
            2,
            lambda xs: [x for i, x in enumerate(xs) if x > i],
        ),
        (
            "[i for i, x in enumerate(xs) if x%2 == 0]",
            2,
            lambda xs: [i for i, x in enumerate(xs) if x % 2 == 0],
        ),
    )
    for text, tier, function in named:
        yield Step("near", text, function, tier)


def _pairs(xs: Ints) -> Iterator[tuple[int, int]]:
    return itertools.pairwise(xs)


def _self() -> Iterator[Step]:
    """Steps that hold an element against the list it stands in, or the list against itself."""
    named: tuple[tuple[str, int, Function], ...] = (
        ("[x for x in xs if x > xs[0]]", 3, lambda xs: [x for x in xs if x > xs[0]]),
        ("[x for x in xs if x < xs[0]]", 2, lambda xs: [x for x in xs if x < xs[0]]),
        ("[x for x in xs if x < max(xs)]", 2, lambda xs: [x for x in xs if x < max(xs)]),
        ("[x for x in xs if x != min(xs)]", 2, lambda xs: [x for x in xs if x > min(xs)]),
        (
            "[x for x in xs if x*len(xs) > sum(xs)]",
            2,
            lambda xs: [x for x in xs if x * len(xs) > sum(xs)],
        ),
        ("[x for x in xs if xs.count(x) == 1]", 2, lambda xs: [x for x in xs if xs.count(x) == 1]),
        ("[x for x in xs if xs.count(x) > 1]", 2, lambda xs: [x for x in xs if xs.count(x) > 1]),
        ("[xs.count(x) for x in xs]", 2, lambda xs: [xs.count(x) for x in xs]),
        ("[x-min(xs) for x in xs]", 3, lambda xs: [x - min(xs) for x in xs]),
        ("[x-xs[0] for x in xs]", 2, lambda xs: [x - xs[0] for x in xs]),
        ("[x+len(xs) for x in xs]", 2, lambda xs: [x + len(xs) for x in xs]),
        ("[max(xs)-x for x in xs]", 2, lambda xs: [max(xs) - x for x in xs]),
        ("xs+xs[::-1]", 2, lambda xs: xs + xs[::-1]),
        ("xs+[len(xs)]", 2, lambda xs: [*xs, len(xs)]),
        ("[sum(xs)]+xs", 2, lambda xs: [sum(xs), *xs]),
        (
            "[a+b for a, b in zip(xs, xs[::-1])]",
            2,
            lambda xs: [a + b for a, b in zip(xs, xs[::-1], strict=True)],
        ),
    )
    for text, tier, function in named:
        yield Step("self", text, function, tier)


# Numbers made of a list: text, tier, function.
_NUMBERS: tuple[tuple[str, int, Callable[..., int]], ...] = (
    ("sum(xs)", 3, sum),
    ("len(xs)", 3, len),
    ("max(xs, default=0)", 3, lambda xs: max(xs, default=0)),
    ("min(xs, default=0)", 3, lambda xs: min(xs, default=0)),
    ("len(set(xs))", 2, lambda xs: len(set(xs))),
    ("max(xs, default=0)-min(xs, default=0)", 2, lambda xs: max(xs) - min(xs) if xs else 0),
    ("xs[0] if xs else 0", 2, lambda xs: next(iter(xs), 0)),
    ("xs[-1] if xs else 0", 2, lambda xs: next(reversed(xs), 0)),
    ("sum(xs[1:])", 2, lambda xs: sum(xs[1:])),
    ("sum(xs)-max(xs, default=0)", 2, lambda xs: sum(xs) - max(xs, default=0)),
)


def _number() -> Iterator[Step]:
    for text, tier, function in _NUMBERS:
        yield Step("number", text, function, tier, number=True)
    for (text, _, function), k in itertools.product(_NUMBERS[:6], signs(20)):
        shifted = f"{text}{k:+}"
        yield Step("number", shifted, lambda xs, g=function, k=k: g(xs) + k, number=True)
    for (text, _, function), k in itertools.product(_NUMBERS[:4], range(2, 7)):
        yield Step("number", f"{text}*{k}", lambda xs, g=function, k=k: g(xs) * k, number=True)
    for k in range(10):
        tier = tier_of(k, two=(0, 1))
        yield Step("number", f"xs.count({k})", lambda xs, k=k: xs.count(k), tier, number=True)


@functools.cache
def stock(tier: int = 1) -> tuple[Step, ...]:
    """Return the steps of which pipelines of `tier` steps are made, in a fixed order."""
    groups = (_same, add_steps, _put, scale_steps, _cut, keep_steps, _number, line_steps,
              power_steps, choose_steps, _order, _near, _self)  # fmt: skip
    return tuple(step for group in groups for step in group() if step.tier >= tier)
