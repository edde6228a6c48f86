"""The small programs of `deduction_abduction`: their text, their function, an input for them.

Each function below draws constants and returns the text that is shown, and the same function as
Python code of ours, so that nothing is compiled while problems are drawn.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from ..problem import Value
from ..streams import randint


class Drawn(NamedTuple):
    """A program with an input.

    Attributes:
        code: module text that defines `f`.
        run: the same function.
        given: what `f` is called on.
    """

    code: str
    run: Callable[[Any], Value]
    given: Value


Template: TypeAlias = Callable[[random.Random], Drawn]

_LETTERS = "abcdefghkmnpqrstuvwxyz"  # without those that look like digits


def _define(parameter: str, *lines: str) -> str:
    """Return the definition of `f` with these lines as its body, on one line if there is one."""
    if len(lines) == 1:
        return f"def f({parameter}): {lines[0]}"
    return "\n".join((f"def f({parameter}):", *(f"    {line}" for line in lines)))


def _numbers(rng: random.Random, low: int, high: int) -> list[Any]:
    """Return four to six numbers of a range; some may come twice."""
    return [randint(rng, low, high) for _ in range(randint(rng, 4, 6))]


def one_operation(rng: random.Random) -> Drawn:
    """Return a sum or a difference of `n` and a constant."""
    b, n = randint(rng, 2, 60), randint(rng, 4, 60)
    form = randint(rng, 0, 2)
    if form == 0:
        return Drawn(_define("n", f"return n + {b}"), lambda n: n + b, n)
    if form == 1:
        return Drawn(_define("n", f"return n - {b}"), lambda n: n - b, n)
    return Drawn(_define("n", f"return {b} - n"), lambda n: b - n, n)


def two_operations(rng: random.Random) -> Drawn:
    """Return a multiple of `n` and a constant beside it."""
    a, b, n = randint(rng, 2, 9), randint(rng, 1, 30), randint(rng, 4, 52)
    form = randint(rng, 0, 2)
    if form == 0:
        return Drawn(_define("n", f"return {a}*n + {b}"), lambda n: a * n + b, n)
    if form == 1:
        return Drawn(_define("n", f"return {b} - {a}*n"), lambda n: b - a * n, n)
    return Drawn(_define("n", f"return {a}*(n + {b})"), lambda n: a * (n + b), n)


def remainder(rng: random.Random) -> Drawn:
    """Return quotient and remainder of one division, put together."""
    k, a, n = randint(rng, 3, 9), randint(rng, 11, 30), randint(rng, 11, 120)
    if randint(rng, 0, 1):
        return Drawn(_define("n", f"return {a}*(n % {k}) + n // {k}"),
                     lambda n: a * (n % k) + n // k, n)  # fmt: skip
    return Drawn(_define("n", f"return {a}*(n // {k}) - n % {k}"),
                 lambda n: a * (n // k) - n % k, n)  # fmt: skip


def branch(rng: random.Random) -> Drawn:
    """Return one line of `n` or another, by a comparison or a remainder."""
    a, c = randint(rng, 2, 9), randint(rng, 2, 9)
    b, d = randint(rng, 1, 30), randint(rng, 1, 30)
    n = randint(rng, 4, 60)
    body = (f"    return {a}*n + {b}", f"return {c}*n - {d}")
    if randint(rng, 0, 1):
        t = randint(rng, 15, 50)
        return Drawn(_define("n", f"if n > {t}:", *body),
                     lambda n: a * n + b if n > t else c * n - d, n)  # fmt: skip
    k = randint(rng, 2, 4)
    r = randint(rng, 0, k - 1)
    return Drawn(_define("n", f"if n % {k} == {r}:", *body),
                 lambda n: a * n + b if n % k == r else c * n - d, n)  # fmt: skip


def _for_loop(start: int, add: str, run: Callable[[int], int], n: int) -> Drawn:
    lines = (f"s = {start}", "for i in range(n):", f"    {add}", "return s")
    return Drawn(_define("n", *lines), run, n)


def for_loop(rng: random.Random) -> Drawn:
    """Return a sum that a `for` loop adds up."""
    a, b, n = randint(rng, 2, 9), randint(rng, 1, 30), randint(rng, 4, 48)
    form = randint(rng, 0, 2)
    if form == 0:
        return _for_loop(b, f"s += {a}*i", lambda n: b + a * sum(range(n)), n)
    if form == 1:
        return _for_loop(b, f"s += i*i + {a}", lambda n: b + sum(i * i + a for i in range(n)), n)
    k = randint(rng, 2, 5)
    return _for_loop(b, f"s += {a} + i % {k}", lambda n: b + sum(a + i % k for i in range(n)), n)


def while_loop(rng: random.Random) -> Drawn:
    """Return what a `while` loop collects while `n` shrinks to nothing."""
    k, a, n = randint(rng, 3, 9), randint(rng, 2, 9), randint(rng, 11, 120)
    if randint(rng, 0, 1):
        add, shrink = f"s = {a}*s + n % {k}", f"n //= {k}"
    else:
        add, shrink = f"s += n + {a}", f"n -= {k}"
    divides = shrink.startswith("n //")

    def run(n: int) -> int:
        s = 0
        while n > 0:
            s, n = (a * s + n % k, n // k) if divides else (s + n + a, n - k)
        return s

    lines = ("s = 0", "while n > 0:", f"    {add}", f"    {shrink}", "return s")
    return Drawn(_define("n", *lines), run, n)


def indexing(rng: random.Random) -> Drawn:
    """Return items or a slice of a list."""
    xs = _numbers(rng, 1, 40)
    form = randint(rng, 0, 3)
    i, a = randint(rng, 1, 2), randint(rng, 2, 9)
    if form == 0:
        return Drawn(_define("xs", f"return {a}*xs[{i}] - xs[-1]"),
                     lambda xs: a * xs[i] - xs[-1], xs)  # fmt: skip
    if form == 1:
        return Drawn(_define("xs", f"return sum(xs[{i}:]) + {a}*xs[0]"),
                     lambda xs: sum(xs[i:]) + a * xs[0], xs)  # fmt: skip
    if form == 2:
        return Drawn(_define("xs", f"return xs[{i}:] + xs[:{i}]"),
                     lambda xs: xs[i:] + xs[:i], xs)  # fmt: skip
    return Drawn(_define("xs", f"return xs[::-1][{i}:]"), lambda xs: xs[::-1][i:], xs)


def comprehension(rng: random.Random) -> Drawn:
    """Return what a list comprehension makes of the items that pass its test."""
    xs = _numbers(rng, 1, 40)
    a, b = randint(rng, 2, 5), randint(rng, 1, 20)
    made = f"return [{a}*x + {b} for x in xs if"
    form = randint(rng, 0, 2)
    if form == 0:
        t = randint(rng, 5, 20)
        return Drawn(_define("xs", f"{made} x > {t}]"),
                     lambda xs: [a * x + b for x in xs if x > t], xs)  # fmt: skip
    if form == 1:
        t = randint(rng, 20, 36)
        return Drawn(_define("xs", f"{made} x < {t}]"),
                     lambda xs: [a * x + b for x in xs if x < t], xs)  # fmt: skip
    k = randint(rng, 2, 4)
    return Drawn(_define("xs", f"{made} x % {k} != 0]"),
                 lambda xs: [a * x + b for x in xs if x % k], xs)  # fmt: skip


def sorting(rng: random.Random) -> Drawn:
    """Return what is left of a list that is sorted or rid of what comes twice."""
    xs = _numbers(rng, 1, 40)
    xs.insert(randint(rng, 0, len(xs)), xs[randint(rng, 0, len(xs) - 1)])
    form = randint(rng, 0, 2)
    i, a = randint(rng, 1, 3), randint(rng, 2, 20)
    if form == 0:
        return Drawn(_define("xs", f"return [x - {a} for x in sorted(set(xs))]"),
                     lambda xs: [x - a for x in sorted(set(xs))], xs)  # fmt: skip
    if form == 1:
        return Drawn(_define("xs", f"return sorted(xs, reverse=True)[{i}:]"),
                     lambda xs: sorted(xs, reverse=True)[i:], xs)  # fmt: skip
    return Drawn(_define("xs", f"return {a}*len(set(xs)) + max(xs) - min(xs)"),
                 lambda xs: a * len(set(xs)) + max(xs) - min(xs), xs)  # fmt: skip


def _nested(inner: str, add: str, run: Callable[[int], int], n: int) -> Drawn:
    lines = ("s = 0", "for i in range(n):", f"    for j in {inner}:", f"        {add}", "return s")
    return Drawn(_define("n", *lines), run, n)


def nested_loops(rng: random.Random) -> Drawn:
    """Return a sum that one loop inside another adds up."""
    k, a, n = randint(rng, 2, 5), randint(rng, 1, 9), randint(rng, 4, 48)
    form = randint(rng, 0, 2)
    # inner sums in closed form where they can be: these are the slowest programs to draw
    if form == 0:
        return _nested(f"range({k})", f"s += i*j + {a}",
                       lambda n: n * (n - 1) * k * (k - 1) // 4 + a * n * k if n > 0 else 0,
                       n)  # fmt: skip
    if form == 1:
        return _nested(f"range({k})", f"s += (i + {a}*j) % {k + 2}",
                       lambda n: sum((i + a * j) % (k + 2) for i in range(n) for j in range(k)),
                       n)  # fmt: skip
    return _nested("range(i)", f"s += j + {a}",
                   lambda n: sum(i * (i - 1) // 2 + a * i for i in range(n)), n)  # fmt: skip


def strings(rng: random.Random) -> Drawn:
    """Return a string that is built from digits or letters."""
    a, b, n = randint(rng, 2, 9), randint(rng, 1, 60), randint(rng, 11, 150)
    form = randint(rng, 0, 2)
    if form == 0:
        return Drawn(_define("n", f"return str({a}*n + {b})[::-1]"),
                     lambda n: str(a * n + b)[::-1], n)  # fmt: skip
    k = randint(rng, 2, 4)
    word = "".join(rng.sample(_LETTERS, k))
    if form == 1:
        n = randint(rng, 11, 60)
        return Drawn(_define("n", f"return '{word}'*(n // {a}) + str(n % {a} + {b})"),
                     lambda n: word * (n // a) + str(n % a + b), n)  # fmt: skip

    def run(n: int) -> str:
        s = ""
        while n > 0:
            s, n = word[n % k] + s, n // k
        return s

    lines = ("s = ''", "while n > 0:", f"    s = '{word}'[n % {k}] + s", f"    n //= {k}",
             "return s")  # fmt: skip
    return Drawn(_define("n", *lines), run, n)


def recursion(rng: random.Random) -> Drawn:
    """Return what a function makes of its own value for a smaller number."""
    k, a, n = randint(rng, 2, 9), randint(rng, 2, 9), randint(rng, 12, 90)
    b = randint(rng, 1, 30)
    form = randint(rng, 0, 2)
    if form == 0:
        k = randint(rng, 5, 9)
    step = (f"n + f(n - {k})", f"{a}*f(n // {k}) + n % {k}", f"{a}*n - f(n // {k})")[form]

    def run(n: int) -> int:
        if n < k:
            return n + b
        if form == 0:
            return n + run(n - k)
        return a * run(n // k) + n % k if form == 1 else a * n - run(n // k)

    lines = (f"if n < {k}:", f"    return n + {b}", f"return {step}")
    return Drawn(_define("n", *lines), run, n)
