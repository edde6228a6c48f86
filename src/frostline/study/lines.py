"""The raw line that a finished run leaves, and the file of them.

A run is in the file or it is not: a stop costs the run under way and no other.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, field, fields
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from frostline.curricula.checks import near_miss

from ..cli import explain
from .spec import Stage


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class RunLine:
    """How one run went.

    Attributes:
        arm: name of the arm.
        curriculum: name of the curriculum; `none` for the untrained policy.
        seed: of problems, sampling, curriculum and exam.
        lr: learning rate; 0 for the untrained policy.
        stage: `tune` or `final`.
        iterations: how many were to be done.
        status: `ok`, `diverged` or `failed`.
        error: why it diverged or failed.
        trainable: weights that train at some time.
        total: weights of the policy.
        reward: mean training reward of each iteration.
        signal: share of the groups with unequal rewards, of each iteration.
        levels: frontier level of each family at the end.
        promotions: iteration, family and passed level of each.
        groups: groups trained on, by `family/level`.
        layers: iterations in which each layer trained, where a schedule chose.
        solved: exam problems solved, by `family/level`, packed by `pack`.
        problems: how many problems these were.
        errors: exam problems whose verifier failed; they count as not solved.
        split: of the exam.
        seconds: of the parts of the run: generate, verify, update, exam; of processor time, on a
            GPU of the clock.
        update_flops_share: floating point operations of an update, relative to full training.
        peak_bytes: largest memory of the update.
        hardware: processor and threads.
    """

    arm: str
    curriculum: str
    seed: int
    lr: float
    stage: Stage
    iterations: int
    status: Literal["ok", "diverged", "failed"]
    error: str = ""
    trainable: int = 0
    total: int = 0
    reward: tuple[float, ...] = ()
    signal: tuple[float, ...] = ()
    levels: dict[str, int] = field(default_factory=dict)
    promotions: tuple[tuple[int, str, int], ...] = ()
    groups: dict[str, int] = field(default_factory=dict)
    layers: dict[int, int] = field(default_factory=dict)
    solved: dict[str, str] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    split: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    update_flops_share: float | None = None
    peak_bytes: int | None = None
    hardware: str = ""

    @model_validator(mode="after")
    def _check(self) -> RunLine:
        if self.status != "ok" and not self.error:
            raise ValueError(f"error must say why the run {self.status}, got an empty text")
        if self.status == "ok" and not self.problems:
            raise ValueError("a run that went well must have sat an exam, got no problems")
        if self.solved.keys() != self.problems.keys():
            raise ValueError("solved and problems must be of the same levels")
        for rung, digits in self.solved.items():
            try:
                unpack(digits, self.problems[rung])
            except ValueError as error:
                raise ValueError(f"solved, {rung}: {error}") from None
        return self

    def rates(self) -> dict[str, float]:
        """Return the share of exam problems solved by family; its levels count by their problems.

        Raises:
            ValueError: if the run sat no exam.
        """
        if not self.problems:
            raise ValueError(f"a run of {self.arm!r} ended without an exam: {self.error}")
        solved, problems = Counter[str](), Counter[str]()
        for rung, digits in self.solved.items():
            family = rung.rpartition("/")[0]
            solved[family] += int(digits or "0", 16).bit_count()
            problems[family] += self.problems[rung]
        return {family: solved[family] / count for family, count in problems.items() if count}

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunLine:
        """Return the line that JSON values describe.

        Raises:
            ValueError: for an unknown or missing field, or a bad value; in one line.
        """
        names = [known.name for known in fields(cls)]
        for name in values:
            if name not in names:
                raise ValueError(f"a run has no field {name!r}{near_miss(name, names)}")
        try:
            return TypeAdapter(cls).validate_python(dict(values))
        except ValidationError as error:
            raise ValueError(explain(error)) from error


def pack(bits: Iterable[bool]) -> str:
    """Return bits as hexadecimal digits: four a digit, the first of them in its highest bit.

    The last digit is filled up with zeros.

    >>> pack([True, False, False, True, True])
    '98'
    """
    text = "".join("01"[bool(bit)] for bit in bits)
    text += "0" * (-len(text) % 4)
    return "".join(f"{int(text[i : i + 4], 2):x}" for i in range(0, len(text), 4))


def unpack(digits: str, count: int) -> list[bool]:
    """Return the `count` bits that `pack` has made `digits` of.

    >>> unpack("98", 5)
    [True, False, False, True, True]

    Raises:
        ValueError: if `digits` are not those of `count` bits.
    """
    if not re.fullmatch(r"[0-9a-f]*", digits) or len(digits) != -(-count // 4):
        raise ValueError(f"{count} bits are {-(-count // 4)} hexadecimal digits, got {digits!r}")
    text = "".join(f"{int(digit, 16):04b}" for digit in digits)
    if "1" in text[count:]:
        raise ValueError(f"of {digits!r} only {count} bits may be set")
    return [bit == "1" for bit in text[:count]]


def read(path: Path) -> list[RunLine]:
    """Return the lines of a file, none if there is no file; a cut last line is left out.

    Raises:
        ValueError: if another line is damaged, or no line of a run.
    """
    from ..run_dir import read_lines  # it imports torch

    lines = []
    for number, values in enumerate(read_lines(path), 1):
        try:
            lines.append(RunLine.from_dict(values))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from error
    return lines


def append(path: Path, line: RunLine) -> None:
    """Add a line and see it on the disk; what a kill has left of the last one goes first."""
    text = json.dumps(line.to_dict(), allow_nan=False) + "\n"
    with path.open("a+b") as file:
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
