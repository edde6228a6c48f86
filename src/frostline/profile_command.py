"""frostline profile-layers: what each layer earns when it alone is trained."""

from __future__ import annotations

import json
import shlex
import time
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from pydantic import Field
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from .live import QuietPipe, Ticker
from .options import JsonFlag, check_device, parse
from .profile_options import ProfileOptions

if TYPE_CHECKING:
    from .profile_layers import LayerProfile

DESCRIPTION = """Measure what each layer earns when it alone is trained (arXiv:2607.01232).

For each seed the policy is examined untrained, then trained wholly (full), then each layer alone,
all on the same problems for the same number of iterations, and examined on the validation split.
A layer's gain is its mean pass rate over the levels less the untrained policy's; its contribution
is that gain as a share of full training's, and is refused while the latter may be 0. Intervals are
95 %, from a paired bootstrap over seeds and problems.

The defaults took 16 minutes on one thread of a shared 2-core machine: 39 trainings of about 21 s
and 42 exams of 4 s. Time is proportional to iterations, seeds and layers. Each finished run is
kept; after Ctrl-C or a kill the same command goes on. The directory holds profile.json, profile.md,
profile.png and runs.jsonl.

Examples:
  frostline profile-layers
  frostline profile-layers --layers 0,3,5-7 --seeds 5 --iterations 40
  frostline profile-layers --policy my/model --family mymodule:MyFamily --levels 1-4
  frostline train --trainable greedy:score=contribution,k=2,every=20,file=runs/NAME/profile.json
"""
TICK = 15.0  # seconds between lines where there is no terminal


class ProfileArgs(ProfileOptions, frozen=True, extra="forbid"):
    """The options of a profile, and how the command is used."""

    json_output: JsonFlag = False
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = Field(
        default=False, description="show no progress"
    )


def main(args: list[str]) -> int:
    """Run `frostline profile-layers`."""
    options = parse(ProfileArgs, args, prog="frostline profile-layers", description=DESCRIPTION)
    check_device(options.device)
    from .profile_layers import LayerProfile  # torch takes seconds to import; --help does not wait
    from .profile_report import write_profile

    profile = LayerProfile(options)
    try:
        with ProfileDisplay(profile, quiet=options.quiet) as display:
            profile.work(display.iteration, display.run)
        summary = write_profile(profile, shlex.join(["frostline", "profile-layers", *args]))
    finally:
        profile.close()
    if options.json_output:
        print(json.dumps(summary))
    else:
        show(summary, str(profile.path))
    return 0


class ProfileDisplay:
    """Shows which runs are done, which is under way and how long the rest will take."""

    def __init__(self, profile: LayerProfile, *, quiet: bool = False) -> None:
        """Start the clock."""
        self.profile = profile
        self.console = QuietPipe(stderr=True, quiet=quiet)
        self.ticker = Ticker(self.console)
        missing = [subset for _, subset in profile.missing() if subset != "base"]
        self.per_run = profile.options.iterations
        self.total = len(missing) * self.per_run
        self.iterations, self.runs, self.start = 0, 0, time.monotonic()
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[left]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.bar = self.progress.add_task("base", total=max(1, self.total), left="")
        if profile.finished():
            done = len(profile.finished())
            self._print(f"{profile.path}: {done} runs done, {len(profile.missing())} left")

    def __enter__(self) -> ProfileDisplay:
        """Start the live bar."""
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was; after Ctrl-C say what is kept."""
        self.progress.stop()
        if kind is KeyboardInterrupt:
            self._print(
                f"Stopped: {len(self.profile.finished())} runs done and kept, "
                f"{len(self.profile.missing())} left; the same command goes on"
            )

    def iteration(self, seed: int, subset: str, number: int) -> None:
        """Show that an iteration of a run has ended."""
        self.iterations += 1
        text = f"seed {seed}, {subset}: iteration {number}/{self.per_run}"
        left = self.left()
        self.progress.update(self.bar, completed=self.iterations, description=text, left=left)
        if not self.console.is_terminal:
            self.ticker.say(f"{text}; {left}", seconds=TICK)

    def run(self, line: dict[str, Any]) -> None:
        """Show what a finished run solved."""
        solved = "".join(line["solved"].values())
        rate = solved.count("1") / len(solved)
        count = len(self.profile.finished())
        self._print(
            f"{count}/{count + len(self.profile.missing())}  seed {line['seed']}, "
            f"{line['subset']}: pass rate {rate:.1%}; {self.left()}"
        )

    def left(self) -> str:
        """Return how long the iterations that are left will take, examinations included."""
        if not self.iterations:
            return "time left unknown yet"
        pace = (time.monotonic() - self.start) / self.iterations
        seconds = pace * (self.total - self.iterations)
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"{seconds:.0f} s left"

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def show(summary: dict[str, Any], path: str) -> None:
    """Print the table of a profile and what belongs to it."""
    from .profile_report import COLUMNS, headline, rows

    console = Console()
    table = Table(title="Contribution of each layer trained alone", box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(COLUMNS):
        table.add_column(name, justify="right" if i else "left", no_wrap=True)
    for row in rows(summary):
        table.add_row(*row)
    console.print(table)
    lines = [*headline(summary), f"{summary['seconds']:.0f} s; files in {path}"]
    for line in [*filter(None, [summary["no_ratio"]]), *lines]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
