"""Questions of `calculus` on exp, sin, cos, ln and sqrt."""

from __future__ import annotations

import random
from fractions import Fraction

from .calculus_exercises import (
    Exercise,
    Term,
    derivative,
    joined,
    linear,
    monomial,
    nonzero,
    times,
)
from .exact import Poly, render


def _angle(k: int) -> str:
    return f"{k}*x" if k != 1 else "x"


def _wave_derivative(name: str, k: int) -> Term:
    """Return the derivative of exp, sin or cos of k*x."""
    turned, sign = {"exp": ("exp", 1), "sin": ("cos", 1), "cos": ("sin", -1)}[name]
    return sign * k, f"{turned}({_angle(k)})"


def diff_function(rng: random.Random) -> Exercise:
    """Differentiate a multiple of exp, sin or cos of k*x, or of ln(x), plus a power."""
    a, k, n, b = nonzero(rng, 12), rng.randint(2, 9), rng.randint(1, 4), nonzero(rng, 9)
    name = rng.choice(("exp", "sin", "cos", "ln"))
    if name == "ln":
        first, changed = "ln(x)", f"{a}/x"
    else:
        c, body = _wave_derivative(name, k)
        first, changed = f"{name}({_angle(k)})", joined([(a * c, body)])
    text = joined([(a, first), (b, monomial(n))])
    rest = joined([(b * n, monomial(n - 1))])
    answer = f"{changed} - {rest[1:]}" if rest[0] == "-" else f"{changed} + {rest}"
    return Exercise(f"Differentiate {text}.", "func", answer)


def diff_product(rng: random.Random) -> Exercise:
    """Differentiate x^n times exp, sin, cos or ln."""
    a, n, k = rng.randint(1, 20), rng.randint(1, 6), rng.randint(2, 9)
    name = rng.choice(("exp", "sin", "cos", "ln"))
    if name == "ln":
        body = "ln(x)"
        second: Term = (a, monomial(n - 1))
    else:
        body, (c, turned) = f"{name}({_angle(k)})", _wave_derivative(name, k)
        second = (a * c, times(n, turned))
    answer = joined([(a * n, times(n - 1, body)), second])
    return Exercise(f"Differentiate {joined([(a, times(n, body))])}.", "func", answer)


def diff_composite(rng: random.Random) -> Exercise:
    """Differentiate a function of a quadratic."""
    p: Poly = (0, 0, 1)
    while p[1] ** 2 == 4 * p[0] * p[2]:  # the root of a square would be an absolute value
        p = (nonzero(rng, 9), rng.randint(-9, 9), rng.randint(1, 5))
    inside, outer = render(p), render(derivative(p))
    name = rng.choice(("exp", "sin", "cos", "ln", "sqrt"))
    if name == "ln":
        answer = f"({outer})/({inside})"
    elif name == "sqrt":
        half = p[1] % 2 == 0
        top = render((p[1] // 2, p[2])) if half else outer
        top = top if p[1] == 0 else f"({top})"
        answer = f"{top}/sqrt({inside})" if half else f"{top}/(2*sqrt({inside}))"
    else:
        c, turned = _wave_derivative(name, 1)
        answer = f"{'-' * (c < 0)}({outer})*{turned.replace('(x)', f'({inside})')}"
    return Exercise(f"Differentiate {name}({inside}).", "func", answer)


def _wave_antiderivative(name: str, k: int) -> Term:
    turned, sign = {"exp": ("exp", 1), "sin": ("cos", -1), "cos": ("sin", 1)}[name]
    return Fraction(sign, k), f"{turned}({_angle(k)})"


def integrate_functions(rng: random.Random) -> Exercise:
    """Integrate a sum of two of exp, sin, cos of k*x and 1/x."""
    terms: list[str] = []
    answer: list[Term] = []
    for name in rng.sample(("exp", "sin", "cos", "1/x"), 2):
        a, k = rng.randint(1, 9), rng.randint(2, 9)
        if name == "1/x":
            terms.append(f"{a}/x")
            answer.append((a, "ln(x)"))
        else:
            c, body = _wave_antiderivative(name, k)
            terms.append(joined([(a, f"{name}({_angle(k)})")]))
            answer.append((a * c, body))
    text = f"Integrate {' + '.join(terms)}."
    return Exercise(text, "antider", joined(answer), tuple(terms))


def substitution(rng: random.Random) -> Exercise:
    """Integrate a multiple of x^(m-1) times a function of x^m + b."""
    a, m, b, n = rng.randint(1, 12), rng.randint(2, 4), nonzero(rng, 9), rng.randint(2, 6)
    inside, c = render((b, *(0,) * (m - 1), 1)), Fraction(a, m)
    name = rng.choice(("power", "exp", "sin", "cos", "ln"))
    if name == "power":
        body, answer = f"({inside})^{n}", joined([(c / (n + 1), f"({inside})^{n + 1}")])
    elif name == "ln":
        head = joined([(a, monomial(m - 1))])
        return Exercise(f"Integrate {head}/({inside}).", "antider",
                        joined([(c, f"ln({inside})")]))  # fmt: skip
    else:
        sign, turned = _wave_antiderivative(name, 1)
        body = f"{name}({inside})"
        answer = joined([(c * sign, turned.replace("(x)", f"({inside})"))])
    return Exercise(f"Integrate {joined([(a, times(m - 1, body))])}.", "antider", answer)


def _by_parts(p: Poly, name: str, k: int) -> str:
    """Return the antiderivative of p(x) times exp, sin or cos of k*x."""
    terms: list[Term] = []
    sign = Fraction(1)
    while p:
        c, body = _wave_antiderivative(name, k)
        sign *= c
        name = body.partition("(")[0]
        terms += [(sign * p[j], times(j, body)) for j in range(len(p) - 1, -1, -1)]
        sign, p = -sign, derivative(p)
    total: dict[str, Fraction] = {}
    for c, body in terms:
        total[body] = total.get(body, Fraction(0)) + c
    return joined([(c, body) for body, c in total.items()])


def by_parts(rng: random.Random) -> Exercise:
    """Integrate a linear polynomial times exp, sin or cos, or a power times ln."""
    name, k = rng.choice(("exp", "sin", "cos", "ln")), rng.randint(2, 9)
    if name == "ln":
        a, n = rng.randint(1, 20), rng.randint(1, 8)
        c = Fraction(a, n + 1)
        answer = joined([(c, times(n + 1, "ln(x)")), (-c / (n + 1), monomial(n + 1))])
        return Exercise(f"Integrate {joined([(a, times(n, 'ln(x)'))])}.", "antider", answer)
    p = linear(rng, 9, 9)
    text = f"Integrate ({render(p)})*{name}({_angle(k)})."
    return Exercise(text, "antider", _by_parts(p, name, k))


def by_parts_twice(rng: random.Random) -> Exercise:
    """Integrate a quadratic times exp, sin or cos."""
    p: Poly = (rng.randint(-9, 9), rng.randint(-9, 9), rng.randint(1, 9))
    name, k = rng.choice(("exp", "sin", "cos")), rng.randint(2, 6)
    text = f"Integrate ({render(p)})*{name}({_angle(k)})."
    return Exercise(text, "antider", _by_parts(p, name, k))
