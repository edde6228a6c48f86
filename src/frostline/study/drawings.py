"""The pictures of a study's page."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..pictures import write_picture
from ..statistics import Estimate
from .result import FULL, Result, pareto
from .results import Results

PANEL = (3.4, 2.7)  # inches
COLUMNS = 4


def draw_rewards(path: Path, rows: Mapping[str, Mapping[str, Result]]) -> None:
    """Draw training rewards over the iterations, with bands over the seeds.

    Args:
        path: of the picture.
        rows: of panels, each under its heading; a panel is an arm under its title.
    """
    width = max(len(row) for row in rows.values())
    figure, axes = pyplot.subplots(
        len(rows), width, figsize=(PANEL[0] * width, PANEL[1] * len(rows) + 0.3),
        sharey=True, squeeze=False,
    )  # fmt: skip
    for line, (heading, row) in zip(axes, rows.items(), strict=True):
        for axis, (title, result) in zip(line, row.items(), strict=False):
            _reward(axis, result)
            rate = "" if result.choice is None else f" ({result.choice.rate:g})"
            axis.set_title(title + rate, fontsize=9)
        line[0].set_ylabel(f"training reward\n{heading}", fontsize=7)
    for axis in axes[-1]:
        axis.set_xlabel("iteration")
    axes[0, 0].set_ylim(bottom=0)  # of all: they share it, and a limit set early would cut the rest
    write_picture(figure, path)


def _reward(axis: Axes, row: Result) -> None:
    if row.reward is not None:
        iterations = range(1, len(row.reward.mean) + 1)
        axis.fill_between(
            iterations, row.reward.low, row.reward.high, alpha=0.25, color="tab:blue", lw=0
        )
        axis.plot(iterations, row.reward.mean, color="tab:blue")
    axis.grid(alpha=0.3)


def draw_shares(path: Path, rows: Sequence[Result]) -> None:
    """Draw the share of the full gain of each arm with its interval."""
    shown = [(row, row.share) for row in reversed(rows) if row.share is not None]
    figure, axis = pyplot.subplots(figsize=(8, 0.32 * len(shown) + 1))
    for place, (row, share) in enumerate(shown):
        colour = "tab:blue" if row.arm.headline else "tab:gray"
        _bar(axis, share, place, colour)
    axis.set_yticks(range(len(shown)), [row.arm.name for row, _ in shown], fontsize=8)
    axis.axvline(1, color="black", lw=0.8)
    axis.axvline(0.9, color="black", lw=0.8, ls=":")
    axis.set_xlabel("share of the gain of full training, 95 % (dotted: 0.9)")
    axis.grid(alpha=0.3, axis="x")
    write_picture(figure, path)


def _bar(axis: Axes, estimate: Estimate, place: float, colour: str) -> None:
    low, high = (estimate.value - estimate.low, estimate.high - estimate.value)
    if not (math.isfinite(low) and math.isfinite(high)):
        axis.plot(estimate.value, place, marker="x", color=colour)
        return
    axis.errorbar(
        estimate.value, place, xerr=[[low], [high]], fmt="o", ms=4, capsize=3, color=colour
    )


def draw_pareto(path: Path, rows: Sequence[Result]) -> None:
    """Draw gain against trainable weights, time of an update and memory, with Pareto fronts."""
    costs: list[tuple[str, Callable[[Result], float]]] = [
        ("trainable weights, share", lambda row: row.trainable / row.total),
        ("time of an update, of full's", lambda row: row.costs.update if row.costs else math.nan),
        ("memory of an update, of full's", lambda row: row.costs.peak if row.costs else math.nan),
    ]
    figure, axes = pyplot.subplots(1, 3, figsize=(14, 5), sharey=True)
    for axis, (label, cost) in zip(axes, costs, strict=True):
        known_rows = [row for row in rows if math.isfinite(cost(row))]
        points = [(row.arm.name, cost(row), 100 * row.gain.value) for row in known_rows]
        front = [name for name in pareto([("none", 0.0, 0.0), *points]) if name != "none"]
        known = {name: (x, y) for name, x, y in points}
        widest = max((x for _, x, _ in points), default=0.0)
        if front:
            axis.plot(*zip(*(known[name] for name in front), strict=True), color="tab:orange", lw=1)
        for row, (name, x, y) in zip(known_rows, points, strict=True):
            axis.errorbar(
                x, y, [[y - 100 * row.gain.low], [100 * row.gain.high - y]], fmt="o", ms=4, lw=0.7,
                color="tab:orange" if name in front else "tab:gray",
            )  # fmt: skip
            # arms that train the same have the same runs, and share a name
            twins = [other.arm.name for other in known_rows
                     if (other.trainable, other.gain) == (row.trainable, row.gain)]  # fmt: skip
            if name == twins[0] and (name in front or row.arm.headline):
                side = ("right", -3) if x > 0.8 * widest else ("left", 3)  # names stay in the panel
                axis.annotate(
                    " = ".join(twins), (x, y), fontsize=7, xytext=(side[1], 3), ha=side[0],
                    textcoords="offset points",
                )  # fmt: skip
        axis.set_xlabel(label)
        axis.margins(x=0.15)  # room for the names
        axis.grid(alpha=0.3)
    axes[0].set_xscale("log")
    axes[0].set_ylabel("held-out gain, points (95 %)")
    figure.suptitle(
        "Orange: no other arm gains more for less, as measured. Named: these and headline arms.",
        fontsize=9,
    )
    write_picture(figure, path)


def draw_rates(path: Path, rows: Sequence[Result]) -> None:
    """Draw the validation pass rate of each arm over its learning rates."""
    shown = [row for row in rows if row.choice is not None and not row.arm.rate_of]
    height = math.ceil(len(shown) / COLUMNS)
    figure, axes = pyplot.subplots(
        height, COLUMNS, figsize=(PANEL[0] * COLUMNS, PANEL[1] * height), squeeze=False, sharey=True
    )
    for axis in axes.flat[len(shown) :]:
        axis.set_visible(False)
    for axis, row in zip(axes.flat, shown, strict=False):
        assert row.choice is not None
        for length, curve in row.curves.items():
            rates = [100 * rate for rate in curve.values()]
            axis.plot(list(curve), rates, marker="o", ms=3, label=f"{length} iterations")
        axis.axvline(row.choice.rate, color="black", lw=0.8, ls=":")
        edge = ", edge" if row.choice.edge else ""
        axis.set_title(f"{row.arm.name}: {row.choice.rate:g}{edge}", fontsize=8)
        axis.set_xscale("log")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=6)
    for row_axes in axes:
        row_axes[0].set_ylabel("validation, %")
    figure.supxlabel("learning rate", fontsize=9)
    write_picture(figure, path)


def draw_layers(path: Path, results: Results, curriculum: str) -> None:
    """Draw the gain of each layer trained alone, and that of full training as a band."""
    rows = [row for row in results.rows if row.layer is not None and row.curriculum == curriculum]
    figure, axis = pyplot.subplots(figsize=(8, 4))
    full = results.row(FULL, curriculum)
    if full is not None:
        axis.axhspan(100 * full.gain.low, 100 * full.gain.high, color="tab:blue", alpha=0.12)
        axis.axhline(100 * full.gain.value, color="tab:blue", label="full training")
    for row in rows:
        gain = [100 * row.gain.value]
        bars = [[100 * (row.gain.value - row.gain.low)], [100 * (row.gain.high - row.gain.value)]]
        axis.errorbar([row.layer or 0], gain, bars, fmt="o", capsize=3, color="black")
    axis.set(
        xlabel="layer trained alone (0 is the bottom)", ylabel="held-out gain, points (95 %)"
    )  # fmt: skip
    axis.axhline(0, color="black", lw=0.8)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(alpha=0.3)
    if full is not None:
        axis.legend(fontsize=8)
    write_picture(figure, path)


def draw_curricula(path: Path, results: Results) -> None:
    """Draw the gain of each arm under each curriculum."""
    arms = [arm.name for arm in results.study.arms if not arm.untrained]
    curricula = results.study.curricula
    figure, axis = pyplot.subplots(figsize=(10, 4))
    width = 0.8 / len(arms)
    for i, arm in enumerate(arms):
        for j, curriculum in enumerate(curricula):
            row = results.row(arm, curriculum)
            if row is None:
                continue
            low, high = row.gain.value - row.gain.low, row.gain.high - row.gain.value
            axis.errorbar(
                j + (i - (len(arms) - 1) / 2) * width, 100 * row.gain.value,
                [[100 * low], [100 * high]], fmt="os^Dv<>"[i % 7], ms=5, capsize=3,
                color=f"C{i}", label=arm if j == 0 else None,
            )  # fmt: skip
    axis.set_xticks(range(len(curricula)), curricula)
    axis.set_ylabel("held-out gain, points (95 %)")
    axis.grid(alpha=0.3, axis="y")
    axis.legend(fontsize=8)
    write_picture(figure, path)
