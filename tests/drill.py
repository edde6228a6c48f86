"""A student without chance and schedulers with a script, so that runs can be worked out by hand."""

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frostline.curricula import Event, Outcome, Ticket
from frostline.curricula.students.student import Cohort, Rule


@dataclass(frozen=True)
class Drill:
    """Gains a tenth of a level's pass rate per group on it; 8 groups on level 2 are mastery."""

    name: str = "drill"
    space: dict[str, int] = field(default_factory=lambda: {"drill": 2})
    groups: int = 2
    generations: int = 10
    lag: int = 0
    budget: int = 20

    def start(self, seeds: Sequence[int]) -> "DrillCohort":
        return DrillCohort(self, seeds)

    def oracles(self) -> Mapping[str, Rule]:
        return {"top": top, "bottom": lambda cohort: np.zeros_like(top(cohort))}


class Rusty(Drill):
    """A drill that loses a tenth of level 1 with every group on level 2, and has no oracle."""

    def oracles(self) -> Mapping[str, Rule]:
        return {}


class DrillCohort:
    def __init__(self, student: Drill, seeds: Sequence[int]) -> None:
        self.student = student
        self.practice = np.zeros((len(seeds), 2), dtype=np.intp)

    def rates(self) -> NDArray[np.float64]:
        return np.clip(self.practice, 0, 10) / 10

    def answer(self, cells: NDArray[np.intp]) -> NDArray[np.intp]:
        rates = np.take_along_axis(self.rates(), np.maximum(cells, 0), axis=1)
        return np.where(cells >= 0, np.rint(rates * 10), 0).astype(np.intp)

    def learn(self, cells: NDArray[np.intp], successes: NDArray[np.intp]) -> None:
        for cell in (0, 1):
            self.practice[:, cell] += (cells == cell).sum(axis=1)
        if isinstance(self.student, Rusty):
            self.practice[:, 0] -= (cells == 1).sum(axis=1)

    def mastered(self) -> NDArray[np.bool_]:
        reached: NDArray[np.bool_] = self.rates()[:, 1] >= 0.8
        return reached


def top(cohort: Cohort) -> NDArray[np.intp]:
    return np.ones((len(cohort.rates()), 2), dtype=np.intp)


class Scripted:
    """Hands out levels by a script that begins again at its end, and writes down what it hears."""

    levels: tuple[int, ...] = (1, 2)
    made: "list[Scripted]" = []  # noqa: RUF012 - the tests look at those that a run has made

    def __init__(self, space: Mapping[str, int], *, seed: int) -> None:
        self.space = dict(space)
        self.seed = seed
        self.asked: list[int] = []
        self.heard: list[list[tuple[int, int, int]]] = []
        self.issued = 0
        Scripted.made.append(self)

    def sample(self, n: int, *, policy_version: int) -> list[Ticket]:
        self.asked.append(policy_version)
        self.issued += n
        return [
            Ticket(i, "drill", self.levels[i % len(self.levels)], "train", i, policy_version, 1.0)
            for i in range(self.issued - n, self.issued)
        ]

    def update(self, outcomes: Iterable[Outcome]) -> list[Event]:
        self.heard.append([(o.ticket.id, o.successes, o.trials) for o in outcomes])
        return []

    def probabilities(self) -> dict[tuple[str, int], float]:
        return {("drill", 1): 0.5, ("drill", 2): 0.5}

    def metrics(self) -> dict[str, float]:
        return {}

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        pass


class Hard(Scripted):
    """Always hands out level 2."""

    levels = (2,)


class Easy(Scripted):
    """Always hands out level 1, so the goal is never reached."""

    levels = (1,)


class Dicing(Scripted):
    """Hands out levels by chance."""

    def sample(self, n: int, *, policy_version: int) -> list[Ticket]:
        if not self.asked:
            self.levels = tuple(random.Random(self.seed).choices((1, 2), k=50))
        return super().sample(n, policy_version=policy_version)


class Discarding(Hard):
    """Discards every other group, so that a step takes two batches."""

    def admits(self, outcome: Outcome) -> bool:
        return outcome.ticket.id % 2 == 1


class Promoting(Hard):
    """Promotes level 2 whenever it hears of it, and states what it promises."""

    false_below = 0.6
    alpha = 0.25

    def update(self, outcomes: Iterable[Outcome]) -> list[Event]:
        super().update(outcomes)
        return [Event("promotion", "drill", 2, 2, 1, 1.0, 1.0, 0.0, 1.0, "scripted")]

    def metrics(self) -> dict[str, float]:
        return {"promotions": 4.0, "rejections/drill": 1.0}


def listening(space: Mapping[str, int], *, seed: int, horizon: int, groups: int) -> Scripted:
    """Build a scheduler that asks for the length of the run and the size of a batch."""
    assert (horizon, groups) == (20, 2)
    return Hard(space, seed=seed)


def lazy(space: Mapping[str, int], *, seed: int) -> Scripted:
    """Build a scheduler that hands out too few tickets."""

    class Lazy(Hard):
        def sample(self, n: int, *, policy_version: int) -> list[Ticket]:
            return super().sample(1, policy_version=policy_version)

    return Lazy(space, seed=seed)


NOT_A_STUDENT = 3


class Needy(Drill):
    """A student that cannot be made without an argument."""

    def __init__(self, wish: str) -> None:
        super().__init__(name=wish)


class Hasty(Drill):
    """A student with a budget of no step."""

    def __init__(self) -> None:
        super().__init__(budget=0)


class Impossible(Drill):
    """A student whose pass rates are no numbers."""

    def start(self, seeds: Sequence[int]) -> "DrillCohort":
        class Cohort(DrillCohort):
            def rates(self) -> NDArray[np.float64]:
                return super().rates() * np.nan

        return Cohort(self, seeds)


class Starting(Drill):
    """A student whom nobody masters for a minute, and who leaves a file where a run has begun."""

    def __init__(self) -> None:
        super().__init__(budget=100_000)

    def oracles(self) -> Mapping[str, Rule]:
        return {}

    def start(self, seeds: Sequence[int]) -> "DrillCohort":
        class Cohort(DrillCohort):
            def mastered(self) -> NDArray[np.bool_]:
                return np.zeros(len(self.practice), dtype=np.bool_)

        Path(f"started-{os.getpid()}").touch()
        return Cohort(self, seeds)


def nothing(space: Mapping[str, int], *, seed: int) -> None:
    """Return no scheduler."""


def bare() -> Scripted:
    """Take neither space nor seed."""
    return Hard({"drill": 2}, seed=0)


def greedy(space: Mapping[str, int], *, seed: int, wish: str) -> Scripted:
    """Take what nobody gives."""
    return Hard(space, seed=seed)


def deadly(space: Mapping[str, int], *, seed: int) -> Scripted:
    """End the process, as a fault in foreign code does."""
    os._exit(3)
