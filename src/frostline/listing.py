"""`frostline list`: the families, their levels and an example of each."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from frostline.envs import FAMILIES, IDS, Family, TaskSpec
from frostline.envs.instructions import prompt_text

from .options import JsonFlag, parse

DESCRIPTION = """List the families and their levels, with an example of each.

Examples:
  frostline list
  frostline list --json
"""


class ListArgs(BaseModel, frozen=True, extra="forbid"):
    """How to print."""

    json_output: JsonFlag = False


def families() -> list[dict[str, Any]]:
    """Return one object per family: name, id, summary and levels.

    A level has `level` (1 is the easiest), `skill`, `widens`, and the prompt and reference answer
    of the first problem of its train split.
    """
    return [
        {
            "name": family.name,
            "id": env_id,
            "summary": family.summary,
            "levels": [_level(family, level) for level in range(1, len(family.levels) + 1)],
        }
        for env_id, family in ((env_id, FAMILIES[name]) for env_id, name in IDS.items())
    ]


def _level(family: Family, level: int) -> dict[str, Any]:
    problem = family.problem(TaskSpec(family.name, level, "train", 0))
    return {
        "level": level,
        "skill": family.levels[level - 1].skill,
        "widens": family.levels[level - 1].widens,
        "example_prompt": prompt_text(problem.question, "raw", family.answer_noun),
        "example_question": problem.question,
        "example_answer": problem.answer,
    }


def tables() -> list[Table]:
    """Return one table per family, for a person."""
    return [_table(family) for family in families()]


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
    """Print the list; return 0."""
    if args.json_output:
        print(json.dumps(families(), indent=2, ensure_ascii=False))
    else:
        Console().print(*tables(), sep="\n\n")
    return 0


def main(args: list[str]) -> int:
    """Run `frostline list`."""
    return run_list(parse(ListArgs, args, prog="frostline list", description=DESCRIPTION))
