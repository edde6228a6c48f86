"""The eleven properties of a verifier, and what they cannot say."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from typing import Any

import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frostline.envs.answers import KINDS, verify_answer
from frostline.envs.problem import Status, Verdict
from frostline.envs.properties import PROPERTIES, Property, verifier_suite
from frostline.envs.samples.samplers import SAMPLERS

SMALL = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("holds", PROPERTIES.values(), ids=PROPERTIES.keys())
@SMALL
@given(data=st.data())
def test_property_holds(holds: Property, kind: str, data: st.DataObject) -> None:
    holds(verify_answer, SAMPLERS[kind], data)


def test_every_kind_has_a_sampler() -> None:
    assert SAMPLERS.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", SAMPLERS)
def test_a_sampler_reads_its_own_references(kind: str) -> None:
    sampler, rng = SAMPLERS[kind], random.Random(0)
    for _ in range(200):
        sample = sampler.draw(rng)
        assert sampler.read(sample.gold).value == sample.value


@pytest.mark.parametrize("name", ["P1 sound", "P3 total", "P7 no_hedge"])
def test_the_suite_finds_a_verifier_that_accepts_everything(name: str) -> None:
    def generous(kind: str, gold: str, text: str) -> Verdict:
        if "\0" in text:
            raise ValueError("planted")
        return Verdict(Status.CORRECT, "whatever it is")

    quick = settings(max_examples=300, database=None, derandomize=True)
    with pytest.raises((AssertionError, ValueError)):
        verifier_suite(generous, "int", settings=quick)[name]()


def test_the_suite_passes_on_the_verifier_that_ships() -> None:
    for holds in verifier_suite(verify_answer, "iv", settings=settings(max_examples=5)).values():
        holds()


def test_the_suite_refuses_a_kind_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"kind must be one of .* got 'roman'"):
        verifier_suite(verify_answer, "roman")
    with pytest.raises(ValueError, match="sampler must be of kind 'rat', got one of 'int'"):
        verifier_suite(verify_answer, "rat", sampler=SAMPLERS["int"])


@pytest.mark.parametrize(
    ("kind", "hint"), [("integer", "int"), ("poly-exp", "poly_exp"), ("sett", "set")]
)
def test_an_unknown_kind_suggests_the_near_one(kind: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"got '{kind}'; did you mean '{hint}'"):
        verify_answer(kind, "42", "42")


@pytest.mark.parametrize("kind", KINDS)
def test_a_reference_that_cannot_be_read_is_an_error_of_ours(kind: str) -> None:
    verdict = verify_answer(kind, "", "42")
    assert verdict.status is Status.VERIFIER_ERROR
    assert "reference" in verdict.reason


@pytest.mark.parametrize("error", [RecursionError, MemoryError, ZeroDivisionError, KeyError])
def test_a_fault_of_the_verifier_is_never_a_wrong_answer(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(gold: object, text: str) -> Verdict:
        raise error("injected")

    monkeypatch.setitem(KINDS, "rat", KINDS["rat"]._replace(judge=fail))
    verdict = verify_answer("rat", "1/2", "0.5")
    assert verdict.status is Status.VERIFIER_ERROR
    assert error.__name__ in verdict.reason


OVER_THE_CAPS = {
    "length": ("poly", "1" + "+1" * 200),
    "digits": ("poly", "9" * 61),
    "digits of a fraction": ("rat", "1/" + "9" * 61),
    "digits behind the point": ("rat", "0." + "9" * 61),
    "nesting": ("poly", "(" * 41 + "x" + ")" * 41),
    "signs": ("poly", "-" * 41 + "x"),
    "exponent": ("poly", "x^401"),
    "tower": ("poly", "x^2^2"),
    "degree": ("poly", "(x^400)^2"),
    "bits": ("poly", "(10^400)^2"),
    "bits of a divisor": ("poly", "x/(10^400)/(10^400)"),
    "work": ("poly", "(x+1)^200"),
    "set items": ("set", ",".join(map(str, range(17)))),
    "intervals": ("iv", "U".join(f"({k},{k}.5)" for k in range(9))),
    "layers": ("int", "\\boxed{" * 4 + "42" + "}" * 4),
}


@pytest.mark.parametrize(("kind", "text"), OVER_THE_CAPS.values(), ids=OVER_THE_CAPS.keys())
def test_what_exceeds_a_cap_is_malformed(kind: str, text: str) -> None:
    gold = {"poly": "x", "set": "1", "iv": "(0,1)"}.get(kind, "42")
    assert verify_answer(kind, gold, text).status is Status.MALFORMED


def test_what_stays_within_the_caps_is_read() -> None:
    assert verify_answer("poly", "x^400", "(x^20)^20").status is Status.CORRECT
    assert verify_answer("poly", "x", "(" * 39 + "x" + ")" * 39).status is Status.CORRECT
    assert verify_answer("int", "9" * 60, "9" * 60).status is Status.CORRECT


# --- sympy as an oracle, on trees that are generated here and never on text ---

Tree = Any  # "x", "y", an int, or (operation, left, right)
TREES = st.recursive(
    st.one_of(st.sampled_from(["x", "y"]), st.integers(0, 9)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*"), inner, inner),
        st.tuples(st.just("^"), inner, st.integers(0, 3)),
        st.tuples(st.just("/"), inner, st.integers(1, 9)),
    ),
    max_leaves=7,
)
BUILD: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}


def as_text(tree: Tree) -> str:
    if isinstance(tree, tuple):
        return f"({as_text(tree[1])}){tree[0]}({as_text(tree[2])})"
    return str(tree)


def as_sympy(tree: Tree) -> Any:
    if isinstance(tree, tuple):
        return BUILD[tree[0]](as_sympy(tree[1]), as_sympy(tree[2]))
    return sympy.Symbol(tree) if isinstance(tree, str) else sympy.Integer(tree)


@SMALL
@given(one=TREES, two=TREES)
def test_polynomials_are_equal_exactly_if_sympy_expands_them_alike(one: Tree, two: Tree) -> None:
    difference = sympy.expand(as_sympy(one) - as_sympy(two))
    # the reference names both variables, so that either may occur
    verdict = verify_answer("poly", f"{as_text(one)}+x*y", f"{as_text(two)}+x*y")
    assert (verdict.status is Status.CORRECT) == (difference == 0), verdict


@SMALL
@given(tree=TREES)
def test_the_expansion_of_sympy_is_accepted_as_expanded(tree: Tree) -> None:
    text = str(sympy.expand(as_sympy(tree)))
    gold = f"{as_text(tree)}+x*y-x*y"
    assert verify_answer("poly_exp", gold, text).status is Status.CORRECT, text


COEFFICIENTS = st.lists(st.integers(-4, 4), min_size=2, max_size=3).filter(lambda p: any(p[1:]))


@SMALL
@given(parts=st.lists(COEFFICIENTS, min_size=1, max_size=3))
def test_the_factorisation_of_sympy_is_the_one_accepted(parts: list[list[int]]) -> None:
    x = sympy.Symbol("x")
    product = sympy.prod([sum(c * x**k for k, c in enumerate(p)) for p in parts])
    full, flat = str(sympy.factor(product)), str(sympy.expand(product))
    assert verify_answer("poly_fac", flat, full).status is Status.CORRECT, full
    # a sum with a common factor, or of degree 2 and more that splits, is not factored
    verdict = verify_answer("poly_fac", full, flat)
    content, factors = sympy.factor_list(product)
    done = len(factors) == 1 and factors[0][1] == 1 and abs(content) == 1
    single_term = len(sympy.Poly(product, x).terms()) == 1
    assert (verdict.status is Status.CORRECT) == (done or single_term), flat
