"""Schedulers and students by name, and their runs spread over processes.

A process is told names, not objects: what a user's module makes need not be picklable.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import signal
import sys
from collections.abc import Callable, Collection, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import active_children, get_context
from typing import Any

from frostline.curricula.checks import near_miss
from frostline.curricula.students import STUDENTS, Student
from frostline.curricula.students.contract import check_factory, check_student
from frostline.curricula.students.metrics import Runs
from frostline.curricula.students.simulate import Factory, simulate, simulate_oracle

ORACLE = "oracle"
CONTEXT = ("horizon", "generations", "groups")  # what a factory may ask for
RANDOM = "random:"  # and a number: the student that `draw_student` makes of it
RANDOM_GROUPS = 16_000  # budget of a random student, roughly: it is known only after a draw


@dataclass(frozen=True, slots=True)
class Job:
    """The runs of one scheduler with one student."""

    scheduler: str
    student: str
    seeds: range


def presets() -> dict[str, Factory]:
    """Return the curricula that ship, by name."""
    from frostline.curricula.presets import PRESETS

    return dict(PRESETS)


def load_scheduler(name: str) -> Factory:
    """Return the factory of a preset, or the one that `module:factory` names.

    Raises:
        ValueError: if there is none, or it cannot be called as one.
    """
    known = presets()
    if ":" not in name:
        check_name("scheduler", name, known, "module:factory")
        return known[name]
    factory = load_object("scheduler", name)
    if not callable(factory):
        raise ValueError(
            f"scheduler {name!r} must be called with (space, *, seed) and return a Scheduler, "
            f"got {type(factory).__name__}"
        )
    try:
        check_factory(factory, dict.fromkeys(CONTEXT))
    except ValueError as error:
        raise ValueError(f"scheduler {name!r}: {error}") from error
    found: Factory = factory
    return found


@cache  # a random student costs an oracle's runs
def load_student(name: str) -> Student:
    """Return a student that ships, the one that `module:Class` names, or a random one.

    Raises:
        ValueError: if there is none, or it is no `Student`.
    """
    if name.startswith(RANDOM):
        return load_random(name)
    if ":" not in name:
        check_name("student", name, STUDENTS, "module:Class")
        return STUDENTS[name]
    found = load_object("student", name)
    student = made(name, found) if callable(found) else found
    if not isinstance(student, Student):
        attributes = ("name", "space", "groups", "generations", "lag", "budget", "start", "oracles")
        # the user's object: which of the protocol's names it lacks is only known by asking
        lacking = [attribute for attribute in attributes if not hasattr(student, attribute)]
        raise ValueError(f"student {name!r} is no Student: it lacks {', '.join(lacking)}")
    try:
        check_student(student)
    except ValueError as error:
        raise ValueError(f"student {name!r}: {error}") from error
    return student


def load_random(name: str) -> Student:
    """Return the student that `random:N` names.

    Raises:
        ValueError: if N is not a number.
    """
    from frostline.curricula.students.draw import draw_student

    number = name.removeprefix(RANDOM)
    if not (number.isascii() and number.isdecimal()):
        raise ValueError(f"student {RANDOM}N needs a number N from 0, got {name!r}")
    return draw_student(int(number))


def made(name: str, student: Callable[[], Any]) -> Any:
    """Return the student that a class or function of the user's makes.

    Raises:
        ValueError: if it cannot be called without arguments.
    """
    try:
        inspect.signature(student).bind()
    except TypeError as error:
        raise ValueError(f"student {name!r} must be called without arguments: {error}") from error
    return student()


def load_object(what: str, name: str) -> Any:
    """Import what `module:name` names; the working directory is searched first.

    Raises:
        ValueError: if the module cannot be imported or has no such name.
    """
    module_name, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), attribute]):
        raise ValueError(f"{what} must be module:name, such as mymodule:Mine; got {name!r}")
    search_here()
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # the module is the user's: it may raise anything
        why = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{what} {name!r}: module {module_name!r} cannot be imported: {why}"
        ) from error
    names = vars(module)
    if attribute not in names:
        hint = near_miss(attribute, names)
        raise ValueError(f"{what} {name!r}: {module_name} has no {attribute!r}{hint}")
    return names[attribute]


def check_name(what: str, name: str, known: Collection[str], own: str) -> None:
    """Raise ValueError unless a name is known.

    Args:
        what: the option.
        name: what it was given.
        known: what it may be.
        own: how one's own would be spelled.
    """
    if name in known:
        return
    kind = own.rpartition(":")[2]
    hint = f"; it is a module: name its {kind} too" if is_module(name) else near_miss(name, known)
    raise ValueError(f"{what} must be one of {', '.join(known)}, or {own}; got {name!r}{hint}")


def is_module(name: str) -> bool:
    """Return whether there is a module of this name; the working directory is searched too.

    >>> is_module("json"), is_module("no_such_module"), is_module("not a name")
    (True, False, False)
    """
    if not name.isidentifier():
        return False
    search_here()
    return importlib.util.find_spec(name) is not None


def search_here() -> None:
    """Let the working directory be searched for modules, before any other place."""
    if "" not in sys.path:
        sys.path.insert(0, "")


def run_job(job: Job) -> Runs | None:
    """Return the runs of a job, or None for the oracle of a student that has none.

    Raises:
        ValueError: if the scheduler does not do what a scheduler must.
    """
    student = load_student(job.student)
    try:
        if job.scheduler == ORACLE:
            return simulate_oracle(student, job.seeds)
        return simulate(student, load_scheduler(job.scheduler), job.seeds, name=job.scheduler)
    except ValueError as error:
        raise ValueError(f"{job.scheduler} with {job.student}: {error}") from error
    except Exception as error:  # a mistake in the user's module keeps its trace
        error.add_note(f"while {job.scheduler} was teaching {job.student}")
        raise


def run_jobs(jobs: Sequence[Job], processes: int) -> Generator[tuple[Job, Runs | None], None, None]:
    """Yield jobs with their results, as they end.

    Args:
        jobs: what to run; those that may take longest are started first.
        processes: how many work at a time; with 1 this process does it all.

    Raises:
        ValueError: if a scheduler or a student does not do what it must.
        ChildProcessError: if a process died.
    """
    longest_first = sorted(jobs, key=longest, reverse=True)
    if processes == 1:
        for job in longest_first:
            yield job, run_job(job)
        return
    before = set(active_children())
    # spawned: a fork would inherit the threads of a progress bar
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=die_silently)
    done = 0
    try:
        futures = {pool.submit(run_job, job): job for job in longest_first}
        for future in as_completed(futures):
            runs = future.result()
            done += 1
            yield futures[future], runs
    except BrokenProcessPool as error:
        raise ChildProcessError(
            f"a process of --jobs died after {done} of {len(jobs)} pairs, by a signal, for want of "
            "memory, or in code of a student or a scheduler; --jobs 1 does without processes"
        ) from error
    except BaseException:
        # after Ctrl-C or an error nobody waits for runs that are under way
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(active_children()) - before:
            child.terminate()
        raise
    pool.shutdown()


def longest(job: Job) -> int:
    """Return how many groups a job may generate, as far as is known before."""
    if job.student.startswith(RANDOM):
        return RANDOM_GROUPS * len(job.seeds)
    student = load_student(job.student)
    return student.budget * student.groups * len(job.seeds)


def die_silently() -> None:
    """Let Ctrl-C end a working process without a trace."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
