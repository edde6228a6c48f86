"""Identity of functions at secret points: against sympy, against exploits, and in time."""

from __future__ import annotations

import operator
import random
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from frostline.envs.answers import verify_answer
from frostline.envs.answers.characters import Malformed
from frostline.envs.answers.coprime import coprime_base, exponents, is_squarefree, primitive
from frostline.envs.answers.expressions import parse_expression
from frostline.envs.answers.functions import parse_function
from frostline.envs.answers.primes import BITS, SQUARE_PRIMES, draw_prime, is_prime, square_root
from frostline.envs.generators.exact import multiply
from frostline.envs.problem import Status
from frostline.envs.properties import hostile_text

KINDS = ("ratfun", "func", "antider")
MERSENNE = 2**61 - 1
SMALL = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def correct(kind: str, gold: str, text: str) -> bool:
    verdict = verify_answer(kind, gold, text)
    assert verdict.status is not Status.VERIFIER_ERROR, (gold, text, verdict)
    return verdict.status is Status.CORRECT


# --- sympy as an oracle, on trees that are generated here and never on text ---

Tree = Any  # "x", an int, (operation, left, right) or (function, argument)
BUILD: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}
CALLS: dict[str, Callable[[Any], Any]] = {
    "exp": sympy.exp,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "ln": sympy.log,
    "sqrt": sympy.sqrt,
}
RATIONAL = st.recursive(
    st.one_of(st.just("x"), st.integers(0, 4)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*/"), inner, inner),
        st.tuples(st.just("^"), inner, st.integers(-2, 3)),
    ),
    max_leaves=6,
)
ANGLES: st.SearchStrategy[Tree] = st.sampled_from(
    ["x", ("*", 2, "x"), ("+", "x", 1), ("^", "x", 2), ("/", "x", 2), ("-", 1, "x")]
)
ATOMS: st.SearchStrategy[Tree] = st.one_of(
    st.just("x"),
    st.integers(1, 4),
    st.tuples(st.sampled_from(["exp", "sin", "cos", "tan"]), ANGLES),
    st.tuples(st.sampled_from(["ln", "sqrt"]), st.sampled_from(["x", ("*", 4, "x"), 2])),
)
ELEMENTARY = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*"), inner, inner),
        st.tuples(st.just("^"), inner, st.integers(1, 2)),
    ),
    max_leaves=4,
)


def as_text(tree: Tree) -> str:
    match tree:
        case ("^", base, exponent):
            return f"({as_text(base)})^({exponent})"
        case (operation, left, right):
            return f"({as_text(left)}){operation}({as_text(right)})"
        case (name, argument):
            return f"{name}({as_text(argument)})"
    return str(tree)


def as_sympy(tree: Tree) -> Any:
    match tree:
        case (operation, left, right):
            return BUILD[operation](as_sympy(left), as_sympy(right))
        case (name, argument):
            return CALLS[name](as_sympy(argument))
    return sympy.Symbol("x", positive=True) if tree == "x" else sympy.Integer(tree)


def is_zero(difference: Any) -> bool:
    """Whether a function vanishes: at three points, to forty digits."""
    x = sympy.Symbol("x", positive=True)
    points = (sympy.Rational(1, 3), sympy.Rational(7, 5), sympy.Rational(17, 11))
    values = [difference.subs(x, point).evalf(40) for point in points]
    return all(abs(value) < sympy.Float("1e-25") for value in values)


@SMALL
@given(one=RATIONAL, two=RATIONAL)
def test_rational_functions_are_equal_exactly_if_sympy_cancels_them_alike(
    one: Tree, two: Tree
) -> None:
    first, second = as_sympy(one), as_sympy(two)
    assume(not (first.has(sympy.zoo, sympy.nan) or second.has(sympy.zoo, sympy.nan)))
    # the reference names x, so that it may occur
    gold, text = f"({as_text(one)})+x", f"({as_text(two)})+x"
    verdict = verify_answer("ratfun", gold, text)
    assume("zero" not in verdict.reason)  # sympy has cancelled a quotient by 0
    equal = sympy.cancel(sympy.together(first - second)) == 0
    assert (verdict.status is Status.CORRECT) == equal, (gold, text, verdict)


@SMALL
@given(one=ELEMENTARY, two=ELEMENTARY)
def test_elementary_functions_are_equal_exactly_if_their_values_are(one: Tree, two: Tree) -> None:
    equal = is_zero(as_sympy(one) - as_sympy(two))
    gold, text = f"{as_text(one)}+x", f"{as_text(two)}+x"
    assert correct("func", gold, text) == equal, (gold, text)


@SMALL
@given(tree=ELEMENTARY)
def test_what_sympy_expands_is_the_same_function(tree: Tree) -> None:
    text = str(sympy.expand(as_sympy(tree), trig=True))
    assume("E" not in text and len(text) < 390)
    assert correct("func", f"{as_text(tree)}+x-x", text), text


@SMALL
@given(tree=ELEMENTARY)
def test_the_derivative_agrees_with_that_of_sympy(tree: Tree) -> None:
    x = sympy.Symbol("x", positive=True)
    function = as_sympy(tree)
    derivative = sympy.diff(function, x)
    # F and F + D have the same derivative exactly if D is constant
    gold = f"{as_text(tree)}+x^2"
    assert correct("antider", gold, f"x^2+{as_text(tree)}-3")
    assert correct("antider", f"{gold}+x", f"{as_text(tree)}+x") == is_zero(2 * x)
    assert correct("antider", gold, "x^2") == is_zero(derivative)


# --- exploits ---


def nested_powers(exponents: list[int]) -> str:
    return "x" + "".join(f"^{exponents[0]}") if len(exponents) == 1 else (
        "(" * (len(exponents) - 1) + f"x^{exponents[0]}"
        + "".join(f")^{e}" for e in exponents[1:])
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["ratfun", "func"])
def test_a_fermat_exponent_is_refused_before_it_is_evaluated(kind: str) -> None:
    # 2^61 - 2 as a product of numbers up to 400, but for 1321
    parts = [2, 225, 7, 11, 13, 31, 41, 61, 151, 331]
    assert 1321 * sympy.prod(parts) == MERSENNE - 1
    for text in (nested_powers(parts), nested_powers([*parts, 400])):
        assert verify_answer(kind, "5*x", f"5*x*{text}").status is Status.MALFORMED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("p", [MERSENNE, 2**31 - 1, 2**89 - 1, 10**9 + 7])
def test_a_constant_plus_a_known_prime_is_another_constant(kind: str, p: int) -> None:
    assert not correct(kind, "7*x", f"{7 + p}*x")
    assert not correct(kind, "x^2/7", f"x^2/{7 + p}")
    if kind != "antider":
        assert not correct(kind, "7", str(7 + p))


def test_pure_numbers_are_compared_exactly() -> None:
    assert correct("ratfun", "1/3", "3/9")
    assert not correct("ratfun", "1/3", "0." + "3" * 58)
    assert not correct("func", "2^400", "2^400 + 1")


def test_towers_of_numbers_are_bounded() -> None:
    tower = "(" * 8 + "2" + ")^400" * 8
    assert verify_answer("func", "x", f"x + {tower} - {tower}").status is Status.MALFORMED


def test_primes_are_secret_and_differ() -> None:
    drawn = [draw_prime() for _ in range(20)]
    assert len({prime.p for prime in drawn}) == 20
    for p, i, _ in drawn:
        assert sympy.isprime(p)
        assert p.bit_length() == BITS
        assert i * i % p == p - 1


@given(st.integers(0, 2**64))
def test_primality_agrees_with_sympy(n: int) -> None:
    assert is_prime(n) == sympy.isprime(n)


@given(st.integers(1, 2**60))
def test_a_square_root_is_one(a: int) -> None:
    prime = draw_prime()
    assert square_root(a * a % prime.p, prime) in (a % prime.p, -a % prime.p)
    for small in SQUARE_PRIMES:
        assert square_root(small, prime) ** 2 % prime.p == small


# --- coprime bases ---

POLYNOMIALS = st.lists(st.integers(-5, 5), min_size=1, max_size=3).map(lambda p: (*p, 1))


@given(st.lists(POLYNOMIALS, min_size=1, max_size=4))
def test_a_coprime_base_is_coprime_and_spans_what_it_was_made_of(
    parts: list[tuple[int, ...]],
) -> None:
    given_ = [*parts, primitive(multiply(parts[0], parts[-1]))]
    base = coprime_base(given_)
    x = sympy.Symbol("x")
    as_poly = {p: sympy.Poly(p[::-1], x) for p in (*given_, *base)}
    for k, p in enumerate(base):
        assert all(sympy.gcd(as_poly[p], as_poly[q]).is_ground for q in base[:k])
        assert is_squarefree(p) == as_poly[p].is_sqf
    for p in given_:
        powers = exponents(p, base)
        product = sympy.prod([as_poly[q] ** k for q, k in zip(base, powers, strict=True)])
        assert product == as_poly[p]


# --- the language ---

SAME = {
    "sin^2(x)": "sin(x)^2",
    "\\sin^2 x": "sin(x)^2",
    "2 sin x cos x": "sin(2*x)",
    "sin 2x": "sin(2*x)",
    "\\sin{x}": "sin(x)",
    "e^{-x}": "exp(-x)",
    "e^-x": "1/exp(x)",
    "e^(2x)": "exp(x)^2",
    "e*x": "x*exp(1)",
    "\\ln x": "log(x)",
    "ln(x^3)": "3*ln(x)",
    "ln(6x)": "ln(2) + ln(3) + ln(x)",
    "ln(x^2 - 1)": "ln(x + 1) + ln(x - 1)",
    "ln(sqrt(x))": "ln(x)/2",
    "\\ln|x|": "ln|-x|",
    "ln(|x|)": "ln|x|",
    "x^{-2}": "1/x^2",
    "x^{3/2}": "x*sqrt(x)",
    "x^0.5": "\\sqrt{x}",
    "x^{-1/2}": "sqrt(x)/x",
    "sqrt(8x)": "2*sqrt(2)*sqrt(x)",
    "sqrt(x*(x+1))": "sqrt(x^2+x)",
    "sqrt(x)*sqrt(x)": "x",
    "1 + tan(x)^2": "sec(x)^2",
    "cot(x)*tan(x)*x": "x",
    "csc(x)*sin(x)*x": "x",
    "4cos^3(x) - 3cos(x)": "cos(3x)",
    "exp(x/2)*exp(x/3)": "exp(5x/6)",
    "x + 0/x": "x",
    "2\\mathrm{e}^{2x}": "2*exp(2*x)",
    "x\\mathrm{e}^x": "x*exp(x)",
    "\\ln\\lvert x\\rvert": "ln|x|",
    "\\ln\\bigl|x\\bigr|": "ln|x|",
    "\\ln{|x|}": "ln|x|",
    "\\ln\\sqrt{x^2+1}": "ln(x^2+1)/2",
    "\\sin\\frac{x}{2}": "sin(x/2)",
    "\\frac{dy}{dx} = x^2": "x^2",
    "f′(x) = x^2": "x^2",
    "f(x) = x^2": "x^2",
    "y' = x^2": "dy/dx = x^2",
}


@pytest.mark.parametrize(("one", "two"), SAME.items(), ids=SAME.keys())
def test_two_spellings_of_a_function_are_one(one: str, two: str) -> None:
    assert correct("func", one, two)
    assert correct("func", two, one)
    assert not correct("func", one, two.partition("= ")[2] + "+x" if "=" in two else two + "+x")


REFUSED = (
    *("sin\\frac{x}{2}x", "sin sqrt(x)^2", "ln{|x|", "ln|x)", "2\\frac{1}{3}x", "2\\frac13"),
    *("sin x^2", "sin x/2", "sinx", "sin", "sin -x", "sin^-1(x)", "arcsin(x)", "2^x", "x^x"),
    *("|x|", "ln|x", "x^(1/3)", "x^2^2", "exp(sin(x))", "sin(1/x)", "sqrt(x^2)", "sqrt((x+1)^2)"),
    *("sqrt(x^2+2x+1)", "sqrt(-4)*x", "sqrt(17)*x", "sqrt(sqrt(x))", "ln(0)*x", "ln(x+exp(x))"),
    *("sqrt(x)*sqrt(-x)", "sqrt(x^2-3x+2)+sqrt(1-x)", "1/(x-x)", "x^401", "exp(20000*x)"),
    *("exp(x/9973)*exp(x/99991)", "x = x", "x, x", "x = 1 or x", "x \\pm 1", "ln(x^9+1)", "0/0"),
)


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_decided_is_malformed(text: str) -> None:
    assert verify_answer("func", "x", text).status is Status.MALFORMED


def test_a_root_is_not_negative() -> None:
    # equal up to a sign that the root of a square hides
    for text in ("sqrt((x-1)^2)", "sqrt(x^2-2*x+1)", "((x-1)^2)^(1/2)"):
        assert not any(correct("func", "x-1", text) for _ in range(20))
    assert not any(correct("func", "sqrt(x^2-3x+2)", "-sqrt(1-x)*sqrt(2-x)") for _ in range(20))
    assert not correct("func", "sqrt(x)", "-sqrt(x)")


def test_other_kinds_read_no_functions() -> None:
    for text in ("sin(x)", "x^{-2}", "x^(1/2)", "log(x)", "|x|"):
        with pytest.raises(Malformed):
            parse_expression(text)
        assert verify_answer("poly", "x", text).status is Status.MALFORMED
    assert parse_function("e*x", frozenset()) == parse_expression("e*x")


@pytest.mark.parametrize(
    "end", [" + C", " - C", " + c", " + \\mathrm{C}", " + \\text{C}", " + 7", " + ln(3)", ""]
)
def test_an_antiderivative_has_any_constant(end: str) -> None:
    assert correct("antider", "x^2*exp(x)", f"x^2*e^x{end}")
    assert not correct("antider", "x^2*exp(x)", f"x^2*e^(2x){end}")


@pytest.mark.parametrize("text", ["x^2 + D", "x^2 + C*x", "C*x^2", "x^2 + C + C", "x^2 + x", "C"])
def test_what_is_no_constant_changes_an_antiderivative(text: str) -> None:
    assert not correct("antider", "x^2", text)


@pytest.mark.parametrize(
    "text", ["oo", "∞", "+∞", "\\infty", "inf", "infinity", "$\\infty$", "L=oo"]
)
def test_infinity_is_a_limit(text: str) -> None:
    assert correct("limit", "infinity", text)
    for gold in ("-infinity", "0", "3/2"):
        assert not correct("limit", gold, text)
    assert correct("limit", "3/2", "1.5")


# --- time ---

FLOODS = (
    *("sin(x)+" * 56 + "x", "x^400*" * 24 + "x", "(" * 39 + "x" + ")" * 39, "1/(x+1)+" * 49 + "x"),
    *("ln(x+1)*ln(x+2)*ln(x+3)*ln(x+4)*ln(x+5)*ln(x+6)*ln(x+7)*ln(x+8)", "tan(x^9+x)*" * 35 + "x"),
    *("ln((x+1)^8+x)*ln((2x+1)^8+x)*ln((3x+5)^8+7)*ln((x-9)^8+3)*ln((7x+2)^8-x)", "e^" * 199 + "x"),
    *("sqrt(x^8+3x+1)*sqrt(x^7+x+5)*sqrt(x+99)", "sqrt(" * 39 + "x" + ")" * 39, "ln|" * 40 + "x"),
    *("exp((x+1)^150)", "sin((x+1)^30)*" * 20 + "x", "x^(" * 39 + "2" + ")" * 39, "9" * 60 + "*x"),
    *("1/" * 199 + "x", "-" * 399 + "x", "sin^400(x)*" * 24 + "x", "x^{-400}" * 45, "\\frac" * 79),
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_takes_long(kind: str) -> None:
    rng = random.Random(0)
    pieces = ("sin(", "ln(", "sqrt(", "e^(", "x", "2", ")", "+", "*", "^", "/", "^400", "-", "|")
    texts = [*FLOODS, *("".join(rng.choices(pieces, k=120)) for _ in range(200))]
    verify_answer(kind, "x^2", "x")  # the first verdict makes the primes
    for text in texts:
        took = []
        for _ in range(2):
            started = time.perf_counter()
            verdict = verify_answer(kind, "x^2+x", text[:400])
            took.append(time.perf_counter() - started)
        assert verdict.status is not Status.VERIFIER_ERROR
        assert min(took) < 0.05, text


@pytest.mark.parametrize("kind", [*KINDS, "limit"])
@SMALL
@given(text=hostile_text())
def test_any_text_has_a_verdict(kind: str, text: str) -> None:
    gold = "1/2" if kind == "limit" else "x^2"
    assert verify_answer(kind, gold, text).status is not Status.VERIFIER_ERROR


@given(st.fractions(min_value=-9, max_value=9, max_denominator=9))
def test_an_exponential_has_the_exponent_it_says(q: Fraction) -> None:
    assert correct("func", f"x*exp(({q})*x)", f"x*e^(x*({q}))")
    assert not correct("func", f"x*exp(({q})*x)", f"x*e^(x*({q}+1/7))")
