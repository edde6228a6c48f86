"""Polynomials over the integers: evaluate, collect, add, expand, multiply, factor."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..family import Family, Level, Question
from ..generators.exact import Poly, add, content, evaluate, multiply, render
from ..oracles.polynomials import by_sympy
from ..problem import Problem


class Exercise(NamedTuple):
    """The content of a polynomial question.

    Attributes:
        text: what is asked.
        kind: answer kind.
        answer: the reference answer.
        operands: what a commutative operation joins, or empty; their order is no new question.
    """

    text: str
    kind: str
    answer: str
    operands: tuple[Poly, ...] = ()


def _nonzero(rng: random.Random, bound: int) -> int:
    return rng.choice((-1, 1)) * rng.randint(1, bound)


def _linear(rng: random.Random, lead: int, bound: int) -> Poly:
    return (_nonzero(rng, bound), rng.randint(1, lead))


def _evaluate_linear(rng: random.Random) -> Exercise:
    p, x = (_nonzero(rng, 20), rng.randint(2, 9)), rng.randint(1, 9)
    return Exercise(f"Evaluate {render(p)} at x = {x}.", "int", str(evaluate(p, x)))


def _evaluate_quadratic(rng: random.Random) -> Exercise:
    p = (_nonzero(rng, 9), rng.randint(-5, 5), rng.randint(1, 3))
    x = _nonzero(rng, 6)
    return Exercise(f"Evaluate {render(p)} at x = {x}.", "int", str(evaluate(p, x)))


def _collect(rng: random.Random) -> Exercise:
    first, second = _linear(rng, 9, 9), (_nonzero(rng, 9), _nonzero(rng, 9))
    tail = render(second)
    joined = f"{render(first)} - {tail[1:]}" if tail[0] == "-" else f"{render(first)} + {tail}"
    return Exercise(f"Collect {joined}.", "poly_exp", render(add(first, second)), (first, second))


def _add(rng: random.Random) -> Exercise:
    p, q = ((rng.randint(-9, 9), _nonzero(rng, 9), rng.randint(1, 9)) for _ in range(2))
    text = f"Add ({render(p)}) + ({render(q)})."
    return Exercise(text, "poly_exp", render(add(p, q)), (p, q))


def _distribute(rng: random.Random) -> Exercise:
    k, p = rng.randint(2, 9), _linear(rng, 9, 9)
    return Exercise(f"Expand {k}*({render(p)}).", "poly_exp", render(multiply((k,), p)))


def _expand_product(p: Poly, q: Poly) -> Exercise:
    text = f"Expand ({render(p)})*({render(q)})."
    return Exercise(text, "poly_exp", render(multiply(p, q)), (p, q))


def _multiply_monic(rng: random.Random) -> Exercise:
    return _expand_product((_nonzero(rng, 12), 1), (_nonzero(rng, 12), 1))


def _multiply(rng: random.Random) -> Exercise:
    return _expand_product(_linear(rng, 5, 9), _linear(rng, 5, 9))


def _factored(factors: tuple[Poly, ...], lead: int = 1) -> str:
    head = [] if lead == 1 else [str(lead)]
    return "*".join(head + [f"({render(f)})" for f in factors])


def _factor(factors: tuple[Poly, ...], lead: int = 1) -> Exercise:
    product: Poly = (lead,)
    for factor in factors:
        product = multiply(product, factor)
    return Exercise(f"Factor {render(product)}.", "poly_fac", _factored(factors, lead))


def _common_factor(rng: random.Random) -> Exercise:
    while content(p := _linear(rng, 9, 9)) != 1:
        pass
    return _factor((p,), rng.randint(2, 9))


def _factor_monic(rng: random.Random) -> Exercise:
    return _factor(((_nonzero(rng, 12), 1), (_nonzero(rng, 12), 1)))


def _factor_quadratic(rng: random.Random) -> Exercise:
    while content(p := (_nonzero(rng, 9), rng.randint(2, 5))) != 1:
        pass
    return _factor((p, (_nonzero(rng, 9), 1)))


def _expand_three(rng: random.Random) -> Exercise:
    factors = [(_nonzero(rng, 6), 1) for _ in range(3)]
    product = multiply(multiply(factors[0], factors[1]), factors[2])
    text = f"Expand {'*'.join(f'({render(f)})' for f in factors)}."
    return Exercise(text, "poly_exp", render(product), tuple(factors))


@dataclass(frozen=True, slots=True)
class Rung(Level):
    """A level and how its exercises are drawn."""

    exercise: Callable[[random.Random], Exercise] = field(default=_collect, kw_only=True)


# One row a level: what it adds, and how its exercises are drawn.
LEVELS = (
    Rung("evaluate a linear polynomial", exercise=_evaluate_linear),
    Rung("evaluate a quadratic, also at negative points", exercise=_evaluate_quadratic),
    Rung("collect like terms", exercise=_collect),
    Rung("add two quadratics", exercise=_add),
    Rung("expand a number times a linear polynomial", exercise=_distribute),
    Rung("multiply two monic linear polynomials", exercise=_multiply_monic),
    Rung("multiply with leading coefficients up to 5", widens=True, exercise=_multiply),
    Rung("factor out a common integer", exercise=_common_factor),
    Rung("factor a monic quadratic over the integers", exercise=_factor_monic),
    Rung("factor a quadratic with a leading coefficient", exercise=_factor_quadratic),
    Rung("expand a product of three", exercise=_expand_three),
)


class Polynomials(Family):
    """Manipulate polynomials in x; the form of the answer is part of the question.

    ## Description
    Polynomials with integer coefficients are evaluated, collected, added, expanded and factored.

    ## Answer
    What is evaluated is answered by an integer literal, what is collected, added or expanded by a
    sum of different monomials, what is factored by the complete factorisation over the integers.
    A polynomial that is equal but in another form is WRONG.

    ## Version history
    v0: first release.
    """

    name = "polynomials"
    summary = "Polynomials in x: evaluate, collect, add, expand, factor; the answer's form counts."
    levels = LEVELS

    def draw(self, level: int, rng: random.Random) -> Exercise:
        """Return a random exercise of `level`."""
        return self.levels[level - 1].exercise(rng)

    def canonical(self, content: Exercise) -> str:
        """Return what is to be done to which polynomials, commuting operands in order."""
        if content.text.startswith("Collect"):  # four terms in a row, in any order
            constants, slopes = zip(*content.operands, strict=True)
            return f"Col{sorted(constants)}{sorted(slopes)}"
        if content.operands:
            return f"{content.text[:3]}{sorted(content.operands)}"
        return content.text.replace(" ", "")

    def ask(self, level: int, content: Exercise, rng: random.Random) -> Question:
        """Return the exercise as it was drawn."""
        return Question(content.text, content.kind, content.answer)

    def recompute(self, problem: Problem) -> str | None:
        """Return what sympy computes from the text of the question."""
        return by_sympy(problem.question)
