"""frostline compare: a study of arms, each at its own learning rate, with several seeds."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from pydantic import BaseModel, Field
from rich.console import Console

from .options import JsonFlag, check_device, parse

if TYPE_CHECKING:
    from .study.lines import RunLine
    from .study.spec import Study
    from .study.time_left import Pace

EXIT_INTERRUPT = 130
EXIT_FAILED = 1
DESCRIPTION = """Compare trainable subsets and schedules: arms × curricula × learning rates × seeds.

A study is a TOML file; studies/*.toml are examples. Each arm gets its learning rate by successive
halving on the validation split, an optimum at the end of the range widens it, and the winner is run
again on fresh seeds and examined on the test split. All else is equal between arms: problems, exam,
iterations.

Each finished run is one line of runs.jsonl, diverged and failed ones too. After Ctrl-C or a kill
the same command goes on and repeats no finished run; to repeat one, delete its line. Arms,
curricula, rates and seeds may join a study that has begun, other changes of the file are refused.
With --page FILE the results go into a page, with intervals, tests and pictures; with --dry-run it
shows what there is so far. With --jobs N several processes do a run each, with one thread. The
status is 1 if a run failed.

Examples:
  frostline compare studies/smoke.toml
  frostline compare studies/smoke.toml --dry-run
  frostline compare studies/smoke.toml --jobs 2 --out runs/smoke --page runs/smoke.md
"""


class CompareArgs(BaseModel, frozen=True, extra="forbid"):
    """Which study, and how it is done."""

    study: Annotated[Path, tyro.conf.Positional] = Field(description="TOML file of the study")
    out: Path | None = Field(
        default=None, description="directory of the runs; by default runs/studies/NAME"
    )
    jobs: int = Field(default=1, ge=1, description="runs at a time, each in a process of its own")
    page: Path | None = Field(
        default=None, description="Markdown file of the results; its pictures lie beside it"
    )
    dry_run: Annotated[bool, tyro.conf.FlagCreatePairsOff] = Field(
        default=False,
        description="show what is done and left, and about how long it takes, and write the page",
    )
    json_output: JsonFlag = False
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = Field(
        default=False, description="show no progress"
    )


def main(args: list[str]) -> int:
    """Run `frostline compare`."""
    options = parse(CompareArgs, args, prog="frostline compare", description=DESCRIPTION)
    from .study.spec import load_study

    study = load_study(options.study)
    check_device(study.train.device)
    path = options.out or Path("runs") / "studies" / study.name
    if options.page is not None:
        from .outputs import check_writable
        from .study.finals import untrained

        untrained(study)  # what gains are measured from
        if not options.page.suffix:
            raise ValueError(f"page must be a file that ends in .md, got {options.page}")
        folder = options.page.with_suffix("")
        check_writable("page", options.page, [options.page, folder / "rates.png"])
    if options.dry_run:
        return dry_run(study, path, options)
    from .stopping import Interrupted

    start = time.monotonic()
    try:
        lines = work(study, path, options)
    except Interrupted:
        return EXIT_INTERRUPT
    report(study, path, lines, time.monotonic() - start, options)
    make_page(study, path, lines, options)
    return EXIT_FAILED if any(line.status == "failed" for line in lines) else 0


def work(study: Study, path: Path, options: CompareArgs) -> list[RunLine]:
    """Do what is left of a study, and return all its lines.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM.
    """
    from .stopping import Stop
    from .study.compare import Comparison
    from .study.display import StudyDisplay
    from .study.workers import make_workers

    stop = Stop()
    comparison = Comparison(study, path)
    try:
        with (
            StudyDisplay(comparison, options.jobs, quiet=options.quiet) as display,
            stop.listening(),
            make_workers(study, options.jobs) as workers,
        ):
            comparison.work(workers, stop, display.iteration, display.line)
    finally:
        comparison.close()
    return comparison.lines


def dry_run(study: Study, path: Path, options: CompareArgs) -> int:
    """Print what is done and left, and an estimate of the time; run nothing."""
    from .study import lines as files
    from .study.check import check_study
    from .study.compare import RUNS
    from .study.display import describe, table
    from .study.plan import left, pending
    from .study.time_left import Pace, in_words

    check_study(study)
    lines = files.read(path / RUNS)
    make_page(study, path, lines, options)
    parts = left(study, lines)
    pace = Pace.of(lines) or probe(study)
    seconds = None if pace is None else pace.seconds(study, parts, options.jobs)
    runs = sum(part.runs for part in parts)
    tasks = pending(study, lines)
    if options.json_output:
        summary = {"study": study.name, "path": str(path), "done": len(lines), "left": runs}
        print(json.dumps(summary | {"seconds": seconds, "next": [task.key() for task in tasks]}))
        return 0
    console = Console()
    console.print(table(study, lines, parts))
    if tasks:
        say(console, f"next: {describe(tasks[0].key())}")
    about = "unknown time" if seconds is None else f"about {in_words(seconds)}"
    say(console, f"{len(lines)} runs done, about {runs} left, {about} with --jobs {options.jobs}")
    return 0


def probe(study: Study) -> Pace | None:
    """Return the pace of a few iterations and a small exam; None if that fails."""
    from .study.plan import pending
    from .study.run import execute
    from .study.time_left import Pace

    task = next((task for task in pending(study, []) if task.iterations), None)
    if task is None:
        return None
    line = execute(small(study), replace(task, iterations=3), lambda iteration: None)
    return Pace.of([line])


def small(study: Study) -> Study:
    """Return a study with an exam that takes no time."""
    exam = study.exam.model_copy(update={"problems": 200, "problems_others": 50})
    return study.model_copy(update={"exam": exam})


def report(
    study: Study, path: Path, lines: list[RunLine], seconds: float, options: CompareArgs
) -> None:
    """Print what became of a study that is finished."""
    from .study.display import table

    summary = summarise(study, path, lines) | {"seconds": round(seconds, 1)}
    if options.json_output:
        print(json.dumps(summary))
        return
    console = Console()
    console.print(table(study, lines, []))
    for name, choice in summary["rates"].items():
        edge = ", at the end of its range" if choice["edge"] else ""
        say(console, f"{name}: learning rate {choice['lr']:.3g}{edge}")
    counts = summary["runs"]
    bad = f", {counts['diverged']} diverged, {counts['failed']} failed"
    say(console, f"{len(lines)} runs in {path}{bad}; {seconds:.0f} s")


def make_page(study: Study, path: Path, lines: list[RunLine], options: CompareArgs) -> None:
    """Write the page that was asked for, if one was.

    Raises:
        ValueError: if the untrained policy has no run yet.
    """
    if options.page is None:
        return
    from .study.page import write_page
    from .study.results import Results

    command = f"frostline compare {options.study} --out {path} --page {options.page}"
    write_page(options.page, Results(study, lines), command)


def summarise(study: Study, path: Path, lines: list[RunLine]) -> dict[str, Any]:
    """Return counts of runs and the learning rates that were chosen, as JSON values."""
    from .study.plan import chosen

    rates = {}
    for arm in study.arms:
        for curriculum in () if arm.untrained else study.curricula:
            choice = chosen(study, lines, arm.name, curriculum)
            if choice is not None:
                found = {"lr": choice.rate, "edge": choice.edge}
                rates[f"{arm.name}, {curriculum}"] = found
    counts = {
        status: sum(line.status == status for line in lines)
        for status in ("ok", "diverged", "failed")
    }
    return {"study": study.name, "path": str(path), "runs": counts, "rates": rates}


def say(console: Console, text: str) -> None:
    """Print a line as it is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
