"""Does what the starting study found hold: three claims, each with a test.

The starting study trained Qwen2.5-1.5B-Instruct with GRPO, one seed and one learning rate for all
arms: `https://github.com/JustinSQiu/STAT-4830-curriculum-learning-project`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..statistics import Estimate, holm
from .marks import BASE
from .results import FULL, Result, Results

# its pictures, in its order
PANELS = {
    "first:5": "first five layers",
    "last:5": "last five layers",
    "last:1": "last layer",
    FULL: "all layers",
}
OWN, SHARED = (
    "each arm at its own learning rate",
    "one learning rate for all: that of full training",
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that it found.

    Attributes:
        text: what.
        measured: the difference that is above 0 if it holds.
        p: of no difference, adjusted by Holm for the three.
        verdict: yes, no or undecided.
    """

    text: str
    measured: Estimate
    p: float
    verdict: str


def protocols(results: Results) -> dict[str, dict[str, Result]]:
    """Return its four arms by what they train: at their own learning rates, and at full's for all.

    What has no run of all four is left out.
    """
    first = results.study.curricula[0]
    found: dict[str, dict[str, Result]] = {}
    for title, source in ((OWN, ""), (SHARED, FULL)):
        arms = {
            row.arm.trainable: row
            for row in results.rows
            if row.curriculum == first
            and row.arm.optimizer == "adamw"
            and (row.arm.rate_of == source or row.arm.name == FULL)
        }
        if PANELS.keys() <= arms.keys():
            found[title] = {name: arms[name] for name in PANELS}
    return found


def findings(results: Results, arms: dict[str, Result], alpha: float) -> list[Claim]:
    """Return its claims with their tests.

    Args:
        results: of a study.
        arms: its four arms, by what they train.
        alpha: largest p-value for a yes or a no.
    """
    five, last_five, last = (arms[name].pair for name in ("first:5", "last:5", "last:1"))
    pairs = {
        "training the first five layers gains": (five, BASE),
        "the first five layers gain more than the last five": (five, last_five),
        "the first five layers gain more than the last one": (five, last),
    }
    tested = {text: results.compare(*pair) for text, pair in pairs.items()}
    adjusted = holm([p for _, p in tested.values()])
    return [
        Claim(text, measured, p, _verdict(measured, p, alpha))
        for (text, (measured, _)), p in zip(tested.items(), adjusted, strict=True)
    ]


def whole(claims: list[Claim]) -> str:
    """Return whether all of it holds: no if one claim fails, undecided if one is."""
    verdicts = {claim.verdict for claim in claims}
    return next((word for word in ("no", "undecided") if word in verdicts), "yes")


def _verdict(measured: Estimate, p: float, alpha: float) -> str:
    if p > alpha:
        return "undecided"
    return "yes" if measured.value > 0 else "no"
