"""frostline export: write the policy of a run as a Hugging Face folder."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Literal

import tyro
from pydantic import BaseModel, Field

from .options import JsonFlag, parse

DESCRIPTION = """Write the policy of a run as a folder that transformers loads, with a model card.

The run's last checkpoint is taken; the run may have ended, or may be going on. An adapter is
merged into the weights, or kept apart in the sub-folder adapter/ for peft, beside the weights it
belongs to. Steering vectors go into steering.safetensors; the card shows how to add them. An
earlier export is replaced, the card's changes included; any other folder is left alone.

Examples:
  frostline export runs/closed_forms-first-5-seed0
  frostline export runs/closed_forms-lora-seed0 --adapters apart --out my-adapter
  frostline export runs/closed_forms-first-5-seed0 --dtype bfloat16 --json
"""


class ExportArgs(BaseModel, frozen=True, extra="forbid"):
    """Which run, and how its policy is written."""

    run: Annotated[Path, tyro.conf.Positional] = Field(description="run directory")
    out: Path | None = Field(default=None, description="folder to write; default: RUN/export")
    adapters: Literal["merged", "apart"] = Field(
        default="merged", description="what becomes of an adapter"
    )
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="of the weights; an adapter that is apart keeps float32"
    )
    json_output: JsonFlag = False


def main(args: list[str]) -> int:
    """Run `frostline export`."""
    options = parse(ExportArgs, args, prog="frostline export", description=DESCRIPTION)
    from .run_dir import RunDir  # torch takes seconds to import; --help does not wait

    run = RunDir.open(options.run)
    from .export_run import export_run

    result = export_run(
        run,
        options.out or run.path / "export",
        adapters=options.adapters,
        dtype=options.dtype,
        command=shlex.join(["frostline", "export", *args]),
    )
    if options.json_output:
        print(json.dumps(result))
    else:
        print(
            f"{result['folder']}: subset {result['subset']} after iteration "
            f"{result['iteration']}, {result['dtype']}, {len(result['files'])} files. Its logits "
            f"are within {result['gap']:.1e} of the trained policy's. See README.md there."
        )
    return 0
