"""frostline bench: measurements that anyone can repeat."""

from __future__ import annotations

import difflib
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..cli import EXIT_USAGE
from ..options import JsonFlag, parse
from .row import Row

OVERVIEW = """usage: frostline bench WHAT [options]

Measure on this machine.

  envs       rates of generation against reasoning-gym, slowest draws, episodes of a vector
  verifiers  rates and errors of verification against math-verify, verdicts on programs
  step       time iterations against TRL's GRPOTrainer, their updates against the cost model
  curricula  schedulers against uniform training and an oracle, on simulated students

frostline bench WHAT --help shows the options.
Example: frostline bench envs --rounds 9 --json
"""

ENVS = """Time the generation of problems, one thread, against reasoning-gym on matched tasks.

The two sides take turns; medians of CPU time are reported. `ratio` is ours over reasoning-gym's,
for a family the geometric mean over its matched tasks. `slowest` is the slowest of --draws draws.
reasoning-gym comes with `pip install 'frostline[bench]'`; --no-peer does without it.

Examples:
  frostline bench envs
  frostline bench envs --rounds 9 --json > envs.json
  frostline bench envs --no-peer --draws 0
"""

VERIFIERS = """Time the verification of answers, one thread, against math-verify on the same pairs.

Half of the pairs are equal, half wrong by a near miss; references are parsed beforehand on both
sides, and the two take turns. `wrong` counts verdicts that are not what they must be.
math-verify comes with `pip install 'frostline[bench]'`; --peer-pairs 0 does without it.

Examples:
  frostline bench verifiers
  frostline bench verifiers --pairs 2000 --json > verifiers.json
  frostline bench verifiers --gsm8k test.jsonl --peer-pairs 0
"""

STEP = """Time iterations of a small random policy against TRL's GRPOTrainer doing the same work.

CPU time of one process with one thread; the two sides take turns, medians are reported. For times
of an iteration `ratio` is TRL's over ours; for update and memory it is what was measured over what
the cost model predicts; for flops it is what was achieved over a matrix product of the same shapes.

Examples:
  frostline bench step
  frostline bench step --rounds 10 --json > step.json
  frostline bench step --no-peer --subsets first:5,last:1 --others lora:r=8
"""


class StepArgs(BaseModel, frozen=True, extra="forbid"):
    """What to time."""

    rounds: int = Field(default=10, ge=1, description="iterations per figure, after warm-up")
    subsets: str = Field(
        default="full,first:5,last:6,last:1",
        description="trainable subsets whose iterations are timed, separated by commas",
    )
    others: str = Field(
        default="last:5,middle:5,layers:6,lora:r=8,lora:r=8@last:4,steering",
        description="further ones whose updates are held against full's and the cost model",
    )
    peer: bool = Field(default=True, description="whether TRL takes part")
    layers: int = Field(default=12, ge=1, description="of the policy")
    width: int = Field(default=128, ge=8, multiple_of=8, description="of its residual stream")
    mlp: int = Field(default=512, ge=8, description="of its MLP")
    groups: int = Field(default=8, ge=1, description="problems per iteration")
    num_generations: int = Field(default=8, ge=2, description="completions per problem")
    max_completion_length: int = Field(default=24, ge=2, description="tokens per completion")
    json_output: JsonFlag = False


class EnvsArgs(BaseModel, frozen=True, extra="forbid"):
    """What to time."""

    rounds: int = Field(default=5, ge=1, description="measurements of each figure")
    draws: int = Field(default=20_000, ge=0, description="draws of each family for the slowest")
    peer: bool = Field(default=True, description="whether reasoning-gym takes part")
    json_output: JsonFlag = False


class VerifiersArgs(BaseModel, frozen=True, extra="forbid"):
    """What to time."""

    pairs: int = Field(default=2000, ge=10, description="pairs of reference and text of each kind")
    rounds: int = Field(default=10, ge=1, le=10, description="turns that they are graded in")
    peer_pairs: int = Field(
        default=100, ge=0, description="pairs of each matched kind that math-verify grades"
    )
    gsm8k: Path | None = Field(default=None, description="GSM8K's test.jsonl, if it is at hand")
    json_output: JsonFlag = False


def main(args: list[str]) -> int:
    """Run `frostline bench`."""
    if not args:
        print(OVERVIEW, end="")
        return EXIT_USAGE
    if args[0] in ("-h", "--help"):
        print(OVERVIEW, end="")
        raise SystemExit(0)
    if args[0] not in BENCHES:
        close = difflib.get_close_matches(args[0], BENCHES, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"bench must be one of {', '.join(BENCHES)}, got {args[0]!r}{hint}")
    return BENCHES[args[0]](args[1:])


def step(args: list[str]) -> int:
    """Run `frostline bench step`."""
    options = parse(StepArgs, args, prog="frostline bench step", description=STEP)
    # read once, when torch and the hub are imported: silence, and no request to the network
    for name, value in (("KINETO_LOG_LEVEL", "99"), ("HF_HUB_OFFLINE", "1")):
        os.environ.setdefault(name, value)
    import torch

    from .job import Job, check_specs
    from .step import run_bench

    torch.set_num_threads(1)
    job = Job(
        layers=options.layers,
        width=options.width,
        mlp=options.mlp,
        prompts=options.groups,
        generations=options.num_generations,
        completion_tokens=options.max_completion_length,
    )
    # whole lines: a progress bar draws in a thread, whose time would count
    progress = Console(stderr=True, quiet=options.json_output)
    timed, others = specs(options.subsets, "subsets"), specs(options.others, "others")
    check_specs(job, [*timed, *others])
    rows = run_bench(
        job,
        timed,
        others,
        options.rounds,
        peer=options.peer,
        tell=progress.print,
    )
    return show(rows, options.json_output)


def envs(args: list[str]) -> int:
    """Run `frostline bench envs`.

    Raises:
        ValueError: reasoning-gym is asked for and not installed.
    """
    options = parse(EnvsArgs, args, prog="frostline bench envs", description=ENVS)
    if options.peer:
        check_installed("reasoning_gym", "--no-peer")
    from .envs import run

    tell = Console(stderr=True, quiet=options.json_output).print
    return show(run(options.rounds, options.draws, peer=options.peer, tell=tell),
                options.json_output)  # fmt: skip


def verifiers(args: list[str]) -> int:
    """Run `frostline bench verifiers`.

    Raises:
        ValueError: math-verify is asked for and not installed.
        OSError: GSM8K's file cannot be read.
    """
    options = parse(VerifiersArgs, args, prog="frostline bench verifiers", description=VERIFIERS)
    if options.peer_pairs:
        check_installed("math_verify", "--peer-pairs 0")
    from .verifiers import run

    tell = Console(stderr=True, quiet=options.json_output).print
    rows = run(options.pairs, options.rounds, options.peer_pairs, options.gsm8k, tell)
    return show(rows, options.json_output)


def curricula(args: list[str]) -> int:
    """Run `frostline bench curricula`."""
    from .curricula import main as compare  # its students are not built for the other benches

    return compare(args)


def check_installed(module: str, without: str) -> None:
    """Raise ValueError unless a peer can be imported."""
    if importlib.util.find_spec(module) is None:
        package = module.replace("_", "-")
        raise ValueError(
            f"{package} is not installed: pip install 'frostline[bench]', or give {without}"
        )


def show(rows: Sequence[Row], json_output: bool) -> int:
    """Print the rows for a program or for a person; return 0."""
    if json_output:
        print(json.dumps([row.to_dict() for row in rows], indent=1))
    else:
        Console(file=sys.stdout).print(table(rows))
    return 0


def specs(text: str, option: str) -> list[str]:
    """Return the trainable subsets of a list; a comma followed by a number or option goes on.

    >>> specs("full, layers:3,7,lora:r=8,alpha=16", "subsets")
    ['full', 'layers:3,7', 'lora:r=8,alpha=16']

    Raises:
        ValueError: if an item is empty.
    """
    found: list[str] = []
    for item in (part.strip() for part in text.split(",")) if text else ():
        if not item:
            raise ValueError(f"{option} must be trainable subsets between commas, got {text!r}")
        head = item.partition(":")[0]
        if found and (item[0].isdigit() or "=" in head):
            found[-1] += f",{item}"
        else:
            found.append(item)
    return found


def table(rows: Sequence[Row]) -> Table:
    """Return the rows for a person."""
    found = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("name", "value", "unit", "peer", "ratio"):
        justify: Literal["left", "right"] = "left" if name in ("name", "unit") else "right"
        found.add_column(name, justify=justify, overflow="fold", no_wrap=name != "name")
    for row in rows:
        figures = (row.value, row.peer, row.ratio)
        value, peer, ratio = ("" if x is None else figure(x) for x in figures)
        found.add_row(escape(row.name), value, row.unit, peer, ratio)
    return found


def figure(value: float) -> str:
    """Return a number with three digits and no exponent.

    >>> [figure(x) for x in (1234567.0, 41.23, 0.0381)]
    ['1,234,567', '41.2', '0.0381']
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


BENCHES = {"envs": envs, "verifiers": verifiers, "step": step, "curricula": curricula}
