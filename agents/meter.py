"""What one iteration took and measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor


class Clock:
    """Seconds per phase of one iteration."""

    def __init__(self, timer: Callable[[], float] = time.perf_counter) -> None:
        """Start with no phase.

        Args:
            timer: returns the time in seconds.
        """
        self.seconds: dict[str, float] = {}
        self._timer = timer

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        """Add the time of a `with` block to a phase."""
        start = self._timer()
        yield
        self.seconds[phase] = self.seconds.get(phase, 0.0) + self._timer() - start


class Meter:
    """Sums over the micro-batches of one iteration."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.loss = self.clipped = self.kl = 0.0
        self.norms: list[float] = []

    def add(self, loss: Tensor, mask: Tensor, clipped: Tensor, kl: Tensor) -> None:
        """Count one micro-batch."""
        self.loss += loss.item()
        self.clipped += (clipped * mask).sum().item()
        self.kl += (kl * mask).sum().item()

    def summary(self, tokens: float, *, penalty: bool) -> dict[str, float | None]:
        """Return means per optimizer step; without a step, loss and gradient are 0 indeed.

        Args:
            tokens: tokens that count, in the groups that were skipped too: nothing clips there.
            penalty: whether the KL was measured; it is None if not.
        """
        steps = max(1, len(self.norms))
        passes = max(1.0, tokens * steps)
        return {
            "loss": self.loss / steps,
            "clip_fraction": self.clipped / passes,
            "kl": self.kl / passes if penalty else None,
            "grad_norm": sum(self.norms) / steps,
        }
