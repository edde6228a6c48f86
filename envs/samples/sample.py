"""What the properties and the audit know of a kind: answers by value, and texts around them."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Sample:
    """An answer known by value.

    Attributes:
        kind: a name in `answers.KINDS`.
        value: exact and hashable; two samples of a kind are the same answer exactly if equal.
        gold: the reference answer in its plainest spelling.
    """

    kind: str
    value: Hashable
    gold: str


class Sampler(NamedTuple):
    r"""All that is known of a kind beside its verifier, which must not be used here.

    Attributes:
        kind: a name in `answers.KINDS`.
        draw: returns a random answer.
        spellings: texts that all give the answer and must all be CORRECT, the plainest first.
        near_misses: answers of another value, just beside this one: one sign, one unit, one part.
        wrong_forms: texts of the right value in a form that was not asked for; never CORRECT.
        read: returns the sample of a reference answer, in the spelling a generator writes; raises
            ValueError on one that it does not cover.
        delimiters: whether any spelling may stand in `$…$`, `\boxed{…}` and before a full stop.
    """

    kind: str
    draw: Callable[[random.Random], Sample]
    spellings: Callable[[Sample], list[str]]
    near_misses: Callable[[Sample], list[Sample]]
    wrong_forms: Callable[[Sample], list[str]]
    read: Callable[[str], Sample]
    delimiters: bool = True
