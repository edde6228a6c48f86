"""What a wrong program is told when a turn is left."""

from __future__ import annotations

from collections.abc import Sequence

from ..problem import Case, Verdict
from ..values import same_value, shown_value
from .interpreter import run_program
from .verifier import as_module, gives_ints, parameter_of

NO_COUNTEREXAMPLE = "Not correct: right on every case shown, wrong on a hidden one."


def counterexample(code: str, shown: Sequence[Case]) -> str:
    """Return a sentence with the first shown case that a program gets wrong.

    Args:
        code: the program, whatever it is.
        shown: the `(input, output)` pairs that the question showed; no hidden case is used.
    """
    module = as_module(code, parameter_of(shown))
    if isinstance(module, Verdict):
        return f"Not correct: {module.reason}."
    result = run_program(module, [x for x, _ in shown], ints=gives_ints(shown))
    if result.values is None:
        return f"Not correct: {result.reason}."
    for (x, expected), value in zip(shown, result.values, strict=True):
        if not same_value(value, expected):
            return (
                f"Not correct: f({x!r}) should be {expected!r}, yours gives {shown_value(value)}."
            )
    return NO_COUNTEREXAMPLE
