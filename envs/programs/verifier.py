"""Verification of programs: `f` must give the right int on every hidden input."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import NamedTuple

from ..problem import Status, Verdict
from ..streams import keyed_rng
from .interpreter import run_program

MAX_PROGRAM_CHARS = 4000

_FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*)\n```", re.DOTALL)
_STATEMENT = re.compile(
    r"^(?:f[ \t]*(?:=(?!=)|:)|(?:async|def|class|import|from|for|while|if|with|try|raise|return|del"
    r"|global|pass|assert)\b|@|[A-Za-z_]\w*[ \t]*=(?!=))",
    re.MULTILINE,
)


class Program(NamedTuple):
    """A program in the one shape that runs.

    Attributes:
        text: module text that defines `f`.
        is_expression: whether it came as an expression or a lambda, which runs nothing by itself.
    """

    text: str
    is_expression: bool


def read_program(code: str) -> Program | Verdict:
    r"""Return a program in any accepted shape as module text that defines `f`.

    Accepted: an expression in `n`, a lambda, or module text with `def f` or `f = …`; one code fence
    around the whole is removed. More than 4000 characters and NUL are malformed.

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
    # brackets that close first
    depth = 0
    for char in code:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return Verdict(Status.MALFORMED, "unbalanced brackets")
    head = "f = " if is_lambda(code) else "f = lambda n: "
    return Program(f"{head}(\n{code.strip()}\n)", is_expression=True)


def as_module(code: str) -> str | Verdict:
    """Return only the module text of `read_program`, as `run_program` takes it."""
    program = read_program(code)
    return program.text if isinstance(program, Program) else program


def is_lambda(code: str) -> bool:
    """Whether a program is written as a lambda."""
    return re.match(r"\s*lambda\b", code) is not None


def is_generator(module: str) -> bool:
    r"""Whether `f` is defined as a generator function; the text is parsed and never run.

    >>> is_generator("def f(n):\n    yield n*n")
    True
    """
    try:
        body = ast.parse(module).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    defined: list[list[ast.AST]] = []
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == "f":
            defined.append(list(node.body))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            defined.append([node.value.body])
    return bool(defined) and _yields(defined[-1])


def _yields(body: list[ast.AST]) -> bool:
    """Whether a function's own body yields; functions and lambdas inside it do not count."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, inner):
            waiting += ast.iter_child_nodes(node)
    return False


def verify_program(
    code: str, cases: Sequence[tuple[int, int]], *, shuffle_key: object = ""
) -> Verdict:
    """Grade a program on hidden cases; never raises on `code`.

    It is called on the inputs in an order keyed by `shuffle_key` and then in the reverse order, so
    that a program which counts its calls or draws numbers has to be right twice. Values are
    compared here and not in the sandbox, which never holds an expected value; only an `int` equals
    an `int`: 16.0, True and '16' do not.

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
    program = read_program(code)
    if isinstance(program, Verdict):
        return program
    order = list(cases)
    keyed_rng("case order", shuffle_key).shuffle(order)
    order += reversed(order)
    result = run_program(program.text, [x for x, _ in order], one_feed=program.is_expression)
    if result.status is Status.UNSUPPORTED and is_generator(program.text):
        # the interpreter lacks `yield`, but in any Python this f returns a generator and no int
        return Verdict(Status.WRONG, "f is a generator function")
    if result.status is not None or result.values is None:
        return Verdict(result.status or Status.VERIFIER_ERROR, result.reason)
    if any(type(value) is not int for value in result.values):
        return Verdict(Status.WRONG, "f returned a value that is not an int, or a huge one")
    if [y for _, y in order] != list(result.values):
        return Verdict(Status.WRONG, "wrong on a hidden case")
    return Verdict(Status.CORRECT, "right on every hidden case")
