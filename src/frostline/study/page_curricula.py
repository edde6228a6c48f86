"""The curricula on a study's page: gains, interaction with the arms, levels, promotions."""

from __future__ import annotations

from ..statistics import Estimate, holm
from .page_text import number, points
from .promotions import promotions_table
from .result import FULL
from .results import Results


def curricula(results: Results, folder: str) -> list[str]:
    """Return the gains under each curriculum, where the study has several."""
    order = results.study.curricula
    if len(order) < 2:
        return []
    arms = [arm.name for arm in results.study.arms if not arm.untrained]
    lines = [
        "## Curricula",
        "",
        f"![Gain under each curriculum]({folder}/curricula.png)",
        "",
        "Held-out gain, points; below it the difference to the first curriculum and its p-value, "
        "adjusted by Holm over this table.",
        "",
        f"| curriculum | {' | '.join(arms)} |",
        f"|{'---|' * (1 + len(arms))}",
    ]
    p = curriculum_tests(results)
    for name in order:
        shown = []
        for arm in arms:
            row = results.row(arm, name)
            text = "–" if row is None else points(row.gain)
            if (arm, name) in p:
                difference, value = p[arm, name]
                text += f"<br>{points(difference)}, p {'–' if value is None else number(value)}"
            shown.append(text)
        lines.append(f"| {name} | {' | '.join(shown)} |")
    return [*lines, "", *interactions(results), *levels(results), *promotions_table(results)]


def curriculum_tests(results: Results) -> dict[tuple[str, str], tuple[Estimate, float | None]]:
    """Return each arm's difference between a curriculum and the first one, and Holm's p-value."""
    first = results.study.curricula[0]
    found = {
        (arm.name, name): results.compare((arm.name, name), (arm.name, first))
        for arm in results.study.arms if not arm.untrained
        for name in results.study.curricula[1:]
        if results.has((arm.name, name), (arm.name, first))
    }  # fmt: skip
    raw = {key: p for key, (_, p) in found.items() if p is not None}
    adjusted = dict(zip(raw, holm(list(raw.values())), strict=True))
    return {key: (difference, adjusted.get(key)) for key, (difference, _) in found.items()}


def interactions(results: Results) -> list[str]:
    """Return how much more each curriculum brings to an arm than to full training."""
    arms = [arm.name for arm in results.study.arms if not arm.untrained and arm.name != FULL]
    first, *others = results.study.curricula
    lines = [
        "### Do curriculum and subset interact?",
        "",
        "By how many points more the curriculum (instead of the first one) raises the arm than it "
        "raises full training.",
        "",
        f"| curriculum | {' | '.join(arms)} |",
        f"|{'---|' * (1 + len(arms))}",
    ]
    for name in others:
        texts = [
            points(results.interaction(arm, name))
            if results.has((arm, name), (arm, first), (FULL, name), (FULL, first))
            else "–"
            for arm in arms
        ]
        lines.append(f"| {name} | {' | '.join(texts)} |")
    return [*lines, ""]


def levels(results: Results) -> list[str]:
    """Return the pass rate of each level under each curriculum, with full training."""
    base = results.base()
    rows = [results.row(FULL, name) for name in results.study.curricula]
    shown = [row for row in [base, *rows] if row is not None]
    heads = ["untrained" if row.arm.untrained else row.curriculum for row in shown]
    ladders = results.study.ladders()
    rungs = [rung for rung in shown[0].levels if rung.rpartition("/")[0] in ladders]
    lines = ["### Held-out pass rate per level, %, full training", "",
             f"| level | {' | '.join(heads)} |", f"|{'---|' * (1 + len(heads))}"]  # fmt: skip
    for rung in rungs:
        values = [f"{100 * row.levels[rung]:.0f}" if rung in row.levels else "–" for row in shown]
        lines.append(f"| {rung.replace('/', ' ')} | {' | '.join(values)} |")
    return [*lines, ""]
