"""Many spellings of one answer, for the tests of verifiers and for the audit.

Everything is a finite, ordered list, so that tests and the audit can go through all of it or draw
from it. The verifiers do not use this module: it is what they are checked against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

Coefficients: TypeAlias = tuple[int, ...]  # constant first
Span: TypeAlias = tuple[Fraction | None, bool, Fraction | None, bool]  # None is infinite

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Sample:
    """An answer known by value.

    Attributes:
        kind: one of `answers.KINDS`.
        number: the value of `int` and `rat`; the numeric factor of `poly_fac`.
        polynomials: the polynomial of `poly` and `poly_exp`; the different irreducible factors of
            `poly_fac`, primitive and with a positive leading coefficient.
        items: the elements of a `set`.
        spans: the parts of an `iv`, from left to right and apart from each other.
    """

    kind: str
    number: Fraction = Fraction(1)
    polynomials: tuple[Coefficients, ...] = ()
    items: frozenset[Fraction] = frozenset()
    spans: tuple[Span, ...] = ()

    @property
    def gold(self) -> str:
        """The reference answer in its plainest spelling."""
        return next(_bodies(self))


def spellings(sample: Sample) -> list[str]:
    """Return texts that all give the answer and must all be CORRECT.

    >>> spellings(Sample("int", Fraction(1234)))[:4]
    ['1234', '+1234', '1,234', '1{,}234']
    """
    bodies = list(dict.fromkeys(_bodies(sample)))
    first = bodies[-1]
    dressed = [
        f"  {first}\n",
        f"${first}$",
        f"$${first}$$",
        f"\\({first}\\)",
        f"\\[ {first} \\]",
        f"\\boxed{{{first}}}",
        f"${bodies[0]}$.",
        f"{bodies[0]}.",
    ]
    if sample.kind in ("int", "rat"):
        dressed += [f"x = {first}", f"$n={first}$", f"\\text{{{first}}}"]
    return bodies + dressed


def _bodies(sample: Sample) -> Iterator[str]:
    """Yield the spellings of the value itself, the plainest first."""
    if sample.kind == "int":
        yield from _integers(int(sample.number))
    elif sample.kind == "rat":
        yield from _rationals(sample.number)
    elif sample.kind == "poly_exp":
        yield from _expansions(sample.polynomials[0])
    elif sample.kind == "poly":
        yield from _expansions(sample.polynomials[0])
        yield horner(sample.polynomials[0])
        yield f"\\frac{{2({expanded(sample.polynomials[0])})}}{{2}}"
    elif sample.kind == "poly_fac":
        yield from _products(sample)
    elif sample.kind == "set":
        yield from _sets(sample.items)
    else:
        yield from _unions(sample.spans)


def _integers(n: int) -> Iterator[str]:
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


def _rationals(q: Fraction) -> Iterator[str]:
    sign, top, bottom = ("-" if q < 0 else ""), abs(q.numerator), q.denominator
    if bottom == 1:
        yield from _integers(q.numerator)
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
    scale = next((k for k in range(8) if 10**k % bottom == 0), None)
    if scale:
        digits = f"{top * 10**scale // bottom:0{scale + 1}d}"
        yield f"{sign}{digits[:-scale]}.{digits[-scale:]}"
    if 100 % bottom == 0:
        yield f"{sign}{top * 100 // bottom}%"
        yield f"{sign}{top * 100 // bottom}\\%"


def expanded(p: Coefficients, *, times: str = "*", power: str = "^{}", up: bool = False) -> str:
    """Return a polynomial in x as a sum of monomials, highest power first unless `up`."""
    terms = [(k, c) for k, c in enumerate(p) if c]
    text = ""
    for k, c in terms if up else reversed(terms):
        size = "" if abs(c) == 1 and k else str(abs(c))
        raised = f"x{power.format(k)}" if k > 1 else "x" * k
        if power == "superscript" and k > 1:
            raised = "x" + str(k).translate(_SUPERSCRIPT)
        joined = times if size and raised else ""
        text += ("-" if c < 0 else "+" if text else "") + size + joined + raised
    return text or "0"


def _expansions(p: Coefficients) -> Iterator[str]:
    yield expanded(p)
    yield expanded(p, up=True)
    yield expanded(p, times="", power="^{{{}}}").replace("+", " + ").replace("-", " - ").strip()
    yield expanded(p, times=" ", power="**{}")
    yield expanded(p, times="\\cdot ", power="superscript").replace("-", "\u2212")
    yield expanded(p, times="·").replace("-", "–")


def horner(p: Coefficients) -> str:
    """Return a polynomial in x by Horner's rule, such as `(2*x+3)*x+1`."""
    text = str(p[-1]) if p else "0"
    for c in reversed(p[:-1]):
        text = f"({text})*x{c:+d}"
    return text


def _factored(number: Fraction, factors: Iterable[str]) -> str:
    parts = list(factors)
    if number == 1 and parts:
        return "*".join(parts)
    return "-" + "*".join(parts) if number == -1 and parts else "*".join([str(number), *parts])


def _products(sample: Sample) -> Iterator[str]:
    number, factors = sample.number, [f"({expanded(p)})" for p in sample.polynomials]
    yield _factored(number, factors)
    yield _factored(number, reversed(factors))
    yield _factored(number, factors).replace(")*(", ")(").replace("*(", "(")
    flipped = [f"({expanded(tuple(-c for c in sample.polynomials[0]))})", *factors[1:]]
    yield _factored(-number, flipped)
    yield _factored(number, [f"{f}^1" for f in factors])
    yield _factored(number, factors).replace("*(", " \\cdot (")
    if len(set(factors)) < len(factors):
        counts = Counter(factors)
        yield _factored(number, [f"{f}^{k}" if k > 1 else f for f, k in counts.items()])


def multiply(sample: Sample) -> Coefficients:
    """Return the product of the factors of a `poly_fac` sample with an integer numeric factor."""
    product: Coefficients = (int(sample.number),)
    for p in sample.polynomials:
        out = [0] * (len(product) + len(p) - 1)
        for i, a in enumerate(product):
            for j, b in enumerate(p):
                out[i + j] += a * b
        product = tuple(out)
    return product


def _sets(items: frozenset[Fraction]) -> Iterator[str]:
    up = [str(v) for v in sorted(items)]
    for order in (up, up[::-1], up[1:] + up[:1]):
        yield ", ".join(order)
        yield f"\\{{{','.join(order)}\\}}"
        yield f"{{ {', '.join(order)} }}"
        yield " or ".join(f"x={v}" for v in order)
        yield " \\text{ and } ".join(f"x = {v}" for v in order)
        yield ", ".join(f"x={v}" for v in order)
    yield f"x \\in \\left\\{{{', '.join(up)}\\right\\}}"


def _unions(spans: tuple[Span, ...]) -> Iterator[str]:
    for infinity, cup in (("inf", "U"), ("∞", " ∪ "), ("\\infty", "\\cup"), ("oo", " or ")):
        parts = [_span(span, infinity) for span in spans]
        yield cup.join(parts)
        yield cup.join(reversed(parts))
    yield "x \\in " + " \\cup ".join(_span(span, "\\infty") for span in spans)


def _span(span: Span, infinity: str) -> str:
    low, low_in, high, high_in = span
    left = f"-{infinity}" if low is None else str(low)
    right = infinity if high is None else str(high)
    return f"{'[' if low_in else '('}{left}, {right}{']' if high_in else ')'}"
