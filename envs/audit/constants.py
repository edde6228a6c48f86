"""What the best answer pays that does not look at the question."""

from __future__ import annotations

import math
from statistics import NormalDist

from ..family import Level
from ..problem import Problem
from .finding import Finding
from .subject import Subject, each_level, short

USUAL, HIGHEST = 0.05, 0.25
FIRST = 40  # problems after which an answer that pays nothing is dropped
COMMON = 6  # most common reference answers that are tried
ANSWERS = (
    *("0", "1", "2", "-1", "3", "10", "1/2", "x", "n", "yes", "no", "true", "false", "none"),
    *("{}", "[]", "()", "(-inf, inf)", "empty", "x = 0", "0, 1", "-1, 1", "1, 2", "no solution"),
)
PROGRAMS = (
    *("n", "0", "1", "-1", "n*n", "n + 1", "[]", "''", "True", "False", "None"),
    *("lambda x: x", "lambda x: len(x)", "lambda x: x[::-1]", "lambda x: sorted(x)"),
    *("lambda x: sum(x)", "lambda x: max(x)", "lambda x: x[0]"),
)
INPUTS = (
    *("0", "1", "-1", "2", "10", "100", "True", "[]", "[0]", "[1]", "[1, 2, 3]", "''", "'a'"),
    *("()", "(0, 0)", "(1, 1)", "None"),
)


def wilson_lower(successes: int, trials: int, alpha: float = 0.05) -> float:
    """Lower end of the one-sided Wilson score interval of a rate (Wilson 1927).

    >>> round(wilson_lower(8, 10, alpha=0.025), 4)
    0.4902
    """
    z = NormalDist().inv_cdf(1 - alpha)
    rate = successes / trials
    centre = rate + z * z / (2 * trials)
    half = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return max(0.0, (centre - half) / (1 + z * z / trials))


@each_level("constant")
def constant(subject: Subject, level: int) -> Finding:
    """The best constant answer pays at most 5 %, or what the level states with its reason."""
    limit, fault = allowed(subject.row(level))
    slow = subject.executes(level)
    settings = subject.settings
    count = settings.constant_programs if slow else settings.constant_problems
    problems = list(subject.problems(level, "constant", count))
    best, won, tried = "", -1, 1
    for text in candidates(subject, level):
        right, seen = pay(subject, problems, text)
        if right * tried > won * seen:
            best, won, tried = text, right, seen
    figures = {"constant_pay": won / tried, "constant": best, "constant_limit": limit}
    if fault:
        return Finding("constant", level, False, fault, figures)
    bound = wilson_lower(won, tried)
    detail = f"{short(best)!r} is right on {won} of {tried} problems; the limit is {limit:.0%}"
    return Finding("constant", level, bound <= limit, detail, figures)


def allowed(row: Level) -> tuple[float, str]:
    """Return what a constant answer may pay on a level, and what is wrong with that claim."""
    if row.constant_pay <= USUAL:
        return USUAL, ""
    if row.constant_pay > HIGHEST:
        return HIGHEST, f"constant_pay={row.constant_pay:g} is above {HIGHEST:g}"
    if not row.constant_why.strip():
        return USUAL, f"constant_pay={row.constant_pay:g} without constant_why"
    return row.constant_pay, ""


def candidates(subject: Subject, level: int) -> list[str]:
    """Return answers that may be right often: the commonest references, and the obvious."""
    kinds = {problem.kind for problem in subject.sample(level)}
    common = [answer for answer, _ in subject.survey(level).answers.most_common(COMMON)]
    obvious = {"program": PROGRAMS, "input": INPUTS}
    texts = [text for kind in sorted(kinds) for text in obvious.get(kind, ANSWERS)]
    return list(dict.fromkeys([*common, *texts]))


def pay(subject: Subject, problems: list[Problem], text: str) -> tuple[int, int]:
    """Return how often an answer is right and on how many problems it was tried."""
    right = 0
    for tried, problem in enumerate(problems, 1):
        right += subject.is_correct(problem, text)
        if tried == FIRST and not right:
            return 0, tried
    return right, len(problems)
