"""The options of a training run: defaults, then a TOML file, then the command line."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from frostline.agents.config import GRPOConfig
from frostline.curricula import CurriculumConfig

from .cli import explain

ModelT = TypeVar("ModelT", bound=BaseModel)


class TrainConfig(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """What to train on which problems, in which order, with how few weights."""

    policy: str = Field(default="base", description="`base`, `mixed`, a folder, or a hub id")
    family: tuple[str, ...] = Field(
        default=("closed_forms",),
        description="families to train on: names, or module:Class for your own",
    )
    trainable: str = Field(
        default="first:5",
        description="which weights train, and when: full, first:5, last:1, attention@middle:4, "
        "norms+final_norm, lora:r=8, lisa:k=2,every=10 … (docs/subsets.md lists all)",
    )
    engine: Literal["native", "trl"] = Field(
        default="native",
        description="native: one process, where freezing saves time; trl: several, by TRL's "
        "trainer (docs/engines.md)",
    )
    trl: tuple[str, ...] = Field(
        default=(),
        description="options of TRL's own GRPOConfig for --engine trl, such as use_vllm=true",
    )
    iterations: int = Field(default=150, ge=0, description="iterations of the whole run")
    seed: int = Field(default=0, ge=0, description="of the sampling and of the curriculum")
    answer_format: str = Field(default="raw", description="raw, tag or boxed")
    max_turns: int = Field(
        default=1, ge=1, description="answers per episode of training; evaluation takes the first"
    )
    discount: float = Field(
        default=1.0, gt=0, le=1, description="factor on the reward for each turn used before"
    )
    runs: str = Field(default="runs", description="folder that holds the run directories")
    name: str = Field(
        default="", description="run directory within it; empty: made from the options"
    )
    threads: int = Field(default=1, ge=1, description="CPU threads of torch")
    device: str = Field(default="cpu", description="cpu or cuda")
    checkpoint_every: int = Field(default=10, ge=1, description="iterations between checkpoints")
    eval_every: int = Field(
        default=25,
        ge=0,
        description="iterations between evaluations on the validation split; 0: none",
    )
    eval_problems: int = Field(
        default=150, ge=1, description="test problems per level, before and after training"
    )
    progress_problems: int = Field(
        default=24, ge=1, description="validation problems per level in the evaluations between"
    )
    grpo: GRPOConfig = Field(default_factory=GRPOConfig, description="the algorithm")
    curriculum: CurriculumConfig = Field(
        default_factory=CurriculumConfig, description="the order of the problems"
    )

    @field_validator("trainable", mode="before")
    @classmethod
    def _one_line(cls, value: object) -> str:
        """Turn a list or a table of TOML into the spec that it means."""
        if isinstance(value, str):
            return value
        from frostline.agents.subsets.table import spec_text  # it imports torch

        return spec_text(value)

    @field_validator("trl", mode="before")
    @classmethod
    def _assignments(cls, value: Any) -> Any:
        """Turn a table of TOML into name=value, the form that the command line takes."""
        if isinstance(value, dict):
            # a date of TOML is no JSON
            return tuple(
                f"{name}={json.dumps(option, default=str)}" for name, option in value.items()
            )
        return value

    @model_validator(mode="after")
    def _trl_options(self) -> TrainConfig:
        if self.trl and self.engine != "trl":
            raise ValueError(f"trl={self.trl[0]!r} is an option of --engine trl, got native")
        self.trl_options()
        return self

    def trl_options(self) -> dict[str, Any]:
        """Return the options for TRL's own configuration; their values are JSON or plain text.

        Raises:
            ValueError: for one that is no `name=value`, or comes twice.
        """
        options: dict[str, Any] = {}
        for text in self.trl:
            name, equals, value = text.partition("=")
            if not equals or not value.strip() or not name.isidentifier():
                raise ValueError(f"trl must be name=value, such as use_vllm=true; got {text!r}")
            if name in options:
                raise ValueError(f"trl must give {name} once, got {text!r} as well")
            try:
                options[name] = json.loads(value)
            except ValueError:
                options[name] = value
        return options

    @field_validator("name")
    @classmethod
    def _one_folder(cls, name: str) -> str:
        if name in (".", "..") or not re.fullmatch(r"[^/\\\0]{0,200}", name):
            raise ValueError("must be the name of one folder, without slashes (see also runs)")
        return name

    def run_name(self) -> str:
        """Return the run directory's name if none was given: what is trained, and the seed."""
        families = "-".join(family.rpartition(":")[2] for family in self.family)
        subset = re.sub(r"[^\w.]+", "-", self.trainable)
        return f"{families[:120]}-{subset[:60]}-seed{self.seed}"


def differences(first: BaseModel, second: BaseModel) -> Iterator[tuple[str, Any, Any]]:
    """Yield the options in which two configurations differ: dotted name and both values."""
    for name in type(first).model_fields:
        one, other = getattr(first, name), getattr(second, name)
        if isinstance(one, BaseModel) and isinstance(other, BaseModel):
            for inner, *values in differences(one, other):
                yield f"{name}.{inner}", values[0], values[1]
        elif one != other:
            yield name, one, other


def load_config(path: Path | None) -> TrainConfig:
    """Return the defaults, overridden by a TOML (or JSON) file.

    Raises:
        ValueError: if the file cannot be read, or has an unknown key; it names the nearest.
    """
    return TrainConfig() if path is None else read_options(TrainConfig, path, "config")


def read_options(model: type[ModelT], path: Path, what: str) -> ModelT:
    """Return the options that a TOML (or JSON) file gives.

    Args:
        model: of the options.
        path: of the file.
        what: the file is, for the error.

    Raises:
        ValueError: if the file cannot be read, has an unknown key, of which it names the nearest,
            or a bad value; in one line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ValueError(f"{what} file {path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # no TOML, no JSON, no UTF-8
        raise ValueError(f"{what} file {path} is not valid: {error}") from error
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ValueError(f"{path}: {_explain(error, model)}") from error


def _explain(error: ValidationError, model: type[BaseModel]) -> str:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return f"unknown option {'.'.join(path)}{_near(path, model)}"
    if first["type"] == "literal_error":
        choices = re.findall(r"'([^']*)'", first["ctx"]["expected"])
        close = difflib.get_close_matches(str(first["input"]), choices, n=1)
        return explain(error) + (f"; did you mean {close[0]}?" if close else "")
    return explain(error)


def _near(path: list[str], model: type[BaseModel]) -> str:
    """Return the valid option nearest to an unknown one."""
    for part in path[:-1]:
        model = _model(model.model_fields[part].annotation) if part in model.model_fields else model
    close = difflib.get_close_matches(path[-1], list(model.model_fields), n=1, cutoff=0.4)
    return f"; did you mean {'.'.join([*path[:-1], close[0]])}?" if close else ""


def _model(annotation: Any) -> type[BaseModel]:
    """Return the model in an annotation: itself, or what a tuple or a table holds."""
    inner = [part for part in get_args(annotation) if part is not Ellipsis]
    return _model(inner[-1]) if inner else annotation
