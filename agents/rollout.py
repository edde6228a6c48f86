"""Sampling: each prompt is prefilled once, finished rows leave the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache

from .policy import Policy

# Rows that have ended are dropped once they are this share of the batch: dropping copies the cache.
DROP_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Rollout:
    """Completions of P prompts, G of each.

    Attributes:
        prompt_PS: prompt tokens, left-padded, shape (P, S).
        prompt_mask_PS: 1 on real prompt tokens.
        completion_PGT: completion tokens, right-padded, shape (P*G, T); rows of a group adjoin.
        mask_PGT: 1 on completion tokens, the end token among them.
        entropy_PGT: of the distribution that each token was drawn from, in nats; 0 at pads.
        truncated_PG: shape (P*G,): whether a row was cut before it ended.
        texts: the completions as text, P*G of them.
    """

    prompt_PS: Tensor
    prompt_mask_PS: Tensor
    completion_PGT: Tensor
    mask_PGT: Tensor
    entropy_PGT: Tensor
    truncated_PG: Tensor
    texts: list[str]


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


@torch.no_grad()
def sample(
    policy: Policy,
    prompts: Sequence[str],
    *,
    generations: int,
    max_completion_length: int,
    temperature: float,
    generator: torch.Generator,
) -> Rollout:
    """Sample `generations` completions of each prompt.

    Args:
        policy: what is sampled from.
        prompts: P prompts, before the policy's template.
        generations: completions per prompt, G.
        max_completion_length: tokens after which a row is truncated.
        temperature: of the softmax; 0 takes the likeliest token.
        generator: the only source of randomness.

    Raises:
        ValueError: if a prompt and a completion do not fit into the model's context.
    """
    encoded = policy.encode(prompts)
    policy.check_length(max(map(len, encoded)), max_completion_length)
    prompt_PS, prompt_mask_PS = left_pad(encoded, policy.pad_id, policy.device)
    completion_PGT, mask_PGT, entropy_PGT = _decode(
        policy,
        prompt_PS,
        prompt_mask_PS,
        generations,
        max_completion_length,
        temperature,
        generator,
    )
    ends = torch.tensor(sorted(policy.end_ids), device=policy.device)
    ended_PG = (torch.isin(completion_PGT, ends) & mask_PGT.bool()).any(1)
    texts = [
        policy.decode(row[:length])
        for row, length in zip(completion_PGT.tolist(), mask_PGT.sum(1).tolist(), strict=True)
    ]
    return Rollout(
        prompt_PS, prompt_mask_PS, completion_PGT, mask_PGT, entropy_PGT, ~ended_PG, texts
    )


def _decode(
    policy: Policy,
    prompt_PS: Tensor,
    prompt_mask_PS: Tensor,
    generations: int,
    max_length: int,
    temperature: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return completion tokens, mask and entropies, (P*G, T) with T the longest completion."""
    model, device = policy.model, policy.device
    ends = torch.tensor(sorted(policy.end_ids), device=device)
    out = model(
        input_ids=prompt_PS,
        attention_mask=prompt_mask_PS,
        position_ids=(prompt_mask_PS.cumsum(1) - 1).clamp(min=0),
        use_cache=True,
        logits_to_keep=1,
    )
    cache: DynamicCache = out.past_key_values
    cache.batch_repeat_interleave(generations)
    logits = out.logits[:, -1].repeat_interleave(generations, dim=0)
    rows = len(prompt_PS) * generations
    tokens = torch.full((rows, max_length), policy.pad_id, device=device)
    mask = torch.zeros((rows, max_length), dtype=torch.long, device=device)
    entropies = torch.zeros((rows, max_length), device=device)
    attention = prompt_mask_PS.repeat_interleave(generations, dim=0)
    positions = attention.sum(1)
    live = torch.arange(rows, device=device)  # which row each line of the batch is
    running = torch.ones(rows, dtype=torch.bool, device=device)
    length = 0
    for step in range(max_length):
        chosen, entropy = _choose(logits, temperature, generator)
        here = live[running]
        tokens[here, step] = chosen[running]
        entropies[here, step] = entropy[running]
        mask[here, step] = 1
        length = step + 1
        running = running & ~torch.isin(chosen, ends)
        left = int(running.sum())
        if not left or length == max_length:
            break
        if left <= (1 - DROP_SHARE) * len(running):
            kept = running.nonzero()[:, 0]
            cache.batch_select_indices(kept)
            live, chosen, positions, attention = (
                live[kept], chosen[kept], positions[kept], attention[kept])  # fmt: skip
            running = running[kept]
        attention = torch.cat([attention, attention.new_ones(len(attention), 1)], dim=1)
        out = model(
            input_ids=chosen[:, None],
            attention_mask=attention,
            position_ids=positions[:, None],
            past_key_values=cache,
            use_cache=True,
        )
        positions = positions + 1
        logits = out.logits[:, -1]
    return tokens[:, :length], mask[:, :length], entropies[:, :length]


def _choose(
    logits: Tensor, temperature: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return one token per row, and the entropy of what it was drawn from."""
    if temperature == 0:
        return logits.argmax(-1), logits.new_zeros(len(logits))
    probabilities = (logits.float() / temperature).softmax(-1)
    chosen = torch.multinomial(probabilities, 1, generator=generator)[:, 0]
    return chosen, torch.special.entr(probabilities).sum(-1)
