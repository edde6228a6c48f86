"""The levels on the page of several curricula: what is solved, what was trained on, promotions."""

from __future__ import annotations

import math
from collections import Counter

from .promotions import promotions_table
from .results import Results


def levels(results: Results) -> list[str]:
    """Return the pass rate of each level under each curriculum, and when levels were passed."""
    base = results.base()
    ladders = results.study.ladders()
    rungs = [rung for rung in base.levels if rung.rpartition("/")[0] in ladders]
    seeds = min(len(row.seeds) for row in results.rows)
    problems = results.finals.lines[base.pair][base.seeds[0]].problems
    error = 50 / math.sqrt(seeds * min(problems[rung] for rung in rungs))
    lines = [
        "### Held-out pass rate per level, %",
        "",
        "In brackets: share of the ladder's groups that were trained on the level, %. The standard "
        f"error of a pass rate is up to {error:.0f} points.",
        "",
    ]
    for arm in [arm.name for arm in results.study.arms if not arm.untrained]:
        lines += _table(results, arm, rungs)
    return [*lines, *promotions(results)]


def _table(results: Results, arm: str, rungs: list[str]) -> list[str]:
    base = results.base()
    rows = [row for name in results.study.curricula if (row := results.row(arm, name))]
    heads = [arm, base.arm.name, *(row.curriculum for row in rows)]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    trained = [trained_on(results, row.pair) for row in rows]
    for rung in rungs:
        cells = [
            f"{100 * row.levels[rung]:.0f} ({100 * shares.get(rung, 0.0):.0f})"
            for row, shares in zip(rows, trained, strict=True)
        ]
        shown = [rung.replace("/", " "), f"{100 * base.levels[rung]:.0f}", *cells]
        lines.append(f"| {' | '.join(shown)} |")
    return [*lines, ""]


def trained_on(results: Results, pair: tuple[str, str]) -> dict[str, float]:
    """Return each level's share of the groups of its family, over the seeds of a pair."""
    groups: Counter[str] = Counter()
    for line in results.finals.lines[pair].values():
        groups.update(line.groups)
    families: Counter[str] = Counter()
    for rung, count in groups.items():
        families[rung.rpartition("/")[0]] += count
    return {rung: count / families[rung.rpartition("/")[0]] for rung, count in groups.items()}


def promotions(results: Results) -> list[str]:
    """Return when each curriculum first passed each level, if any promotes."""
    arms = [arm.name for arm in results.study.arms if not arm.untrained]
    tables = [line for arm in arms for line in promotions_table(results, arm)]
    if not tables:
        return []
    return [
        "### Iterations to each promotion",
        "",
        "When a level was first passed: median over the seeds, one that never passes it counting "
        "as infinite (–). Curricula without promotions are left out. Each has a gate of its own, "
        "on training problems, and some demote again: columns do not rank them.",
        "",
        *tables,
    ]
