"""Keys and values while sampling: a prompt's are kept once for all lines that go on from it."""

from __future__ import annotations

import torch
from torch import Tensor

from .packing import Grid, pick


class Cache:
    """Keys and values of P prompts, and of L lines that go on from them, for each layer.

    A line is a distinct continuation; lines of a prompt adjoin. What they own is kept column by
    column, (T, L, K, D), so that a column is added in place and lines are selected in one copy of
    what is in use.
    """

    def __init__(self, prompts: Grid, lengths_P: Tensor, columns: int) -> None:
        """Make room for `columns` tokens after each prompt; `prompts` lays out the prompts."""
        self.prompts = prompts
        self.columns = columns
        self.used = 0
        self.shared: list[tuple[Tensor, Tensor]] = []  # keys (P*K, D, S), values (P*K, S, D)
        self.own: list[tuple[Tensor, Tensor]] = []  # keys and values (T, L, K, D)
        width = prompts.queries_RT.shape[1]
        places = torch.arange(width, device=lengths_P.device)
        pads_PS = places >= lengths_P[:, None]
        self.bias_PS = torch.zeros(pads_PS.shape, device=pads_PS.device)
        self.bias_PS.masked_fill_(pads_PS, float("-inf"))
        self.lines(torch.arange(len(lengths_P), device=lengths_P.device))

    def lines(self, prompt_L: Tensor) -> None:
        """Say which prompt each line goes on from, in ascending order."""
        counts_P = torch.bincount(prompt_L, minlength=len(self.bias_PS))
        most = int(counts_P.max())
        place_L = torch.arange(len(prompt_L), device=prompt_L.device)
        place_L = place_L - (counts_P.cumsum(0) - counts_P)[prompt_L]
        self.home_L = prompt_L * most + place_L
        self.most = most
        self.even = len(prompt_L) == most * len(counts_P)

    def start(self, k_NKD: Tensor, v_NKD: Tensor) -> tuple[Tensor, Tensor]:
        """Take the packed keys and values of the prompts of the next layer; return their grid."""
        k_PKSD, v_PKSD = pick(k_NKD, self.prompts.keys_RS), pick(v_NKD, self.prompts.keys_RS)
        self.shared.append(
            (k_PKSD.flatten(0, 1).transpose(1, 2).contiguous(), v_PKSD.flatten(0, 1).contiguous())
        )
        self.own.append((k_NKD.new_empty(0), v_NKD.new_empty(0)))
        return k_PKSD, v_PKSD

    def select(self, lines_L: Tensor) -> None:
        """Keep these lines, some of them several times."""
        if self.used == 0:
            return  # they own nothing yet
        self.own = [(self._select(k, lines_L), self._select(v, lines_L)) for k, v in self.own]

    def _select(self, old_TLKD: Tensor, lines_L: Tensor) -> Tensor:
        new = old_TLKD.new_empty(self.columns, len(lines_L), *old_TLKD.shape[2:])
        torch.index_select(old_TLKD[: self.used], 1, lines_L, out=new[: self.used])
        return new

    def attend(self, layer: int, q_LHD: Tensor, k_LKD: Tensor, v_LKD: Tensor) -> Tensor:
        """Put a column into a layer and return the attention of one query per line, (L, H * D)."""
        lines, kinds, d = k_LKD.shape
        keys, values = self.own[layer]
        if self.used == 0:
            shape = (self.columns, lines, kinds, d)
            self.own[layer] = keys, values = k_LKD.new_empty(shape), v_LKD.new_empty(shape)
        keys[self.used], values[self.used] = k_LKD, v_LKD
        end = self.used + 1
        # queries that share keys stand together: (L, K, H / K, D)
        q = (q_LHD * d**-0.5).view(lines, kinds, -1, d)
        own_keys = keys[:end].flatten(1, 2).permute(1, 2, 0)  # (L*K, D, T)
        own = torch.bmm(q.flatten(0, 1), own_keys).view(lines, kinds, -1, end)
        shared_keys, shared_values = self.shared[layer]
        grid = self._to_prompts(q)
        bias = self.bias_PS.to(q.dtype).repeat_interleave(kinds, 0)[:, None]
        shared = self._to_lines(torch.baddbmm(bias, grid, shared_keys), kinds)
        width = shared.shape[-1]
        weights = torch.cat([shared, own], -1).softmax(-1)
        own_values = values[:end].flatten(1, 2).transpose(0, 1)  # (L*K, T, D)
        mixed = torch.bmm(weights[..., width:].flatten(0, 1), own_values).view_as(q)
        from_prompt = torch.bmm(self._to_prompts(weights[..., :width]), shared_values)
        return (mixed + self._to_lines(from_prompt, kinds)).flatten(1)

    def _to_prompts(self, x_LKHE: Tensor) -> Tensor:
        """Bring lines together by prompt: (L, K, H / K, E) → (P*K, lines * H / K, E)."""
        prompts = len(self.bias_PS)
        if self.even:
            grid = x_LKHE
        else:
            grid = x_LKHE.new_zeros(prompts * self.most, *x_LKHE.shape[1:])
            grid.index_copy_(0, self.home_L, x_LKHE)
        grid = grid.view(prompts, self.most, *x_LKHE.shape[1:]).transpose(1, 2)
        return grid.flatten(2, 3).flatten(0, 1)

    def _to_lines(self, x: Tensor, kinds: int) -> Tensor:
        """Undo `_to_prompts`."""
        grid = x.view(-1, kinds, self.most, x.shape[1] // self.most, x.shape[2])
        lines = grid.transpose(1, 2).flatten(0, 1)
        return lines if self.even else lines.index_select(0, self.home_L)
