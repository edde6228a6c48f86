"""Samples of `poly`, `poly_exp` and `poly_fac`, in one variable."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias, cast

from ..answers.polynomials import parse_polynomial_gold
from ..generators.exact import multiply, trim
from .sample import Sample, Sampler

Coefficients: TypeAlias = tuple[int, ...]  # constant first
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Product(NamedTuple):
    """A numeric factor times irreducible factors, which are primitive with a positive lead."""

    name: str
    number: int
    factors: tuple[Coefficients, ...]


class Single(NamedTuple):
    """A polynomial by its coefficients, not constant."""

    name: str
    coefficients: Coefficients


def single(kind: str, value: Single) -> Sample:
    """Return the sample of a polynomial in any form, or in expanded form."""
    return Sample(kind, value, expanded(value))


def product(value: Product) -> Sample:
    """Return the sample of a factored polynomial."""
    return Sample("poly_fac", value._replace(factors=tuple(sorted(value.factors))),
                  _factored(value.number, _brackets(value)))  # fmt: skip


def _drawer(kind: str) -> Callable[[random.Random], Sample]:
    def draw(rng: random.Random) -> Sample:
        lower = [rng.randint(-9, 9) for _ in range(rng.randint(1, 4))]
        return single(kind, Single("x", (*lower, rng.choice((-1, 1)) * rng.randint(1, 9))))

    return draw


def _draw_product(rng: random.Random) -> Sample:
    factors: list[Coefficients] = []
    count = rng.randint(2, 3)
    while len(factors) < count:
        factor = (rng.randint(-9, 9), rng.randint(1, 5))
        # not a power of x alone: that has no other form
        if math.gcd(*factor) == 1 and (factor[0] or factors):
            factors.append(factor)
    return product(Product("x", rng.choice((-1, 1)) * rng.randint(1, 6), tuple(factors)))


def expanded(p: Single, *, times: str = "*", power: str = "^{}", up: bool = False) -> str:
    """Return a polynomial as a sum of monomials, highest power first unless `up`."""
    terms = [(k, c) for k, c in enumerate(p.coefficients) if c]
    text = ""
    for k, c in terms if up else reversed(terms):
        size = "" if abs(c) == 1 and k else str(abs(c))
        raised = f"{p.name}{power.format(k)}" if k > 1 else p.name * k
        if power == "superscript" and k > 1:
            raised = p.name + str(k).translate(_SUPERSCRIPT)
        joined = times if size and raised else ""
        text += ("-" if c < 0 else "+" if text else "") + size + joined + raised
    return text or "0"


def _expansions(p: Single) -> Iterator[str]:
    yield expanded(p)
    yield expanded(p, up=True)
    yield expanded(p, times="", power="^{{{}}}").replace("+", " + ").replace("-", " - ").strip()
    yield expanded(p, times=" ", power="**{}")
    yield expanded(p, times="\\cdot ", power="superscript").replace("-", "\u2212")
    yield expanded(p, times="·").replace("-", "–")


def _horner(p: Single) -> str:
    """Return a polynomial by Horner's rule, such as `(2*x+3)*x+1`."""
    text = str(p.coefficients[-1])
    for c in reversed(p.coefficients[:-1]):
        text = f"({text})*{p.name}{c:+d}"
    return text


def _spellings(sample: Sample) -> list[str]:
    p = cast(Single, sample.value)
    found = list(_expansions(p))
    if sample.kind == "poly":
        found += [_horner(p), f"\\frac{{2({expanded(p)})}}{{2}}"]
    return found


def _near_misses(sample: Sample) -> list[Sample]:
    p = cast(Single, sample.value)
    found: list[Coefficients] = []
    for i, c in enumerate(p.coefficients):
        for value in (c + 1, c - 1, -c):
            other = (*p.coefficients[:i], value, *p.coefficients[i + 1 :])
            if any(other[1:]):  # a constant would have no variable to render
                found.append(trim(other))
    found.append((0, *p.coefficients))
    others = [Single(p.name, other) for other in dict.fromkeys(found)]
    return [single(sample.kind, other) for other in others if other != p]


def _not_polynomial(sample: Sample) -> list[str]:
    text, x = sample.gold, cast(Single, sample.value).name
    return [f"{text} = 0", f"({text})*{x}/{x}", f"{text}+0/{x}", f"|{text}|", f"{text} \\pm 0"]


def _not_expanded(sample: Sample) -> list[str]:
    text, x = sample.gold, cast(Single, sample.value).name
    products = [f"({text})*1*1", f"-(0-1)*({text})", f"({text})^1*{x}^0"]
    return [*products, f"{text} + 0", f"{text} + {x} - {x}", f"{x}-{x}+{text}", f"{text} = {text}"]


def _brackets(value: Product) -> list[str]:
    return [f"({expanded(Single(value.name, p))})" for p in value.factors]


def _factored(number: int, factors: Iterable[str]) -> str:
    parts = list(factors)
    if number == 1 and parts:
        return "*".join(parts)
    return "-" + "*".join(parts) if number == -1 and parts else "*".join([str(number), *parts])


def _factored_spellings(sample: Sample) -> list[str]:
    value = cast(Product, sample.value)
    number, factors = value.number, _brackets(value)
    negated = tuple(-c for c in value.factors[0])
    flipped = [f"({expanded(Single(value.name, negated))})", *factors[1:]]
    found = [
        _factored(number, factors),
        _factored(number, reversed(factors)),
        _factored(number, factors).replace(")*(", ")(").replace("*(", "("),
        _factored(-number, flipped),
        _factored(number, [f"{f}^1" for f in factors]),
        _factored(number, factors).replace("*(", " \\cdot ("),
    ]
    if len(set(factors)) < len(factors):
        counts = Counter(factors)
        found.append(_factored(number, [f"{f}^{k}" if k > 1 else f for f, k in counts.items()]))
    return found


def _factored_near_misses(sample: Sample) -> list[Sample]:
    value = cast(Product, sample.value)
    others = [
        value._replace(number=-value.number),
        value._replace(number=value.number * 2),
        value._replace(factors=(*value.factors, value.factors[0])),
    ]
    first, *rest = value.factors
    if len(first) == 2:  # x moved by 1: still primitive
        for c in (first[0] + first[1], first[0] - first[1]):
            others.append(value._replace(factors=((c, first[1]), *rest)))
    return [other for other in map(product, others) if other != sample]


def _whole(value: Product) -> Single:
    whole: Coefficients = (value.number,)
    for factor in value.factors:
        whole = multiply(whole, factor)
    return Single(value.name, whole)


def _not_factored(sample: Sample) -> list[str]:
    text, value = sample.gold, cast(Product, sample.value)
    forms = [f"1*1*{text}", f"{text}+0", f"({text})*{value.name}^0", f"2*{text}/2/1"]
    # one primitive factor alone, or a power of x, has no other form
    several = len(value.factors) > 1 or abs(value.number) > 1
    return (
        [expanded(_whole(value)), *forms] if several and any(f[0] for f in value.factors) else forms
    )


def _coefficients(kind: str, gold: str) -> Single:
    parsed = parse_polynomial_gold(kind, gold)
    if len(parsed.names) != 1 or parsed.value.denominator != 1:
        raise ValueError("only integer polynomials in one variable are covered")
    terms = {m[0]: c for m, c in parsed.value.terms.items()}
    return Single(parsed.names[0], tuple(terms.get(k, 0) for k in range(max(terms) + 1)))


def _reader(kind: str) -> Callable[[str], Sample]:
    def read(gold: str) -> Sample:
        return single(kind, _coefficients(kind, gold))

    return read


def _read_product(gold: str) -> Sample:
    parsed = parse_polynomial_gold("poly_fac", gold)
    if len(parsed.names) != 1 or parsed.factors is None or parsed.factors[0].denominator != 1:
        raise ValueError("only integer polynomials in one variable are covered")
    number, counted = parsed.factors
    factors = []
    for factor in counted.elements():
        terms = {m[0]: c for m, c in factor}
        factors.append(tuple(terms.get(k, 0) for k in range(max(terms) + 1)))
    return product(Product(parsed.names[0], int(number), tuple(sorted(factors))))


SAMPLERS = (
    Sampler("poly", _drawer("poly"), _spellings, _near_misses, _not_polynomial, _reader("poly")),
    Sampler("poly_exp", _drawer("poly_exp"), _spellings, _near_misses, _not_expanded,
            _reader("poly_exp")),
    Sampler("poly_fac", _draw_product, _factored_spellings, _factored_near_misses, _not_factored,
            _read_product),
)  # fmt: skip
