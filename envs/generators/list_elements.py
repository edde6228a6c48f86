"""List steps that treat every element on its own: change it, or keep it or not.

See `list_steps` for what a tier is.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator

from .list_dsl import Step, each, keep

_NONE: Container[int] = ()


def tier_of(k: int, *, three: Container[int] = _NONE, two: Container[int] = _NONE) -> int:
    """Return the tier of the step with the constant `k`."""
    return 3 if k in three else 2 if k in two else 1


def signs(bound: int) -> list[int]:
    """Return 1, -1, 2, -2, … up to `bound`."""
    return [sign * size for size in range(1, bound + 1) for sign in (1, -1)]


def add_steps() -> Iterator[Step]:
    """Add a constant to every element."""
    for k in signs(150):
        tier = tier_of(k, three=(1, -1), two=(2, 3, 5, -2))
        yield each("add", f"x{k:+}", lambda x, k=k: x + k, tier)


def scale_steps() -> Iterator[Step]:
    """Multiply every element by a constant."""
    for k in (-1, *signs(150)[2:]):
        text = "-x" if k == -1 else f"x*{k}"
        yield each("scale", text, lambda x, k=k: x * k, tier_of(k, three=(2,), two=(-1, 3, 5)))


def keep_steps() -> Iterator[Step]:
    """Keep the elements that meet a condition."""
    for k in range(-3, 12):
        yield keep("keep", f"x > {k}", lambda x, k=k: x > k, tier_of(k, three=(3,), two=(0, 2, 5)))
        yield keep("keep", f"x < {k}", lambda x, k=k: x < k, tier_of(k, three=(5,), two=(4, 8)))
        yield keep("keep", f"x != {k}", lambda x, k=k: x != k, tier_of(k, two=(0, 1)))
    for m in range(2, 8):
        for r in range(m):
            tier = 3 if (m, r) in ((2, 0), (2, 1)) else 2 if (m, r) == (3, 0) else 1
            yield keep("keep", f"x%{m} == {r}", lambda x, m=m, r=r: x % m == r, tier)
            if m > 2:
                tier = 2 if (m, r) == (3, 0) else 1
                yield keep("keep", f"x%{m} != {r}", lambda x, m=m, r=r: x % m != r, tier)
    for a, b in itertools.combinations(range(-2, 10), 2):
        yield keep("keep", f"{a} <= x <= {b}", lambda x, a=a, b=b: a <= x <= b)
        yield keep("keep", f"not {a} <= x <= {b}", lambda x, a=a, b=b: not a <= x <= b)


def line_steps() -> Iterator[Step]:
    """Multiply by a constant and add one."""
    for a, b in itertools.product((2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3), signs(15)):
        tier = 3 if (a, b) == (2, 1) else 2 if (a, b) in ((3, 1), (2, -1), (-1, 9)) else 1
        text = f"{b}-x" if a == -1 else f"x*{a}{b:+}"
        yield each("line", text, lambda x, a=a, b=b: a * x + b, tier)


def power_steps() -> Iterator[Step]:
    """Squares, remainders, quotients and sizes."""
    yield each("power", "x*x", lambda x: x * x, 3)
    for b in signs(12):
        yield each("power", f"x*x{b:+}", lambda x, b=b: x * x + b)
        yield each("power", f"x*x{b:+}*x", lambda x, b=b: x * x + b * x)
    for m in range(2, 11):
        tier = tier_of(m, two=(2, 3))
        yield each("power", f"x%{m}", lambda x, m=m: x % m, tier)
        yield each("power", f"x//{m}", lambda x, m=m: x // m, tier_of(m, two=(2,)))
    for b in range(-9, 10):
        yield each("power", f"abs(x{b:+})" if b else "abs(x)", lambda x, b=b: abs(x + b))


def choose_steps() -> Iterator[Step]:
    """Change an element by a condition on it."""
    for k in range(-3, 12):
        two = tier_of(k, two=(5,))
        yield each("choose", f"max(x, {k})", lambda x, k=k: max(x, k), two)
        yield each("choose", f"min(x, {k})", lambda x, k=k: min(x, k), two)
        yield each("choose", f"x if x > {k} else 0", lambda x, k=k: x if x > k else 0)
        yield each("choose", f"x*2 if x > {k} else x", lambda x, k=k: x * 2 if x > k else x)
        yield each("choose", f"1 if x > {k} else 0", lambda x, k=k: int(x > k))
    for k in signs(12):
        tier = tier_of(k, two=(1,))
        text = f"x{k:+} if x%2 == 0 else x"
        yield each("choose", text, lambda x, k=k: x if x % 2 else x + k, tier)
        text = f"x{k:+} if x%2 == 1 else x"
        yield each("choose", text, lambda x, k=k: x + k if x % 2 else x)
    for k in (2, 3, 4, 5, 6, 7, 8, 9, -1, 0):
        tier = tier_of(k, three=(2,))
        text = f"x*{k} if x%2 == 0 else x" if k else "0 if x%2 == 0 else x"
        yield each("choose", text, lambda x, k=k: x if x % 2 else x * k, tier)
        text = f"x*{k} if x%2 == 1 else x" if k else "0 if x%2 == 1 else x"
        yield each("choose", text, lambda x, k=k: x * k if x % 2 else x)
    for a, b in itertools.product(range(10), range(10)):
        if a != b:
            yield each("choose", f"{b} if x == {a} else x", lambda x, a=a, b=b: b if x == a else x)
