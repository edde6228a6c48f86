"""The family under audit, with the problems that its checks share."""

from __future__ import annotations

import copy
import functools
import random
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from ..answers.kinds import KINDS
from ..families import FAMILIES
from ..family import Family, Level
from ..problem import SPLITS, Problem, Status, TaskSpec, Verdict
from ..streams import index_from_seed, keyed_rng
from .finding import Finding, Settings
from .guard import time_limit
from .survey import Survey, survey

Check: TypeAlias = "Callable[[Subject], Iterable[Finding]]"
LevelCheck: TypeAlias = "Callable[[Subject, int], Finding]"

EXECUTED = ("program", "input")  # kinds whose verdict runs a program
ENDLESS = 5.0  # seconds after which a draw or a verdict is taken to have no end
SHORT = 90  # characters of a text that a finding quotes


class Subject:
    """A family under audit. Problems and surveys are drawn once and shared by the checks."""

    def __init__(self, family: Family, settings: Settings) -> None:
        """Audit `family` as thoroughly as `settings` say."""
        self.family = family
        self.settings = settings
        self.levels = range(1, len(family.levels) + 1)
        self.ships = FAMILIES.get(family.name) is family
        self._samples: dict[int, list[Problem]] = {}
        self._surveys: dict[int, Survey] = {}

    def row(self, level: int) -> Level:
        """Return the row of the level table."""
        return self.family.levels[level - 1]

    def rng(self, *key: object) -> random.Random:
        """Return a random stream of the audit's own."""
        return keyed_rng("audit", self.settings.seed, self.family.name, *key)

    def tasks(self, level: int, purpose: str, count: int) -> list[TaskSpec]:
        """Return `count` tasks of a level, from all splits in turn, that are `purpose`'s own."""
        name, seed = self.family.name, self.settings.seed
        return [
            TaskSpec(name, level, SPLITS[i % 3], index_from_seed("audit", seed, purpose, level, i))
            for i in range(count)
        ]

    def problems(self, level: int, purpose: str, count: int) -> Iterator[Problem]:
        """Yield the problems of `tasks`."""
        return (self.family.problem(task) for task in self.tasks(level, purpose, count))

    def executes(self, level: int) -> bool:
        """Return whether a verdict on this level runs a program, which is slow."""
        return self.sample(level)[0].kind in EXECUTED

    def sample(self, level: int) -> list[Problem]:
        """Return the problems of a level on which content is checked."""
        if level not in self._samples:
            found = list(self.problems(level, "sample", self.settings.problems))
            if found[0].kind in EXECUTED:
                found = found[: self.settings.programs]
            self._samples[level] = found
        return self._samples[level]

    def survey(self, level: int) -> Survey:
        """Return what many draws of a level have shown."""
        if level not in self._surveys:
            tasks = self.tasks(level, "survey", self.settings.split_problems)
            self._surveys[level] = survey(fresh(self.family), tasks)
        return self._surveys[level]

    def judge(self, problem: Problem, answer: str) -> Verdict:
        """Return the family's verdict; an exception counts as an error of the verifier."""
        try:
            with time_limit(ENDLESS):
                return self.family.verify(problem, answer)
        except Exception as error:  # whatever a family's verifier raises is a finding
            return Verdict(Status.VERIFIER_ERROR, f"{type(error).__name__}: {error}")

    def is_correct(self, problem: Problem, answer: str) -> bool:
        """Return whether the verdict is CORRECT."""
        return self.judge(problem, answer).status is Status.CORRECT


def fresh(family: Family) -> Family:
    """Return another instance, which shares no cache with `family`."""
    try:
        return type(family)()
    except TypeError:  # its constructor wants arguments
        return copy.deepcopy(family)


def each_level(name: str) -> Callable[[LevelCheck], Check]:
    """Turn a check of one level into one of all levels; an exception is a failure of its level."""

    def decorate(check: LevelCheck) -> Check:
        @functools.wraps(check)
        def run(subject: Subject) -> Iterator[Finding]:
            for level in subject.levels:
                try:
                    yield check(subject, level)
                except Exception as error:  # a user's family may raise anything
                    yield Finding(name, level, False, f"{type(error).__name__}: {short(error)}")

        return run

    return decorate


def short(text: object) -> str:
    """Return a text on one line, cut to what a table can hold."""
    line = " ".join(str(text).encode("utf-8", "backslashreplace").decode().split())
    return line if len(line) <= SHORT else f"{line[:SHORT]}…"


def known(kind: str) -> bool:
    """Return whether the package has a verifier for a kind."""
    return kind in KINDS or kind in EXECUTED
