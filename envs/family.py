"""What a family of problems is: a level table, a generator, a verifier.

A family is one file. It subclasses `Family`, lists its levels, and says how to draw the content
of a question and how to ask it; splits, determinism and verification come from here.
"""

from __future__ import annotations

import abc
import difflib
import functools
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from .answers import verify_answer
from .problem import SPLITS, Case, Problem, TaskSpec, Verdict
from .programs.feedback import counterexample
from .programs.inputs import verify_input
from .programs.verifier import verify_program
from .streams import MAX_INDEX, keyed_rng, problem_rng, split_of

# A split that owns a tenth of the questions is missed 2000 times in a row with chance 1e-92;
# reaching this is a fault in `draw`, not bad luck.
MAX_REDRAWS = 2000


@dataclass(frozen=True, slots=True)
class Level:
    """One rung of a family's ladder; a family subclasses it to add the knobs of its generator.

    Every further field is a knob: `draw` reads it, and the audit checks that turning it changes
    what is drawn.

    Attributes:
        skill: what this level adds over the one below, for a reader.
        widens: true if it adds nothing but a wider number range.
        constant_pay: share of the problems that the best constant answer may solve, at most 0.25.
        constant_why: why the answer space is so small that this must be more than 0.05.
    """

    skill: str
    widens: bool = False
    constant_pay: float = field(default=0.05, kw_only=True)
    constant_why: str = field(default="", kw_only=True)


class Question(NamedTuple):
    """A question as a family asks it, before it is bound to a task.

    Attributes:
        text: the question, without the instruction on the answer's format.
        kind: answer kind (see `Problem.kind`).
        answer: the reference answer.
        cases: hidden `(input, output)` pairs of a program.
        shown: the `(input, output)` pairs that stand in the text.
        program: module text that defines `f`, where the question gives a program.
    """

    text: str
    kind: str
    answer: str
    cases: tuple[Case, ...] = ()
    shown: tuple[Case, ...] = ()
    program: str = ""


class Family(abc.ABC):
    """A kind of problem with a ladder of levels; subclass it to add one.

    Class attributes:
        name: identifier, lower case with underscores.
        summary: one sentence for lists.
        levels: the level table, easiest first.
        answer_noun: what the raw-format instruction calls an answer.
        version: the N of the id's `-vN`; any change that can change a result bumps it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    levels: Sequence[Level]
    answer_noun: ClassVar[str] = "answer"
    version: ClassVar[int] = 0

    @abc.abstractmethod
    def draw(self, level: int, rng: random.Random) -> Any:
        """Return the content of a random question: the numbers, not the words."""

    @abc.abstractmethod
    def ask(self, level: int, content: Any, rng: random.Random) -> Question:
        """Return the question that asks `content`; `rng` is private to the problem."""

    def canonical(self, content: Any) -> str:
        """Return what the question is, whatever its level and wording; it assigns the split."""
        return str(content)

    def contents(self, level: int) -> Iterable[Any] | None:
        """Return every content of a level whose space is small, or None to draw at random."""
        return None

    def recompute(self, problem: Problem) -> str | None:
        """Return the answer by code that shares nothing with the generator, or None.

        The audit grades it: sympy, brute force or CPython must come to the same answer. It may
        read nothing but `problem.question`. None says that there is no second way.
        """
        return None

    def verify(self, problem: Problem, answer: str) -> Verdict:
        """Return the verdict on an extracted answer; never raises on what a model wrote."""
        if problem.kind == "program":
            return verify_program(answer, problem.cases, shuffle_key=problem.task)
        if problem.kind == "input":
            like, output = problem.cases[0]
            return verify_input(answer, problem.program, output, like=like)
        return verify_answer(problem.kind, problem.answer, answer)

    def feedback(self, problem: Problem, answer: str) -> str:
        """Return what a wrong answer is told when a turn is left; never a hidden case."""
        if problem.kind == "program":
            return counterexample(answer, problem.shown)
        return "Not correct."

    def problem(self, task: TaskSpec) -> Problem:
        """Return the problem of `task`, a pure function of the spec.

        Raises:
            ValueError: for a level, split or index that the family does not have.
        """
        self.check(task)
        rng = problem_rng(task)
        content, canonical = self._content(task, rng)
        text, kind, answer, cases, shown, program = self.ask(task.level, content, rng)
        return Problem(task, text, kind, answer, cases, shown, canonical, program)

    def check(self, task: TaskSpec) -> None:
        """Raise ValueError unless `task` names a problem of this family."""
        if task.family != self.name:
            hint = f"; did you mean {self.name!r}?"
            raise ValueError(f"task.family must be {self.name!r}, got {task.family!r}{hint}")
        check_level(task.level, top=len(self.levels), family=self.name)
        check_split(task.split)
        check_index(task.index)

    def _content(self, task: TaskSpec, rng: random.Random) -> tuple[Any, str]:
        pool = self._pool(task.level, task.split)
        if pool is not None:
            return pool[task.index % len(pool)]
        for _ in range(MAX_REDRAWS):
            content = self.draw(task.level, rng)
            canonical = self.canonical(content)
            if split_of(self.name, canonical) == task.split:
                return content, canonical
        raise RuntimeError(f"{self.name} level {task.level} draws nothing for {task.split}")

    @functools.cache  # noqa: B019 - a family is a singleton that lives as long as the process
    def _pool(self, level: int, split: str) -> list[tuple[Any, str]] | None:
        """Return the shuffled contents of a small level that fall in `split`."""
        contents = self.contents(level)
        if contents is None:
            return None
        named = {self.canonical(content): content for content in contents}
        pool = [(c, name) for name, c in named.items() if split_of(self.name, name) == split]
        keyed_rng(self.name, level, split, "pool").shuffle(pool)
        return pool


def check_level(level: object, *, top: int, family: str) -> int:
    """Return `level` if it is a whole number in 1 … top, else raise ValueError."""
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= top:
        raise ValueError(
            f"level must be a whole number between 1 and {top} for {family}, got {level!r}; "
            f"did you mean {_nearest(level, 1, top)}?"
        )
    return level


def check_index(index: object) -> int:
    """Return `index` if it is a whole number in 0 … 2^62 - 1, else raise ValueError."""
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < MAX_INDEX:
        raise ValueError(
            f"index must be a whole number in 0 … 2^62 - 1, got {index!r}; "
            f"did you mean {_nearest(index, 0, MAX_INDEX - 1)}?"
        )
    return index


def _nearest(value: object, low: int, high: int) -> int:
    """Return the whole number in low … high nearest to `value`, and `low` for what is no number."""
    try:
        number = int(value) if isinstance(value, int) else round(float(str(value)))
    except (ValueError, OverflowError):
        return low
    return min(max(number, low), high)


def check_split(split: object) -> str:
    """Return `split` if it names a split, else raise ValueError."""
    if split not in SPLITS or not isinstance(split, str):
        hint = near(split, SPLITS)
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}{hint}")
    return split


def near(value: object, names: Iterable[str]) -> str:
    """Return `; did you mean 'name'?` for the name nearest to `value`, or an empty string.

    Args:
        value: what was given, whatever it is; upper case counts as lower case.
        names: the valid names, in lower case.
    """
    close = difflib.get_close_matches(str(value).lower(), list(names), n=1, cutoff=0.4)
    return f"; did you mean {close[0]!r}?" if close else ""
