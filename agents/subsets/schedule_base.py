"""What all kinds of subset schedule share: the contract, the text, the checks and the clock."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from typing import ClassVar

from ...curricula.checks import near_miss
from ...envs.streams import keyed_rng
from .schedule_phase import Layers, Observed, Phase


class Schedule(ABC):
    """Decides the active layers of each iteration.

    `start` gives the phase of iteration 0 and `advance` that of the next one; both are pure. The
    text of a schedule is `kind:option=value,…`, and `str` returns it with every option that holds.
    """

    kind: ClassVar[str]
    score: str | None = None  # what layers are scored by, if they are

    def start(self, candidates: Sequence[int], seed: int) -> Phase:
        """Return the phase of iteration 0.

        Args:
            candidates: numbers of the layers to choose from.
            seed: of the draws.

        Raises:
            ValueError: if there are too few candidates for the schedule's options.
        """
        return self._start(self._checked(candidates), seed)

    def advance(
        self, phase: Phase, observed: Observed, candidates: Sequence[int], seed: int
    ) -> Phase:
        """Return the phase of the iteration after `phase.iteration`, which showed `observed`."""
        return self._advance(phase, observed, self._checked(candidates), seed)

    def wants_scores(self, phase: Phase) -> bool:
        """Return whether scores must be measured in this iteration, because the next may switch."""
        return False

    @property
    def depends_on(self) -> str | None:
        """Return the metric that the phases depend on, or None if on the iteration alone."""
        return None

    def phases(
        self, candidates: Sequence[int], seed: int, iterations: int
    ) -> tuple[tuple[int, Layers], ...]:
        """Return (iteration, active) of the start and of each switch of a run of `iterations`.

        Only the start is known beforehand where `depends_on` names a metric.
        """
        phase = self.start(candidates, seed)
        if self.depends_on is None:
            for _ in range(iterations - 1):
                phase = self.advance(phase, Observed(), candidates, seed)
        return phase.history

    @abstractmethod
    def bound_layers(self, candidates: Sequence[int]) -> int:
        """Return the most layers that ever train at the same time."""

    @abstractmethod
    def _start(self, layers: Layers, seed: int) -> Phase: ...

    @abstractmethod
    def _advance(self, phase: Phase, observed: Observed, layers: Layers, seed: int) -> Phase: ...

    def _checked(self, candidates: Sequence[int]) -> Layers:
        """Return the candidates in ascending order.

        Raises:
            ValueError: if there are none, or fewer than `k`, `keep` or `step` asks for.
        """
        layers = tuple(sorted(set(candidates)))
        if not layers:
            raise ValueError(f"schedule {self}: needs candidate layers, got none")
        for option in ("k", "keep", "step"):
            value = getattr(self, option, 0)  # each kind has its own of these options
            if value > len(layers):
                raise ValueError(
                    f"schedule {self}: {option} must be at most the number of candidate layers, "
                    f"{len(layers)}, got {value}; did you mean {option}={len(layers)}?"
                )
        return layers

    def _draws(self, seed: int, number: int) -> random.Random:
        """Return the stream of one draw; `number` counts periods or cycles."""
        return keyed_rng("subset schedule", self.kind, seed, number)

    def __str__(self) -> str:
        """Return the canonical text, which parses back to an equal schedule."""
        options = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        given = [f"{name}={value}" for name, value in options.items() if value is not None]
        return f"{self.kind}:{','.join(given)}"


def period(every: int, iteration: int) -> int:
    """Return the number of the period that an iteration falls in, from 0."""
    return iteration // every


def steps_due(every: int | None, phase: Phase, observed: Observed) -> int:
    """Return how many steps of freezing fall between this iteration and the next.

    Without `every` it is one for each promotion.
    """
    if every is None:
        return observed.promotions
    return period(every, phase.iteration + 1) - period(every, phase.iteration)


def check_counts(kind: str, **counts: int) -> None:
    """Refuse options that are no whole number from 1 up."""
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(
                f"schedule {kind}: {name} must be a whole number from 1 up, got {value!r}"
            )


def check_choice(kind: str, name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse an option that is none of the choices."""
    if value not in choices:
        raise ValueError(
            f"schedule {kind}: {name} must be {' or '.join(choices)}, got {value!r}"
            f"{near_miss(value, choices)}"
        )


def check_clock(kind: str, every: int | None, on: str | None, events: Sequence[str]) -> None:
    """Refuse a schedule with both clocks, `every` and `on`, or with neither; check the one."""
    if every is not None and on is None:
        check_counts(kind, every=every)
    elif on is not None and every is None:
        check_choice(kind, "on", on, events)
    else:
        got = "neither" if on is None else f"every={every} and on={on}"
        raise ValueError(
            f"schedule {kind}: needs either every=N or on={'|'.join(events)}, got {got}"
        )
