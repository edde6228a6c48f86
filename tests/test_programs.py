"""Programs: right ones pass in every shape, wrong ones fail, hostile ones cost nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.envs.problem import Status
from frostline.envs.programs import interpreter
from frostline.envs.programs.interpreter import RunResult, close_pool, run_program
from frostline.envs.programs.verifier import (
    MAX_PROGRAM_CHARS,
    Program,
    as_module,
    read_program,
    verify_program,
)
from frostline.envs.properties import (
    hostile_text,
    program_is_told_from_mutants,
    program_trees,
    program_types_are_strict,
)
from frostline.envs.samples.programs import HIDDEN_INPUTS, Tree, program_text, program_value

SQUARES = [(n, n * n) for n in HIDDEN_INPUTS]
SMALL = settings(max_examples=100, deadline=None)


@SMALL
@given(data=st.data())
def test_a_program_is_correct_exactly_if_it_agrees_on_every_hidden_case(
    data: st.DataObject,
) -> None:
    program_is_told_from_mutants(verify_program, data)


@SMALL
@given(data=st.data())
def test_only_an_int_equals_an_int(data: st.DataObject) -> None:
    program_types_are_strict(verify_program, data)


@SMALL
@given(tree=program_trees(), key=st.integers(0, 99))
def test_the_verdict_does_not_depend_on_the_order_of_the_cases(tree: Tree, key: int) -> None:
    cases = [(n, program_value(tree, n)) for n in HIDDEN_INPUTS]
    text = program_text(tree)
    assert verify_program(text, cases[::-1], shuffle_key=key).status is Status.CORRECT
    off_by_one = [*cases[:-1], (cases[-1][0], cases[-1][1] + 1)]
    assert verify_program(text, off_by_one, shuffle_key=key).status is Status.WRONG


@SMALL
@given(tree=program_trees(), inputs=st.lists(st.integers(-(2**80), 2**80), max_size=6))
def test_the_interpreter_agrees_with_cpython(tree: Tree, inputs: list[int]) -> None:
    expected = tuple(program_value(tree, n) for n in inputs)
    assert run_program(f"f = lambda n: {program_text(tree)}", inputs) == RunResult(expected)


@SMALL
@given(text=hostile_text())
def test_any_text_has_a_verdict(text: str) -> None:
    verdict = verify_program(text, SQUARES)
    assert verdict.status in (Status.WRONG, Status.MALFORMED, Status.UNSUPPORTED)


@pytest.mark.parametrize(
    "code",
    [
        "c=[0]\ndef f(n):\n    c[0] += 1\n    return n*n if c[0] <= 10 else 0",
        "seen = []\ndef f(n):\n    seen.append(n)\n    return n*n + seen.count(n) - 1",
        "import random\nf = lambda n: n*n + (random.random() < 0.5)*1",
    ],
)
def test_a_program_that_is_right_only_the_first_time_is_wrong(code: str) -> None:
    assert verify_program(code, SQUARES).status is Status.WRONG


@pytest.mark.parametrize(
    "code", ["def f(n):\n    raise ValueError(f'input {n}')", "f = lambda n: {}[n]", "n*n+1"]
)
def test_the_reason_holds_no_hidden_input(code: str) -> None:
    cases = [(987654321, 987654321**2)]
    reason = verify_program(code, cases).reason
    assert "987654321" not in reason
    assert "97546105" not in reason


def test_a_message_of_megabytes_takes_no_time() -> None:
    code = """def f(n): raise AttributeError("module 'a" * 3 * 10**6)"""
    start = time.perf_counter()
    assert verify_program(code, SQUARES).status is Status.WRONG
    assert time.perf_counter() - start < 1.0


def test_what_is_printed_reaches_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    assert verify_program("print('CORRECT' * 9999) or n*n", SQUARES).status is Status.CORRECT
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "code",
    ["n" * (MAX_PROGRAM_CHARS + 1), "n\0", "", "n)+(n", "```\nn", "f = lambda n: n*n + \\"],
)
def test_what_is_no_program_is_malformed(code: str) -> None:
    assert verify_program(code, SQUARES).status is Status.MALFORMED


def test_an_expression_cannot_leave_its_brackets() -> None:
    text = "f = lambda n: (\nn*n # a comment\n)"
    # it runs apart from the inputs, for only the interpreter can tell what a comment holds
    assert read_program("n*n # a comment") == Program(text, is_expression=False)
    assert as_module("n*n # a comment") == text
    assert verify_program("n*n\nf = lambda n: 0", SQUARES).status is Status.WRONG


@pytest.mark.parametrize(
    "code",
    [
        "n*n  # for f(1)=1)",
        "n*n + len(')') - 1",
        "(lambda n: n*n)",
        "( (lambda k: k**2) )",
        "(lambda k: k*k)(n)",
        "```Python\nn*n\n```",
        "```python3\nn*n\n```",
    ],
)
def test_harmless_dress_is_no_mistake(code: str) -> None:
    assert verify_program(code, SQUARES).status is Status.CORRECT


@pytest.mark.parametrize(
    "code",
    [
        "def f(n):\n    return _xs[0]**2 if n == _xs[0] else n*n",
        "lambda n, all=_xs: n*n if n in all else 0",
        "def f(n):\n    return n*n if n in _xs else 0",
    ],
)
def test_no_input_is_seen_before_its_call(code: str) -> None:
    assert verify_program(code, SQUARES).status is Status.WRONG
    listed = code.replace("n*n", "[n*n]").replace("_xs[0]**2", "[_xs[0]**2]")
    assert verify_program(listed, [(n, [y]) for n, y in SQUARES]).status is Status.WRONG


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import sys\nsys.setrecursionlimit(9999)\nf = lambda n: n*n", Status.UNSUPPORTED),
        ("import functools\nf = functools.wraps(abs)(lambda n: n*n)", Status.UNSUPPORTED),
        ("import math\nf = lambda n: math.square(n)", Status.WRONG),
        ("def f(n):\n    raise NotImplementedError", Status.WRONG),
        ("def f(n):\n    del n", Status.UNSUPPORTED),
    ],
)
def test_what_the_interpreter_lacks_is_told_from_mistakes(code: str, status: Status) -> None:
    assert verify_program(code, SQUARES).status is status


def test_no_cases_are_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="cases must hold at least one"):
        verify_program("n", [])


@pytest.fixture
def fresh_pool() -> Iterator[None]:
    close_pool()
    yield
    close_pool()


@pytest.mark.usefixtures("fresh_pool")
def test_a_pool_that_cannot_start_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise OSError("no more processes")

    monkeypatch.setattr(interpreter, "open_pool", fail)
    verdict = verify_program("n*n", SQUARES)
    assert verdict.status is Status.VERIFIER_ERROR
    assert "no more processes" in verdict.reason
    assert len(tries) == 2


@pytest.mark.usefixtures("fresh_pool")
def test_one_failure_of_the_pool_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = interpreter.open_pool, []

    def fail_once() -> object:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("try again")
        return real()

    monkeypatch.setattr(interpreter, "open_pool", fail_once)
    assert verify_program("n*n", SQUARES).status is Status.CORRECT


@pytest.mark.usefixtures("fresh_pool")
def test_a_pool_from_before_a_fork_is_refused_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert verify_program("n*n", SQUARES).status is Status.CORRECT
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        verdict = verify_program("n*n", SQUARES)
    assert verdict.status is Status.VERIFIER_ERROR
    assert "fork" in verdict.reason
