"""What many draws of a level show: their time, their splits, and how many questions there are."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from ..family import Family
from ..problem import Problem, TaskSpec
from .finding import Finding
from .hostile import REPEATS
from .mutations import near_texts
from .subject import EXECUTED, Subject, each_level, fresh, short

DRAW_SECONDS, PROGRAM_DRAW_SECONDS = 0.05, 0.25
VERDICT_SECONDS, PROGRAM_VERDICT_SECONDS = 0.05, 0.4
DISTINCT = 200
NEAR = 8  # mutated answers per problem whose verdict is timed


@each_level("draw time")
def draw_time(subject: Subject, level: int) -> Finding:
    """No problem takes longer to draw than 50 ms, or 250 ms if programs are run."""
    found = subject.survey(level)
    limit = PROGRAM_DRAW_SECONDS if subject.executes(level) else DRAW_SECONDS
    again = _again(subject.family, [task for _, _, task in found.slowest])
    task, slowest = max(again.items(), key=lambda pair: pair[1], default=(None, 0.0))
    figures = {"draw_ms": slowest * 1e3, "first_draw_ms": found.cold * 1e3}
    detail = f"{slowest * 1e3:.1f} ms for {task}" if slowest > limit else ""
    return Finding("draw time", level, slowest <= limit, detail, figures)


def _again(family: Family, tasks: list[TaskSpec]) -> dict[TaskSpec, float]:
    """Return the best time of each draw, by instances that have drawn only its neighbour."""
    best = dict.fromkeys(tasks, float("inf"))
    for _ in range(REPEATS):
        other = fresh(family)
        for task in tasks:
            other.problem(TaskSpec(task.family, task.level, task.split, task.index ^ 1))
            start = time.perf_counter()
            other.problem(task)
            best[task] = min(best[task], time.perf_counter() - start)
    return best


@each_level("verdict time")
def verdict_time(subject: Subject, level: int) -> Finding:
    """No verdict on a reference or near miss takes longer than 50 ms; 400 ms for programs."""
    slow = subject.executes(level)
    limit = PROGRAM_VERDICT_SECONDS if slow else VERDICT_SECONDS
    count = subject.settings.programs if slow else subject.settings.problems
    rng = subject.rng("verdict", level)
    slowest, slow_text = 0.0, ""
    for problem in subject.problems(level, "verdict", count):
        texts = [problem.answer]
        if problem.kind not in EXECUTED:
            texts += itertools.islice(near_texts(problem, rng), NEAR)
        for text in texts:
            seconds = _verdict_seconds(subject, problem, text, limit)
            if seconds > slowest:
                slowest, slow_text = seconds, text
    detail = f"{slowest * 1e3:.1f} ms for {short(slow_text)!r}" if slowest > limit else ""
    return Finding("verdict time", level, slowest <= limit, detail, {"verdict_ms": slowest * 1e3})


def _verdict_seconds(subject: Subject, problem: Problem, text: str, limit: float) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        subject.judge(problem, text)
        best = min(best, time.perf_counter() - start)
        if best <= limit:
            break
    return best


def splits(subject: Subject) -> Iterator[Finding]:
    """No question stands in two splits, by its canonical text or by its words, on any level."""
    questions: dict[str, tuple[str, int]] = {}
    canonicals: dict[str, tuple[str, int]] = {}
    total = 0
    for level in subject.levels:
        found = subject.survey(level)
        total += found.draws
        fault = f"{short(found.crossing)} stands in two splits" if found.crossing else ""
        for texts, seen in ((found.questions, questions), (found.canonicals, canonicals)):
            for text, split in texts.items():
                other, where = seen.setdefault(text, (split, level))
                if other != split:
                    fault = fault or f"{short(text)}: {split}, and {other} on level {where}"
        yield Finding("splits", level, not fault, fault, {"draws": found.draws})
    detail = f"{total} draws, {len(canonicals)} questions"
    yield Finding("splits", None, True, detail, {"draws": total, "questions": len(canonicals)})


@each_level("distinct")
def distinct(subject: Subject, level: int) -> Finding:
    """A level has at least 200 distinct questions."""
    found = subject.survey(level)
    count = len(found.canonicals)
    # fewer draws than asked for cannot show them all
    wanted = min(DISTINCT, int(0.3 * found.draws))
    detail = f"{count} distinct questions in {found.draws} draws"
    return Finding("distinct", level, count >= wanted, detail, {"distinct": count})
