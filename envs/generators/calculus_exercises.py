"""Questions of `calculus` on polynomials and rational functions, and limits."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import NamedTuple

from .exact import Poly, add, evaluate, multiply, render


class Exercise(NamedTuple):
    """The content of a calculus question.

    Attributes:
        text: what is asked.
        kind: answer kind.
        answer: the reference answer.
        operands: the factors or terms that may stand in any order, or empty.
    """

    text: str
    kind: str
    answer: str
    operands: tuple[str, ...] = ()


Term = tuple[Fraction | int, str]  # a coefficient and a body; an empty body is the number 1


def nonzero(rng: random.Random, bound: int) -> int:
    """Return a whole number from -bound to bound that is not 0."""
    return rng.choice((-1, 1)) * rng.randint(1, bound)


def polynomial_of(rng: random.Random, degree: int, bound: int) -> Poly:
    """Return a polynomial of a degree with coefficients up to `bound`."""
    lower = [rng.randint(-bound, bound) for _ in range(degree)]
    return (*lower, nonzero(rng, bound))


def linear(rng: random.Random, lead: int, bound: int) -> Poly:
    """Return a*x + b with a in 1 … lead and b not 0."""
    return (nonzero(rng, bound), rng.randint(1, lead))


def derivative(p: Poly) -> Poly:
    """Return the derivative of a polynomial.

    >>> derivative((5, 0, 3))
    (0, 6)
    """
    return tuple(k * c for k, c in enumerate(p))[1:]


def joined(terms: list[Term]) -> str:
    """Return a sum of multiples of bodies in plain spelling.

    >>> joined([(Fraction(-3, 2), "x"), (1, "exp(x)"), (0, "y")])
    '-3*x/2 + exp(x)'
    """
    text = ""
    for c, body in terms:
        if c:
            sign = (" - " if c < 0 else " + ") if text else "-" * (c < 0)
            top = abs(c.numerator)
            head = body if body and top == 1 else f"{top}*{body}" if body else str(top)
            text += sign + head + (f"/{c.denominator}" if c.denominator != 1 else "")
    return text or "0"


def monomial(k: int) -> str:
    """Return x^k; nothing where k is 0."""
    return "" if k == 0 else "x" if k == 1 else f"x^{k}"


def times(k: int, body: str) -> str:
    """Return x^k times a body."""
    return f"{monomial(k)}*{body}" if k else body


def _antiderivative(p: Poly) -> list[Term]:
    return [(Fraction(p[k], k + 1), monomial(k + 1)) for k in range(len(p) - 1, -1, -1)]


# --- polynomials and rational functions ---


def diff_monomial(rng: random.Random) -> Exercise:
    """Differentiate a*x^n."""
    p = (*(0,) * rng.randint(2, 12), rng.randint(2, 99))
    return Exercise(f"Differentiate {render(p)}.", "poly_exp", render(derivative(p)))


def integrate_monomial(rng: random.Random) -> Exercise:
    """Integrate a*x^n whose antiderivative has a whole coefficient."""
    n, c = rng.randint(1, 9), rng.randint(1, 120)
    p = (*(0,) * (n + 1), c)
    return Exercise(f"Integrate {render(derivative(p))}.", "antider", render(p))


def diff_polynomial(rng: random.Random) -> Exercise:
    """Differentiate a polynomial of degree 2 to 4."""
    p = polynomial_of(rng, rng.randint(2, 4), 9)
    return Exercise(f"Differentiate {render(p)}.", "poly_exp", render(derivative(p)))


def integrate_polynomial(rng: random.Random) -> Exercise:
    """Integrate a polynomial of degree 1 to 3, with fractions in the answer."""
    p = polynomial_of(rng, rng.randint(1, 3), 9)
    return Exercise(f"Integrate {render(p)}.", "antider", joined(_antiderivative(p)))


def definite(rng: random.Random) -> Exercise:
    """Integrate a polynomial of degree 1 or 2 between whole bounds."""
    p, low = polynomial_of(rng, rng.randint(1, 2), 9), rng.randint(-3, 3)
    high = low + rng.randint(1, 4)
    value = sum(
        (Fraction(c, k + 1) * (high ** (k + 1) - low ** (k + 1)) for k, c in enumerate(p)),
        Fraction(0),
    )
    return Exercise(f"Integrate {render(p)} from {low} to {high}.", "rat", str(value))


def chain_power(rng: random.Random) -> Exercise:
    """Differentiate (a*x + b)^n."""
    p, n = (nonzero(rng, 12), rng.randint(2, 9)), rng.randint(2, 6)
    inner = f"({render(p)})"
    outer = f"{inner}^{n - 1}" if n > 2 else inner
    return Exercise(f"Differentiate {inner}^{n}.", "poly", f"{n * p[1]}*{outer}")


def product_polynomials(rng: random.Random) -> Exercise:
    """Differentiate a product of two polynomials."""
    p, q = polynomial_of(rng, 2, 9), linear(rng, 9, 9)
    factors = [f"({render(p)})", f"({render(q)})"]
    rng.shuffle(factors)
    answer = render(derivative(multiply(p, q)))
    return Exercise(f"Differentiate {'*'.join(factors)}.", "poly", answer, tuple(factors))


def scaled_value(p: Poly, q: Poly) -> int:
    """Return a multiple of `p` at the root of linear `q`: 0 exactly if `q` divides `p`."""
    b, a = q
    return sum(c * (-b) ** k * a ** (len(p) - 1 - k) for k, c in enumerate(p))


def quotient(rng: random.Random) -> Exercise:
    """Differentiate a quotient of a polynomial of degree 1 or 2 by a linear one."""
    p: Poly = ()
    q: Poly = (1, 1)
    while not scaled_value(p, q):  # a quotient that q divides is a polynomial
        p, q = polynomial_of(rng, rng.randint(1, 2), 9), linear(rng, 9, 9)
    minus = tuple(-c for c in multiply(p, derivative(q)))
    top = add(multiply(derivative(p), q), minus)
    whole = render(top)
    head = whole if len(top) == 1 else f"({whole})"
    text = f"Differentiate ({render(p)})/({render(q)})."
    return Exercise(text, "ratfun", f"{head}/({render(q)})^2")


# --- limits ---


def limit_cancelled(rng: random.Random) -> Exercise:
    """Find a limit where x - r cancels and a polynomial is left."""
    r = 1
    p: Poly = (0, 1)
    while evaluate(p, r) == r:  # the answer must not stand in the question
        r, p = nonzero(rng, 9), linear(rng, 5, 20)
    top = multiply((-r, 1), p)
    text = f"Find the limit of ({render(top)})/({render((-r, 1))}) as x -> {r}."
    return Exercise(text, "limit", str(evaluate(p, r)))


def limit_quotient(rng: random.Random) -> Exercise:
    """Find a limit where x - r cancels and a quotient is left."""
    r = 1
    p: Poly = (0, 1)
    q: Poly = (0, 1)
    while not evaluate(q, r) or evaluate(p, r) in (0, r * evaluate(q, r)):
        r, p, q = nonzero(rng, 9), linear(rng, 9, 20), linear(rng, 5, 9)
    top, bottom = multiply((-r, 1), p), multiply((-r, 1), q)
    text = f"Find the limit of ({render(top)})/({render(bottom)}) as x -> {r}."
    return Exercise(text, "limit", str(Fraction(evaluate(p, r), evaluate(q, r))))


def limit_at_infinity(rng: random.Random) -> Exercise:
    """Find the limit of a rational function at infinity, rarely 0 or infinite itself."""
    n = rng.randint(1, 3)
    m = rng.choice((n - 1, n + 1)) if rng.random() < 0.08 and n > 1 else n
    top, bottom = polynomial_of(rng, n, 25), polynomial_of(rng, m, 12)
    if m < n:
        value = "infinity" if top[-1] * bottom[-1] > 0 else "-infinity"
    else:
        value = str(Fraction(top[-1], bottom[-1])) if m == n else "0"
    text = f"Find the limit of ({render(top)})/({render(bottom)}) as x grows without bound."
    return Exercise(text, "limit", value)
