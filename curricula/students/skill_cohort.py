"""Copies of a student made of skills, in training: how they answer and what they learn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from .draws import Draws
from .student import MASTERY

if TYPE_CHECKING:
    from .skills import SkillStudent


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The M groups of a batch over all seeds.

    Attributes:
        rows: shape (M,): the seed of every group.
        columns: shape (M,): its column among all groups since the cohort last learned.
        asked: shape (M,): its cell.
        skills: shape (M, W, G): which skills succeeded in which completion.
        right: shape (M, G): which completions were graded right.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    asked: NDArray[np.intp]
    skills: NDArray[np.uint8]
    right: NDArray[np.uint8]

    def only(self, cells: NDArray[np.intp]) -> "Answers":
        """Return those that are to be learned from: whose place in `cells` is not -1."""
        kept = cells[self.rows, self.columns] >= 0
        if kept.all():
            return self
        return Answers(
            self.rows[kept],
            self.columns[kept],
            self.asked[kept],
            self.skills[kept],
            self.right[kept],
        )


@final
class SkillCohort:
    """Copies of a `SkillStudent` in training.

    Shapes: S seeds, C cells, J skills (and a last one that never fails, as padding), M groups of a
    step over all seeds, W skills of the neediest cell, G completions of a group.

    Attributes:
        student: the description.
        logits: shape (S, J + 1): the logit of every skill; infinite for the padding.
    """

    def __init__(self, student: "SkillStudent", seeds: Sequence[int]) -> None:
        """Start every seed at the student's starting skills."""
        self.student = student
        needs = student.skills_of_cells
        padding = len(student.starts)
        self._sizes = np.array([len(needed) for needed in needs])
        self._needs = np.full((len(needs), max(1, int(self._sizes.max()))), padding)
        for cell, needed in enumerate(needs):
            self._needs[cell, : len(needed)] = needed
        starts = np.array(student.starts)
        self.start_logits = np.log(starts / (1 - starts))
        self.logits = np.tile(np.append(self.start_logits, np.inf), (len(seeds), 1))
        self._extra = self._needs.shape[1]  # first column of a block that is not a skill's
        columns = self._extra + 1 + (student.noise > 0)
        self._draws = Draws(student.name, seeds, columns * student.generations)
        self._rates: NDArray[np.float64] | None = None
        self._answers: list[Answers] = []  # since `learn` was last called
        self._width = 0  # columns of them

    def rates(self) -> NDArray[np.float64]:
        """Return the true pass rate of every cell now, shape (S, C)."""
        if self._rates is None:
            cells, noise = self.student.cells, self.student.noise
            offsets = (-noise, noise) if noise else (0.0,)
            all_succeed = np.mean([self._all_succeed(offset) for offset in offsets], axis=0)
            self._rates = cells.low + (cells.high - cells.low) * all_succeed
            self._rates.flags.writeable = False
        return self._rates

    def mastered(self) -> NDArray[np.bool_]:
        """Say of every seed whether all goal cells are mastered, shape (S,)."""
        return self.student.cells.mastered(self.rates())

    def answer(self, cells: NDArray[np.intp]) -> NDArray[np.intp]:
        """Answer a batch of groups; see `Cohort.answer`."""
        rows, columns = np.nonzero(cells >= 0)
        successes = np.zeros(cells.shape, dtype=np.intp)
        if len(rows):
            asked = cells[rows, columns]
            skills, right = self._answer(rows, asked)
            successes[rows, columns] = right.sum(axis=1)
            self._answers.append(Answers(rows, self._width + columns, asked, skills, right))
        self._width += cells.shape[1]
        return successes

    def learn(self, cells: NDArray[np.intp], successes: NDArray[np.intp]) -> None:
        """Apply the policy gradients of all groups and the decay; see `Cohort.learn`."""
        del successes  # what is learned depends on the skills that succeeded, which are kept here
        changes = [self._change(answers.only(cells)) for answers in self._answers]
        for change in changes:
            self.logits[:, :-1] += change
        self._answers, self._width, self._rates = [], 0, None

    def gains(self, power: float) -> NDArray[np.float64]:
        """Return what one group of a cell is worth for the goal, on average, shape (S, C).

        A skill's logit rises by eta * (1 - 1/G) * (p - low) * (1 - q), p the cell's pass rate and q
        the skill's chance (before advantages are normalized), or falls by decay. A unit of it is
        worth (1 - q)**power for every goal cell that needs it and is not yet mastered. Cells that
        teach nothing are worth -inf.
        """
        student, cells = self.student, self.student.cells
        rates, failing = self.rates(), 1 - sigmoid(self.logits)
        rate = student.eta * (1 - 1 / student.generations) * cells.speed * (rates - cells.low)
        wanted = np.zeros_like(self.logits)
        for cell in np.flatnonzero(cells.goal):
            wanted[:, self._needs[cell]] += rates[:, [cell]] < MASTERY
        worth = wanted * failing**power
        gains = rate * (worth * failing).take(self._needs, axis=1).sum(axis=2)
        if student.decay:
            lost = np.zeros_like(self.logits)
            lost[:, :-1] = student.decay * (self.logits[:, :-1] - self.start_logits)
            lost *= worth
            gains += lost.take(self._needs, axis=1).sum(axis=2) - lost.sum(axis=1, keepdims=True)
        return np.where(cells.learnable, gains, -np.inf)

    def _all_succeed(self, offset: float) -> NDArray[np.float64]:
        """Return the chance that all skills of a cell succeed on prompts `offset` easier."""
        chances = sigmoid(self.logits + offset).take(self._needs.T, axis=1)  # (S, W, C)
        product: NDArray[np.float64] = np.multiply.reduce(chances, axis=1)
        return product

    def _answer(
        self, rows: NDArray[np.intp], asked: NDArray[np.intp]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Draw completions: which skills succeeded (M, W, G), which were graded right (M, G)."""
        student, width = self.student, int(self._sizes[asked].max(initial=1))
        blocks = self._draws.take(rows).reshape(len(rows), -1, student.generations)
        logits = self.logits[rows[:, None], self._needs[asked, :width]]
        if student.noise:
            easier = blocks[:, self._extra + 1, 0] < 0.5
            logits = logits + np.where(easier, student.noise, -student.noise)[:, None]
        skills = blocks[:, :width] < sigmoid(logits)[:, :, None]
        whole = skills[:, 0].copy()  # a loop over skills: twice as fast as numpy's reduction
        for skill in range(1, width):
            whole &= skills[:, skill]
        cells = student.cells
        chance = np.where(whole, cells.high[asked, None], cells.low[asked, None])
        right = blocks[:, self._extra] < chance
        return skills.view(np.uint8), right.view(np.uint8)

    def _change(self, answers: Answers) -> NDArray[np.float64]:
        """Return what groups change by policy gradient and decay, shape (S, J)."""
        rows, asked, skills, right = answers.rows, answers.asked, answers.skills, answers.right
        student, cells = self.student, self.student.cells
        size = student.generations
        mean = right.sum(axis=1) / size
        # mean_i[(r_i - mean r)(x_ij - q_j)] = mean_i[r_i x_ij] - mean r * mean x_j: q_j drops out;
        # einsum counts in bytes, which hold up to 255 generations
        gradient = np.einsum("mwg,mg->mw", skills, right) / size
        gradient -= mean[:, None] * (np.einsum("mwg->mw", skills) / size)
        rate = student.eta * cells.speed[asked] * cells.learnable[asked]
        if student.normalize:
            deviation = np.sqrt(mean * (1 - mean))
            rate = np.divide(rate, deviation, out=np.zeros_like(rate), where=deviation > 0)
        where = rows[:, None] * self.logits.shape[1] + self._needs[asked, : skills.shape[1]]
        change = self._per_skill(where, gradient * rate[:, None])
        if student.decay:
            groups = np.bincount(rows, minlength=len(self.logits))[:, None]
            exercised = cells.learnable[asked, None] & (where >= 0)
            unused = groups - self._per_skill(where, exercised)
            change -= student.decay * unused * (self.logits[:, :-1] - self.start_logits)
        return change

    def _per_skill(
        self, where: NDArray[np.intp], values: NDArray[np.float64] | NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Sum values of groups by seed and skill, shape (S, J)."""
        shape = self.logits.shape
        sums = np.bincount(where.ravel(), values.ravel(), shape[0] * shape[1])
        return np.asarray(sums, dtype=np.float64).reshape(shape)[:, :-1]


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-x)); 1 at infinity."""
    return 1.0 / (1.0 + np.exp(-logits))
