"""Quadratic equations: from factored ones to surds, complex roots and quartics in disguise."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from typing import Any

from ..generators.exact import Poly, add, content, multiply, render
from ..generators.exercises import Exercise, ExerciseFamily, Rung
from ..generators.quadratic_roots import is_square, roots, square_roots
from ..problem import Problem
from ..streams import randint

SIMPLEST = " in simplest form"
COMPLEX = " over the complex numbers"
REAL = " over the real numbers"


def _nonzero(rng: random.Random, bound: int) -> int:
    size = randint(rng, 1, 2 * bound)
    return size - bound if size > bound else -size


def _listed(found: list[str]) -> str:
    return "{" + ", ".join(found) + "}"


def _same_equation(p: Poly) -> str:
    """Return the primitive polynomial with a positive leading coefficient that `p` is times."""
    g = content(p) * (-1 if p[-1] < 0 else 1)
    return str([c // g for c in p])


def _solve(equation: str, p: Poly, found: list[str], scope: str = "") -> Exercise:
    return Exercise(f"Solve {equation}{scope}.", "set", _listed(found), _same_equation(p))


def _quadratic(p: Poly, scope: str = "") -> Exercise:
    c, b, a = p
    return _solve(f"{render(p)} = 0", p, roots(a, b, c), scope)


def _product(first: Poly, second: Poly) -> Exercise:
    p = multiply(first, second)
    c, b, a = p
    return _solve(f"({render(first)})*({render(second)}) = 0", p, roots(a, b, c))


def _factored(rng: random.Random) -> Exercise:
    a = b = _nonzero(rng, 30)
    while a == b:
        b = _nonzero(rng, 30)
    return _product((a, 1), (b, 1))


def _linear(rng: random.Random, low: int, high: int, bound: int) -> Poly:
    """Return a primitive linear polynomial with a leading coefficient in low … high."""
    while True:
        p = (_nonzero(rng, bound), randint(rng, low, high))
        if content(p) == 1:
            return p


def _factored_rational(rng: random.Random) -> Exercise:
    factors = [_linear(rng, 2, 6, 9), _linear(rng, 1, 6, 9)]
    rng.shuffle(factors)
    return _product(factors[0], factors[1])


def _square(rng: random.Random) -> Exercise:
    shift, side = randint(rng, -30, 30), randint(rng, 1, 30)
    p = (shift * shift - side * side, 2 * shift, 1)
    left = f"({render((shift, 1))})^2" if shift else "x^2"
    return _solve(f"{left} = {side * side}", p, roots(1, p[1], p[0]))


def _no_constant(rng: random.Random) -> Exercise:
    a, b = randint(rng, 1, 9), _nonzero(rng, 60)
    equation = f"{render((0, b, a))} = 0"
    if rng.random() < 0.5:
        equation = f"{render((0, 0, a))} = {render((0, -b))}"
    return _solve(equation, (0, b, a), roots(a, b, 0))


def _monic_polynomial(r: int, s: int) -> Poly:
    return (r * s, -r - s, 1)


def _monic(rng: random.Random) -> Exercise:
    r, s = _nonzero(rng, 30), _nonzero(rng, 30)
    if rng.random() < 0.1:
        s = r
    if r == s in (1, 2):  # a double root that stands in the question would be answered by copying
        s = -r
    return _quadratic(_monic_polynomial(r, s))


def _both_sides(rng: random.Random) -> Exercise:
    r = s = _nonzero(rng, 20)
    while r == s:
        s = _nonzero(rng, 20)
    p = _monic_polynomial(r, s)
    right = (_nonzero(rng, 20), _nonzero(rng, 12), *((randint(rng, 1, 5),) * randint(rng, 0, 1)))
    equation = f"{render(add(p, right))} = {render(right)}"
    return _solve(equation, p, roots(1, p[1], p[0]))


def _leading(rng: random.Random) -> Exercise:
    return _quadratic(multiply(_linear(rng, 2, 7, 9), _linear(rng, 1, 7, 9)))


def _surds(rng: random.Random) -> Exercise:
    half, n = randint(rng, -12, 12), randint(rng, 2, 200)
    while is_square(n):
        n = randint(rng, 2, 200)
    return _quadratic((half * half - n, 2 * half, 1), SIMPLEST)


def _larger_root(rng: random.Random) -> Exercise:
    c, b, a = _with_discriminant(rng, 1)
    _, high = roots(a, b, c)
    equation = f"{render((c, b, a))} = 0"
    text = f"Find the larger root of {equation}{SIMPLEST}."
    return Exercise(text, "surd", high, f"larger: {_same_equation((c, b, a))}")


def _gaussian(rng: random.Random) -> Exercise:
    half, n = randint(rng, -25, 25), randint(rng, 1, 30)
    return _quadratic((half * half + n * n, 2 * half, 1), COMPLEX)


def _with_discriminant(rng: random.Random, sign: int) -> Poly:
    """Return a primitive quadratic whose discriminant has a sign and is no square of an integer."""
    while True:
        p = (_nonzero(rng, 12), _nonzero(rng, 12), randint(rng, 1, 6))
        d = sign * (p[1] ** 2 - 4 * p[0] * p[2])
        if d > 0 and not is_square(d) and content(p) == 1:
            return p


def _surds_over_integers(rng: random.Random) -> Exercise:
    return _quadratic(_with_discriminant(rng, 1), SIMPLEST)


def _complex_surds(rng: random.Random) -> Exercise:
    return _quadratic(_with_discriminant(rng, -1), COMPLEX + "," + SIMPLEST)


def _vieta(rng: random.Random) -> Exercise:
    c, b, a = _nonzero(rng, 15), _nonzero(rng, 15), randint(rng, 1, 6)
    total, product = Fraction(-b, a), Fraction(c, a)
    squares = total**2 - 2 * product
    asked, value = rng.choice((("r^2 + s^2", squares),
                               ("(r - s)^2", squares - 2 * product),
                               ("r^3 + s^3", total**3 - 3 * total * product),
                               ("1/r + 1/s", total / product),
                               ("r/s + s/r", squares / product)))  # fmt: skip
    text = f"The roots of {render((c, b, a))} = 0 are r and s. Find {asked}."
    return Exercise(text, "rat", str(value), f"{asked}: {_same_equation((c, b, a))}")


def _parameter(rng: random.Random) -> Exercise:
    # (k + a)^2 - 4*(b*k + c) is (k - 2*b + a)^2 - d^2
    a, b, d = _nonzero(rng, 9), _nonzero(rng, 6), 2 * randint(rng, 1, 10)
    middle = 2 * b - a
    c = (a * a - middle * middle + d * d) // 4
    equation = f"x^2 + ({render((a, 1), 'k')})*x + ({render((c, b), 'k')}) = 0"
    text = f"For which k does {equation} have a double root?"
    return Exercise(text, "set", _listed([str(middle - d), str(middle + d)]), equation)


def _biquadratic(rng: random.Random) -> Exercise:
    u = randint(rng, 1, 40)
    v = u
    while v == u:
        v = _nonzero(rng, 40)
    pairs = [square_roots(w) for w in sorted((u, v)) if w > 0]
    found = [low for low, _ in reversed(pairs)] + [high for _, high in pairs]
    p = (u * v, 0, -u - v, 0, 1)
    return _solve(f"{render(p)} = 0", p, found, f"{REAL},{SIMPLEST}")


def _quartic(rng: random.Random) -> Exercise:
    factors: list[Poly] = []
    while len(factors) < 2:
        p = (_nonzero(rng, 12), randint(rng, -6, 6), 1)
        if not is_square(p[1] ** 2 - 4 * p[0]) and p not in factors:
            factors.append(p)
    found = [root for c, b, _ in sorted(factors) for root in roots(1, b, c)]
    product = multiply(*factors)
    return _solve(f"{render(product)} = 0", product, found, f"{COMPLEX},{SIMPLEST}")


# One row a level: what it adds, and how its exercises are drawn.
LEVELS = (
    Rung("read the roots off two monic factors", exercise=_factored),
    Rung("factors with leading coefficients: rational roots", exercise=_factored_rational),
    Rung("a square that equals a square number", exercise=_square),
    Rung("no constant term: 0 is a root", exercise=_no_constant),
    Rung("a monic quadratic with integer roots, maybe a double one", exercise=_monic),
    Rung("terms on both sides", exercise=_both_sides),
    Rung("a leading coefficient and rational roots", exercise=_leading),
    Rung("complete the square: roots with a surd", exercise=_surds),
    Rung("complex roots with whole parts", exercise=_gaussian),
    Rung("the quadratic formula with every coefficient", exercise=_surds_over_integers),
    Rung("one root out of two, as a number", exercise=_larger_root),
    Rung("complex roots with a surd", exercise=_complex_surds),
    Rung("a symmetric function of the roots (Vieta)", exercise=_vieta),
    Rung("a parameter that makes the root a double one", exercise=_parameter),
    Rung("a quartic that is a quadratic in x^2", exercise=_biquadratic),
    Rung("a quartic that splits into two quadratics", exercise=_quartic),
)


class QuadraticEquations(ExerciseFamily):
    """Solve quadratic equations exactly, over the real or the complex numbers.

    ## Description
    Equations in x, from a product of two factors that is 0 to quartics that split into quadratics.
    Roots are real unless the question says "over the complex numbers". Beside solving, there are
    symmetric functions of the roots, and a parameter that makes a quadratic have a double root.

    ## Answer
    The set of the solutions, in braces, as a list or as `x = 2 or x = 3`, in any order; a double
    root is one element. An element is a rational literal or an exact number such as
    `(1 + sqrt(5))/2` or `2 - 3*i` in simplest form: no square under a root, no root in a
    denominator, like terms collected. `±` is not accepted. One root is answered by such a number
    alone (`surd`), a function of the roots by a rational literal.

    ## Version history
    v0: first release.
    """

    name = "quadratic_equations"
    summary = "Quadratic equations: integer, rational, surd and complex roots, Vieta, quartics."
    levels = LEVELS

    def recompute(self, problem: Problem) -> str | None:
        """Return what sympy finds for the equation that stands in the question."""
        return _by_sympy(problem.question)


_EQUATION = re.compile(
    r"(?P<lead>Solve|The roots of|For which k does|Find the larger root of) "
    r"(?P<left>[^=]*) = (?P<right>[-+*^x0-9 ]*?)"
    r"(?: over the (?P<scope>\w+) numbers.*| in simplest form\.|\."
    r"| are r and s\. Find (?P<asked>.*)\.| have a double root\?)"
)


def _by_sympy(question: str) -> str | None:
    import sympy

    match = _EQUATION.fullmatch(question)
    if not match:
        return None
    x, k = sympy.symbols("x k")
    left, right = (sympy.sympify(match[side].replace("^", "**")) for side in ("left", "right"))
    p = sympy.expand(left - right)
    if match["lead"] == "For which k does":
        return _listed([str(root) for root in sympy.solve(sympy.discriminant(p, x), k)])
    found: list[Any] = []
    for factor, _ in sympy.factor_list(p, x)[1]:
        found += [sympy.expand(root) for root in sympy.solve(factor, x)]
    if match["lead"] == "Find the larger root of":
        return str(max(found))
    if match["asked"]:
        r, s = found if len(found) == 2 else found * 2
        value = sympy.sympify(match["asked"].replace("^", "**"), locals={"r": r, "s": s})
        return str(sympy.simplify(value))
    return _listed([str(root) for root in found if match["scope"] != "real" or root.is_real])
