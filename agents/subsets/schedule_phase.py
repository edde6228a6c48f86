"""Where a subset schedule stands, what it has seen, and its JSON form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...curricula.checks import check_keys

Layers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """What an iteration showed to the schedule.

    Attributes:
        promotions: levels that the curriculum opened in this iteration.
        grad_norms: gradient norm of each layer that trained, before clipping; empty if the
            iteration had no signal.
        scores: score of each candidate layer; None if none was measured.
    """

    promotions: int = 0
    grad_norms: Mapping[int, float] = field(default_factory=dict)
    scores: Mapping[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a schedule stands in one iteration; never mutated.

    A switch is a change of the active set: a new draw of the same layers is none, because nothing
    changes for the optimizer.

    Attributes:
        iteration: the iteration it holds for, counted from 0.
        phase: switches so far.
        since: iteration of the last switch; 0 before the first.
        active: the layers that train, ascending.
        scores: moving average of each candidate's score; empty if there is none yet.
        norms: the last gradient norms of each layer, oldest first, as the convergence test needs.
        history: (iteration, active) of the start and of every switch.
    """

    iteration: int
    phase: int
    since: int
    active: Layers
    scores: Mapping[int, float]
    norms: Mapping[int, tuple[float, ...]]
    history: tuple[tuple[int, Layers], ...]

    @classmethod
    def at_start(cls, active: Layers, scores: Mapping[int, float] | None = None) -> Phase:
        """Return the phase of iteration 0."""
        return cls(0, 0, 0, active, dict(scores or {}), {}, ((0, active),))

    def then(
        self,
        active: Layers,
        *,
        scores: Mapping[int, float] | None = None,
        norms: Mapping[int, tuple[float, ...]] | None = None,
    ) -> Phase:
        """Return the phase of the next iteration; scores and norms stay unless they are given."""
        now = self.iteration + 1
        switched = active != self.active
        return Phase(
            iteration=now,
            phase=self.phase + switched,
            since=now if switched else self.since,
            active=active,
            scores=self.scores if scores is None else scores,
            norms=self.norms if norms is None else norms,
            history=(*self.history, (now, active)) if switched else self.history,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the phase as plain JSON values."""
        return {
            "iteration": self.iteration,
            "phase": self.phase,
            "since": self.since,
            "active": list(self.active),
            "scores": {str(layer): score for layer, score in self.scores.items()},
            "norms": {str(layer): list(norms) for layer, norms in self.norms.items()},
            "history": [[iteration, list(active)] for iteration, active in self.history],
        }

    @classmethod
    def from_dict(cls, state: object) -> Phase:
        """Return the phase that `to_dict` wrote.

        Raises:
            ValueError: if a key is missing or unknown, or a value contradicts another.
        """
        saved = check_keys("phase of the subset schedule", state, cls.__slots__)
        try:
            phase = cls(
                iteration=int(saved["iteration"]),
                phase=int(saved["phase"]),
                since=int(saved["since"]),
                active=tuple(saved["active"]),
                scores={int(layer): float(score) for layer, score in saved["scores"].items()},
                norms={int(n): tuple(map(float, norms)) for n, norms in saved["norms"].items()},
                history=tuple((int(at), tuple(active)) for at, active in saved["history"]),
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"phase of the subset schedule cannot be read: {error}") from None
        if len(phase.history) != phase.phase + 1 or phase.history[-1] != (
            phase.since,
            phase.active,
        ):
            raise ValueError(
                "phase of the subset schedule: history must end in the last switch, "
                f"[{phase.since}, {list(phase.active)}], and hold {phase.phase + 1} entries; got "
                f"{len(phase.history)} that end in {saved['history'][-1:]}"
            )
        return phase


def usable(values: Mapping[int, float] | None, layers: Sequence[int]) -> bool:
    """Return whether a measurement says something about each of `layers`.

    It does not if a layer is missing or not finite, nor if all are 0: then the batch had no signal.
    """
    if values is None or any(layer not in values for layer in layers):
        return False
    found = [values[layer] for layer in layers]
    return all(map(math.isfinite, found)) and any(found)
