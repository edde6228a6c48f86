"""The table of schedulers by students, for a terminal and as Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from frostline.curricula.students import STUDENTS
from frostline.curricula.students.metrics import Ratio

from .curricula_jobs import ORACLE, presets
from .curricula_rows import FRONTIER, UNIFORM, Results
from .row import Row

LEGEND = (
    "Speed-up over uniform in groups generated, paired by seed: median (quartiles); "
    "≥ and ≤: bounds, because runs were given up at the budget; "
    "k/n: seeds mastered, where not all; fails: mastered on at most half of them. "
    "worst: smallest median, 0 for a failure. regret: time over the oracle's, geometric mean; "
    "≥ where runs were given up. false: promotions of a level below the stated rate, per "
    "promotion."
)
IN_SIGHT = (
    "frontier was tuned with all nine students of the bench in sight: its figures on them are no "
    "forecast for others. Random students below number 1000 had no part in it."
)
IN_TIME = (
    "Schedules in time ({who}) are told the student's budget as their horizon, about 1.5 times "
    "what uniform takes on its slowest seed. linear gives each level an equal share of it and so "
    "comes late to the last ones, however ready the student is: with a shorter horizon its "
    "figures would be others."
)


def headers(results: Results) -> list[str]:
    """Return the names of the columns."""
    return ["scheduler", *results.students, "worst", "regret", "false"]


def table_lines(results: Results) -> list[list[str]]:
    """Return the cells of the table, line by line."""
    return [
        [
            scheduler,
            *(speed_up_cell(results, scheduler, student) for student in results.students),
            number(results.worst(scheduler)),
            regret_cell(results, scheduler),
            false_cell(results, scheduler),
        ]
        for scheduler in results.schedulers
    ]


def speed_up_cell(results: Results, scheduler: str, student: str) -> str:
    """Return a median with quartiles and what is to be known of it."""
    ratio, runs = results.speed_up(scheduler, student), results.runs.get((scheduler, student))
    if ratio is None or runs is None:
        return ""
    done = "" if runs.mastered.all() else f" {int(runs.mastered.sum())}/{len(runs.mastered)}"
    if runs.fails:
        return f"fails{done}"
    if scheduler == UNIFORM:
        return f"1{done}"
    return f"{ratio_cell(ratio)}{done}"


def ratio_cell(ratio: Ratio) -> str:
    """Return a ratio with its quartiles."""
    low, high = number(ratio.low), number(ratio.high)
    return f"{ratio.bound}{number(ratio.median)} ({low}–{high})"


def regret_cell(results: Results, scheduler: str) -> str:
    """Return the mean regret, marked if runs were given up."""
    if scheduler == ORACLE:
        return "1"
    mine = [runs for key, runs in results.runs.items() if key[0] == scheduler]
    mark = "" if all(runs.mastered.all() for runs in mine) else "≥"
    regret = results.mean_regret(scheduler)
    return "" if regret is None else f"{mark}{number(regret)}"


def false_cell(results: Results, scheduler: str) -> str:
    """Return the share of false promotions and the stated error rate."""
    counted = results.false_promotions(scheduler)
    if counted is None:
        return ""
    false, promotions, alpha = counted
    stated = "" if alpha is None else f" (α={alpha:g})"
    return f"{false / promotions:.1%}{stated}"


def number(value: float | None) -> str:
    """Return a ratio with three digits.

    >>> [number(x) for x in (None, 0.0, 0.4567, 2.345, 12.34)]
    ['', '0', '0.46', '2.35', '12.3']
    """
    if value is None:
        return ""
    return f"{value:.2f}" if 0 < value < 9.995 else f"{value:.3g}"


def terminal_table(results: Results) -> Table:
    """Return the table for a person; what is in brackets stands under the figure."""
    found = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, header in enumerate(headers(results)):
        found.add_column(
            header.replace("_", "\n"),
            justify="left" if place == 0 else "right",
            no_wrap=place == 0,
            overflow="fold",
        )
    for first, *others in table_lines(results):
        stacked = [text.translate({ord(" "): "\n", ord("("): "", ord(")"): ""}) for text in others]
        found.add_row(first, *stacked)
    return found


def markdown_table(results: Results) -> str:
    """Return the table as Markdown; what is in brackets stands under the figure."""
    head = headers(results)
    lines = [head, ["---"] + ["--:"] * (len(head) - 1)]
    lines += [
        [first, *(text.replace(" ", "<br>").replace("(", "").replace(")", "") for text in others)]
        for first, *others in table_lines(results)
    ]
    # a star would be read as emphasis
    return "\n".join(f"| {' | '.join(line)} |".replace("*", "\\*") for line in lines)


def legend(results: Results) -> str:
    """Return what stands below the table: how it is read, and what is to be known of it."""
    parts = [f"{results.seeds} seeds each. {LEGEND}"]
    if FRONTIER in results.schedulers and not STUDENTS.keys().isdisjoint(results.students):
        parts.append(IN_SIGHT)
    timed = [name for name in results.schedulers if told_horizon(name)]
    if timed:
        parts.append(IN_TIME.format(who=", ".join(timed)))
    return "\n\n".join(parts)


def told_horizon(scheduler: str) -> bool:
    """Return whether a preset is told how long a run may last; one's own is known to its author.

    >>> [told_horizon(name) for name in ("linear", "frontier", "mymodule:mine")]
    [True, False, False]
    """
    preset = presets().get(scheduler)
    return preset is not None and "horizon" in inspect.signature(preset).parameters


def legend_markdown(results: Results) -> str:
    """Return the legend as Markdown, in which a star would be read as emphasis."""
    return legend(results).replace("*", "\\*")


def rows_table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    figures = [f"| {row.name} | {row.value:.3g} | {row.unit} |" for row in rows]
    return "\n".join(["| figure | value | unit |", "|---|--:|---|", *figures])


def markdown(results: Results, random: Sequence[Row], command: str) -> str:
    """Return the table as a Markdown page.

    Args:
        results: of the named students, of whom there may be none.
        random: the rows of random students, which may be empty.
        command: what made it.
    """
    parts = ["# Schedulers on simulated students", f"Made by `{command}`."]
    if results.students:
        parts += [markdown_table(results), legend_markdown(results)]
    if random:
        parts += ["## Random students", rows_table(random)]
    return "\n\n".join(parts) + "\n"
