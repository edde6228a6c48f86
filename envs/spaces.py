"""A Gymnasium space for text of any alphabet."""

from __future__ import annotations

from typing import Any

from gymnasium import Space


class PromptText(Space[str]):
    """Every string of at most `max_length` characters, the empty one included.

    `gymnasium.spaces.Text` needs a list of allowed characters, and in a vector environment with
    shared memory it returns strings of zeros without a warning. Here the same set-up raises.
    """

    def __init__(self, max_length: int = 100_000, seed: int | None = None) -> None:
        """Make the space.

        Args:
            max_length: greatest number of characters.
            seed: seed of `sample`.
        """
        super().__init__(dtype=str, seed=seed)
        self.max_length = max_length

    @property
    def is_np_flattenable(self) -> bool:
        """Return False: text has no fixed-size array form."""
        return False

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> str:
        """Return a short random string of printable ASCII; masks are not supported."""
        if mask is not None or probability is not None:
            raise ValueError("PromptText.sample takes neither mask nor probability")
        length = int(self.np_random.integers(0, 17))
        return "".join(map(chr, self.np_random.integers(32, 127, length)))

    def contains(self, x: Any) -> bool:
        """Say whether `x` is a string that is short enough."""
        return isinstance(x, str) and len(x) <= self.max_length

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"PromptText(max_length={self.max_length})"

    def __eq__(self, other: object) -> bool:
        """Spaces are equal when they allow the same strings."""
        return isinstance(other, PromptText) and other.max_length == self.max_length

    def __hash__(self) -> int:
        """Hash the length."""
        return hash(self.max_length)
