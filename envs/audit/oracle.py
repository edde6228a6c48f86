"""Is the reference answer accepted, and does other code come to the same answer."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from dataclasses import replace

from ..extract import ANSWER_FORMATS, wrap
from ..problem import Problem, Status
from ..text_env import TextEnv
from .cpython import Job, run_jobs
from .finding import Finding
from .references import module_text
from .subject import Subject, each_level, short

RECOMPUTED = 16  # problems per level; a second way may take sympy
# and where it is fast, enough to find an answer that is wrong once in a hundred
MORE, MORE_SECONDS = 400, 1.0


@each_level("oracle")
def oracle(subject: Subject, level: int) -> Finding:
    """The reference answer scores 1, given in each of the three answer formats."""
    envs = {name: TextEnv(subject.family, answer_format=name) for name in ANSWER_FORMATS}
    for problem in subject.sample(level):
        for name, env in envs.items():
            verdict, _ = env.grade(problem, wrap(problem.answer, name))
            if verdict.status is not Status.CORRECT:
                text = f"{short(problem.question)} {short(problem.answer)!r} in {name}: {verdict}"
                return Finding("oracle", level, False, text)
    return Finding("oracle", level, True)


@each_level("recomputed")
def recomputed(subject: Subject, level: int) -> Finding:
    """Code that shares nothing with the generator comes to an answer that scores 1."""
    problems = subject.sample(level)[:RECOMPUTED]
    answers = [_second(subject, problem) for problem in problems]
    given = [(p, a) for p, a in zip(problems, answers, strict=True) if a is not None]
    for problem, answer in (*given, *_more(subject, level, bool(given))):
        if not subject.is_correct(problem, answer):
            text = f"{short(problem.question)} recomputed as {short(answer)!r}: not correct"
            return Finding("recomputed", level, False, text)
    fault = _run_references(problems)
    if fault:
        return Finding("recomputed", level, False, fault)
    share = f"{len(given)} of {len(problems)}"
    if len(given) == len(problems):
        return Finding("recomputed", level, True, figures={"recomputed": share})
    detail = f"recompute gives an answer to {share} problems" if given else "none given"
    return Finding("recomputed", level, not subject.ships, detail, {"recomputed": share})


def _second(subject: Subject, problem: Problem) -> str | None:
    """Return the second way's answer, which sees nothing of the first."""
    return subject.family.recompute(replace(problem, answer="", cases=(), canonical=""))


def _more(subject: Subject, level: int, wanted: bool) -> Iterator[tuple[Problem, str]]:
    """Yield further problems with their second answers, until time is up."""
    if not wanted or subject.executes(level):
        return
    end = time.perf_counter() + MORE_SECONDS
    for problem in subject.problems(level, "recomputed", MORE):
        answer = _second(subject, problem)
        if answer is not None:
            yield problem, answer
        if time.perf_counter() > end:
            return


def _run_references(problems: list[Problem]) -> str:
    """Return where CPython disagrees with the cases of a program or input, or an empty string."""
    jobs, wanted, asked = [], [], []
    for problem in problems:
        if problem.kind == "program":
            cases = (*problem.cases, *problem.shown)
            jobs.append(Job(module_text(problem.answer), tuple(x for x, _ in cases)))
        elif problem.kind == "input":
            cases = ((ast.literal_eval(problem.answer), problem.cases[0][1]),)
            jobs.append(Job(problem.program, (cases[0][0],)))
        else:
            continue
        wanted.append([repr(y) for _, y in cases])
        asked.append(problem)
    for problem, want, got in zip(asked, wanted, run_jobs(jobs), strict=True):
        if want != got:
            a, b = next((a, b) for a, b in zip(want, got, strict=True) if a != b)
            return f"{short(problem.question)} CPython gives {short(b)}, the case says {short(a)}"
    return ""
