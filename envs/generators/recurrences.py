"""Random recurrences of each kind, with a program that computes them.

Recursion written as the rule is read must pass in the sandbox, and `f(n-1)+f(n-2)` without a memory
makes thousands of calls at 18 already: that bounds how many terms there are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .exact import render

# The largest hidden n by the calls that a program makes which is written as the rule is read.
FAR_ONE_CALL = 24
FAR_TWO_CALLS = 18
FAR_THREE_CALLS = 15
FAR_SQUARE = 14  # two calls with the same argument, written f(n-1)*f(n-1)
FAR_HALVING = 100

PRIMES = (11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)


class Recurrence(NamedTuple):
    """A function of n >= 0, with its reference program.

    Attributes:
        terms: f(0) … f(last hidden n).
        program: a Python program.
        modulus: m of a rule `… % m`, else 0.
    """

    terms: tuple[int, ...]
    program: str
    modulus: int = 0


def _unroll(
    start: Sequence[int], last: int, step: Callable[[int, list[int]], int]
) -> tuple[int, ...]:
    """Return f(0) … f(last), from the first values and the rule for the others."""
    values = list(start)
    for n in range(len(start), last + 1):
        values.append(step(n, values))
    return tuple(values)


def _any(rng: random.Random, bound: int, *but: int) -> int:
    """Return a number in -bound … bound that is not in `but`."""
    return rng.choice([x for x in range(-bound, bound + 1) if x not in but])


def _times(factor: int, what: str) -> str:
    return what if factor == 1 else f"-{what}" if factor == -1 else f"{factor}*{what}"


def _plus(factor: int, what: str = "") -> str:
    """Return `+3*what` or `-what`; an empty string for 0."""
    text = _times(factor, what) if what else str(factor)
    return "" if not factor else text if factor < 0 else f"+{text}"


def _recursion(start: int, rule: str) -> str:
    return f"def f(n):\n    return {start} if n == 0 else {rule}"


def _loop(start: Sequence[int], rule: str) -> str:
    names = "abc"[: len(start)]
    moved = ", ".join([*names[1:], rule])
    return (
        f"def f(n):\n    {', '.join(names)} = {', '.join(map(str, start))}\n"
        f"    for _ in range(n):\n        {', '.join(names)} = {moved}\n    return a"
    )


def line(rng: random.Random) -> Recurrence:
    """Return a random `d*n + c`."""
    d, c = _any(rng, 30, 0), rng.randint(-99, 99)
    terms = tuple(d * n + c for n in range(FAR_ONE_CALL + 1))
    return Recurrence(terms, render((c, d) if c else (0, d), "n", power="*", space=""))


def geometric(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = a*f(n-1)`."""
    a, c = _any(rng, 9, 0, 1, -1), _any(rng, 99, 0)
    terms = _unroll([c], FAR_ONE_CALL, lambda n, f: a * f[n - 1])
    return Recurrence(terms, _times(c, f"{a}**n" if a > 0 else f"({a})**n"))


def affine(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = a*f(n-1) + b`."""
    a, b, c = _any(rng, 6, 0, 1, -1), _any(rng, 20, 0), rng.randint(-20, 20)
    terms = _unroll([c], FAR_ONE_CALL, lambda n, f: a * f[n - 1] + b)
    return Recurrence(terms, _recursion(c, f"{_times(a, 'f(n-1)')}{_plus(b)}"))


def sums(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = f(n-1) + a*n + b`."""
    a, b, c = _any(rng, 9, 0), rng.randint(-20, 20), rng.randint(-50, 50)
    terms = _unroll([c], FAR_ONE_CALL, lambda n, f: f[n - 1] + a * n + b)
    return Recurrence(terms, _recursion(c, f"f(n-1){_plus(a, 'n')}{_plus(b)}"))


def fibonacci(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = f(n-1) + f(n-2)`."""
    start = rng.randint(-12, 24), rng.randint(-12, 24)
    terms = _unroll(start, FAR_TWO_CALLS, lambda n, f: f[n - 1] + f[n - 2])
    return Recurrence(terms, _loop(start, "a+b"))


def order_2(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = p*f(n-1) + q*f(n-2)`."""
    p, q, start = _any(rng, 4, 0), _any(rng, 4, 0), (_any(rng, 9), _any(rng, 9))
    terms = _unroll(start, FAR_TWO_CALLS, lambda n, f: p * f[n - 1] + q * f[n - 2])
    return Recurrence(terms, _loop(start, f"{_times(p, 'b')}{_plus(q, 'a')}"))


def with_n(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = a*f(n-1) + b*n + c`."""
    a, b, c, d = _any(rng, 4, 0, 1), _any(rng, 9, 0), rng.randint(-9, 9), rng.randint(-9, 9)
    terms = _unroll([d], FAR_ONE_CALL, lambda n, f: a * f[n - 1] + b * n + c)
    return Recurrence(terms, _recursion(d, f"{_times(a, 'f(n-1)')}{_plus(b, 'n')}{_plus(c)}"))


def factorial(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = n*f(n-1) + a`."""
    a, c = _any(rng, 30), _any(rng, 30, 0)
    terms = _unroll([c], FAR_ONE_CALL, lambda n, f: n * f[n - 1] + a)
    return Recurrence(terms, _recursion(c, f"n*f(n-1){_plus(a)}"))


def rising(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = (a*n + b)*f(n-1)`."""
    a, c = _any(rng, 4, 0), _any(rng, 20, 0)
    # where a*n+b is 0, all later values would be
    b = _any(rng, 9, 0, *(-a * n for n in range(1, 10)))
    terms = _unroll([c], FAR_ONE_CALL, lambda n, f: (a * n + b) * f[n - 1])
    return Recurrence(terms, _recursion(c, f"({_times(a, 'n')}{_plus(b)})*f(n-1)"))


def parity(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = a*f(n-1) + b for odd n, c*f(n-1) + d for even n`."""
    a, c = _any(rng, 3, 0), _any(rng, 3, 0)
    b, d, start = rng.randint(-9, 9), rng.randint(-9, 9), rng.randint(-9, 9)
    terms = _unroll(
        [start], FAR_ONE_CALL, lambda n, f: a * f[n - 1] + b if n % 2 else c * f[n - 1] + d
    )
    odd, even = (f"{_times(x, 'f(n-1)')}{_plus(y)}" for x, y in ((a, b), (c, d)))
    return Recurrence(terms, _recursion(start, f"{odd} if n%2 else {even}"))


def order_2_plus(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = p*f(n-1) + q*f(n-2) + c`."""
    p, q, c = _any(rng, 3, 0), _any(rng, 3, 0), _any(rng, 9, 0)
    start = _any(rng, 9), _any(rng, 9)
    terms = _unroll(start, FAR_TWO_CALLS, lambda n, f: p * f[n - 1] + q * f[n - 2] + c)
    return Recurrence(terms, _loop(start, f"{_times(p, 'b')}{_plus(q, 'a')}{_plus(c)}"))


def tribonacci(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = f(n-1) + f(n-2) + f(n-3)`."""
    start = [_any(rng, 15) for _ in range(3)]
    terms = _unroll(start, FAR_THREE_CALLS, lambda n, f: f[n - 1] + f[n - 2] + f[n - 3])
    return Recurrence(terms, _loop(start, "a+b+c"))


def order_3(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = p*f(n-1) + q*f(n-2) + r*f(n-3)`."""
    p, q, r = _any(rng, 3), _any(rng, 3), _any(rng, 3, 0)
    start = [_any(rng, 5) for _ in range(3)]
    terms = _unroll(start, FAR_THREE_CALLS, lambda n, f: p * f[n - 1] + q * f[n - 2] + r * f[n - 3])
    rule = f"{_plus(p, 'c')}{_plus(q, 'b')}{_plus(r, 'a')}".removeprefix("+")
    return Recurrence(terms, _loop(start, rule))


def sum_mod(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = (f(n-1) + f(n-2)) % m`."""
    m = rng.choice(PRIMES)
    start = rng.randrange(m), rng.randrange(m)
    terms = _unroll(start, FAR_TWO_CALLS, lambda n, f: (f[n - 1] + f[n - 2]) % m)
    return Recurrence(terms, _loop(start, f"(a+b)%{m}"), m)


def affine_mod(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = (a*f(n-1) + c) % m`."""
    m = rng.choice(PRIMES)
    a, c, start = rng.randint(2, 9), rng.randint(0, 9), rng.randrange(m)
    terms = _unroll([start], FAR_ONE_CALL, lambda n, f: (a * f[n - 1] + c) % m)
    return Recurrence(terms, _recursion(start, f"({a}*f(n-1){_plus(c)})%{m}"), m)


def square_mod(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = (f(n-1)**2 + c) % m`."""
    m = rng.choice(PRIMES)
    c, start = rng.randint(1, 9), rng.randrange(m)
    terms = _unroll([start], FAR_SQUARE, lambda n, f: (f[n - 1] ** 2 + c) % m)
    return Recurrence(terms, _recursion(start, f"(f(n-1)**2{_plus(c)})%{m}"), m)


def product_mod(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = (f(n-1)*f(n-2) + c) % m`."""
    m = rng.choice(PRIMES)
    c, start = rng.randint(0, 9), (rng.randrange(m), rng.randrange(m))
    terms = _unroll(start, FAR_TWO_CALLS, lambda n, f: (f[n - 1] * f[n - 2] + c) % m)
    return Recurrence(terms, _loop(start, f"(a*b{_plus(c)})%{m}"), m)


def halving(rng: random.Random) -> Recurrence:
    """Return a random `f(n) = a*f(n//2) + b for even n, a*f(n//2) + c for odd n`."""
    a, b, c, start = _any(rng, 4, 0), rng.randint(-9, 9), rng.randint(-9, 9), rng.randint(-9, 9)
    terms = _unroll([start], FAR_HALVING, lambda n, f: a * f[n // 2] + (c if n % 2 else b))
    tail = f"({c} if n%2 else {b})"
    return Recurrence(terms, _recursion(start, f"{_times(a, 'f(n//2)')}+{tail}"))
