"""Calculus in one variable: derivatives, antiderivatives, definite integrals and limits."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ..family import Family, Level, Question
from ..generators import calculus_exercises as draw
from ..generators import calculus_functions as functions
from ..generators.calculus_exercises import Exercise
from ..problem import Problem

_QUESTION = re.compile(
    r"Differentiate (?P<function>.+)\."
    r"|Integrate (?P<integrand>.+?)(?: from (?P<low>-?[0-9]+) to (?P<high>-?[0-9]+))?\."
    r"|Find the limit of (?P<quotient>.+) as x (?:-> (?P<point>-?[0-9]+)|grows without bound)\."
)


@dataclass(frozen=True, slots=True)
class Rung(Level):
    """A level and how its exercises are drawn."""

    exercise: Callable[[random.Random], Exercise] = field(default=draw.diff_monomial, kw_only=True)


# One row a level: what it adds, and how its exercises are drawn.
LEVELS = (
    Rung("differentiate a*x^n", exercise=draw.diff_monomial),
    Rung("integrate a*x^n", exercise=draw.integrate_monomial),
    Rung("differentiate a polynomial", exercise=draw.diff_polynomial),
    Rung("integrate a polynomial, with fractions", exercise=draw.integrate_polynomial),
    Rung("chain rule: a power of a linear polynomial", exercise=draw.chain_power),
    Rung("limits at a point where a factor cancels", exercise=draw.limit_cancelled),
    Rung("derivatives of exp, sin, cos and ln", exercise=functions.diff_function),
    Rung("product rule for polynomials", exercise=draw.product_polynomials),
    Rung("definite integrals", exercise=draw.definite),
    Rung("limits at infinity", exercise=draw.limit_at_infinity),
    Rung("limits of quotients of quadratics", exercise=draw.limit_quotient),
    Rung("quotient rule", exercise=draw.quotient),
    Rung("product rule with exp, sin, cos and ln", exercise=functions.diff_product),
    Rung("antiderivatives of exp, sin, cos and 1/x", exercise=functions.integrate_functions),
    Rung("chain rule: functions of a quadratic", exercise=functions.diff_composite),
    Rung("integrate by substitution", exercise=functions.substitution),
    Rung("integrate by parts", exercise=functions.by_parts),
    Rung("integrate by parts twice", exercise=functions.by_parts_twice),
)  # fmt: skip


class Calculus(Family):
    """Differentiate, integrate and find limits of functions of x.

    ## Description

    Derivatives climb from `a*x^n` over the chain, product and quotient rules to functions of a
    quadratic; antiderivatives from monomials to integration by parts, twice. Between them stand
    definite integrals of polynomials and limits of rational functions, at a point where a factor
    cancels and at infinity. Functions are exp, sin, cos, ln (the natural logarithm) and sqrt.

    ## Answer

    The derivative of a polynomial is a polynomial in collected form (`poly_exp`), except after the
    chain and product rules, where any form counts (`poly`). A rational function (`ratfun`) and an
    elementary function (`func`) count in any form, wherever both are defined: `log` is `ln`, `e^x`
    is `exp(x)`, `x^(1/2)` is `sqrt(x)`. An antiderivative (`antider`) counts with any constant or
    none, also `+ C`, and `ln|x|` for `ln(x)`. A definite integral is a rational literal (`rat`), a
    limit is one too, or `infinity` or `-infinity` (`limit`).

    ## Version history

    v0: first release.
    """

    name = "calculus"
    summary = "Derivatives, antiderivatives, definite integrals and limits of functions of x."
    levels = LEVELS

    def draw(self, level: int, rng: random.Random) -> Exercise:
        """Return a random exercise of `level`."""
        return self.levels[level - 1].exercise(rng)

    def canonical(self, content: Exercise) -> str:
        """Return what is asked of which function, its factors or terms in order."""
        if content.operands:
            return f"{content.text[:3]}{sorted(content.operands)}"
        return content.text.replace(" ", "")

    def ask(self, level: int, content: Exercise, rng: random.Random) -> Question:
        """Return the exercise as it was drawn."""
        return Question(content.text, content.kind, content.answer)

    def recompute(self, problem: Problem) -> str | None:
        """Return the answer of sympy to the question."""
        import sympy

        x = sympy.Symbol("x")
        asked = _QUESTION.fullmatch(problem.question)
        if not asked:
            return None
        text = asked["function"] or asked["integrand"] or asked["quotient"]
        function = sympy.sympify(text.replace("^", "**"), locals={"x": x})
        if asked["function"]:
            value = sympy.diff(function, x)
            value = sympy.expand(value) if function.is_polynomial(x) else value
        elif asked["low"]:
            value = sympy.integrate(function, (x, int(asked["low"]), int(asked["high"])))
        elif asked["integrand"]:
            value = sympy.integrate(function, x)
        else:
            point = sympy.oo if asked["point"] is None else int(asked["point"])
            value = sympy.limit(function, x, point)
        return re.sub(r"\bE\b", "e", str(value))
