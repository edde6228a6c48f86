"""Students of item response theory: one ability per family against levels of rising difficulty.

A completion of level k is right with chance sigmoid(a * (ability - (k - 1) * spacing)), the
two-parameter logistic model (Birnbaum 1968). The update is the exact group-policy gradient of that
Bernoulli policy, with the group's mean r as baseline:

    ability += eta * a * r * (1 - r)

It is 0 for a group of equal results, and on average eta * a * p * (1 - p) * (1 - 1/G).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from ..checks import check_space
from ..protocol import Key
from .cell_table import CellTable, check_run, describe_cells
from .draws import Draws
from .rules import course_rule, lowest, nearest, neediest, turns
from .skill_cohort import sigmoid
from .student import Rule


@final
@dataclass(frozen=True, kw_only=True)
class IRTStudent:
    """A student with one ability per family; the goal is the top learnable level of each.

    Args:
        name: part of the key of its random streams.
        levels: family -> number of levels.
        discrimination: slope a of the logistic curve.
        spacing: difference in difficulty between neighbouring levels, in units of ability.
        ability: of every family at the start.
        eta: learning rate on the ability.
        decay: share of an ability's gain over its start that is lost per group of other families.
        coin: levels that pass with chance 1/2 for ever and teach nothing.
        broken: levels that never pass.
        guess: chance that a wrong completion is graded right.
        slip: chance that a right completion is graded wrong.
        noise: standard deviation of a prompt's difficulty, in logits: half of the prompts are
            easier by as much, half harder. Completions of a group share it.
        speeds: by what `eta` is multiplied for a family; 1 where not named.
        groups: groups in one step.
        generations: completions in one group.
        lag: steps by which outcomes come late.
        budget: steps after which a run is given up.

    Raises:
        ValueError: if a constant is out of range or a level or family does not exist.
    """

    name: str
    levels: Mapping[str, int]
    discrimination: float = 1.0
    spacing: float = 1.5
    ability: float = 0.0
    eta: float = 0.05
    decay: float = 0.0
    coin: frozenset[Key] = frozenset()
    broken: frozenset[Key] = frozenset()
    guess: float = 0.0
    slip: float = 0.0
    noise: float = 0.0
    speeds: Mapping[str, float] = field(default_factory=dict)
    groups: int = 8
    generations: int = 8
    lag: int = 0
    budget: int = 1000

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        check_run(
            groups=self.groups,
            generations=self.generations,
            lag=self.lag,
            budget=self.budget,
            eta=self.eta,
            decay=self.decay,
            noise=self.noise,
        )
        for name, value in (("discrimination", self.discrimination), ("spacing", self.spacing)):
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value!r}")
        _ = self.cells  # refuses what is wrong with the levels

    @property
    def space(self) -> dict[str, int]:
        """Family -> number of levels, sorted by family."""
        return check_space(self.levels)

    @cached_property
    def cells(self) -> CellTable:
        """What is true of every cell for ever."""
        return describe_cells(
            self.space,
            coin=self.coin,
            broken=self.broken,
            guess=self.guess,
            slip=self.slip,
            speeds=self.speeds,
        )

    def start(self, seeds: Sequence[int]) -> "IRTCohort":
        """Return one untrained copy per seed."""
        return IRTCohort(self, seeds)

    def oracles(self) -> Mapping[str, Rule]:
        """Return candidate oracles by name."""
        picks = {"nearest_0.5": nearest(0.5), "lowest_0.5": lowest(0.5)}
        return {
            f"{name}_{order.__name__}": course_rule(self.cells, self.groups, pick, order)
            for name, pick in picks.items()
            for order in (neediest, turns)
        }


@final
class IRTCohort:
    """Copies of an `IRTStudent` in training.

    Shapes: S seeds, C cells, F families, M groups of a step over all seeds, G completions.

    Attributes:
        student: the description.
        abilities: shape (S, F).
    """

    def __init__(self, student: IRTStudent, seeds: Sequence[int]) -> None:
        """Start every seed at the student's starting ability."""
        self.student = student
        self.abilities = np.full((len(seeds), len(student.space)), float(student.ability))
        self._difficulty = student.spacing * np.array(
            [level - 1 for _, level in student.cells.keys]
        )
        columns = student.generations + (student.noise > 0)
        self._draws = Draws(student.name, seeds, columns)
        self._rates: NDArray[np.float64] | None = None

    def rates(self) -> NDArray[np.float64]:
        """Return the true pass rate of every cell now, shape (S, C)."""
        if self._rates is None:
            student, cells = self.student, self.student.cells
            logits = self.abilities[:, cells.family] - self._difficulty
            logits *= student.discrimination
            right = (sigmoid(logits + student.noise) + sigmoid(logits - student.noise)) / 2
            self._rates = cells.low + (cells.high - cells.low) * right
            self._rates.flags.writeable = False
        return self._rates

    def mastered(self) -> NDArray[np.bool_]:
        """Say of every seed whether all goal cells are mastered, shape (S,)."""
        return self.student.cells.mastered(self.rates())

    def answer(self, cells: NDArray[np.intp]) -> NDArray[np.intp]:
        """Answer a batch of groups; see `Cohort.answer`."""
        rows, columns = np.nonzero(cells >= 0)
        successes = np.zeros(cells.shape, dtype=np.intp)
        successes[rows, columns] = self._answer(rows, cells[rows, columns])
        return successes

    def learn(self, cells: NDArray[np.intp], successes: NDArray[np.intp]) -> None:
        """Apply the policy gradients of all groups and the decay; see `Cohort.learn`."""
        rows, columns = np.nonzero(cells >= 0)
        asked, student, table = cells[rows, columns], self.student, self.student.cells
        mean = successes[rows, columns] / student.generations
        rate = student.eta * student.discrimination * table.speed[asked] * table.learnable[asked]
        where = rows * self.abilities.shape[1] + table.family[asked]
        change = self._per_family(where, rate * mean * (1 - mean))
        if student.decay:
            groups = np.bincount(rows, minlength=len(self.abilities))[:, None]
            unused = groups - self._per_family(where, table.learnable[asked])
            change -= student.decay * unused * (self.abilities - student.ability)
        self.abilities += change
        self._rates = None

    def _answer(self, rows: NDArray[np.intp], asked: NDArray[np.intp]) -> NDArray[np.intp]:
        """Draw the number of completions that are graded right in every group, shape (M,)."""
        student, cells = self.student, self.student.cells
        blocks = self._draws.take(rows)
        logits = self.abilities[rows, cells.family[asked]] - self._difficulty[asked]
        logits *= student.discrimination
        if student.noise:
            logits += np.where(blocks[:, -1] < 0.5, student.noise, -student.noise)
        low, high = cells.low[asked], cells.high[asked]
        rates = low + (high - low) * sigmoid(logits)
        right: NDArray[np.intp]
        right = np.count_nonzero(blocks[:, : student.generations] < rates[:, None], axis=1)
        return right

    def _per_family(
        self, where: NDArray[np.intp], values: NDArray[np.float64] | NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Sum values of groups by seed and family, shape (S, F)."""
        shape = self.abilities.shape
        sums = np.bincount(where, values, shape[0] * shape[1])
        return np.asarray(sums, dtype=np.float64).reshape(shape)
