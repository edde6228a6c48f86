"""Number theory: checked against sympy, which no part of the family uses, and by trial."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy.ntheory import discrete_log, n_order
from sympy.ntheory.modular import crt

from frostline.envs import SPLITS, Problem, Status, TaskSpec
from frostline.envs.families.number_theory import NumberTheory
from frostline.envs.oracles.number_theory import by_trial
from frostline.envs.streams import MAX_INDEX

FAMILY = NumberTheory()
LEVELS = range(1, len(FAMILY.levels) + 1)
every_level = pytest.mark.parametrize("level", LEVELS)
problems = st.builds(
    lambda level, split, index: FAMILY.problem(TaskSpec("number_theory", level, split, index)),
    st.sampled_from(LEVELS),
    st.sampled_from(SPLITS),
    st.integers(0, MAX_INDEX - 1),
)


def some(level: int, count: int) -> list[Problem]:
    return [FAMILY.problem(TaskSpec("number_theory", level, "train", i)) for i in range(count)]


def numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]


def congruence(a: int, b: int, m: int) -> int:
    """Return the least solution of a*x = b mod m."""
    divisor = int(sympy.gcd(a, m))
    assert b % divisor == 0
    reduced = m // divisor
    return int(b // divisor * sympy.mod_inverse(a // divisor, reduced) % reduced)


def by_sympy(question: str) -> object:
    """Return what sympy answers to a question."""
    found = numbers(question)
    first = found[0]
    match question.split(" "):
        case ["Find", "the", "smallest", "multiple", *_]:
            return first * sympy.ceiling(sympy.Rational(found[1] + 1, first))
        case ["Find", name, *_] if name.startswith("gcd"):
            return sympy.gcd(found)
        case ["Find", name, *_] if name.startswith("lcm"):
            return sympy.lcm(found)
        case ["Find", "the", "smallest", "prime", "above", _]:
            return sympy.nextprime(first)
        case ["Factor", *_]:
            return "*".join(f"{p}^{e}" for p, e in sympy.factorint(first).items())
        case ["Find", "the", "sum", *_]:
            return sympy.divisor_sigma(first)
        case ["How", *_]:
            return sympy.totient(found[-1])
        case ["Write", *_]:
            return "".join(f"{digit:x}" for digit in sympy.ntheory.digits(*found)[1:])
        case ["Find", "the", "smallest", "prime", "factor", *_]:
            return min(sympy.primefactors(first))
        case ["Find", "x", *_]:
            return sympy.mod_inverse(found[2], found[-1])
        case ["Find", "the", "smallest", "x", *_]:
            return congruence(*found[1:])
        case ["Find", "the", "smallest", "n", *_]:
            return crt(found[1::2], found[2::2])[0]
        case ["Find", "the", "smallest", "k", *_]:
            _, base, power, modulus = found
            return n_order(base, modulus) if power == 1 else discrete_log(modulus, power, base)
        case _:
            return pow(*found)


@given(problems)
def test_the_answer_is_what_sympy_finds(problem: Problem) -> None:
    answer = str(by_sympy(problem.question))
    assert FAMILY.verify(problem, answer).status is Status.CORRECT, (problem, answer)


@every_level
def test_trial_of_every_number_comes_to_the_same_answer(level: int) -> None:
    for problem in some(level, 12):
        answer = FAMILY.recompute(problem)
        assert answer is not None
        assert FAMILY.verify(problem, answer).status is Status.CORRECT, (problem, answer)


def test_a_question_of_another_family_is_not_answered() -> None:
    assert by_trial("Compute 1 + 1.") is None


@given(problems)
def test_a_neighbour_of_the_answer_is_wrong(problem: Problem) -> None:
    if problem.kind == "int":
        others = [str(int(problem.answer) + 1), f"{problem.answer}0", f"-{problem.answer}"]
    else:
        others = [f"{problem.answer}*2", *map(str, numbers(problem.question)), "1"]
    for text in others:
        assert FAMILY.verify(problem, text).status is Status.WRONG, text


@every_level
def test_no_answer_is_given_to_more_than_a_twentieth(level: int) -> None:
    counts = Counter(p.answer for p in some(level, 3000))
    assert max(counts.values()) <= 0.05 * 3000, counts.most_common(1)


@every_level
def test_copying_a_number_of_the_question_does_not_pay(level: int) -> None:
    places: Counter[int] = Counter()
    asked = some(level, 1000)
    for problem in asked:
        copies = enumerate(numbers(problem.question))
        places.update(i for i, n in copies if str(n) == problem.answer)
    assert max(places.values(), default=0) <= 0.05 * len(asked)


@given(problems)
def test_a_common_divisor_or_multiple_is_none_of_the_numbers(problem: Problem) -> None:
    found = re.match(r"Find (gcd|lcm)\((.*)\)", problem.question)
    if found:
        assert problem.answer not in found[2].split(", ")
        assert int(problem.answer) > 1
        assert problem.canonical == f"Find {found[1]} {sorted(numbers(problem.question))}"
    assert problem.canonical


@pytest.mark.parametrize("text", ["2^3*3*5", "5*3*2*2*2", "2³×3×5", "2^{3} \\cdot 3 \\cdot 5"])
def test_a_factorization_is_accepted_in_any_order_and_spelling(text: str) -> None:
    task = TaskSpec("number_theory", 5, "train", 0)
    at_hand = Problem(task, "Factor 120 into primes.", "primes", "2^3*3*5")
    assert FAMILY.verify(at_hand, text).status is Status.CORRECT
    assert FAMILY.verify(at_hand, text + "*1").status is Status.WRONG
    assert FAMILY.recompute(at_hand) == "2*2*2*3*5"


def test_no_share_of_the_largest_order_is_a_good_guess() -> None:
    quotients: Counter[int] = Counter()
    for index in range(400):
        problem = FAMILY.problem(TaskSpec("number_theory", 16, "train", index))
        modulus = int(problem.question.rstrip(".").split()[-1])
        quotients[(modulus - 1) // int(problem.answer)] += 1
    assert max(quotients.values()) <= 0.3 * 400
