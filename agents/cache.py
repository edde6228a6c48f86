"""Keys and values while sampling: a prompt's are kept once for all lines that go on from it."""

from __future__ import annotations

import torch
from torch import Tensor

from .packing import Grid, pick

# Lines that have ended are dropped once this share of the grid is empty: dropping copies the cache.
EMPTY_SHARE = 0.3
# torch multiplies a batch of matrices by plain loops if each takes fewer products than this
# (`contraction_size * res_rows * res_cols < 400` in ATen's bmm); elementwise is faster then.
TINY = 400


class Cache:
    """Keys and values of P prompts, and of L lines that go on from them, for each layer.

    A line is a distinct continuation. Attention runs on a grid of P prompts times m lines, ordered
    (P, K, m) with the K key heads in between, so that one product per prompt and key head serves
    all of its lines. What lines own is kept column by column, keys and values side by side,
    (T, 2, P*K*m, D): a column is written
    in place, and lines are selected in one copy of the columns in use.
    """

    def __init__(self, prompts: Grid, lengths_P: Tensor, key_heads: int, columns: int) -> None:
        """Make room for `columns` tokens after each prompt; `prompts` lays out the prompts."""
        self.prompts = prompts
        self.columns, self.key_heads = columns, key_heads
        self.used = 0
        self.shared: list[tuple[Tensor, Tensor]] = []  # keys (P*K, D, S), values (P*K, S, D)
        self.own: list[Tensor] = []
        self.count = len(lengths_P)
        width = prompts.queries_RT.shape[1]
        pads_PS = torch.arange(width, device=lengths_P.device) >= lengths_P[:, None]
        bias_PS = torch.zeros(pads_PS.shape, device=pads_PS.device)
        bias_PS.masked_fill_(pads_PS, float("-inf"))
        self.bias = bias_PS.repeat_interleave(key_heads, 0)[:, None]
        self.most = 1
        self.home_L: Tensor | None = None  # place of each line in the grid, and the other way
        self.grid: Tensor | None = None  # round; None if they are the same

    def start(self, k_NKD: Tensor, v_NKD: Tensor) -> tuple[Tensor, Tensor]:
        """Take the packed keys and values of the prompts of the next layer; return their grid."""
        k_PKSD, v_PKSD = pick(k_NKD, self.prompts.keys_RS), pick(v_NKD, self.prompts.keys_RS)
        self.bias = self.bias.to(k_NKD.dtype)
        self.shared.append(
            (k_PKSD.flatten(0, 1).transpose(1, 2).contiguous(), v_PKSD.flatten(0, 1).contiguous())
        )
        self.own.append(k_NKD.new_empty(0))
        return k_PKSD, v_PKSD

    def select(self, parents_L: Tensor, prompt_L: Tensor) -> None:
        """Let the lines be those that go on from `parents_L`, each from the prompt `prompt_L`.

        Lines that have only ended leave their places empty, as long as not too many are.

        Args:
            parents_L: numbers of lines so far, some of them several times; ascending.
            prompt_L: which prompt each of the new lines belongs to; ascending.
        """
        counts_P = torch.bincount(prompt_L, minlength=self.count)
        most = int(counts_P.max())
        places_L = torch.arange(len(prompt_L), device=prompt_L.device)
        old_L = parents_L if self.home_L is None else self.home_L[parents_L]
        split = bool((parents_L.diff() == 0).any())
        if self.used and not split and most > (1 - EMPTY_SHARE) * self.most:
            most, home_L = self.most, old_L
        else:
            home_L = prompt_L * most + places_L - (counts_P.cumsum(0) - counts_P)[prompt_L]
            if self.used:
                # a place without a line copies any other; its attention is thrown away
                source = home_L.new_zeros(self.count * most)
                source[home_L] = old_L
                self._move(source.view(self.count, most))
        self.most = most
        even = len(prompt_L) == most * self.count
        self.home_L = None if even else home_L
        self.grid = None if even else home_L.new_zeros(most * self.count)
        if self.grid is not None:
            self.grid[home_L] = places_L

    def _move(self, source_PM: Tensor) -> None:
        """Fill the grid's places, P times m, from other places of the grid so far."""
        heads = torch.arange(self.key_heads, device=source_PM.device)[:, None]
        prompt, line = source_PM // self.most, source_PM % self.most
        index = (prompt[:, None] * self.key_heads + heads) * self.most + line[:, None]
        flat = index.flatten()
        shape = (self.columns, 2, len(flat), self.own[0].shape[-1])
        for layer, old in enumerate(self.own):
            self.own[layer] = new = old.new_empty(shape)
            torch.index_select(old[: self.used], 2, flat, out=new[: self.used])

    def attend(self, layer: int, q_LHD: Tensor, k_LKD: Tensor, v_LKD: Tensor) -> Tensor:
        """Put a column into a layer and return the attention of one query per line, (L, H * D)."""
        return self.join(layer, torch.cat([q_LHD, k_LKD, v_LKD], 1).flatten(1))

    def join(self, layer: int, qkv_LE: Tensor) -> Tensor:
        """Do what `attend` does, from queries, keys and values side by side."""
        if self.grid is not None:
            qkv_LE = qkv_LE.index_select(0, self.grid)
        p, m, kinds, t = self.count, self.most, self.key_heads, self.used
        shared_keys, shared_values = self.shared[layer]
        d = shared_values.shape[-1]
        x = qkv_LE.view(p, m, -1, d)
        heads = x.shape[2] - 2 * kinds
        if t == 0:
            self.own[layer] = x.new_empty(self.columns, 2, p * kinds * m, d)
        own = self.own[layer]
        new = x[:, :, heads:].unflatten(2, (2, kinds)).permute(2, 0, 3, 1, 4)
        own[t].view(2, p, kinds, m, d).copy_(new)
        # heads that share keys stand together: (P*K, m * H/K, D)
        q = x[:, :, :heads].unflatten(2, (kinds, -1)).transpose(1, 2).reshape(p * kinds, -1, d)
        scale = d**-0.5
        shared = torch.baddbmm(self.bias, q, shared_keys, alpha=scale)
        small = heads == kinds and (t + 1) * d < TINY and not x.is_cuda
        queries = q.reshape(p * kinds * m, -1, d)  # a view, unless there is one prompt only
        near = _products(queries, own[: t + 1, 0], small).mul_(scale).view(p * kinds, -1, t + 1)
        weights = torch.cat([shared, near], -1).softmax(-1)
        width = shared.shape[-1]
        near = weights[..., width:].view(p * kinds * m, -1, t + 1)
        mixed = _mixed(near, own[: t + 1, 1], small).view_as(q)
        mixed = torch.baddbmm(mixed, weights[..., :width], shared_values)
        lines = mixed.view(p, kinds, m, -1).transpose(1, 2).reshape(p * m, -1)
        return lines if self.home_L is None else lines.index_select(0, self.home_L)


def _products(q_EHD: Tensor, keys_TED: Tensor, small: bool) -> Tensor:
    """Return the products of queries and keys, (E, H, T)."""
    if small:
        products: Tensor = torch.linalg.vecdot(keys_TED, q_EHD[:, 0])
        return products.t()[:, None].contiguous()
    return torch.bmm(q_EHD, keys_TED.permute(1, 2, 0))


def _mixed(weights_EHT: Tensor, values_TED: Tensor, small: bool) -> Tensor:
    """Return the values' sums under the weights, (E, H, D)."""
    if small:
        return (values_TED * weights_EHT[:, 0].t()[..., None]).sum(0)[:, None]
    return torch.bmm(weights_EHT, values_TED.transpose(0, 1))
