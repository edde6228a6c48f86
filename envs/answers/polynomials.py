"""Polynomial answers: equal to the reference, and in the form that was asked for.

Three kinds: `poly` takes any form; `poly_exp` takes the expanded form only, a sum in which each
monomial stands once; `poly_fac` takes the complete factorisation over the integers only. Without
the form, repeating the question would be an answer to it.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from ..problem import Status, Verdict
from .characters import Malformed, clean
from .expressions import Neg, Node, Num, Pow, Product, Recip, Sum, Var, parse_expression, variables
from .kind import CORRECT, Kind
from .literals import split_head
from .poly_values import Evaluator, Monomial, Polynomial, UnknownVariable, same

Factor = frozenset[tuple[Monomial, int]]

Factorisation = tuple[Fraction, Counter[Factor]]
Terms = dict[frozenset[tuple[str, int]], int | Fraction]

ANOTHER = Verdict(Status.WRONG, "another polynomial")


@dataclass(frozen=True, slots=True)
class PolynomialGold:
    """A parsed reference: its variables, its value in two shapes, its factors for `poly_fac`."""

    names: tuple[str, ...]
    value: Polynomial
    terms: Terms
    factors: Factorisation | None = None


class FormError(Exception):
    """A polynomial that is not written in the form that was asked for."""


def parse_polynomial_gold(kind: str, gold: str) -> PolynomialGold:
    """Parse a reference answer of kind `poly`, `poly_exp` or `poly_fac`, in any form."""
    node = parse_expression(clean(gold))
    names = tuple(sorted(variables(node)))
    value = Evaluator(names).polynomial(node)
    terms: Terms = {
        frozenset((name, k) for name, k in zip(names, m, strict=True) if k): Fraction(
            c, value.denominator
        )
        for m, c in value.terms.items()
    }
    return PolynomialGold(
        names, value, terms, _gold_factors(node, names, value) if kind == "poly_fac" else None
    )


def _gold_factors(node: Node, names: tuple[str, ...], value: Polynomial) -> Factorisation:
    """Return the complete factorisation of a reference; by sympy only if it is not evident."""
    try:
        content, factors = factorisation(node, names)
        if all(map(_surely_irreducible, factors)):
            return content, factors
    except FormError:
        pass
    from .poly_factor import factor_fully

    return factor_fully(value, names)


def verify_polynomial(kind: str, gold: PolynomialGold, text: str) -> Verdict:
    """Grade a polynomial answer; raises `Malformed` on text outside the language."""
    body = clean(text)
    name, rest = split_head(body)
    # `x = x^2 - 1` is an equation, not a name
    node = parse_expression(body if name in gold.names else rest)
    try:
        if kind == "poly_exp":  # collected terms can be compared as they stand
            equal = collected_terms(node) == gold.terms
            return CORRECT if equal else ANOTHER
        if not same(Evaluator(gold.names).polynomial(node), gold.value):
            return ANOTHER
        if kind == "poly_fac" and factorisation(node, gold.names) != gold.factors:
            return Verdict(Status.WRONG, "equal, but not completely factored")
    except UnknownVariable as error:
        return Verdict(Status.WRONG, f"the variable {error} is not in the reference")
    except FormError as error:
        return Verdict(Status.WRONG, str(error))
    return CORRECT


def collected_terms(node: Node) -> Terms:
    """Return the terms of a tree that is a sum of different monomials with literal coefficients.

    A term holds at most one literal, at most one literal divisor and each variable once, so
    `2*3*x`, `x*x`, `x^0`, `0x` and products of sums do not pass; nor do like terms.

    Raises:
        FormError: says what is not expanded or collected.
    """
    terms = _flat_sum(node)
    found: Terms = {}
    for term in terms:
        coefficient, monomial = _monomial(term)
        if monomial in found:
            raise FormError("like terms are not collected")
        found[monomial] = coefficient
    if found == {frozenset(): 0}:
        return {}
    if not all(found.values()):
        raise FormError("a term is zero")
    return found


def _flat_sum(node: Node) -> list[Node]:
    """Return the terms of a sum; brackets around a part do not matter, a minus before one does."""
    if isinstance(node, Sum):
        return [term for part in node.parts for term in _flat_sum(part)]
    return [node]


def _flat_product(node: Node) -> tuple[int, list[Node]]:
    """Return the sign and the factors of a product, quotients and signs inside it opened."""
    match node:
        case Neg(body):
            sign, parts = _flat_product(body)
            return -sign, parts
        case Product(parts):
            sign, flat = 1, []
            for part in parts:
                inner_sign, inner = _flat_product(part)
                sign *= inner_sign
                flat += inner
            return sign, flat
        case _:
            return 1, [node]


def _monomial(term: Node) -> tuple[int | Fraction, frozenset[tuple[str, int]]]:
    """Return the coefficient and the powers of one collected term."""
    sign, parts = _flat_product(term)
    numbers: list[int | Fraction] = []
    divisors: list[int | Fraction] = []
    powers: dict[str, int] = {}
    for part in parts:
        match part:
            case Num(value):
                numbers.append(value)
                continue
            case Recip(Num(value)):
                divisors.append(value)
                continue
            case Var(name):
                exponent = 1
            case Pow(Var(name), exponent) if exponent > 0:
                pass
            case _:
                raise FormError("not expanded into monomials")
        if name in powers:
            raise FormError("a monomial repeats a variable")
        powers[name] = exponent
    return sign * _literal(numbers, divisors), frozenset(powers.items())


def _literal(numbers: list[int | Fraction], divisors: list[int | Fraction]) -> int | Fraction:
    """Return the value of a coefficient: one literal, or one over another it is no multiple of."""
    if len(numbers) > 1 or len(divisors) > 1:
        raise FormError("a coefficient is not worked out")
    value = numbers[0] if numbers else 1
    if not divisors:
        return value
    if divisors[0] == 0:
        raise Malformed("division by zero")
    quotient = Fraction(value) / divisors[0]
    if quotient.denominator == 1:
        raise FormError("a coefficient is not worked out")
    return quotient


def factorisation(node: Node, names: tuple[str, ...]) -> Factorisation:
    """Return the numeric content and the factors that a tree is written as.

    Raises:
        FormError: a factor is a product, has a common integer factor or is not collected.
    """
    sign, parts = _flat_product(node)
    numbers: list[int | Fraction] = []
    divisors: list[int | Fraction] = []
    factors: Counter[Factor] = Counter()
    for part in parts:
        match part:
            case Num(value):
                numbers.append(value)
            case Recip(Num(value)):
                divisors.append(value)
            case Pow(base, exponent) if exponent > 0:
                sign *= _add_factor(factors, base, exponent, names)
            case _:
                sign *= _add_factor(factors, part, 1, names)
    return Fraction(sign * _literal(numbers, divisors)), factors


def _add_factor(factors: Counter[Factor], node: Node, power: int, names: tuple[str, ...]) -> int:
    """Count one factor, normalised to a positive leading coefficient; return the sign taken out."""
    while isinstance(node, Pow):
        if node.exponent == 0:
            raise FormError("a factor to the power of 0")
        power *= node.exponent
        node = node.base
    if not isinstance(node, Sum | Var | Neg):
        raise FormError("a factor is not a polynomial in collected form")
    collected_terms(node)
    value = Evaluator(names).polynomial(node)
    if value.denominator != 1 or not value.terms:
        raise FormError("a factor has a coefficient that is no integer")
    if math.gcd(*value.terms.values()) != 1:
        raise FormError("a factor still has a common integer factor")
    sign = 1 if value.terms[max(value.terms)] > 0 else -1
    factors[frozenset((m, sign * c) for m, c in value.terms.items())] += power
    return 1 if power % 2 == 0 else sign


def _surely_irreducible(factor: Factor) -> bool:
    """Whether a primitive factor is irreducible for a reason that costs nothing to check.

    Total degree 1, or one variable and degree 2 with a discriminant that is no square; False means
    that nothing is known.
    """
    terms = dict(factor)
    degree = max(map(sum, terms))
    if degree == 1:
        return True
    if degree > 2 or any(len(m) != 1 for m in terms):
        return False
    a, b, c = (terms.get((k,), 0) for k in (2, 1, 0))
    discriminant = b * b - 4 * a * c
    return discriminant < 0 or math.isqrt(discriminant) ** 2 != discriminant


def _kind(name: str, summary: str) -> Kind:
    return Kind(
        name,
        summary,
        functools.partial(parse_polynomial_gold, name),
        functools.partial(verify_polynomial, name),
    )


KINDS = (
    _kind("poly", "a polynomial in any form"),
    _kind("poly_exp", "a polynomial in expanded form"),
    _kind("poly_fac", "a polynomial in completely factored form"),
)
