"""Answers just beside the right one, and the right value in a form that was not asked for.

Random wrong answers hardly ever collide with a bug; these do: one sign, one unit, one coefficient,
one item, one bracket, a fraction upside down, a mixed number whose sign binds too tightly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from .renderings import Coefficients, Sample, Span, expanded, multiply


def near_misses(sample: Sample) -> list[Sample]:
    """Return samples of the same kind whose value differs a little.

    >>> [other.gold for other in near_misses(Sample("int", Fraction(42)))]
    ['43', '41', '-42', '420', '52', '24']
    """
    near = {
        "int": _numbers,
        "rat": _numbers,
        "poly": _polynomials,
        "poly_exp": _polynomials,
        "poly_fac": _products,
        "set": _sets,
        "iv": _intervals,
    }[sample.kind]
    return [other for other in dict.fromkeys(near(sample)) if other != sample]


def _numbers(sample: Sample) -> Iterator[Sample]:
    q = sample.number
    values = [q + 1, q - 1, -q, q * 10, q + 10]
    if sample.kind == "int":
        digits = str(abs(q))
        values.append(Fraction(int(digits[::-1])) * (-1 if q < 0 else 1))
    else:
        sign, (whole, rest) = (-1 if q < 0 else 1), divmod(abs(q), 1)
        values += [q + Fraction(1, 10**6), sign * whole + rest, q / 100, q * 100]
        if q:
            values.append(1 / q)
    yield from (replace(sample, number=value) for value in values)


def _changed(p: Coefficients) -> Iterator[Coefficients]:
    for i, c in enumerate(p):
        for value in (c + 1, c - 1, -c):
            other = (*p[:i], value, *p[i + 1 :])
            if any(other[1:]):  # a constant would have no variable to render
                yield _trimmed(other)
    yield _trimmed((0, *p))


def _trimmed(p: Coefficients) -> Coefficients:
    end = len(p)
    while end and p[end - 1] == 0:
        end -= 1
    return p[:end]


def _polynomials(sample: Sample) -> Iterator[Sample]:
    for p in _changed(sample.polynomials[0]):
        yield replace(sample, polynomials=(p,))


def _products(sample: Sample) -> Iterator[Sample]:
    yield replace(sample, number=-sample.number)
    yield replace(sample, number=sample.number * 2)
    yield replace(sample, polynomials=(*sample.polynomials, sample.polynomials[0]))
    first, *others = sample.polynomials
    for c in (first[0] + first[-1], first[0] - first[-1]):  # x moved by 1: still primitive
        if len(first) == 2:
            yield replace(sample, polynomials=((c, first[1]), *others))


def _sets(sample: Sample) -> Iterator[Sample]:
    items = sorted(sample.items)
    yield replace(sample, items=sample.items | {items[-1] + 1})
    if len(items) > 1:
        yield replace(sample, items=sample.items - {items[0]})
    for old in items:
        for new in (old + 1, -old, old / 2):
            yield replace(sample, items=(sample.items - {old}) | {new})


def _intervals(sample: Sample) -> Iterator[Sample]:
    spans = sample.spans
    for i, span in enumerate(spans):
        for other in _spans(span):
            yield replace(sample, spans=(*spans[:i], other, *spans[i + 1 :]))
    if len(spans) > 1:
        yield replace(sample, spans=spans[1:])
    low, low_in, high, high_in = spans[-1]
    if high is not None:
        yield replace(sample, spans=(*spans[:-1], (low, low_in, None, False)))
    elif low is None:
        yield replace(sample, spans=((None, False, Fraction(0), False),))
    if len(spans) == 1 and low is None and high is not None:
        yield replace(sample, spans=((high, high_in, None, False),))


def _spans(span: Span) -> Iterator[Span]:
    """Yield `span` with a bracket flipped, and with an end moved outwards by a quarter."""
    low, low_in, high, high_in = span
    if low is not None:
        yield low, not low_in, high, high_in
        yield low - Fraction(1, 4), low_in, high, high_in
    if high is not None:
        yield low, low_in, high, not high_in
        yield low, low_in, high + Fraction(1, 4), high_in


def wrong_forms(sample: Sample) -> list[str]:
    """Return texts whose value is right and whose form is not what the kind asks for.

    A `poly_fac` sample needs two factors or more, for an irreducible one has no other form.
    """
    return {
        "int": _computed,
        "rat": _computed,
        "poly": _not_polynomial,
        "poly_exp": _not_expanded,
        "poly_fac": _not_factored,
        "set": _not_sets,
        "iv": _not_intervals,
    }[sample.kind](sample)


def _computed(sample: Sample) -> list[str]:
    q = sample.number
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


def _not_polynomial(sample: Sample) -> list[str]:
    text = sample.gold
    return [f"{text} = 0", f"({text})*x/x", f"{text}+0/x", f"|{text}|", f"{text} \\pm 0"]


def _not_expanded(sample: Sample) -> list[str]:
    text = sample.gold
    products = [f"({text})*1*1", f"-(0-1)*({text})", f"({text})^1*x^0"]
    return [*products, f"{text} + 0", f"{text} + x - x", f"x-x+{text}", f"{text} = {text}"]


def _not_factored(sample: Sample) -> list[str]:
    text = sample.gold
    return [
        expanded(multiply(sample)),
        f"1*1*{text}",
        f"{text}+0",
        f"({text})*x^0",
        f"2*{text}/2/1",
    ]


def _not_sets(sample: Sample) -> list[str]:
    items = [str(v) for v in sorted(sample.items)]
    listed = ", ".join(items)
    return [f"({listed})", f"[{listed}]", f"{listed}, {items[0]}", f"{{{listed}", f"{listed},"]


def _not_intervals(sample: Sample) -> list[str]:
    text = sample.gold
    return [f"{{{text}}}", text[1:], f"{text},", text.strip("()[]"), f"{text} U {text}"]
