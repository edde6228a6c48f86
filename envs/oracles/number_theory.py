"""Answers to questions on whole numbers, found by trying one number after the other.

Nothing here is clever, so that it can be believed: it is what the family is checked against.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable


def _first(low: int, fits: Callable[[int], bool]) -> int:
    """Return the first number from `low` up that fits."""
    return next(n for n in itertools.count(low) if fits(n))


def _prime_factors(n: int) -> str:
    """Return the primes of a number, each as often as it divides it."""
    divisors = [d for d in range(2, n + 1) if n % d == 0]
    primes = [d for d in divisors if all(d % e for e in divisors if e < d)]
    return "*".join(str(p) for p in primes for k in range(1, 20) if n % p**k == 0)


def _coprime_up_to(n: int) -> int:
    """Return how many numbers up to `n` share no divisor with it."""
    divisors = [d for d in range(2, n + 1) if n % d == 0]
    return sum(all(k % d for d in divisors) for k in range(1, n + 1))


def _smallest_with_remainders(*numbers: int) -> int:
    """Return the first number with these remainders, given as modulus, remainder, modulus, …."""
    pairs = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    return _first(0, lambda n: all(n % m == r for m, r in pairs))


def _digits(number: int, base: int) -> str:
    """Return the digits of a number, each the largest that still fits, from the highest power."""
    powers = [base**k for k in range(12, -1, -1) if base**k <= number]
    found = ""
    for power in powers:
        digit = max(d for d in range(base) if d * power <= number)
        found, number = found + "0123456789abcdef"[digit], number - digit * power
    return found


def _first_power(base: int, power: int, modulus: int) -> int:
    """Return the first exponent from 1 up with which `base` gives `power`."""
    value, k = base % modulus, 1
    while value != power:
        value, k = value * base % modulus, k + 1
    return k


# how a question is read, and what is tried until it fits
_SOLUTIONS: tuple[tuple[str, Callable[..., object]], ...] = (
    (r"Find the smallest multiple of (\d+ above \d+)\.",
     lambda step, above: _first(above + 1, lambda n: n % step == 0)),
    (r"Find gcd\((.*)\)\.",
     lambda *numbers: max(d for d in range(1, 9999) if not any(n % d for n in numbers))),
    (r"Find lcm\((.*)\)\.",
     lambda *numbers: _first(1, lambda n: not any(n % m for m in numbers))),
    (r"Find the smallest prime above (\d+)\.",
     lambda above: _first(above + 1, lambda n: all(n % d for d in range(2, n)))),
    (r"Factor (\d+) into primes\.", _prime_factors),
    (r"Find the sum of the divisors of (\d+)\.",
     lambda number: sum(d for d in range(1, number + 1) if number % d == 0)),
    (r"How many of 1, 2, \.\.\., (\d+) are coprime to \d+\?", _coprime_up_to),
    (r"Write (\d+ in base \d+), digits only\.", _digits),
    (r"Find the smallest prime factor of (\d+)\.",
     lambda number: _first(2, lambda d: number % d == 0)),
    (r"Find (\d+\^\d+ mod \d+)\.", lambda base, exponent, m: base**exponent % m),
    (r"Find x from 1 to \d+ with (.*)\.", lambda a, b, m: _first(1, lambda x: a * x % m == b)),
    (r"Find the smallest x >= 0 with (.*)\.",
     lambda a, b, m: _first(0, lambda x: a * x % m == b)),
    (r"Find the smallest n >= 0 with (.*)\.", _smallest_with_remainders),
    (r"Find the smallest k > 0 with (.*)\.", _first_power),
)  # fmt: skip


def by_trial(question: str) -> str | None:
    """Return the answer to a question of the family, or None for one that it does not ask."""
    for pattern, solve in _SOLUTIONS:
        if match := re.fullmatch(pattern, question):
            return str(solve(*map(int, re.findall(r"\d+", match[1]))))
    return None
