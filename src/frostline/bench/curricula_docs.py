"""What docs/curricula.md says of presets and parts: their docstrings as Markdown."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import frostline.curricula as package

CODE = re.compile(r"(`[^`]*`)")
PAGE_WIDTH = 96  # columns of code
HEADING = re.compile(r"(Args|Attributes|Raises|Returns|Yields):")


class Role(NamedTuple):
    """What a part of a curriculum may be.

    Attributes:
        title: the argument of `Curriculum` or `Ladder` that takes it.
        purpose: what it decides.
        module: the module or package where such parts are.
        method: what only such parts have.
    """

    title: str
    purpose: str
    module: str
    method: str


ROLES = (
    Role("estimator", "what is believed of pass rates", "estimators", "rate"),
    Role("score", "what a level is worth", "scores", "values"),
    Role("selection", "from scores to chances", "selection", "__call__"),
    Role("ladder's gate", "when a level is passed", "gates", "decide"),
    Role("ladder's demotion", "when a passed level is lost", "demotion", "lost"),
    Role("ladder's quarantine", "when a level is set aside", "quarantine", "release"),
    Role("ladder's reach", "which levels are open", "reach", "behind"),
    Role("replay", "what passed levels get", "replay", "split"),
    Role("mix", "shares of families", "mixing", "shares"),
    Role("floor", "what every open level gets at least", "floors", "lift"),
    Role("filter", "which groups are trained on", "filters", "admits"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a docstring says.

    Attributes:
        blocks: paragraphs, each on one line, and examples as blocks of code.
        args: what the arguments mean, by name.
    """

    blocks: list[str]
    args: dict[str, str]


def said(documented: object) -> Said:
    """Read a docstring in the style of Google; what follows `Raises:` or `Returns:` is left out."""
    blocks: list[str] = []
    args: dict[str, str] = {}
    heading = ""
    for paragraph in (inspect.getdoc(documented) or "").split("\n\n"):
        lines = paragraph.splitlines()
        found = HEADING.match(lines[0]) if lines else None
        if found:
            heading, lines = found[1], lines[1:]
        elif lines and not lines[0].startswith(" "):
            heading = ""
        if heading == "Args":
            args |= _arguments(inspect.cleandoc("\n".join(["", *lines])))
        elif lines and not heading:
            example = lines[0].startswith(">>>")
            blocks.append(f"```python\n{paragraph}\n```" if example else _flow(paragraph))
    return Said(blocks, args)


def _flow(paragraph: str) -> str:
    r"""Return a paragraph without its line breaks, but for those between items of a list.

    >>> _flow("the levels\nare open\n- to all\n  alike\n- for ever")
    'the levels are open\n- to all alike\n- for ever'
    """
    items = re.split(r"\n(?=- )", paragraph)
    return "\n".join(prose(" ".join(item.split())) for item in items)


def _arguments(text: str) -> dict[str, str]:
    r"""Return `name: meaning` by name; indented lines go on.

    >>> _arguments("share: of the tickets,\n    0..1.\nseed: of the stream.")
    {'share': 'of the tickets, 0..1.', 'seed': 'of the stream.'}
    """
    items = re.split(r"\n(?! )", text)
    pairs = (item.partition(":") for item in items)
    return {name: prose(" ".join(meaning.split())) for name, _, meaning in pairs}


def prose(text: str) -> str:
    r"""Return text of a docstring as Markdown: outside of code no character has a meaning.

    >>> print(prose("`a*b` is a * b"))
    `a*b` is a \* b
    """
    found = CODE.split(text)
    found[::2] = [re.sub(r"([*\\]|<(?=[A-Za-z/!?]))", r"\\\1", part) for part in found[::2]]
    return "".join(found)


def in_cell(text: str) -> str:
    """Return text that may stand in a Markdown table."""
    return text.replace("|", "\\|")


def signature(factory: Callable[..., Any], *, without: Collection[str] = ()) -> str:
    """Return how something is called, without annotations and some of its parameters.

    >>> signature(prose), signature(in_cell, without={"text"})
    ('prose(text)', 'in_cell(…)')
    """
    shown = []
    for name, parameter in inspect.signature(factory).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        if name not in without:
            shown.append(str(parameter.replace(annotation=parameter.empty)))
    rest = ["…"] if without else []
    return textwrap.fill(
        f"{factory.__name__}({', '.join([*shown, *rest])})",
        PAGE_WIDTH,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def preset_text(factory: Callable[..., Any]) -> str:
    """Return how a preset is called, what its docstring says, and its options as a table."""
    docs = said(factory)
    parameters = inspect.signature(factory).parameters
    options = {name: text for name, text in docs.args.items() if name not in ("space", "seed")}
    parts = [f"```python\n{signature(factory, without=options)}\n```", *docs.blocks]
    if options:
        lines = ["| option | default | meaning |", "|---|---|---|"]
        for name, text in options.items():
            lines.append(f"| `{name}` | {_default(parameters[name])} | {in_cell(text)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _default(parameter: inspect.Parameter) -> str:
    """Return the default of an option as code, or nothing if it must be given."""
    return "" if parameter.default is parameter.empty else f"`{parameter.default!r}`"


def module_text(factory: Callable[..., Any]) -> list[str]:
    """Return what the module of a preset says: its first paragraph is a heading."""
    module = inspect.getmodule(factory)
    blocks = said(module).blocks if module else []
    if not blocks:
        return [f"### {factory.__module__}"]
    # the first paragraph is a sentence and what else there is room for on its line
    title, dot, rest = blocks[0].partition(". ")
    following = [rest] if dot else []
    return [f"### {title.removesuffix('.')}", *following, *blocks[1:]]


def parts_text() -> str:
    """Return the table of the parts that there are."""
    lines = ["| takes | part | what it does |", "|---|---|---|"]
    for role in ROLES:
        takes = f"**{role.title}**: {role.purpose}"
        for part in parts_of(role):
            summary = in_cell(said(part).blocks[0])
            name = f"{import_of(part)}.{part.__name__}".removeprefix(f"{package.__name__}.")
            lines.append(f"| {takes} | `{name}` | {summary} |")
            takes = ""
    return "\n".join(lines)


def parts_of(role: Role) -> list[type]:
    """Return the parts of a role, by module and in the order in which they are written."""
    found = [
        part
        for module in _modules(role.module)
        for part in vars(module).values()
        if inspect.isclass(part)
        and part.__module__ == module.__name__
        and not part.__name__.startswith("_")
        and not inspect.isabstract(part)
        and not getattr(part, "_is_protocol", False)  # of typing, with no public name
        and any(role.method in vars(base) for base in part.__mro__)
    ]
    return list(dict.fromkeys(found))


def _modules(name: str) -> Iterator[Any]:
    """Yield the module of this name, or the package and its modules."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        parts = found.name.removeprefix(f"{package.__name__}.").split(".")
        if parts[0] == name:
            yield importlib.import_module(found.name)


def import_of(part: type) -> str:
    """Return from where a part is imported.

    >>> from frostline.curricula.floors import EvenFloor
    >>> import_of(EvenFloor)
    'frostline.curricula.floors'
    """
    parent = part.__module__.rpartition(".")[0]
    above = importlib.import_module(parent)
    # a package that shows what its modules hold is the place to import from
    shown = parent != package.__name__ and part.__name__ in vars(above)
    return parent if shown else part.__module__
