"""Write docs/environments.md: every level of every family, with samples.

`python scripts/gallery.py` writes the page; with `--table` it prints the README's table instead,
one sample per level.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from frostline.envs import FAMILIES, IDS, Family, Problem, TaskSpec

SAMPLES = 3
PAGE = Path(__file__).parent.parent / "docs" / "environments.md"


def problems(family: Family, level: int, count: int) -> list[Problem]:
    """Return the first problems of a level's train split."""
    return [family.problem(TaskSpec(family.name, level, "train", i)) for i in range(count)]


def table() -> str:
    """Return one sample per level as a Markdown table."""
    lines = ["| family | level | skill | sample | answer |", "|---|---|---|---|---|"]
    for family in FAMILIES.values():
        for number, level in enumerate(family.levels, 1):
            (problem,) = problems(family, number, 1)
            lines.append(
                f"| {family.name} | {number} | {level.skill} | {problem.question} "
                f"| `{problem.answer}` |"
            )
    return "\n".join(lines)


def page() -> str:
    """Return the whole page."""
    lines = ["# Environments", "", "Written by `python scripts/gallery.py`; do not edit.", ""]
    ids = {name: env_id for env_id, name in IDS.items()}
    for family in FAMILIES.values():
        lines += [f"## {ids[family.name]}", "", family.summary, ""]
        for number, level in enumerate(family.levels, 1):
            wider = " (widens the range only)" if level.widens else ""
            lines += [f"**Level {number}**: {level.skill}{wider}", ""]
            for problem in problems(family, number, SAMPLES):
                lines.append(f"- {problem.question} → `{problem.answer}`")
            lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write the page, or print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="print the README's table")
    if parser.parse_args().table:
        print(table())
    else:
        PAGE.write_text(page())
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
