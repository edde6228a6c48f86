"""Slopes of learning curves: the four bandits of teacher-student curriculum learning.

Matiisen et al. 2017 (arXiv 1707.00183), algorithms 1 to 4, with the constants of its repository
(tambetm/TSCL). The score x of a cell is its batch mean; time counts batches. All act on absolute
values, so that a cell that is being forgotten is worth as much as one that is being learned.
"""

from collections.abc import Sequence
from typing import final

from ..cells import Heard
from ..checks import check_count, check_option
from .score import Moment, Score, batch_means


def slope(points: Sequence[Sequence[float]]) -> float:
    """Return the slope of the least-squares line through (time, score) points; two at least.

    >>> slope([[0, 0.1], [1, 0.3], [2, 0.5]])
    0.2
    """
    middle = sum(time for time, _ in points) / len(points)
    mean = sum(score for _, score in points) / len(points)
    over = sum((time - middle) * (score - mean) for time, score in points)
    return over / sum((time - middle) ** 2 for time, _ in points)


@final
class OnlineProgress(Score):
    """|Q| with Q <- Q + rate * (x - x' - Q), x' the last score of the cell (0 at first).

    Args:
        rate: weight of the newest difference.
    """

    STATE = ("quality", "last")

    def __init__(self, rate: float = 0.1) -> None:
        """Average differences with weight `rate`."""
        self.rate = check_option("rate", rate, 0, 1, ends="(]")

    def reset(self) -> None:
        """Start from nothing."""
        self.quality = [0.0] * len(self.cells)
        self.last = [0.0] * len(self.cells)

    def hear(self, heard: Sequence[Heard]) -> None:
        """Average what changed."""
        for cell, score in batch_means(heard).items():
            self.quality[cell] += self.rate * (score - self.last[cell] - self.quality[cell])
            self.last[cell] = score

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return |Q|."""
        return [abs(self.quality[cell]) for cell in cells]


@final
class NaiveSlope(Score):
    """|Q| with Q <- Q + rate * (slope - Q) at the end of every `window` batches.

    The slope is that of the scores of the cell within the window, against their place in it; cells
    with fewer than two scores keep their Q.

    Args:
        rate: weight of the newest slope.
        window: batches in a window, during which the values stay.
    """

    STATE = ("quality", "scores", "batches")

    def __init__(self, rate: float = 0.1, window: int = 10) -> None:
        """Average slopes of windows."""
        self.rate = check_option("rate", rate, 0, 1, ends="(]")
        self.window = check_count("window", window, 2)

    def reset(self) -> None:
        """Start the first window."""
        self.quality = [0.0] * len(self.cells)
        self.scores: list[list[float]] = [[] for _ in range(len(self.cells))]
        self.batches = 0

    def hear(self, heard: Sequence[Heard]) -> None:
        """Collect scores; close the window when it is full."""
        for cell, score in batch_means(heard).items():
            self.scores[cell].append(score)
        self.batches += 1
        if self.batches < self.window:
            return
        for cell, scores in enumerate(self.scores):
            if len(scores) > 1:
                gain = slope(list(enumerate(scores)))
                self.quality[cell] += self.rate * (gain - self.quality[cell])
        self.scores = [[] for _ in range(len(self.cells))]
        self.batches = 0

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return |Q|."""
        return [abs(self.quality[cell]) for cell in cells]


@final
class WindowSlope(Score):
    """|slope| of the last `window` scores of the cell against the batches they came in.

    A cell with fewer than two scores is worth 1, so that it is tried.

    Args:
        window: scores of a cell that are remembered.
    """

    STATE = ("recent", "batches")

    def __init__(self, window: int = 10) -> None:
        """Remember `window` scores."""
        self.window = check_count("window", window, 2)

    def reset(self) -> None:
        """Forget everything."""
        self.recent: list[list[list[float]]] = [[] for _ in range(len(self.cells))]
        self.batches = 0

    def hear(self, heard: Sequence[Heard]) -> None:
        """Append the scores and drop the oldest."""
        for cell, score in batch_means(heard).items():
            self.recent[cell].append([self.batches, score])
            del self.recent[cell][: -self.window]
        self.batches += 1

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return the absolute slopes."""
        trails = (self.recent[cell] for cell in cells)
        return [abs(slope(trail)) if len(trail) > 1 else 1.0 for trail in trails]


@final
class SampledProgress(Score):
    """|x - x'| drawn from the last `window` differences of the cell; 1 if there is none yet.

    Args:
        window: differences of a cell that are remembered.
    """

    STATE = ("recent", "last")

    def __init__(self, window: int = 10) -> None:
        """Remember `window` differences."""
        self.window = check_count("window", window, 2)

    def reset(self) -> None:
        """Forget everything."""
        self.recent: list[list[float]] = [[] for _ in range(len(self.cells))]
        self.last = [0.0] * len(self.cells)

    def hear(self, heard: Sequence[Heard]) -> None:
        """Append the differences and drop the oldest."""
        for cell, score in batch_means(heard).items():
            self.recent[cell].append(score - self.last[cell])
            del self.recent[cell][: -self.window]
            self.last[cell] = score

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        """Return one draw per cell."""
        rng = moment.rng(cells[0])
        trails = (self.recent[cell] for cell in cells)
        return [abs(rng.choice(trail)) if trail else 1.0 for trail in trails]
