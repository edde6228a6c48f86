"""Sampling on the fast path: equal prefixes are decoded once, and the trunk's activations kept.

Each prompt is prefilled once. After that one line of the batch stands for all completions of a
group that are equal so far; it splits when they differ and leaves the batch when all have ended.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .batch import Trunk
from .cache import Cache
from .decoder import Decoder, causal_attention
from .packing import pick, prompt_grid
from .path import Canvas, Decoded, Sampling


class _Keeper:
    """Collects the hidden states that enter one layer, token by token."""

    def __init__(self, layer: int, rows: int, columns: int, device: torch.device) -> None:
        self.layer = layer
        self.parts: list[Tensor] = []
        self.count = 0
        self.places = torch.full((rows, columns), -1, dtype=torch.long, device=device)

    def add(self, h_LD: Tensor, rows: Tensor, lines: Tensor, column: int) -> None:
        """Keep the states of L lines, to which the rows belong."""
        self.places[rows, column] = self.count + lines
        self.parts.append(h_LD)
        self.count += len(h_LD)

    def trunk(self, prompt_PS: Tensor, length: int) -> Trunk:
        """Return what was kept."""
        return Trunk(self.layer, torch.cat(self.parts), prompt_PS, self.places[:, :length])


@torch.no_grad()
def decode(
    decoder: Decoder,
    prompt_PS: Tensor,
    prompt_mask_PS: Tensor,
    sampling: Sampling,
    trunk_layer: int,
) -> Decoded:
    """Sample completions of left-padded prompts; see `ModelPath.decode`."""
    device = prompt_PS.device
    rows = len(prompt_PS) * sampling.generations
    canvas = Canvas(rows, sampling, device)
    keeper = _Keeper(trunk_layer, rows, sampling.max_length, device) if trunk_layer else None
    lengths_P = prompt_mask_PS.sum(1)
    with decoder.keep():
        cache, logits_LV, prompt_states = _prefill(
            decoder, prompt_PS, prompt_mask_PS, sampling.max_length, trunk_layer
        )
        if keeper:
            keeper.parts.append(prompt_states)
            keeper.count = len(prompt_states)
        running = torch.arange(rows, device=device)
        lines = running // sampling.generations
        prompt_L = torch.arange(len(prompt_PS), device=device)
        while True:
            chosen, goes_on = canvas.draw(logits_LV[lines], running)
            if not goes_on.any():
                break
            running = running[goes_on]
            pairs = lines[goes_on] * logits_LV.shape[1] + chosen[goes_on]
            pairs, lines = pairs.unique(return_inverse=True)
            parents, tokens = pairs // logits_LV.shape[1], pairs % logits_LV.shape[1]
            if len(parents) != len(logits_LV) or bool((parents.diff() != 1).any()):
                prompt_L = prompt_L[parents]
                cache.select(parents, prompt_L)
            positions_L = lengths_P[prompt_L] + canvas.length - 1
            rotary = decoder.rotary(positions_L)
            both = cache.join, cache.attend
            h_LD = decoder.step(decoder.embed(tokens), rotary, *both, 0, trunk_layer)
            if keeper:
                keeper.add(h_LD, running, lines, canvas.length - 1)
            h_LD = decoder.step(h_LD, rotary, *both, trunk_layer, len(decoder))
            cache.used += 1
            logits_LV = decoder.logits(h_LD)
    places = (prompt_mask_PS.flatten().cumsum(0) - 1).view_as(prompt_PS)
    prompt_places = places.masked_fill(prompt_mask_PS == 0, -1)
    return canvas.decoded(keeper.trunk(prompt_places, canvas.length) if keeper else None)


def _prefill(
    decoder: Decoder, prompt_PS: Tensor, mask_PS: Tensor, columns: int, trunk_layer: int
) -> tuple[Cache, Tensor, Tensor]:
    """Run the prompts: return their cache, their last logits (P, V), and what enters a layer."""
    lengths_P = mask_PS.sum(1)
    grid = prompt_grid(lengths_P.tolist(), prompt_PS.device)
    cache = Cache(grid, lengths_P, decoder.key_heads, columns)
    kept = mask_PS.bool()

    def attend(_layer: int, q_NHD: Tensor, k_NKD: Tensor, v_NKD: Tensor) -> Tensor:
        k_PKSD, v_PKSD = cache.start(k_NKD, v_NKD)
        mixed = causal_attention(pick(q_NHD, grid.queries_RT), k_PKSD, v_PKSD)
        return mixed.flatten(0, 1).index_select(0, grid.back_N)

    rotary = decoder.rotary((mask_PS.cumsum(1) - 1)[kept])
    states_ND = decoder.run(decoder.embed(prompt_PS[kept]), rotary, attend, 0, trunk_layer)
    h_ND = decoder.run(states_ND, rotary, attend, trunk_layer, len(decoder))
    return cache, decoder.logits(h_ND[lengths_P.cumsum(0) - 1]), states_ND
