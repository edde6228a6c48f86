"""The model card of an exported policy: what it is, what it earned, how to load it, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import __version__
from .config import TrainConfig
from .report import rate

RUN_OPTIONS = "train_config.json"
RUN_COMMAND = f"frostline train --config {RUN_OPTIONS}"
HEAD = """---
library_name: transformers
pipeline_tag: text-generation
tags: [frostline, grpo]
# license: yours to choose, within that of the policy it was trained from
---
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """What a card tells of an exported policy.

    Attributes:
        config: of the run.
        notes: of the trainable subset.
        trainable: weights that may train.
        total: all weights, adapters included.
        iteration: how many the run has done.
        seconds: how long they took; None if that is not known.
        levels: held-out pass rates as in the summary of a run; empty without an evaluation.
        adapter: its kind, if there is one.
        apart: whether it is beside the weights.
        steered: name of the list of layers that steering vectors belong to, empty without any.
        dtype: of the weights.
        gap: how far the folder's logits are from the live policy's; None if that was not measured.
        prompt: a problem of the lowest level.
        chat: whether the tokenizer has a chat template.
        end_ids: the tokens that end a completion.
        command: the one that made the folder; empty if the run did.
    """

    config: TrainConfig
    notes: tuple[str, ...]
    trainable: int
    total: int
    iteration: int
    seconds: float | None
    levels: Sequence[Mapping[str, Any]]
    adapter: str
    apart: bool
    steered: str
    dtype: str
    gap: float | None
    prompt: str
    chat: bool
    end_ids: tuple[int, ...]
    command: str


def card(it: Exported) -> str:
    """Return the card as Markdown."""
    families = ", ".join(it.config.family)
    parts = [
        f"{HEAD}\n# `{it.config.policy}` trained on {families}",
        "A causal language model, trained in part by reinforcement learning with verifiable "
        f"rewards: GRPO of Frostline {__version__}.",
        _facts(it),
        "## Held-out pass rates",
        _rates(it),
        "## How to load it",
        "Run this in the folder, or put the folder's path in place of the dot"
        f"{'' if it.steered else ', or its hub id'}.\n\n```python\n{snippet(it)}```",
        "`frostline evaluate --policy FOLDER` loads all of it, and measures the pass rates.",
        "## Limits",
        "\n".join(f"- {line}" for line in _limits(it)),
        "## How it was made",
        f"The run: `{RUN_COMMAND}`" + (f"  \nThis folder: `{it.command}`" if it.command else ""),
    ]
    return "\n\n".join(parts) + "\n"


def snippet(it: Exported) -> str:
    """Return code that loads the folder with transformers and answers a problem."""
    lines = [
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        *(["from safetensors.torch import load_file"] if it.steered else []),
        *(["from peft import PeftModel"] if it.apart else []),
        "",
        'folder = "."',
        "tokenizer = AutoTokenizer.from_pretrained(folder)",
        "model = AutoModelForCausalLM.from_pretrained(folder)",
        *(_steering(it.steered) if it.steered else []),
        *(['model = PeftModel.from_pretrained(model, folder, subfolder="adapter")'] if it.apart
          else []),
        "",
        f"prompt = {it.prompt!r}",
        *_prompt(it.chat),
        "answer = model.generate(",
        f"    **ids, max_new_tokens={it.config.grpo.max_completion_length}, do_sample=True,",
        f"    temperature={it.config.grpo.temperature:g}, eos_token_id={list(it.end_ids)},",
        "    pad_token_id=tokenizer.pad_token_id,",
        ")",
        'print(tokenizer.decode(answer[0, ids["input_ids"].shape[1] :], skip_special_tokens=True))',
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _steering(layers: str) -> list[str]:
    """Return six lines that add the steering vectors to the outputs of their layers."""
    return [
        "def steer(layer, vector):  # vector: added to what the decoder layer puts out",
        "    layer.register_forward_hook(",
        "        lambda _, args, out: (out[0] + vector, *out[1:])",
        "        if isinstance(out, tuple) else out + vector)",
        'for number, vector in load_file(f"{folder}/steering.safetensors").items():',
        f"    steer(model.{layers}[int(number)], vector.to(model.device))",
    ]


def _prompt(chat: bool) -> list[str]:
    if not chat:
        return ['ids = tokenizer(prompt + "\\n", return_tensors="pt")']
    return [
        "ids = tokenizer.apply_chat_template(",
        '    [{"role": "user", "content": prompt}], add_generation_prompt=True,',
        '    return_dict=True, return_tensors="pt",',
        ")",
    ]


def _facts(it: Exported) -> str:
    config = it.config
    seconds = "unknown" if it.seconds is None else f"{it.seconds:.0f}"
    rows = {
        "trained from": f"`{config.policy}`",
        "families": f"{', '.join(config.family)}; answers: {config.answer_format}",
        "trainable subset": f"`{config.trainable}`",
        "trainable weights": f"{it.trainable:,} of {it.total:,} ({it.trainable / it.total:.2%})",
        "engine": config.engine,
        "seed": config.seed,
        "iterations": f"{it.iteration} of {config.iterations}",
        "seconds": f"{seconds} with {config.threads} CPU threads on {config.device}",
        "this folder": _contents(it),
    }
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]
    notes = [f"- {note}" for note in it.notes]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _contents(it: Exported) -> str:
    parts = [f"weights in {it.dtype}"]
    if it.adapter:
        parts.append(f"{it.adapter} {'in `adapter/`' if it.apart else 'merged into them'}")
    if it.steered:
        parts.append("steering vectors in `steering.safetensors`")
    return ", ".join(parts)


def _rates(it: Exported) -> str:
    if not it.levels:
        return "The run has not been evaluated yet."
    lines = [
        "Pass rate (pass@1, sampled) on the test split, before and after training, with 95 % "
        f"Wilson intervals; {it.levels[0]['problems']} problems per level.",
        "",
        "| family | level | before | after | groups trained on |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['family']} | {r['level']} | {rate(dict(r), 'before')} | {rate(dict(r), 'after')} "
        f"| {r['groups']} |"
        for r in it.levels
    ]
    if it.levels[0]["after"] is None:
        lines += ["", f"The weights after iteration {it.iteration} have not been evaluated."]
    return "\n".join(lines)


def _limits(it: Exported) -> list[str]:
    lines = [
        "Trained on these families and measured on these alone; what else it says is unknown.",
        "One run with one seed. The intervals are those of the problems, not of other seeds.",
    ]
    if it.adapter and not it.apart:
        lines.append("Merging rounds the weights: nothing is bit for bit what was trained.")
    if it.apart:
        lines.append("The weights without `adapter/` are another policy, and so are pass rates.")
    if it.steered:
        lines.append("The weights without the steering vectors are another policy.")
    if it.dtype != "float32":
        lines.append(f"Trained and measured in float32, stored in {it.dtype}.")
    if it.gap is not None:
        lines.append(
            f"Loaded again, its logits on 32 tokens are within {it.gap:.1e} of the trained "
            "policy's, relative to the largest."
        )
    return lines
