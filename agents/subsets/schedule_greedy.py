"""Greedy selection: the layers of highest score train, with some exploration."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .schedule_base import Schedule, check_choice, check_counts, period
from .schedule_phase import Layers, Observed, Phase, usable

MEASURED = ("grad_norm", "relative_grad_norm", "fisher", "snr")  # by scores.py, in training
SCORES = (*MEASURED, "contribution")  # the last one comes from a file


@dataclass(frozen=True, kw_only=True)
class Greedy(Schedule):
    """Greedy selection: the `k` layers of highest score train for `every` iterations.

    Each of the k places goes to a random layer with probability `explore`, else to the best one
    left; equal scores are ranked from the bottom. Before ranking, a new score s enters the moving
    average e as ema·e + (1 − ema)·s. A measurement that lacks a layer, is not finite, or is 0
    everywhere says nothing, and the active layers stay. Iteration 0 has no scores yet and starts
    with a random choice.

    The score is that of AdaGradSelect (arXiv:2512.15764) and GRASS (arXiv:2604.07808) for
    `grad_norm`, and of surgical fine-tuning (arXiv:2210.11466) for `relative_grad_norm` and `snr`.
    The rule is plainer than theirs: AdaGradSelect lets exploration decay and draws by how often a
    block was chosen, GRASS samples adaptively, and surgical fine-tuning scales learning rates or
    cuts at a threshold.

    `contribution` is the share of full training's gain that a layer earns when it trains alone
    (arXiv:2607.01232). It is read once, at the start, from a `file` that profiled the layers.
    """

    score: str = "grad_norm"
    k: int = 2
    every: int
    explore: float = 0.1
    ema: float = 0.0
    file: str | None = None

    kind: ClassVar[str] = "greedy"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice(self.kind, "score", self.score, SCORES)
        check_counts(self.kind, k=self.k, every=self.every)
        if not 0 <= self.explore <= 1:
            raise ValueError(f"schedule greedy: explore must be in 0 … 1, got {self.explore!r}")
        if not 0 <= self.ema < 1:
            raise ValueError(
                f"schedule greedy: ema must be at least 0 and below 1, got {self.ema!r}"
            )
        if (self.file is not None) != (self.score == "contribution"):
            got = f"file={self.file}" if self.file else "no file"
            raise ValueError(
                "schedule greedy: score=contribution and file=PROFILE.json go together, "
                f"got score={self.score} and {got}"
            )
        if self.file is not None and (not self.file or set(",+@") & set(self.file)):
            # these characters separate options and items of a spec
            raise ValueError(
                f"schedule greedy: file must be a path without ',', '+' and '@', got {self.file!r}"
            )

    @property
    def depends_on(self) -> str | None:
        """Return that the choice waits for scores, unless they are known from the file."""
        return None if self.score == "contribution" else "scores"

    def wants_scores(self, phase: Phase) -> bool:
        """Return whether a period ends with this iteration."""
        return self.score != "contribution" and (phase.iteration + 1) % self.every == 0

    def bound_layers(self, candidates: Sequence[int]) -> int:
        """Return the number of layers chosen."""
        return self.k

    def _start(self, layers: Layers, seed: int) -> Phase:
        if self.file is not None:
            scores = read_contributions(Path(self.file), layers)
            return Phase.at_start(self._choice(scores, layers, seed, 0), scores)
        return Phase.at_start(tuple(sorted(self._draws(seed, 0).sample(layers, self.k))))

    def _advance(self, phase: Phase, observed: Observed, layers: Layers, seed: int) -> Phase:
        now, scores, known = phase.iteration + 1, phase.scores, self.file is not None
        if not known and observed.scores is not None and usable(observed.scores, layers):
            scores, known = self._averaged(phase.scores, observed.scores, layers), True
        if now % self.every or not known:
            return phase.then(phase.active, scores=scores)
        chosen = self._choice(scores, layers, seed, period(self.every, now))
        return phase.then(chosen, scores=scores)

    def _averaged(
        self, old: Mapping[int, float], new: Mapping[int, float], layers: Layers
    ) -> dict[int, float]:
        return {n: self.ema * old.get(n, new[n]) + (1 - self.ema) * new[n] for n in layers}

    def _choice(
        self, scores: Mapping[int, float], layers: Layers, seed: int, number: int
    ) -> Layers:
        draws = self._draws(seed, number)
        ranked = sorted(layers, key=lambda layer: (-scores[layer], layer))
        chosen = []
        for _ in range(self.k):
            place = draws.randrange(len(ranked)) if draws.random() < self.explore else 0
            chosen.append(ranked.pop(place))
        return tuple(sorted(chosen))


def read_contributions(path: Path, layers: Layers) -> dict[int, float]:
    """Return the contribution of each of `layers` from a profile.

    Args:
        path: a JSON file {"layers": [{"layer": 0, "contribution": 0.8}, …]}; other keys are free.
        layers: the candidates.

    Raises:
        ValueError: if the file cannot be read, or a candidate has no finite contribution.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["layers"]
        found = {row["layer"]: row["contribution"] for row in rows}
    except (OSError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"schedule greedy: file must be a profile of the layers, got {path} ({reason})"
        ) from None
    for layer in layers:
        value = found.get(layer)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise ValueError(
                f"schedule greedy: {path} must give layer {layer} a finite contribution, "
                f"got {value!r}"
            )
    return {layer: float(found[layer]) for layer in layers}
