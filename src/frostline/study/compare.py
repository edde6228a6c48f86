"""A study under way: its directory, its finished runs, and the runs that are next.

    runs/studies/NAME/identity.json    what the lines depend on
                      runs.jsonl       one line per finished run, failed and diverged ones too

Arms, curricula, rates and seeds may join a study that has begun; nothing else may change.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ..resumable import take_up
from ..stopping import Interrupted, Stop
from . import lines as files
from .check import check_study
from .lines import RunLine
from .plan import pending
from .spec import Study
from .workers import OnIteration, Workers

RUNS = "runs.jsonl"
IDENTITY = "identity.json"
JOINING = ("arms.", "curricula.")  # what may be in one of two identities only


class Comparison:
    """A study, its directory, and the runs that are finished."""

    def __init__(self, study: Study, path: Path) -> None:
        """Take up the study's directory, or make it.

        Raises:
            ValueError: if a run of the study could not start, or the directory is in use or holds
                another study. Nothing has run then.
        """
        self.study, self.path = study, path
        self.runs_path = path / RUNS
        identity = study.identity() | {"weights": check_study(study)}
        self._lock = take_up(
            path / IDENTITY,
            self.runs_path,
            identity,
            partial(join, path=path),
            what="study",
            hint="choose another --out",
        )
        try:
            self.lines = files.read(self.runs_path)
        except BaseException:
            self.close()
            raise

    def work(
        self,
        workers: Workers,
        stop: Stop,
        on_iteration: OnIteration,
        on_line: Callable[[RunLine], None],
    ) -> None:
        """Do the runs that are missing; what is next depends on those before.

        Args:
            workers: do them.
            stop: ends the work; the lines that are there are whole.
            on_iteration: called with task and number of each iteration.
            on_line: called with the line of each run, when it is in the file.

        Raises:
            Interrupted: after a wish to stop.
        """
        while True:
            running = workers.running()
            for task in pending(self.study, self.lines):
                if workers.free() and task not in running:
                    workers.start(task)
            if not workers.running():
                return
            line = workers.next_line(on_iteration)
            if stop.wishes:  # something has swallowed the interrupt: the run may be spoilt
                raise Interrupted
            with stop.patient(math.inf):
                files.append(self.runs_path, line)
                self.lines.append(line)
            on_line(line)
            if stop.wishes:
                raise Interrupted

    def close(self) -> None:
        """Let other processes work in the directory."""
        self._lock.unlock()


def join(saved: dict[str, Any], mine: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the identity of a directory in which runs of two studies stand side by side.

    Args:
        saved: identity of the runs that are there.
        mine: of those to come.
        path: the directory, for the error.

    Raises:
        ValueError: if they differ in more than arms and curricula that only one of them has.
    """
    for name in dict.fromkeys([*mine, *saved]):
        joins = name.startswith(JOINING) and not (name in saved and name in mine)
        if joins or saved.get(name) == mine.get(name):
            continue
        if name == "weights":
            raise ValueError(
                f"{path} was begun with other weights of the policy; choose another --out"
            )
        raise ValueError(
            f"{path} was begun with {name} = {saved.get(name)!r}, it cannot go on with "
            f"{mine.get(name)!r}; choose another --out"
        )
    return saved | mine
