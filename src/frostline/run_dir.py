"""The run directory: configuration, metrics, checkpoint; every file is written atomically.

    runs/NAME/config.json        resolved configuration
              metrics.jsonl      one line per iteration
              evaluations.jsonl  one line per evaluation
              checkpoint.pt      weights of the subset, moments, curriculum, iteration
              summary.json, report.md, *.png, policy/   when the run has ended
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from .config import TrainConfig, parse_config

# Free space that a run needs for its logs and pictures, on top of its checkpoints.
LOG_BYTES = 16 * 2**20


class RunDir:
    """One run directory."""

    def __init__(self, path: Path) -> None:
        """Point at a directory, which need not exist."""
        self.path = path
        self.config_path = path / "config.json"
        self.metrics_path = path / "metrics.jsonl"
        self.evaluations_path = path / "evaluations.jsonl"
        self.checkpoint_path = path / "checkpoint.pt"

    @classmethod
    def create(cls, config: TrainConfig, checkpoint_bytes: int) -> RunDir:
        """Make the directory of a new run.

        Args:
            config: the resolved configuration.
            checkpoint_bytes: size of a checkpoint; two must fit, and the logs.

        Raises:
            ValueError: if the directory belongs to another run, cannot be written, or the disk
                has too little room. Nothing is left behind then.
        """
        runs = Path(config.runs)
        path = runs / config.name if config.name else _free_name(runs, config.run_name())
        run = cls(path)
        if run.config_path.exists():
            saved = run.config()
            same = saved.model_dump(exclude={"name"}) == config.model_dump(exclude={"name"})
            other = "this" if same else "another"
            raise ValueError(
                f"run directory {path} holds a run of {other} configuration; go on with "
                f"--resume {path}, or choose another --name"
            )
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ValueError(f"run directory {path} exists and is not a run; choose another --name")
        missing = [p for p in (path, *path.parents) if not p.exists()]
        try:
            path.mkdir(parents=True, exist_ok=True)
            run.reserve(2 * checkpoint_bytes + LOG_BYTES)
            write_text(run.config_path, config.model_dump_json(indent=2) + "\n")
        except OSError as error:
            for folder in missing:
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
            raise ValueError(f"run directory {path} cannot be written: {error.strerror}") from error
        return run

    @classmethod
    def open(cls, path: Path) -> RunDir:
        """Return the directory of a run that exists.

        Raises:
            ValueError: if it is no run directory; it names the runs beside it.
        """
        run = cls(path)
        if not run.config_path.is_file():
            beside = path.parent if path.parent.is_dir() else Path()
            names = sorted(str(p.parent) for p in beside.glob("*/config.json"))
            hint = f"; there is {', '.join(names[:5])}" if names else ""
            raise ValueError(f"{path} is not a run directory: it has no config.json{hint}")
        return run

    def config(self) -> TrainConfig:
        """Return the configuration that the run was started with."""
        return parse_config(json.loads(self.config_path.read_text()), str(self.config_path))

    def reserve(self, size: int) -> None:
        """Raise OSError unless `size` more bytes fit into the directory."""
        probe = self.path / ".room"
        try:
            with probe.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        finally:
            probe.unlink(missing_ok=True)

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the checkpoint; a kill at any moment leaves the old one or the new one."""
        partial = self.checkpoint_path.with_suffix(".partial")
        with partial.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self.checkpoint_path)

    def load(self) -> dict[str, Any] | None:
        """Return the checkpoint, or None if there is none yet."""
        if not self.checkpoint_path.exists():
            return None
        state: dict[str, Any] = torch.load(self.checkpoint_path, weights_only=True)
        return state

    def append(self, path: Path, line: Mapping[str, Any]) -> None:
        """Add a line of JSON."""
        with path.open("a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def rewind(self, iteration: int) -> None:
        """Drop the lines that were logged after `iteration`, and a line cut short by a kill."""
        for path in (self.metrics_path, self.evaluations_path):
            if path.exists():
                kept = [line for line in read_lines(path) if line["iteration"] <= iteration]
                write_text(path, "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in kept))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the JSON lines of a file; a last line that was cut short is left out."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")
    return [json.loads(line) for line in lines[:-1] if line]


def write_text(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text)
    os.replace(partial, path)


def _free_name(runs: Path, name: str) -> Path:
    """Return the first of NAME, NAME-2, NAME-3 … that does not exist."""
    path, number = runs / name, 1
    while path.exists():
        number += 1
        path = runs / f"{name}-{number}"
    return path
