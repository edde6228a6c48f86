"""The cells of a student as arrays: which can be learned, how they are graded, what the goal is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cells import Cells
from ..checks import check_families
from ..protocol import Key, Space
from .student import MASTERY


@dataclass(frozen=True, slots=True, eq=False)
class CellTable:
    """What is true of every cell for ever. All arrays have shape (C,).

    A completion that is in itself right is graded right with chance `high`, any other with chance
    `low`; so the pass rate is low + (high - low) * (chance that it is in itself right).

    Attributes:
        keys: (family, level) of every cell.
        family: index of the cell's family.
        low: chance that a wrong completion is graded right.
        high: chance that a right completion is graded right.
        learnable: False for coin flips and broken cells.
        speed: by what the learning rate is multiplied.
        goal: cells that have to be mastered.
    """

    keys: tuple[Key, ...]
    family: NDArray[np.intp]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    learnable: NDArray[np.bool_]
    speed: NDArray[np.float64]
    goal: NDArray[np.bool_]

    def mastered(self, rates: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return, for rates of shape (S, C), where all goal cells are mastered, shape (S,)."""
        reached: NDArray[np.bool_] = np.logical_and.reduce(rates[:, self.goal] >= MASTERY, axis=1)
        return reached


def describe_cells(
    space: Space,
    *,
    coin: Collection[Key] = (),
    broken: Collection[Key] = (),
    guess: float = 0.0,
    slip: float = 0.0,
    speeds: Mapping[str, float] | None = None,
    every_level: bool = False,
) -> CellTable:
    """Tabulate the cells of a space.

    Args:
        space: family -> number of levels.
        coin: cells that pass with chance 1/2 for ever.
        broken: cells that never pass.
        guess: chance that a wrong completion of a learnable cell is graded right.
        slip: chance that a right completion of a learnable cell is graded wrong.
        speeds: by what the learning rate of a family is multiplied; 1 where not named.
        every_level: whether the goal is every learnable cell, or only the top learnable level of
            every family that has one.

    Raises:
        ValueError: if a named cell or family does not exist, or nothing can be mastered.
    """
    keys = tuple(Cells(space).keys)
    _check_cells("coin", coin, space)
    _check_cells("broken", broken, space)
    check_families("speeds", speeds or {}, space)
    for family, speed in (speeds or {}).items():
        if not speed > 0:
            raise ValueError(f"speeds must be above 0, got {speed!r} for family {family!r}")
    if both := sorted(set(coin) & set(broken)):
        raise ValueError(f"a cell is either coin or broken, got both for {both[0]!r}")
    if not 0 <= guess < 1 - slip or not 0 <= slip < 1 - MASTERY:
        raise ValueError(
            f"needs 0 <= guess < 1 - slip and 0 <= slip < {1 - MASTERY:.1f} (else mastery is out "
            f"of reach), got guess={guess!r}, slip={slip!r}"
        )
    learnable = np.array([key not in coin and key not in broken for key in keys])
    if not learnable.any():
        raise ValueError("a student needs a learnable cell, got only coin and broken ones")
    top = {family: level for (family, level), can in zip(keys, learnable, strict=True) if can}
    fixed = np.array([0.5 if key in coin else 0.0 for key in keys])
    families = sorted(space)
    return CellTable(
        keys=keys,
        family=np.array([families.index(family) for family, _ in keys]),
        low=np.where(learnable, guess, fixed),
        high=np.where(learnable, 1 - slip, fixed),
        learnable=learnable,
        speed=np.array([(speeds or {}).get(family, 1.0) for family, _ in keys]),
        goal=learnable & np.array([every_level or top.get(f) == level for f, level in keys]),
    )


def check_run(
    *, groups: int, generations: int, lag: int, budget: int, eta: float, decay: float, noise: float
) -> None:
    """Refuse training constants that make no sense.

    Raises:
        ValueError: naming the constant, its rule and its value.
    """
    for name, value, least in (("groups", groups, 1), ("lag", lag, 0), ("budget", budget, 1)):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value!r}")
    if not 2 <= generations <= 255:  # counts of a group are kept in bytes
        raise ValueError(f"generations must be between 2 and 255, got {generations!r}")
    if not eta > 0:
        raise ValueError(f"eta must be above 0, got {eta!r}")
    if not 0 <= decay < 1 / groups:
        raise ValueError(f"decay must be at least 0 and below 1/groups, got {decay!r}")
    if not noise >= 0:
        raise ValueError(f"noise must be at least 0, got {noise!r}")


def _check_cells(argument: str, named: Collection[Key], space: Space) -> None:
    """Refuse cells that are not in the space."""
    check_families(argument, [family for family, _ in named], space)
    for family, level in named:
        if not 1 <= level <= space[family]:
            raise ValueError(
                f"{argument} must name levels between 1 and {space[family]} of family "
                f"{family!r}, got {level!r}"
            )
