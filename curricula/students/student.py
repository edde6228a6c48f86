"""What a simulated student is: a learner whose true pass rates are known at every moment."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

MASTERY = 0.8  # true pass rate from which a cell counts as mastered


@runtime_checkable
class Cohort(Protocol):
    """Copies of one student in training, one per seed, advanced together.

    A cell is one (family, level), numbered in the order of the student's `space`: family by
    family, and by level within a family. Shapes: S seeds, C cells, N groups of one step.

    A step of training is `answer`, then `learn`. Every seed has a private random stream: it answers
    the same whatever other seeds run beside it, and whether or not there are rows of -1 among its
    groups.
    """

    def rates(self) -> NDArray[np.float64]:
        """Return the true pass rate of every cell now, shape (S, C)."""
        ...

    def answer(self, cells: NDArray[np.intp]) -> NDArray[np.intp]:
        """Answer a batch of groups as the student is now; nothing is learned yet.

        Args:
            cells: shape (S, N): the cell of every group, -1 where there is no group.

        Returns:
            Shape (S, N): right completions of every group, 0 where there is no group.
        """
        ...

    def learn(self, cells: NDArray[np.intp], successes: NDArray[np.intp]) -> None:
        """Learn at once from the groups answered since the last call.

        Mostly that is one batch. If groups are discarded, several batches are answered by the same
        policy and come side by side, in the order in which they were answered.

        Args:
            cells: shape (S, N): the cell of every group, -1 where it is not to be learned from.
            successes: shape (S, N): what was answered.
        """
        ...

    def mastered(self) -> NDArray[np.bool_]:
        """Say of every seed whether the true rates of all goal cells are `MASTERY`, shape (S,)."""
        ...


Rule: TypeAlias = Callable[[Cohort], NDArray[np.intp]]
"""An oracle: the (S, B) cells to train on next, chosen with access to the truth."""


@runtime_checkable
class Student(Protocol):
    """A simulated learner: an immutable description, from which any number of cohorts start.

    Attributes:
        name: part of the key of its random streams; unique within a table.
        space: family -> number of levels, sorted by family.
        groups: groups in one training step (B).
        generations: completions in one group (G).
        lag: steps by which outcomes come late; 0: a step's outcomes are known before the next.
        budget: steps after which a run is given up.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def space(self) -> dict[str, int]: ...  # noqa: D102
    @property
    def groups(self) -> int: ...  # noqa: D102
    @property
    def generations(self) -> int: ...  # noqa: D102
    @property
    def lag(self) -> int: ...  # noqa: D102
    @property
    def budget(self) -> int: ...  # noqa: D102

    def start(self, seeds: Sequence[int]) -> Cohort:
        """Return one untrained copy per seed."""
        ...

    def oracles(self) -> Mapping[str, Rule]:
        """Return candidate oracles by name; the best of them is the yardstick. May be empty."""
        ...


def train(cohort: Cohort, cells: NDArray[np.intp]) -> NDArray[np.intp]:
    """Let a cohort answer one batch of groups and learn from all of them.

    Args:
        cohort: the cohort.
        cells: shape (S, N): the cell of every group, -1 where there is no group.

    Returns:
        Shape (S, N): right completions of every group, 0 where there is no group.
    """
    successes = cohort.answer(cells)
    cohort.learn(cells, successes)
    return successes
