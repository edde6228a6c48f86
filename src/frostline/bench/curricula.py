"""frostline bench curricula: schedulers against each other on simulated students."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from frostline.curricula.students.metrics import Runs

from ..live import QuietPipe, Ticker
from ..options import parse
from ..outputs import write
from .command import table
from .curricula_files import OUT_FILES, check_targets
from .curricula_jobs import Job, run_jobs
from .curricula_page import Origin, page_files
from .curricula_plan import CurriculaArgs, make_plan
from .curricula_rows import Results, random_rows, rows_of
from .curricula_table import legend, markdown, terminal_table
from .row import Row

PIPE_WIDTH = 150  # columns of the table where there is no terminal
PLAIN_SECONDS = 15.0

DESCRIPTION = """Let schedulers teach simulated students whose true pass rates are known.

Time is counted in groups generated, and compared with uniform training and with an oracle that
sees the truth. The bench orders schedulers; it says nothing about language models.
Your own student or scheduler is named as module:name; the working directory is searched first.

Examples:
  frostline bench curricula
  frostline bench curricula --schedulers frontier,tscl_online --students skill_chain,trap
  frostline bench curricula --student mymodule:MyStudent --scheduler mymodule:my_scheduler
  frostline bench curricula --students none --random 100
  frostline bench curricula --json > curricula.json
  frostline bench curricula --random 200 --page docs/curricula.md
"""


def main(args: list[str]) -> int:
    """Run `frostline bench curricula`.

    Raises:
        ValueError: for an unknown scheduler or student, and if `--out` or `--page` cannot be
            written; all that is known before anything runs.
        OSError: if they can no longer be written in the end.
    """
    options = parse(CurriculaArgs, args, prog="frostline bench curricula", description=DESCRIPTION)
    plan = make_plan(options)
    check_targets(options.out, options.page)  # told now, not after minutes
    began = time.monotonic()
    with interruptible():
        runs = collect(plan.jobs, options.jobs)
    named = results_of(runs, plan.schedulers, plan.students, options.seeds)
    drawn = results_of(runs, plan.climbers, plan.random, options.random_seeds)
    apart = random_rows(drawn) if plan.random else []
    rows = [*(rows_of(named) if plan.students else []), *apart]
    command = " ".join(["frostline bench curricula", *args])
    if options.out is not None:
        write(out_files(options.out, named, rows, apart, command))
    if options.page is not None:
        origin = Origin(command, time.monotonic() - began)
        write(page_files(options.page, named, apart, origin))
    if options.json_output:
        print(json.dumps([row.to_dict() for row in rows], indent=1))
        return 0
    if plan.students:
        print_wide(terminal_table(named), legend(named))
    if apart:
        print_wide(table(apart))
    return 0


def collect(jobs: Sequence[Job], processes: int) -> dict[tuple[str, str], Runs]:
    """Run all jobs, showing on standard error how far they are; return the runs by pair.

    A pair without runs, the oracle of a student that has none, is left out.
    """
    console = QuietPipe(stderr=True)
    ticker = Ticker(console)
    bar = Progress(
        TextColumn("teaching"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[last]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    found: dict[tuple[str, str], Runs] = {}
    # closed here and now, so that no process outlives an interruption
    with closing(run_jobs(jobs, processes)) as running, bar:
        task = bar.add_task("", total=len(jobs), last="")
        for done, (job, runs) in enumerate(running, 1):
            if runs is not None:
                found[job.scheduler, job.student] = runs
            last = f"{job.scheduler} on {job.student}"
            bar.update(task, completed=done, last=last)
            if not console.is_terminal:
                ticker.say(f"{done}/{len(jobs)}  {last}", seconds=PLAIN_SECONDS)
    return found


@contextmanager
def interruptible() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C: by its default this process would end and leave its own behind."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def results_of(
    runs: dict[tuple[str, str], Runs],
    schedulers: Sequence[str],
    students: Sequence[str],
    seeds: int,
) -> Results:
    """Return the runs of some schedulers with some students."""
    mine = {
        (scheduler, student): runs[scheduler, student]
        for scheduler in schedulers
        for student in students
        if (scheduler, student) in runs
    }
    present = {scheduler for scheduler, _ in mine}
    return Results(mine, [name for name in schedulers if name in present], students, seeds)


def print_wide(*shown: Table | str) -> None:
    """Print tables and text; where there is no terminal they are not folded to 80 columns."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console.width = max(console.width, PIPE_WIDTH)
    console.print(*shown, sep="\n", highlight=False)


def out_files(
    folder: Path, results: Results, rows: Sequence[Row], apart: Sequence[Row], command: str
) -> dict[Path, bytes]:
    """Return the table, the rows and the pictures of `--out`."""
    table_file, rows_file, *pictures = (folder / name for name in OUT_FILES)
    text = json.dumps([row.to_dict() for row in rows], indent=1) + "\n"
    files = {
        table_file: markdown(results, apart, command).encode(),
        rows_file: text.encode(),
    }
    if results.students:
        from .curricula_picture import draw_curves, draw_speed_ups  # matplotlib takes a second

        drawn = (draw_curves(results), draw_speed_ups(results))
        files |= dict(zip(pictures, drawn, strict=True))
    return files
