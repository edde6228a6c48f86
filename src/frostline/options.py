"""What the options of several commands share."""

from __future__ import annotations

import contextlib
import difflib
import io
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TypeAlias, TypeVar

import tyro
from pydantic import BaseModel, ValidationError

from .cli import explain

# `--json`; a field called `json` would hide a method of pydantic's
JsonFlag: TypeAlias = Annotated[
    bool,
    tyro.conf.FlagCreatePairsOff,
    tyro.conf.arg(name="json", help="print JSON for a program to read"),
]

ModelT = TypeVar("ModelT", bound=BaseModel)


def parse(
    model: type[ModelT],
    args: Sequence[str],
    *,
    prog: str,
    description: str,
    default: ModelT | None = None,
) -> ModelT:
    """Return the options that a command line gives.

    Args:
        model: the options and their defaults.
        args: the command line without the command.
        prog: name of the command, for `--help`.
        description: what `--help` says before the options, with an example.
        default: takes the place of the model's own defaults.

    Raises:
        ValueError: for a mistake in `args`, in one line.
        SystemExit: after `--help`.
    """
    flags = [arg.partition("=")[0] for arg in args if arg.startswith("--")]
    twice = next((flag for i, flag in enumerate(flags) if flag in flags[:i]), None)
    if twice:
        raise ValueError(f"{twice} is given twice; give it once, with all its values")
    box = io.StringIO()
    given: dict[str, Any] = {} if default is None else {"default": default}
    try:
        with contextlib.redirect_stderr(box):
            options: ModelT
            options, unknown = tyro.cli(
                model,
                prog=prog,
                description=description,
                args=args,
                return_unknown_args=True,
                **given,
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise ValueError(_mistake(stop, box.getvalue(), model)) from None
    if unknown:
        noun = "option" if unknown[0].startswith("-") else "argument"
        raise ValueError(
            f"unknown {noun} {unknown[0]}{_near(unknown[0], model)}; see {prog} --help"
        )
    return options


def check_device(device: str) -> str:
    """Return `device` if torch can use it, else raise ValueError."""
    import torch  # takes seconds to import; --help does not wait

    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()):
        raise ValueError(f"device must be cpu, cuda or cuda:N, got {device!r}{near_device(kind)}")
    count = torch.cuda.device_count()
    if kind == "cuda" and int(number or 0) >= count:
        raise ValueError(f"device={device} is not there: torch finds {count} CUDA devices")
    return device


def near_device(kind: str) -> str:
    """Return a hint at the device that `kind` resembles."""
    close = difflib.get_close_matches(kind, ("cpu", "cuda"), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def option_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the options of a model as the command line spells them, without the dashes."""
    for name, field in model.model_fields.items():
        spelled = prefix + name.replace("_", "-").replace("json-output", "json")
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from option_names(field.annotation, f"{spelled}.")
        else:
            yield spelled


def _near(option: str, model: type[BaseModel]) -> str:
    name = option.partition("=")[0].replace("_", "-").lstrip("-")
    names = list(option_names(model))
    ends = [full for full in names if full.endswith(f".{name}")]
    close = ends or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean --{close[0]}?" if close and option.startswith("-") else ""


def _mistake(stop: SystemExit, box: str, model: type[BaseModel]) -> str:
    """Return in one line what tyro found wrong: pydantic's finding, or the text of its box."""
    cause: BaseException | None = stop
    while cause is not None:
        if isinstance(cause, ValidationError):
            return explain(cause, _group(cause.title, model))
        cause = cause.__context__
    lines = [line.strip("│ ") for line in box.splitlines()]
    rules = [i for i, line in enumerate(lines) if line and not line.strip("─-")]
    framed = [line for line in lines if not line.startswith(("╭", "╰"))]
    if len(framed) == len(lines) and len(rules) > 1:
        # a terminal without Unicode has no frame: a title, a rule, the text up to the next rule
        return " ".join(lines[rules[0] + 1 : rules[1]]).strip()
    end = next((i for i, line in enumerate(framed) if line.startswith("──")), len(framed))
    return " ".join(filter(None, framed[:end])) or " ".join(box.split())


def _group(title: str, model: type[BaseModel]) -> str:
    """Return the option of `model` that is a model called `title`, or an empty string."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and field.annotation.__name__ == title:
            return name
    return ""
