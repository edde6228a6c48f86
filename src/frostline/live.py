"""The live display of a training run."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

if TYPE_CHECKING:
    from .evaluate import LevelResult

# Without a terminal a line is printed every so many iterations, and when so many seconds are over.
PLAIN_EVERY = 10
PLAIN_SECONDS = 15.0
EVALUATION_SECONDS = 2.0
NARROW = 100  # columns of a terminal below which the bar is left out


def layer_text(layers: list[int]) -> str:
    """Return layer numbers in short.

    >>> layer_text([0, 1, 2, 5]), layer_text([3])
    ('layers 0-2,5', 'layer 3')
    """
    spans: list[list[int]] = []
    for layer in layers:
        if spans and spans[-1][-1] == layer - 1:
            spans[-1].append(layer)
        else:
            spans.append([layer])
    texts = [str(s[0]) if len(s) == 1 else f"{s[0]}-{s[-1]}" for s in spans]
    noun = "layer" if len(layers) == 1 else "layers"
    return f"{noun} {','.join(texts)}" if texts else "no layer"


class QuietPipe(Console):
    """A console on standard error; if nobody reads it any more, it falls silent."""

    def on_broken_pipe(self) -> None:
        """Go on without output: a run is worth more than its display."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


class Ticker:
    """Prints a line now and then where no live display is possible."""

    def __init__(self, console: Console) -> None:
        """Start the clock."""
        self.console = console
        self._last = time.monotonic()

    def say(self, text: str, *, seconds: float = EVALUATION_SECONDS) -> None:
        """Print `text` if the last line is `seconds` old."""
        if time.monotonic() - self._last >= seconds:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)
            self._last = time.monotonic()


class Display:
    """Shows iteration, reward, level per family, tokens per second and time left.

    On a terminal it is a live bar; otherwise a line now and then.
    """

    def __init__(self, done: int, total: int, *, quiet: bool = False) -> None:
        """Show `done` of `total` iterations, or nothing if `quiet`."""
        self.console = QuietPipe(stderr=True, quiet=quiet)
        self.total = total
        self.active: list[int] | None = None
        self.live = self.console.is_terminal
        self.ticker = Ticker(self.console)
        wide = self.console.width >= NARROW
        self.progress = Progress(
            TextColumn("[bold]{task.description}"),
            *([BarColumn(bar_width=24)] if wide else []),
            # in a narrow terminal the numbers wrap, and nothing is lost
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[numbers]}", markup=False, table_column=Column()),
            TimeRemainingColumn(table_column=Column(no_wrap=True)),
            console=self.console,
            disable=not self.live,
        )
        self.task = self.progress.add_task("train", total=total, completed=done, numbers="")

    def __enter__(self) -> Display:
        """Start the live bar."""
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        self.progress.stop()

    def iteration(self, metrics: dict[str, Any], seconds: float) -> None:
        """Show the metrics of an iteration that has ended."""
        speed = metrics["tokens"] / max(sum(metrics["seconds"].values()), 1e-9)
        levels = {
            name.removeprefix("level/"): int(value)
            for name, value in metrics["curriculum"].items()
            if name.startswith("level/")
        }
        shown = "  ".join(f"{family} level {level}" for family, level in levels.items())
        numbers = f"reward {metrics['reward']:.2f}  {shown}  {speed:,.0f} tokens/s"
        here = metrics["iteration"]
        self.progress.update(self.task, completed=here, description="train", numbers=numbers)
        if self.active not in (None, metrics["active"]):
            self.say(f"iteration {here}: trains {layer_text(metrics['active'])} now")
        self.active = metrics["active"]
        for event in metrics["events"]:
            self.say(
                f"iteration {here}: {event['kind']} of {event['family']} level {event['level']}"
                f" → frontier {event['frontier']}"
            )
        if not self.live:
            due = here % PLAIN_EVERY == 0 or here == self.total
            line = f"iteration {here}/{self.total}  {numbers}  {seconds:.0f} s"
            self.ticker.say(line, seconds=0 if due else PLAIN_SECONDS)

    def evaluating(self, when: str) -> None:
        """Say that an evaluation has begun."""
        label = "evaluating" if when == "during" else f"evaluating ({when})"
        self.progress.update(self.task, description=label)
        if not self.live and when != "during":
            self.say(label)

    def level(self, result: LevelResult) -> None:
        """Show one level's pass rate."""
        numbers = f"{result.family} level {result.level}: {result.rate:.0%}"
        self.progress.update(self.task, numbers=numbers)
        if not self.live:
            self.ticker.say(f"evaluating: {numbers}")

    def say(self, text: str) -> None:
        """Print a line above the live bar."""
        self.console.print(text, markup=False, soft_wrap=True)
