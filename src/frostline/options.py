"""What the options of several commands share."""

from __future__ import annotations

import contextlib
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_origin

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
        text = _mistake(stop, box.getvalue(), model)
        hint = near_choice(text)
        text = text.rstrip(".") + hint if hint else _expected(text, args, model)
        raise ValueError(text) from None
    if unknown:
        noun = "option" if unknown[0].startswith("-") else "argument"
        raise ValueError(f"unknown {noun} {unknown[0]}{_near(unknown, model)}; see {prog} --help")
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


def near_choice(text: str) -> str:
    """Return a hint at the choice that a refused word resembles, or an empty string.

    >>> near_choice("invalid choice 'gren' for argument '--hue'. Expected one of ('green', 'red').")
    '; did you mean green?'
    """
    choices = re.match(r"invalid choice '(.*)' for argument \S+ Expected one of (.*)", text)
    if choices is None:
        return ""
    close = difflib.get_close_matches(choices[1], re.findall(r"'([^']*)'", choices[2]), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _near(unknown: Sequence[str], model: type[BaseModel]) -> str:
    """Return a hint at the option that the first of some unknown arguments resembles."""
    option, *rest = unknown
    if not option.startswith("-"):
        return ""
    flag, _, value = option.partition("=")
    name = flag.replace("_", "-").lstrip("-")
    presets = _preset_options(model)
    names = [*option_names(model), *presets]
    ends = [full for full in names if full == name or full.endswith(f".{name}")]
    close = ends or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not close:
        return ""
    if close[0] in presets:
        value = value or next((word for word in rest[:1] if not word.startswith("--")), "…")
        return f"; did you mean --{presets[close[0]]} {value}?"
    return f"; did you mean --{close[0]}?"


def _preset_options(model: type[BaseModel]) -> dict[str, str]:
    """Return, by what they might be called, options that curricula are given by name."""
    from frostline.curricula.config import CurriculumConfig, preset_options

    return {
        f"{group}.{name.replace('_', '-')}": f"{group}.options {name}"
        for group, field in model.model_fields.items()
        if field.annotation is CurriculumConfig
        for name in preset_options()
    }


def _expected(text: str, args: Sequence[str], model: type[BaseModel]) -> str:
    """Return what an option of pairs takes and was given where tyro only says that it failed."""
    flag = re.match(r"Error parsing --(\S+): .*key-value pairs", text)
    if flag is None:
        return text
    kind: Any = model
    for name in flag[1].split("."):
        kind = kind.model_fields[name.replace("-", "_")].annotation
    words = " ".join(args).partition(f"--{flag[1]}")[2].split(" --")[0].lstrip("= ")
    return f"--{flag[1]} needs {_in_words(kind)}, got {words}"


def _in_words(kind: Any) -> str:
    """Return what an annotation asks for."""
    parts = [_in_words(part) for part in get_args(kind)]
    if get_origin(kind) is UnionType:
        return " or ".join(parts)
    if get_origin(kind) is dict:
        return f"pairs of {parts[0]} and {parts[1]}"
    if get_origin(kind) is list:
        return "several"
    return {str: "a name", int: "a whole number", float: "a number"}[kind]


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
