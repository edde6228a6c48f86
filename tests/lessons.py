"""Ways to tell a curriculum or a part of one exactly what a test wants it to hear."""

from typing import TypeAlias

from frostline.curricula import Curriculum, Outcome, Space, Ticket
from frostline.curricula.cells import Cells, Heard
from frostline.curricula.estimators import DiscountedBeta, Estimator
from frostline.curricula.part import Part
from frostline.curricula.scores import Moment

Lesson: TypeAlias = tuple[int, int, int]  # level, right, of how many
FAMILY = "sums"


def ask(curriculum: Curriculum, level: int, *, family: str = FAMILY) -> Ticket:
    """Draw tickets until one is of this level; the others stay open."""
    for _ in range(10_000):
        (ticket,) = curriculum.sample(1, policy_version=0)
        if (ticket.family, ticket.level) == (family, level):
            return ticket
    raise AssertionError(f"{family} {level} is never drawn")


def teach(curriculum: Curriculum, *batch: Lesson, family: str = FAMILY) -> None:
    """Answer one ticket per lesson, in one call of `update`."""
    tickets = [ask(curriculum, level, family=family) for level, _, _ in batch]
    answers = zip(tickets, batch, strict=True)
    curriculum.update([Outcome(ticket, right, trials) for ticket, (_, right, trials) in answers])


def chances(curriculum: Curriculum, *, family: str = FAMILY) -> list[float]:
    """Return the chances of the levels of a family."""
    return [p for (name, _), p in curriculum.probabilities().items() if name == family]


def levels_on(curriculum: Curriculum, *, family: str = FAMILY) -> list[int]:
    """Return the levels of a family that may be drawn."""
    return [k for k, p in enumerate(chances(curriculum, family=family), 1) if p > 0]


def started(*parts: Part, space: Space | None = None) -> Cells:
    """Start parts on a space, two levels unless given, and return its cells."""
    cells = Cells(space or {FAMILY: 2})
    for part in parts:
        part.start(cells)
    return cells


def hear(part: Part, *batch: tuple[int, int, int]) -> None:
    """Let a part hear of (cell, right, of how many) in one batch."""
    part.hear([Heard(*item) for item in batch])


def moment(estimator: Estimator | None = None, *, version: int = 0, draws: int = 0) -> Moment:
    """Return a moment; without an estimator nothing is believed."""
    return Moment(estimator or DiscountedBeta(), version, 0, draws)
