"""What each layer contributes, for greedy selection: from the validation split alone.

What chooses layers must not have seen the problems that measure the choice.
"""

from __future__ import annotations

from typing import Any

from .results import FULL, Result, Results


def contributions(results: Results) -> dict[str, Any]:
    """Return the share of full training's gain that each layer earns alone, as JSON values.

    The gains are those of the tuning runs at the rate that was chosen, over the untrained policy.

    Raises:
        ValueError: without a full arm that gains.
    """
    base, full = results.row("none"), results.row(FULL)
    whole = 0.0 if base is None or full is None else _score(full) - base.rate.value
    if base is None or whole <= 0:
        raise ValueError("contributions are shares of the gain of the arm full, and it gains none")
    rows = [row for row in results.rows if row.layer is not None]
    layers = [
        {"layer": row.layer, "contribution": round((_score(row) - base.rate.value) / whole, 4)}
        for row in rows
    ]
    return {"layers": layers, "split": "validation", "study": results.study.name}


def best(results: Results) -> Result | None:
    """Return the single layer that did best on the validation split; None if none was trained."""
    rows = [row for row in results.rows if row.layer is not None and not row.arm.rate_of]
    return max(rows, key=_score, default=None)


def _score(row: Result) -> float:
    """Return the validation pass rate at the rate that was chosen."""
    return 0.0 if row.choice is None else row.choice.curve[row.choice.rate].score
