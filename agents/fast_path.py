"""The fast path: log-probabilities with as little work as they take.

Every distinct prefix of a batch goes through the model once, without padding (`packing.py`); the
frozen trunk does not go through it at all where the rollout kept its activations; what precedes
the lowest trainable layer takes no part in the backward pass. Equal to the plain path to rounding
(`tests/test_fast_path.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .batch import Batch
from .decoder import Decoder, causal_attention
from .fast_decoding import decode
from .packing import Grid, Packing, pack, pick
from .path import Decoded, Sampling


@dataclass(slots=True)
class Prepared:
    """A batch made ready: its packing and, once known, what enters its lowest trainable layer."""

    batch: Batch
    packing: Packing
    first: int
    h_ND: Tensor | None


class FastPath:
    """Samples and scores completions with a decoder that is known."""

    name = "fast"
    note = ""

    def __init__(self, decoder: Decoder) -> None:
        """Take a decoder, see `Decoder.of`."""
        self.decoder = decoder

    def decode(
        self,
        prompt_PS: Tensor,
        prompt_mask_PS: Tensor,
        sampling: Sampling,
        trunk_layer: int = 0,
    ) -> Decoded:
        """Sample completions of left-padded prompts; see `fast_decoding.py`."""
        return decode(self.decoder, prompt_PS, prompt_mask_PS, sampling, trunk_layer)

    def checkpoint_gradients(self, on: bool) -> None:
        """Recompute the activations of each trained layer in the backward pass, or keep them."""
        self.decoder.gradient_checkpointing = on

    def prepare(self, batch: Batch, first: int) -> Prepared:
        """Pack a batch; `first` is the lowest layer with a trainable weight, 0 with embeddings."""
        packing = pack(batch)
        h_ND = None
        if batch.trunk is not None and batch.trunk.layer == first and packing.trunk_N is not None:
            h_ND = batch.trunk.h_MD.index_select(0, packing.trunk_N)
        return Prepared(batch, packing, first, h_ND)

    def log_probs(
        self, prepared: Prepared, temperature: float, *, trunk_holds: bool = True
    ) -> Tensor:
        """Return the log-probabilities of the completion tokens, (P*G, T); 0 where the mask is 0.

        Args:
            prepared: from `prepare`.
            temperature: of the softmax.
            trunk_holds: False if the weights below `first` are others than in the rollout, as
                those of the reference may be.
        """
        decoder, packing = self.decoder, prepared.packing
        rotary = decoder.rotary(packing.positions_N)
        attend = _Attention(packing)
        first = prepared.first if trunk_holds else 0
        if first == 0:
            h_ND = decoder.embed(packing.ids_N)
        else:
            if prepared.h_ND is None:
                with torch.no_grad():
                    below = decoder.embed(packing.ids_N)
                    prepared.h_ND = decoder.run(below, rotary, attend, 0, first)
            h_ND = prepared.h_ND
        h_ND = decoder.run(h_ND, rotary, attend, first, len(decoder))
        logits_UV = decoder.logits(h_ND.index_select(0, packing.parents_U))
        log_probs_UV = (logits_UV.float() / temperature).log_softmax(-1)
        log_probs_Q = log_probs_UV[packing.pair_parent_Q, packing.pair_token_Q]
        return log_probs_Q[packing.pairs_PGT].masked_fill(packing.mask_PGT == 0, 0.0)


class _Attention:
    """Attention over a packing."""

    def __init__(self, packing: Packing) -> None:
        self.packing = packing
        completions = packing.completions
        self.mask_RTS = None if completions is None else completions.mask_RTS()

    def __call__(self, layer: int, q_NHD: Tensor, k_NKD: Tensor, v_NKD: Tensor) -> Tensor:
        qkv = (q_NHD, k_NKD, v_NKD)
        own = _attend(self.packing.prompts, None, *qkv)
        if self.packing.completions is None:
            return own
        return torch.cat([own, _attend(self.packing.completions, self.mask_RTS, *qkv)])


def _attend(
    grid: Grid, mask_RTS: Tensor | None, q_NHD: Tensor, k_NKD: Tensor, v_NKD: Tensor
) -> Tensor:
    """Return the attention of the packed tokens at home in a grid, (their number, H * D)."""
    mixed_RTD = causal_attention(
        pick(q_NHD, grid.queries_RT),
        pick(k_NKD, grid.keys_RS),
        pick(v_NKD, grid.keys_RS),
        mask_RTS,
    )
    return mixed_RTD.flatten(0, 1).index_select(0, grid.back_N)
