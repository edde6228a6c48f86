"""The arms of a profile: one policy, trained or not, on the same problems as the others.

All arms of a seed are handed the same training problems in the same order, and sit the same exam.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch

from frostline.agents.config import GRPOConfig
from frostline.agents.grpo import GRPOAgent
from frostline.agents.policy import Policy
from frostline.agents.rollout import sample
from frostline.curricula import PRESETS
from frostline.envs import Status, TaskSpec, TextEnv
from frostline.envs.streams import index_from_seed

BASE, FULL = "base", "full"
SPLIT = "validation"  # the curve drives choices, so the test split stays unseen
ROWS = 256  # completions sampled at a time


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


def sit_exam(
    policy: Policy,
    envs: Mapping[str, TextEnv],
    levels: Mapping[str, Sequence[int]],
    *,
    problems: int,
    number: int,
    config: GRPOConfig,
    seed: int,
) -> dict[str, str]:
    """Return which problems `policy` solves: for each level a string of 1, 0, and ! for an error.

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
    marks = ""
    for start in range(0, len(tasks), ROWS):
        batch = tasks[start : start + ROWS]
        generator = torch.Generator(policy.device)
        texts = sample(
            policy,
            [envs[task.family].reset(options={"task": task})[0] for task in batch],
            generations=1,
            max_completion_length=config.max_completion_length,
            temperature=config.temperature,
            generator=generator.manual_seed(index_from_seed("profile", seed, start)),
        ).texts
        for task, text in zip(batch, texts, strict=True):
            env = envs[task.family]
            marks += _mark(env.grade(env.family.problem(task), text)[0].status)
    return {
        f"{family}/{level}": marks[i * problems : (i + 1) * problems]
        for i, (family, level) in enumerate(rungs)
    }


def _mark(status: Status) -> str:
    if status is Status.VERIFIER_ERROR:
        return "!"
    return "1" if status is Status.CORRECT else "0"
