"""Programs on lists and with other values than ints: types count, nothing large crosses."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.envs.problem import Status, Value
from frostline.envs.programs.feedback import counterexample
from frostline.envs.programs.inputs import verify_input
from frostline.envs.programs.interpreter import run_program
from frostline.envs.programs.verifier import (
    Program,
    parameter_of,
    read_program,
    verify_program,
)
from frostline.envs.samples.list_programs import (
    ENDS,
    HIDDEN_LISTS,
    STEPS,
    Chain,
    Step,
    chain_cases,
    chain_mutants,
    chain_renderings,
    chain_text,
    chain_value,
)
from frostline.envs.values import fresh_value, same_value, shown_value

SMALL = settings(max_examples=100, deadline=None)
SORTED: list[tuple[Value, Value]] = [
    ([3, 1, 2], [1, 2, 3]), ([], []), ([5], [5]), ([2, 2, 1], [1, 2, 2])]  # fmt: skip
DOUBLING = "def f(xs):\n    x = [1]\n    for _ in range(60):\n        x = [x, x]\n    return x"
steps = st.builds(Step, st.sampled_from(sorted(STEPS)), st.integers(1, 9))
chains = st.builds(
    lambda body, end: (*body, end),
    st.lists(steps, max_size=3),
    st.builds(Step, st.sampled_from(sorted(ENDS)), st.integers(1, 9)),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.integers(-(2**80), 2**80), st.booleans(), st.none(), st.text("ab'\\", max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple)),
    max_leaves=8,
)


def same_text(one: Value, other: Value) -> bool:
    """Whether two values are equal by Python's own spelling, which tells types apart."""
    return repr(one) == repr(other)


@SMALL
@given(data=st.data(), chain=chains)
def test_a_program_is_correct_exactly_if_it_agrees_on_every_hidden_list(
    data: st.DataObject, chain: Chain
) -> None:
    other = data.draw(st.sampled_from([chain, *chain_mutants(chain)]))
    equal = all(same_text(chain_value(other, xs), chain_value(chain, xs)) for xs in HIDDEN_LISTS)
    text = data.draw(st.sampled_from(chain_renderings(other)))
    verdict = verify_program(text, data.draw(st.permutations(chain_cases(chain))))
    assert (verdict.status is Status.CORRECT) == equal, (chain_text(chain), text, verdict)


@SMALL
@given(
    chain=chains, shape=st.sampled_from(["({},)", "[{}]", "str([{}])", "{{1: {}}}", "(lambda: {})"])
)
def test_another_type_of_the_right_value_is_wrong(chain: Chain, shape: str) -> None:
    text = shape.replace("{{", "{").replace("}}", "}").replace("{}", chain_text(chain))
    assert verify_program(text, chain_cases(chain)).status is Status.WRONG


@SMALL
@given(chain=chains, key=st.integers(0, 99))
def test_the_verdict_does_not_depend_on_the_order_of_the_lists(chain: Chain, key: int) -> None:
    cases = chain_cases(chain)
    text = chain_text(chain)
    assert verify_program(text, cases[::-1], shuffle_key=key).status is Status.CORRECT
    spoiled = [*cases[:-1], (cases[-1][0], [cases[-1][1]])]
    assert verify_program(text, spoiled, shuffle_key=key).status is Status.WRONG


@SMALL
@given(chain=chains, lists=st.lists(st.lists(st.integers(-99, 99), max_size=12), max_size=4))
def test_interpreter_cpython_and_our_own_evaluation_agree(
    chain: Chain, lists: list[list[Any]]
) -> None:
    text = chain_text(chain)
    expected = [chain_value(chain, xs) for xs in lists]
    cpython = [eval(text, {"xs": xs}) for xs in lists]
    found = run_program(f"f = lambda xs: {text}", lists, one_feed=True).values
    assert repr(found) == repr(tuple(expected)) == repr(tuple(cpython))


@SMALL
@given(given_values=st.lists(values, max_size=4))
def test_every_value_crosses_and_comes_back_as_it_was(given_values: list[Value]) -> None:
    found = run_program("f = lambda x: x", given_values).values
    assert repr(found) == repr(tuple(given_values))


@given(one=values, other=values)
def test_values_are_the_same_exactly_if_they_are_spelled_the_same(one: Any, other: Any) -> None:
    assert same_value(one, other) == same_text(one, other)
    assert same_value(one, fresh_value(one))
    assert len(shown_value(one)) <= 40


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (0, False), (1, 1.0), ((1,), [1]), ([1], [True]), ("", None),
                       ([[1]], [(1,)]), ([1], [1, 1]), (..., None)]
)  # fmt: skip
def test_what_only_looks_equal_is_another_value(one: Any, other: Any) -> None:
    assert not same_value(one, other)


@pytest.mark.parametrize(
    "code",
    [
        "sorted(xs)",
        "[x for x in sorted(xs)]",
        "[x for x in sorted(xs) if x > 0]",
        "[x if x else x for x in sorted(xs)]",
        "lambda numbers: sorted(numbers)",
        "def f(xs):\n    xs.sort()\n    return xs",
        # one list for all calls: each value is copied before the next call
        "r = []\ndef f(xs):\n    r.clear()\n    r.extend(sorted(xs))\n    return r",
        # names that the bounding of results must not need
        "len = type = list = tuple = int = str = None\ndef f(xs):\n    return sorted(xs)",
        "def f(xs):\n    global _call, _xs, cap\n    _call, _xs, cap = len, [], 0\n"
        "    return sorted(xs)",
    ],
)
def test_a_right_program_is_correct(code: str) -> None:
    assert verify_program(code, SORTED).status is Status.CORRECT


@pytest.mark.parametrize(
    "code",
    [
        "tuple(sorted(xs))",
        "[x * 1.0 for x in sorted(xs)]",
        "(x for x in sorted(xs))",
        "reversed(sorted(xs)[::-1])",
        "def f(xs):\n    return map(int, sorted(xs))",
        "def f(xs):\n    yield from sorted(xs)",
        "xs.sort()",
        "sorted(n)",
        "lambda xs: len",
        "class A:\n    def __le__(self, o): return True\n    def __lt__(self, o): return True\n"
        "    def __ge__(self, o): return True\n    def __gt__(self, o): return True\n"
        "    def __iter__(self): return iter([1])\ndef f(xs):\n    return A()",
    ],
)
def test_a_wrong_program_is_wrong(code: str) -> None:
    assert verify_program(code, SORTED).status is Status.WRONG


@pytest.mark.parametrize(
    "code",
    [
        DOUBLING,
        f"{DOUBLING}\ng = f\ndef f(xs):\n    global _call, _xs, cap, small\n"
        "    cap = small = _call = lambda *a: True\n    return g(xs)",
        # harmless when it is returned, large when all calls are done
        "r = [1]\nk = [0]\ndef f(xs):\n    k[0] += 1\n    x = r\n    if k[0] > 7:\n"
        "        for _ in range(60):\n            x = [x, x]\n        r.append(x)\n    return r",
        "def f(xs):\n    xs.append(xs)\n    return xs",
        "def f(xs):\n    x = {}\n    for _ in range(60):\n        x = {1: x, 2: x}\n    return x",
        "def f(xs):\n    x = 1\n    for _ in range(3000):\n        x = [x]\n    return x",
        "[1] * 10**6",
        "'a' * 10**7",
        "[1 << 10**7]",
        "[[1] * 200] * 200",
    ],
)
@pytest.mark.parametrize("cases", [SORTED, [(1, 1), (2, 4)]], ids=["lists", "ints"])
def test_a_huge_result_is_wrong_and_costs_nothing(
    code: str, cases: list[tuple[Value, Value]]
) -> None:
    start = time.perf_counter()
    assert verify_program(code, cases).status is Status.WRONG
    assert len(counterexample(code, cases)) < 200
    assert time.perf_counter() - start < 2


def test_a_huge_value_is_not_none() -> None:
    cases: list[tuple[Value, Value]] = [([1], None)]
    assert verify_program("None", cases).status is Status.CORRECT
    assert verify_program("1 << 9999", cases).status is Status.WRONG
    assert verify_program("{1}", cases).status is Status.WRONG


def test_the_inputs_are_left_as_they_are() -> None:
    xs: list[Value] = [3, 1, 2]
    cases: list[tuple[Value, Value]] = [(xs, 3), (xs, 3)]
    assert verify_program("def f(xs):\n    n = len(xs)\n    xs.clear()\n    return n",
                          cases).status is Status.CORRECT  # fmt: skip
    assert xs == [3, 1, 2]


def test_the_parameter_of_an_expression_follows_from_the_inputs() -> None:
    assert parameter_of(SORTED) == "xs"
    assert parameter_of([(1, [1])]) == "n"
    assert read_program("sorted(xs)", "xs") == Program(
        "f = lambda xs: (\nsorted(xs)\n)", is_expression=True
    )
    assert verify_program("[n, n]", [(1, [1, 1]), (2, [2, 2])]).status is Status.CORRECT


def test_a_counterexample_names_input_and_both_values() -> None:
    assert counterexample("xs", SORTED) == (
        "Not correct: f([3, 1, 2]) should be [1, 2, 3], yours gives [3, 1, 2]."
    )
    assert "yours gives a huge value or one of another type" in counterexample("{1}", SORTED)
    assert counterexample("(1, [2], 1 << 999, 'a')", SORTED).endswith(
        "yours gives (1, [2], a huge number, 'a')."
    )
    assert counterexample("sorted(xs) if xs else 1", SORTED).endswith(
        "f([]) should be [], yours gives 1."
    )


LINE = "def f(n): return 3*n + 4"
INPUTS: list[tuple[str, str, Value, Value, Status]] = [
    ("13", LINE, 43, 1, Status.CORRECT),
    (" +13\n", LINE, 43, 1, Status.CORRECT),
    ("12", LINE, 43, 1, Status.WRONG),
    ("True", LINE, 7, 1, Status.WRONG),
    ("1", LINE, 7, 1, Status.CORRECT),
    ("'aaa'", "def f(n): return len(n)", 3, [1], Status.WRONG),
    ("[True, 2]", "def f(xs): return sum(xs)", 3, [1], Status.WRONG),
    ("[1, 2]", "def f(xs): return sum(xs)", 3, [1], Status.CORRECT),
    ("(1, 2)", "def f(xs): return sum(xs)", 3, [1], Status.WRONG),
    ("[]", "def f(xs): return xs[0]", 3, [1], Status.WRONG),
    ("1000000000", "def f(n):\n    while n > 0:\n        n -= 1\n    return n", 0, 1, Status.WRONG),
    ("999", "def f(n): return n and f(n - 1)", 0, 1, Status.WRONG),
    ("1000000001", LINE, 3 * 10**9 + 7, 1, Status.MALFORMED),
    (f"[{'1, ' * 65}]", "def f(xs): return sum(xs)", 65, [1], Status.MALFORMED),
    ("6*7", LINE, 130, 1, Status.MALFORMED),
    ("13 or 12", LINE, 43, 1, Status.MALFORMED),
    ("", LINE, 43, 1, Status.MALFORMED),
    ("1", "def f(n): return True", 1, 1, Status.WRONG),
    ("1", "def g(n): return 1", 1, 1, Status.VERIFIER_ERROR),
]


@pytest.mark.parametrize(("answer", "program", "output", "like", "status"), INPUTS)
def test_an_input_is_judged_by_what_the_program_makes_of_it(
    answer: str, program: str, output: Value, like: Value, status: Status
) -> None:
    assert verify_input(answer, program, output, like=like).status is status
