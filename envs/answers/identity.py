"""Whether two expressions are the same function, by their values at secret random points.

Values are taken modulo two random primes of 61 bits, with a random element for each variable and
each symbol of `symbols`. A difference of degree d that is not 0 vanishes at a random point with a
chance of at most d/p (Schwartz and Zippel), so degrees are bounded on the tree before anything is
evaluated. Derivatives come from dual numbers. Pure numbers are compared exactly.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from .characters import Malformed
from .expressions import Call, Neg, Node, Num, Pow, Product, Recip, Sum, Var, variables
from .poly_values import Evaluator, Monomial, same
from .primes import SYSTEM, Prime, is_square, square_root, two_primes
from .symbols import (
    Factor,
    Factored,
    Logarithm,
    Powers,
    Resolver,
    Root,
    Symbolic,
    Wave,
    calls,
    symbolic,
)

MAX_TOTAL_DEGREE = 10_000
REDRAWS = 8
# with the three radicands allowed a point fails with a chance of 7/8: all fail with 1e-23
MAX_POINTS = 400
MAX_RADICANDS = 3

Dual = tuple[int, int]  # a value and its derivative


class Expression(NamedTuple):
    """A tree within the bounds, with the arguments of its functions read.

    Attributes:
        node: the tree.
        names: its variables, or those of the reference it is compared with.
        resolved: its calls with their arguments.
    """

    node: Node
    names: tuple[str, ...]
    resolved: list[tuple[Call, Wave | Factored]]


def expression(node: Node, names: tuple[str, ...]) -> Expression:
    """Return a tree as an expression in `names`.

    Raises:
        Malformed: the tree is over a bound, or holds a function of what has no form.
    """
    degree(node)
    resolver = Resolver(names)
    return Expression(node, names, [(call, resolver.resolve(call)) for call in calls(node)])


def degree(node: Node) -> int:
    """Return a bound on the total degree of numerator and denominator.

    A number counts as 1, so that the size of towers of numbers is bounded too.

    Raises:
        Malformed: the bound is above `MAX_TOTAL_DEGREE`.
    """
    match node:
        case Num() | Var():
            return 1
        case Sum(parts) | Product(parts):
            total = sum(map(degree, parts))
        case Neg(body) | Recip(body):
            return degree(body)
        case Pow(body, exponent):
            total = degree(body) * max(exponent, 1)
        case Call(_, body):
            total = degree(body) + 1
    if total > MAX_TOTAL_DEGREE:
        raise Malformed(f"a total degree above {MAX_TOTAL_DEGREE}")
    return total


def identical(one: Expression, two: Expression, *, derivative: bool = False) -> bool:
    """Whether two expressions in the same variables are the same function.

    Args:
        one: an expression.
        two: an expression.
        derivative: compare the derivatives with respect to the first variable instead.

    Raises:
        Malformed: the expressions leave the bounds together, or divide by zero.
    """
    if not (one.resolved or two.resolved or variables(one.node) or variables(two.node)):
        number = Evaluator(())
        return derivative or same(number.polynomial(one.node), number.polynomial(two.node))
    symbols = symbolic(one.resolved + two.resolved)
    radicands = {s.radicand for s in symbols.values() if isinstance(s, Root) and s.radicand}
    if len(radicands) > MAX_RADICANDS:
        raise Malformed(f"more than {MAX_RADICANDS} different roots")
    return all(_agree(one, two, prime, symbols, radicands, derivative) for prime in two_primes())


def _agree(
    one: Expression,
    two: Expression,
    prime: Prime,
    symbols: dict[int, Symbolic],
    radicands: set[Factor],
    derivative: bool,
) -> bool:
    """Whether two expressions agree at one random point where both are defined."""
    for _ in range(REDRAWS):
        point = _Point(prime, one.names, symbols, radicands)
        try:
            return point.value(one.node)[derivative] == point.value(two.node)[derivative]
        except ZeroDivisionError:
            continue
    raise Malformed("division by zero")


class _Point:
    """Random values modulo a prime for the variables and the symbols."""

    def __init__(
        self,
        prime: Prime,
        names: tuple[str, ...],
        symbols: dict[int, Symbolic],
        radicands: set[Factor],
    ) -> None:
        self.prime, self.p, self.symbols = prime, prime.p, symbols
        self.drawn: dict[tuple[bool, Monomial] | int | Factor, int] = {}
        self.roots: dict[Factor, int] = {}
        self.number_roots: dict[int, int] = {}
        self.circles: dict[Powers, tuple[int, int]] = {}
        for _ in range(MAX_POINTS):
            self.variables = {name: (self.random(), int(name == names[0])) for name in names}
            values = {factor: self.horner(factor) for factor in radicands}
            if all(is_square(value, self.p) for value in values.values()):
                self.roots = {f: square_root(value, prime) for f, value in values.items()}
                return
        raise RuntimeError("no point where all radicands are squares")

    def random(self) -> int:
        return SYSTEM.randrange(1, self.p)

    def horner(self, factor: Factor) -> int:
        name, coefficients = factor
        x, value = self.variables[name][0], 0
        for c in reversed(coefficients):
            value = (value * x + c) % self.p
        return value

    def fraction(self, value: int | Fraction) -> int:
        if isinstance(value, int):
            return value % self.p
        return value.numerator * self.inverse(value.denominator) % self.p

    def inverse(self, value: int) -> int:
        if value % self.p == 0:
            raise ZeroDivisionError
        return pow(value, -1, self.p)

    def symbol(self, key: tuple[bool, Monomial] | int | Factor) -> int:
        if key not in self.drawn:
            self.drawn[key] = self.random()
        return self.drawn[key]

    def value(self, node: Node) -> Dual:
        """Return the value and the derivative of a tree; raises ZeroDivisionError at a pole."""
        p = self.p
        match node:
            case Num(number):
                return self.fraction(number), 0
            case Var(name):
                return self.variables[name]
            case Neg(body):
                v, d = self.value(body)
                return -v % p, -d % p
            case Sum(parts):
                values = [self.value(part) for part in parts]
                return sum(v for v, _ in values) % p, sum(d for _, d in values) % p
            case Product(parts):
                v, d = self.value(parts[0])
                for part in parts[1:]:
                    w, e = self.value(part)
                    v, d = v * w % p, (d * w + v * e) % p
                return v, d
            case Pow(base, exponent):
                if exponent == 0:
                    return 1, 0
                v, d = self.value(base)
                below = pow(v, exponent - 1, p)
                return below * v % p, exponent * below * d % p
            case Recip(body):
                v, d = self.value(body)
                v = self.inverse(v)
                return v, -d * v * v % p
            case Call():
                return self.call(node)

    def call(self, call: Call) -> Dual:
        p, symbol = self.p, self.symbols[id(call)]
        u, du = self.value(call.body)
        if isinstance(symbol, Logarithm):
            terms = (self.symbol(key) * self.fraction(c) for key, c in symbol.coefficients)
            return sum(terms) % p, du * self.inverse(u) % p
        if isinstance(symbol, Root):
            root = self.root(symbol)
            return root, du * self.inverse(2 * root) % p
        if call.name == "exp":
            value = self.exponential(symbol, circular=False)
            return value, du * value % p
        return self.trigonometric(call.name, symbol, du)

    def root(self, root: Root) -> int:
        value = self.fraction(root.number)
        for small in root.primes:
            if small not in self.number_roots:
                self.number_roots[small] = square_root(small, self.prime)
            value = value * self.number_roots[small] % self.p
        if root.radicand:
            value = value * pow(self.roots[root.radicand], root.power, self.p) % self.p
        return value

    def exponential(self, symbol: Powers, *, circular: bool) -> int:
        value = 1
        for monomial, power in symbol.powers:
            value = value * pow(self.symbol((circular, monomial)), power, self.p) % self.p
        return value

    def circle(self, symbol: Powers) -> tuple[int, int]:
        """Return cos and sin of an angle u with the symbol exp(i*u)."""
        if symbol not in self.circles:
            wave = self.exponential(symbol, circular=True)
            back, half = self.inverse(wave), (self.p + 1) // 2
            sin = (back - wave) * half * self.prime.i % self.p
            self.circles[symbol] = (wave + back) * half % self.p, sin
        return self.circles[symbol]

    def trigonometric(self, name: str, symbol: Powers, du: int) -> Dual:
        """Return a circular function of an angle whose derivative is `du`."""
        p = self.p
        cos, sin = self.circle(symbol)
        match name:
            case "sin":
                return sin, cos * du % p
            case "cos":
                return cos, -sin * du % p
            case "tan":
                sec = self.inverse(cos)
                return sin * sec % p, sec * sec * du % p
            case "cot":
                csc = self.inverse(sin)
                return cos * csc % p, -csc * csc * du % p
            case "sec":
                sec = self.inverse(cos)
                return sec, sec * sec * sin * du % p
            case _:
                csc = self.inverse(sin)
                return csc, -csc * csc * cos * du % p
