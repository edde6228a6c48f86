"""A batch as a list of tokens without padding, in which every distinct prefix stands once.

A prompt stands once for its group, and so do tokens that completions of a group have in common
from their start on: attention looks back only, so equal prefixes have equal activations. Attention
itself runs on a padded grid; `Packing` holds the indices from the list to the grid and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .batch import Batch, Trunk


@dataclass(frozen=True, slots=True)
class Grid:
    """Where attention finds its queries and keys among the N packed tokens.

    Attributes:
        queries_RT: packed token of each query; any token at pads.
        keys_RS: packed token of each key; any token at pads.
        prompt_R: number of keys, from the first on, that are the prompt's and that every query of
            the row sees; None where plain causal attention will do.
        back_N: place in the flattened queries of the packed tokens that it is the home of.
    """

    queries_RT: Tensor
    keys_RS: Tensor
    prompt_R: Tensor | None
    back_N: Tensor

    def mask_RTS(self) -> Tensor | None:
        """Return what is added to the scores, (R, 1, T, S).

        It is far larger than all else here, so that it is made when it is used and not kept.
        """
        if self.prompt_R is None:
            return None
        own, device = self.queries_RT.shape[1], self.keys_RS.device
        width = self.keys_RS.shape[1] - own
        mask = torch.zeros(len(self.keys_RS), 1, own, width + own, device=device)
        pads_RS = torch.arange(width, device=device) >= self.prompt_R[:, None]
        mask[..., :width].masked_fill_(pads_RS[:, None, None], float("-inf"))
        later_TT = torch.ones(own, own, dtype=torch.bool, device=device).triu(1)
        mask[..., width:].masked_fill_(later_TT, float("-inf"))
        return mask


@dataclass(frozen=True, slots=True)
class Packing:
    """A batch, packed.

    Attributes:
        ids_N: the tokens that are fed: all prompts, then the completions.
        positions_N: their positions in their rows.
        prompts: attention of the prompt tokens, which come first in the list.
        completions: attention of the completion tokens; None if there are none.
        parents_U: the distinct packed tokens whose logits are needed.
        pair_parent_Q: for each distinct (prefix, next token): which of `parents_U` precedes it.
        pair_token_Q: and the token.
        pairs_PGT: for each token that counts, its number among the Q; 0 elsewhere.
        mask_PGT: 1 on the tokens that count.
        trunk_N: for each packed token its place in the trunk's M; None without a trunk.
    """

    ids_N: Tensor
    positions_N: Tensor
    prompts: Grid
    completions: Grid | None
    parents_U: Tensor
    pair_parent_Q: Tensor
    pair_token_Q: Tensor
    pairs_PGT: Tensor
    mask_PGT: Tensor
    trunk_N: Tensor | None


@dataclass(slots=True)
class _Tree:
    """The packed list while it is built: lists of tokens, positions and places in the trunk."""

    ids: list[int]
    positions: list[int]
    places: list[int]

    def add(self, token: int, position: int, place: int) -> int:
        self.ids.append(token)
        self.positions.append(position)
        self.places.append(place)
        return len(self.ids) - 1


def pack(batch: Batch) -> Packing:
    """Return the batch as packed tokens."""
    device = batch.prompt_PS.device
    tree = _Tree([], [], [])
    prompts = _add_prompts(tree, batch)
    rows, mask = batch.completion_PGT.tolist(), (batch.mask_PGT != 0).tolist()
    lengths = batch.lengths().tolist()
    trunk = batch.trunk.completion_PGT.tolist() if batch.trunk else None
    nodes: dict[tuple[int, int], int] = {}
    pairs: dict[tuple[int, int], int] = {}
    numbers = torch.zeros(batch.completion_PGT.shape, dtype=torch.long).tolist()
    paths: list[list[int]] = []
    for r, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        prompt = prompts[r // batch.generations]
        parent, path = prompt[-1], []
        for t in range(length):
            pair = (parent, row[t])
            if mask[r][t]:
                numbers[r][t] = pairs.setdefault(pair, len(pairs))
            if t + 1 == length:
                break
            if pair not in nodes:
                place = trunk[r][t] if trunk else 0
                nodes[pair] = tree.add(row[t], len(prompt) + t, place)
            parent = nodes[pair]
            path.append(parent)
        paths.append(path)
    parents = sorted({parent for parent, _ in pairs})
    order = {parent: u for u, parent in enumerate(parents)}

    def tensor(values: Sequence[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=device)

    return Packing(
        ids_N=tensor(tree.ids),
        positions_N=tensor(tree.positions),
        prompts=prompt_grid([len(row) for row in prompts], device),
        completions=_completion_grid(prompts, paths, batch.generations, device),
        parents_U=tensor(parents),
        pair_parent_Q=tensor([order[parent] for parent, _ in pairs]),
        pair_token_Q=tensor([token for _, token in pairs]),
        pairs_PGT=torch.tensor(numbers, device=device),
        mask_PGT=batch.mask_PGT,
        trunk_N=tensor(tree.places) if batch.trunk else None,
    )


def _add_prompts(tree: _Tree, batch: Batch) -> list[list[int]]:
    """Put the prompts into the list and return the packed tokens of each."""
    trunk: Trunk | None = batch.trunk
    places = trunk.prompt_PS.tolist() if trunk else None
    prompts = []
    masks = batch.prompt_mask_PS.tolist()
    for p, (row, mask) in enumerate(zip(batch.prompt_PS.tolist(), masks, strict=True)):
        real = [s for s, kept in enumerate(mask) if kept]
        prompts.append(
            [tree.add(row[s], i, places[p][s] if places else 0) for i, s in enumerate(real)]
        )
    return prompts


def prompt_grid(lengths: Sequence[int], device: torch.device) -> Grid:
    """Return causal attention within prompts that stand one after the other in the packed list.

    Rows begin at the left and are filled up at their end, so that no mask is needed.
    """
    width, start = max(lengths), 0
    grid: list[list[int]] = []
    back: list[int] = []
    for p, length in enumerate(lengths):
        grid.append([*range(start, start + length), *[start] * (width - length)])
        back += range(p * width, p * width + length)
        start += length
    index = torch.tensor(grid, device=device)
    return Grid(index, index, None, torch.tensor(back, device=device))


def _completion_grid(
    prompts: list[list[int]], paths: list[list[int]], generations: int, device: torch.device
) -> Grid | None:
    """Return attention of completion tokens over their prompt and over what precedes them.

    A row whose tokens all stand in a longer row needs no row of the grid.
    """
    order = sorted(range(len(paths)), key=lambda r: -len(paths[r]))
    home: dict[int, tuple[int, int]] = {}
    chosen: list[int] = []
    for r in order:
        if paths[r] and paths[r][-1] not in home:
            for t, node in enumerate(paths[r]):
                home.setdefault(node, (len(chosen), t))
            chosen.append(r)
    if not chosen:
        return None
    own = len(paths[chosen[0]])
    width = max(len(prompts[r // generations]) for r in chosen)
    queries, keys = [], []
    for r in chosen:
        prompt, path = prompts[r // generations], paths[r]
        filled = path + path[:1] * (own - len(path))
        queries.append(filled)
        keys.append(prompt + prompt[:1] * (width - len(prompt)) + filled)
    back = [i * own + t for _, (i, t) in sorted(home.items())]
    return Grid(
        torch.tensor(queries, device=device),
        torch.tensor(keys, device=device),
        torch.tensor([len(prompts[r // generations]) for r in chosen], device=device),
        torch.tensor(back, device=device),
    )


def pick(x_NHD: Tensor, index_RT: Tensor) -> Tensor:
    """Return the heads of packed tokens on a grid, (R, H, T, D)."""
    flat = x_NHD.flatten(1).index_select(0, index_RT.flatten())
    return flat.view(*index_RT.shape, *x_NHD.shape[1:]).transpose(1, 2)
