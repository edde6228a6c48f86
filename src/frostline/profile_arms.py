"""The arms of a profile: one policy, trained or not, on the same problems as the others.

All arms of a seed are handed the same training problems in the same order, and sit the same exam.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from frostline.agents.config import GRPOConfig
from frostline.agents.grpo import GRPOAgent
from frostline.agents.policy import Policy
from frostline.curricula import PRESETS
from frostline.envs import TaskSpec, TextEnv

from .exam import sit_exam

BASE, FULL = "base", "full"
SPLIT = "validation"  # the curve drives choices, so the test split stays unseen


def subsets(layers: Iterable[int]) -> list[str]:
    """Return the arms of a profile in order: untrained, all weights, each layer alone.

    >>> subsets([0, 3])
    ['base', 'full', 'layers:0', 'layers:3']
    """
    return [BASE, FULL, *(f"layers:{layer}" for layer in layers)]


def train_arm(
    policy: Policy,
    envs: Mapping[str, TextEnv],
    levels: Mapping[str, Sequence[int]],
    *,
    subset: str,
    config: GRPOConfig,
    iterations: int,
    seed: int,
    on_iteration: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Train `policy` in place and return how it went.

    Args:
        policy: is trained.
        envs: one environment per family.
        levels: levels per family.
        subset: which weights train.
        config: options of the algorithm.
        iterations: how many.
        seed: of the problems and of the sampling.
        on_iteration: called with the metrics of each.
    """
    # a curriculum that reacted would hand each arm other problems
    space = {family: len(env.family.levels) for family, env in envs.items()}
    agent = GRPOAgent(
        policy,
        PRESETS["fixed"](space, seed=seed, level=levels),
        list(envs.values()),
        trainable=subset,
        config=config,
        seed=seed,
    )
    metrics = agent.train(iterations, callback=on_iteration)
    return {
        "trainable": agent.subset.trainable,
        "reward": [round(line["reward"], 4) for line in metrics],
        "seconds": sum(sum(line["seconds"].values()) for line in metrics),
    }


def profile_exam(
    policy: Policy,
    envs: Mapping[str, TextEnv],
    levels: Mapping[str, Sequence[int]],
    *,
    problems: int,
    number: int,
    config: GRPOConfig,
    seed: int,
) -> dict[str, str]:
    """Return which problems `policy` solves: the marks of `sit_exam` for each level.

    Args:
        policy: what answers.
        envs: one environment per family.
        levels: levels per family.
        problems: of each level; one completion of each.
        number: of the exam; it has the problems `number`·N … `number`·N + N - 1 of each level.
        config: temperature and length of the completions.
        seed: of the sampling.
    """
    rungs = [(family, level) for family, chosen in levels.items() for level in chosen]
    indices = range(number * problems, (number + 1) * problems)
    tasks = [TaskSpec(*rung, SPLIT, index) for rung in rungs for index in indices]
    marks = sit_exam(policy, envs, tasks, config=config, stream=("profile", seed))
    return {
        f"{family}/{level}": marks[i * problems : (i + 1) * problems]
        for i, (family, level) in enumerate(rungs)
    }
