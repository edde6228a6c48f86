"""Does every level build, does every knob turn something, does every level differ from the last."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from ..family import Family, Level
from ..instructions import INSTRUCTIONS, prompt_text
from ..problem import SPLITS, Problem, TaskSpec
from ..streams import MAX_INDEX
from .finding import Finding
from .guard import time_limit
from .subject import ENDLESS, Subject, each_level, fresh, known, short

INDICES = (0, 1, 2, 3, 999_983, MAX_INDEX - 1)
MAX_PROMPT_CHARS = 2000
KNOB_INDICES = 60
# a level of new questions meets those of a lower one less often than its own; a few by chance
FEWEST_REPEATS, SAME = 10, 0.5
KNOB_SECONDS = 2.0  # a knob that makes drawing endless does turn something
_OWN = {field.name for field in dataclasses.fields(Level)}


@each_level("builds")
def builds(subject: Subject, level: int) -> Finding:
    """Every level draws a problem of the task asked for, in every split, with a short prompt."""
    longest = 0
    for split in SPLITS:
        for index in INDICES:
            task = TaskSpec(subject.family.name, level, split, index)
            with time_limit(ENDLESS):
                problem = subject.family.problem(task)
            fault = _fault(subject.family, problem, task)
            if fault:
                return Finding("builds", level, False, f"{task}: {fault}")
            longest = max(longest, len(prompt_text(problem.question, "boxed", "")))
    return Finding("builds", level, True, figures={"longest_prompt": longest})


def _fault(family: Family, problem: Problem, task: TaskSpec) -> str:
    """Return what is wrong with a problem, or an empty string."""
    if problem.task != task:
        return f"the problem is of {problem.task}"
    if not problem.question.strip() or not problem.answer.strip():
        return "an empty question or answer"
    if not problem.canonical:
        return "an empty canonical text"
    for answer_format in INSTRUCTIONS:
        length = len(prompt_text(problem.question, answer_format, family.answer_noun))
        if length > MAX_PROMPT_CHARS:
            return f"a prompt of {length} characters; at most {MAX_PROMPT_CHARS} are allowed"
    own = type(family).verify is not Family.verify
    if not own and not known(problem.kind):
        return f"no verifier for kind {problem.kind!r}"
    if problem.kind == "program" and not problem.cases:
        return "a program without hidden cases"
    return ""


def knobs(subject: Subject) -> Iterator[Finding]:
    """Every knob of the level table, set to the value of another row, changes what is asked."""
    rows = subject.family.levels
    every = {(type(row), field.name) for row in rows for field in _knobs(row)}
    alive: set[tuple[type, str]] = set()
    try:
        for level, row in enumerate(rows, 1):
            dead = []
            # a knob that a row leaves at its default may well be out of use there
            for name in (field.name for field in _knobs(row) if not _is_default(row, field)):
                if _turns(subject, level, name):
                    alive.add((type(row), name))
                else:
                    dead.append(f"{name}={short(repr(getattr(row, name)))}")
            detail = f"no effect on what is asked: {', '.join(dead)}" if dead else ""
            yield Finding("knobs", level, not dead, detail)
        idle = sorted(
            name for kind, name in every - alive if not _turns_anywhere(subject, kind, name)
        )
        detail = f"no effect on any level: {', '.join(idle)}" if idle else f"{len(every)} knobs"
        yield Finding("knobs", None, not idle, detail)
    finally:
        Family._pool.cache_clear()  # the instances with a turned knob would live on in it


def _knobs(row: Level) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(row) if field.name not in _OWN]


def _is_default(row: Level, field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING and getattr(row, field.name) == field.default


def _turns_anywhere(subject: Subject, kind: type, name: str) -> bool:
    rows = enumerate(subject.family.levels, 1)
    return any(_turns(subject, level, name) for level, row in rows if type(row) is kind)


def _turns(subject: Subject, level: int, name: str) -> bool:
    """Return whether the value of another row, or the default, changes a level's questions."""
    rows = subject.family.levels
    row = rows[level - 1]
    field = next(field for field in _knobs(row) if field.name == name)
    values = [getattr(other, name) for other in rows if type(other) is type(row)]
    if field.default is not dataclasses.MISSING:
        values.append(field.default)
    tried = [getattr(row, name)]
    for value in values:
        if value in tried:
            continue
        tried.append(value)
        if _asks_otherwise(subject, level, dataclasses.replace(row, **{name: value})):
            return True
    return False


def _asks_otherwise(subject: Subject, level: int, row: Level) -> bool:
    """Return whether any of some questions changes if a level's row is `row`."""
    turned = fresh(subject.family)
    rows = tuple(turned.levels)
    turned.levels = (*rows[: level - 1], row, *rows[level:])
    for index in range(KNOB_INDICES):
        task = TaskSpec(subject.family.name, level, "train", index)
        question = subject.family.problem(task).question
        try:
            with time_limit(KNOB_SECONDS):
                if turned.problem(task).question != question:
                    return True
        except Exception:  # a value that does not fit the row is one that is read
            return True
    return False


def steps(subject: Subject) -> Iterator[Finding]:
    """Two neighbouring levels do not ask the same: given the same dice, their questions differ."""
    family, keys = subject.family, range(KNOB_INDICES)
    for level in subject.levels[:-1]:
        contents = [_names(family, at) for at in (level, level + 1)]
        same = contents[0] is not None and contents[0] == contents[1]
        # the row of the level above makes the difference, or the number of the level does
        if not same and not _asks_otherwise(subject, level, family.levels[level]):
            same = _same_dice(subject, level, keys) == _same_dice(subject, level + 1, keys)
        twin = level if same else _twin(subject, level + 1)
        detail = f"asks what level {twin} asks" if twin else ""
        yield Finding("steps", level + 1, not twin, detail)
    Family._pool.cache_clear()


def _twin(subject: Subject, level: int) -> int:
    """Return a lower level whose questions a level repeats as often as its own, or 0."""
    own = subject.survey(level)
    repeats = own.met(own)
    for lower in range(1, level):
        met = subject.survey(lower).met(own)
        if met >= max(FEWEST_REPEATS, SAME * repeats):
            return lower
    return 0


def _same_dice(subject: Subject, level: int, keys: Iterable[int]) -> list[str]:
    questions = []
    for key in keys:
        rng = subject.rng("step", key)
        questions.append(subject.family.ask(level, subject.family.draw(level, rng), rng).text)
    return questions


def _names(family: Family, level: int) -> set[str] | None:
    contents = family.contents(level)
    return None if contents is None else {family.canonical(content) for content in contents}
