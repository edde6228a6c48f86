"""frostline report: write the report of a run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import tyro
from pydantic import BaseModel, Field

from .options import JsonFlag, parse
from .run_dir import RunDir

DESCRIPTION = """Write summary.json, report.md and the pictures of a run again, and print the table.

Works on a run that is still going, too.

Examples:
  frostline report runs/closed_forms-first-5-seed0
  frostline report runs/closed_forms-first-5-seed0 --json
"""


class ReportArgs(BaseModel, frozen=True, extra="forbid"):
    """Which run."""

    run: Annotated[Path, tyro.conf.Positional] = Field(description="run directory")
    json_output: JsonFlag = False


def main(args: list[str]) -> int:
    """Run `frostline report`."""
    options = parse(ReportArgs, args, prog="frostline report", description=DESCRIPTION)
    from .report import write_report
    from .train_command import print_summary

    summary = write_report(RunDir.open(options.run))
    if options.json_output:
        print(json.dumps(summary))
    else:
        print_summary(summary)
    return 0
