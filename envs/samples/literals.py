"""Samples of `dec`, `pct` and `frac`: the value is the number, of `pct` that before the sign."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from .numbers import draw_rational, integer_spellings, rational_spellings
from .sample import Sample, Sampler


def decimal(value: Fraction, places: int) -> str:
    """Return a number of at most `places` decimal places with exactly that many."""
    digits = f"{int(abs(value) * 10**places):0{places + 1}d}"
    point = len(digits) - places
    return "-" * (value < 0) + digits[:point] + "." * (places > 0) + digits[point:]


def _dec(value: Fraction) -> Sample:
    places = next(k for k in range(99) if 10**k % value.denominator == 0)
    return Sample("dec", value, decimal(value, places))


def _draw_dec(rng: random.Random) -> Sample:
    return _dec(Fraction(rng.randint(-(10**5), 10**5), 10 ** rng.randint(0, 4)))


def _dec_spellings(sample: Sample) -> list[str]:
    gold = sample.gold
    sign, size = ("-", gold[1:]) if gold[0] == "-" else ("", gold)
    whole, _, tail = size.partition(".")
    short = f"{whole}.{tail.rstrip('0')}".rstrip(".") if tail else size
    grouped = f"{int(whole):,}" + ("." + tail if tail else "")
    return [
        gold,
        f"{sign}{short}",
        f"{sign}{grouped}",
        f"{sign}{grouped.replace(',', '{,}')}",
        f"{sign} {short}",
        f"{sign or '+'}{size}",
        sign + size.removeprefix("0") if tail else gold,
        gold.replace("-", "\u2212"),
        f"x = {gold}",
    ]


def _dec_near(sample: Sample) -> list[Sample]:
    q = Fraction(sample.gold)
    ulp = Fraction(1, 10 ** len(sample.gold.partition(".")[2]))
    values = (q + ulp, q - ulp, q + ulp / 10, q - ulp / 10, -q, q * 10, q / 10, q + 1)
    return [_dec(value) for value in dict.fromkeys(values) if value != q]


def _dec_wrong(sample: Sample) -> list[str]:
    gold, q = sample.gold, Fraction(sample.gold)
    longer = f"{gold}0" if "." in gold else f"{gold}.0"
    fraction = f"{q.numerator}/{q.denominator}"
    tex = f"\\frac{{{q.numerator}}}{{{q.denominator}}}"
    percent = f"{gold}%"
    return [
        longer,
        fraction,
        tex,
        percent,
        f"{gold}e0",
        f"{gold}+0",
        f"~{gold} or so",
        f"{gold}...",
    ]


def _pct(value: Fraction) -> Sample:
    places = next((k for k in range(7) if 10**k % value.denominator == 0), None)
    return Sample("pct", value, f"{value if places is None else decimal(value, places)}%")


def _draw_pct(rng: random.Random) -> Sample:
    return _pct(draw_rational(rng))


def _pct_spellings(sample: Sample) -> list[str]:
    value: Any = sample.value
    numbers = [sample.gold[:-1], *(s for s in rational_spellings(value) if "%" not in s)]
    signs = itertools.cycle(("%", "\\%", " %", " \\%"))
    return [sample.gold, *(f"{n}{sign}" for n, sign in zip(numbers, signs, strict=False)),
            *(f"{n}%" for n in numbers), f"x = {sample.gold}"]  # fmt: skip


def _pct_near(sample: Sample) -> list[Sample]:
    q: Any = sample.value
    values = (q + 1, q - 1, -q, q * 100, q / 100, q + Fraction(1, 100))
    return [_pct(value) for value in dict.fromkeys(values) if value != q]


def _pct_wrong(sample: Sample) -> list[str]:
    number, q = sample.gold[:-1], sample.value
    assert isinstance(q, Fraction)
    return [number, str(q / 100), f"%{number}", f"{number}%%", f"{number}*1%", f"{number}% + 0%"]


def _frac(value: Fraction) -> Sample:
    return Sample("frac", value, str(value))


def _draw_frac(rng: random.Random) -> Sample:
    return _frac(draw_rational(rng))


def _frac_bodies(q: Fraction) -> Iterator[str]:
    sign, top, bottom = ("-" if q < 0 else ""), abs(q.numerator), q.denominator
    yield str(q)
    yield f"x = {q}"
    if bottom == 1:
        yield from (
            text for text in integer_spellings(top * (-1 if sign else 1)) if "." not in text
        )
        return
    yield f"{sign} {top} / {bottom}"
    yield f"\u2212{top}/{bottom}" if sign else f"+{top}/{bottom}"
    yield f"{sign}\\frac{{{top}}}{{{bottom}}}"
    yield f"\\dfrac{{{sign}{top}}}{{{bottom}}}"
    if top < 10 and bottom < 10:
        yield f"{sign}\\tfrac{top}{bottom}"
    whole, rest = divmod(top, bottom)
    if whole:
        yield f"{sign}{whole} {rest}/{bottom}"
        yield f"{sign}{whole}\\frac{{{rest}}}{{{bottom}}}"
    if bottom == 4:
        yield f"{sign}{whole or ''}{'¼' if rest == 1 else '¾'}"


def _frac_spellings(sample: Sample) -> list[str]:
    assert isinstance(sample.value, Fraction)
    return list(_frac_bodies(sample.value))


def _frac_near(sample: Sample) -> list[Sample]:
    q: Any = sample.value
    inverse = [1 / q] if q else []
    mixed = (-1 if q < 0 else 1) * (abs(q) // 1) + abs(q) % 1
    values = (q + 1, q - 1, -q, q * 2, q + Fraction(1, q.denominator), mixed, *inverse)
    return [_frac(value) for value in dict.fromkeys(values) if value != q]


def _frac_wrong(sample: Sample) -> list[str]:
    q: Any = sample.value
    top, bottom = q.numerator, q.denominator
    texts = [
        f"{2 * top}/{2 * bottom}",
        f"\\frac{{{3 * top}}}{{{3 * bottom}}}",
        f"{-top}/-{bottom}",
        f"({top})/({bottom})",
        f"{q}*1",
        f"{q} = {q}",
        f"{q}.0" if bottom == 1 else f"0 {q}",
    ]
    places = next((k for k in range(1, 7) if 10**k % bottom == 0), None)
    return texts if places is None else [*texts, decimal(q, places)]


def _read_dec(gold: str) -> Sample:
    return Sample("dec", Fraction(gold), gold)


SAMPLERS = (
    Sampler("dec", _draw_dec, _dec_spellings, _dec_near, _dec_wrong, _read_dec),
    Sampler("pct", _draw_pct, _pct_spellings, _pct_near, _pct_wrong,
            lambda gold: _pct(Fraction(gold.removesuffix("%")))),
    Sampler("frac", _draw_frac, _frac_spellings, _frac_near, _frac_wrong,
            lambda gold: _frac(Fraction(gold))),
)  # fmt: skip
