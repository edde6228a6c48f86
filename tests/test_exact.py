"""Our polynomials against sympy's."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs.generators.exact import Poly, add, content, evaluate, multiply, render, trim

X = sympy.Symbol("x")
polys = st.lists(st.integers(-40, 40), max_size=6).map(trim)


def as_sympy(p: Poly) -> sympy.Poly:
    return sympy.Poly(list(reversed(p)) or [0], X)


def as_ours(p: sympy.Poly) -> Poly:
    return trim([int(c) for c in reversed(p.all_coeffs())])


@given(polys, polys)
def test_sum_and_product_are_those_of_sympy(p: Poly, q: Poly) -> None:
    assert add(p, q) == as_ours(as_sympy(p) + as_sympy(q))
    assert multiply(p, q) == as_ours(as_sympy(p) * as_sympy(q))


@given(polys, st.integers(-(10**6), 10**6))
def test_values_are_those_of_sympy(p: Poly, x: int) -> None:
    assert evaluate(p, x) == as_sympy(p).eval(x)


@given(polys)
def test_content_is_that_of_sympy(p: Poly) -> None:
    assert content(p) == as_sympy(p).content()


@given(polys)
def test_what_is_rendered_reads_back_as_the_polynomial(p: Poly) -> None:
    assert as_ours(sympy.Poly(sympy.sympify(render(p).replace("^", "**")), X)) == p
    program = render(p, "n", power="*", space="")
    assert [eval(program, {"n": n}) for n in range(-3, 4)] == [evaluate(p, n) for n in range(-3, 4)]


@pytest.mark.parametrize(
    ("p", "text"),
    [
        ((), "0"),
        ((7,), "7"),
        ((-7,), "-7"),
        ((0, 1), "x"),
        ((0, -1), "-x"),
        ((1, -1, 1), "x^2 - x + 1"),
        ((0, 0, 0, -2), "-2*x^3"),
    ],
)
def test_polynomials_are_written_by_hand_the_same(p: Poly, text: str) -> None:
    assert render(p) == text
