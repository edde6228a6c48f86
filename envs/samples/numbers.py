"""Samples of `int` and `rat`: the value is a `Fraction`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction

from ..answers.characters import clean
from ..answers.literals import parse_rational
from .sample import Sample, Sampler

_BOUNDS = (20, 20, 10**6, 2**99)


def number(kind: str, value: Fraction) -> Sample:
    """Return the sample of a number."""
    return Sample(kind, value, str(value))


def draw_rational(rng: random.Random) -> Fraction:
    """Return a fraction between -60 and 60 whose denominator is at most 16."""
    return Fraction(rng.randint(-60, 60), rng.randint(1, 16))


def _draw_int(rng: random.Random) -> Sample:
    bound = rng.choice(_BOUNDS)
    return number("int", Fraction(rng.randint(-bound, bound)))


def _draw_rat(rng: random.Random) -> Sample:
    return number("rat", draw_rational(rng))


def integer_spellings(n: int) -> Iterator[str]:
    """Yield spellings of an integer literal."""
    sign, size = ("-" if n < 0 else ""), abs(n)
    yield f"{n}"
    if n >= 0:
        yield f"+{n}"
    yield f"{sign}{size:,}"
    yield f"{sign}{size:,}".replace(",", "{,}")
    yield f"{sign}{size:,}".replace(",", "\\,")
    yield f"{n}.0"
    yield f"{sign} {size}.00"
    yield f"\u2212{size}" if n < 0 else f" {n}"


def rational_spellings(q: Fraction) -> Iterator[str]:
    """Yield spellings of a rational literal."""
    sign, top, bottom = ("-" if q < 0 else ""), abs(q.numerator), q.denominator
    if bottom == 1:
        yield from integer_spellings(q.numerator)
    else:
        yield f"{sign}{top}/{bottom}"
    yield f"{sign}{3 * top} / {3 * bottom}"
    yield f"{sign}\\frac{{{top}}}{{{bottom}}}"
    yield f"\\dfrac{{{sign}{top}}}{{{bottom}}}"
    if top < 10 and bottom < 10:
        yield f"{sign}\\frac{top}{bottom}"
        yield f"{sign}\\tfrac{top}{{{bottom}}}"
    whole, rest = divmod(top, bottom)
    if whole and rest:
        yield f"{sign}{whole} {rest}/{bottom}"
        yield f"{sign}{whole}\\frac{{{rest}}}{{{bottom}}}"
    if q.denominator in (2, 4) and rest:
        part = {1: "½", 2: "½", 3: "¾"}[rest] if bottom == 2 else {1: "¼", 3: "¾"}[rest]
        yield f"{sign}{whole or ''}{part}"
    yield from _decimals(q)


def _decimals(q: Fraction) -> Iterator[str]:
    sign, top, bottom = ("-" if q < 0 else ""), abs(q.numerator), q.denominator
    scale = next((k for k in range(8) if 10**k % bottom == 0), None)
    if scale:
        digits = f"{top * 10**scale // bottom:0{scale + 1}d}"
        yield f"{sign}{digits[:-scale]}.{digits[-scale:]}"
    if 100 % bottom == 0:
        yield f"{sign}{top * 100 // bottom}%"
        yield f"{sign}{top * 100 // bottom}\\%"


def _spellings(sample: Sample) -> list[str]:
    q = sample.value
    assert isinstance(q, Fraction)
    some = integer_spellings(q.numerator) if sample.kind == "int" else rational_spellings(q)
    bodies = list(some)
    last = bodies[-1]
    return [*bodies, f"x = {last}", f"$n={last}$", f"\\text{{{last}}}", last]


def _near_misses(sample: Sample) -> list[Sample]:
    q = sample.value
    assert isinstance(q, Fraction)
    values = [q + 1, q - 1, -q, q * 10, q + 10]
    if sample.kind == "int":
        values.append(Fraction(int(str(abs(q))[::-1])) * (-1 if q < 0 else 1))
    else:
        sign, (whole, rest) = (-1 if q < 0 else 1), divmod(abs(q), 1)
        # a mixed number whose sign binds too tightly, a percentage taken for the number
        values += [q + Fraction(1, 10**6), sign * whole + rest, q / 100, q * 100]
        if q:
            values.append(1 / q)
    return [number(sample.kind, value) for value in dict.fromkeys(values) if value != q]


def _wrong_forms(sample: Sample) -> list[str]:
    q = sample.value
    assert isinstance(q, Fraction)
    top, bottom = q.numerator, q.denominator
    return [
        f"{top}*1" if bottom == 1 else f"{top}*1/{bottom}",
        f"{q - 1} + 1",
        f"({top})/({bottom})",
        f"{{{q}}}",
        f"[{q}]",
        f"({q})*(1)",
        f"\\frac{{2*{top}}}{{2*{bottom}}}",
        f"{q}={q}",
        f"{q} {q}",
        f"{q}e0",
        f"{q} \\pm 0",
    ]


def _read_int(gold: str) -> Sample:
    return number("int", Fraction(int(gold)))


def _read_rat(gold: str) -> Sample:
    return number("rat", parse_rational(clean(gold), percent=True))


SAMPLERS = (
    Sampler("int", _draw_int, _spellings, _near_misses, _wrong_forms, _read_int),
    Sampler("rat", _draw_rat, _spellings, _near_misses, _wrong_forms, _read_rat),
)
