"""Completions as the loss sees them, and what the rollout leaves behind for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Trunk:
    """Hidden states that enter one layer, kept from the rollout; the layers below are frozen.

    Attributes:
        layer: the layer that they enter, counted from the bottom.
        h_MD: hidden states of M tokens, shape (M, d).
        prompt_PS: which of the M a prompt token is, shape (P, S); -1 at pads.
        completion_PGT: which of the M a completion token is, (P*G, T); -1 where it was not fed.
    """

    layer: int
    h_MD: Tensor
    prompt_PS: Tensor
    completion_PGT: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Completions of P problems, G of each, as tensors.

    Attributes:
        prompt_PS: prompt tokens, left-padded, shape (P, S).
        prompt_mask_PS: 1 on real prompt tokens.
        completion_PGT: completion tokens, right-padded, shape (P*G, T); rows of a group adjoin.
        mask_PGT: 1 on tokens that count, the final end token among them. A token before the last
            of these is context even where its own mask is 0: a turn of the environment.
        advantages_PG: shape (P*G,).
        trunk: activations of these tokens, if the rollout kept them.
    """

    prompt_PS: Tensor
    prompt_mask_PS: Tensor
    completion_PGT: Tensor
    mask_PGT: Tensor
    advantages_PG: Tensor
    trunk: Trunk | None = None

    @property
    def generations(self) -> int:
        """Return the number of completions per problem, G."""
        return len(self.completion_PGT) // len(self.prompt_PS)

    def lengths(self) -> Tensor:
        """Return the number of tokens of each row up to the last that counts, shape (P*G,)."""
        places = torch.arange(1, self.mask_PGT.shape[1] + 1, device=self.mask_PGT.device)
        return ((self.mask_PGT != 0) * places).amax(1)

    def tokens(self) -> Tensor:
        """Return the number of tokens of each group, its prompt counted once, shape (P,)."""
        completions = self.lengths().view(-1, self.generations).sum(1)
        return completions + self.prompt_mask_PS.sum(1)

    def rows(self, index_P: Tensor) -> Tensor:
        """Return the numbers of the rows of the groups in `index_P`."""
        offsets = torch.arange(self.generations, device=index_P.device)
        return (index_P[:, None] * self.generations + offsets).flatten()

    def groups(self, index_P: Tensor) -> Batch:
        """Return the groups in `index_P`, without the columns that only others need."""
        rows = self.rows(index_P)
        prompt_mask, mask = self.prompt_mask_PS[index_P], self.mask_PGT[rows]
        first = int(prompt_mask.any(0).int().argmax())
        last = int(mask.any(0).nonzero().amax()) + 1 if mask.any() else 1
        trunk = self.trunk and Trunk(
            self.trunk.layer,
            self.trunk.h_MD,
            self.trunk.prompt_PS[index_P, first:],
            self.trunk.completion_PGT[rows, :last],
        )
        return Batch(
            self.prompt_PS[index_P, first:],
            prompt_mask[:, first:],
            self.completion_PGT[rows, :last],
            mask[:, :last],
            self.advantages_PG[rows],
            trunk,
        )


def by_token_budget(tokens_P: Tensor, index_P: Tensor, budget: int) -> Iterator[Tensor]:
    """Split groups into micro-batches of at most `budget` tokens; one group at least.

    >>> parts = by_token_budget(torch.tensor([5, 5, 9, 1]), torch.tensor([0, 1, 2, 3]), 10)
    >>> [part.tolist() for part in parts]
    [[0, 1], [2, 3]]
    """
    start, used = 0, 0
    counts = tokens_P[index_P].tolist()
    for i, count in enumerate(counts):
        if i > start and used + count > budget:
            yield index_P[start:i]
            start, used = i, 0
        used += count
    if start < len(counts):
        yield index_P[start:]
