"""Inequalities solved by testing points with sympy: the second way to the answer."""

from __future__ import annotations

import itertools
import re
from typing import Any


def intervals_by_points(question: str) -> str | None:
    """Return the solution of `Solve … as intervals.`, or None for any other question.

    Between two neighbouring points where a side may change its sign, one point decides.
    """
    import sympy

    match = re.fullmatch(r"Solve (.*) as intervals(?: in simplest form)?\.", question)
    if not match:
        return None
    x = sympy.Symbol("x", real=True)
    text = re.sub(r"\|([^|]*)\|", r"Abs(\1)", match[1]).replace("^", "**")
    words = re.split(r" ([<>]=?) ", text)
    sides = [sympy.sympify(side, locals={"x": x}) for side in words[::2]]
    differences = [left - right for left, right in itertools.pairwise(sides)]
    tests = {"<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge}
    places = sorted({place for f in differences for place in _critical(f, x)})

    def holds(point: Any) -> bool:
        values = [f.subs(x, point) for f in differences]
        return all(
            value.is_finite and bool(tests[relation](value, 0))
            for value, relation in zip(values, words[1::2], strict=True)
        )

    if not places:
        return "(-inf, inf)" if holds(sympy.Integer(0)) else "{}"
    gaps = [places[0] - 1, *((a + b) / 2 for a, b in itertools.pairwise(places)), places[-1] + 1]
    ends = ["-inf", *map(str, places), "inf"]
    inside = [holds(point) for point in gaps]
    parts = []
    for i, (before, here) in enumerate(itertools.pairwise([False, *inside])):
        if here:  # an end between two gaps that hold belongs to the left one
            left = "[" if i and not before and holds(places[i - 1]) else "("
            right = "]" if i < len(places) and holds(places[i]) else ")"
            parts.append(f"{left}{ends[i]}, {ends[i + 1]}{right}")
    return " U ".join(parts) or "{}"


def _critical(f: Any, x: Any) -> set[Any]:
    """Return where `f` may change its sign, whatever the signs of its absolute values."""
    import sympy

    inner = sorted(f.atoms(sympy.Abs), key=str)
    found: set[Any] = set()
    for signs in itertools.product((1, -1), repeat=len(inner)):
        pairs = zip(inner, signs, strict=True)
        for part in sympy.fraction(sympy.together(f.subs({a: s * a.args[0] for a, s in pairs}))):
            for factor, _ in sympy.factor_list(part, x)[1]:
                found |= {sympy.expand(root) for root in sympy.solve(factor, x)}
    return {root for root in found if root.is_real}
