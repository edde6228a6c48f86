"""Does what the starting study found hold: three claims, each with a test.

The starting study trained Qwen2.5-1.5B-Instruct with GRPO, one seed and one learning rate for all
arms: `https://github.com/JustinSQiu/STAT-4830-curriculum-learning-project`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..statistics import Estimate, holm
from .page_text import number, points, share_text
from .result import FULL, Result
from .results import Results

# its pictures, in its order
PANELS = {
    "first:5": "first five layers",
    "last:5": "last five layers",
    "last:1": "last layer",
    FULL: "all layers",
}
OWN, SHARED = "each arm at its own learning rate", "all arms at the learning rate of full training"
WELL, HARDLY = 0.8, 0.5  # shares of the full gain: works reasonably well, does not work
SEEDS = 3  # fewer decide nothing


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that it found.

    Attributes:
        text: what.
        measured: share of the full gain, or difference in points, as text.
        test: what decides.
        verdict: yes, no or undecided.
    """

    text: str
    measured: str
    test: str
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
    five, last_five, last = (arms[name] for name in ("first:5", "last:5", "last:1"))
    pairs = {
        "the first five layers gain more than the last five": (five, last_five),
        "the first five layers gain more than the last one": (five, last),
    }
    tested = {text: results.compare(*(row.pair for row in two)) for text, two in pairs.items()}
    known = [p for _, p in tested.values() if p is not None]
    adjusted = iter(holm(known))
    return [
        _keeps("the first five layers work reasonably well", five, at_least=WELL),
        _keeps("the last five layers do not", last_five, below=HARDLY),
        _keeps("the last layer does not", last, below=HARDLY),
        *(
            _order(text, difference, None if p is None else next(adjusted), alpha)
            for text, (difference, p) in tested.items()
        ),
    ]


def whole(claims: list[Claim]) -> str:
    """Return whether all of it holds: no if one claim fails, undecided if one is."""
    verdicts = {claim.verdict for claim in claims}
    return next((word for word in ("no", "undecided") if word in verdicts), "yes")


def _keeps(text: str, row: Result, *, at_least: float = 0.0, below: float = 1.0) -> Claim:
    """Return a claim on the share of the full gain: its whole interval decides."""
    bound, more = (at_least, True) if at_least else (below, False)
    test = f"share {'at least' if more else 'below'} {bound:g}, by its interval"
    if row.share is None or len(row.seeds) < SEEDS:
        return Claim(text, row.no_share or "too few seeds", test, "undecided")
    above, under = row.share.low >= bound, row.share.high < bound
    verdict = "undecided" if above == under else "yes" if above == more else "no"
    return Claim(text, share_text(row.share), test, verdict)


def _order(text: str, difference: Estimate, p: float | None, alpha: float) -> Claim:
    verdict = "undecided"
    if p is not None and p <= alpha:
        verdict = "yes" if difference.value > 0 else "no"
    test = "no test" if p is None else f"p {number(p)}"
    return Claim(text, f"{points(difference)} points", test, verdict)
