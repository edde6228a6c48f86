"""Checkpoints of the TRL engine: transformers' own folders, with the curriculum's state inside.

A folder `checkpoint-N` is written in place. The main process writes `trainer_state.json` last, so
that it tells a complete folder from one that a kill has cut short.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from transformers import TrainerCallback
from transformers.trainer_callback import ExportableState

STATE_FILE = "trainer_state.json"
BARE = "new-subset"


class Engine(Protocol):
    """What the trainer tells an engine, and asks of it."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold, as JSON values."""
        ...

    def begin_step(self, step: int, optimizer: Any) -> None:
        """Prepare an optimizer step."""
        ...

    def end_step(self, step: int) -> bool:
        """Return whether training stops after this optimizer step."""
        ...

    def end_iteration(self, logs: Mapping[str, float]) -> None:
        """Take note of the means that TRL has logged."""
        ...


class FrostlineState(TrainerCallback, ExportableState):
    """Tells an engine where the trainer is, and puts the engine's state into checkpoints.

    The state comes back by `read_state`: transformers would restore it into a new callback, which
    the engine knows nothing of.
    """

    def __init__(self, engine: Engine) -> None:
        """Serve `engine`."""
        self.engine = engine

    def state(self) -> dict[str, Any]:
        """Return the engine's state in transformers' form."""
        return {"args": {}, "attributes": self.engine.state_dict()}

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Prepare an optimizer step."""
        self.engine.begin_step(state.global_step, kwargs["optimizer"])

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop if the engine says so."""
        if self.engine.end_step(state.global_step):
            control.should_training_stop = control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Pass on the means of an iteration; the summary of the whole run has no loss."""
        if "loss" in kwargs["logs"]:
            self.engine.end_iteration(kwargs["logs"])


def newest_checkpoint(output_dir: Path) -> Path | None:
    """Return the newest complete checkpoint in a folder, or None if there is none."""
    found = {path: path.name.rpartition("-")[2] for path in output_dir.glob("checkpoint-*")}
    numbers = {path: int(number) for path, number in found.items() if number.isdecimal()}
    newest_first = sorted(numbers, key=lambda path: numbers[path], reverse=True)
    return next((folder for folder in newest_first if read_state(folder)), None)


def read_state(folder: Path) -> dict[str, Any] | None:
    """Return what an engine put into a checkpoint; None if the checkpoint is not complete."""
    try:
        state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    mine: dict[str, Any] = state["stateful_callbacks"][FrostlineState.__name__]["attributes"]
    # each rank writes its own random state, the other ranks perhaps after the main process is done
    ranks = range(mine["processes"])
    names = [f"rng_state_{rank}.pth" for rank in ranks] if len(ranks) > 1 else ["rng_state.pth"]
    return mine if all(zipfile.is_zipfile(folder / name) for name in names) else None


def check_saved(
    saved: Mapping[str, Any], mine: Mapping[str, Any], iterations: int, *, allow_new_subset: bool
) -> None:
    """Raise ValueError if a run must not go on from a checkpoint.

    Args:
        saved: the state in the checkpoint.
        mine: the state of the run that is to go on.
        iterations: of the whole run.
        allow_new_subset: whether another trainable subset may take over the weights.
    """
    if saved["seed"] != mine["seed"]:
        raise ValueError(f"the checkpoint has seed={saved['seed']!r}, this run {mine['seed']!r}")
    if saved["iteration"] > iterations:
        raise ValueError(
            f"iterations must be at least the {saved['iteration']} that the checkpoint has done, "
            f"got {iterations}"
        )
    if saved["trainable"] == mine["trainable"]:
        return
    change = f"the checkpoint trains {saved['trainable']!r}, this run {mine['trainable']!r}"
    if not allow_new_subset:
        raise ValueError(f"{change}; allow_new_subset goes on with its weights")
    if saved["adds"] or mine["adds"]:
        raise ValueError(
            f"{change}: no other subset can take over adapters or steering vectors, or bring them"
        )


def without_optimizer(folder: Path) -> Path:
    """Return a copy of a checkpoint without the optimizer, whose groups another subset lacks."""
    bare = folder.with_name(BARE)
    shutil.rmtree(bare, ignore_errors=True)
    moments = shutil.ignore_patterns("optimizer*", "scheduler*")
    shutil.copytree(folder, bare, ignore=moments, copy_function=os.link)
    return bare
