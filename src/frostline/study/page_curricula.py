"""The curricula on a study's page: gains, tests, interaction with the arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from ..statistics import Estimate, holm
from .page_arms import share
from .page_levels import levels
from .page_text import ALPHA, number, points
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
    verdict = decided("Curricula that differ from it", p, seen(results, p, 2))
    lines = [
        "## Curricula",
        "",
        f"![Gain under each curriculum]({folder}/curricula.png)",
        "",
        *legend(results),
        f"Held-out gain, points; below it the difference to {order[0]} and its p-value, adjusted "
        f"by Holm over this table. {verdict}",
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
    return [*lines, "", *interactions(results), *levels(results)]


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


def seen(results: Results, tests: Tests, arms: int) -> float | None:
    """Return the smallest difference that would reject as the first of a table's tests."""
    known = [key for key, (_, p) in tests.items() if p is not None]
    if not known:
        return None
    seeds = results.finals.seeds(known[0])
    return results.smallest(seeds, ALPHA / len(known), arms=arms)


def decided(what: str, tests: Tests, smallest: float | None) -> str:
    """Return which of a table's tests reject, and what they could not see, as sentences."""
    known = [p for _, p in tests.values() if p is not None]
    if not known:
        return f"{what} (p at most {ALPHA:g}): there is no test, with too few seeds."
    found = [
        f"{arm} under {curriculum} ({100 * estimate.value:+.1f})"
        for (arm, curriculum), (estimate, p) in tests.items() if p is not None and p <= ALPHA
    ]  # fmt: skip
    text = f"{what} (p at most {ALPHA:g}): {', '.join(found) or 'none'}, of {len(known)} tests."
    if missing := len(tests) - len(known):
        text += f" {missing} have no test: runs diverged, or seeds are too few."
    if smallest:
        text += f" If it were the only one, a difference would need {100 * smallest:.1f} points."
    return text


def legend(results: Results) -> list[str]:
    """Return what the names of the curricula stand for, and which runs did not go well."""
    study = results.study
    own = [f"`{name}`: {text}" for name in study.curricula if (text := _options(results, name))]
    lines = [
        f"All have equal numbers of rollouts. Published rules: docs/curricula.md. {'; '.join(own)}"
        + ("." if own else ""),
        "",
    ]
    for row in results.rows:
        if row.diverged or row.failed:
            lines += [f"- {row.arm.name}, {row.curriculum}: {row.diverged} final runs diverged, "
                      f"{row.failed} failed", ""]  # fmt: skip
    return lines


def _options(results: Results, name: str) -> str:
    """Return what a curriculum of the study's own is made of; nothing for a preset."""
    named = results.study.curriculum.get(name)
    if named is None:
        return ""
    return ", ".join(
        f"{key} " + (", ".join(f"{k} {v}" for k, v in value.items())
                     if isinstance(value, dict) else str(value))
        for key, value in named.model_dump(exclude_defaults=True).items()
    )  # fmt: skip


def interactions(results: Results) -> list[str]:
    """Return how much more each curriculum brings to an arm than to full training."""
    arms = [arm.name for arm in results.study.arms if not arm.untrained and arm.name != FULL]
    found = interaction_tests(results)
    lines = [
        "### Do curriculum and subset interact?",
        "",
        f"By how many points more the curriculum (instead of {results.study.curricula[0]}) raises "
        "the arm than it raises full training; p-values adjusted by Holm over this table. "
        + decided("Interactions", found, seen(results, found, 4))
        + " An arm that keeps the same share of the full gain under all curricula has one too "
        "where a curriculum changes the full gain: it loses less of less. So the second table has "
        "the shares.",
        "",
        f"| points more than full | {' | '.join(arms)} |",
        f"|{'---|' * (1 + len(arms))}",
    ]
    for name in results.study.curricula[1:]:
        texts = [tested(*found[arm, name]) if (arm, name) in found else "–" for arm in arms]
        lines.append(f"| {name} | {' | '.join(texts)} |")
    lines += [
        "",
        f"| share of the full gain | {' | '.join(arms)} |",
        f"|{'---|' * (1 + len(arms))}",
    ]
    for name in results.study.curricula:
        rows = [results.row(arm, name) for arm in arms]
        shares = ["–" if row is None else share(row) for row in rows]
        lines.append(f"| {name} | {' | '.join(shares)} |")
    return [*lines, ""]
