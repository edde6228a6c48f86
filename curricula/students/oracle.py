"""How fast a student masters its goal under a rule, and nothing else: for drawing students."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .student import Rule, Student, train


def steps_to_mastery(student: Student, rule: Rule, seeds: Sequence[int]) -> NDArray[np.float64]:
    """Return the steps that the student takes under a rule, shape (S,).

    Infinite where the goal is not reached within the student's budget.
    """
    cohort = student.start(seeds)
    steps = np.full(len(seeds), np.inf)
    for step in range(1, student.budget + 1):
        running = np.isinf(steps)
        train(cohort, np.where(running[:, None], rule(cohort), -1))
        steps[running & cohort.mastered()] = step
        if not np.isinf(steps).any():
            break
    return steps
