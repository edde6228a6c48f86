"""What a profile reports: profile.json, profile.md, a picture and a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .pictures import write_picture
from .profile_arms import FULL, SPLIT, subsets
from .profile_layers import LayerProfile
from .run_dir import write_text
from .statistics import REPLICATES, Estimate, Resampled, resample

METHOD = (
    f"95 %, paired hierarchical bootstrap over seeds and problems, {REPLICATES} resamples; each "
    "interval stands alone, so of many one in twenty may miss"
)


def write_profile(profile: LayerProfile, command: str) -> dict[str, Any]:
    """Write the files of a profile whose runs are all finished, and return what is in the JSON.

    Args:
        profile: with nothing missing.
        command: what made it.
    """
    summary = summarise(profile, command)
    draw_profile(profile.path / "profile.png", summary)
    write_text(profile.path / "profile.md", markdown(summary))
    write_text(profile.path / "profile.json", json.dumps(summary, indent=2) + "\n")
    return summary


def summarise(profile: LayerProfile, command: str) -> dict[str, Any]:
    """Return base, full and layers with their gains, and all that these depend on."""
    options, done = profile.options, profile.finished()
    arms = subsets(profile.layers)
    runs = [[done[seed, subset] for seed in profile.seeds] for subset in arms]
    rates, errors = _rates(runs)
    drawn = resample(rates, seed=options.seed)
    refusal = refuse_ratio(drawn.gain(1, 0))
    layers = []
    for arm, layer in enumerate(profile.layers, 2):
        share = dict.fromkeys(("contribution", "contribution_low", "contribution_high"))
        known = {} if refusal else drawn.share(arm, 1, 0).to_dict("contribution")
        layers.append({"layer": layer, **_trained(drawn, arm, runs[arm]), **share, **known})
    return {
        "layers": layers,
        "full": _trained(drawn, 1, runs[1]),
        "base": drawn.mean(0).to_dict("rate"),
        "no_ratio": refusal,
        "policy": options.policy,
        "families": list(profile.levels),
        "levels": {family: list(levels) for family, levels in profile.levels.items()},
        "seeds": list(profile.seeds),
        "budget": {
            "iterations": options.iterations,
            "groups": options.grpo.groups,
            "num_generations": options.grpo.num_generations,
        },
        "learning_rate": {
            "layers": options.grpo.learning_rate,
            "full": options.config(FULL).learning_rate,
        },
        "exam": {
            "split": SPLIT,
            "problems": options.eval_problems,
            "temperature": options.grpo.temperature,
            "verifier_errors": errors,
        },
        "interval": METHOD,
        "options": options.identity(),
        "command": command,
        "seconds": sum(sum(r.get("seconds", 0) + r["exam_seconds"] for r in arm) for arm in runs),
    }


def refuse_ratio(gain: Estimate) -> str | None:
    """Return why contributions would mean nothing, or None if full training gains for sure."""
    found = f"the gain of full training is {_points(gain.value)} [{_points(gain.low)}, " + (
        f"{_points(gain.high)}] points"
    )
    if gain.includes_zero:
        return f"no ratio: {found}, which includes 0"
    return f"no ratio: {found}, which is a loss" if gain.high < 0 else None


def _rates(runs: list[list[dict[str, Any]]]) -> tuple[NDArray[np.float64], int]:
    """Return what each arm solved, shape (A, R, L, N), and the number of verifier errors.

    A problem on which the verifier failed in one arm counts as unsolved in all arms of that seed,
    so that no arm gains or loses by it.
    """
    marks_ARLN = np.array(
        [[[list(row) for row in run["solved"].values()] for run in arm] for arm in runs]
    )
    errors_ARLN = marks_ARLN == "!"
    sound_RLN = ~errors_ARLN.any(0)
    return ((marks_ARLN == "1") & sound_RLN).astype(np.float64), int(errors_ARLN.sum())


def _trained(drawn: Resampled, arm: int, runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rate": drawn.mean(arm).value,
        **drawn.gain(arm, 0).to_dict("gain"),
        "trainable": runs[0]["trainable"],
        "seconds": sum(run["seconds"] for run in runs) / len(runs),
    }


def headline(summary: dict[str, Any]) -> list[str]:
    """Return what the numbers are of, in a few lines."""
    budget, exam, rates = summary["budget"], summary["exam"], summary["learning_rate"]
    levels = "; ".join(
        f"{family} {', '.join(map(str, chosen))}" for family, chosen in summary["levels"].items()
    )
    seeds = ", ".join(map(str, summary["seeds"]))
    lines = [
        f"Policy {summary['policy']}; levels: {levels}; seeds: {seeds}.",
        f"Each training: {budget['iterations']} iterations of {budget['groups']} × "
        f"{budget['num_generations']} completions, learning rate {rates['layers']:g} for a layer, "
        f"{rates['full']:g} for full; the same problems for all.",
        f"Pass rate: mean over the levels, {exam['problems']} problems of the {exam['split']} "
        f"split per level and seed, one completion each at temperature {exam['temperature']:g}.",
        f"Intervals: {summary['interval']}.",
    ]
    if len(summary["seeds"]) == 1:
        lines.append("One seed: the intervals say nothing of how other seeds would end.")
    if exam["verifier_errors"]:
        lines.append(f"Verifier errors: {exam['verifier_errors']}; these problems are left out.")
    return lines


def rows(summary: dict[str, Any]) -> list[list[str]]:
    """Return the lines of the table: what, pass rate, gain, contribution, seconds of training."""
    base = summary["base"]
    found = [["base", f"{100 * base['rate']:.1f}", "", "", ""]]
    named = [("full", summary["full"])] + [(f"layer {r['layer']}", r) for r in summary["layers"]]
    for name, row in named:
        share = ""
        if row.get("contribution") is not None:
            share = (
                f"{row['contribution']:.2f} [{row['contribution_low']:.2f}, "
                f"{row['contribution_high']:.2f}]"
            )
        gain = f"{_points(row['gain'])} [{_points(row['gain_low'])}, {_points(row['gain_high'])}]"
        found.append([name, f"{100 * row['rate']:.1f}", gain, share, f"{row['seconds']:.1f}"])
    return found


COLUMNS = ("", "pass rate, %", "gain, points", "contribution", "train, s")


def markdown(summary: dict[str, Any]) -> str:
    """Return the profile as Markdown."""
    shown = list(COLUMNS)
    lines = ["# Contribution of each layer trained alone", "", *headline(summary), ""]
    lines += [f"| {' | '.join(shown)} |", f"|{'---|' * len(shown)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows(summary)]
    closing = [summary["no_ratio"] or "", f"`{summary['command']}`, {summary['seconds']:.0f} s"]
    for line in filter(None, closing):
        lines += ["", line]
    return "\n".join([*lines, "", "![gain per layer](profile.png)", ""])


def draw_profile(path: Path, summary: dict[str, Any]) -> None:
    """Draw the gain of each layer with its interval, and that of full training as a band."""
    figure, axis = pyplot.subplots(figsize=(8, 4))
    full, layers = summary["full"], summary["layers"]
    axis.axhspan(100 * full["gain_low"], 100 * full["gain_high"], color="tab:blue", alpha=0.12)
    axis.axhline(100 * full["gain"], color="tab:blue", label="full training")
    axis.axhline(0, color="black", lw=0.8)
    gains = np.array([[row["gain"], row["gain_low"], row["gain_high"]] for row in layers]) * 100
    bars = np.abs(gains[:, 1:] - gains[:, :1]).T
    axis.errorbar(
        [row["layer"] for row in layers], gains[:, 0], bars,
        fmt="o", capsize=3, color="black", label="one layer alone",
    )  # fmt: skip
    axis.set(xlabel="layer (0 is the bottom)", ylabel="gain over the untrained policy, points")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not summary["no_ratio"]:
        gain = 100 * full["gain"]
        right = axis.secondary_yaxis("right", (lambda y: y / gain, lambda c: c * gain))
        right.set_ylabel("contribution: share of full training's gain")
    axis.set_title("Held-out gain of each layer trained alone, 95 % intervals", fontsize=10)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    write_picture(figure, path)


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
