"""The cells of a space: its (family, level) pairs, numbered."""

from collections.abc import Iterable
from typing import NamedTuple, final

from .checks import check_space
from .protocol import Key, Outcome, Space


class Heard(NamedTuple):
    """One outcome to learn from, by the number of its cell."""

    cell: int
    successes: int
    trials: int


@final
class Cells:
    """Numbers the (family, level) pairs of a space: families by name, levels from the easiest.

    Attributes:
        space: the space, sorted by name.
        keys: (family, level) of every cell.
        number: cell of every (family, level).
        families: names, sorted.
        ranges: cells of every family, by the family's place in `families`.
        family_of: place of the family of every cell.

    >>> cells = Cells({"programs": 1, "arithmetic": 2})
    >>> cells.keys
    [('arithmetic', 1), ('arithmetic', 2), ('programs', 1)]
    """

    def __init__(self, space: Space) -> None:
        """Number the cells of `space`.

        Raises:
            ValueError: if there is no family, or a family without levels.
        """
        self.space = check_space(space)
        self.keys: list[Key] = [
            (family, level) for family, top in self.space.items() for level in range(1, top + 1)
        ]
        self.number = {key: cell for cell, key in enumerate(self.keys)}
        self.families = tuple(self.space)
        self.ranges: list[range] = []
        for top in self.space.values():
            start = self.ranges[-1].stop if self.ranges else 0
            self.ranges.append(range(start, start + top))
        self.family_of = [place for place, run in enumerate(self.ranges) for _ in run]

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.keys)

    def level(self, cell: int) -> int:
        """Return the level of a cell, 1 = easiest."""
        return self.keys[cell][1]

    def hear(self, outcomes: Iterable[Outcome]) -> list[Heard]:
        """Return outcomes by the numbers of their cells."""
        number = self.number
        return [
            Heard(number[o.ticket.family, o.ticket.level], o.successes, o.trials) for o in outcomes
        ]
