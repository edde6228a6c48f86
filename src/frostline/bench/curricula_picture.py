"""The pictures of a comparison of schedulers: learning curves, and speed-ups as a heat map.

Colours are those of Okabe and Ito (2008), which the colour-blind can tell apart.
"""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from .curricula_jobs import ORACLE
from .curricula_rows import FRONTIER, UNIFORM, Results
from .curricula_table import number

COLUMNS = 3
# what a reader looks for first; the others are grey
HIGHLIGHTS = {ORACLE: "black", FRONTIER: "#D55E00", UNIFORM: "#0072B2"}
# on the picture of one rule: whom it is compared with
BACKGROUND: dict[str, dict[str, Any]] = {
    UNIFORM: {"color": "0.65", "lw": 1.4},
    FRONTIER: {"color": "0.4", "lw": 1.2, "ls": (0, (5, 1.5))},
    ORACLE: {"color": "black", "lw": 1.2, "ls": (0, (1, 1))},
}
RULE_COLOUR = "#D55E00"
PALETTE = 32  # colours of a small picture
EXTREME = 4.0  # speed-up, and its inverse, at the ends of the colour scale


def draw_curves(results: Results) -> bytes:
    """Draw the mean true pass rate over completions generated, one small axis per student.

    Returns:
        A PNG file.
    """
    columns = min(COLUMNS, len(results.students))
    lines = math.ceil(len(results.students) / columns)
    figure = Figure(figsize=(4.2 * columns, 3.0 * lines + 0.6), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False)
    for axis in axes.flat[len(results.students) :]:
        axis.set_axis_off()
    for axis, student in zip(axes.flat, results.students, strict=False):
        _curves(axis, results, student)
    _legend(figure)
    return _png(figure)


def _curves(axis: Axes, results: Results, student: str) -> None:
    """Draw the curves of one student: means over seeds, quartiles of those in colour.

    A dot is the median time to mastery, after which a run keeps its last value.
    """
    others = [s for s in results.schedulers if s not in HIGHLIGHTS]
    labelled = "other schedulers"
    for scheduler in [*others, *HIGHLIGHTS]:
        runs = results.runs.get((scheduler, student))
        if runs is None:
            continue
        full = runs.budget * runs.groups * runs.generations / 1000
        at = np.linspace(0, full, runs.curve.shape[1])
        colour, middle = HIGHLIGHTS.get(scheduler), np.mean(runs.curve, axis=0)
        if colour is None:
            axis.plot(at, middle, color="0.75", lw=0.8, label=labelled)
            labelled = "_"  # one entry in the legend for all of them
            continue
        low, high = np.quantile(runs.curve, (0.25, 0.75), axis=0)
        axis.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
        axis.plot(at, middle, color=colour, lw=1.6, label=scheduler)
        if not runs.fails:
            end = float(np.median(runs.batches)) / runs.budget * full
            axis.plot(end, np.interp(end, at, middle), "o", color=colour, ms=5)
    axis.set(title=student, xlabel="thousand completions", ylabel="mean true pass rate")
    axis.set(ylim=(0, 1.02), xlim=(0, None))
    axis.grid(alpha=0.3)


def draw_speed_ups(results: Results) -> bytes:
    """Draw the median speed-ups of schedulers by students as a heat map.

    Returns:
        A PNG file.
    """
    shape = len(results.schedulers), len(results.students)
    size = (1.05 * shape[1] + 2.6, 0.36 * shape[0] + 1.8)
    figure = Figure(figsize=size, layout="constrained")
    axis = figure.subplots()
    heights = np.full(shape, np.nan)
    for i, scheduler in enumerate(results.schedulers):
        for j, student in enumerate(results.students):
            ratio, runs = (
                results.speed_up(scheduler, student),
                results.runs.get((scheduler, student)),
            )
            if ratio is None or runs is None:
                continue
            heights[i, j] = -math.inf if runs.fails else math.log2(ratio.median)
            text = "fails" if runs.fails else f"{ratio.bound}{number(ratio.median)}"
            strong = abs(heights[i, j]) > 0.6 * math.log2(EXTREME)
            axis.text(j, i, text, ha="center", va="center", fontsize=8,
                      color="white" if strong else "black")  # fmt: skip
    limit = math.log2(EXTREME)
    image = axis.imshow(
        np.clip(heights, -limit, limit), cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto"
    )
    axis.set_xticks(range(shape[1]), results.students, rotation=35, ha="right")
    axis.set_yticks(range(shape[0]), results.schedulers)
    axis.set_title("speed-up over uniform (median)")
    bar = figure.colorbar(image, ticks=[-2, -1, 0, 1, 2])
    bar.ax.set_yticklabels(["¼", "½", "1", "2", "4"])
    return _png(figure, dpi=96)


def draw_rule(results: Results, scheduler: str) -> bytes:
    """Draw one scheduler's curves against uniform, frontier and the oracle, on every student.

    Returns:
        A PNG file with a palette, of some 30 kB for nine students.
    """
    students = results.students
    columns = min(COLUMNS, len(students))
    lines = math.ceil(len(students) / columns)
    figure = Figure(figsize=(2.9 * columns, 1.75 * lines + 0.5), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for axis in axes.flat[len(students) :]:
        axis.set_axis_off()
    for axis, student in zip(axes.flat, students, strict=False):
        _rule(axis, results, student, scheduler)
    for axis in axes[:, 0]:
        axis.set_ylabel("pass rate", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("batches", fontsize=8)
    _legend(figure)
    return _small(_png(figure, dpi=96))


def _rule(axis: Axes, results: Results, student: str, scheduler: str) -> None:
    """Draw one student's curves; the end of the scheduler's is marked."""
    styles = {name: style for name, style in BACKGROUND.items() if name != scheduler}
    for name, style in {**styles, scheduler: {"color": RULE_COLOUR, "lw": 2.0}}.items():
        runs = results.runs.get((name, student))
        if runs is None:
            continue
        at = np.linspace(0, runs.budget, runs.curve.shape[1])
        middle = runs.curve.mean(axis=0)
        axis.plot(at, middle, label=name, **style)
        if name == scheduler:
            end = runs.budget if runs.fails else float(np.median(runs.batches))
            mark: dict[str, Any] = (
                {"marker": "X", "ms": 7} if runs.fails else {"marker": "o", "ms": 5}
            )
            axis.plot(end, np.interp(end, at, middle), color=RULE_COLOUR, clip_on=False, **mark)
    axis.set_title(student, fontsize=9)
    axis.set(ylim=(0, 1.02), xlim=(0, None), yticks=(0, 0.5, 1))
    axis.tick_params(labelsize=7.5)
    axis.grid(alpha=0.3)


def _legend(figure: Figure) -> None:
    """Put one legend for all axes below them."""
    entries: dict[str, Artist] = {}
    for axis in figure.axes:
        handles, labels = axis.get_legend_handles_labels()
        entries.update(zip(labels, handles, strict=True))
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside lower center",
        ncols=len(entries),
        frameon=False,
    )


def _png(figure: Figure, *, dpi: int = 110) -> bytes:
    """Return a picture as the bytes of a file."""
    with io.BytesIO() as file:
        figure.savefig(file, dpi=dpi, format="png")
        return file.getvalue()


def _small(picture: bytes) -> bytes:
    """Return a PNG file with few colours."""
    with Image.open(io.BytesIO(picture)) as image, io.BytesIO() as file:
        image.convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE).save(
            file, format="png", optimize=True
        )
        return file.getvalue()
