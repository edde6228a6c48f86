"""Integer expressions, computed by sympy from the question's text."""

from __future__ import annotations


def by_sympy(question: str) -> str | None:
    """Return the value of the expression in a `Compute …` question of our own.

    >>> by_sympy("Compute (17 + 4) mod 6.")
    '3'
    """
    import sympy

    expression = question.removeprefix("Compute ").removesuffix(".")
    return str(sympy.sympify(expression.replace(" mod ", " % ")))
