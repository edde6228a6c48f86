"""The options of a layer-contribution profile."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel, Field, field_validator

from frostline.agents.config import GRPOConfig

from .config import TrainConfig

BASE_LEVELS = "7,8"  # of closed forms: where the base policy fails often and learns within minutes
_NUMBERS = re.compile(r"\d{1,4}(-\d{1,4})?(\s*,\s*\d{1,4}(-\d{1,4})?)*")
_TRAIN = TrainConfig()
_BASE_FAMILIES = ("closed_forms",)
# where the results lie and how they are shown, but not what they are
_PRESENTATION = {"runs", "name", "json_output", "quiet"}


class ProfileOptions(BaseModel, frozen=True, extra="forbid"):
    """Which layers to train alone, on which problems, for how long."""

    policy: str = Field(default=_TRAIN.policy, description="`base`, `mixed`, a folder, or a hub id")
    family: tuple[str, ...] = Field(
        default=_BASE_FAMILIES, description="families: names, or module:Class for your own"
    )
    layers: str = Field(
        default="all", description="layers to train alone, from the bottom: 0,3,5-7, or all"
    )
    levels: str = Field(
        default="",
        description="levels to train on, all alike, and to measure: 7,8 or 1-4, or all; empty: "
        f"{BASE_LEVELS} for the base policy on closed forms, which hardly learns at the others "
        "in this time, else all",
    )
    iterations: int = Field(default=30, ge=1, description="iterations of each training")
    seeds: int = Field(default=3, ge=1, description="trainings of each layer, and of all layers")
    seed: int = Field(default=0, ge=0, description="the first seed; the others follow it")
    full_learning_rate: float | None = Field(
        default=1e-4,
        gt=0,
        description="learning rate of full training; grpo.learning-rate is that of the layers",
    )
    eval_problems: int = Field(
        default=300, ge=1, description="validation problems per level and seed"
    )
    answer_format: str = Field(default=_TRAIN.answer_format, description="raw, tag or boxed")
    runs: str = Field(default=_TRAIN.runs, description="folder that holds the profile's directory")
    name: str = Field(default="", description="directory within it; empty: made from the options")
    threads: int = Field(default=_TRAIN.threads, ge=1, description="CPU threads of torch")
    device: str = Field(default=_TRAIN.device, description="cpu or cuda")
    grpo: GRPOConfig = Field(
        default_factory=lambda: GRPOConfig(learning_rate=1e-3), description="the algorithm"
    )

    @field_validator("layers", "levels")
    @classmethod
    def _numbers(cls, text: str) -> str:
        text = text.strip()
        if text not in ("", "all") and not _NUMBERS.fullmatch(text):
            raise ValueError("must be numbers and ranges such as 0,3,5-7, or all")
        return text

    @field_validator("name")
    @classmethod
    def _one_folder(cls, name: str) -> str:
        return TrainConfig(name=name).name

    def level_text(self) -> str:
        """Return the levels that are meant if none are given."""
        usual = self.policy == "base" and self.family == _BASE_FAMILIES
        return self.levels or (BASE_LEVELS if usual else "all")

    def config(self, subset: str) -> GRPOConfig:
        """Return the agent's options for a trainable subset: `full` has a learning rate its own."""
        rate = self.full_learning_rate if subset == "full" else None
        return self.grpo.model_copy(update={"learning_rate": rate}) if rate else self.grpo

    def directory_name(self) -> str:
        """Return the directory's name: the one given, or what is profiled."""
        families = "-".join(family.rpartition(":")[2] for family in self.family)
        policy = re.sub(r"[^\w.]+", "-", self.policy.rstrip("/").rpartition("/")[2])
        return self.name or f"profile-{families[:120]}-{policy[:60]}-seed{self.seed}"

    def identity(self) -> dict[str, Any]:
        """Return, as flat JSON values, the options that a profile's numbers depend on."""
        names = set(ProfileOptions.model_fields) - _PRESENTATION
        return json.loads(json.dumps(flat(self.model_dump(include=names))))  # type: ignore[no-any-return]


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested options as one level, with dotted names.

    >>> flat({"grpo": {"beta": 0.0}, "seed": 1})
    {'grpo.beta': 0.0, 'seed': 1}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def numbers(name: str, text: str, first: int, last: int) -> tuple[int, ...]:
    """Return the numbers that `0,3,5-7` or `all` stands for, in order.

    >>> numbers("levels", "2,5-7", 1, 14)
    (2, 5, 6, 7)

    Args:
        name: of the option, for the error.
        text: numbers and ranges, or `all`.
        first: the lowest there is.
        last: the highest.

    Raises:
        ValueError: for a number outside first … last, or a range that runs backwards.
    """
    if text in ("", "all"):
        return tuple(range(first, last + 1))
    chosen: set[int] = set()
    for item in text.split(","):
        low, _, high = (part.strip() for part in item.partition("-"))
        a, b = int(low), int(high or low)
        if not first <= a <= b <= last:
            raise ValueError(f"{name} are numbered {first} … {last}, got {item.strip()!r}")
        chosen |= set(range(a, b + 1))
    return tuple(sorted(chosen))
