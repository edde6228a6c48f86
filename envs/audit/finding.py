"""What an audit says, and how thoroughly it looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of one level, or of the whole family.

    Attributes:
        check: name of the check.
        level: 1 is the easiest; None for the whole family.
        ok: false if the family breaks the promise that is checked.
        detail: the first counterexample, or what was looked at.
        figures: what was measured, for the table.
    """

    check: str
    level: int | None
    ok: bool
    detail: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Settings:
    """How many problems each check looks at.

    Attributes:
        problems: per level, for the checks of content.
        programs: the same for programs, whose verdicts take about a hundred times as long.
        split_problems: drawn per level for time, splits and distinct questions.
        constant_problems: per level, to measure what a constant answer pays.
        constant_programs: the same for programs.
        thorough: whether endless programs and their like are tried on every level.
        seed: chooses the problems.
    """

    problems: int = 24
    programs: int = 6
    split_problems: int = 10_000
    constant_problems: int = 400
    constant_programs: int = 200
    thorough: bool = True
    seed: int = 0

    def quick(self) -> Settings:
        """Return settings for a look that takes seconds: fewer problems, the same checks."""
        return replace(
            self,
            thorough=False,
            problems=min(self.problems, 6),
            programs=min(self.programs, 2),
            split_problems=min(self.split_problems, 300),
            constant_problems=min(self.constant_problems, 120),
            constant_programs=min(self.constant_programs, 20),
        )
