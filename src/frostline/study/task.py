"""One run of a study, by what names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .lines import RunLine
from .spec import Stage


@dataclass(frozen=True, slots=True)
class Task:
    """One run.

    Attributes:
        arm: its name.
        curriculum: name of the curriculum; `none` for the untrained policy.
        rate: learning rate; 0 for the untrained policy.
        seed: of problems, sampling, curriculum and exam.
        stage: `tune` or `final`.
        iterations: how long it trains; 0 for the untrained policy.
    """

    arm: str
    curriculum: str
    rate: float
    seed: int
    stage: Stage
    iterations: int

    @classmethod
    def of(cls, line: RunLine) -> Task:
        """Return the run whose line it is."""
        return cls(line.arm, line.curriculum, line.lr, line.seed, line.stage, line.iterations)

    def key(self) -> dict[str, Any]:
        """Return the fields of the line that name the run, as JSON values."""
        return {
            "arm": self.arm,
            "curriculum": self.curriculum,
            "seed": self.seed,
            "lr": self.rate,
            "stage": self.stage,
            "iterations": self.iterations,
        }
