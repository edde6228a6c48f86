"""What is done and left of a study, and how long the rest will take, while it runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..live import QuietPipe, Ticker
from ..stopping import Interrupted
from .compare import Comparison
from .halving import score
from .lines import RunLine
from .plan import Left, left
from .spec import Study
from .task import Task
from .time_left import Pace, in_words

TICK = 15.0  # seconds between lines where there is no terminal
HEADINGS = ("arm", "curriculum", "tuned", "left", "final", "left", "not ok")


class StudyDisplay:
    """Shows a table of arms on a terminal, and a line per run and now and then elsewhere."""

    def __init__(self, comparison: Comparison, jobs: int, *, quiet: bool = False) -> None:
        """Start the clock.

        Args:
            comparison: what is shown.
            jobs: runs at a time.
            quiet: show nothing.
        """
        self.comparison, self.jobs = comparison, jobs
        self.console = QuietPipe(stderr=True, quiet=quiet)
        self.ticker = Ticker(self.console)
        self.running: dict[Task, int] = {}
        self.seen, self.start = 0, time.monotonic()
        self._count()
        self.live = Live(
            console=self.console,
            get_renderable=self.picture,
            refresh_per_second=1,
            transient=True,
        )
        if comparison.lines:
            done, rest = len(comparison.lines), self._runs()
            self._print(f"{comparison.path}: {done} runs done, about {rest} left")

    def __enter__(self) -> StudyDisplay:
        """Start the live table."""
        if self.console.is_terminal and not self.console.quiet:
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was; after a stop say what is kept."""
        self.live.stop()
        if kind is not None and issubclass(kind, Interrupted | KeyboardInterrupt):
            self._print(
                f"Stopped: {len(self.comparison.lines)} runs done and kept, about {self._runs()} "
                "left; the same command goes on"
            )

    def iteration(self, task: Task, number: int) -> None:
        """Show that an iteration of a run has ended."""
        self.seen += 1
        self.running[task] = number
        if not self.console.is_terminal:
            text = f"{describe(task.key())}: iteration {number}/{task.iterations}"
            self.ticker.say(f"{text}; {self.time_left()}", seconds=TICK)

    def line(self, line: RunLine) -> None:
        """Show how a run has ended."""
        self._count()
        self.running.pop(Task.of(line), None)
        done = len(self.comparison.lines)
        how = outcome(line, self.comparison.study)
        self._print(
            f"{done}/{done + self._runs()}  {describe(line.to_dict())}: {how}; {self.time_left()}"
        )

    def time_left(self) -> str:
        """Return how long the runs that are left will take."""
        pace, study = Pace.of(self.comparison.lines), self.comparison.study
        if pace is not None:
            begun = sum(n * pace.by_arm.get(task.arm, pace.iteration)
                        for task, n in list(self.running.items()))  # fmt: skip
            seconds = pace.seconds(study, self.left, self.jobs) - begun / self.jobs
        elif self.seen:
            each = (time.monotonic() - self.start) / self.seen
            seconds = each * (sum(part.iterations for part in self.left) - self.seen)
        else:
            return "time left unknown yet"
        return f"about {in_words(max(0.0, seconds))} left"

    def picture(self) -> Group:
        """Return the table of arms, the runs under way and the time left."""
        study, lines = self.comparison.study, self.comparison.lines
        running = [
            Text(f"{describe(task.key())}: iteration {number}/{task.iterations}")
            for task, number in list(self.running.items())
        ]
        spent = in_words(time.monotonic() - self.start)
        return Group(
            table(study, lines, self.left), *running, Text(f"{spent} spent, {self.time_left()}")
        )

    def _count(self) -> None:
        self.left = left(self.comparison.study, self.comparison.lines)

    def _runs(self) -> int:
        return sum(part.runs for part in self.left)

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def table(study: Study, lines: Iterable[RunLine], parts: Iterable[Left]) -> Table:
    """Return what is done and left: a row per arm and curriculum."""
    done: Counter[tuple[str, str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    for line in lines:
        done[line.arm, line.curriculum, line.stage] += 1
        bad[line.arm, line.curriculum] += line.status != "ok"
    rest = Counter({(part.arm, part.curriculum, part.stage): part.runs for part in parts})
    found = Table(title=f"Study {study.name}", box=SIMPLE_HEAD, pad_edge=False)
    for i, heading in enumerate(HEADINGS):
        found.add_column(heading, justify="right" if i > 1 else "left", no_wrap=True)
    rows = dict.fromkeys((arm, curriculum) for arm, curriculum, _ in [*rest, *done])
    order = {arm.name: i for i, arm in enumerate(study.arms)}
    for arm, curriculum in sorted(rows, key=lambda row: order.get(row[0], len(order))):
        counts = [
            str(counter[arm, curriculum, stage] or "")
            for stage in ("tune", "final")
            for counter in (done, rest)
        ]
        found.add_row(arm, curriculum, *counts, str(bad[arm, curriculum] or ""))
    return found


def describe(run: dict[str, Any]) -> str:
    """Return which run it is.

    >>> describe({"arm": "full", "curriculum": "frontier", "lr": 1e-4, "seed": 3, "stage": "final"})
    'final, full, frontier, lr 0.0001, seed 3'
    """
    rate = f"lr {run['lr']:.3g}, " if run["lr"] else ""
    return f"{run['stage']}, {run['arm']}, {run['curriculum']}, {rate}seed {run['seed']}"


def outcome(line: RunLine, study: Study) -> str:
    """Return how a run ended: the mean pass rate over the ladders, or what went wrong."""
    if line.status != "ok":
        return f"{line.status}: {line.error}"
    return f"pass rate {score(study, line):.1%}"
