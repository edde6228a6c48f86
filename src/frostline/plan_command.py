"""frostline plan: what a trainable subset is and costs, before anything runs."""

from __future__ import annotations

import json
from typing import Annotated, Any

import tyro
from pydantic import BaseModel, Field
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frostline.agents.config import GRPOConfig

from .config import TrainConfig
from .options import JsonFlag, parse

DESCRIPTION = """Show what trainable subsets are and cost, before anything runs.

Only the policy's configuration is read. Counted are the FLOPs of an iteration in which every group
has signal, and the bytes at the peak of its update.

Examples:
  frostline plan first:5
  frostline plan full first:5 last:1 lora:r=8@last:4 --policy base
  frostline plan lisa:k=2,every=10+embeddings+head --iterations 100
  frostline plan norms --groups 8 --completion-tokens 64 --tensors --json
"""

_DEFAULTS = GRPOConfig()
_TRAIN = TrainConfig()
PHASES_SHOWN = 20
# heading of a share of full training, and its key in the JSON
_OF_FULL = {"FLOPs\nof full": "flops", "update\nof full": "update", "peak\nof full": "memory"}


class PlanArgs(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """What to plan, on which workload."""

    specs: Annotated[tuple[str, ...], tyro.conf.Positional] = Field(
        default=(_TRAIN.trainable,), description="trainable subsets, such as first:5 or lora:r=8"
    )
    policy: str = Field(default=_TRAIN.policy, description="`base`, `mixed`, a folder, or a hub id")
    groups: int = Field(default=_DEFAULTS.groups, ge=1, description="problems per iteration")
    num_generations: int = Field(
        default=_DEFAULTS.num_generations, ge=2, description="completions per problem"
    )
    prompt_tokens: float = Field(default=24, ge=1, description="mean tokens of a prompt")
    completion_tokens: float = Field(
        default=_DEFAULTS.max_completion_length, ge=1, description="mean tokens of a completion"
    )
    num_iterations: int = Field(
        default=_DEFAULTS.num_iterations, ge=1, description="optimizer steps on each batch"
    )
    beta: float = Field(default=_DEFAULTS.beta, ge=0, description="weight of the KL penalty")
    optimizer: str = Field(default=_DEFAULTS.optimizer, description="adamw or sgd")
    moments: str = Field(
        default=_DEFAULTS.moments, description="of what a schedule freezes: reset, keep or offload"
    )
    tokens_per_microbatch: int = Field(
        default=_DEFAULTS.tokens_per_microbatch, ge=1, description="tokens per backward pass"
    )
    gradient_checkpointing: Annotated[bool, tyro.conf.FlagCreatePairsOff] = Field(
        default=False, description="recompute activations in the backward pass"
    )
    bf16: Annotated[bool, tyro.conf.FlagCreatePairsOff] = Field(
        default=False, description="bfloat16 autocast"
    )
    iterations: int = Field(
        default=_TRAIN.iterations, ge=1, description="length of the run, for a subset schedule"
    )
    seed: int = Field(default=_TRAIN.seed, ge=0, description="of random choices of layers")
    tensors: Annotated[bool, tyro.conf.FlagCreatePairsOff] = Field(
        default=False, description="list the trainable tensors"
    )
    json_output: JsonFlag = False

    def grpo(self) -> GRPOConfig:
        """Return the options as the agent's."""
        shared = set(GRPOConfig.model_fields) & set(PlanArgs.model_fields)
        return GRPOConfig.model_validate(self.model_dump(include=shared))


def main(args: list[str]) -> int:
    """Run `frostline plan`."""
    options = parse(PlanArgs, args, prog="frostline plan", description=DESCRIPTION)
    from .plan import Setting, plan_all  # torch takes seconds to import; --help does not wait

    setting = Setting(
        policy=options.policy,
        config=options.grpo(),
        prompt_tokens=options.prompt_tokens,
        completion_tokens=options.completion_tokens,
        iterations=options.iterations,
        seed=options.seed,
    )
    result = plan_all(options.specs, setting, tensors=options.tensors)
    if options.json_output:
        print(json.dumps(result))
    else:
        show(result, Console())
    return 0


def show(result: dict[str, Any], console: Console) -> None:
    """Print plans for a person: a line each in three tables, then phases, notes and tensors."""
    load = result["workload"]
    console.print(
        f"One iteration of {result['policy']}: {load['prompts']:g} × {load['generations']} "
        f"completions, {load['prompt_tokens']:g} + {load['completion_tokens']:g} tokens",
        soft_wrap=True, markup=False, highlight=False,
    )  # fmt: skip
    plans = result["plans"]
    console.print(_summary(plans))
    console.print(_parts("FLOPs", plans, "flops"))
    console.print(_parts("Bytes at the peak of the update", plans, "memory"))
    for plan in plans:
        if plan["phases"]:
            console.print(_phase_table(plan))
            if more := len(plan["phases"][PHASES_SHOWN:]):
                console.print(f"and {more} more phases; --json has all", highlight=False)
    for plan in plans:
        for note in plan["notes"]:
            console.print(f"{plan['spec']}: {note}", soft_wrap=True, markup=False, highlight=False)
        for tensor in plan.get("tensors", ()):
            line = f"{plan['spec']}: {tensor['name']} {tensor['weights']:,}"
            console.print(line, soft_wrap=True, markup=False, highlight=False)


def _summary(plans: list[dict[str, Any]]) -> Table:
    table = _table("", "subset", "layers", "tensors", "weights", "share", *_OF_FULL)
    for plan in plans:
        table.add_row(
            escape(plan["spec"]),
            numbers(plan["layers"]),
            f"{plan['tensor_count']:,}",
            f"{plan['trainable']:,}",
            f"{plan['share']:.2%}",
            *(f"{plan['of_full'][part]:.2f}" for part in _OF_FULL.values()),
        )
    return table


def _parts(title: str, plans: list[dict[str, Any]], group: str) -> Table:
    """Return a table of the parts that are not 0 in all plans, a column per plan."""
    table = _table(title)
    table.add_column("", no_wrap=True)
    for plan in plans:
        table.add_column(escape(plan["spec"]), justify="right", overflow="fold")
    for name in plans[0]["cost"][group]:
        found = [plan["cost"][group][name] for plan in plans]
        if any(found):
            table.add_row(name, *map(amount, found))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for i, name in enumerate(columns):
        # only the first column may be narrowed
        table.add_column(name, justify="right" if i else "left", overflow="fold", no_wrap=i > 0)
    return table


def _phase_table(plan: dict[str, Any]) -> Table:
    table = _table(plan["spec"], "iterations", "layers", "weights", *_OF_FULL)
    for phase in plan["phases"][:PHASES_SHOWN]:
        table.add_row(
            f"{phase['start']} … {phase['end'] - 1}",
            numbers(phase["layers"]),
            f"{phase['trainable']:,}",
            *(f"{phase['of_full'][part]:.2f}" for part in _OF_FULL.values()),
        )
    return table


def numbers(layers: list[int]) -> str:
    """Return layer numbers with their runs joined.

    >>> numbers([0, 1, 2, 5, 7, 8])
    '0-2,5,7-8'
    """
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][1] + 1:
            runs[-1][1] = layer
        else:
            runs.append([layer, layer])
    return ",".join(f"{a}-{b}" if b > a else str(a) for a, b in runs) or "none"


def amount(value: float) -> str:
    """Return a count with three digits and a unit of 1000.

    >>> amount(1234567.0), amount(0.0), amount(999)
    ('1.23 M', '0', '999')
    """
    for unit in ("", "k", "M", "G", "T", "P"):
        if abs(value) < 999.5 or unit == "P":
            break
        value /= 1000
    return f"{value:.3g} {unit}".strip()
