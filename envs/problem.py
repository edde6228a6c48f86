"""The records everything else passes around: task, problem, verdict."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, TypeAlias

# what programs take and return; values are equal only if their types are, at every depth
Value: TypeAlias = "int | bool | str | list[Value] | tuple[Value, ...] | None"
# a pair of values; Any, because whoever made the cases knows their types
Case: TypeAlias = tuple[Any, Any]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What identifies a problem; the same spec is always the same problem.

    Attributes:
        family: name of the family, such as `arithmetic`.
        level: 1 is the easiest.
        split: `train`, `validation` or `test`; they share no question.
        index: any integer in 0 … 2^62 - 1.
    """

    family: str
    level: int
    split: str
    index: int


class Status(enum.Enum):
    """The five things that can be said of a completion."""

    CORRECT = "CORRECT"
    WRONG = "WRONG"
    MALFORMED = "MALFORMED"
    UNSUPPORTED = "UNSUPPORTED"  # legal Python that the interpreter lacks: counts as a failure
    VERIFIER_ERROR = "VERIFIER_ERROR"  # our fault: reported, never taken for a failure


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier says of one completion, and why.

    Attributes:
        status: one of the five `Status` members.
        reason: one line for a person; it never holds a hidden case.
    """

    status: Status
    reason: str

    @property
    def reward(self) -> float:
        """Return 1.0 for CORRECT and 0.0 for everything else."""
        return 1.0 if self.status is Status.CORRECT else 0.0


@dataclass(frozen=True, slots=True)
class Problem:
    """One question with everything needed to grade it; never mutated.

    Attributes:
        task: the spec it was made from.
        question: what is asked, without the instruction on the answer's format.
        kind: a name in `answers.KINDS`, `program` (the answer is a program) or `input` (the answer
            is an input on which `program` gives the output of the one pair in `cases`).
        answer: the reference answer, in the spelling that a model should learn.
        cases: hidden `(input, output)` pairs of a program; empty for the other kinds.
        shown: the `(input, output)` pairs of a program that the question shows.
        canonical: the question without wording, level and choice of examples; it assigns the split.
        program: module text that defines `f`, where the question gives a program.
    """

    task: TaskSpec
    question: str
    kind: str
    answer: str
    cases: tuple[Case, ...] = field(default=(), repr=False)
    shown: tuple[Case, ...] = ()
    canonical: str = ""
    program: str = ""
