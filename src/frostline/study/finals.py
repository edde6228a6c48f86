"""What the runs of a study solved in their exams, as arrays that can be resampled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .lines import RunLine, unpack
from .plan import chosen, finished, pairs
from .spec import Study

Pair: TypeAlias = tuple[str, str]  # names of an arm and a curriculum


@dataclass(frozen=True, slots=True)
class Finals:
    """The final runs of a study.

    Attributes:
        study: what they belong to.
        base: the untrained policy.
        lines: line of each run by pair and seed, in the order of the study; without failed runs.
        failed: lines of those.
    """

    study: Study
    base: Pair
    lines: dict[Pair, dict[int, RunLine]]
    failed: tuple[RunLine, ...]

    @classmethod
    def of(cls, study: Study, lines: Iterable[RunLine]) -> Finals:
        """Return those among the lines of a study's directory that are this study's.

        That is: at the learning rate that is chosen, of the study's length and seeds. A run that
        diverged is one of them: it solves nothing. One that failed says nothing of its arm, and is
        left out.

        Raises:
            ValueError: if the study has no untrained arm, or that has no run.
        """
        known = list(lines)
        found: dict[Pair, dict[int, RunLine]] = {}
        failed = []
        for arm, curriculum in pairs(study):
            choice = chosen(study, known, arm.name, curriculum)
            length = 0 if arm.untrained else study.train.iterations
            for line in finished(known).values():
                if choice is None or line.lr != choice.rate or line.iterations != length:
                    continue
                if (line.arm, line.curriculum, line.stage) != (arm.name, curriculum, "final"):
                    continue
                if line.seed not in study.fresh_seeds(arm):
                    continue
                if line.status == "failed":
                    failed.append(line)
                else:
                    found.setdefault((arm.name, curriculum), {})[line.seed] = line
        base = untrained(study)
        if not found.get(base):
            raise ValueError("gains are measured from the untrained policy, and it has no run yet")
        return cls(study, base, found, tuple(failed))

    def seeds(self, *wanted: Pair) -> tuple[int, ...]:
        """Return the seeds of which the untrained policy and all of these pairs have a run."""
        common = set(self.lines[self.base])
        for pair in wanted:
            common &= self.lines.get(pair, {}).keys()
        return tuple(sorted(common))

    def having(self, seeds: Sequence[int]) -> list[Pair]:
        """Return the pairs that have a run of all these seeds: the untrained policy first."""
        others = [pair for pair in self.lines if pair != self.base]
        return [pair for pair in [self.base, *others] if {*seeds} <= self.lines[pair].keys()]

    def strata(
        self, wanted: Sequence[Pair], seeds: Sequence[int], weights: Mapping[str, float]
    ) -> tuple[list[NDArray[np.float64]], list[float]]:
        """Return what `wanted` solved, a stratum for each level, and the weight of each.

        The levels of a family count by their problems.

        Args:
            wanted: A arms with their curricula.
            seeds: R of them, of which every pair has a run.
            weights: of families; they add up to 1.

        Returns:
            For each level an array of the shape (A, R, N), and its weight.
        """
        problems = self.lines[self.base][seeds[0]].problems
        arrays, shares = [], []
        for family, weight in weights.items():
            mine = {rung: n for rung, n in problems.items() if rung.rpartition("/")[0] == family}
            for rung, count in mine.items():
                rows = [[self._row(pair, seed, rung, count) for seed in seeds] for pair in wanted]
                arrays.append(np.array(rows, dtype=np.float64))
                shares.append(weight * count / sum(mine.values()))
        return arrays, shares

    def _row(self, pair: Pair, seed: int, rung: str, count: int) -> list[bool]:
        line = self.lines[pair][seed]
        if line.status == "diverged":
            return [False] * count
        if line.problems.get(rung) != count or line.split != self.study.exam.split("final"):
            raise ValueError(f"{pair} of seed {seed} sat another exam in {rung} than the others")
        return unpack(line.solved[rung], count)


def untrained(study: Study) -> Pair:
    """Return the pair of the untrained policy.

    Raises:
        ValueError: if the study has none.
    """
    for arm, curriculum in pairs(study):
        if arm.untrained:
            return arm.name, curriculum
    raise ValueError(
        'gains are measured from the untrained policy: add an arm with trainable = "none"'
    )
