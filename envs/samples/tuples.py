"""Samples of `tuple`: the value is the tuple of fractions."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from .numbers import draw_rational
from .sample import Sample, Sampler


def _tuple(values: tuple[Fraction, ...]) -> Sample:
    return Sample("tuple", values, f"({', '.join(map(str, values))})")


def _draw_tuple(rng: random.Random) -> Sample:
    return _tuple(tuple(draw_rational(rng) for _ in range(rng.randint(2, 4))))


def _tuple_spellings(sample: Sample) -> list[str]:
    values: Any = sample.value
    texts = [str(v) for v in values]
    names = "stuvwxyz"[-len(texts) :]
    pairs = [f"{name} = {text}" for name, text in zip(names, texts, strict=True)]
    tex = [f"\\frac{{{v.numerator}}}{{{v.denominator}}}" for v in values]
    return [
        sample.gold,
        ", ".join(texts),
        f"( {' , '.join(texts)} )",
        f"({'; '.join(texts)})",
        f"\\left({','.join(tex)}\\right)",
        f"\\left( {', '.join(texts)} \\right)".replace("-", "\u2212"),
        ", ".join(pairs),
        ",".join(reversed(pairs)).replace(" ", ""),
        "; ".join(pairs),
        " and ".join(pairs),
        "$" + "$, $".join(pairs) + "$" if len(pairs) == 2 else ", ".join(pairs),
        f"({', '.join(names)}) = {sample.gold}",
        f"({','.join(names[::-1])})=({','.join(texts[::-1])})",
        sample.gold,
    ]


def _tuple_near(sample: Sample) -> list[Sample]:
    values: Any = sample.value
    others = [values[::-1], (*values, Fraction(0)), (*values[1:], values[0])]
    if len(values) > 2:
        others.append(values[1:])
    for i, value in enumerate(values):
        for new in (value + 1, -value, value / 2):
            others.append((*values[:i], new, *values[i + 1 :]))
    return [_tuple(other) for other in dict.fromkeys(others) if other != values]


def _tuple_wrong(sample: Sample) -> list[str]:
    inside = sample.gold[1:-1]
    spaced = inside.replace(",", "")
    return [f"{{{inside}}}", f"[{inside}]", f"\\{{{inside}\\}}", f"({inside}", f"({spaced})",
            f"({inside},)", f"({sample.gold})", f"{sample.gold} + (0, 0)",
            f"x = {inside}"]  # fmt: skip


def _read_tuple(gold: str) -> Sample:
    return _tuple(tuple(Fraction(item.strip()) for item in gold.strip("()").split(",")))


SAMPLERS = (
    Sampler("tuple", _draw_tuple, _tuple_spellings, _tuple_near, _tuple_wrong, _read_tuple),
)
