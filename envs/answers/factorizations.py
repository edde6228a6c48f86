"""Prime factorizations: products of powers of primes."""

from __future__ import annotations

import re

from ..problem import Status, Verdict
from .characters import Malformed, clean
from .kind import ANOTHER, CORRECT, Kind
from .literals import without_assignment

MAX_NUMBER = 10**12

_FACTOR = re.compile(
    r"(?P<open>\( *)?(?P<base>[1-9][0-9]{0,2}(?:(?:,[0-9]{3}){1,4}|(?:\{,\}[0-9]{3}){1,4})(?![0-9])"
    r"|[0-9]{1,13})"
    r"(?: *(?:\^|\*\*) *(?:\{ *(?P<braced>[0-9]{1,3}) *\}|\( *(?P<bracketed>[0-9]{1,3}) *\)"
    r"|(?P<bare>[0-9]{1,3})(?![0-9])))?(?(open) *\))"
)
_TIMES = re.compile(r" *(?:\*(?!\*)|\\cdot(?![A-Za-z])|\\times(?![A-Za-z])|(?<=\)) *(?=\()) *")
# these decide every number below 3.4e12 (Jaeschke 1993)
_WITNESSES = (2, 3, 5, 7, 11, 13)
_NOT_PRIME = Verdict(Status.WRONG, "a factor is not prime")


def is_prime(n: int) -> bool:
    """Return whether `n`, at most 10^12, is prime, by the Miller-Rabin test.

    >>> [n for n in range(30) if is_prime(n)]
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    """
    if n < 2 or n in _WITNESSES:
        return n >= 2
    if any(n % p == 0 for p in _WITNESSES):
        return False
    twos = ((n - 1) & (1 - n)).bit_length() - 1
    return all(_passes(n, a, twos) for a in _WITNESSES)


def _passes(n: int, witness: int, twos: int) -> bool:
    power = pow(witness, (n - 1) >> twos, n)
    if power in (1, n - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % n
        if power == n - 1:
            return True
    return False


def parse_product(text: str) -> list[tuple[int, int]]:
    r"""Return the factors of a cleaned product as pairs of a base and an exponent.

    `*`, `×`, `·`, `\cdot` and `\times` multiply, and so do brackets side by side.

    Raises:
        Malformed: the text is no product of positive powers of numbers below 10^13.

    >>> parse_product("2^{3} \\cdot 3*5")
    [(2, 3), (3, 1), (5, 1)]
    """
    factors: list[tuple[int, int]] = []
    at = 0
    while True:
        match = _FACTOR.match(text, at)
        if not match:
            raise Malformed("not a product of powers")
        exponent = int(match["braced"] or match["bracketed"] or match["bare"] or "1")
        if exponent == 0:
            raise Malformed("an exponent of zero")
        factors.append((int(re.sub(r"[^0-9]", "", match["base"])), exponent))
        at = match.end()
        if at == len(text):
            return factors
        times = _TIMES.match(text, at)
        if not times:
            raise Malformed("not a product of powers")
        at = times.end()


def _product(factors: list[tuple[int, int]]) -> int:
    """Return the product, or a number above the cap where it would be."""
    product = 1
    for base, exponent in factors:
        product = min(product * base**exponent, MAX_NUMBER + 1)
    return product


def _read(gold: str) -> int:
    factors = parse_product(without_assignment(clean(gold)))
    number = _product(factors)
    if number > MAX_NUMBER or not all(is_prime(base) for base, _ in factors):
        raise ValueError(f"not a prime factorization of a number up to {MAX_NUMBER}")
    return number


def _judge(reference: int, text: str) -> Verdict:
    factors = parse_product(without_assignment(clean(text)))
    if _product(factors) != reference:
        return ANOTHER
    return CORRECT if all(is_prime(base) for base, _ in factors) else _NOT_PRIME


KINDS = (Kind("primes", "a product of powers of primes, in any order", _read, _judge),)
