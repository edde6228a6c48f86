"""Toy families that random weights can answer."""

import random
from collections.abc import Sequence
from typing import ClassVar

from frostline.envs import Family, Level, Problem, Question, Status, Verdict


class Bits(Family):
    """A family of our own, easy enough for random weights: half of all bytes are right."""

    name: ClassVar[str] = "bits"
    summary: ClassVar[str] = "Start with a byte below the middle."
    levels: Sequence[Level] = (Level("say it"), Level("say it again"))

    def draw(self, level: int, rng: random.Random) -> int:
        return rng.randrange(10**6)

    def ask(self, level: int, content: int, rng: random.Random) -> Question:
        return Question(f"{content:06d}?", "int", "0")

    def verify(self, problem: Problem, answer: str) -> Verdict:
        good = bool(answer) and ord(answer[0]) % 2 == 0
        return Verdict(Status.CORRECT if good else Status.WRONG, "parity")
