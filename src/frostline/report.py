"""What a run reports: summary.json, report.md, and two pictures."""

from __future__ import annotations

import json
from typing import Any

from .pictures import draw_levels, draw_training
from .run_dir import RunDir, read_lines, write_text


def write_report(run: RunDir) -> dict[str, Any]:
    """Write summary.json, report.md and the pictures of a run, and return the summary.

    Raises:
        ValueError: if the run has no evaluation yet.
    """
    summary = summarise(run)
    metrics, evaluations = read_lines(run.metrics_path), read_lines(run.evaluations_path)
    draw_levels(run.path / "levels.png", metrics, evaluations)
    draw_training(run.path / "training.png", metrics)
    write_text(run.path / "summary.json", json.dumps(summary, indent=2) + "\n")
    write_text(run.path / "report.md", markdown(summary))
    return summary


def summarise(run: RunDir) -> dict[str, Any]:
    """Return what the run did: pass rates before and after, levels, weights and seconds.

    Raises:
        ValueError: if the run has no evaluation yet.
    """
    evaluations = read_lines(run.evaluations_path)
    before = next((e for e in evaluations if e["when"] == "before"), None)
    if before is None:
        raise ValueError(f"run {run.path} has no evaluation yet; go on with --resume {run.path}")
    metrics = read_lines(run.metrics_path)
    # a run that went on after its end has an old one, too
    here = len(metrics)
    after = next((e for e in evaluations if (e["when"], e["iteration"]) == ("after", here)), None)
    groups = _groups(metrics)
    state = run.load() or {}
    config = run.config()
    later = {(r["family"], r["level"]): r for r in after["levels"]} if after else {}
    levels = []
    for result in before["levels"]:
        key = (result["family"], result["level"])
        then = later.get(key)
        levels.append(
            {
                "family": key[0],
                "level": key[1],
                "before": result["rate"],
                "before_low": result["low"],
                "before_high": result["high"],
                "after": then["rate"] if then else None,
                "after_low": then["low"] if then else None,
                "after_high": then["high"] if then else None,
                "problems": result["problems"],
                "distinct": result["distinct"],
                "groups": groups.get(key, 0),
            }
        )
    return {
        "run": str(run.path),
        "policy": config.policy,
        "subset": config.trainable,
        "seed": config.seed,
        "iterations": len(metrics),
        "seconds": round(state.get("seconds", 0.0), 1),
        "threads": config.threads,
        "trainable": state.get("agent", {}).get("trainable_count"),
        "total": state.get("agent", {}).get("total_count"),
        "highest": _highest(metrics),
        "mean_rise": _mean_rise(levels),
        "levels": levels,
        "pictures": [str(run.path / "levels.png"), str(run.path / "training.png")],
    }


def _groups(metrics: list[dict[str, Any]]) -> dict[tuple[str, int], int]:
    """Return how many groups were trained per level."""
    counts: dict[tuple[str, int], int] = {}
    for line in metrics:
        for family, level, _, _ in line["groups"]:
            counts[family, level] = counts.get((family, level), 0) + 1
    return counts


def _highest(metrics: list[dict[str, Any]]) -> dict[str, int]:
    """Return the hardest level of each family that was trained on."""
    highest: dict[str, int] = {}
    for family, level in _groups(metrics):
        highest[family] = max(highest.get(family, 0), level)
    return highest


def _mean_rise(levels: list[dict[str, Any]]) -> float | None:
    """Return the mean rise of the pass rate over the levels that were trained on."""
    rises = [r["after"] - r["before"] for r in levels if r["groups"] and r["after"] is not None]
    return sum(rises) / len(rises) if rises else None


def rate(result: dict[str, Any], when: str) -> str:
    """Return a pass rate with its interval, in per cent."""
    if result[when] is None:
        return "–"
    low, high = result[f"{when}_low"], result[f"{when}_high"]
    return f"{100 * result[when]:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def closing_lines(summary: dict[str, Any]) -> list[str]:
    """Return what stands below the table."""
    trainable, total = summary["trainable"], summary["total"]
    reached = ", ".join(f"{family} {level}" for family, level in summary["highest"].items())
    lines = [f"Hardest level trained on: {reached or 'none'}"]
    if trainable is not None:
        lines.append(
            f"Trainable parameters: {trainable:,} of {total:,} ({trainable / total:.1%}),"
            f" subset {summary['subset']}"
        )
    if summary["mean_rise"] is not None:
        lines.append(
            f"Mean rise over the levels trained on: {100 * summary['mean_rise']:+.1f} points"
        )
    lines.append(f"{summary['iterations']} iterations in {summary['seconds']:.0f} s")
    return lines


def markdown(summary: dict[str, Any]) -> str:
    """Return the report as Markdown."""
    head = [
        f"# {summary['run']}",
        "",
        f"Policy `{summary['policy']}`, subset `{summary['subset']}`, seed {summary['seed']},"
        f" {summary['threads']} CPU threads.",
        "",
        "Held-out pass rate (pass@1, sampled) on the test split, with 95 % Wilson intervals.",
        "",
        "| family | level | before | after | groups trained on |",
        "|---|---|---|---|---|",
    ]
    rows = [
        f"| {r['family']} | {r['level']} | {rate(r, 'before')} | {rate(r, 'after')} "
        f"| {r['groups']} |"
        for r in summary["levels"]
    ]
    closing = [f"- {line}" for line in closing_lines(summary)]
    pictures = ["", "![levels](levels.png)", "", "![training](training.png)", ""]
    return "\n".join([*head, *rows, "", *closing, *pictures])
