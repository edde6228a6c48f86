"""What a kind of answer is: a small language, how a reference is read, how an answer is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..problem import Status, Verdict
from .characters import clean

CORRECT = Verdict(Status.CORRECT, "equal to the reference")
ANOTHER = Verdict(Status.WRONG, "another value")


class Kind(NamedTuple):
    """One kind of answer.

    Attributes:
        name: what `Problem.kind` calls it.
        summary: one line for a reader: what counts as an answer.
        read: turns a reference answer into whatever `judge` compares with; cached by the caller,
            and free to raise anything on a reference that is none.
        judge: verdict on a text, given what `read` returned; raises `Malformed` on text outside
            the language, within the caps of `characters` and a time of 50 ms.
    """

    name: str
    summary: str
    read: Callable[[str], Any]
    judge: Callable[[Any, str], Verdict]


def by_value(name: str, summary: str, parse: Callable[[str], Any]) -> Kind:
    """Return a kind whose answers are right exactly when they parse to an equal value.

    Args:
        name: of the kind.
        summary: of the kind.
        parse: takes cleaned text (see `clean`) and returns its value, or raises `Malformed`.
    """

    def read(gold: str) -> Any:
        return parse(clean(gold))

    def judge(reference: Any, text: str) -> Verdict:
        return CORRECT if parse(clean(text)) == reference else ANOTHER

    return Kind(name, summary, read, judge)
