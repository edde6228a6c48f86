"""Who does the runs: this process alone, or several, each with one run at a time.

A process that dies (by a signal, for want of memory) takes its own run with it and no other: the
run is a failed line, and another process takes the dead one's place.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Protocol, TypeAlias, final

from .lines import RunLine
from .spec import Study
from .task import Task

OnIteration: TypeAlias = Callable[[Task, int], None]
Worker: TypeAlias = tuple[BaseProcess, Connection]


class Workers(Protocol):
    """Takes tasks and gives back lines."""

    def free(self) -> bool:
        """Return whether another task can be started."""
        ...

    def running(self) -> list[Task]:
        """Return the tasks that have begun and are not given back."""
        ...

    def start(self, task: Task) -> None:
        """Begin a run."""
        ...

    def next_line(self, on_iteration: OnIteration) -> RunLine:
        """Wait for the end of a run and return its line.

        Args:
            on_iteration: called with task and number of each iteration that ends meanwhile.
        """
        ...


def make_workers(study: Study, jobs: int) -> Alone | Crew:
    """Return who does the runs of a study, `jobs` at a time; a context manager."""
    return Alone(study) if jobs == 1 else Crew(study, jobs)


@final
class Alone:
    """Does one run at a time in this process."""

    def __init__(self, study: Study) -> None:
        """Take the study."""
        self._study = study
        self._task: Task | None = None

    def free(self) -> bool:
        """Return whether another task can be started."""
        return self._task is None

    def running(self) -> list[Task]:
        """Return the task that has begun, if one has."""
        return [self._task] if self._task else []

    def start(self, task: Task) -> None:
        """Begin a run."""
        self._task = task

    def next_line(self, on_iteration: OnIteration) -> RunLine:
        """Do the run and return its line."""
        from .run import execute  # it imports torch

        task = self._task
        assert task is not None
        line = execute(self._study, task, lambda iteration: on_iteration(task, iteration))
        self._task = None
        return line

    def __enter__(self) -> Alone:
        """Do nothing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing."""


@final
class Crew:
    """Processes that do a run each; they live as long as the context."""

    def __init__(self, study: Study, jobs: int) -> None:
        """Take the study; a process is started when the first task is there for it.

        Args:
            study: what the tasks belong to.
            jobs: how many processes.
        """
        self._study = study
        self._jobs = jobs
        self._all: list[Worker] = []
        self._idle: list[Worker] = []
        self._busy: dict[Connection, tuple[Worker, Task]] = {}

    def free(self) -> bool:
        """Return whether another task can be started."""
        return len(self._busy) < self._jobs

    def running(self) -> list[Task]:
        """Return the tasks that have begun and are not given back."""
        return [task for _, task in self._busy.values()]

    def start(self, task: Task) -> None:
        """Begin a run in a process that is idle, or in a new one."""
        with signals_held():  # a process that nobody knows of would not be ended
            worker = self._idle.pop() if self._idle else self._hire()
            self._busy[worker[1]] = (worker, task)
        with suppress(BrokenPipeError):  # it has died since; `next_line` finds that out
            worker[1].send(task)

    def next_line(self, on_iteration: OnIteration) -> RunLine:
        """Wait for the end of a run and return its line.

        Raises:
            ChildProcessError: if a process has ended by itself.
        """
        while True:
            for connection in wait(list(self._busy)):
                assert isinstance(connection, Connection)
                worker, task = self._busy[connection]
                try:
                    message: int | RunLine = connection.recv()
                except (EOFError, ConnectionResetError):
                    return self._bury(worker, task)
                if isinstance(message, int):
                    on_iteration(task, message)
                    continue
                del self._busy[connection]
                self._idle.append(worker)
                return message

    def __enter__(self) -> Crew:
        """Do nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes; what they are at is lost."""
        with signals_held():
            for process, _ in self._all:
                process.kill()
            for process, connection in self._all:
                process.join()
                connection.close()

    def _hire(self) -> Worker:
        # spawned: a fork would inherit the threads of torch and of the live table
        context = get_context("spawn")
        mine, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._study), daemon=True)
        process.start()
        theirs.close()  # so that its end is heard here
        self._all.append((process, mine))
        return process, mine

    def _bury(self, worker: Worker, task: Task) -> RunLine:
        from .run import failed  # it imports torch

        process, connection = worker
        process.join()
        code = process.exitcode or 0
        if code >= 0:  # a run ends no process, whatever is wrong with it
            raise ChildProcessError(
                f"a process of --jobs ended with status {code}; --jobs 1 does without processes"
            )
        self._all.remove(worker)
        del self._busy[connection]
        connection.close()
        return failed(task, f"the process died: {signal.Signals(-code).name}")


def _serve(connection: Connection, study: Study) -> None:
    """Do the runs that come through `connection`, until nobody is at its other end."""
    from .run import execute

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = connection.recv()
            connection.send(execute(study, task, connection.send))


@contextmanager
def signals_held() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait; a process that is started meanwhile never hears of them.

    A stop is the business of the process that keeps the lines; it ends the others.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
