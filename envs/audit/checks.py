"""Every check of an audit, by name, and the audit of a family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..family import Family
from .constants import constant
from .draws import distinct, draw_time, splits, verdict_time
from .finding import Finding, Settings
from .hostile import hostile
from .leaks import leaks
from .mutations import mutations
from .oracle import oracle, recomputed
from .purity import pure
from .structure import builds, knobs, steps
from .subject import Check, Subject, short
from .texts import echo, spellings

CHECKS: dict[str, Check] = {
    "builds": builds,
    "knobs": knobs,
    "steps": steps,
    "oracle": oracle,
    "recomputed": recomputed,
    "mutations": mutations,
    "constant": constant,
    "spellings": spellings,
    "echo": echo,
    "hostile": hostile,
    "pure": pure,
    "draw time": draw_time,
    "verdict time": verdict_time,
    "splits": splits,
    "distinct": distinct,
    "leaks": leaks,
}


@dataclass(frozen=True, slots=True)
class Audit:
    """What the checks say of a family.

    Attributes:
        family: the family.
        findings: in the order of the checks.
    """

    family: Family
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Return whether every promise is kept."""
        return all(finding.ok for finding in self.findings)

    def passed(self, check: str) -> bool:
        """Return whether a check has found no fault."""
        return all(finding.ok for finding in self.findings if finding.check == check)

    def figures(self, level: int) -> dict[str, Any]:
        """Return what was measured on a level."""
        figures: dict[str, Any] = {}
        for finding in self.findings:
            if finding.level == level:
                figures.update(finding.figures)
        return figures


def audit(
    family: Family,
    settings: Settings | None = None,
    *,
    checks: tuple[str, ...] = tuple(CHECKS),
    on_check: Callable[[str], None] | None = None,
) -> Audit:
    """Return what the checks say of a family.

    Args:
        family: a family that ships, or your own.
        settings: how thoroughly to look.
        checks: names in `CHECKS`.
        on_check: called with the name of each check when it is done.
    """
    subject = Subject(family, settings or Settings())
    findings: list[Finding] = []
    for name in checks:
        if any(finding.detail.startswith("TimeoutError") for finding in findings):
            # the next check would wait without end, and not all of them can be interrupted
            findings.append(Finding(name, None, False, "not tried: something takes too long"))
            continue
        try:
            findings += CHECKS[name](subject)
        except Exception as error:  # a family that breaks a check fails it
            findings.append(Finding(name, None, False, f"{type(error).__name__}: {short(error)}"))
        if on_check:
            on_check(name)
    return Audit(family, tuple(findings))
