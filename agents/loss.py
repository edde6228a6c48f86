"""The clipped token loss of GRPO and its relatives.

Equal to TRL 1.16 `GRPOTrainer` on the same completions (`tests/test_trl_parity.py`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from .config import GRPOConfig


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
