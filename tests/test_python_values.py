"""The kind `value`: one Python literal, read as Python reads it, and nothing evaluated."""

from __future__ import annotations

import ast
import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs.answers import verify_answer
from frostline.envs.answers.characters import Malformed
from frostline.envs.answers.python_values import parse_value
from frostline.envs.problem import Status
from frostline.envs.properties import hostile_text
from frostline.envs.samples.python_values import draw_value, near_values

drawn = st.randoms(use_true_random=False).map(draw_value)


def status(gold: str, text: str) -> Status:
    return verify_answer("value", gold, text).status


@given(value=drawn)
def test_a_value_is_read_as_python_reads_it(value: Any) -> None:
    assert repr(parse_value(repr(value))) == repr(value)


@given(value=drawn)
def test_whatever_lies_beside_a_value_is_another_one(value: Any) -> None:
    for other in near_values(value):
        expected = Status.CORRECT if repr(other) == repr(value) else Status.WRONG
        assert status(repr(value), repr(other)) is expected


@given(
    st.one_of(
        hostile_text(),
        st.text("[]()',\"\\n 01-+TrueFalsNo", max_size=40),
    )
)
def test_what_is_read_is_what_python_would_read(text: str) -> None:
    """Any text: either malformed, or a literal of Python with the same value."""
    try:
        value = parse_value(text)
    except Malformed:
        return
    assert repr(ast.literal_eval(text.strip())) == repr(value)


ACCEPTED = [
    ("42", " 42\n"), ("42", "+42"), ("-42", "- 42"), ("0", "-0"), ("True", "True"),
    ("None", "None"), ("'ab'", '"ab"'), ("\"it's\"", "'it\\'s'"), ("'\\n'", '"\\n"'),
    ("''", '""'),
    ("[1, 2]", "[1,2,]"), ("[1, 2]", "[\n  1,\n  2\n]"), ("[]", "[ ]"), ("()", "( )"),
    ("(1,)", "( 1 , )"), ("[(1, 'a'), [None]]", '[(1,"a"),[None]]'),
    ("'a  b'", "'a  b'"), ("'$x$.'", "'$x$.'"),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "text"), ACCEPTED)
def test_a_harmless_spelling_is_correct(gold: str, text: str) -> None:
    assert status(gold, text) is Status.CORRECT


ANOTHER = [("1", "True"), ("0", "False"), ("True", "1"), ("[1]", "(1,)"), ("(1, 2)", "[1, 2]"),
           ("1", "'1'"), ("''", "None"), ("'a b'", "'a  b'"), ("'Ab'", "'ab'"), ("[1]", "[[1]]"),
           ("'a'", "'a '"), ("[1, [2]]", "[1, (2,)]"), ("[True]", "[1]")]  # fmt: skip


@pytest.mark.parametrize(("gold", "text"), ANOTHER)
def test_another_value_or_type_is_wrong(gold: str, text: str) -> None:
    assert status(gold, text) is Status.WRONG


NO_LITERALS = [
    "1+1", "2*1", "len([1, 2])", "2.0", "2e0", "0x2", "02", "1_0", "2 or 3", "2, 3", "2 3", "2;",
    "--2", "+-2", "(2)", "[2", "2]", "[2]]", "[,]", "[2,,]", "[2 2]", "(,)", "{2}", "{2: 2}",
    "true", "Nonee", "abc", "'abc", "'a' 'b'", "'''a'''", "b'a'", "f'{2}'", "r'a'", "'\\x41'",
    "'\\u0041'", "'a\nb'", "'é'", "٤", "２", "$2$", "`2`", "2 # two", "x = 2", "[x for x in [2]]",
    "-'a'", "- True", "", " ", "\0", "...", "[1, 2][0]", "not 2",
    "2 if True else 3", "lambda: 2", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_LITERALS)
def test_what_is_no_single_literal_is_malformed(text: str) -> None:
    assert status("2", text) is Status.MALFORMED


CAPS = {
    "length": "'" + "a" * 399 + "'",
    "digits": "9" * 61,
    "nesting": "[" * 9 + "]" * 9,
    "items": "[" + "1," * 65 + "]",
    "items at all depths": "[" + "[1,1,1]," * 17 + "]",
}


@pytest.mark.parametrize("text", CAPS.values(), ids=CAPS.keys())
def test_what_exceeds_a_cap_is_malformed(text: str) -> None:
    assert status("2", text) is Status.MALFORMED


def test_what_stays_within_the_caps_is_read() -> None:
    assert parse_value("9" * 60) == 10**60 - 1
    assert parse_value("[" * 8 + "]" * 8) == [[[[[[[[]]]]]]]]
    assert parse_value("[" + "1," * 64 + "]") == [1] * 64
    assert parse_value("'" + "a" * 398 + "'") == "a" * 398


@pytest.mark.parametrize("piece", ["[", "(", "'", '"', "\\", "1,", "[1,", "'\\", " ", "-", "\n"])
def test_any_flood_has_its_verdict_at_once(piece: str) -> None:
    start = time.perf_counter()
    for count in (50, 400, 100_000):
        assert status("2", piece * count) is Status.MALFORMED
    assert time.perf_counter() - start < 0.15


def test_drawn_values_hold_every_type() -> None:
    rng = random.Random(0)
    assert {type(draw_value(rng)) for _ in range(200)} == {int, bool, type(None), str, list, tuple}
