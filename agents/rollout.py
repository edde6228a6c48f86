"""Sampling: prompts in, completions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .batch import Trunk
from .path import Sampling
from .policy import Policy


@dataclass(frozen=True, slots=True)
class Rollout:
    """Completions of P prompts, G of each.

    Attributes:
        prompt_PS: prompt tokens, left-padded, shape (P, S).
        prompt_mask_PS: 1 on real prompt tokens.
        completion_PGT: completion tokens, right-padded, shape (P*G, T); rows of a group adjoin.
        mask_PGT: 1 on sampled tokens, the end token among them; 0 at pads and on the turns of
            the environment.
        entropy_PGT: of the distribution that each token was drawn from, in nats; 0 at pads.
        truncated_PG: shape (P*G,): whether a row was cut before it ended.
        texts: the completions as text, P*G of them; the last turn's of an episode with several.
        trunk: activations that the loss may use again, if they were asked for.
    """

    prompt_PS: Tensor
    prompt_mask_PS: Tensor
    completion_PGT: Tensor
    mask_PGT: Tensor
    entropy_PGT: Tensor
    truncated_PG: Tensor
    texts: list[str]
    trunk: Trunk | None = None


def left_pad(
    rows: Sequence[Sequence[int]], pad_id: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return the rows as a left-padded tensor (P, S), and its mask."""
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), pad_id, device=device)
    mask = torch.zeros((len(rows), width), dtype=torch.long, device=device)
    for i, row in enumerate(rows):
        ids[i, width - len(row) :] = torch.tensor(row, device=device)
        mask[i, width - len(row) :] = 1
    return ids, mask


def sample(
    policy: Policy,
    prompts: Sequence[str],
    *,
    generations: int,
    max_completion_length: int,
    temperature: float,
    generator: torch.Generator,
    trunk_layer: int = 0,
) -> Rollout:
    """Sample `generations` completions of each prompt.

    Args:
        policy: what is sampled from.
        prompts: P prompts, before the policy's template.
        generations: completions per prompt, G.
        max_completion_length: tokens after which a row is truncated.
        temperature: of the softmax; 0 takes the likeliest token.
        generator: the only source of randomness.
        trunk_layer: keep what enters this layer, if it is not 0.

    Raises:
        ValueError: if a prompt and a completion do not fit into the model's context.
    """
    return sample_encoded(
        policy,
        policy.encode(prompts),
        generations=generations,
        max_completion_length=max_completion_length,
        temperature=temperature,
        generator=generator,
        trunk_layer=trunk_layer,
    )


def sample_encoded(
    policy: Policy,
    encoded: Sequence[Sequence[int]],
    *,
    generations: int,
    max_completion_length: int,
    temperature: float,
    generator: torch.Generator,
    trunk_layer: int = 0,
) -> Rollout:
    """Sample completions of prompts that are tokens already; see `sample`."""
    policy.check_length(max(map(len, encoded)), max_completion_length)
    prompt_PS, prompt_mask_PS = left_pad(encoded, policy.pad_id, policy.device)
    sampling = Sampling(
        generations, max_completion_length, temperature, policy.end_ids, policy.pad_id, generator
    )
    decoded = policy.path.decode(prompt_PS, prompt_mask_PS, sampling, trunk_layer)
    completion_PGT, mask_PGT = decoded.completion_PGT, decoded.mask_PGT
    ends = torch.tensor(sorted(policy.end_ids), device=policy.device)
    ended_PG = (torch.isin(completion_PGT, ends) & mask_PGT.bool()).any(1)
    texts = [
        policy.decode(row[:length])
        for row, length in zip(completion_PGT.tolist(), mask_PGT.sum(1).tolist(), strict=True)
    ]
    return Rollout(
        prompt_PS, prompt_mask_PS, completion_PGT, mask_PGT, decoded.entropy_PGT, ~ended_PG, texts,
        decoded.trunk,
    )  # fmt: skip
