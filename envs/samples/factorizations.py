"""Samples of `primes`: the value is the number that is factored."""

from __future__ import annotations

import math
import random
from typing import Any

from .sample import Sample, Sampler

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 101, 1009, 10007)


def _powers(n: int) -> list[tuple[int, int]]:
    """Return the primes of a number and how often they divide it, by trial division."""
    found: list[tuple[int, int]] = []
    p = 2
    while n > 1:
        p = p if p * p <= n else n
        exponent = 0
        while n % p == 0:
            n, exponent = n // p, exponent + 1
        if exponent:
            found.append((p, exponent))
        p += 1
    return found


def _written(powers: list[tuple[int, int]], times: str = "*", power: str = "^{}") -> str:
    return times.join(str(p) + (power.format(e) if e > 1 else "") for p, e in powers)


def _primes(n: int) -> Sample:
    return Sample("primes", n, _written(_powers(n)))


def _draw_primes(rng: random.Random) -> Sample:
    return _primes(math.prod(rng.choices(_PRIMES[:9], k=rng.randint(1, 5))) * rng.choice(_PRIMES))


def _primes_spellings(sample: Sample) -> list[str]:
    assert isinstance(sample.value, int)
    powers = _powers(sample.value)
    flat = [str(p) for p, e in powers for _ in range(e)]
    raised = [str(p) + str(e).translate(_SUPERSCRIPT) * (e > 1) for p, e in powers]
    return [
        sample.gold,
        "*".join(flat),
        " * ".join(reversed(flat)),
        " \\times ".join(flat),
        _written(powers, " \\cdot ", "^{{{}}}"),
        _written(powers[::-1], "·", "**{}"),
        _written(powers, " × ", "^({})"),
        "×".join(raised),
        "*".join(f"{p}^{e}" for p, e in powers),
        "".join(f"({p}^{e})" for p, e in powers),
        f"n = {sample.gold}",
    ]


def _primes_near(sample: Sample) -> list[Sample]:
    n: Any = sample.value
    p, e = _powers(n)[0]
    others = [n * p, n * 2, n // p * (p + 2), n + 1, p ** (e + 1), *([n // p] if n > p else [])]
    return [_primes(other) for other in dict.fromkeys(others) if other != n]


def _primes_wrong(sample: Sample) -> list[str]:
    n: Any = sample.value
    gold = sample.gold
    texts = [f"1*{gold}", f"{gold}*1", f"{n} = {gold}", f"({gold})/1", f"{gold} + 0", f"-1*-{gold}"]
    texts += [gold.replace("*", ", ") + ",", f"{gold}*2^0", f"({gold})^1*1"]
    return texts if len(_powers(n)) == 1 and _powers(n)[0][1] == 1 else [*texts, str(n)]


def _read_primes(gold: str) -> Sample:
    powers = (factor.partition("^") for factor in gold.split("*"))
    return _primes(math.prod(int(base) ** int(exponent or "1") for base, _, exponent in powers))


SAMPLERS = (
    Sampler("primes", _draw_primes, _primes_spellings, _primes_near, _primes_wrong, _read_primes),
)
