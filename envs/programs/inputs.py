"""Verification of inputs: find one on which a given program has a given output."""

from __future__ import annotations

from ..answers.characters import Malformed
from ..answers.python_values import parse_value
from ..problem import Status, Value, Verdict
from ..values import same_value
from .interpreter import run_program

MAX_INPUT = 10**9
MAX_INPUT_ITEMS = 64


def verify_input(answer: str, program: str, output: Value, *, like: Value) -> Verdict:
    """Grade an input of `program` that should give `output`; never raises on `answer`.

    Args:
        answer: one Python literal, as the kind `value` reads it.
        program: trusted module text that defines `f` and runs nothing else.
        output: what `f` should return, told apart by type.
        like: an input of the right type; True is none where an int is, nor a list of strings
            where a list of ints is.

    Returns:
        CORRECT exactly if `f` returns `output`; WRONG for another value, an exception or the time
        limit; MALFORMED if the answer is no such literal; VERIFIER_ERROR if the program fails in a
        way that no input explains.

    >>> verify_input("13", "f = lambda n: 3*n + 4", 43, like=1).status.value
    'CORRECT'
    """
    try:
        value = parse_value(answer)
    except Malformed as error:
        return Verdict(Status.MALFORMED, str(error))
    if not _is_small(value):
        return Verdict(Status.MALFORMED, f"an input beyond {MAX_INPUT} or {MAX_INPUT_ITEMS} items")
    if not _is_like(value, like):
        return Verdict(Status.WRONG, "an input of another type")
    result = run_program(program, [value], one_feed=True, ints=type(output) is int)
    if result.values is None:
        wrong = result.status is Status.WRONG
        return Verdict(Status.WRONG if wrong else Status.VERIFIER_ERROR, result.reason)
    if not same_value(result.values[0], output):
        return Verdict(Status.WRONG, "the program gives another output")
    return Verdict(Status.CORRECT, "the program gives this output")


def _is_small(value: Value) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= MAX_INPUT_ITEMS and all(map(_is_small, value))
    if isinstance(value, str):
        return len(value) <= MAX_INPUT_ITEMS
    return value is None or abs(value) <= MAX_INPUT


def _is_like(value: Value, like: Value) -> bool:
    """Whether a value has the type of another one; an empty list or tuple is like any."""
    if type(value) is not type(like):
        return False
    if isinstance(value, list | tuple) and isinstance(like, list | tuple) and like:
        return all(any(_is_like(item, other) for other in like) for item in value)
    return True
