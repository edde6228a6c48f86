"""Does anything hidden show before the episode ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..problem import Problem
from ..text_env import TextEnv
from .finding import Finding
from .mutations import near_texts
from .references import module_text
from .subject import EXECUTED, Subject, each_level, short

TURNS = 12
TELLING = 5  # characters of an input and its output that are no coincidence
NOT_CORRECT = "Not correct."
_GIVES = r"\)?(?:, | ?= ?| ?-> ?| ?: ?| gives | should be )"  # between an input and its output
INFO = {"task", "verdict", "reason"}


@each_level("leaks")
def leaks(subject: Subject, level: int) -> Finding:
    """Hidden cases and the answer show in no prompt, repr, info or feedback; feedback is plain."""
    env = TextEnv(subject.family, max_turns=TURNS)
    leaked: dict[str, str] = {}
    for problem in subject.sample(level):
        seen, fault = _played(subject, env, problem)
        for text in seen:
            fault = fault or _hidden_case(problem, text)
            if _names_answer(problem, text):
                leaked[problem.answer] = short(text)
        if fault:
            return Finding("leaks", level, False, f"{short(problem.question)} {fault}")
    # one answer may stand in a text by chance
    if len(leaked) > 1:
        answer, text = next(iter(leaked.items()))
        return Finding("leaks", level, False, f"the answer {short(answer)!r} is told: {text}")
    return Finding("leaks", level, True)


def _played(subject: Subject, env: TextEnv, problem: Problem) -> tuple[list[str], str]:
    """Play an episode of wrong answers; return what it told, and what is wrong with that."""
    prompt, info = env.reset(options={"task": problem.task})
    if problem.answer in prompt and problem.kind == "program" and len(problem.answer) > TELLING:
        return [], "the prompt holds the reference program"
    told = [f"{info}"]
    if _hidden_case(problem, f"{prompt} {problem!r}"):
        return told, "the prompt or the problem's repr shows a hidden case"
    for text in _wrong_answers(subject, problem):
        feedback, _, terminated, _, info = env.step(text)
        if set(info) - INFO:
            return told, f"info holds {sorted(set(info) - INFO)}"
        told += [f"{feedback} {info['verdict']} {info['reason']}"]
        if problem.kind != "program" and not terminated and feedback != NOT_CORRECT:
            return told, f"feedback is {short(feedback)!r}, not {NOT_CORRECT!r}"
        if terminated:
            break
    return told, ""


def _wrong_answers(subject: Subject, problem: Problem) -> list[str]:
    if problem.kind == "program":
        # right on what is shown alone; one that tries to tell its inputs
        shown = dict(repr_pairs(problem))
        known = f"{module_text(problem.answer)}\ng = f\ndef f(x):\n    "
        return [
            f"{known}return g(x) if repr(x) in {sorted(shown)!r} else None",
            "def f(x):\n    raise ValueError(x)",
            "lambda x: None",
        ]
    if problem.kind in EXECUTED:
        return ["nonsense", "None", "[None]"]
    near = list(near_texts(problem, subject.rng("leaks", problem.task)))
    # a reason may quote what was answered
    near = [text for text in near if not _names_answer(problem, text)]
    # a hint may hang on which way an answer is wrong
    return ["nonsense", *near[:: max(1, len(near) // (TURNS - 4))][: TURNS - 3], *near[-1:]]


def repr_pairs(problem: Problem) -> Iterator[tuple[str, str]]:
    """Yield input and output of each shown case as text."""
    return ((repr(x), repr(y)) for x, y in problem.shown)


def _hidden_case(problem: Problem, text: str) -> str:
    """Return what a text tells of a hidden case, or an empty string."""
    if problem.kind != "program":
        return ""
    shown = set(repr_pairs(problem))
    for x, y in ((repr(x), repr(y)) for x, y in problem.cases):
        if (x, y) in shown or len(x) + len(y) < TELLING:
            continue
        if re.search(rf"(?<![\w-]){re.escape(x)}{_GIVES}{re.escape(y)}(?!\w)", text):
            return f"a hidden case shows: {short(text)}"
        if f"ValueError: {x}" in text or f"ValueError({x}" in text:
            return f"a hidden input shows: {short(text)}"
    return ""


def _names_answer(problem: Problem, text: str) -> bool:
    answer = problem.answer
    if problem.kind in EXECUTED and len(answer) < TELLING:
        return False
    return re.search(rf"(?<![\w.-]){re.escape(answer)}(?![\w.])", text) is not None
