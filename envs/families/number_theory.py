"""Whole numbers: divisors, primes, remainders, congruences, orders and discrete logarithms."""

from __future__ import annotations

import bisect
import functools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..family import Family, Level, Question
from ..oracles.number_theory import by_trial
from ..problem import Problem
from ..streams import randint


class Exercise(NamedTuple):
    """The content of a question.

    Attributes:
        text: what is asked.
        answer: the reference answer.
        kind: answer kind.
        operands: numbers or congruences whose order is no new question, or empty.
    """

    text: str
    answer: str
    kind: str = "int"
    operands: tuple[int, ...] | tuple[tuple[int, int], ...] = ()


PRIMES = tuple(n for n in range(2, 1300) if all(n % p for p in range(2, math.isqrt(n) + 1)))
SMALL_PRIMES = PRIMES[:15]
# from 7 on, so that no test by the last digit or the sum of digits finds them
HARD_PRIMES = PRIMES[3:60]
BASES = (3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16)
MODULI = PRIMES[12:60]
# those with many orders
RICH = tuple(p for p in MODULI if sum((p - 1) % k == 0 for k in range(1, p)) >= 8)


def _products(primes: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return the products of powers of `primes` up to `most`, in order."""
    found = [1]
    for p in primes:
        for n in found:  # grows under the loop, so that all powers of p are reached
            if n * p <= most:
                found.append(n * p)
    return tuple(sorted(found))


# above the largest of the primes, so that none of them is prime
SMOOTH = tuple(n for n in _products(SMALL_PRIMES, 9000) if n >= 50)


def _next_multiple(rng: random.Random) -> Exercise:
    step, above = randint(rng, 3, 13), randint(rng, 10, 250)
    text = f"Find the smallest multiple of {step} above {above}."
    return Exercise(text, str(above - above % step + step))


def _coprime_pair(rng: random.Random, low: int, high: int) -> tuple[int, int]:
    """Return two different coprime numbers in low … high."""
    a, b = randint(rng, low, high), randint(rng, low, high)
    while a == b or math.gcd(a, b) > 1:
        b = b + 1 if b < high else low
    return a, b


def _gcd(rng: random.Random) -> Exercise:
    a, b = _coprime_pair(rng, 2, 12)
    divisor = randint(rng, 2, 45)
    a, b = a * divisor, b * divisor
    return Exercise(f"Find gcd({a}, {b}).", str(divisor), operands=(a, b))


def _lcm(rng: random.Random) -> Exercise:
    a, b = _coprime_pair(rng, 2, 15)
    divisor = randint(rng, 1, 20)
    a, b = a * divisor, b * divisor
    return Exercise(f"Find lcm({a}, {b}).", str(math.lcm(a, b)), operands=(a, b))


def _next_prime(rng: random.Random) -> Exercise:
    above = randint(rng, 30, 1250)
    prime = PRIMES[bisect.bisect_right(PRIMES, above)]
    return Exercise(f"Find the smallest prime above {above}.", str(prime))


def _smooth(rng: random.Random, most: int) -> int:
    """Return a composite number from 50 to `most` whose primes are small."""
    return SMOOTH[randint(rng, 0, bisect.bisect_right(SMOOTH, most) - 1)]


@functools.cache
def _prime_powers(number: int) -> dict[int, int]:
    """Return the primes of one of `SMOOTH` with their exponents."""
    powers: dict[int, int] = {}
    for p in SMALL_PRIMES:
        while number % p == 0:
            number //= p
            powers[p] = powers.get(p, 0) + 1
    return powers


@functools.cache
def _factorized(number: int) -> Exercise:
    powers = _prime_powers(number).items()
    answer = "*".join(f"{p}^{e}" if e > 1 else str(p) for p, e in powers)
    return Exercise(f"Factor {number} into primes.", answer, "primes")


def _factorization(rng: random.Random) -> Exercise:
    return _factorized(SMOOTH[randint(rng, 0, len(SMOOTH) - 1)])


def _euclid(rng: random.Random) -> Exercise:
    a, b = _coprime_pair(rng, 20, 99)
    divisor = randint(rng, 11, 99)
    a, b = a * divisor, b * divisor
    return Exercise(f"Find gcd({a}, {b}).", str(divisor), operands=(a, b))


def _sum_of_divisors(rng: random.Random) -> Exercise:
    number = _smooth(rng, 3000)
    powers = _prime_powers(number).items()
    total = math.prod((p ** (e + 1) - 1) // (p - 1) for p, e in powers)
    return Exercise(f"Find the sum of the divisors of {number}.", str(total))


def _in_base(rng: random.Random) -> Exercise:
    base, number = rng.choice(BASES), randint(rng, 100, 9999)
    digits, rest = "", number
    while rest:
        rest, digit = divmod(rest, base)
        digits = f"{digit:x}{digits}"
    return Exercise(f"Write {number} in base {base}, digits only.", digits, "text")


def _smallest_factor(rng: random.Random) -> Exercise:
    p, q = rng.choice(HARD_PRIMES), rng.choice(HARD_PRIMES)
    # p is the smaller: an even choice of it keeps any one answer rare
    if q <= p:
        q = PRIMES[randint(rng, PRIMES.index(p) + 1, PRIMES.index(p) + 30)]
    return Exercise(f"Find the smallest prime factor of {p * q}.", str(p))


def _totient(rng: random.Random) -> Exercise:
    number = _smooth(rng, 3000)
    powers = _prime_powers(number)
    count = math.prod(p ** (e - 1) * (p - 1) for p, e in powers.items())
    return Exercise(f"How many of 1, 2, ..., {number} are coprime to {number}?", str(count))


def _modular_power(rng: random.Random) -> Exercise:
    modulus = rng.choice(MODULI)
    base, exponent = randint(rng, 2, modulus - 2), randint(rng, 7, 60)
    # 0, 1 and the base itself would be good guesses
    while (power := pow(base, exponent, modulus)) in (0, 1, base):
        exponent += 1
    return Exercise(f"Find {base}^{exponent} mod {modulus}.", str(power))


def _inverse(rng: random.Random) -> Exercise:
    modulus = randint(rng, 30, 200)
    a = randint(rng, 3, modulus - 3)
    while math.gcd(a, modulus) > 1 or a * a % modulus == 1:
        modulus += 1
    inverse = pow(a, -1, modulus)
    return Exercise(f"Find x from 1 to {modulus - 1} with {a}*x = 1 mod {modulus}.", str(inverse))


def _linear_congruence(rng: random.Random) -> Exercise:
    divisor, modulus = randint(rng, 2, 6), randint(rng, 30, 90)
    x = randint(rng, 2, modulus - 1)
    a = randint(rng, 3, modulus - 1)
    while math.gcd(a, modulus) > 1:
        a = a % modulus + 1
    a, b, m = a * divisor, a * x * divisor % (modulus * divisor), modulus * divisor
    return Exercise(f"Find the smallest x >= 0 with {a}*x = {b} mod {m}.", str(x))


def _remainders(number: int, moduli: tuple[int, ...]) -> Exercise:
    pairs = [(m, number % m) for m in moduli]
    listed = ", ".join(f"n mod {m} = {r}" for m, r in pairs)
    text = f"Find the smallest n >= 0 with {listed}."
    return Exercise(text, str(number), operands=tuple(pairs))


def _two_remainders(rng: random.Random) -> Exercise:
    a, b = _coprime_pair(rng, 5, 25)
    # a number below a modulus would stand among the remainders
    return _remainders(randint(rng, max(a, b), a * b - 1), (a, b))


def _three_remainders(rng: random.Random) -> Exercise:
    a, b = _coprime_pair(rng, 5, 20)
    c = randint(rng, 7, 20)
    while math.gcd(c, a * b) > 1:
        c += 1
    moduli = [a, b, c]
    rng.shuffle(moduli)
    return _remainders(randint(rng, a * b, a * b * c - 1), (moduli[0], moduli[1], moduli[2]))


def _powers(base: int, modulus: int) -> list[int]:
    """Return base, base^2, … up to the first 1."""
    found = [base]
    while found[-1] != 1:
        found.append(found[-1] * base % modulus)
    return found


def _order(rng: random.Random) -> Exercise:
    modulus = rng.choice(RICH)
    while len(powers := _powers(randint(rng, 2, modulus - 2), modulus)) < modulus - 1:
        pass
    # every order as often as another: of all bases, four in ten have the order modulus - 1;
    # small ones are left out, which many moduli share
    order = rng.choice([k for k in range(15, modulus) if (modulus - 1) % k == 0])
    exponent = rng.choice([j for j in range(1, order) if math.gcd(j, order) == 1])
    base = powers[(modulus - 1) // order * exponent - 1]
    return Exercise(f"Find the smallest k > 0 with {base}^k = 1 mod {modulus}.", str(order))


def _logarithm(rng: random.Random) -> Exercise:
    modulus = rng.choice(MODULI)
    while len(powers := _powers(randint(rng, 2, modulus - 2), modulus)) < 20:
        pass
    k = randint(rng, 3, len(powers) - 1)
    text = f"Find the smallest k > 0 with {powers[0]}^k = {powers[k - 1]} mod {modulus}."
    return Exercise(text, str(k))


@dataclass(frozen=True, slots=True)
class Rung(Level):
    """A level and how its exercises are drawn."""

    exercise: Callable[[random.Random], Exercise] = field(default=_gcd, kw_only=True)


# One row a level: what it adds, and how its exercises are drawn.
LEVELS = (
    Rung("next multiple of a number", exercise=_next_multiple),
    Rung("greatest common divisor", exercise=_gcd),
    Rung("least common multiple", exercise=_lcm),
    Rung("next prime", exercise=_next_prime),
    Rung("prime factorization", exercise=_factorization),
    Rung("Euclid's algorithm on numbers of three and four digits", exercise=_euclid),
    Rung("sum of the divisors, from the factorization", exercise=_sum_of_divisors),
    Rung("Euler's totient", exercise=_totient),
    Rung("write a number in another base", exercise=_in_base),
    Rung("smallest prime factor of a product of two primes", exercise=_smallest_factor),
    Rung("power modulo a number", exercise=_modular_power),
    Rung("inverse modulo a number", exercise=_inverse),
    Rung("linear congruence with a common divisor", exercise=_linear_congruence),
    Rung("Chinese remainders of two moduli", exercise=_two_remainders),
    Rung("Chinese remainders of three moduli", exercise=_three_remainders),
    Rung("multiplicative order", exercise=_order),
    Rung("discrete logarithm", exercise=_logarithm),
)


class NumberTheory(Family):
    """Answer questions on whole numbers: divisors, primes, remainders and congruences.

    ## Description

    The ladder goes from multiples and common divisors over primes and factorizations to modular
    arithmetic: powers, inverses, linear congruences, Chinese remainders, multiplicative orders and
    discrete logarithms. Every question has exactly one answer; where a congruence has many, the
    smallest is asked for.

    ## Answer

    A whole number (`int`), except that a factorization is a product of powers of primes
    (`primes`): 2^3*3*5, in any order and with any usual sign of multiplication. Every factor must
    be prime, so the number itself is no answer. Digits in another base are text (`text`), with
    the letters a to f, large or small, for 10 to 15.

    ## Version history

    v0: first release.
    """

    name = "number_theory"
    summary = "Divisors, primes, factorizations, congruences, orders; the answer is a number."
    levels = LEVELS
    answer_noun = "number"

    def draw(self, level: int, rng: random.Random) -> Exercise:
        """Return a random exercise of `level`."""
        return self.levels[level - 1].exercise(rng)

    def canonical(self, content: Exercise) -> str:
        """Return the question; of operands without an order, the sorted list."""
        if content.operands:
            return f"{content.text[:8]} {sorted(content.operands)}"
        return content.text

    def ask(self, level: int, content: Exercise, rng: random.Random) -> Question:
        """Return the exercise as it was drawn."""
        return Question(content.text, content.kind, content.answer)

    def recompute(self, problem: Problem) -> str | None:
        """Return the answer by trial of one number after the other, from the question alone."""
        return by_trial(problem.question)
