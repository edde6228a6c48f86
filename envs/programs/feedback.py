"""What a wrong program is told when a turn is left."""

from __future__ import annotations

from collections.abc import Sequence

from ..problem import Verdict
from .interpreter import run_program
from .verifier import as_module

NO_COUNTEREXAMPLE = "Not correct: right on every case shown, wrong on a hidden one."
MAX_SHOWN_CHARS = 40


def counterexample(code: str, shown: Sequence[tuple[int, int]]) -> str:
    """Return a sentence with the first shown case that a program gets wrong.

    Args:
        code: the program, whatever it is.
        shown: the `(input, output)` pairs that the question showed; no hidden case is used.
    """
    module = as_module(code)
    if isinstance(module, Verdict):
        return f"Not correct: {module.reason}."
    result = run_program(module, [n for n, _ in shown])
    if result.values is None:
        return f"Not correct: {result.reason}."
    for (n, expected), value in zip(shown, result.values, strict=True):
        if type(value) is not int or value != expected:
            # repr of a huge int is refused by Python, and nobody reads it
            small = type(value) is not int or abs(value) < 10**MAX_SHOWN_CHARS
            text = repr(value)[:MAX_SHOWN_CHARS] if small else "a huge number"
            return f"Not correct: f({n}) should be {expected}, yours gives {text}."
    return NO_COUNTEREXAMPLE
