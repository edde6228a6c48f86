"""Verification of programs: `f` must give the right value on every hidden input."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import NamedTuple

from ..problem import Case, Status, Verdict
from ..streams import keyed_rng
from ..values import same_value
from .interpreter import run_program
from .iterators import is_generator, returns_generator, returns_set_order

MAX_PROGRAM_CHARS = 4000

_FENCE = re.compile(r"```(?:python3?|py)?[ \t]*\n(.*)\n```", re.DOTALL | re.IGNORECASE)
_STATEMENT = re.compile(
    r"^(?:f[ \t]*(?:=(?!=)|:)|(?:async|def|class|import|from|for|while|if|with|try|raise|return|del"
    r"|global|pass|assert)\b|@|[A-Za-z_]\w*[ \t]*=(?!=))",
    re.MULTILINE,
)


class Program(NamedTuple):
    """A program in the one shape that runs.

    Attributes:
        text: module text that defines `f`.
        is_expression: whether it came as an expression or a lambda, which runs nothing by itself;
            one with a string, a comment or a default value is taken for module text.
    """

    text: str
    is_expression: bool


def parameter_of(cases: Sequence[Case]) -> str:
    """Return the name by which a bare expression calls its input: `xs` for a list, else `n`.

    >>> parameter_of([([1, 2], 3)]), parameter_of([(1, [1])])
    ('xs', 'n')
    """
    return "xs" if cases and isinstance(cases[0][0], list) else "n"


def gives_ints(cases: Sequence[Case]) -> bool:
    """Whether every output is an int."""
    return all(type(y) is int for _, y in cases)


def read_program(code: str, parameter: str = "n") -> Program | Verdict:
    r"""Return a program in any accepted shape as module text that defines `f`.

    Accepted: an expression in `parameter`, a lambda, or module text with `def f` or `f = …`; one
    code fence around the whole is removed. More than 4000 characters and NUL are malformed.

    >>> read_program("n*n")
    Program(text='f = lambda n: (\nn*n\n)', is_expression=True)
    """
    if len(code) > MAX_PROGRAM_CHARS:
        return Verdict(Status.MALFORMED, f"longer than {MAX_PROGRAM_CHARS} characters")
    if "\0" in code:
        return Verdict(Status.MALFORMED, "a NUL character")
    code = code.replace("\r\n", "\n").strip()
    fenced = _FENCE.fullmatch(code)
    if fenced:
        code = fenced[1].strip("\n")
    if not code.strip():
        return Verdict(Status.MALFORMED, "empty program")
    if _STATEMENT.search(code):
        return Program(code, is_expression=False)
    # in brackets, on lines of their own: a comment or a second statement cannot leave them, nor can
    # brackets that close first; those in strings and comments are none, so nothing is counted then
    bare = not any(mark in code for mark in "'\"#")
    depth = 0
    for char in code if bare else "":
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return Verdict(Status.MALFORMED, "unbalanced brackets")
    if not is_lambda(code):
        return Program(f"f = lambda {parameter}: (\n{code.strip()}\n)", is_expression=bare)
    # a default value is computed before the first call
    return Program(f"f = (\n{code.strip()}\n)", is_expression=bare and "=" not in code)


def as_module(code: str, parameter: str = "n") -> str | Verdict:
    """Return only the module text of `read_program`, as `run_program` takes it."""
    program = read_program(code, parameter)
    return program.text if isinstance(program, Program) else program


def is_lambda(code: str) -> bool:
    """Whether a program is written as a lambda, in brackets of its own or not.

    >>> is_lambda("(lambda n: n)"), is_lambda("(lambda n: n)(n)")
    (True, False)
    """
    found = re.match(r"\s*(\(?)[\s(]*lambda\b", code)
    if not found or not found[1]:
        return found is not None
    try:
        return isinstance(ast.parse(code.strip(), mode="eval").body, ast.Lambda)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def verify_program(code: str, cases: Sequence[Case], *, shuffle_key: object = "") -> Verdict:
    """Grade a program on hidden cases; never raises on `code`.

    It is called on the inputs in an order keyed by `shuffle_key` and then in the reverse order, so
    that a program which counts its calls or draws numbers has to be right twice. Values are
    compared here and not in the sandbox, which never holds an expected value; types count at every
    depth: 16.0, True and '16' are not 16, and (1, 2) is not [1, 2]. A program may change the list
    that it is given.

    Args:
        code: the program, see `as_module`.
        cases: hidden (input, output) pairs.
        shuffle_key: anything with a stable `str`; the problem's spec is a good one.

    Returns:
        A verdict whose reason holds no hidden case.

    Raises:
        ValueError: there are no cases.
    """
    if not cases:
        raise ValueError("cases must hold at least one (input, output) pair, got none")
    program = read_program(code, parameter_of(cases))
    if isinstance(program, Verdict):
        return program
    order = list(cases)
    keyed_rng("case order", shuffle_key).shuffle(order)
    order += reversed(order)
    inputs = [x for x, _ in order]
    ints = gives_ints(cases)
    result = run_program(program.text, inputs, one_feed=program.is_expression, ints=ints)
    if result.status is Status.UNSUPPORTED and is_generator(program.text):
        # the interpreter lacks `yield`, but in any Python this f returns a generator
        return Verdict(Status.WRONG, "f is a generator function")
    if result.status is not None or result.values is None:
        return Verdict(result.status or Status.VERIFIER_ERROR, result.reason)
    if ints and any(type(value) is not int for value in result.values):
        return Verdict(Status.WRONG, "f returned a value that is not an int, or a huge one")
    if not all(same_value(value, y) for value, (_, y) in zip(result.values, order, strict=True)):
        return Verdict(Status.WRONG, "wrong on a hidden case")
    if not ints and returns_generator(program.text):
        # the interpreter makes lists of them, but in any Python this is no list
        return Verdict(Status.WRONG, "f returns a generator")
    if not ints and returns_set_order(program.text):
        return Verdict(Status.WRONG, "f relies on the order of a set")
    return Verdict(Status.CORRECT, "right on every hidden case")
