r"""What the functions in an expression are made of: symbols without any relation.

By Ax's theorem exponentials of polynomials that are linearly independent modulo constants,
logarithms of multiplicatively independent polynomials and x itself are algebraically independent,
and square roots of coprime squarefree polynomials add nothing but their squares. So

* exp, sin and cos of a polynomial are products of powers of one symbol a monomial;
* ln of a product is a sum of one symbol a factor of a coprime base, and one a prime number;
* sqrt is a rational number, roots of small primes and the root of one polynomial.

Equal in these symbols is equal as functions, wherever both are defined. The other way round holds
by Ax for functions, and for numbers such as e and ln(2) if they have no unknown relation
(Schanuel's conjecture). What has no such form, such as exp(sin(x)) or sqrt(x^2), is malformed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from ..generators.exact import Poly
from .characters import Malformed
from .coprime import (
    MAX_COEFFICIENT_BITS,
    MAX_DEGREE,
    MAX_POLYNOMIALS,
    coprime_base,
    exponents,
    is_squarefree,
    primitive,
)
from .expressions import Call, Neg, Node, Num, Pow, Product, Recip, Sum, Var
from .poly_values import Evaluator, Monomial, Polynomial
from .primes import SQUARE_PRIMES

MAX_TRIAL_DIVISOR = 1000
MAX_SCALED = 10_000

Factor = tuple[str, Poly]  # a variable and a primitive polynomial in it

X: Poly = (0, 1)


class Wave(NamedTuple):
    """The argument of an exponential or a trigonometric function: a polynomial by monomials."""

    terms: tuple[tuple[Monomial, Fraction], ...]


class Factored(NamedTuple):
    """The argument of a logarithm or a root: numbers and polynomials with their exponents."""

    numbers: tuple[tuple[Fraction, Fraction], ...]
    factors: tuple[tuple[Factor, Fraction], ...]


class Resolver:
    """Reads the arguments of the calls in one expression; one per expression, for its budget."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Take the variables that may occur."""
        self.names = names
        self.evaluator = Evaluator(names)

    def resolve(self, call: Call) -> Wave | Factored:
        """Return the argument of a call; raises `Malformed` where it has no form."""
        if call.name in ("ln", "ln_abs", "sqrt"):
            numbers: list[tuple[Fraction, Fraction]] = []
            factors: list[tuple[Factor, Fraction]] = []
            parts = list(self.factors(call.body, Fraction(1)))
            if call.name == "sqrt" and sum(factor is not None for _, factor, _ in parts) > 1:
                # not the product of the roots of the factors, which may both be negative
                parts = [(*self.split(self.evaluator.polynomial(call.body)), Fraction(1))]
            for number, factor, power in parts:
                if number != 1:
                    numbers.append((number, power))
                if factor:
                    factors.append((factor, power))
            return Factored(tuple(numbers), tuple(factors))
        value = self.evaluator.polynomial(call.body)
        return Wave(tuple((m, Fraction(c, value.denominator)) for m, c in value.terms.items()))

    def factors(
        self, node: Node, power: Fraction
    ) -> Iterator[tuple[Fraction, Factor | None, Fraction]]:
        """Yield a number, a polynomial or None, and their exponent, for each factor of `node`."""
        match node:
            case Neg(body):
                yield Fraction(-1), None, power
                yield from self.factors(body, power)
            case Product(parts):
                for part in parts:
                    yield from self.factors(part, power)
            case Recip(body):
                yield from self.factors(body, -power)
            case Pow(base, exponent) if exponent:
                yield from self.factors(base, power * exponent)
            case Call("sqrt", body):
                yield from self.factors(body, power / 2)
            case Var(name) if name in self.names:
                yield Fraction(1), (name, X), power
            case _:
                yield *self.split(self.evaluator.polynomial(node)), power

    def split(self, value: Polynomial) -> tuple[Fraction, Factor | None]:
        """Return a polynomial as a number times a primitive polynomial in one variable."""
        if not value.terms:
            raise Malformed("a logarithm, a root or a quotient of 0")
        used = {k for monomial in value.terms for k, e in enumerate(monomial) if e}
        if not used:
            return Fraction(next(iter(value.terms.values())), value.denominator), None
        if len(used) > 1:
            raise Malformed("a logarithm or a root in several variables")
        (index,) = used
        by_degree = {monomial[index]: c for monomial, c in value.terms.items()}
        degree = max(by_degree)
        if degree > MAX_DEGREE:
            raise Malformed(f"a logarithm or a root of degree above {MAX_DEGREE}")
        p = tuple(by_degree.get(k, 0) for k in range(degree + 1))
        q = primitive(p)
        if max(map(abs, q)).bit_length() > MAX_COEFFICIENT_BITS:
            raise Malformed(f"a coefficient above {MAX_COEFFICIENT_BITS} bits")
        return Fraction(p[-1], q[-1] * value.denominator), (self.names[index], q)


def calls(node: Node) -> Iterator[Call]:
    """Yield the calls in a tree, those inside arguments too."""
    match node:
        case Num() | Var():
            pass
        case Sum(parts) | Product(parts):
            for part in parts:
                yield from calls(part)
        case Neg(body) | Recip(body) | Pow(body, _):
            yield from calls(body)
        case Call(_, body):
            yield node
            yield from calls(body)


class Powers(NamedTuple):
    """An exponential: the exponents of the symbols exp(m/L), a monomial m and a common L each."""

    powers: tuple[tuple[Monomial, int], ...]


class Logarithm(NamedTuple):
    """A logarithm: coefficients of the symbols ln(-1), ln(2), ln(3), … and ln(factor)."""

    coefficients: tuple[tuple[int | Factor, Fraction], ...]


class Root(NamedTuple):
    """A root: `number` times roots of `primes` times a power of the root of `radicand`."""

    number: Fraction
    primes: tuple[int, ...]
    radicand: Factor | None
    power: int


Symbolic = Powers | Logarithm | Root


def symbolic(resolved: list[tuple[Call, Wave | Factored]]) -> dict[int, Symbolic]:
    """Return each call of two expressions in their common symbols, by the call's `id`."""
    scale = math.lcm(
        *(c.denominator for _, w in resolved if isinstance(w, Wave) for _, c in w.terms)
    )
    roots = _base([f for call, f in resolved if call.name == "sqrt"])
    logs = _base([f for call, f in resolved if call.name in ("ln", "ln_abs")])
    found: dict[int, Symbolic] = {}
    signs: dict[Factor, int] = {}
    for call, argument in resolved:
        if isinstance(argument, Wave):
            found[id(call)] = _powers(argument, scale)
        elif call.name == "sqrt":
            found[id(call)] = _root(argument, roots, signs)
        else:
            found[id(call)] = _logarithm(argument, logs, absolute=call.name == "ln_abs")
    return found


def _powers(wave: Wave, scale: int) -> Powers:
    powers = [(m, c.numerator * (scale // c.denominator)) for m, c in wave.terms]
    if sum(abs(k) for _, k in powers) > MAX_SCALED:
        raise Malformed("coefficients too far apart in an exponential or an angle")
    return Powers(tuple(powers))


def _base(arguments: list[Wave | Factored]) -> dict[str, list[Poly]]:
    """Return a coprime base of the polynomials in each variable."""
    found: dict[str, dict[Poly, None]] = {}
    for argument in arguments:
        if isinstance(argument, Factored):
            for (name, p), _ in argument.factors:
                found.setdefault(name, {})[p] = None
    if sum(map(len, found.values())) > MAX_POLYNOMIALS:
        raise Malformed(f"more than {MAX_POLYNOMIALS} different logarithms or roots")
    return {name: coprime_base(list(polynomials)) for name, polynomials in found.items()}


def _over(argument: Factored, base: dict[str, list[Poly]]) -> dict[Factor, Fraction]:
    """Return the exponents of an argument over a coprime base, those that are 0 left out."""
    total: dict[Factor, Fraction] = {}
    for (name, p), power in argument.factors:
        for q, k in zip(base[name], exponents(p, base[name]), strict=True):
            if k:
                total[name, q] = total.get((name, q), Fraction(0)) + k * power
    return {factor: power for factor, power in total.items() if power}


def _logarithm(argument: Factored, base: dict[str, list[Poly]], *, absolute: bool) -> Logarithm:
    total: dict[int | Factor, Fraction] = dict(_over(argument, base).items())
    for number, power in argument.numbers:
        if number < 0:
            total[-1] = total.get(-1, Fraction(0)) + power
        for n, sign in ((abs(number.numerator), 1), (number.denominator, -1)):
            for prime in _prime_factors(n):
                total[prime] = total.get(prime, Fraction(0)) + sign * power
    if -1 in total:  # the sign of the whole argument counts; ln|u| has none
        total[-1] = Fraction(0) if absolute else total[-1] % 2
    return Logarithm(tuple(total.items()))


def _prime_factors(n: int) -> Iterator[int]:
    """Yield the prime factors of a positive number as often as they divide it."""
    if n == 0:
        raise Malformed("a logarithm of 0")
    if n.bit_length() > 256:
        raise Malformed("a logarithm of a number above 256 bits")
    d = 2
    while d * d <= n and d < MAX_TRIAL_DIVISOR:
        while n % d == 0:
            yield d
            n //= d
        d += 1
    if n >= MAX_TRIAL_DIVISOR**2:
        raise Malformed("a logarithm of a number with large prime factors")
    if n > 1:
        yield n


def _root(argument: Factored, base: dict[str, list[Poly]], signs: dict[Factor, int]) -> Root:
    number = Fraction(1)
    for value, power in argument.numbers:
        if power.denominator != 1 or abs(power) > MAX_COEFFICIENT_BITS:
            raise Malformed("a root inside a root, or a large power")
        if value == 0:
            raise Malformed("a root of 0")
        number *= value ** int(power)
    outside, primes = _number_root(abs(number))
    powers = _over(argument, base)
    sign = -1 if number < 0 else 1
    if not powers:
        if sign < 0:
            raise Malformed("a root of a negative number")
        return Root(outside, primes, None, 1)
    (factor, power), *others = powers.items()
    # sqrt(u^2) is |u|, and sqrt(u*v) is not sqrt(u)*sqrt(v) where both are negative
    if others or power.denominator != 1 or power % 2 == 0 or not is_squarefree(factor[1]):
        raise Malformed("a root that may need an absolute value")
    if signs.setdefault(factor, sign) != sign:
        raise Malformed("roots that are nowhere both real")
    name, p = factor
    return Root(outside, primes, (name, tuple(sign * c for c in p)), int(power))


def _number_root(number: Fraction) -> tuple[Fraction, tuple[int, ...]]:
    """Return the root of a positive number as a rational number and the primes under roots."""
    inside = number.numerator * number.denominator
    if inside.bit_length() > 4 * MAX_COEFFICIENT_BITS:
        raise Malformed("a root of a large number")
    outside, primes = Fraction(1, number.denominator), []
    for prime in SQUARE_PRIMES:
        power = 0
        while inside % prime == 0:
            inside, power = inside // prime, power + 1
        outside *= prime ** (power // 2)
        if power % 2:
            primes.append(prime)
    rest = math.isqrt(inside)
    if rest * rest != inside:
        raise Malformed(f"a root of a number with a prime factor above {SQUARE_PRIMES[-1]}")
    return outside * rest, tuple(primes)
