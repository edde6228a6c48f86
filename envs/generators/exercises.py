"""Families whose levels are a list of exercises, each drawn as a text with its answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..family import Family, Level, Question


class Exercise(NamedTuple):
    """The content of a question.

    Attributes:
        text: what is asked.
        kind: answer kind.
        answer: the reference answer.
        canonical: what is asked, without the order of what commutes and other choices of wording.
    """

    text: str
    kind: str
    answer: str
    canonical: str


@dataclass(frozen=True, slots=True)
class Rung(Level):
    """A level and how its exercises are drawn."""

    exercise: Callable[[random.Random], Exercise] = field(kw_only=True)


class ExerciseFamily(Family):
    """A family that asks its exercises as they were drawn; the levels do the work."""

    levels: Sequence[Rung]

    def draw(self, level: int, rng: random.Random) -> Exercise:
        """Return a random exercise of `level`."""
        return self.levels[level - 1].exercise(rng)

    def canonical(self, content: Exercise) -> str:
        """Return what the exercise says it is."""
        return content.canonical

    def ask(self, level: int, content: Exercise, rng: random.Random) -> Question:
        """Return the exercise as it was drawn."""
        return Question(content.text, content.kind, content.answer)
