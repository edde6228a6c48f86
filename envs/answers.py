"""Typed verification of maths answers: the kind says what counts as an answer.

The generator knows what it asked for, so nothing is guessed: each kind has its own small language,
its own exact comparison and its own idea of a finished form. No text is evaluated, no text reaches
sympy, and every cost is capped before work starts.

    int       an integer literal
    rat       a rational literal: integer, decimal, fraction, mixed number, percentage
    poly      a polynomial in any form
    poly_exp  a polynomial in expanded form
    poly_fac  a polynomial in completely factored form
    set       a finite set of rationals, in any order
    iv        an interval or a union of intervals
"""

from __future__ import annotations

import difflib
import functools
import re
from typing import Any

from .characters import Malformed, clean
from .literals import parse_integer, parse_rational, without_assignment
from .poly_answers import CORRECT, parse_polynomial_gold, verify_polynomial
from .problem import Status, Verdict
from .set_answers import parse_intervals, parse_set

KINDS = ("int", "rat", "poly", "poly_exp", "poly_fac", "set", "iv")

# nearly every integer answer: answered without cleaning
_PLAIN_INTEGER = re.compile(r"[ \n]*([+-]?[0-9]{1,60})[ \n]*")


def _parse(kind: str, text: str) -> Any:
    """Return the value of an answer of a kind that is decided by equality of values."""
    body = clean(text)
    if kind == "int":
        return parse_integer(without_assignment(body))
    if kind == "rat":
        return parse_rational(without_assignment(body), percent=True)
    return parse_set(body) if kind == "set" else parse_intervals(body)


@functools.lru_cache(maxsize=4096)
def _gold(kind: str, gold: str) -> Any:
    """Return the parsed reference; cached, because a group of completions shares it."""
    return parse_polynomial_gold(kind, gold) if kind.startswith("poly") else _parse(kind, gold)


def _judge(kind: str, gold: Any, text: str) -> Verdict:
    if kind.startswith("poly"):
        return verify_polynomial(kind, gold, text)
    if _parse(kind, text) == gold:
        return CORRECT
    return Verdict(Status.WRONG, "another value")


def verify_answer(kind: str, gold: str, text: str) -> Verdict:
    """Grade an extracted answer; never raises on `text`.

    Args:
        kind: one of `KINDS`.
        gold: the reference answer, in the language of its kind (its form is free).
        text: what the model answered, after `extract`.

    Returns:
        CORRECT; WRONG when the text is in the language but differs in value or form; MALFORMED when
        it is not; VERIFIER_ERROR when the reference cannot be read or this code fails.

    Raises:
        ValueError: `kind` is not one of `KINDS`.

    >>> verify_answer("int", "42", "x = 42").status.value
    'CORRECT'
    >>> verify_answer("int", "42", "6*7").reason
    'not an integer literal'
    """
    check_kind(kind)
    try:
        reference = _gold(kind, gold)
    except Exception as error:  # a reference that cannot be read is our mistake, not the model's
        return Verdict(
            Status.VERIFIER_ERROR, f"cannot read the reference: {type(error).__name__}: {error}"
        )
    try:
        if kind == "int" and (plain := _PLAIN_INTEGER.fullmatch(text)):
            equal = int(plain[1]) == reference
            return CORRECT if equal else Verdict(Status.WRONG, "another value")
        return _judge(kind, reference, text)
    except Malformed as error:
        return Verdict(Status.MALFORMED, str(error))
    except Exception as error:  # ours: reported, so that it is never taken for a wrong answer
        return Verdict(Status.VERIFIER_ERROR, f"{type(error).__name__}: {error}")


def check_kind(kind: str) -> str:
    """Return `kind` if it is one of `KINDS`, else raise a ValueError that names the nearest."""
    if kind in KINDS:
        return kind
    near = difflib.get_close_matches(str(kind), KINDS, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}{hint}")
