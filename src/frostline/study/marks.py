"""What the runs of a study solved in their exams, as arrays that can be resampled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .lines import RunLine, unpack
from .plan import finished, pairs
from .spec import UNTRAINED, Study

BASE = (UNTRAINED, UNTRAINED)  # the untrained policy, which has no curriculum


@dataclass(frozen=True, slots=True)
class Finals:
    """The final runs of a study.

    Attributes:
        study: what they belong to.
        lines: line of each run by pair of arm and curriculum, and seed; without those that failed.
        failed: lines of those that did.
    """

    study: Study
    lines: dict[tuple[str, str], dict[int, RunLine]]
    failed: tuple[RunLine, ...]

    @classmethod
    def of(cls, study: Study, lines: Iterable[RunLine]) -> Finals:
        """Return those among the lines of a study's directory that are this study's.

        A run that diverged is one of them: it solves nothing. One that failed says nothing of its
        arm, and is left out.
        """
        mine = {
            (arm.name, curriculum, 0 if arm.untrained else study.train.iterations): arm
            for arm, curriculum in pairs(study)
        }
        found: dict[tuple[str, str], dict[int, RunLine]] = {}
        failed = []
        for line in finished(lines).values():
            arm = mine.get((line.arm, line.curriculum, line.iterations))
            if arm is None or line.stage != "final" or line.seed not in study.fresh_seeds(arm):
                continue
            if line.status == "failed":
                failed.append(line)
            else:
                found.setdefault((line.arm, line.curriculum), {})[line.seed] = line
        order = [(arm, curriculum) for arm, curriculum, _ in mine]
        return cls(study, {pair: found[pair] for pair in order if pair in found}, tuple(failed))

    def seeds(self, pair: tuple[str, str]) -> tuple[int, ...]:
        """Return the seeds on which a pair can be compared with the untrained policy."""
        return tuple(sorted(self.lines[pair].keys() & self.lines.get(BASE, {}).keys()))

    def groups(self) -> dict[tuple[int, ...], list[tuple[str, str]]]:
        """Return by seeds the pairs that have all of them: the untrained policy first."""
        distinct = dict.fromkeys(self.seeds(pair) for pair in self.lines)
        return {
            seeds: [pair for pair in [BASE, *(p for p in self.lines if p != BASE)]
                    if set(seeds) <= set(self.seeds(pair))]
            for seeds in distinct if seeds
        }  # fmt: skip

    def strata(
        self, pairs: Sequence[tuple[str, str]], seeds: Sequence[int], weights: Mapping[str, float]
    ) -> tuple[list[NDArray[np.float64]], list[float]]:
        """Return what `pairs` solved, a stratum for each level, and the weight of each.

        The levels of a family count by their problems.

        Args:
            pairs: A arms with their curricula.
            seeds: R of them, of which every pair has a run.
            weights: of families; they add up to 1.

        Returns:
            For each level an array of the shape (A, R, N), and its weight.
        """
        problems = self.lines[BASE][seeds[0]].problems
        arrays, shares = [], []
        for family, weight in weights.items():
            mine = {rung: n for rung, n in problems.items() if rung.rpartition("/")[0] == family}
            for rung, count in mine.items():
                rows = [[self._row(pair, seed, rung, count) for seed in seeds] for pair in pairs]
                arrays.append(np.array(rows, dtype=np.float64))
                shares.append(weight * count / sum(mine.values()))
        return arrays, shares

    def _row(self, pair: tuple[str, str], seed: int, rung: str, count: int) -> list[bool]:
        line = self.lines[pair][seed]
        if line.status == "diverged":
            return [False] * count
        if line.problems.get(rung) != count:
            raise ValueError(f"{pair} of seed {seed} sat another exam in {rung} than the others")
        return unpack(line.solved[rung], count)
