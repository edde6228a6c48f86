"""Print a Markdown table that sets runs side by side, for the README and notes.

`python scripts/compare_runs.py runs/full-seed0 runs/first5-seed0 …` reads each run's summary.json.
A level counts as gained if the policy solved less than half of it before, and the 95 % lower bound
is above a half afterwards.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

HALF = 0.5


def per_cent(share: float) -> str:
    """Return a share in per cent, without decimals."""
    return f"{100 * share:.0f}"


def gained(summary: dict[str, Any]) -> int:
    """Return how many levels went from below a half to a lower bound above it."""
    return sum(r["before"] < HALF < r["after_low"] for r in summary["levels"])


def level_table(summaries: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the table: one row per level, one column per run."""
    names = [f"{s['subset']}, seed {s['seed']}" for s in summaries]
    lines = ["| family | level | before | " + " | ".join(names) + " |"]
    lines.append("|---" * (3 + len(names)) + "|")
    for i, row in enumerate(summaries[0]["levels"]):
        befores = [s["levels"][i]["before"] for s in summaries]
        cells = []
        for summary in summaries:
            level = summary["levels"][i]
            low, high = per_cent(level["after_low"]), per_cent(level["after_high"])
            cells.append(f"{per_cent(level['after'])} [{low}, {high}]")
        before = f"{per_cent(min(befores))}–{per_cent(max(befores))}"
        lines.append(f"| {row['family']} | {row['level']} | {before} | {' | '.join(cells)} |")
    return lines


def run_table(summaries: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the second table: one row per run."""
    lines = [
        "| subset | seed | trainable | mean rise | gained | hardest level | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for s in summaries:
        highest = ", ".join(str(level) for level in s["highest"].values())
        share = s["trainable"] / s["total"]
        lines.append(
            f"| {s['subset']} | {s['seed']} | {s['trainable']:,} ({share:.0%})"
            f" | {100 * s['mean_rise']:+.1f} | {gained(s)} | {highest} | {s['seconds']:.0f} |"
        )
    return lines


def main() -> None:
    """Read the summaries and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="run directories")
    args = parser.parse_args()
    summaries = [json.loads((run / "summary.json").read_text()) for run in args.runs]
    print("\n".join([*run_table(summaries), "", *level_table(summaries)]))


if __name__ == "__main__":
    main()
