"""Typed verification of answers: the kind says what counts as one.

The generator knows what it asked for, so nothing is guessed: each kind has its own small language,
its own exact comparison and its own idea of a finished form. No text is evaluated, no text reaches
sympy, and every cost is capped before work starts. `kinds.KINDS` lists them.
"""

from __future__ import annotations

import difflib
import functools
from typing import Any

from ..problem import Status, Verdict
from .characters import Malformed
from .kinds import KINDS


@functools.lru_cache(maxsize=4096)
def _reference(kind: str, gold: str) -> Any:
    """Return the parsed reference; cached, because a group of completions shares it."""
    return KINDS[kind].read(gold)


def verify_answer(kind: str, gold: str, text: str) -> Verdict:
    """Grade an extracted answer; never raises on `text`.

    Args:
        kind: a name in `KINDS`.
        gold: the reference answer, in the language of its kind (its form is free).
        text: what the model answered, after `extract`.

    Returns:
        CORRECT; WRONG when the text is in the language but differs in value or form; MALFORMED when
        it is not; VERIFIER_ERROR when the reference cannot be read or this code fails.

    Raises:
        ValueError: `kind` is not in `KINDS`.

    >>> verify_answer("int", "42", "x = 42").status.value
    'CORRECT'
    >>> verify_answer("int", "42", "6*7").reason
    'not an integer literal'
    """
    check_kind(kind)
    try:
        reference = _reference(kind, gold)
    except Exception as error:  # a reference that cannot be read is our mistake, not the model's
        return Verdict(
            Status.VERIFIER_ERROR, f"cannot read the reference: {type(error).__name__}: {error}"
        )
    try:
        return KINDS[kind].judge(reference, text)
    except Malformed as error:
        return Verdict(Status.MALFORMED, str(error))
    except Exception as error:  # ours: reported, so that it is never taken for a wrong answer
        return Verdict(Status.VERIFIER_ERROR, f"{type(error).__name__}: {error}")


def check_kind(kind: str) -> str:
    """Return `kind` if it is in `KINDS`, else raise a ValueError that names the nearest."""
    if kind in KINDS:
        return kind
    near = difflib.get_close_matches(str(kind), KINDS, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}{hint}")
