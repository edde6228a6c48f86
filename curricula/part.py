"""What all parts of a curriculum have in common: they are started once, saved and restored."""

import copy
import math
from abc import ABC
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .cells import Cells, Heard
from .checks import check_keys
from .evidence import Evidence


class Part(ABC):
    """A piece of a curriculum: an estimator, a score, a mix and so on. Abstract.

    A part belongs to one curriculum, which calls `start` once with its cells and `hear` with every
    batch of outcomes. What a part learns is in the attributes that `STATE` names: numbers, lists
    and dicts of numbers, which are JSON as they are.
    """

    STATE: ClassVar[tuple[str, ...]] = ()

    cells: Cells

    def start(self, cells: Cells) -> None:
        """Prepare for these cells, with nothing heard.

        Raises:
            ValueError: if the part belongs to a curriculum already.
        """
        if "cells" in vars(self):
            raise ValueError(f"this {type(self).__name__} is part of another curriculum already")
        self.cells = cells
        self.reset()

    def reset(self) -> None:  # noqa: B027 - most parts have no state
        """Set the attributes that `STATE` names to their first values."""

    def hear(self, heard: Sequence[Heard]) -> None:  # noqa: B027 - most parts need not listen
        """Learn from the outcomes of one `update`, in the order of their tickets."""

    def state_dict(self) -> dict[str, Any]:
        """Return what the part has learned, as JSON values."""
        # getattr: the names are the class's own declaration
        state = {name: copy.deepcopy(getattr(self, name)) for name in self.STATE}
        return {"part": type(self).__name__, **state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned.

        Raises:
            ValueError: if the state is that of another part, or of another size.
        """
        name = type(self).__name__
        state = check_keys(f"state of {name}", state, {"part", *self.STATE})
        if state["part"] != name:
            raise ValueError(f"state is of part {state['part']!r}, this part is {name!r}")
        for key in self.STATE:
            now, saved = getattr(self, key), state[key]
            if _shape(saved) != _shape(now):
                raise ValueError(
                    f"{key} of {name} must be {_shape(now)} as it is here, got {_shape(saved)}"
                )
            _check_numbers(f"{key} of {name}", saved)
        self.reset()  # forgets what was worked out from the old state, too
        for key in self.STATE:
            setattr(self, key, copy.deepcopy(state[key]))


def _check_numbers(what: str, value: object) -> None:
    """Refuse what is neither a finite number nor made of such."""
    if isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            _check_numbers(what, item)
    elif isinstance(value, int | float):
        if not math.isfinite(value):
            raise ValueError(f"{what} must hold finite numbers, got {value!r}")
    elif not isinstance(value, Evidence):
        raise ValueError(f"{what} must hold numbers, got {value!r}")


def _shape(value: object) -> str:
    """Describe what must not change between saving and loading."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"a mapping with {sorted(value)}"
    return "a number" if isinstance(value, int | float) else type(value).__name__
