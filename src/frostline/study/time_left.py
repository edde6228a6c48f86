"""How long the rest of a study will take, by what its finished runs took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .arm import Stage
from .lines import RunLine
from .plan import Left
from .spec import Study

EXAM = "exam"


@dataclass(frozen=True, slots=True)
class Pace:
    """What runs take.

    Attributes:
        iteration: seconds of one, of any arm.
        by_arm: likewise, of those that are known.
        problem: seconds of one exam problem.
    """

    iteration: float
    by_arm: dict[str, float]
    problem: float

    @classmethod
    def of(cls, lines: Iterable[RunLine]) -> Pace | None:
        """Return the pace of finished runs; None without any that trained and sat an exam."""
        trained: dict[str, tuple[float, int]] = {}
        exam, problems = 0.0, 0
        for line in lines:
            known = line.seconds
            if line.reward:
                seconds, iterations = trained.get(line.arm, (0.0, 0))
                seconds += sum(known.values()) - known.get(EXAM, 0.0)
                trained[line.arm] = (seconds, iterations + len(line.reward))
            if EXAM in known:
                exam += known[EXAM]
                problems += sum(line.problems.values())
        if not (trained and problems):
            return None
        total = [sum(column) for column in zip(*trained.values(), strict=True)]
        by_arm = {arm: seconds / iterations for arm, (seconds, iterations) in trained.items()}
        return cls(total[0] / total[1], by_arm, exam / problems)

    def seconds(self, study: Study, parts: Sequence[Left], jobs: int) -> float:
        """Return how long `parts` of a study take with `jobs` runs at a time."""
        work = 0.0
        for part in parts:
            work += part.iterations * self.by_arm.get(part.arm, self.iteration)
            work += part.runs * exam_size(study, part.stage) * self.problem
        return work / jobs


def exam_size(study: Study, stage: Stage) -> int:
    """Return the number of problems of an exam."""
    exam = study.exam
    others = len(exam.others) * exam.problems_others if stage == "final" else 0
    return len(study.ladders()) * exam.size(stage) + others


def in_words(seconds: float) -> str:
    """Return a time to come as a reader wants it.

    >>> [in_words(seconds) for seconds in (42, 600, 30_000)]
    ['42 s', '10 min', '8.3 h']
    """
    if seconds <= 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
