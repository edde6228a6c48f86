"""When each curriculum passed its levels."""

from __future__ import annotations

import math
from statistics import median

from .results import Results


def promotions_table(results: Results, arm: str) -> list[str]:
    """Return a table of the iteration at which an arm first passed each level, as Markdown.

    Only curricula that promote are in it. It is the median over the seeds, one that never passes
    the level counting as infinite.
    """
    lines = results.finals.lines
    passed: dict[str, dict[tuple[str, int], list[int]]] = {}
    runs: dict[str, int] = {}
    for name in results.study.curricula:
        seeds = lines.get((arm, name), {})
        runs[name] = len(seeds)
        for line in seeds.values():
            first: dict[tuple[str, int], int] = {}
            for iteration, family, level in line.promotions:
                first.setdefault((family, level), iteration)
            for rung, iteration in first.items():
                passed.setdefault(name, {}).setdefault(rung, []).append(iteration)
    if not passed:
        return []
    rungs = sorted({rung for found in passed.values() for rung in found})
    table = [f"| {arm} | {' | '.join(passed)} |", f"|{'---|' * (1 + len(passed))}"]
    for family, level in rungs:
        cells = []
        for name, found in passed.items():
            never = [math.inf] * (runs[name] - len(found.get((family, level), [])))
            middle = median([*found.get((family, level), []), *never])
            cells.append(f"{middle:.0f}" if math.isfinite(middle) else "–")
        table.append(f"| {family} {level} | {' | '.join(cells)} |")
    return [*table, ""]
