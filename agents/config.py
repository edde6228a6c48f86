"""The options of the GRPO agent, with TRL's names where TRL has one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class GRPOConfig(BaseModel, frozen=True, extra="forbid", allow_inf_nan=False):
    """How one iteration samples, scores and updates.

    >>> GRPOConfig(num_generations=8).loss_type
    'dapo'
    """

    groups: int = Field(default=32, ge=1, description="problems per iteration, P")
    num_generations: int = Field(default=8, ge=2, description="completions per problem, G")
    max_completion_length: int = Field(
        default=32, ge=1, description="tokens after which a completion is truncated"
    )
    temperature: float = Field(default=1.0, gt=0, description="sampling temperature")
    learning_rate: float = Field(default=7e-5, gt=0, description="peak learning rate")
    warmup_iterations: int = Field(
        default=5, ge=0, description="iterations of linear learning-rate warm-up"
    )
    optimizer: Literal["adamw", "sgd"] = Field(default="adamw", description="update rule")
    weight_decay: float = Field(default=0.0, ge=0, description="decoupled weight decay")
    adam_beta1: float = Field(default=0.9, ge=0, lt=1, description="AdamW: decay of the mean")
    adam_beta2: float = Field(default=0.99, ge=0, lt=1, description="AdamW: decay of the square")
    max_grad_norm: float = Field(
        default=1.0, gt=0, description="clip the gradient of the trainable subset to this norm"
    )
    loss_type: Literal["dapo", "dr_grpo", "grpo", "bnpo"] = Field(
        default="dapo", description="how token losses are averaged"
    )
    scale_rewards: Literal["group", "batch", "none"] = Field(
        default="group", description="standard deviation that divides the advantages"
    )
    epsilon: float = Field(default=0.2, gt=0, description="lower clip range of the ratio")
    epsilon_high: float = Field(default=0.2, gt=0, description="upper clip range of the ratio")
    beta: float = Field(default=0.0, ge=0, description="weight of the KL penalty; 0: no reference")
    num_iterations: int = Field(
        default=1, ge=1, description="optimizer steps on each batch of completions"
    )
    mask_truncated_completions: bool = Field(
        default=False, description="leave truncated completions out of the loss"
    )
    tokens_per_microbatch: int = Field(
        default=16384,
        ge=1,
        description="tokens per backward pass, a group's prompt counted once; one group at least",
    )
    moments: Literal["reset", "keep", "offload"] = Field(
        default="reset",
        description="what becomes of a layer's optimizer state when a schedule freezes it: "
        "dropped, kept, or kept in CPU memory",
    )
    rewarmup_iterations: int = Field(
        default=0, ge=0, description="iterations of warm-up of a layer that starts to train anew"
    )
    bf16: bool = Field(default=False, description="run the model in bfloat16 autocast")
    gradient_checkpointing: bool = Field(
        default=False,
        description="recompute activations in the backward pass, above the trunk only",
    )
    fast_path: bool = Field(
        default=True,
        description="share prefixes, pack tokens and reuse the trunk, where the model is known",
    )
