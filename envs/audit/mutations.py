"""Is everything rejected that lies just beside the reference answer."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..problem import Problem, Status, Value
from ..samples.sample import Sample, Sampler
from ..samples.samplers import SAMPLERS
from .cpython import Job, run_jobs
from .finding import Finding
from .references import module_text, mutants, wrong_types
from .subject import EXECUTED, Subject, each_level, short

SPELLINGS = 3  # of each near miss
MUTANTS = 16  # of each program
_INTEGER = re.compile(r"[0-9]+")


class Trial(NamedTuple):
    """An answer and whether it is right.

    Attributes:
        problem: what it answers.
        text: the answer.
        right: whether it must be accepted, else it must be rejected.
    """

    problem: Problem
    text: str
    right: bool = False


@each_level("mutations")
def mutations(subject: Subject, level: int) -> Finding:
    """Near misses score 0: another sign, digit, part, form, constant or operator."""
    count = 0
    for trial in trials(subject, level):
        count += 1
        status = subject.judge(trial.problem, trial.text).status
        fine = (Status.CORRECT, Status.UNSUPPORTED) if trial.right else _REJECTIONS
        if status not in fine:
            wish = "a right answer" if trial.right else "a mutated answer"
            where = f"{short(trial.problem.question)} {wish} {short(trial.text)!r}"
            return Finding("mutations", level, False, f"{where} is {status.value}")
    if not count:
        return Finding("mutations", level, False, "no mutant of any reference answer is known")
    return Finding("mutations", level, True, figures={"mutants": count})


_REJECTIONS = (Status.WRONG, Status.MALFORMED, Status.UNSUPPORTED)


def trials(subject: Subject, level: int) -> Iterator[Trial]:
    """Yield mutated answers of a level's sample."""
    problems, rng = subject.sample(level), subject.rng("mutations", level)
    yield from _executed([p for p in problems if p.kind in EXECUTED], rng)
    for problem in problems:
        if problem.kind not in EXECUTED:
            yield from (Trial(problem, text) for text in near_texts(problem, rng))


def read(problem: Problem) -> tuple[Sampler, Sample] | None:
    """Return the reference as a sample by value, or None where no sampler can."""
    sampler = SAMPLERS.get(problem.kind)
    if sampler is None:
        return None
    try:
        return sampler, sampler.read(problem.answer)
    except ValueError:  # outside what the sampler covers; every other exception is a fault
        return None


def near_texts(problem: Problem, rng: random.Random) -> Iterator[str]:
    """Yield answers beside the reference of a kind that is decided by its text."""
    found = read(problem)
    if found is None:
        yield from _other_numbers(problem.answer)
        return
    sampler, sample = found
    for other in sampler.near_misses(sample):
        texts = sampler.spellings(other)
        yield from rng.sample(texts, min(SPELLINGS, len(texts)))
    yield from sampler.wrong_forms(sample)


def _other_numbers(text: str) -> Iterator[str]:
    """Yield a text with one of its numbers changed by 1."""
    for match in _INTEGER.finditer(text):
        yield f"{text[: match.start()]}{int(match[0]) + 1}{text[match.end() :]}"


def _executed(problems: list[Problem], rng: random.Random) -> Iterator[Trial]:
    """Yield mutants of programs and inputs; CPython says which of them are right after all."""
    waiting: list[tuple[Trial, list[str]]] = []
    jobs: list[Job] = []
    for problem in problems:
        for text, job in _altered(problem, rng):
            cases = problem.cases[:1] if problem.kind == "input" else problem.cases
            waiting.append((Trial(problem, text), [repr(y) for _, y in cases]))
            jobs.append(job)
    for (trial, wanted), got in zip(waiting, run_jobs(jobs), strict=True):
        hidden = got[: len(wanted)] == wanted
        shown = got[len(wanted) :] == [repr(y) for _, y in trial.problem.shown]
        # right on the hidden cases alone: a family may judge it either way
        if trial.problem.kind == "input" or shown or not hidden:
            yield trial._replace(right=hidden)


def _altered(problem: Problem, rng: random.Random) -> Iterator[tuple[str, Job]]:
    """Yield answers beside the reference, and what CPython has to run to judge each."""
    if problem.kind == "input":
        for value in neighbours(ast.literal_eval(problem.answer)):
            yield repr(value), Job(problem.program, (value,))
        return
    inputs = tuple(x for x, _ in (*problem.cases, *problem.shown))
    texts = mutants(problem.answer)
    for text in [*rng.sample(texts, min(MUTANTS, len(texts))), *wrong_types(problem.answer)]:
        yield text, Job(module_text(text), inputs)


def neighbours(value: Value) -> list[Value]:
    """Return values that differ from `value` in one place, of the same type."""
    found: list[Value] = []
    if isinstance(value, bool):
        found = [not value]
    elif isinstance(value, int):
        found = [value + 1, value - 1, -value, 2 * value]
    elif isinstance(value, str):
        found = [value + "a", value[1:], value[::-1], value.swapcase()]
    elif isinstance(value, list | tuple):
        items = list(value)
        changed: list[list[Value]] = [
            [*items[:i], other, *items[i + 1 :]]
            for i, item in enumerate(items)
            for other in neighbours(item)[:2]
        ]
        if isinstance(value, list):
            changed += [items[1:], items[::-1], [*items, *items[-1:]]]
        found = [other if isinstance(value, list) else tuple(other) for other in changed]
    return [other for other in found if other != value]
