"""Verification of programs: `f` must give the right int on every hidden input."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .interpreter import run_program
from .problem import Status, Verdict
from .streams import keyed_rng

MAX_PROGRAM_CHARS = 4000

_FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*)\n```", re.DOTALL)
_STATEMENT = re.compile(
    r"^(?:f[ \t]*(?:=(?!=)|:)|(?:async|def|class|import|from|for|while|if|with|try|raise|return|del"
    r"|global|pass|assert)\b|@|[A-Za-z_]\w*[ \t]*=(?!=))",
    re.MULTILINE,
)


def as_module(code: str) -> str | Verdict:
    r"""Return a program in any accepted shape as module text that defines `f`.

    Accepted: an expression in `n`, a lambda, or module text with `def f` or `f = …`; one code fence
    around the whole is removed. More than 4000 characters and NUL are malformed.

    >>> as_module("n*n")
    'f = lambda n: (\\nn*n\\n)'
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
        return code
    # in brackets, on lines of their own: a comment or a second statement cannot leave them
    head = "f = " if is_lambda(code) else "f = lambda n: "
    return f"{head}(\n{code.strip()}\n)"


def is_lambda(code: str) -> bool:
    """Whether a program is written as a lambda."""
    return re.match(r"\s*lambda\b", code) is not None


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
    module = as_module(code)
    if isinstance(module, Verdict):
        return module
    order = list(cases)
    keyed_rng("case order", shuffle_key).shuffle(order)
    order += reversed(order)
    result = run_program(module, [x for x, _ in order])
    if result.status is not None or result.values is None:
        return Verdict(result.status or Status.VERIFIER_ERROR, result.reason)
    if any(type(value) is not int for value in result.values):
        return Verdict(Status.WRONG, "f returned a value that is not an int, or a huge one")
    if [y for _, y in order] != list(result.values):
        return Verdict(Status.WRONG, "wrong on a hidden case")
    return Verdict(Status.CORRECT, "right on every hidden case")


def counterexample(code: str, shown: Sequence[tuple[int, int]]) -> str:
    """Return one sentence on why a program is wrong, from the examples that its prompt shows.

    >>> counterexample("2*n", [(2, 4), (4, 16)])
    'f(4) should be 16, yours gives 8.'
    """
    module = as_module(code)
    if isinstance(module, Verdict):
        return f"Not a program: {module.reason}."
    result = run_program(module, [x for x, _ in shown])
    if result.values is None:
        return f"Your program fails: {result.reason}."
    for (x, expected), value in zip(shown, result.values, strict=True):
        if type(value) is not int or value != expected:
            given = "a huge value" if value is None else str(value)[:60]
            return f"f({x}) should be {expected}, yours gives {given}."
    return "Right on the examples shown, but wrong on others."
