"""Students made of skills: a level needs a set of them, and exercise improves what it needed.

The update is the exact group-policy gradient of a tabular policy: a completion draws every skill
it needs, x_j ~ Bernoulli(sigmoid(z_j)), is right if all succeed, and

    z_j += eta * mean_i[(r_i - mean r) * (x_ij - sigmoid(z_j))]

over the completions i of a group (REINFORCE with the group's mean as baseline, as in GRPO).
Prerequisites and transfer are not put in by hand: they follow from shared skills.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from ..protocol import Key
from .cell_table import CellTable, check_run, describe_cells
from .rules import course_rule, highest, lowest, neediest, turns
from .skill_cohort import SkillCohort
from .student import Cohort, Rule


@final
@dataclass(frozen=True, kw_only=True)
class SkillStudent:
    """A student whose levels need sets of skills.

    Args:
        name: part of the key of its random streams.
        needs: family -> for every level, from the first, the skills it needs, counted from 0.
            Coin-flip levels need none.
        starts: chance of every skill at the start, strictly between 0 and 1.
        eta: learning rate on the logit of a skill.
        decay: share of a skill's gain over its start that is lost per group that does not
            exercise it.
        normalize: divide advantages by the group's standard deviation (over G, not G - 1).
        goal: "top": the top learnable level of every family; "all": every learnable level.
        coin: levels that pass with chance 1/2 for ever and teach nothing.
        broken: levels that never pass.
        guess: chance that a wrong completion is graded right.
        slip: chance that a right completion is graded wrong.
        noise: standard deviation of a prompt's difficulty, in logits of every skill: half of the
            prompts are easier by as much, half harder. Completions of a group share it.
        speeds: by what `eta` is multiplied when a family is trained; 1 where not named.
        groups: groups in one step.
        generations: completions in one group.
        lag: steps by which outcomes come late.
        budget: steps after which a run is given up.

    Raises:
        ValueError: if a constant is out of range or a level, family or skill does not exist.
    """

    name: str
    needs: Mapping[str, tuple[tuple[int, ...], ...]]
    starts: tuple[float, ...]
    eta: float = 0.15
    decay: float = 0.0
    normalize: bool = False
    goal: Literal["top", "all"] = "top"
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
        if self.goal not in ("top", "all"):
            raise ValueError(f"goal must be 'top' or 'all', got {self.goal!r}")
        for start in self.starts:
            if not 0 < start < 1:
                raise ValueError(f"starts must lie strictly between 0 and 1, got {start!r}")
        for (family, level), needed in zip(self.cells.keys, self.skills_of_cells, strict=True):
            if not needed and (family, level) not in self.coin | self.broken:
                raise ValueError(f"level {level} of {family!r} must need a skill or be coin")
            if len(set(needed)) < len(needed):
                raise ValueError(f"needs must name a skill once, got {needed!r} for {family!r}")
            if wrong := [skill for skill in needed if not 0 <= skill < len(self.starts)]:
                raise ValueError(
                    f"needs must name skills between 0 and {len(self.starts) - 1}, got {wrong[0]!r}"
                    f" for level {level} of {family!r}"
                )

    @property
    def space(self) -> dict[str, int]:
        """Family -> number of levels, sorted by family."""
        return {family: len(self.needs[family]) for family in sorted(self.needs)}

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
            every_level=self.goal == "all",
        )

    @cached_property
    def skills_of_cells(self) -> tuple[tuple[int, ...], ...]:
        """The skills that every cell needs, in the order of the cells."""
        return tuple(needed for family in sorted(self.needs) for needed in self.needs[family])

    def start(self, seeds: Sequence[int]) -> SkillCohort:
        """Return one untrained copy per seed."""
        return SkillCohort(self, seeds)

    def oracles(self) -> Mapping[str, Rule]:
        """Return candidate oracles by name."""
        rules = {
            f"lowest_{threshold}_{order.__name__}": course_rule(
                self.cells, self.groups, lowest(threshold), order
            )
            for threshold in (0.5, 0.6)
            for order in (neediest, turns)
        }
        return rules | {f"gain_{power}": self._gain_rule(power) for power in (0.5, 1.0)}

    def _gain_rule(self, power: float) -> Rule:
        """Return the rule that trains on the cell of the highest `SkillCohort.gains`."""

        def rule(cohort: Cohort) -> NDArray[np.intp]:
            assert isinstance(cohort, SkillCohort)
            return highest(cohort.gains(power), self.groups)

        return rule
