"""The kinds of subset schedule that need no scores: which layers train when.

Each kind cites its source and says where it differs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from .schedule_base import Schedule, check_choice, check_clock, check_counts, period, steps_due
from .schedule_phase import Layers, Observed, Phase, usable


@dataclass(frozen=True, kw_only=True)
class Progressive(Schedule):
    """Progressive freezing: all candidates train at first, and `step` more freeze each time.

    After FreezeOut (arXiv:1706.04983), AutoFreeze (arXiv:2102.01386) and Egeria (arXiv:2201.06227),
    which freeze from the bottom. A freeze comes every `every` iterations, with each promotion of
    the curriculum, or when the layers next in line have converged:

        eta = |a − b| / a < threshold

    where a and b are the mean gradient norms of two successive windows of `window` iterations;
    with step > 1, of the layers next in line taken together. Windows follow one another without
    overlap, at most one freeze ends each, and an iteration without signal is left out. AutoFreeze
    has the same eta, of 1-norms of the gradient summed over a window, but compares it with a
    percentile over the layers in place of a fixed threshold.
    """

    order: str = "bottom_up"
    every: int | None = None
    on: str | None = None
    keep: int = 1
    step: int = 1
    threshold: float | None = None
    window: int | None = None

    kind: ClassVar[str] = "progressive"

    def __post_init__(self) -> None:
        """Check the options and fill in those that `on=convergence` needs."""
        check_choice(self.kind, "order", self.order, ("bottom_up", "top_down"))
        check_clock(self.kind, self.every, self.on, ("promotion", "convergence"))
        check_counts(self.kind, keep=self.keep, step=self.step)
        if self.on == "convergence":
            threshold = 0.1 if self.threshold is None else self.threshold
            window = 5 if self.window is None else self.window
            check_counts(self.kind, window=window)
            if not 0 < threshold < math.inf:
                raise ValueError(
                    f"schedule progressive: threshold must be above 0, got {threshold!r}"
                )
            # a frozen dataclass lets nobody else assign
            object.__setattr__(self, "threshold", threshold)
            object.__setattr__(self, "window", window)
        elif (self.threshold, self.window) != (None, None):
            raise ValueError(
                "schedule progressive: threshold and window go with on=convergence alone, "
                f"got threshold={self.threshold}, window={self.window}"
            )

    @property
    def depends_on(self) -> str | None:
        """Return what freezes wait for."""
        return {None: None, "promotion": "promotions", "convergence": "gradient norms"}[self.on]

    def bound_layers(self, candidates: Sequence[int]) -> int:
        """Return the number of candidates: all train at first."""
        return len(set(candidates))

    def _start(self, layers: Layers, seed: int) -> Phase:
        return Phase.at_start(layers)

    def _advance(self, phase: Phase, observed: Observed, layers: Layers, seed: int) -> Phase:
        if self.on == "convergence":
            return advance_on_convergence(self, phase, observed)
        freezes = steps_due(self.every, phase, observed)
        return phase.then(self.frozen(phase.active, freezes))

    def frozen(self, active: Layers, freezes: int) -> Layers:
        """Return what is left of `active` after so many freezes."""
        left = max(self.keep, len(active) - freezes * self.step)
        return active[-left:] if self.order == "bottom_up" else active[:left]


@dataclass(frozen=True, kw_only=True)
class Gradual(Schedule):
    """Gradual unfreezing: `step` layers train at first, and `step` more join each time.

    After ULMFiT (arXiv:1801.06146), which starts from the top and adds one layer per epoch.
    """

    order: str = "top_down"
    every: int | None = None
    on: str | None = None
    step: int = 1

    kind: ClassVar[str] = "gradual"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice(self.kind, "order", self.order, ("top_down", "bottom_up"))
        check_clock(self.kind, self.every, self.on, ("promotion",))
        check_counts(self.kind, step=self.step)

    @property
    def depends_on(self) -> str | None:
        """Return what unfreezing waits for."""
        return "promotions" if self.on else None

    def bound_layers(self, candidates: Sequence[int]) -> int:
        """Return the number of candidates: all train in the end."""
        return len(set(candidates))

    def _start(self, layers: Layers, seed: int) -> Phase:
        return Phase.at_start(self._first(layers, self.step))

    def _advance(self, phase: Phase, observed: Observed, layers: Layers, seed: int) -> Phase:
        more = steps_due(self.every, phase, observed) * self.step
        return phase.then(self._first(layers, len(phase.active) + more))

    def _first(self, layers: Layers, count: int) -> Layers:
        return layers[-count:] if self.order == "top_down" else layers[:count]


@dataclass(frozen=True, kw_only=True)
class Cyclic(Schedule):
    """Block-coordinate training: blocks of `k` neighbouring layers take turns.

    After BAdam (arXiv:2404.02827). The candidates are cut into blocks from the bottom; the last
    one is smaller where `k` does not divide their number. `ascending` and `descending` repeat one
    order, `random` shuffles the blocks anew in each cycle. In every cycle each candidate trains in
    exactly one period of `every` iterations.
    """

    k: int = 1
    every: int
    order: str = "ascending"

    kind: ClassVar[str] = "cyclic"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice(self.kind, "order", self.order, ("ascending", "descending", "random"))
        check_counts(self.kind, k=self.k, every=self.every)

    def bound_layers(self, candidates: Sequence[int]) -> int:
        """Return the size of a block."""
        return self.k

    def _start(self, layers: Layers, seed: int) -> Phase:
        return Phase.at_start(self._block(0, layers, seed))

    def _advance(self, phase: Phase, observed: Observed, layers: Layers, seed: int) -> Phase:
        return phase.then(self._block(period(self.every, phase.iteration + 1), layers, seed))

    def _block(self, number: int, layers: Layers, seed: int) -> Layers:
        blocks = [layers[i : i + self.k] for i in range(0, len(layers), self.k)]
        cycle, place = divmod(number, len(blocks))
        if self.order == "descending":
            blocks.reverse()
        elif self.order == "random":
            self._draws(seed, cycle).shuffle(blocks)
        return blocks[place]


@dataclass(frozen=True, kw_only=True)
class Lisa(Schedule):
    """LISA: `k` layers drawn uniformly, anew for each period of `every` iterations.

    After arXiv:2403.17919, which also trains the embeddings and the head at all times: name these
    in the spec as parts.
    """

    k: int = 2
    every: int

    kind: ClassVar[str] = "lisa"

    def __post_init__(self) -> None:
        """Check the options."""
        check_counts(self.kind, k=self.k, every=self.every)

    def bound_layers(self, candidates: Sequence[int]) -> int:
        """Return the number of layers drawn."""
        return self.k

    def _start(self, layers: Layers, seed: int) -> Phase:
        return Phase.at_start(self._drawn(0, layers, seed))

    def _advance(self, phase: Phase, observed: Observed, layers: Layers, seed: int) -> Phase:
        return phase.then(self._drawn(period(self.every, phase.iteration + 1), layers, seed))

    def _drawn(self, number: int, layers: Layers, seed: int) -> Layers:
        return tuple(sorted(self._draws(seed, number).sample(layers, self.k)))


def advance_on_convergence(schedule: Progressive, phase: Phase, observed: Observed) -> Phase:
    """Return the next phase of progressive freezing that waits for convergence."""
    active, window, threshold = phase.active, schedule.window, schedule.threshold
    assert window is not None  # filled in by __post_init__, as is the threshold
    assert threshold is not None
    spare = len(active) - schedule.keep
    if spare <= 0:
        return phase.then(active, norms={})
    if not usable(observed.grad_norms, active):
        return phase.then(active)
    norms = {n: (*phase.norms.get(n, ()), float(observed.grad_norms[n])) for n in active}
    if len(norms[active[0]]) < 2 * window:
        return phase.then(active, norms=norms)
    due = min(schedule.step, spare)
    next_in_line = active[:due] if schedule.order == "bottom_up" else active[-due:]
    together = [
        math.hypot(*values) for values in zip(*(norms[n] for n in next_in_line), strict=True)
    ]
    before, after = fmean(together[:window]), fmean(together[window:])
    converged = abs(before - after) < threshold * before or before == after
    left = schedule.frozen(active, 1) if converged else active
    return phase.then(left, norms={n: norms[n][window:] for n in left})
