"""Families with faults that a short look misses: rare, endless, or between two levels."""

import random
from collections.abc import Sequence
from typing import Any

import audit_toys as toys

from frostline.envs import Problem, Question, Verdict


class WrongOnceInAHundred(toys.Sums):
    def value(self, a: int, b: int) -> int:
        return a + b + ((a + b) % 100 == 7)


class CopiesTheReference(toys.WrongSums):
    """The second way is the first."""

    def recompute(self, problem: Problem) -> str | None:
        return problem.answer


class RepeatsALevel(toys.Sums):
    """The second level throws its dice otherwise; its questions are those of the first."""

    levels: Sequence[Any] = (toys.Bound("small", bound=60), toys.Bound("as small", bound=60))

    def draw(self, level: int, rng: random.Random) -> tuple[int, int]:
        if level == 2:
            rng.random()
        return super().draw(level, rng)


class HintsAtTheSize(toys.Sums):
    def feedback(self, problem: Problem, answer: str) -> str:
        small = answer.isdecimal() and int(answer) < int(problem.answer)
        return "Too small." if small else "Not correct."


class DrawsWithoutEnd(toys.Sums):
    def ask(self, level: int, content: tuple[int, int], rng: random.Random) -> Question:
        while level == 2:
            pass
        return super().ask(level, content, rng)


class JudgesWithoutEnd(toys.Sums):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        while len(answer) > 10_000:
            pass
        return super().verify(problem, answer)
