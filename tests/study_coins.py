"""The study of a coin that the tests of `frostline compare` share: its file, its directory."""

import json
import shutil
from pathlib import Path
from typing import Any

from frostline.cli import main

STUDY = """
name = "coins"
seeds = 2

[train]
policy = {policy}
family = ["children:Coin"]
iterations = 2
grpo = {{ groups = 2, num_generations = 2, max_completion_length = 2, warmup_iterations = 0 }}

[tuning]
seeds = 1
rates = [1e-3, 3.2e-3, 1e-2, 3.2e-2, 1e-1]
rounds = [[0.5, 0.4], [1.0, 0.0]]
widen = 0

[exam]
problems = 8

[[arms]]
trainable = "none"

[[arms]]
trainable = "last:1"
"""
RATES = "[1e-3, 3.2e-3, 1e-2, 3.2e-2, 1e-1]"
RUNS = 5 + 2 + 2 + 2  # two rounds of tuning, then two seeds of each arm


def write_study(policy: Path, path: Path) -> Path:
    """Write the file of the study."""
    path.write_text(STUDY.format(policy=json.dumps(str(policy))))
    return path


def compare(toml: Path, out: Path, *more: str) -> int:
    return main(["compare", str(toml), "--out", str(out), *more])


def args(toml: Path, out: Path, *more: str) -> list[str]:
    return [str(toml), "--out", str(out), *more]


def lines(out: Path) -> list[dict[str, Any]]:
    """Return the lines without what differs between two makings."""
    found = [json.loads(line) for line in (out / "runs.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in found]


def in_order(out: Path) -> list[dict[str, Any]]:
    return sorted(lines(out), key=lambda line: json.dumps(line, sort_keys=True))


def changed(toml: Path, name: str, old: str, new: str) -> Path:
    """Return another study file, with a change."""
    text = toml.read_text()
    assert old in text
    path = toml.with_name(f"{name}.toml")
    path.write_text(text.replace(old, new))
    return path


def cut(unbroken: Path, name: str, runs: int, torn: int = 0) -> Path:
    """Return a copy of a study that stopped after some runs, `torn` bytes into another."""
    path = unbroken.parent / name
    path.mkdir()
    shutil.copy(unbroken / "identity.json", path)
    found = (unbroken / "runs.jsonl").read_bytes().splitlines(keepends=True)
    (path / "runs.jsonl").write_bytes(b"".join(found[:runs]) + b"".join(found[runs:])[:torn])
    return path
