"""What a configuration describes: policy, curriculum, environments, and their native agent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from frostline.agents.grpo import GRPOAgent
from frostline.agents.policy import Policy, load_policy
from frostline.agents.policy_folder import has_adapter
from frostline.curricula import Scheduler, make_curriculum
from frostline.envs import TextEnv

from .config import TrainConfig
from .families import make_envs


@dataclass(frozen=True, slots=True)
class Parts:
    """What an engine is made of."""

    policy: Policy
    curriculum: Scheduler
    envs: dict[str, TextEnv]


def build_parts(config: TrainConfig, levels: Mapping[str, int] | None = None) -> Parts:
    """Return policy, curriculum and environments that a configuration describes.

    Args:
        config: what it is.
        levels: highest level that the curriculum hands out, by family; all where not named.

    Raises:
        ValueError: for anything that is wrong with the options, before any work.
    """
    torch.set_num_threads(config.threads)
    envs = make_envs(
        config.family,
        config.answer_format,
        max_turns=config.max_turns,
        discount=config.discount,
    )
    tops = levels or {}
    space = {name: tops.get(name, len(env.family.levels)) for name, env in envs.items()}
    curriculum = make_curriculum(
        config.curriculum,
        space,
        config.seed,
        horizon=config.iterations,
        groups=config.grpo.groups,
        generations=config.grpo.num_generations,
    )
    policy = load_policy(config.policy, device=_device(config.device))
    if has_adapter(policy.model):
        raise ValueError(
            f"policy {config.policy!r} has an adapter beside its weights; train on an export with "
            "--adapters merged"
        )
    check_room(policy, envs, config.grpo.max_completion_length)
    return Parts(policy, curriculum, envs)


def check_room(policy: Policy, envs: Mapping[str, TextEnv], max_completion_length: int) -> None:
    """Raise ValueError if a prompt and a completion do not fit into the policy's context."""
    longest = max(
        len(policy.encode([env.reset(seed=0, options={"level": level})[0]])[0])
        for env in envs.values()
        for level in range(1, len(env.family.levels) + 1)
    )
    policy.check_length(longest, max_completion_length)


def _device(device: str) -> str:
    """Return the device of this process: torchrun gives each one a GPU of its own."""
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device == "cuda" else device


def build_agent(config: TrainConfig) -> tuple[GRPOAgent, dict[str, TextEnv]]:
    """Return the agent that a configuration describes, and its environments by family.

    Raises:
        ValueError: for anything that is wrong with the options, before any work.
    """
    parts = build_parts(config)
    agent = GRPOAgent(
        parts.policy,
        parts.curriculum,
        list(parts.envs.values()),
        trainable=config.trainable,
        config=config.grpo,
        seed=config.seed,
    )
    return agent, parts.envs
