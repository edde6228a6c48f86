"""The pictures of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .run_dir import whole

WINDOW = 10  # iterations in a running mean


def draw_levels(
    path: Path, metrics: list[dict[str, Any]], evaluations: list[dict[str, Any]]
) -> None:
    """Draw the level per family and the held-out pass rate per level, over iterations."""
    families = list(dict.fromkeys(r["family"] for r in evaluations[0]["levels"]))
    figure, axes = pyplot.subplots(
        len(families), 2, figsize=(11, 3.6 * len(families)), squeeze=False, width_ratios=(1, 1.6)
    )
    for row, family in zip(axes, families, strict=True):
        _level_axis(row[0], metrics, family)
        _rate_axis(row[1], evaluations, family)
    write_picture(figure, path)


def _level_axis(axis: Axes, metrics: list[dict[str, Any]], family: str) -> None:
    key = f"level/{family}"
    points = [(m["iteration"], m["curriculum"][key]) for m in metrics if key in m["curriculum"]]
    if points:
        axis.step(*zip(*points, strict=True), where="post", color="black")
    drawn = [(m["iteration"], g[1]) for m in metrics for g in m["groups"] if g[0] == family]
    if drawn:
        xs, ys = zip(*drawn, strict=True)
        axis.scatter(xs, ys, s=3, alpha=0.15, color="tab:blue")
    axis.set(title=f"{family}: frontier, problems drawn", ylabel="level")
    axis.set_xlabel("iteration")
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(alpha=0.3)


def _rate_axis(axis: Axes, evaluations: list[dict[str, Any]], family: str) -> None:
    levels = [r["level"] for r in evaluations[0]["levels"] if r["family"] == family]
    colours = pyplot.get_cmap("viridis")
    for i, level in enumerate(levels):
        points = [
            (e["iteration"], r["rate"], r["low"], r["high"], e["when"])
            for e in evaluations
            for r in e["levels"]
            if (r["family"], r["level"]) == (family, level)
        ]
        colour = colours(i / max(1, len(levels) - 1))
        axis.plot(
            [p[0] for p in points], [p[1] for p in points], color=colour, label=f"level {level}"
        )
        for x, rate, low, high, when in points:
            if when != "during":
                bar = [[rate - low], [high - rate]]
                axis.errorbar(x, rate, bar, color=colour, capsize=2, marker="o", markersize=3)
    axis.set(title="held-out pass rate (bars: test split, 95 %)", ylim=(-0.02, 1.02))
    axis.set_xlabel("iteration")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7, ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))


def draw_training(path: Path, metrics: list[dict[str, Any]]) -> None:
    """Draw reward, share of groups with signal, entropy, gradient norm, length and seconds."""
    figure, axes = pyplot.subplots(2, 3, figsize=(11, 5.6))
    for axis, name in zip(axes.flat, ("reward", "signal", "entropy", "grad_norm"), strict=False):
        _curve(axis, metrics, name)
    _curve(axes[1, 1], metrics, "completion_length")
    for phase in ("generate", "verify", "update"):
        xs = [m["iteration"] for m in metrics]
        axes[1, 2].plot(xs, [m["seconds"].get(phase, 0.0) for m in metrics], label=phase, lw=0.8)
    axes[1, 2].set(title="seconds per phase", xlabel="iteration")
    axes[1, 2].grid(alpha=0.3)
    axes[1, 2].legend(fontsize=7)
    write_picture(figure, path)


def _curve(axis: Axes, metrics: list[dict[str, Any]], name: str) -> None:
    titles = {
        "reward": "reward (mean of the completions)",
        "signal": "share of groups with signal",
        "entropy": "entropy per token (nats)",
        "grad_norm": "gradient norm before clipping",
        "completion_length": "completion length (tokens)",
    }
    points = [(m["iteration"], m[name]) for m in metrics if m[name] is not None]
    if points:
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        means = [
            sum(ys[max(0, i - WINDOW + 1) : i + 1]) / min(i + 1, WINDOW) for i in range(len(ys))
        ]
        axis.plot(xs, ys, alpha=0.25, color="tab:blue", lw=0.8)
        axis.plot(xs, means, color="tab:blue")
    axis.set(title=titles[name], xlabel="iteration")
    axis.grid(alpha=0.3)


def write_picture(figure: Figure, path: Path) -> None:
    """Write a picture so that it is there whole or not at all."""
    figure.tight_layout()
    try:
        with whole(path) as partial:
            figure.savefig(partial, dpi=110, format="png")
    finally:
        pyplot.close(figure)
