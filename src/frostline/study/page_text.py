"""How numbers are written on a study's page."""

from __future__ import annotations

from ..statistics import Estimate

ALPHA = 0.05  # largest p-value that decides


def points(estimate: Estimate) -> str:
    """Return a difference of pass rates with its interval, in points."""
    return f"{100 * estimate.value:+.1f} [{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"


def number(p: float) -> str:
    """Return a p-value as people read it."""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def share_text(share: Estimate) -> str:
    """Return a share of the full gain with its interval."""
    return f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}]"
