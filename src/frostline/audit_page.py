"""The page of an audit, in Markdown, and the figures of its tables."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import Any

from frostline.envs import Family, TaskSpec
from frostline.envs.audit import CHECKS, Audit, Settings

CELL = 40  # characters of an answer in a table

INTRODUCTION = """# Audit of families

Made by `{command}`: {settings}.
Versions: {versions}. Times are of one machine, everything else is the same on all of them.
{verdict}
"""


HARDEST = """Problems of the test split, with the answer that code which shares nothing with the
generator finds from the question alone, and the verdict on that answer.
"""
SAMPLES = 3


def page(audits: Sequence[Audit], command: str, settings: Settings) -> str:
    """Return the page: checks per family, then figures per level."""
    faulty = sum(not done.ok for done in audits)
    text = INTRODUCTION.format(
        command=command,
        settings=f"{settings.split_problems:,} draws per level, {settings.problems} of them"
        f" looked at closely ({settings.programs} where a verdict runs a program),"
        f" seed {settings.seed}",
        versions=", ".join(_versions()),
        verdict=f"{len(audits) - faulty} of {len(audits)} families keep every promise.",
    )
    parts = [text, "## Checks\n", _checks(audits), _legend(), _failures(audits), "## Figures\n"]
    parts.append(_table([summary(done) for done in audits]))
    parts += [f"### {done.family.name}\n\n{_table(list(_levels(done)))}" for done in audits]
    parts += ["## The hardest levels\n", HARDEST, *(_hardest(done.family) for done in audits)]
    return "\n".join(part for part in parts if part)


def _versions() -> list[str]:
    names = ("frostline", "gymnasium", "numpy", "pydantic-monty", "sympy")
    return [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)]


def check_names(audits: Iterable[Audit]) -> list[str]:
    """Return the checks that were made, in their order."""
    return list(dict.fromkeys(f.check for done in audits for f in done.findings))


def summary(done: Audit) -> dict[str, str]:
    """Return one row of figures of a family: the worst of its levels."""
    failed = [name for name in check_names([done]) if not done.passed(name)]
    rows = [done.figures(level) for level in range(1, len(done.family.levels) + 1)]
    row = {
        "family": done.family.name,
        "result": f"fails {', '.join(failed)}" if failed else "passes",
        "levels": str(len(rows)),
        "constant pays": _worst(rows, "constant_pay", max, "{:.1%}"),
        "slowest draw": _worst(rows, "draw_ms", max, "{:.1f} ms"),
        "first draw": _worst(rows, "first_draw_ms", max, "{:.0f} ms"),
        "slowest verdict": _worst(rows, "verdict_ms", max, "{:.1f} ms"),
        "hostile text": _worst(rows, "hostile_ms", max, "{:.1f} ms"),
        "fewest distinct": _worst(rows, "distinct", min, "{:,}"),
    }
    for finding in done.findings:
        if "rank_correlation" in finding.figures:
            row["rank correlation"] = f"{finding.figures['rank_correlation']:+.2f}"
    return row


def _worst(
    rows: Iterable[dict[str, Any]], name: str, worst: Callable[[list[Any]], Any], style: str
) -> str:
    values = [row[name] for row in rows if name in row]
    return style.format(worst(values)) if values else "–"


def _checks(audits: Sequence[Audit]) -> str:
    names = check_names(audits)
    marks = {True: "✓", False: "✗"}
    return _table(
        [
            {"family": done.family.name} | {name: marks[done.passed(name)] for name in names}
            for done in audits
        ]
    )


def _legend() -> str:
    lines = []
    for name, check in CHECKS.items():
        promise = (check.__doc__ or "").strip().splitlines()[0]
        lines.append(f"- **{name}**: {promise}")
    return "\n".join([*lines, ""])


def _failures(audits: Sequence[Audit]) -> str:
    lines = [f"- {_cell(line)}" for done in audits for line in broken(done)]
    return "\n".join(["## Broken promises\n", *lines, ""]) if lines else ""


def broken(done: Audit) -> list[str]:
    """Return one line for each broken promise; levels that break it alike share a line."""
    levels: dict[tuple[str, str], list[str]] = {}
    for finding in done.findings:
        if not finding.ok:
            level = "" if finding.level is None else str(finding.level)
            levels.setdefault((finding.check, finding.detail), []).append(level)
    lines = []
    for (check, detail), found in levels.items():
        numbers = ", ".join(filter(None, found))
        noun = " levels " if len(found) > 1 else " level "
        lines.append(f"{done.family.name}{noun + numbers if numbers else ''}: {check}: {detail}")
    return lines


def _levels(done: Audit) -> Iterable[dict[str, str]]:
    for level, row in enumerate(done.family.levels, 1):
        figures = done.figures(level)
        failed = [f.check for f in done.findings if f.level == level and not f.ok]
        pay = "–"
        if "constant_pay" in figures:
            pay = f"{figures['constant_pay']:.1%} of {figures['constant_limit']:.0%}"
        cells = {
            "level": str(level),
            "adds": row.skill,
            "fails": ", ".join(failed) or "–",
            "constant pays": pay,
            "the constant": _code(str(figures.get("constant", ""))),
            "slowest draw": _worst([figures], "draw_ms", max, "{:.2f} ms"),
            "slowest verdict": _worst([figures], "verdict_ms", max, "{:.2f} ms"),
            "distinct": _worst([figures], "distinct", max, "{:,}"),
            "mutants": _worst([figures], "mutants", max, "{:,}"),
            "spellings": _worst([figures], "spellings", max, "{:,}"),
        }
        if "pass_rate" in figures:
            cells["pass rate"] = f"{figures['pass_rate']:.1%}"
        yield cells


def _hardest(family: Family) -> str:
    """Return samples of the last level with the independent computation of their answers."""
    parts = [f"### {family.name}, level {len(family.levels)}\n"]
    for index in range(SAMPLES):
        problem = family.problem(TaskSpec(family.name, len(family.levels), "test", index))
        found = family.recompute(problem)
        said = "none" if found is None else family.verify(problem, found).status.value
        blocks = [("question", problem.question), ("reference", problem.answer)]
        blocks.append((f"independently, {said}", found or "–"))
        parts += [f"{name}:\n\n```text\n{text}\n```\n" for name, text in blocks]
    return "\n".join(parts)


def _code(text: str) -> str:
    """Return text as code for a table, or a dash."""
    line = " ".join(text.split())
    line = line if len(line) <= CELL else f"{line[:CELL]}…"
    return f"`` {line} ``" if "`" in line else f"`{line}`" if line else "–"


def _cell(text: str) -> str:
    flat = text.replace("|", "\\|").replace("\n", " ")
    return flat if flat.startswith("`") else flat.replace("<", "&lt;")  # code shows it as it is


def _table(rows: Sequence[dict[str, str]]) -> str:
    if not rows:
        return ""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[_cell(row.get(name, "–")) for name in columns] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
