"""Inequalities in one variable: linear, absolute values, sign charts, surd ends."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from ..family import Family, Level, Question
from ..generators.exact import Poly, add, content, multiply, render
from ..generators.quadratic_roots import is_square, roots
from ..generators.sign_charts import OPPOSITE, Cut, rational_cut, solution
from ..oracles.intervals import intervals_by_points
from ..problem import Problem
from ..streams import randint

RELATIONS = tuple(OPPOSITE)
BELOW = ("<", "<=")
ABOVE = (">", ">=")


class Exercise(NamedTuple):
    """The content of a question on an inequality.

    Attributes:
        text: the inequality.
        answer: the solutions as a union of intervals.
        canonical: the inequality without the order of factors, sides and multiples.
    """

    text: str
    answer: str
    canonical: str


def _nonzero(rng: random.Random, bound: int) -> int:
    size = randint(rng, 1, 2 * bound)
    return size - bound if size > bound else -size


def _distinct(rng: random.Random, count: int, bound: int) -> list[int]:
    """Return different integers from -bound to bound, 0 left out."""
    found: list[int] = []
    while len(found) < count:
        value = _nonzero(rng, bound)
        if value not in found:
            found.append(value)
    return found


def _same(p: Poly, relation: str) -> str:
    """Return `p relation 0` divided by whatever makes `p` primitive with a positive lead."""
    g = content(p) * (-1 if p[-1] < 0 else 1)
    return f"{[c // g for c in p]} {relation if g > 0 else OPPOSITE[relation]} 0"


def _linear(left: Poly, relation: str, right: Poly) -> Exercise:
    b, a = add(left, tuple(-c for c in right))
    answer = solution([rational_cut(Fraction(-b, a))], 1 if a > 0 else -1, relation)
    text = f"{render(left)} {relation} {render(right)}"
    return Exercise(text, answer or "", _same((b, a), relation))


def _shift(rng: random.Random) -> Exercise:
    return _linear((_nonzero(rng, 50), 1), rng.choice(RELATIONS), (_nonzero(rng, 50),))


def _scaled(rng: random.Random, sign: int) -> Exercise:
    left = (_nonzero(rng, 40), sign * randint(rng, 2, 9))
    right = left[0] + left[1] * randint(rng, -60, 60)
    return _linear(left, rng.choice(RELATIONS), (right,) if right else ())


def _positive(rng: random.Random) -> Exercise:
    return _scaled(rng, 1)


def _negative(rng: random.Random) -> Exercise:
    return _scaled(rng, -1)


def _both_sides(rng: random.Random) -> Exercise:
    first, second = _distinct(rng, 2, 9)
    left, right = (_nonzero(rng, 30), first), (_nonzero(rng, 30), second)
    return _linear(left, rng.choice(RELATIONS), right)


def _chain(rng: random.Random) -> Exercise:
    m, n, low = _nonzero(rng, 6), _nonzero(rng, 20), randint(rng, -30, 30)
    high = low + randint(rng, 1, 40)
    one, two = rng.choice(BELOW), rng.choice(BELOW)
    left, right = f"{'[' if '=' in one else '('}", f"{']' if '=' in two else ')'}"
    ends = [Fraction(low - n, m), Fraction(high - n, m)]
    if m < 0:  # the order turns round, and the brackets with it
        left, right = "[" if right == "]" else "(", "]" if left == "[" else ")"
        ends.reverse()
    answer = f"{left}{ends[0]}, {ends[1]}{right}"
    return Exercise(f"{low} {one} {render((n, m))} {two} {high}", answer, f"chain {answer}")


def _absolute(rng: random.Random, lead: int, relations: Sequence[str]) -> Exercise:
    a, m, b = _nonzero(rng, 30), randint(rng, 1, lead), randint(rng, 1, 30)
    relation = rng.choice(relations)
    cuts = [rational_cut(Fraction(-a - b, m)), rational_cut(Fraction(-a + b, m))]
    answer = solution(cuts, 1, relation) or ""
    return Exercise(f"|{render((a, m))}| {relation} {b}", answer, f"abs {answer}")


def _near(rng: random.Random) -> Exercise:
    return _absolute(rng, 1, BELOW)


def _far(rng: random.Random) -> Exercise:
    return _absolute(rng, 5, ABOVE)


def _factors(numbers: Sequence[int]) -> str:
    return "*".join(f"({render((-n, 1))})" for n in numbers)


def _product(numbers: Sequence[int]) -> Poly:
    product: Poly = (1,)
    for n in numbers:
        product = multiply(product, (-n, 1))
    return product


def _factored(rng: random.Random, count: int, bound: int) -> Exercise:
    numbers, relation = _distinct(rng, count, bound), rng.choice(RELATIONS)
    answer = solution([rational_cut(n) for n in numbers], 1, relation)
    text = f"{_factors(numbers)} {relation} 0"
    return Exercise(text, answer or "", _same(_product(numbers), relation))


def _two_factors(rng: random.Random) -> Exercise:
    return _factored(rng, 2, 20)


def _three_factors(rng: random.Random) -> Exercise:
    return _factored(rng, 3, 12)


def _expanded(rng: random.Random) -> Exercise:
    numbers, relation, sign = _distinct(rng, 2, 15), rng.choice(RELATIONS), rng.choice((-1, 1))
    p = multiply((sign,), _product(numbers))
    answer = solution([rational_cut(n) for n in numbers], sign, relation)
    return Exercise(f"{render(p)} {relation} 0", answer or "", _same(p, relation))


def _rational_ends(rng: random.Random) -> Exercise:
    while True:
        first, second = ((_nonzero(rng, 9), randint(rng, 1, 5)) for _ in range(2))
        cuts = [rational_cut(Fraction(-b, a)) for b, a in (first, second)]
        if cuts[0] != cuts[1]:
            break
    p, relation = multiply(first, second), rng.choice(RELATIONS)
    right: Poly = (_nonzero(rng, 20),)
    if rng.random() < 0.5:
        right = (*right, _nonzero(rng, 9))
    text = f"{render(add(p, right))} {relation} {render(right)}"
    return Exercise(text, solution(cuts, 1, relation) or "", _same(p, relation))


def _quotient(rng: random.Random) -> Exercise:
    (zero, pole), relation = _distinct(rng, 2, 20), rng.choice(RELATIONS)
    answer = solution([rational_cut(zero), rational_cut(pole, pole=True)], 1, relation)
    text = f"{_factors([zero])}/{_factors([pole])} {relation} 0"
    return Exercise(text, answer or "", f"{zero}/{pole} {relation}")


def _surd_quadratic(rng: random.Random, lead: int) -> Poly:
    """Return a quadratic with two irrational roots."""
    while True:
        p = (_nonzero(rng, 15), _nonzero(rng, 12), randint(rng, 1, lead))
        d = p[1] ** 2 - 4 * p[0] * p[2]
        if d > 0 and not is_square(d):
            return p


def _surd_cuts(p: Poly) -> list[Cut]:
    """Return the irrational roots of a quadratic; no integer is as near as the error of 1e-6."""
    c, b, a = p
    root = Fraction(math.isqrt((b * b - 4 * a * c) * 10**12), 10**6)
    return [Cut((-b + s * root) / (2 * a), t) for s, t in zip((-1, 1), roots(a, b, c), strict=True)]


def _surd_ends(rng: random.Random) -> Exercise:
    relation = rng.choice(RELATIONS)
    p, cuts = _surd_quadratic(rng, 3), []
    if rng.random() < 0.03:  # no real root: true everywhere
        p, relation = (
            (randint(rng, 20, 40), _nonzero(rng, 8), randint(rng, 1, 3)),
            rng.choice(ABOVE),
        )
    else:
        cuts = _surd_cuts(p)
    text = f"{render(p)} {relation} 0"
    return Exercise(text, solution(cuts, 1, relation) or "", _same(p, relation))


def _multiplicity(rng: random.Random) -> Exercise:
    while True:
        numbers, relation = _distinct(rng, 3, 9), rng.choice(RELATIONS)
        powers = rng.choice(((2, 1, 1), (1, 2, 1), (1, 1, 2), (2, 3, 1), (3, 1, 2), (1, 2, 3)))
        cuts = [rational_cut(n, odd=k % 2 == 1) for n, k in zip(numbers, powers, strict=True)]
        if answer := solution(cuts, 1, relation):
            break
    factors = [f"({render((-n, 1))})" + f"^{k}" * (k > 1)
               for n, k in zip(numbers, powers, strict=True)]  # fmt: skip
    p = _product([n for n, k in zip(numbers, powers, strict=True) for _ in range(k)])
    return Exercise(f"{'*'.join(factors)} {relation} 0", answer, _same(p, relation))


def _quotient_of_three(rng: random.Random) -> Exercise:
    while True:
        (a, b, pole), relation = _distinct(rng, 3, 12), rng.choice(RELATIONS)
        square = rng.random() < 0.5
        cuts = [rational_cut(a), rational_cut(b), rational_cut(pole, odd=not square, pole=True)]
        if answer := solution(cuts, 1, relation):
            break
    text = f"{_factors([a, b])}/{_factors([pole])}{'^2' * square} {relation} 0"
    return Exercise(text, answer, f"{sorted((a, b))}/{pole}^{1 + square} {relation}")


def _against_number(rng: random.Random) -> Exercise:
    a, b = _distinct(rng, 2, 15)
    c, relation = rng.choice((-5, -4, -3, -2, -1, 2, 3, 4, 5)), rng.choice(RELATIONS)
    # ((1 - c)*x + a - b*c) / (x + b)
    cuts = [rational_cut(Fraction(b * c - a, 1 - c)), rational_cut(-b, pole=True)]
    answer = solution(cuts, 1 if c < 1 else -1, relation)
    text = f"{_factors([-a])}/{_factors([-b])} {relation} {c}"
    return Exercise(text, answer or "", f"{a}/{b} {relation} {c}")


def _two_distances(rng: random.Random) -> Exercise:
    a, b = _distinct(rng, 2, 15)
    c, relation = abs(a - b) + randint(rng, 1, 20), rng.choice(RELATIONS)
    cuts = [rational_cut(Fraction(a + b - c, 2)), rational_cut(Fraction(a + b + c, 2))]
    text = f"|{render((-a, 1))}| + |{render((-b, 1))}| {relation} {c}"
    return Exercise(text, solution(cuts, 1, relation) or "", f"{sorted((a, b))} {relation} {c}")


def _cubic_with_surds(rng: random.Random) -> Exercise:
    n, p, relation = _nonzero(rng, 9), _surd_quadratic(rng, 1), rng.choice(RELATIONS)
    product = multiply((-n, 1), p)
    answer = solution([rational_cut(n), *_surd_cuts(p)], 1, relation)
    return Exercise(f"{render(product)} {relation} 0", answer or "", _same(product, relation))


@dataclass(frozen=True, slots=True)
class Rung(Level):
    """A level: how its exercises are drawn, and what the question adds."""

    exercise: Callable[[random.Random], Exercise] = field(default=_shift, kw_only=True)
    form: str = field(default="", kw_only=True)


SIMPLEST = " in simplest form"

# One row a level: what it adds, and how its exercises are drawn.
LEVELS = (
    Rung("add or subtract a number", exercise=_shift),
    Rung("divide by a positive number", exercise=_positive),
    Rung("divide by a negative number: the sign turns", exercise=_negative),
    Rung("x on both sides, rational ends", exercise=_both_sides),
    Rung("two inequalities in a chain", exercise=_chain),
    Rung("an absolute value below a number", exercise=_near),
    Rung("an absolute value above a number: a union", exercise=_far),
    Rung("a product of two factors", exercise=_two_factors),
    Rung("a quadratic to factor", exercise=_expanded),
    Rung("a quadratic with rational ends, terms on both sides", exercise=_rational_ends),
    Rung("a quotient: the pole stays open", exercise=_quotient),
    Rung("a quadratic with surd ends", exercise=_surd_ends, form=SIMPLEST),
    Rung("a sign chart of three factors", exercise=_three_factors),
    Rung("powers of factors: an even one keeps the sign", exercise=_multiplicity),
    Rung("a sign chart with a pole", exercise=_quotient_of_three),
    Rung("a quotient against a number", exercise=_against_number),
    Rung("a sum of two absolute values", exercise=_two_distances),
    Rung("a cubic to factor, with surd ends", exercise=_cubic_with_surds, form=SIMPLEST),
)


class Inequalities(Family):
    """Solve inequalities in x; the answer is a union of intervals.

    ## Description
    Inequalities over the real numbers: linear ones, chains, absolute values, products and quotients
    of linear factors, quadratics and a cubic to factor first.

    ## Answer
    A union of intervals such as `(-inf, 2] U (5, inf)`, in any order, with `U`, `∪` or `or`. Ends
    are rational literals or exact numbers such as `2 - sqrt(3)` in simplest form; brackets count.
    Parts that touch may be joined, parts that overlap are not accepted.

    ## Version history
    v0: first release.
    """

    name = "inequalities"
    summary = "Inequalities in x: linear, absolute values, sign charts; the answer is intervals."
    levels = LEVELS

    def draw(self, level: int, rng: random.Random) -> Exercise:
        """Return a random inequality of `level`."""
        return self.levels[level - 1].exercise(rng)

    def canonical(self, content: Exercise) -> str:
        """Return the inequality without factors, sides and multiples."""
        return content.canonical

    def ask(self, level: int, content: Exercise, rng: random.Random) -> Question:
        """Return `Solve … as intervals.`."""
        text = f"Solve {content.text} as intervals{self.levels[level - 1].form}."
        return Question(text, "iv", content.answer)

    def recompute(self, problem: Problem) -> str | None:
        """Return the intervals found by testing a point of every gap between critical points."""
        return intervals_by_points(problem.question)
