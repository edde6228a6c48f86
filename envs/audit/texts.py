"""Are harmless spellings accepted, and is repeating the question never an answer."""

from __future__ import annotations

import re

from ..instructions import INSTRUCTIONS, prompt_text
from ..problem import Problem, Status
from ..samples.dress import dressed
from .constants import HIGHEST, wilson_lower
from .finding import Finding
from .mutations import read
from .references import shapes
from .subject import Subject, each_level, short

_NUMBER = re.compile(r"-?[0-9]+(?:/[0-9]+)?")
_CUT = re.compile(r"(?<=[.:;?])\s+|,\s+|\s+=\s+|\s+(?:and|at|for|with|where|if)\s+")
_ATOM = re.compile(r"[+-]?\s*[\w.+/-]+")  # one number or word: it may be the answer by chance


@each_level("spellings")
def spellings(subject: Subject, level: int) -> Finding:
    """Every harmless spelling of the reference is accepted."""
    count = 0
    for problem in subject.sample(level):
        for text in _spellings(problem):
            count += 1
            verdict = subject.judge(problem, text)
            if verdict.status not in (Status.CORRECT, Status.UNSUPPORTED):
                detail = f"{short(problem.question)} {short(text)!r}: {verdict.reason}"
                return Finding("spellings", level, False, detail)
    return Finding("spellings", level, True, figures={"spellings": count})


def _spellings(problem: Problem) -> list[str]:
    if problem.kind == "program":
        return shapes(problem.answer)
    found = read(problem)
    if found is None:
        return [problem.answer, f"  {problem.answer}\n"]
    return dressed(*found)


@each_level("echo")
def echo(subject: Subject, level: int) -> Finding:
    """Repeating the question or a part of it is never an answer, nor is a number from it often."""
    problems = subject.sample(level)
    noun = subject.family.answer_noun
    for problem in problems:
        for text in echoes(problem.question, noun):
            if subject.is_correct(problem, text):
                detail = f"{short(problem.question)} is answered by repeating {short(text)!r}"
                return Finding("echo", level, False, detail)
    best, right = "", 0
    for name, place in (("first", 0), ("last", -1)):
        numbers = [_NUMBER.findall(problem.question) for problem in problems]
        pairs = [(p, found[place]) for p, found in zip(problems, numbers, strict=True) if found]
        count = sum(subject.is_correct(problem, text) for problem, text in pairs)
        if count > right:
            best, right = f"the {name} number of the question", count
    share = right / len(problems)
    ok = not right or wilson_lower(right, len(problems)) <= HIGHEST
    detail = f"{best} is right on {share:.0%} of the problems" if right else ""
    return Finding("echo", level, ok, detail, {"echo_pay": share})


def echoes(question: str, noun: str) -> list[str]:
    """Return the question, the prompts, and the parts of the question that say something.

    >>> echoes("Compute 3/4 + 1/6.", "number")[:4]
    ['Compute 3/4 + 1/6.', 'Compute 3/4 + 1/6', '3/4 + 1/6.', '3/4 + 1/6']
    """
    rest = question.partition(" ")[2]
    texts = [question, question.rstrip(".?"), rest, rest.rstrip(".?")]
    texts += [prompt_text(question, name, noun) for name in INSTRUCTIONS]
    parts = [*_CUT.split(question), *_CUT.split(rest)]
    parts += [text for part in parts for text in (part.rstrip(".?:;"), part.partition(" ")[2])]
    whole = [part.rstrip(".?:;").strip() for part in parts]
    texts += [part for part in whole if part and not _ATOM.fullmatch(part)]
    return list(dict.fromkeys(text for text in texts if text.strip()))
