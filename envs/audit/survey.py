"""One pass over many draws of a level: time, splits, distinct questions, common answers."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..family import Family
from ..problem import TaskSpec

SUSPECTS = 3  # slowest draws that are timed again


@dataclass(slots=True)
class Survey:
    """What many draws of one level have shown.

    Attributes:
        cold: seconds of the first draw, which fills the caches.
        slowest: the slowest later draws, as (seconds, place among the tasks, task).
        questions: split of each question text.
        canonicals: the same of each canonical text.
        answers: how often each reference answer came, the common ones only.
        crossing: a question that was asked in two splits, or "".
        draws: how many there were.
        early: the question texts of the first half of the draws.
        late: those of the second half, repeats included.
    """

    cold: float = 0.0
    slowest: list[tuple[float, int, TaskSpec]] = field(default_factory=list)
    questions: dict[str, str] = field(default_factory=dict)
    canonicals: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    crossing: str = ""
    draws: int = 0
    early: set[str] = field(default_factory=set)
    late: list[str] = field(default_factory=list)

    def met(self, other: Survey) -> int:
        """Return how many late draws of `other` ask what an early draw of this level asked."""
        return sum(text in self.early for text in other.late)


def survey(family: Family, tasks: Sequence[TaskSpec]) -> Survey:
    """Draw every task once with a family that has drawn nothing yet."""
    found = Survey(draws=len(tasks))
    clock = time.perf_counter
    for place, task in enumerate(tasks):
        start = clock()
        problem = family.problem(task)
        seconds = clock() - start
        if place == 0:
            found.cold = seconds
        else:
            heapq.heappush(found.slowest, (seconds, place, task))
            if len(found.slowest) > SUSPECTS:
                heapq.heappop(found.slowest)
        found.answers[problem.answer] += 1
        if 2 * place < len(tasks):
            found.early.add(problem.question)
        else:
            found.late.append(problem.question)
        for text, splits in (
            (problem.question, found.questions),
            (problem.canonical, found.canonicals),
        ):
            if splits.setdefault(text, task.split) != task.split:
                found.crossing = found.crossing or problem.question
    found.answers = Counter(dict(found.answers.most_common(10)))
    return found
