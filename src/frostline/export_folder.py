"""What an exported folder holds beside the policy: model card, options of the run, and a marker.

    README.md            the model card
    train_config.json    options of the run, for `frostline train --config`
    frostline.json       marks an export: which files it wrote, and what they are

A folder without the marker, or with other files, is never replaced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frostline.agents.export import Adapters, DType, save_trained
from frostline.agents.policy import Policy
from frostline.agents.policy_folder import is_steered
from frostline.agents.subsets import TrainableSubset, decoder_layers
from frostline.envs import TextEnv

from . import __version__
from .model_card import RUN_OPTIONS, Exported, card
from .report import summarise
from .run_dir import RunDir, read_lines

MARKER = "frostline.json"


@dataclass(frozen=True, slots=True)
class Trained:
    """A policy that a run has trained.

    Attributes:
        policy: as it is after `iteration`.
        subset: what of it was trained.
        envs: the run's environments, by family.
        iteration: how many iterations the run has done.
        seconds: how long they took; None if that is not known.
    """

    policy: Policy
    subset: TrainableSubset
    envs: Mapping[str, TextEnv]
    iteration: int
    seconds: float | None


def write_trained(folder: Path, run: RunDir, trained: Trained) -> None:
    """Write the policy at the end of a run: its adapter is merged if that is possible."""
    adapters = save_trained(trained.policy, trained.subset, folder)
    write_card(folder, run, trained, adapters=adapters, dtype="float32", gap=None, command="")


def write_card(
    folder: Path,
    run: RunDir,
    trained: Trained,
    *,
    adapters: Adapters,
    dtype: DType,
    gap: float | None,
    command: str,
) -> dict[str, Any]:
    """Write the model card, the run's options and the marker beside a saved policy.

    Args:
        folder: holds the saved policy.
        run: where the evaluations are.
        trained: what was saved.
        adapters: how an adapter was saved.
        dtype: of the saved weights.
        gap: see `frostline.agents.export.gap`; None if it was not measured.
        command: the one that made the folder; empty if the run did.

    Returns:
        What the marker holds.
    """
    config, subset, policy = run.config(), trained.subset, trained.policy
    env = next(iter(trained.envs.values()))
    exported = Exported(
        config=config,
        notes=subset.notes,
        trainable=subset.trainable,
        total=subset.total,
        iteration=trained.iteration,
        seconds=trained.seconds,
        levels=_held_out(run, trained.iteration),
        adapter=subset.adapter.kind if subset.adapter else "",
        apart=subset.adapter is not None and adapters == "apart",
        steered=decoder_layers(policy.model)[0] if is_steered(policy.model) else "",
        dtype=dtype,
        gap=gap,
        prompt=env.reset(seed=0, options={"level": 1})[0],
        chat=policy.tokenizer.chat_template is not None,
        end_ids=tuple(sorted(policy.end_ids)),
        command=command,
    )
    (folder / "README.md").write_text(card(exported), encoding="utf-8")
    options = config.model_copy(update={"name": ""}).model_dump_json(indent=2)
    (folder / RUN_OPTIONS).write_text(options + "\n", encoding="utf-8")
    about = {
        "frostline": __version__,
        "subset": config.trainable,
        "iteration": trained.iteration,
        "adapter": exported.adapter or None,
        "apart": exported.apart,
        "steering": bool(exported.steered),
        "dtype": dtype,
        "gap": gap,
        "files": sorted([*_files(folder), MARKER]),
    }
    (folder / MARKER).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return about


def check_out(out: Path) -> None:
    """Raise ValueError unless a folder may be written, or replaced, at `out`."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    rule = f"out must be a new folder or an earlier export, and {out}"
    if not (out / MARKER).is_file():
        raise ValueError(f"{rule} has no {MARKER}")
    written = json.loads((out / MARKER).read_text(encoding="utf-8"))["files"]
    foreign = sorted(set(_files(out)) - set(written))
    if foreign:
        raise ValueError(f"{rule} holds {foreign[0]}, which no export wrote")


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _held_out(run: RunDir, iteration: int) -> list[dict[str, Any]]:
    """Return the pass rates of a run's summary, without those after another iteration."""
    if not any(line["when"] == "before" for line in read_lines(run.evaluations_path)):
        return []
    summary = summarise(run)
    levels: list[dict[str, Any]] = summary["levels"]
    if summary["iterations"] != iteration:  # the log is ahead of the checkpoint
        levels = [level | dict.fromkeys(("after", "after_low", "after_high")) for level in levels]
    return levels
