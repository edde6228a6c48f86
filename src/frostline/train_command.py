"""frostline train: train a policy up a curriculum, and report."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path
from typing import Annotated

import tyro
from pydantic import Field
from rich.console import Console
from rich.table import Table

from .cli import EXIT_INTERRUPT
from .config import TrainConfig, load_config
from .options import JsonFlag, check_device, parse
from .run_dir import RunDir

DESCRIPTION = """Train part of a policy on problems that a curriculum chooses, and report.

Options come from the defaults, then from the TOML file of --config, then from the command line.
The run directory holds config.json, metrics.jsonl, a checkpoint, summary.json, report.md and
pictures. Ctrl-C ends with a checkpoint; --resume goes on.

Examples:
  frostline train
  frostline train --trainable last:1 --iterations 100 --grpo.learning-rate 1e-4
  frostline train --trainable lora:r=8@last:6 --grpo.learning-rate 2e-3
  frostline train --trainable lisa:k=2,every=10
  frostline train --family mymodule:MyFamily --curriculum.kind uniform
  frostline train --config my.toml --seed 1
  frostline train --resume runs/closed_forms-first-5-seed0
"""


class TrainArgs(TrainConfig, frozen=True, extra="forbid"):
    """The options of a run, and how the command is used."""

    config: Path | None = Field(default=None, description="TOML file with options")
    resume: Path | None = Field(default=None, description="run directory to go on with")
    allow_new_subset: Annotated[bool, tyro.conf.FlagCreatePairsOff] = Field(
        default=False, description="with --resume: go on with another --trainable"
    )
    json_output: JsonFlag = False
    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = Field(
        default=False, description="show no progress"
    )

    def run_config(self) -> TrainConfig:
        """Return the options of the run alone."""
        return TrainConfig.model_validate(self.model_dump(include=set(TrainConfig.model_fields)))


def main(args: list[str]) -> int:
    """Run `frostline train`."""
    # the files that hold defaults are read first, so that the command line can override them
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--config", type=Path, nargs="?")
    early.add_argument("--resume", type=Path, nargs="?")
    given, _ = early.parse_known_args(args)
    if given.config and given.resume:
        raise ValueError("--resume takes the options of the run; it cannot go with --config")
    base = RunDir.open(given.resume).config() if given.resume else load_config(given.config)
    default = TrainArgs(**base.model_dump())
    return train(
        parse(TrainArgs, args, prog="frostline train", description=DESCRIPTION, default=default)
    )


def train(options: TrainArgs) -> int:
    """Train, and print the table or the summary."""
    from .train import (
        Run,
        is_main_process,
        run_training,
        start,
    )  # torch takes seconds to import; --help does not wait

    check_device(options.device)
    if options.allow_new_subset and not options.resume:
        raise ValueError("--allow-new-subset goes with --resume RUN, and there is none")
    run = start(options.run_config(), options.resume, allow_new_subset=options.allow_new_subset)
    try:
        if not is_main_process():
            assert not isinstance(run, Run)  # it is one process
            run.follow()
            return 0
        summary = run_training(run, quiet=options.quiet)
    finally:
        if not isinstance(run, Run):
            run.close()
    if summary is None:
        path = shlex.quote(str(run.dir.path))
        Console(stderr=True).print(
            f"Stopped after iteration {run.saved}. Go on with: frostline train --resume {path}",
            soft_wrap=True,
            markup=False,
            highlight=False,
        )
        return EXIT_INTERRUPT
    if options.json_output:
        print(json.dumps(summary))
    else:
        print_summary(summary)
    return 0


def print_summary(summary: dict[str, object]) -> None:
    """Print the table of a run and what belongs below it."""
    from .report import closing_lines, rate

    table = Table(title="Held-out pass rate, pass@1 on the test split, 95 % intervals")
    for name in ("family", "level", "before", "after", "groups"):
        table.add_column(name, justify="left" if name == "family" else "right")
    levels = summary["levels"]
    assert isinstance(levels, list)
    for row in levels:
        table.add_row(
            row["family"], str(row["level"]), rate(row, "before"), rate(row, "after"),
            str(row["groups"]),
        )  # fmt: skip
    console = Console()
    console.print(table)
    for line in closing_lines(summary):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    pictures = summary["pictures"]
    assert isinstance(pictures, list)
    console.print(f"Pictures: {', '.join(pictures)}", soft_wrap=True, highlight=False, markup=False)
