"""The curricula on a study's page: gains, interaction with the arms, levels, promotions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ..statistics import Estimate, holm
from .page_text import ALPHA, number, points
from .promotions import promotions_table
from .result import FULL
from .results import Results

Tests: TypeAlias = dict[tuple[str, str], tuple[Estimate, float | None]]  # by arm and curriculum


def curricula(results: Results, folder: str) -> list[str]:
    """Return the gains under each curriculum, where the study has several."""
    order = results.study.curricula
    if len(order) < 2:
        return []
    arms = [arm.name for arm in results.study.arms if not arm.untrained]
    p = curriculum_tests(results)
    lines = [
        "## Curricula",
        "",
        f"![Gain under each curriculum]({folder}/curricula.png)",
        "",
        "Held-out gain, points; below it the difference to the first curriculum and its p-value, "
        f"adjusted by Holm over this table. {decided('Curricula that differ from it', p)}",
        "",
        f"| curriculum | {' | '.join(arms)} |",
        f"|{'---|' * (1 + len(arms))}",
    ]
    for name in order:
        shown = []
        for arm in arms:
            row = results.row(arm, name)
            text = "–" if row is None else points(row.gain)
            if (arm, name) in p:
                text += f"<br>{tested(*p[arm, name])}"
            shown.append(text)
        lines.append(f"| {name} | {' | '.join(shown)} |")
    return [*lines, "", *interactions(results), *levels(results), *promotions_table(results)]


def curriculum_tests(results: Results) -> Tests:
    """Return each arm's difference between a curriculum and the first one, and Holm's p-value."""
    first = results.study.curricula[0]
    return adjusted({
        (arm.name, name): results.compare((arm.name, name), (arm.name, first))
        for arm in results.study.arms if not arm.untrained
        for name in results.study.curricula[1:]
        if results.has((arm.name, name), (arm.name, first))
    })  # fmt: skip


def interaction_tests(results: Results) -> Tests:
    """Return the interaction of each arm and curriculum with a run, and Holm's p-value."""
    first, *others = results.study.curricula
    return adjusted({
        (arm.name, name): results.interaction(arm.name, name)
        for arm in results.study.arms if not arm.untrained and arm.name != FULL
        for name in others
        if results.has((arm.name, name), (arm.name, first), (FULL, name), (FULL, first))
    })  # fmt: skip


def adjusted(found: Mapping[tuple[str, str], tuple[Estimate, float | None]]) -> Tests:
    """Return tests with their p-values adjusted by Holm for being in one table."""
    raw = {key: p for key, (_, p) in found.items() if p is not None}
    holms = dict(zip(raw, holm(list(raw.values())), strict=True))
    return {key: (estimate, holms.get(key)) for key, (estimate, _) in found.items()}


def tested(estimate: Estimate, p: float | None) -> str:
    """Return an estimate in points with its p-value, if it has one."""
    return f"{points(estimate)}, p {'–' if p is None else number(p)}"


def decided(what: str, tests: Tests) -> str:
    """Return which of a table's tests reject, as a sentence."""
    known = [p for _, p in tests.values() if p is not None]
    if not known:
        return f"{what} (p at most {ALPHA:g}): there is no test, with too few seeds."
    found = [
        f"{arm} under {curriculum} ({100 * estimate.value:+.1f})"
        for (arm, curriculum), (estimate, p) in tests.items() if p is not None and p <= ALPHA
    ]  # fmt: skip
    return f"{what} (p at most {ALPHA:g}): {', '.join(found) or f'none of {len(known)}'}."


def interactions(results: Results) -> list[str]:
    """Return how much more each curriculum brings to an arm than to full training."""
    arms = [arm.name for arm in results.study.arms if not arm.untrained and arm.name != FULL]
    found = interaction_tests(results)
    lines = [
        "### Do curriculum and subset interact?",
        "",
        "By how many points more the curriculum (instead of the first one) raises the arm than it "
        "raises full training; p-values adjusted by Holm over this table. "
        + decided("Interactions", found),
        "",
        f"| curriculum | {' | '.join(arms)} |",
        f"|{'---|' * (1 + len(arms))}",
    ]
    for name in results.study.curricula[1:]:
        texts = [tested(*found[arm, name]) if (arm, name) in found else "–" for arm in arms]
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
