"""The clipped token loss of GRPO and its relatives, and the forward pass it needs.

Equal to TRL 1.16 `GRPOTrainer` on the same completions (`tests/test_trl_parity.py`). It differs in
what it computes: each prompt goes through the model once and not once per completion.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from .config import GRPOConfig


@dataclass(frozen=True, slots=True)
class Batch:
    """Completions of P problems, G of each, as tensors.

    Attributes:
        prompt_PS: prompt tokens, left-padded, shape (P, S).
        prompt_mask_PS: 1 on real prompt tokens.
        completion_PGT: completion tokens, right-padded, shape (P*G, T); rows of a group adjoin.
        mask_PGT: 1 on tokens that count, the final end token among them.
        advantages_PG: shape (P*G,).
    """

    prompt_PS: Tensor
    prompt_mask_PS: Tensor
    completion_PGT: Tensor
    mask_PGT: Tensor
    advantages_PG: Tensor

    def groups(self, index_P: Tensor) -> Batch:
        """Return the groups in `index_P`, without the columns that only they do not need."""
        generations = len(self.completion_PGT) // len(self.prompt_PS)
        offsets = torch.arange(generations, device=index_P.device)
        rows = (index_P[:, None] * generations + offsets).flatten()
        prompt_mask, mask = self.prompt_mask_PS[index_P], self.mask_PGT[rows]
        first = int(prompt_mask.any(0).int().argmax())
        last = int(mask.any(0).nonzero().amax()) + 1 if mask.any() else 1
        return Batch(
            self.prompt_PS[index_P, first:],
            prompt_mask[:, first:],
            self.completion_PGT[rows, :last],
            mask[:, :last],
            self.advantages_PG[rows],
        )


def completion_log_probs(model: PreTrainedModel, batch: Batch, temperature: float) -> Tensor:
    """Return the log-probabilities of the completion tokens, (P*G, T); 0 where the mask is 0.

    The prompts run once each; their keys and values are repeated for the completions of the
    group, which is exact because attention looks back only. Gradients flow through both.
    """
    generations = len(batch.completion_PGT) // len(batch.prompt_PS)
    positions_PS = (batch.prompt_mask_PS.cumsum(1) - 1).clamp(min=0)
    prefill = model(
        input_ids=batch.prompt_PS,
        attention_mask=batch.prompt_mask_PS,
        position_ids=positions_PS,
        use_cache=True,
        logits_to_keep=1,
    )
    logits = prefill.logits[:, -1:].repeat_interleave(generations, dim=0)
    if batch.completion_PGT.shape[1] > 1:
        cache = prefill.past_key_values
        cache.batch_repeat_interleave(generations)
        inputs_PGT = batch.completion_PGT[:, :-1]
        mask = torch.cat(
            [
                batch.prompt_mask_PS.repeat_interleave(generations, dim=0),
                torch.ones_like(inputs_PGT),  # pads stand at the end, behind all that counts
            ],
            dim=1,
        )
        lengths = batch.prompt_mask_PS.sum(1).repeat_interleave(generations)
        positions = lengths[:, None] + torch.arange(inputs_PGT.shape[1], device=lengths.device)
        rest = model(
            input_ids=inputs_PGT, attention_mask=mask, position_ids=positions, past_key_values=cache
        )
        logits = torch.cat([logits, rest.logits], dim=1)
    log_probs = (logits.float() / temperature).log_softmax(-1)
    chosen_PGT: Tensor = log_probs.gather(-1, batch.completion_PGT[..., None])[..., 0]
    # a pad can be so unlikely that its ratio overflows, and infinity times a weight of 0 is no 0
    return chosen_PGT.masked_fill(batch.mask_PGT == 0, 0.0)


def token_weights(mask_PGT: Tensor, config: GRPOConfig) -> Tensor:
    """Return the weight of each token's loss, shape (P*G, T); over a whole batch of completions.

    dapo (Yu et al. 2025) and bnpo: one over all tokens. grpo (Shao et al. 2024): one over the
    row's tokens and the rows. dr_grpo (Liu et al. 2025): one over rows times
    `max_completion_length`.
    """
    rows = len(mask_PGT)
    if config.loss_type == "grpo":
        per_row = mask_PGT.sum(1, keepdim=True).clamp(min=1)
        return mask_PGT / per_row / rows
    if config.loss_type == "dr_grpo":
        return mask_PGT / (rows * config.max_completion_length)
    return mask_PGT / mask_PGT.sum().clamp(min=1)


def clipped_loss(
    log_probs_PGT: Tensor,
    old_log_probs_PGT: Tensor,
    advantages_PG: Tensor,
    config: GRPOConfig,
    ref_log_probs_PGT: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the loss of each token, whether it is clipped, and its KL estimate, all (P*G, T).

    The surrogate is PPO's (Schulman et al. 2017) with the clip range 1 - epsilon … 1 +
    epsilon_high. The KL estimate is Schulman's k3, exp(r) - r - 1 with r = log ref - log policy,
    times the ratio, which makes its gradient unbiased (TRL's `use_bias_correction_kl`).
    """
    ratio = (log_probs_PGT - old_log_probs_PGT).exp()
    advantages = advantages_PG[:, None]
    clamped = ratio.clamp(1 - config.epsilon, 1 + config.epsilon_high)
    loss = -torch.min(ratio * advantages, clamped * advantages)
    low = (ratio < 1 - config.epsilon) & (advantages < 0)
    high = (ratio > 1 + config.epsilon_high) & (advantages > 0)
    kl = torch.zeros_like(loss)
    if ref_log_probs_PGT is not None:
        gap = ref_log_probs_PGT - log_probs_PGT
        kl = (gap.exp() - gap - 1) * ratio
        loss = loss + config.beta * kl
    return loss, low | high, kl.detach()
