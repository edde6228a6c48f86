"""frostline evaluate: measure held-out pass rates of a policy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from .live import Ticker
from .options import JsonFlag, check_device, parse

if TYPE_CHECKING:
    from .evaluate import LevelResult

DESCRIPTION = """Measure held-out pass rates per family and level, with 95 % intervals.

pass@1 is the share of completions that are correct; pass@k the chance that one of k is.

Examples:
  frostline evaluate --policy base --problems 300
  frostline evaluate --policy runs/closed_forms-first-5-seed0/policy --family closed_forms
  frostline evaluate --temperature 0 --json
  frostline evaluate --samples 8 --level 7 8 --family closed_forms
"""


class EvaluateArgs(BaseModel, frozen=True, extra="forbid"):
    """What to measure."""

    policy: str = Field(default="base", description="`base`, `mixed`, a folder, or a hub id")
    family: tuple[str, ...] = Field(
        default=("arithmetic", "polynomials", "closed_forms"),
        description="families: names, or module:Class for your own",
    )
    level: tuple[int, ...] = Field(default=(), description="levels; all of them if empty")
    split: str = Field(default="test", description="train, validation or test")
    problems: int = Field(default=100, ge=1, description="problems per level")
    samples: int = Field(default=1, ge=1, description="completions per problem, the k of pass@k")
    temperature: float = Field(default=1.0, ge=0, description="of the sampling; 0 is greedy")
    max_completion_length: int = Field(default=32, ge=1, description="tokens per completion")
    answer_format: str = Field(default="raw", description="raw, tag or boxed")
    seed: int = Field(default=0, ge=0, description="of the sampling")
    threads: int = Field(default=1, ge=1, description="CPU threads of torch")
    device: str = Field(default="cpu", description="cpu or cuda")
    json_output: JsonFlag = False


def main(args: list[str]) -> int:
    """Run `frostline evaluate`."""
    options = parse(EvaluateArgs, args, prog="frostline evaluate", description=DESCRIPTION)
    results = measure(options)
    if options.json_output:
        print(json.dumps([result.to_dict() for result in results]))
    else:
        _print_table(options, results)
    return 0


def measure(options: EvaluateArgs) -> list[LevelResult]:
    """Return the results, showing progress on a terminal."""
    import torch  # takes seconds to import; --help does not wait

    from frostline.agents.policy import load_policy
    from frostline.envs.family import check_level, check_split

    from .evaluate import evaluate
    from .families import make_envs

    torch.set_num_threads(options.threads)
    check_split(options.split)
    check_device(options.device)
    envs = make_envs(options.family, options.answer_format)
    levels = {
        name: [
            check_level(level, top=len(env.family.levels), family=name)
            for level in sorted(set(options.level))
        ]
        or list(range(1, len(env.family.levels) + 1))
        for name, env in envs.items()
    }
    policy = load_policy(options.policy, device=options.device)
    console = Console(stderr=True)
    ticker = Ticker(console)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("evaluating", total=sum(map(len, levels.values())))

        def show(result: LevelResult) -> None:
            progress.advance(bar)
            if not console.is_terminal:
                ticker.say(f"evaluating: {result.family} level {result.level}: {result.rate:.0%}")

        return evaluate(
            policy,
            envs,
            levels=levels,
            on_level=show,
            split=options.split,
            problems=options.problems,
            samples=options.samples,
            temperature=options.temperature,
            max_completion_length=options.max_completion_length,
            seed=options.seed,
        )


def _print_table(options: EvaluateArgs, results: list[LevelResult]) -> None:
    how = "greedy" if options.temperature == 0 else f"temperature {options.temperature:g}"
    table = Table(title=f"{options.policy}: {options.split} split, {how}, 95 % intervals")
    columns = ["family", "level", "pass@1", "interval", "well-formed", "problems", "distinct"]
    if options.samples > 1:
        columns.insert(4, f"pass@{options.samples}")
    for name in columns:
        table.add_column(name, justify="left" if name == "family" else "right")
    for r in results:
        row = [r.family, str(r.level), f"{r.rate:.1%}", f"{r.low:.1%} – {r.high:.1%}",
               f"{r.well_formed:.1%}", str(r.problems), str(r.distinct)]  # fmt: skip
        if options.samples > 1:
            row.insert(4, f"{r.pass_at_k:.1%}")
        table.add_row(*row)
    Console().print(table)
