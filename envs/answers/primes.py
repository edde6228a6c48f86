"""Secret random primes for identity tests, and square roots modulo them.

A policy that knew the prime could fool a test modulo it: x^(p-1) is 1 at every point, and p + 7
is 7. So primes come from the system's randomness, a few per process, and each verdict uses two.
"""

from __future__ import annotations

import random
from typing import NamedTuple

BITS = 61
POOL = 8

# p = 1 modulo 8*3*5*7*11*13: by reciprocity -1 and every prime up to 13 are squares modulo p
STEP = 120120
SQUARE_PRIMES = (2, 3, 5, 7, 11, 13)

# these bases decide primality below 3.3e24 (Sorenson and Webster 2015)
_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)

SYSTEM = random.SystemRandom()


class Prime(NamedTuple):
    """A prime of 61 bits with what roots modulo it need.

    Attributes:
        p: the prime, 1 modulo `STEP`.
        i: a square root of -1.
        generator: a generator of the elements whose order is a power of 2.
    """

    p: int
    i: int
    generator: int


def is_prime(n: int) -> bool:
    """Whether a number below 3.3e24 is prime, by Miller and Rabin's test.

    >>> [n for n in range(20) if is_prime(n)]
    [2, 3, 5, 7, 11, 13, 17, 19]
    """
    if n < 2:
        return False
    for base in _BASES:
        if n % base == 0:
            return n == base
    odd = n - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    return all(_is_witness_for(base, n, odd, twos) for base in _BASES)


def _is_witness_for(base: int, n: int, odd: int, twos: int) -> bool:
    power = pow(base, odd, n)
    if power in (1, n - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % n
        if power == n - 1:
            return True
    return False


def is_square(a: int, p: int) -> bool:
    """Whether `a` is a square other than 0 modulo an odd prime."""
    return pow(a, (p - 1) // 2, p) == 1


def draw_prime() -> Prime:
    """Return a new random prime."""
    low, high = (1 << (BITS - 1)) // STEP + 1, (1 << BITS) // STEP
    while not is_prime(p := STEP * SYSTEM.randrange(low, high) + 1):
        pass
    while is_square(z := SYSTEM.randrange(2, p), p):
        pass
    odd = p - 1
    while odd % 2 == 0:
        odd //= 2
    return Prime(p, pow(z, (p - 1) // 4, p), pow(z, odd, p))


_pool: list[Prime] = []


def two_primes() -> tuple[Prime, Prime]:
    """Return two different primes of this process's pool, which is made when first asked for."""
    while len(_pool) < POOL:
        fresh = draw_prime()
        if fresh not in _pool:
            _pool.append(fresh)
    one, two = SYSTEM.sample(range(POOL), 2)
    return _pool[one], _pool[two]


def square_root(a: int, prime: Prime) -> int:
    """Return a root of the square `a` modulo a prime, by Tonelli and Shanks's algorithm."""
    p = prime.p
    odd = p - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    half = pow(a, odd // 2, p)
    root = half * a % p
    rest = root * half % p
    order, step = twos, prime.generator
    while rest != 1:
        k, square = 0, rest
        while square != 1:
            square = square * square % p
            k += 1
        factor = pow(step, 1 << (order - k - 1), p)
        step = factor * factor % p
        root, rest, order = root * factor % p, rest * step % p, k
    return root
