"""What each layer contributes, for greedy selection: from the validation split alone.

What chooses layers must not have seen the problems that measure the choice.
"""

from __future__ import annotations

from typing import Any

from .result import FULL, Result
from .results import Results


def contributions(results: Results) -> dict[str, Any]:
    """Return how each layer trained alone did in its tuning runs, as JSON values.

    The contribution is its validation pass rate at the rate that was chosen, over that of full
    training if the study has it: greedy selection reads the order alone.
    """
    full = results.row(FULL)
    whole = (_score(full) if full is not None else 0.0) or 1.0
    layers = [
        {"layer": row.layer, "contribution": round(_score(row) / whole, 4)}
        for row in results.rows
        if row.layer is not None
    ]
    return {"layers": layers, "split": "validation", "study": results.study.name}


def best(results: Results) -> Result | None:
    """Return the single layer that did best on the validation split; None if none was trained."""
    rows = [row for row in results.rows if row.layer is not None]
    return max(rows, key=_score, default=None)


def _score(row: Result) -> float:
    """Return the validation pass rate at the rate that was chosen."""
    return 0.0 if row.choice is None else row.choice.curve[row.choice.rate].score
