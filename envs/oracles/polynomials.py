"""Exercises on polynomials, done by sympy from the question's text."""

from __future__ import annotations


def by_sympy(question: str) -> str | None:
    """Return what sympy makes of a question of our own, such as `Factor x^2 - 1.`.

    >>> by_sympy("Evaluate x^2 + 1 at x = -3.")
    '10'
    """
    import sympy

    task, _, rest = question.removesuffix(".").partition(" ")
    body, _, point = rest.partition(" at x = ")
    p = sympy.sympify(body.replace("^", "**"))
    if task == "Evaluate":
        return str(p.subs(sympy.Symbol("x"), int(point)))
    done = sympy.factor(p) if task == "Factor" else sympy.expand(p)
    return str(done).replace("**", "^")
