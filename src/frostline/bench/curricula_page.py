"""docs/curricula.md: the guide, the table, and every rule with its curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frostline.curricula.students import SUMMARIES
from frostline.curricula.students.metrics import compare

from ..hardware import hardware
from .curricula_docs import in_cell, module_text, parts_text, preset_text
from .curricula_files import HEAT_MAP
from .curricula_guide import AFTER_MASTERY, CURVES, FASTER, MEASURED, STUDENT, USE, WRITE
from .curricula_jobs import ORACLE, load_scheduler, presets
from .curricula_rows import FRONTIER, Results
from .curricula_table import legend_markdown, markdown_table, number, ratio_cell
from .row import Row

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
RANDOM_COLUMNS = {
    "mastered": "share of runs mastered",
    "regret": "time over the oracle's",
    "speedup": "speed-up",
    "speedup/p10": "speed-up, 10th percentile",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a page's figures come from.

    Attributes:
        command: the command line.
        seconds: how long it took.
    """

    command: str
    seconds: float


def page_files(
    page: Path, results: Results, random: Sequence[Row], origin: Origin
) -> dict[Path, bytes]:
    """Return the page and its pictures, which lie in a folder of the page's name beside it.

    Without results the figures and pictures of the page that is there are kept.

    Raises:
        ValueError: without results and without a page that has figures.
    """
    folder = page.with_suffix("")
    if not results.students:
        figures, made = figures_in(page)
        return {page: page_text(folder.name, list(presets()), figures, made).encode()}
    from .curricula_picture import draw_rule, draw_speed_ups  # matplotlib takes a second

    rules = [name for name in results.schedulers if name != ORACLE]
    made = f"Made by `{origin.command}` in {origin.seconds:.0f} s on {hardware()}; do not edit."
    text = page_text(folder.name, rules, figures_text(folder.name, results, random), made)
    pictures = {folder / picture_name(rule): draw_rule(results, rule) for rule in rules}
    return {page: text.encode(), folder / HEAT_MAP: draw_speed_ups(results), **pictures}


def page_text(folder: str, rules: Sequence[str], figures: str, made: str) -> str:
    """Return the page as Markdown.

    Args:
        folder: where its pictures are.
        rules: the schedulers that have a section.
        figures: what was measured.
        made: how.
    """
    parts = ["# Curricula", *guide(), MEASURED, BEGIN, figures, END, "### The students"]
    parts += [students_text(), STUDENT, CURVES, *rules_text(folder, rules), made]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def figures_text(folder: str, results: Results, random: Sequence[Row]) -> str:
    """Return what was measured as Markdown."""
    parts = [
        f"![speed-up over uniform]({folder}/{HEAT_MAP})",
        markdown_table(results),
        legend_markdown(results),
        *regrets(results),
        *faster(results),
    ]
    if random:
        parts += ["### Random students", *random_text(random)]
    return "\n\n".join(part.strip("\n") for part in parts)


def figures_in(page: Path) -> tuple[str, str]:
    """Return the figures of a page, and how they were made.

    Raises:
        ValueError: if there are none.
    """
    text = page.read_text() if page.exists() else ""
    _, begin, rest = text.partition(BEGIN)
    figures, end, _ = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"students=none keeps the figures of --page, but {page} has none")
    return figures, text.splitlines()[-1]


def guide() -> list[str]:
    """Return what the page says of the package without a measurement."""
    return [USE, WRITE, parts_text()]


def rules_text(folder: str, schedulers: Sequence[str]) -> Iterator[str]:
    """Yield the sections of schedulers, those of a module under one heading, ours first."""
    factories = {name: load_scheduler(name) for name in schedulers}
    first = True
    modules: dict[str, list[str]] = {}
    for name, factory in factories.items():
        modules.setdefault(factory.__module__, []).append(name)
    for names in sorted(modules.values(), key=lambda names: FRONTIER not in names):
        yield from module_text(factories[names[0]])
        for name in sorted(names, key=lambda name: name != FRONTIER):
            yield rule_text(name, factories[name])
            yield f"![curves of {name}]({folder}/{picture_name(name)})"
            if first:
                yield AFTER_MASTERY
                first = False


def rule_text(name: str, factory: Callable[..., Any]) -> str:
    """Return the section of a scheduler without its picture."""
    return f"#### {name}\n\n{preset_text(factory)}"


def picture_name(scheduler: str) -> str:
    """Return the file of a scheduler's curves.

    >>> picture_name("mymodule:mine")
    'mymodule-mine.png'
    """
    return f"{scheduler.replace(':', '-')}.png"


def students_text() -> str:
    """Return a table of the students that ship."""
    lines = ["| student | what it is |", "|---|---|"]
    for name, summary in SUMMARIES.items():
        lines.append(f"| `{name}` | {in_cell(summary)} |")
    return "\n".join(lines)


def regrets(results: Results) -> Iterator[str]:
    """Yield frontier's time over the oracle's by student."""
    found = {s: results.regret(FRONTIER, s) for s in results.students}
    cells = {student: ratio_cell(ratio) for student, ratio in found.items() if ratio}
    if not cells:
        return
    yield "Time of `frontier` over the oracle's, median and quartiles:"
    lines = [[*cells, "geometric mean"], ["--:"] * (len(cells) + 1)]
    lines.append([*cells.values(), number(results.mean_regret(FRONTIER))])
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)


def faster(results: Results) -> Iterator[str]:
    """Yield the pairs in which a rule is faster than frontier."""
    if FRONTIER not in results.schedulers:
        return
    lines = []
    for student in results.students:
        found = []
        for scheduler in results.schedulers:
            runs = results.runs.get((scheduler, student))
            if scheduler in (ORACLE, FRONTIER) or runs is None or runs.fails:
                continue
            ratio = compare(results.runs[FRONTIER, student], runs)
            if ratio.median > 1:
                found.append((ratio.median, scheduler, ratio_cell(ratio)))
        lines += [f"| {student} | `{name}` | {cell} |" for _, name, cell in sorted(found)[::-1]]
    yield FASTER
    head = ["| student | rule | frontier's time over the rule's |", "|---|---|--:|"]
    yield "\n".join([*head, *lines]) if lines else "There is none."


def random_text(random: Sequence[Row]) -> Iterator[str]:
    """Yield what random students are, and how schedulers do on them."""
    values = {row.name.removeprefix("random/"): row.value for row in random}
    yield (
        f"{values['students']:.0f} students drawn at random, with one to eight families, at times "
        "with decay, lag, guessing, coin-flip and broken levels; budgets are 12 times what an "
        "oracle takes. The figures are of runs, not of students: shares, medians and percentiles "
        f"are over the {values['oracle/mastered']:.1%} of {values['runs']:.0f} runs that the "
        "oracle masters. A run that was given up counts with the budget as its time."
    )
    names = [name.removesuffix("/mastered") for name in values if name.endswith("/mastered")]
    head = ["rule", *RANDOM_COLUMNS.values()]
    lines = [head, ["---"] + ["--:"] * len(RANDOM_COLUMNS)]
    for name in names:
        if name != ORACLE:
            cells = (values.get(f"{name}/{column}") for column in RANDOM_COLUMNS)
            lines.append([f"`{name}`", *("" if cell is None else f"{cell:.3g}" for cell in cells)])
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
