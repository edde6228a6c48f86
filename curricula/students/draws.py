"""Uniform random numbers for groups of completions: a private, frozen stream per seed."""

import hashlib
from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

AHEAD = 64  # blocks drawn at once; one call per group would cost more than its numbers


def stream_of(name: str, seed: int) -> np.random.RandomState:
    """Return the random stream of one seed of the student called `name`.

    Keyed by a hash, so neighbouring seeds share nothing. `RandomState` because numpy promises
    that its streams never change; it does not promise that of `Generator`.
    """
    key = repr(("student", name, int(seed))).encode()
    words = np.frombuffer(hashlib.blake2b(key, digest_size=32).digest(), dtype="<u4")
    return np.random.RandomState(words.astype(np.uint32))


@final
class Draws:
    """Blocks of uniform numbers, handed out per seed in the order of its groups.

    Args:
        name: of the student.
        seeds: one private stream each.
        width: numbers in a block, the same for every group, so that what one group gets does not
            depend on what the others were asked.
    """

    def __init__(self, name: str, seeds: Sequence[int], width: int) -> None:
        """Open the streams; nothing is drawn yet."""
        self._streams = [stream_of(name, seed) for seed in seeds]
        self._blocks = np.empty((len(self._streams), AHEAD, width))
        self._used = np.full(len(self._streams), AHEAD)

    def take(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the next block of every group.

        Args:
            rows: shape (M,): which seed a group belongs to, in rising order.

        Returns:
            Shape (M, width), uniform on [0, 1).
        """
        counts = np.bincount(rows, minlength=len(self._streams))
        if counts.max(initial=0) > self._blocks.shape[1]:
            self._widen(int(counts.max()))
        ahead = self._blocks.shape[1]
        for seed in np.flatnonzero(self._used + counts > ahead):
            self._refill(int(seed))
        first = self._used - (np.cumsum(counts) - counts)
        where = rows * ahead + first[rows] + np.arange(len(rows))
        self._used += counts
        taken: NDArray[np.float64] = self._blocks.reshape(-1, self._blocks.shape[2]).take(where, 0)
        return taken

    def _refill(self, seed: int) -> None:
        """Move what is left of a seed's blocks to the front and draw behind it."""
        blocks, used = self._blocks[seed], int(self._used[seed])
        left = len(blocks) - used
        blocks[:left] = blocks[used:].copy()
        blocks[left:] = self._streams[seed].random_sample((used, blocks.shape[1]))
        self._used[seed] = 0

    def _widen(self, ahead: int) -> None:
        """Make room for larger batches; the drawn blocks stay the last ones, as they were."""
        seeds, before, width = self._blocks.shape
        blocks = np.empty((seeds, ahead, width))
        blocks[:, ahead - before :] = self._blocks
        self._blocks = blocks
        self._used += ahead - before
