"""`frostline list`: the families, their levels and samples, in the terminal or as pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import tyro
from pydantic import BaseModel, Field
from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table

from frostline.envs import FAMILIES, Family
from frostline.envs.instructions import prompt_text
from frostline.envs.registry import id_of

from .families import load_family
from .options import JsonFlag, parse
from .pages import family_page, first_problems, write_pages

DESCRIPTION = """List the families with a sample of each, or show the pages of some.

Examples:
  frostline list
  frostline list number_theory calculus
  frostline list mymodule:MyFamily
  frostline list --json
  frostline list --write docs/environments
"""


class ListArgs(BaseModel, frozen=True, extra="forbid"):
    """What to list, and how."""

    families: Annotated[tuple[str, ...], tyro.conf.Positional] = Field(
        default=(), description="families whose pages to show, by name or module:Class"
    )
    write: Path | None = Field(default=None, description="write every page to this folder instead")
    json_output: JsonFlag = False


def families(chosen: list[Family]) -> list[dict[str, Any]]:
    """Return one object per family: name, id, summary and levels.

    A level has `level` (1 is the easiest), `skill`, `widens`, and the prompt and reference answer
    of the first problem of its train split.
    """
    return [
        {
            "name": family.name,
            "id": id_of(family),
            "summary": family.summary,
            "levels": [_level(family, level) for level in range(1, len(family.levels) + 1)],
        }
        for family in chosen
    ]


def _level(family: Family, level: int) -> dict[str, Any]:
    (problem,) = first_problems(family, level, 1)
    return {
        "level": level,
        "skill": family.levels[level - 1].skill,
        "widens": family.levels[level - 1].widens,
        "example_prompt": prompt_text(problem.question, "raw", family.answer_noun),
        "example_question": problem.question,
        "example_answer": problem.answer,
    }


def tables(chosen: list[Family]) -> list[Table]:
    """Return one table per family, for a person."""
    return [_table(family) for family in families(chosen)]


def _table(family: dict[str, Any]) -> Table:
    title = f"[bold]{family['id']}[/bold]  {escape(family['summary'])}"
    table = Table(title=title, title_justify="left", title_style="")
    table.add_column("level", justify="right")
    for name in ("skill it adds", "example", "answer"):
        table.add_column(name, overflow="fold")
    for level in family["levels"]:
        skill = level["skill"] + (" (a wider range only)" if level["widens"] else "")
        texts = (skill, level["example_question"], level["example_answer"])
        table.add_row(str(level["level"]), *map(escape, texts))
    return table


def run_list(args: ListArgs) -> int:
    """Print the list; return 0.

    Raises:
        ValueError: for an unknown family; it names the nearest.
    """
    if args.write:
        paths = write_pages(args.write)
        print(f"wrote {len(paths)} pages to {args.write}")
        return 0
    chosen = [load_family(name) for name in args.families] or list(FAMILIES.values())
    if args.json_output:
        print(json.dumps(families(chosen), indent=2, ensure_ascii=False))
    elif args.families:
        Console().print(*(Markdown(family_page(family)) for family in chosen), sep="\n\n")
    else:
        Console().print(*tables(chosen), sep="\n\n")
    return 0


def main(args: list[str]) -> int:
    """Run `frostline list`."""
    return run_list(parse(ListArgs, args, prog="frostline list", description=DESCRIPTION))
