"""What the two ways through a model, fast and plain, have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from .batch import Batch, Trunk


class NonFinite(RuntimeError):
    """The policy can no longer be sampled from: its weights or activations have overflowed."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Sampled completions of P prompts, G of each.

    Attributes:
        completion_PGT: tokens, right-padded, shape (P*G, T); rows of a group adjoin.
        mask_PGT: 1 on tokens, the end token among them.
        entropy_PGT: of the distribution that each token was drawn from, in nats; 0 at pads.
        trunk: activations that were asked for, where the path can keep them.
    """

    completion_PGT: Tensor
    mask_PGT: Tensor
    entropy_PGT: Tensor
    trunk: Trunk | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How completions are sampled.

    Attributes:
        generations: completions per prompt, G.
        max_length: tokens after which a completion is cut.
        temperature: of the softmax; 0 takes the likeliest token.
        ends: tokens that end a completion.
        pad_id: fills up the rows.
        generator: the only source of randomness.
    """

    generations: int
    max_length: int
    temperature: float
    ends: frozenset[int]
    pad_id: int
    generator: torch.Generator


class ModelPath(Protocol):
    """A way through a model.

    Attributes:
        name: `fast` or `plain`.
        note: why it is not the fast one; empty if it is.
    """

    name: str
    note: str

    def decode(
        self,
        prompt_PS: Tensor,
        prompt_mask_PS: Tensor,
        sampling: Sampling,
        trunk_layer: int = 0,
    ) -> Decoded:
        """Sample completions of left-padded prompts; keep what enters `trunk_layer` if not 0."""
        ...

    def prepare(self, batch: Batch, first: int) -> Any:
        """Return a batch made ready for `log_probs`; `first` is the lowest trainable layer."""
        ...

    def log_probs(self, prepared: Any, temperature: float, *, trunk_holds: bool = True) -> Tensor:
        """Return the log-probabilities of the completion tokens, (P*G, T); 0 where masked."""
        ...

    def checkpoint_gradients(self, on: bool) -> None:
        """Recompute activations in the backward pass, or keep them."""
        ...


class Canvas:
    """The tensors that decoding fills, one row per completion."""

    def __init__(self, rows: int, sampling: Sampling, device: torch.device) -> None:
        """Start with pads."""
        shape = (rows, sampling.max_length)
        self.sampling = sampling
        self.tokens = torch.full(shape, sampling.pad_id, device=device)
        self.mask = torch.zeros(shape, dtype=torch.long, device=device)
        self.entropy = torch.zeros(shape, device=device)
        self.ends = torch.tensor(sorted(sampling.ends), device=device)
        self.length = 0

    def draw(self, logits_LV: Tensor, rows_L: Tensor) -> tuple[Tensor, Tensor]:
        """Sample the next token of the running rows `rows_L` from their logits.

        Returns:
            The tokens, shape (L,), and whether each row goes on.
        """
        t = self.length
        chosen, entropy = choose(logits_LV, self.sampling.temperature, self.sampling.generator)
        self.tokens[rows_L, t], self.entropy[rows_L, t] = chosen, entropy
        self.mask[rows_L, t] = 1
        self.length = t + 1
        goes_on = ~torch.isin(chosen, self.ends)
        if self.length == self.sampling.max_length:
            goes_on = torch.zeros_like(goes_on)
        return chosen, goes_on

    def decoded(self, trunk: Trunk | None = None) -> Decoded:
        """Return what has been filled, up to the longest completion."""
        end = self.length
        return Decoded(self.tokens[:, :end], self.mask[:, :end], self.entropy[:, :end], trunk)


def choose(
    logits_LV: Tensor, temperature: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return one token per row, and the entropy of what it was drawn from, in nats.

    Raises:
        NonFinite: if there is nothing to draw from.
    """
    if temperature == 0:
        return logits_LV.argmax(-1), logits_LV.new_zeros(len(logits_LV), dtype=torch.float32)
    probabilities = (logits_LV.float() / temperature).softmax(-1)
    try:
        chosen = torch.multinomial(probabilities, 1, generator=generator)[:, 0]
    except RuntimeError as error:
        if probabilities.isfinite().all():
            raise
        raise NonFinite("the distribution of the next token is not finite") from error
    return chosen, torch.special.entr(probabilities).sum(-1)
