"""Samples of `set` (a frozenset of fractions) and `iv` (spans from left to right)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias, cast

from ..answers.characters import clean
from ..answers.sets import parse_intervals, parse_set
from .numbers import draw_rational
from .sample import Sample, Sampler

Span: TypeAlias = tuple[Fraction | None, bool, Fraction | None, bool]  # None is infinite
Spans: TypeAlias = tuple[Span, ...]


def finite_set(items: frozenset[Fraction]) -> Sample:
    """Return the sample of a finite set."""
    return Sample("set", items, ", ".join(str(v) for v in sorted(items)))


def _draw_set(rng: random.Random) -> Sample:
    return finite_set(frozenset(draw_rational(rng) for _ in range(rng.randint(1, 4))))


def _items(sample: Sample) -> list[Fraction]:
    return sorted(cast(frozenset[Fraction], sample.value))


def _set_spellings(sample: Sample) -> list[str]:
    up = [str(v) for v in _items(sample)]
    found = []
    for order in (up, up[::-1], up[1:] + up[:1]):
        found += [
            ", ".join(order),
            f"\\{{{','.join(order)}\\}}",
            f"{{ {', '.join(order)} }}",
            " or ".join(f"x={v}" for v in order),
            " \\text{ and } ".join(f"x = {v}" for v in order),
            ", ".join(f"x={v}" for v in order),
        ]
    return [*found, f"x \\in \\left\\{{{', '.join(up)}\\right\\}}"]


def _set_near_misses(sample: Sample) -> list[Sample]:
    items, here = _items(sample), frozenset(_items(sample))
    others = [here | {items[-1] + 1}]
    if len(items) > 1:
        others.append(here - {items[0]})
    for old in items:
        others += [(here - {old}) | {new} for new in (old + 1, -old, old / 2)]
    return [finite_set(other) for other in dict.fromkeys(others) if other != here]


def _set_wrong_forms(sample: Sample) -> list[str]:
    items = [str(v) for v in _items(sample)]
    listed = ", ".join(items)
    return [f"({listed})", f"[{listed}]", f"{listed}, {items[0]}", f"{{{listed}", f"{listed},"]


def _read_set(gold: str) -> Sample:
    items = parse_set(clean(gold))
    rationals = frozenset(item for item in items if isinstance(item, Fraction))
    if not items or len(rationals) < len(items):
        raise ValueError("only sets of rationals are covered")
    return finite_set(rationals)


def union(spans: Spans) -> Sample:
    """Return the sample of a union of intervals, which must be apart from each other."""
    return Sample("iv", spans, "U".join(_span(span, "inf") for span in spans))


def _draw_union(rng: random.Random) -> Sample:
    count = rng.randint(1, 2)
    cuts = sorted(rng.sample(range(-20, 21), 2 * count))
    ends = rng.random() < 0.5, rng.random() < 0.5
    spans: list[Span] = []
    for i in range(0, 2 * count, 2):
        low = None if i == 0 and ends[0] else Fraction(cuts[i])
        high = None if i == 2 * count - 2 and ends[1] else Fraction(cuts[i + 1])
        flags = rng.random() < 0.5, rng.random() < 0.5
        spans.append((low, flags[0] and low is not None, high, flags[1] and high is not None))
    return union(tuple(spans))


def _span(span: Span, infinity: str) -> str:
    low, low_in, high, high_in = span
    left = f"-{infinity}" if low is None else str(low)
    right = infinity if high is None else str(high)
    return f"{'[' if low_in else '('}{left}, {right}{']' if high_in else ')'}"


def _union_spellings(sample: Sample) -> list[str]:
    spans = cast(Spans, sample.value)
    found = []
    for infinity, cup in (("inf", "U"), ("∞", " ∪ "), ("\\infty", "\\cup"), ("oo", " or ")):
        parts = [_span(span, infinity) for span in spans]
        found += [cup.join(parts), cup.join(reversed(parts))]
    return [*found, "x \\in " + " \\cup ".join(_span(span, "\\infty") for span in spans)]


def _union_near_misses(sample: Sample) -> list[Sample]:
    spans = cast(Spans, sample.value)
    others = [
        (*spans[:i], other, *spans[i + 1 :])
        for i, span in enumerate(spans)
        for other in _near(span)
    ]
    if len(spans) > 1:
        others.append(spans[1:])
    low, low_in, high, high_in = spans[-1]
    if high is not None:
        others.append((*spans[:-1], (low, low_in, None, False)))
    elif low is None:
        others.append(((None, False, Fraction(0), False),))
    if len(spans) == 1 and low is None and high is not None:
        others.append(((high, high_in, None, False),))
    return [union(other) for other in dict.fromkeys(others) if other != spans]


def _near(span: Span) -> Iterator[Span]:
    """Yield `span` with a bracket flipped, and with an end moved outwards by a quarter."""
    low, low_in, high, high_in = span
    if low is not None:
        yield low, not low_in, high, high_in
        yield low - Fraction(1, 4), low_in, high, high_in
    if high is not None:
        yield low, low_in, high, not high_in
        yield low, low_in, high + Fraction(1, 4), high_in


def _union_wrong_forms(sample: Sample) -> list[str]:
    text = sample.gold
    return [f"{{{text}}}", text[1:], f"{text},", text.strip("()[]"), f"{text} U {text}"]


def _read_union(gold: str) -> Sample:
    spans: list[Span] = []
    for left, right in parse_intervals(clean(gold)):
        if not (isinstance(left.value, Fraction) and isinstance(right.value, Fraction)):
            raise ValueError("only rational ends are covered")
        low = None if left.infinite else left.value
        high = None if right.infinite else right.value
        spans.append((low, low is not None and not left.after, high, bool(right.after)))
    if not spans:
        raise ValueError("the empty set is not covered")
    return union(tuple(spans))


SAMPLERS = (
    Sampler("set", _draw_set, _set_spellings, _set_near_misses, _set_wrong_forms, _read_set),
    Sampler(
        "iv", _draw_union, _union_spellings, _union_near_misses, _union_wrong_forms, _read_union
    ),
)
