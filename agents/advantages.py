"""Group-relative advantages."""

from __future__ import annotations

from torch import Tensor

# what TRL adds to the standard deviation
STD_FLOOR = 1e-4
# groups whose rewards are this close are equal; `std != 0` is not safe in floating point
EQUAL_WITHIN = 1e-8


def group_advantages(rewards_PG: Tensor, scale_rewards: str) -> Tensor:
    """Centre rewards inside each group and scale them (Shao et al. 2024; TRL's 1e-4 floor).

    Args:
        rewards_PG: shape (P, G): P problems, G completions of each.
        scale_rewards: `group` and `batch` divide by the sample standard deviation (n - 1) of
            the group or of all rewards; `none` (Liu et al. 2025) does not divide.

    Returns:
        Shape (P, G). Rows sum to 0; a row of equal rewards is all 0.

    >>> import torch
    >>> group_advantages(torch.tensor([[1.0, 0.0], [1.0, 1.0]]), "none").tolist()
    [[0.5, -0.5], [0.0, 0.0]]
    """
    centred_PG = rewards_PG - rewards_PG.mean(dim=1, keepdim=True)
    if scale_rewards == "none":
        return centred_PG
    if scale_rewards == "group":
        return centred_PG / (rewards_PG.std(dim=1, keepdim=True) + STD_FLOOR)
    return centred_PG / (rewards_PG.std() + STD_FLOOR)


def has_signal(rewards_PG: Tensor) -> Tensor:
    """Return shape (P,): whether the completions of a group differ in reward."""
    return (rewards_PG.amax(dim=1) - rewards_PG.amin(dim=1)) > EQUAL_WITHIN
