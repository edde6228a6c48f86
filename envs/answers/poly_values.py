"""Exact polynomials in several variables, with every cost capped before it is paid.

A verifier must be right on every text, so identities are decided by exact arithmetic and not at
random points: constants such as `p + 7` and exponents that multiply to `p - 1`, which fool a check
modulo a known prime, cannot exist here. Coefficients are integers over one common denominator,
because that needs no greatest common divisors.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from .characters import Malformed
from .expressions import Call, Neg, Node, Num, Pow, Product, Recip, Sum, Var, variables

MAX_DEGREE = 400
MAX_BITS = 2048
MAX_TERM_PRODUCTS = 4000

Monomial = tuple[int, ...]


class Polynomial(NamedTuple):
    """Integer `terms` by monomial, none of them 0, over one positive `denominator`."""

    terms: dict[Monomial, int]
    denominator: int


def same(a: Polynomial, b: Polynomial) -> bool:
    """Whether two polynomials in the same variables are equal."""
    if a.denominator == b.denominator:
        return a.terms == b.terms
    if a.terms.keys() != b.terms.keys():
        return False
    return all(c * b.denominator == b.terms[m] * a.denominator for m, c in a.terms.items())


class Evaluator:
    """Turns trees into polynomials in fixed variables; one per text, for it counts the work."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Take the variables that may occur, in the order of the exponents of a monomial."""
        self.names = names
        self.one: Monomial = (0,) * len(names)
        self.units = {
            name: tuple(int(i == j) for j in range(len(names))) for i, name in enumerate(names)
        }
        self.fuel = MAX_TERM_PRODUCTS

    def polynomial(self, node: Node) -> Polynomial:
        """Return the value of a tree.

        Raises:
            Malformed: a cap is exceeded, a divisor is 0 or holds a variable.
            UnknownVariable: the tree holds a letter that is not among the variables.
        """
        match node:
            case Num(value):
                return self.constant(value)
            case Var(name):
                if name not in self.units:
                    raise UnknownVariable(name)
                return Polynomial({self.units[name]: 1}, 1)
            case Neg(body):
                inner = self.polynomial(body)
                return Polynomial({m: -c for m, c in inner.terms.items()}, inner.denominator)
            case Sum(parts):
                total = self.polynomial(parts[0])
                for part in parts[1:]:
                    total = self.add(total, self.polynomial(part))
                return total
            case Product(parts):
                product = self.polynomial(parts[0])
                for part in parts[1:]:
                    product = self.multiply(product, self.polynomial(part))
                return product
            case Pow(Var(name), exponent) if name in self.units:
                unit = self.units[name]
                return Polynomial({tuple(exponent * i for i in unit): 1}, 1)
            case Pow(base, exponent):
                return self.power(self.polynomial(base), exponent)
            case Recip(body):
                return self.reciprocal(body)
            case Call(name):
                raise Malformed(f"the function {name}")

    def constant(self, value: int | Fraction) -> Polynomial:
        """Return a constant polynomial."""
        terms = {self.one: value.numerator} if value else {}
        return Polynomial(terms, value.denominator)

    def reciprocal(self, body: Node) -> Polynomial:
        """Return one over a constant; dividing by a variable is outside the language."""
        if variables(body):
            raise Malformed("division by a variable")
        value = self.polynomial(body)
        if not value.terms:
            raise Malformed("division by zero")
        top = value.terms[self.one]
        sign = -1 if top < 0 else 1
        return Polynomial({self.one: sign * value.denominator}, abs(top))

    def add(self, a: Polynomial, b: Polynomial) -> Polynomial:
        """Return `a + b` within the caps."""
        self.spend(len(a.terms) + len(b.terms))
        if a.denominator == b.denominator:
            left, right, denominator = 1, 1, a.denominator
        else:
            left, right, denominator = b.denominator, a.denominator, a.denominator * b.denominator
        terms = {m: c * left for m, c in a.terms.items()}
        for m, c in b.terms.items():
            terms[m] = terms.get(m, 0) + c * right
        return self.checked(terms, denominator)

    def multiply(self, a: Polynomial, b: Polynomial) -> Polynomial:
        """Return `a * b` within the caps."""
        self.spend(len(a.terms) * len(b.terms))
        terms: dict[Monomial, int] = {}
        for m, c in a.terms.items():
            for n, d in b.terms.items():
                key = tuple(map(int.__add__, m, n))
                terms[key] = terms.get(key, 0) + c * d
        return self.checked(terms, a.denominator * b.denominator)

    def power(self, base: Polynomial, exponent: int) -> Polynomial:
        """Return `base` to a power by repeated squaring."""
        result = self.constant(1)
        while exponent:
            if exponent & 1:
                result = self.multiply(result, base)
            exponent >>= 1
            if exponent:
                base = self.multiply(base, base)
        return result

    def spend(self, term_products: int) -> None:
        """Count work before it is done."""
        self.fuel -= term_products
        if self.fuel < 0:
            raise Malformed("too much work to expand")

    def checked(self, terms: dict[Monomial, int], denominator: int) -> Polynomial:
        """Return a result without its zeros, if degree and size are within the caps."""
        terms = {m: c for m, c in terms.items() if c}
        if denominator.bit_length() > MAX_BITS:
            raise Malformed(f"a denominator above {MAX_BITS} bits")
        for m, c in terms.items():
            if c.bit_length() > MAX_BITS:
                raise Malformed(f"a coefficient above {MAX_BITS} bits")
            if sum(m) > MAX_DEGREE:
                raise Malformed(f"a total degree above {MAX_DEGREE}")
        return Polynomial(terms, denominator)


class UnknownVariable(Exception):
    """The answer uses a variable that the reference does not have."""
