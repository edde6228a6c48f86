"""The run directory: configuration, metrics, checkpoint; every file is written atomically.

    runs/NAME/config.json        resolved configuration
              metrics.jsonl      one line per iteration
              evaluations.jsonl  one line per evaluation
              checkpoint.pt      weights of the subset, moments, curriculum, iteration
              summary.json, report.md, *.png, policy/   when the run has ended

The logs may be ahead of the checkpoint, never behind: what a kill leaves too much, `rewind` drops.
"""

from __future__ import annotations

import errno
import json
import os
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from .config import TrainConfig, load_config

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
        self.policy_path = path / "policy"
        self._lock: int | None = None

    @classmethod
    def create(cls, config: TrainConfig, size: int) -> RunDir:
        """Make the directory of a new run, and lock it.

        Args:
            config: the resolved configuration.
            size: bytes that the checkpoints and the trained policy need, on top of the logs.

        Raises:
            ValueError: if the directory belongs to another run, cannot be written, or the disk
                has too little room. Nothing is left behind then.
        """
        runs = Path(config.runs)
        path = runs / config.name if config.name else _free_name(runs, config.run_name())
        run = cls(path)
        if run.config_path.is_file():
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
            run.lock()
            run.reserve(size + LOG_BYTES)
            run.write_config(config)
        except OSError as error:
            run.unlock()
            raise ValueError(f"run directory {path} cannot be written: {error.strerror}") from error
        finally:  # after an error or Ctrl-C nothing is left behind
            for folder in missing:
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
        return run

    @classmethod
    def open(cls, path: Path) -> RunDir:
        """Return the directory of a run that exists.

        Raises:
            ValueError: if it is no run directory; it names the runs beside it.
        """
        run = cls(path)
        if not run.config_path.is_file():
            near = [p for p in (path, path.parent, Path()) if p.is_dir()]
            found = [sorted(folder.glob("*/config.json")) for folder in near]
            names = [str(p.parent) for p in next(filter(None, found), [])]
            hint = f"; there is {', '.join(names[:5])}" if names else ""
            raise ValueError(f"{path} is not a run directory: it has no config.json{hint}")
        return run

    def config(self) -> TrainConfig:
        """Return the configuration that the run was started with."""
        return load_config(self.config_path)

    def write_config(self, config: TrainConfig) -> None:
        """Write the configuration."""
        write_text(self.config_path, config.model_dump_json(indent=2) + "\n")

    def lock(self) -> None:
        """Keep other processes from training in the directory, until this one ends.

        Raises:
            ValueError: if another process does so already.
        """
        if sys.platform == "win32":
            return  # no flock there
        import fcntl

        self._lock = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.unlock()
            raise ValueError(f"run {self.path} is in use by another process") from error

    def unlock(self) -> None:
        """Let other processes train in the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def reserve(self, size: int) -> None:
        """Raise OSError unless `size` more bytes fit into the directory."""
        if sys.platform != "linux":
            if shutil.disk_usage(self.path).free < size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            return
        # unlike the number of free blocks this heeds quotas, limits and mounts without room
        with whole(self.path / "room", keep=False) as probe, probe.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the checkpoint; a kill at any moment leaves the old one or the new one."""
        with whole(self.checkpoint_path) as partial, partial.open("wb") as file:
            torch.save(dict(state), file)

    def load(self) -> dict[str, Any] | None:
        """Return the checkpoint, or None if there is none yet.

        Raises:
            ValueError: if it is damaged.
        """
        if not self.checkpoint_path.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(
                self.checkpoint_path, map_location="cpu", weights_only=True
            )
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise ValueError(f"checkpoint {self.checkpoint_path} is damaged") from error
        return state

    def save_policy(self, write: Callable[[Path], None], size: int) -> None:
        """Write the folder of the trained policy; a kill never leaves half of it.

        Args:
            write: writes it into a folder.
            size: about how many bytes that takes.
        """
        self.reserve(size)  # safetensors reports a full disk in a way of its own
        with whole_folder(self.policy_path) as partial:
            write(partial)

    def append(self, path: Path, line: Mapping[str, Any]) -> None:
        """Add a line of JSON."""
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def rewind(self, iteration: int) -> None:
        """Drop the lines that were logged after `iteration`, and a line cut short by a kill."""
        for path in (self.metrics_path, self.evaluations_path):
            if path.exists():
                kept = [line for line in read_lines(path) if line["iteration"] <= iteration]
                write_text(path, "".join(json.dumps(line) + "\n" for line in kept))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the JSON lines of a file; a last line that was cut short is left out.

    Raises:
        ValueError: if another line is damaged.
    """
    if not path.exists():
        return []
    values = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            values.append(json.loads(line))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: not a line of JSON") from error
    return values


@contextmanager
def whole(path: Path, *, keep: bool = True) -> Iterator[Path]:
    """Give a path to write to, which takes the place of `path` when all has gone well.

    So a file is there whole or not at all, and one that was there stays until then.

    Args:
        path: the file.
        keep: false for a trial, after which nothing is there.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        if keep:
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give the path of a folder to write, which takes the place of `path` when all has gone well.

    So a folder is there whole or not at all. One that was there stays until then; a kill between
    the two renames leaves both under hidden names, and the next call puts the old one back.
    """
    partial, old = (path.with_name(f".{path.name}.{end}") for end in ("partial", "old"))

    def tidy() -> None:
        if old.exists() and not path.exists():
            os.replace(old, path)
        for leftover in (partial, old):
            shutil.rmtree(leftover, ignore_errors=True)

    tidy()
    try:
        yield partial
        if path.exists():
            os.replace(path, old)
        os.replace(partial, path)
    finally:
        tidy()


def write_text(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _free_name(runs: Path, name: str) -> Path:
    """Return the first of NAME, NAME-2, NAME-3 … that does not exist."""
    path, number = runs / name, 1
    while path.exists():
        number += 1
        path = runs / f"{name}-{number}"
    return path
