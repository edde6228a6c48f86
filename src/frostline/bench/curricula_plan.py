"""What a comparison of schedulers is asked for, and the runs it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field

from frostline.curricula.students import STUDENTS

from ..options import JsonFlag
from .curricula_jobs import (
    ORACLE,
    RANDOM,
    Job,
    check_name,
    load_scheduler,
    load_student,
    presets,
)
from .curricula_rows import FRONTIER, UNIFORM


class CurriculaArgs(BaseModel, frozen=True, extra="forbid"):
    """Who teaches whom."""

    schedulers: str | None = Field(
        default=None,
        description="presets between commas, or all; by default all, or uniform and frontier if "
        "--scheduler is given",
    )
    students: str | None = Field(
        default=None,
        description="students that ship between commas, all or none; by default all, or none if "
        "--student is given",
    )
    scheduler: tuple[str, ...] = Field(
        default=(), description="your own: module:factory, called with (space, *, seed)"
    )
    student: tuple[str, ...] = Field(default=(), description="your own: module:Class")
    seeds: int = Field(default=20, ge=1, description="runs of every scheduler with every student")
    random: int = Field(default=0, ge=0, description="random students, for frontier and your own")
    random_from: int = Field(default=0, ge=0, description="number of the first of them")
    random_seeds: int = Field(default=4, ge=1, description="runs with each of them")
    jobs: int = Field(default=2, ge=1, description="processes that share the work")
    out: Path | None = Field(
        default=None, description="folder for table.md, rows.json, curves.png and speedups.png"
    )
    page: Path | None = Field(
        default=None,
        description="Markdown page of rules and table, with pictures beside it; with --students "
        "none only its text is renewed",
    )
    json_output: JsonFlag = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bench is made of, by name.

    Attributes:
        schedulers: who teaches the named students.
        students: the named students.
        climbers: who teaches the random students.
        random: the random students.
        jobs: all pairs.
    """

    schedulers: tuple[str, ...]
    students: tuple[str, ...]
    climbers: tuple[str, ...]
    random: tuple[str, ...]
    jobs: tuple[Job, ...]


def make_plan(options: CurriculaArgs) -> Plan:
    """Return what the options ask for; every name has been looked up.

    Raises:
        ValueError: for an unknown name, or if there is no student.
    """
    own = options.scheduler
    for name in own:
        load_scheduler(name)
    few = f"{UNIFORM},{FRONTIER}" if own else "all"
    ships = chosen("schedulers", options.schedulers or few, list(presets()), "--scheduler")
    none = "none" if options.student else "all"
    students = chosen("students", options.students or none, list(STUDENTS), "--student")
    students = unique([*students, *options.student])
    random = tuple(f"{RANDOM}{options.random_from + i}" for i in range(options.random))
    if not students and not random and options.page is None:
        raise ValueError("students=none needs --student module:Class, --random N or --page")
    if not students and options.page is not None:
        check_alone(options)
    schedulers = unique([ORACLE, UNIFORM, *ships, *own])
    climbers = unique([ORACLE, UNIFORM, FRONTIER, *own])
    if random:
        load_scheduler(FRONTIER)
    for name in students:
        load_student(name)
    taught = [(schedulers, students, options.seeds), (climbers, random, options.random_seeds)]
    jobs = [
        Job(scheduler, student, range(seeds))
        for teachers, learners, seeds in taught
        for student in learners
        for scheduler in teachers
    ]
    return Plan(schedulers, students, climbers, random, tuple(jobs))


def check_alone(options: CurriculaArgs) -> None:
    """Refuse what would be ignored where only the text of a page is renewed."""
    others = ("random", "scheduler", "schedulers", "out")
    for name in others:
        if getattr(options, name):  # one check for all that would need runs
            raise ValueError(f"students=none renews the text of --page only; it takes no --{name}")


def chosen(option: str, text: str, known: Sequence[str], own: str) -> tuple[str, ...]:
    """Return the names of a list between commas, or all or none of them.

    Raises:
        ValueError: for an unknown name.
    """
    if text in ("all", "none"):
        return tuple(known) if text == "all" else ()
    names = [name.strip() for name in text.split(",")]
    for name in names:
        check_name(option, name, known, f"all, none, or {own}")
    return unique(names)


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names without repetitions, in their order."""
    return tuple(dict.fromkeys(names))
