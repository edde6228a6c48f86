"""The live display of a training run."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .config import TrainConfig
from .evaluate import LevelResult

# Without a terminal a line is printed every so many iterations.
PLAIN_EVERY = 10


class Display:
    """Shows iteration, reward, level per family, tokens per second and time left.

    On a terminal it is a live bar; otherwise a line every ten iterations.
    """

    def __init__(self, config: TrainConfig, done: int, *, quiet: bool = False) -> None:
        """Show `done` of the configuration's iterations, or nothing if `quiet`."""
        self.console = Console(stderr=True, quiet=quiet)
        self.total = config.iterations
        self.live = self.console.is_terminal
        self.progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.live,
        )
        self.task = self.progress.add_task("train", total=self.total, completed=done, numbers="")
        self._seconds = 0.0

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
        for event in metrics["events"]:
            self.console.print(
                f"iteration {here}: {event['kind']} of {event['family']} level {event['level']}"
                f" → frontier {event['frontier']}"
            )
        if not self.live and (here % PLAIN_EVERY == 0 or here == self.total):
            self.console.print(f"iteration {here}/{self.total}  {numbers}  {seconds:.0f} s")

    def evaluating(self, when: str) -> None:
        """Say that an evaluation has begun."""
        label = {"before": "evaluating (before)", "after": "evaluating (after)"}.get(when, "evaluating")
        self.progress.update(self.task, description=label)
        if not self.live and when != "during":
            self.console.print(label)

    def level(self, result: LevelResult) -> None:
        """Show one level's pass rate."""
        numbers = f"{result.family} level {result.level}: {result.rate:.0%}"
        self.progress.update(self.task, numbers=numbers)
