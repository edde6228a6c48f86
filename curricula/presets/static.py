"""Rules that do not react: what an adaptive one has to beat."""

from collections.abc import Iterable, Mapping, Sequence
from typing import final

from ..cells import Cells
from ..checks import check_order, levels_per_family
from ..curriculum import Curriculum
from ..filters import GroupFilter
from ..mixing import Even
from ..protocol import Space
from ..scores import Moment, Score


def uniform(space: Space, *, seed: int, weights: Mapping[str, float] | None = None) -> Curriculum:
    """Draw families alike, and the levels of a family alike.

    >>> uniform({"arithmetic": 2, "closed_forms": 1}, seed=0).probabilities()
    {('arithmetic', 1): 0.25, ('arithmetic', 2): 0.25, ('closed_forms', 1): 0.5}
    """
    return Curriculum(space, kind="uniform", seed=seed, mix=Even(weights))


@final
class OnlyLevels(Score):
    """1 for the chosen levels of each family, 0 for the others.

    Args:
        level: one for all families, or one or several for each.
    """

    def __init__(self, level: int | Mapping[str, int | Iterable[int]]) -> None:
        """Keep the levels."""
        self.level = level

    def start(self, cells: Cells) -> None:
        """Check the levels against the space."""
        super().start(cells)
        chosen = levels_per_family("level", self.level, cells.space)
        self._chosen = {(family, level) for family, levels in chosen.items() for level in levels}

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return 1 where the level is chosen."""
        return [float(self.cells.keys[cell] in self._chosen) for cell in cells]


def fixed(
    space: Space,
    *,
    seed: int,
    level: int | Mapping[str, int | Iterable[int]] = 1,
    weights: Mapping[str, float] | None = None,
) -> Curriculum:
    """Stay at `level`: one for all families, or one or several (drawn alike) for each.

    Raises:
        ValueError: if a family is unknown, left out or without a level, or a level does not exist.

    >>> fixed({"arithmetic": 3}, seed=0, level={"arithmetic": [1, 3]}).probabilities()
    {('arithmetic', 1): 0.5, ('arithmetic', 2): 0.0, ('arithmetic', 3): 0.5}
    """
    return Curriculum(space, kind="fixed", seed=seed, score=OnlyLevels(level), mix=Even(weights))


def dapo(space: Space, *, seed: int, above: float = 0.0, below: float = 1.0) -> Curriculum:
    """Draw as `uniform` does and admit mixed groups only: dynamic sampling of DAPO.

    Yu et al. 2025 (arXiv 2503.14476), eq. 11: 0 < successes < G, the batch being filled up from
    further draws, which are rollouts paid for; verl stops after 10 generation batches.

    Raises:
        ValueError: unless 0 <= above < below <= 1.
    """
    check_order(above=above, below=below)
    return Curriculum(space, kind="dapo", seed=seed, filter=GroupFilter(above, below))
