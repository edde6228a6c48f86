"""Wishes to stop a run: Ctrl-C and SIGTERM, counted and taken at moments that lose nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class Interrupted(Exception):
    """Ctrl-C or SIGTERM wants the run to stop here and now."""


@dataclass(slots=True)
class Stop:
    """Counts the wishes to stop, SIGINT and SIGTERM.

    Attributes:
        wishes: how many have come.
        patience: how many may come before what is under way is cut off.
    """

    wishes: int = 0
    patience: float = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as wishes to stop."""
        previous = {s: signal.signal(s, self._hear) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    @contextmanager
    def patient(self, patience: float) -> Iterator[None]:
        """Let what is inside end first, unless more than `patience` wishes come."""
        before, self.patience = self.patience, patience
        try:
            yield
        finally:
            self.patience = before

    def _hear(self, _signal: int, _frame: FrameType | None) -> None:
        self.wishes += 1
        if self.wishes > self.patience:
            raise Interrupted
        if self.wishes == 1:
            # not print: the signal may have come amid one
            os.write(2, b"\nStopping after this iteration; once more stops at once.\n")
