"""Plans of trainable subsets: resolved on an empty copy of the policy, priced by the cost model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from transformers import AutoConfig, PreTrainedModel

from frostline.agents.config import GRPOConfig
from frostline.agents.decoder import KNOWN
from frostline.agents.policy import _from_config, _one_line, _source, check_rotary
from frostline.agents.subsets import TrainableSubset, resolve
from frostline.agents.subsets.cost import Cost, cost_of
from frostline.agents.subsets.shape import Shape, shape_of
from frostline.agents.subsets.workload import Workload


@dataclass(frozen=True, slots=True)
class Setting:
    """What plans are made for.

    Attributes:
        policy: `base`, `mixed`, a folder, or a hub id.
        config: of the agent.
        prompt_tokens: mean per prompt.
        completion_tokens: mean per completion.
        iterations: length of the run.
        seed: of random choices of layers.
    """

    policy: str
    config: GRPOConfig
    prompt_tokens: float
    completion_tokens: float
    iterations: int
    seed: int = 0


def plan_all(specs: Sequence[str], setting: Setting, *, tensors: bool = False) -> dict[str, Any]:
    """Return the plans of several specs beside that of full training, as JSON values.

    Args:
        specs: one line each (see `agents/subsets/spec.py`).
        setting: policy and workload.
        tensors: whether to list the trainable tensors.

    Raises:
        ValueError: for a bad spec or policy.
    """
    model = empty_policy(setting.policy)
    fast = model.config.model_type in KNOWN
    load = Workload.of(setting.config, setting.prompt_tokens, setting.completion_tokens, fast=fast)
    shape = shape_of(model)
    full = cost_of(shape, load, [w.name for w in shape.weights])
    plans = []
    for spec in specs:
        model = empty_policy(setting.policy)
        subset = resolve(spec, model, seed=setting.seed, initialise=False)
        plans.append(_plan(subset, shape_of(model), load, full, setting, tensors))
        if not fast:
            plans[-1]["notes"].append(
                f"the fast path does not know {model.config.model_type}: the loss runs the trunk, "
                "and every completion with its prompt"
            )
    return {
        "policy": setting.policy,
        "workload": asdict(load),
        "full": full.to_dict(),
        "plans": plans,
    }


def empty_policy(name: str) -> PreTrainedModel:
    """Return the model of a policy without its weights, on torch's `meta` device.

    Raises:
        ValueError: if there is none of that name, or it has no rotary positions.
    """
    source = _source(name)
    with _one_line(name):
        config = AutoConfig.from_pretrained(source)
    with torch.device("meta"):
        model = _from_config(config, name)
    check_rotary(model, name)
    return model


def _plan(
    subset: TrainableSubset,
    shape: Shape,
    load: Workload,
    full: Cost,
    setting: Setting,
    tensors: bool,
) -> dict[str, Any]:
    phases = _phases(subset, shape, load, full, setting)
    notes = list(subset.notes)
    if subset.schedule and subset.schedule.depends_on:
        notes.append(
            f"its later phases depend on {subset.schedule.depends_on}: what is shown holds for the "
            "first, without the cost of measuring"
        )
    found: dict[str, Any] = {
        "spec": subset.spec,
        "layers": list(subset.layers),
        "tensor_count": len(subset.names),
        "trainable": subset.trainable,
        "total": subset.total,
        "share": subset.share,
        "notes": notes,
        "phases": phases,
    }
    if phases:
        found |= _mean(phases, setting.iterations)
    else:
        found |= _priced(cost_of(shape, load, subset.names), full)
    if tensors:
        counts = {w.name: w.count for w in shape.weights}
        found["tensors"] = [{"name": name, "weights": counts[name]} for name in subset.names]
    return found


def _phases(
    subset: TrainableSubset, shape: Shape, load: Workload, full: Cost, setting: Setting
) -> list[dict[str, Any]]:
    """Return the phases of a schedule with the cost of each; none without a schedule."""
    if subset.schedule is None:
        return []
    starts = subset.schedule.phases(subset.layers, setting.seed, setting.iterations)
    ends = [start for start, _ in starts[1:]] + [setting.iterations]
    counts = {w.name: w.count for w in shape.weights}
    priced: dict[tuple[int, ...], tuple[int, Cost]] = {}  # a cycle comes back to the same layers
    phases = []
    for (start, layers), end in zip(starts, ends, strict=True):
        if layers not in priced:
            names: Collection[str] = subset.active(layers)
            cost = cost_of(shape, load, names, ever=subset.names)
            priced[layers] = (sum(counts[name] for name in names), cost)
        trainable, cost = priced[layers]
        phases.append(
            {"start": start, "end": end, "layers": list(layers), "trainable": trainable}
            | _priced(cost, full)
        )
    return phases


def _priced(cost: Cost, full: Cost) -> dict[str, Any]:
    return {
        "cost": cost.to_dict(),
        "of_full": {
            "flops": cost.flops.total / full.flops.total,
            "update": cost.work / full.work,
            "memory": cost.memory.peak / full.memory.peak,
        },
    }


def _mean(phases: list[dict[str, Any]], iterations: int) -> dict[str, Any]:
    """Return mean FLOPs and time over a run, and the memory of the phase that needs the most."""

    def mean(group: str, part: str, name: str) -> float:
        each = ((p["end"] - p["start"], p[group]) for p in phases)
        total = sum(n * (v[part][name] if part else v[name]) for n, v in each)
        return float(total / iterations)

    largest = max(phases, key=lambda phase: float(phase["cost"]["memory"]["peak"]))
    return {
        "cost": {
            "flops": {name: mean("cost", "flops", name) for name in phases[0]["cost"]["flops"]},
            "update_work": mean("cost", "", "update_work"),
            "memory": largest["cost"]["memory"],
        },
        "of_full": {
            "flops": mean("of_full", "", "flops"),
            "update": mean("of_full", "", "update"),
            "memory": largest["of_full"]["memory"],
        },
    }
