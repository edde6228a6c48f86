"""Scores of layers, from gradients of which only one tensor at a time is kept.

A scoring pass lets every candidate layer require gradients, runs one or more backward passes, and
reduces each tensor's gradient to a few numbers as soon as it is complete:

    with LayerScorer(named_parameters, layer_of, candidates, ("fisher",)) as scorer:
        for part in batch:
            loss(part).backward()
            scorer.part()
    scores = scorer.scores("fisher")
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Mapping
from statistics import fmean
from types import TracebackType

import numpy as np
import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from ...curricula.checks import near_miss
from ...envs.streams import keyed_rng
from .schedule_greedy import MEASURED

# how many coordinates of a tensor `snr` looks at
MOST_COORDINATES = 4096
FEWEST_COORDINATES = 16  # unless the tensor is smaller


class LayerScorer:
    """Measures a score for each candidate layer while backward passes run inside its context.

    Over parts p = 1 … n of the batch, with g_p the gradient of the layer's tensors in part p, w
    their weights and N the number of them:

    - `grad_norm`: mean of ‖g_p‖.
    - `relative_grad_norm`: that over ‖w‖ (Auto-RGN, arXiv:2210.11466); infinite if w = 0.
    - `fisher`: mean of ‖g_p‖² / N, the empirical Fisher information per weight: of gradients of
      the loss as it is, not of samples from the model, and of whole parts, not of single tokens.
    - `snr`: Σ m² / Σ v over coordinates, where m and v are the mean and the unbiased variance over
      the parts. At most 4096 coordinates of each tensor are used, and so few that what is kept of
      all layers takes no more memory than one layer's gradient; they are drawn once from the seed,
      and each tensor counts by its size. Because E[m²] = μ² + σ²/n, noise alone scores about 1/n:
      compare layers of one measurement, not measurements of different n.

    Every score is NaN before the first part, and `snr` before the second. If the parts' losses add
    up to the batch's loss, each g_p shrinks with n: again, compare layers of one measurement.

    Inside the context the tensors of other layers and parts of the model do not require gradients,
    so that their own `.grad` stays as it is. On leaving, every `requires_grad` and `.grad` is what
    it was.
    """

    def __init__(
        self,
        parameters: Mapping[str, torch.nn.Parameter],
        layer_of: Mapping[str, int | None],
        candidates: Collection[int],
        kinds: Collection[str] = MEASURED,
        *,
        seed: int = 0,
    ) -> None:
        """Choose the tensors to measure; nothing changes before the context is entered.

        Args:
            parameters: all parameters of the model by name.
            layer_of: the layer of each parameter that may be scored; others are left out.
            candidates: numbers of the layers to score.
            kinds: which scores will be asked for; only `snr` needs memory of its own.
            seed: of the coordinates that `snr` looks at.

        Raises:
            ValueError: for an unknown kind, a candidate without parameters, or one tensor under
                two names.
        """
        for kind in kinds:
            if kind not in MEASURED:
                known = ", ".join(MEASURED)
                raise ValueError(
                    f"kinds of score are {known}; got {kind!r}{near_miss(kind, MEASURED)}"
                )
        self._kinds = frozenset(kinds)
        self._all = dict(parameters)
        owners: dict[int, str] = {}
        for name, parameter in self._all.items():
            other = owners.setdefault(id(parameter), name)
            if other != name:
                raise ValueError(f"parameters must name each tensor once, got {other} and {name}")
        wanted = set(candidates)
        self._names: dict[int, list[str]] = {layer: [] for layer in sorted(wanted)}
        for name in self._all:
            layer = layer_of.get(name)
            if layer is not None and layer in wanted:
                self._names[layer].append(name)
        for layer, names in self._names.items():
            if not names:
                raise ValueError(f"candidates: layer {layer} has no parameter to score")
        self._norms: dict[str, Tensor] = {}  # of the part that runs now
        self._squares: dict[int, list[float]] = {layer: [] for layer in self._names}
        self._samples: dict[str, _Sample] = {}
        if "snr" in self._kinds:
            scored = [name for names in self._names.values() for name in names]
            share = 1 / len(self._names)
            self._samples = {n: _Sample(n, self._all[n], share, seed) for n in scored}
        self._before: dict[str, tuple[bool, Tensor | None]] = {}
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> LayerScorer:
        """Let the candidates' tensors require gradients, and nothing else."""
        if self._before:
            raise RuntimeError("this LayerScorer is open already")
        self._before = {name: (p.requires_grad, p.grad) for name, p in self._all.items()}
        scored = {name for names in self._names.values() for name in names}
        for name, parameter in self._all.items():
            parameter.requires_grad_(name in scored)
            if name in scored:
                parameter.grad = None
                hook = functools.partial(self._reduce, name)
                self._handles.append(parameter.register_post_accumulate_grad_hook(hook))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the hooks and put back what was."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._norms.clear()
        for name, (required, grad) in self._before.items():
            self._all[name].requires_grad_(required)
            self._all[name].grad = grad
        self._before = {}

    def part(self) -> None:
        """End a part of the batch: one backward pass has run.

        A tensor that no gradient reached counts as 0.
        """
        norms = {name: norm.item() for name, norm in self._norms.items()}
        self._norms.clear()
        for layer, names in self._names.items():
            self._squares[layer].append(math.fsum(norms.get(name, 0.0) ** 2 for name in names))

    def scores(self, kind: str) -> dict[int, float]:
        """Return the score of each candidate layer over the parts so far.

        Raises:
            ValueError: for a kind that was not announced.
        """
        if kind not in self._kinds:
            raise ValueError(
                f"kind must be one that this scorer measures, {', '.join(sorted(self._kinds))}; "
                f"got {kind!r}{near_miss(kind, self._kinds)}"
            )
        return {layer: self._score(kind, layer) for layer in self._names}

    def _score(self, kind: str, layer: int) -> float:
        squares, names = self._squares[layer], self._names[layer]
        if len(squares) < (2 if kind == "snr" else 1):
            return math.nan
        if kind == "snr":
            moments = [self._samples[name].moments(len(squares)) for name in names]
            return _ratio(math.fsum(m for m, _ in moments), math.fsum(v for _, v in moments))
        if kind == "fisher":
            return fmean(squares) / sum(self._all[name].numel() for name in names)
        norm = fmean(map(math.sqrt, squares))
        if kind == "grad_norm":
            return norm
        return _ratio(norm, math.hypot(*(_norm(self._all[name]).item() for name in names)))

    def _reduce(self, name: str, parameter: Tensor) -> None:
        """Take what is needed from a complete gradient, and drop it.

        The hook runs after all uses of the tensor in the graph have been added up, so that a tied
        tensor counts once. A second run in one part would be a piece of the gradient, not all of
        it, as reentrant checkpointing or a forgotten `part()` leave it.
        """
        grad, parameter.grad = parameter.grad, None
        assert grad is not None  # autograd has just accumulated into it
        if name in self._norms:
            raise RuntimeError(
                f"{name} got a second gradient in one part; call part() after each backward pass, "
                "and use no reentrant checkpointing"
            )
        self._norms[name] = _norm(grad)
        if name in self._samples:
            self._samples[name].add(grad)


class _Sample:
    """Sums over parts of the gradient and its square, at fixed coordinates of one tensor."""

    def __init__(self, name: str, parameter: Tensor, share: float, seed: int) -> None:
        """Draw the coordinates; `share` is that of one layer in all that are measured."""
        size = parameter.numel()
        # a coordinate takes 12 bytes: its place and two sums. The quarter that is left to a
        # layer's gradient pays for the tensors that have the fewest.
        affordable = int(parameter.nbytes * share / 16)
        count = min(size, MOST_COORDINATES, max(FEWEST_COORDINATES, affordable))
        self.places: Tensor | None = None
        if count < size:
            # with replacement, from bytes: thousands of single draws per tensor would take seconds
            draws = keyed_rng("snr", seed, name).randbytes(8 * count)
            places = np.frombuffer(draws, dtype="<u8") % np.uint64(size)
            dtype = np.int32 if size < 2**31 else np.int64
            self.places = torch.from_numpy(places.astype(dtype)).to(parameter.device)
        self.weight = size / count
        self.total = torch.zeros(count, device=parameter.device)
        self.squares = torch.zeros_like(self.total)

    def add(self, grad: Tensor) -> None:
        values = grad.detach().reshape(-1)
        if self.places is not None:
            values = values.index_select(0, self.places)
        values = values.float()
        self.total += values
        self.squares += values * values

    def moments(self, parts: int) -> tuple[float, float]:
        """Return the sums of the squared mean and of the variance, scaled up to the whole tensor.

        A part without a gradient has added 0 to both sums, as it should.
        """
        mean, square = self.total.double() / parts, self.squares.double() / parts
        # rounding can leave a little below 0
        variance = ((square - mean * mean) * parts / (parts - 1)).clamp_min(0)
        return self.weight * (mean * mean).sum().item(), self.weight * variance.sum().item()


def layer_grad_norms(
    parameters: Mapping[str, Tensor], layer_of: Mapping[str, int | None]
) -> dict[int, float]:
    """Return the norm of the gradients that each layer holds in `.grad`; without any, no entry."""
    found: dict[int, list[Tensor]] = {}
    for name, parameter in parameters.items():
        layer = layer_of.get(name)
        if layer is not None and parameter.grad is not None:
            found.setdefault(layer, []).append(_norm(parameter.grad))
    return {n: math.hypot(*(norm.item() for norm in norms)) for n, norms in sorted(found.items())}


def _norm(tensor: Tensor) -> Tensor:
    """Return the 2-norm, summed in 32 bits at least."""
    dtype = torch.promote_types(tensor.dtype, torch.float32)
    norm: Tensor = torch.linalg.vector_norm(tensor.detach(), dtype=dtype)
    return norm


def _ratio(above: float, below: float) -> float:
    """Return the ratio; 0 / 0 is 0, because a layer without gradient has nothing to say for it."""
    if below == 0:
        return 0.0 if above == 0 else math.inf
    return above / below
