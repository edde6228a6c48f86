"""The arms on a study's page: their table, the Pareto fronts, the gain on each ladder."""

from __future__ import annotations

from .page_text import number, points, share_text
from .result import DECIDED, FULL, Result, pareto
from .results import Results

SMALL, KEEPS = 0.10, 0.90  # the arm looked for: trains at most this share, keeps this of the gain
COLUMNS = (
    "arm", "seeds", "trains", "learning rate", "pass rate, %", "gain, points",
    "share of the full gain", "p (differs from full)", "update time", "iteration time",
    "memory", "FLOPs", "other families, points",
)  # fmt: skip


def trained(results: Results) -> list[Result]:
    """Return the arms that train, under the study's first curriculum."""
    first = results.study.curricula[0]
    return [row for row in results.rows if not row.arm.untrained and row.curriculum == first]


def layers(results: Results) -> list[Result]:
    """Return the arms that train one layer alone."""
    return [row for row in trained(results) if row.layer is not None]


def compared(results: Results) -> list[Result]:
    """Return the arms of the table."""
    return [row for row in trained(results) if results.in_table(row.arm)]


def table(results: Results, folder: str) -> list[str]:
    """Return the table of arms."""
    base = results.base()
    lines = [
        "## All arms",
        "",
        f"Untrained, the policy solves {100 * base.rate.value:.1f} % "
        f"[{100 * base.rate.low:.1f}, {100 * base.rate.high:.1f}]. Times, memory and FLOPs are of "
        "full training's: time measured, beside other work (arms that train the same differ by up "
        "to a fifth), the other two by the cost model.",
        "",
    ]
    lines += [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    lines += [f"| {' | '.join(cells(row))} |" for row in compared(results)]
    lines += ["", *notes(results)]
    if any(row.share is not None for row in compared(results)):
        lines += [f"![Share of the full gain by arm]({folder}/shares.png)", ""]
    return lines


def headline(results: Results) -> list[str]:
    """Return the headline arms in few columns, as Markdown: the table of the README."""
    lines = ["| arm | trains | gain, points | share of the full gain | update time "
             "| iteration time | memory |",
             f"|{'---|' * 7}"]  # fmt: skip
    for row in compared(results):
        if row.arm.headline and row.costs is not None:
            shown = [
                row.arm.name, f"{100 * row.trainable / row.total:.3g} %", points(row.gain),
                share(row), f"{row.costs.update:.2f}", f"{row.costs.iteration:.2f}",
                f"{row.costs.peak:.2f}",
            ]  # fmt: skip
            lines.append(f"| {' | '.join(shown)} |")
    return lines


def cells(row: Result) -> list[str]:
    """Return an arm's row of the table."""
    rate = "" if row.choice is None else f"{row.choice.rate:g}" + "†" * row.choice.edge
    costs = row.costs
    ratios = ["", "", "", ""]
    if costs is not None:
        ratios = [f"{x:.2f}" for x in (costs.update, costs.iteration, costs.peak, costs.flops)]
    return [
        f"**{row.arm.name}**" if row.arm.headline else row.arm.name,
        str(len(row.seeds)),
        f"{100 * row.trainable / row.total:.3g} %",
        rate,
        f"{100 * row.rate.value:.1f}",
        points(row.gain),
        share(row),
        "" if row.p is None else number(row.p),
        *ratios,
        "" if row.others is None else points(row.others),
    ]


def share(row: Result) -> str:
    """Return the share of the full gain with its interval, or why there is none."""
    if row.share is None:
        return row.no_share
    if row.arm.name == FULL:
        return "1"
    text = share_text(row.share)
    return text if row.decided else f"undecided: {text}"


def notes(results: Results) -> list[str]:
    """Return what a reader of the table must know."""
    rows = compared(results)
    lines = [
        f"Bold: headline arms. A share whose interval is wider than ±{100 * DECIDED:.0f} points is "
        "undecided. Update time is per group that takes part in one (groups whose completions all "
        "earn the same take none), iteration time is of all work. "
        f"Other families, not trained: {names(results)}."
    ]
    if any(row.choice and row.choice.edge for row in trained(results)):
        lines[0] += " †: the best rate is the lowest or highest that was tried."
    lines.append("")
    for row in rows:
        told = [f"{row.diverged} final runs diverged"] if row.diverged else []
        told += [f"{row.failed} failed and are left out"] if row.failed else []
        told += [row.arm.note] if row.arm.note else []
        if told:
            lines.append(f"- {row.arm.name}: {'; '.join(told)}")
    shown = {row.arm.name for row in results.rows}
    silent = [arm.name for arm in results.study.arms if arm.name not in shown]
    if silent:
        lines.append(f"- no final run yet, or none that counts: {', '.join(silent)}")
    return [*lines, ""]


def names(results: Results) -> str:
    """Return the families that are only examined."""
    return ", ".join(results.study.exam.others) or "none"


def small_arms(results: Results, folder: str) -> list[str]:
    """Return the Pareto fronts, and whether a small arm keeps most of the gain."""
    rows = [row for row in trained(results) if row.arm.name != FULL]
    front = pareto(
        [("none", 0.0, 0.0)]
        + [(row.arm.name, row.trainable, row.gain.value) for row in compared(results)]
    )
    lines = [
        "## How few weights?",
        "",
        f"![Gain against trainable weights, time and memory]({folder}/pareto.png)",
        "",
        f"Of the arms of the table no other gains more with fewer weights, as measured: "
        f"{', '.join(front)}.",
        "",
    ]
    target = f"at most {100 * SMALL:.0f} % of the weights"
    small = [row for row in rows if row.trainable <= SMALL * row.total]
    keep = [row for row in small if row.share is not None and row.decided
            and row.share.value >= KEEPS]  # fmt: skip
    sure = [row.arm.name for row in keep if row.share is not None and row.share.low >= KEEPS]
    listed = ", ".join(f"{row.arm.name} ({share(row)})" for row in keep or small) or "none"
    if all(row.share is None for row in rows):
        lines.append("How much of the full gain an arm keeps cannot be said: there is none, yet.")
    elif keep:
        lines.append(
            f"Arms that train {target} and keep at least {100 * KEEPS:.0f} % of the full gain: "
            f"{listed}. The whole interval (each for itself) lies above that for "
            f"{', '.join(sure) or 'none of them'}."
        )
    else:
        lines.append(
            f"No arm trains {target} and keeps at least {100 * KEEPS:.0f} % of the full gain. "
            f"With so few weights were tried: {listed}."
        )
    return [*lines, ""]


def by_schedule(results: Results) -> list[str]:
    """Return how often each layer trained, where a schedule chose."""
    rows = [row for row in compared(results) if row.layers]
    if not rows:
        return []
    numbers = range(max(max(row.layers) for row in rows) + 1)
    lines = ["## What the schedules trained", "",
             "Share of the iterations in which each layer trained, %, mean of the seeds.", "",
             f"| arm | {' | '.join(map(str, numbers))} |",
             f"|{'---|' * (1 + len(numbers))}"]  # fmt: skip
    for row in rows:
        shares = [f"{100 * row.layers.get(number, 0.0):.0f}" for number in numbers]
        lines.append(f"| {row.arm.name} | {' | '.join(shares)} |")
    return [*lines, ""]


def by_family(results: Results) -> list[str]:
    """Return the gain of each arm in each ladder."""
    ladders = results.study.ladders()
    lines = ["## Gain on each ladder, points", "", f"| arm | {' | '.join(ladders)} |",
             f"|{'---|' * (1 + len(ladders))}"]  # fmt: skip
    for row in compared(results):
        gains = [points(row.families[name]) for name in ladders]
        lines.append(f"| {row.arm.name} | {' | '.join(gains)} |")
    return [*lines, ""]
