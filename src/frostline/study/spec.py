"""What a study compares: arms × curricula × learning rates × seeds, as a TOML file says it.

    name = "example"
    curricula = ["frontier", "hardest"]
    seeds = 3                               # fresh seeds of each arm
    train = { iterations = 150 }
    exam = { problems = 1000, others = ["countdown"], problems_others = 200 }

    [curriculum.hardest]                    # what the name of a curriculum stands for
    kind = "fixed"
    level = { arithmetic = 10 }

    [[arms]]
    trainable = "none"                      # the untrained policy

    [[arms]]
    trainable = "first:5"
    headline = true
    seeds = 5

Everything that is not of an arm is the same for all arms: problems, exam, iterations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, field_validator, model_validator

from frostline.agents.config import GRPOConfig
from frostline.curricula import PRESETS, CurriculumConfig
from frostline.envs import TextEnv

from ..config import TrainConfig, read_options
from ..families import load_family
from ..profile_options import flat
from .arm import TUNING_SEED, UNTRAINED, Arm, Stage, Tuning
from .names import check_distinct, check_known, family_names

TUNING_SPLIT, FINAL_SPLIT = "validation", "test"  # what drives a choice must not measure it
TUNING_EXAM = 4  # an exam of tuning has a quarter of the problems
OWN_OPTIONS = {"learning_rate": "rates, of tuning or of an arm", "optimizer": "optimizer of an arm"}

__all__ = [
    "TUNING_SEED",
    "UNTRAINED",
    "Arm",
    "Exam",
    "Stage",
    "Study",
    "TrainOptions",
    "Tuning",
    "load_study",
    "spread",
]

_TRAIN = TrainConfig()


class TrainOptions(BaseModel, frozen=True, extra="forbid"):
    """How every arm is trained."""

    policy: str = Field(default=_TRAIN.policy, description="`base`, `mixed`, a folder, or a hub id")
    family: tuple[str, ...] = Field(
        default=("closed_forms", "piecewise_functions", "arithmetic", "linear_equations"),
        min_length=1,
        description="families of the mixture: names, or module:Class for your own",
    )
    levels: dict[str, int] = Field(
        default_factory=dict,
        description="highest level of a family that is trained on and examined, by its name; all "
        "of its levels where not named",
    )
    iterations: int = Field(default=_TRAIN.iterations, ge=1, description="of a fresh run")
    answer_format: str = Field(default=_TRAIN.answer_format, description="raw, tag or boxed")
    max_turns: int = Field(
        default=_TRAIN.max_turns, ge=1, description="answers per episode of training"
    )
    discount: float = Field(
        default=_TRAIN.discount,
        gt=0,
        le=1,
        description="factor on the reward for each turn used before",
    )
    device: str = Field(default=_TRAIN.device, description="cpu or cuda")
    grpo: GRPOConfig = Field(
        default_factory=GRPOConfig,
        description="the algorithm, without learning_rate and optimizer: they are an arm's own",
    )

    @field_validator("grpo", mode="before")
    @classmethod
    def _equal_for_all(cls, value: Any) -> Any:
        for name, where in OWN_OPTIONS.items() if isinstance(value, dict) else ():
            if name in value:
                raise ValueError(f"{name} is not the same for all arms: give {where}")
        return value

    @field_validator("family")
    @classmethod
    def _known(cls, family: tuple[str, ...]) -> tuple[str, ...]:
        family_names(family)
        return family


class Exam(BaseModel, frozen=True, extra="forbid"):
    """What a trained policy is asked at the end; while rates are tuned, a quarter of it."""

    problems: int = Field(
        default=1000, ge=1, description="problems of each family trained on, spread over its levels"
    )
    others: tuple[str, ...] = Field(
        default=(), description="families that are not trained on, for what is forgotten"
    )
    problems_others: int = Field(default=200, ge=1, description="problems of each of them")

    def size(self, stage: Stage) -> int:
        """Return the number of problems of each family trained on."""
        return self.problems if stage == "final" else max(1, self.problems // TUNING_EXAM)

    @staticmethod
    def split(stage: Stage) -> str:
        """Return the split whose problems are asked."""
        return FINAL_SPLIT if stage == "final" else TUNING_SPLIT


class Study(BaseModel, frozen=True, extra="forbid"):
    """Arms × curricula × learning rates × seeds; all else is equal."""

    name: str = Field(min_length=1, description="folder of the results, and title of the report")
    train: TrainOptions = Field(default_factory=TrainOptions, description="equal for all arms")
    arms: tuple[Arm, ...] = Field(min_length=1, description="what is compared")
    curricula: tuple[str, ...] = Field(
        default=("frontier",), min_length=1, description="presets, or names from [curriculum.NAME]"
    )
    curriculum: dict[str, CurriculumConfig] = Field(
        default_factory=dict, description="curricula with options, by name"
    )
    tuning: Tuning = Field(default_factory=Tuning, description="how an arm gets its learning rate")
    seeds: int = Field(default=3, ge=1, le=TUNING_SEED, description="fresh seeds of each arm")
    exam: Exam = Field(default_factory=Exam, description="what is measured")

    @field_validator("name")
    @classmethod
    def _one_folder(cls, name: str) -> str:
        return TrainConfig(name=name).name

    @model_validator(mode="after")
    def _check_names(self) -> Study:
        names = [arm.name for arm in self.arms]
        check_distinct("arms", names)
        tuned = [arm.name for arm in self.arms if not (arm.untrained or arm.rate_of)]
        for arm in self.arms:
            if arm.rate_of:
                check_known(f"rate_of of arm {arm.name!r}", arm.rate_of, tuned)
        check_distinct("curricula", self.curricula)
        for name in self.curricula:
            check_known("curricula", name, [*self.curriculum, *PRESETS])
        for name in [*self.curriculum, *filter(None, [self.tuning.curriculum])]:
            check_known("a curriculum that is defined or tuned under", name, self.curricula)
        if UNTRAINED in self.curricula:
            raise ValueError(f"a curriculum may not be called {UNTRAINED!r}")
        family_names([*self.train.family, *self.exam.others])
        known = {load_family(text).name: load_family(text) for text in self.train.family}
        for name, level in self.train.levels.items():
            check_known("levels", name, list(known))
            if not 1 <= level <= len(known[name].levels):
                raise ValueError(
                    f"levels of {name} must be 1 to {len(known[name].levels)}, got {level}"
                )
        return self

    def arm(self, name: str) -> Arm:
        """Return an arm.

        Raises:
            ValueError: if there is none of that name.
        """
        check_known("arm", name, [arm.name for arm in self.arms])
        return next(arm for arm in self.arms if arm.name == name)

    def ladders(self) -> tuple[str, ...]:
        """Return the names of the families trained on."""
        return family_names(self.train.family)

    def space(self, envs: Mapping[str, TextEnv]) -> dict[str, int]:
        """Return the highest level in use by family, of environments by family."""
        tops = self.train.levels
        return {name: tops.get(name, len(env.family.levels)) for name, env in envs.items()}

    def curriculum_config(self, name: str) -> CurriculumConfig:
        """Return what the name of a curriculum stands for.

        Raises:
            ValueError: if the study has none of that name.
        """
        check_known("curriculum", name, self.curricula)
        named = self.curriculum.get(name)
        return named or CurriculumConfig.model_validate({"kind": name})

    def config(self, arm: Arm, rate: float) -> GRPOConfig:
        """Return the options of the algorithm for a run of an arm that trains."""
        values = self.train.grpo.model_dump() | {"learning_rate": rate, "optimizer": arm.optimizer}
        return GRPOConfig.model_validate(values)

    def fresh_seeds(self, arm: Arm) -> range:
        """Return the seeds of an arm's final runs."""
        return range(self.seeds if arm.seeds is None else arm.seeds)

    def tuning_seeds(self) -> range:
        """Return the seeds of every run of tuning."""
        return range(TUNING_SEED, TUNING_SEED + self.tuning.seeds)

    def identity(self) -> dict[str, Any]:
        """Return, as flat JSON values, what the number of a run depends on beside its key.

        Arms, curricula and seeds may join a study that has begun, and rates may; none of its
        options may change, nor what an arm or curriculum is.
        """
        grpo = self.train.grpo.model_dump(exclude=set(OWN_OPTIONS))
        train = self.train.model_dump(exclude={"grpo", "iterations"}) | {"grpo": grpo}
        values = flat({"train": train, "exam": self.exam.model_dump()})
        for arm in self.arms:
            values[f"arms.{arm.name}"] = arm.model_dump(include={"trainable", "optimizer"})
        for name in self.curricula:
            values[f"curricula.{name}"] = self.curriculum_config(name).model_dump()
        return json.loads(json.dumps(values))  # type: ignore[no-any-return]


def load_study(path: Path) -> Study:
    """Return the study that a TOML file describes.

    Raises:
        ValueError: if the file cannot be read, has an unknown key, of which it names the nearest,
            or a bad value; in one line.
    """
    return read_options(Study, path, "study")


def spread(problems: int, levels: int) -> tuple[int, ...]:
    """Return how many of a family's problems are of each level, as evenly as can be.

    >>> spread(10, 4)
    (2, 3, 2, 3)
    """
    ends = [problems * level // levels for level in range(levels + 1)]
    return tuple(high - low for low, high in pairwise(ends))
