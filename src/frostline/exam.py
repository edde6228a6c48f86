"""Exams: held-out problems, one completion of each, and a mark for each problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from frostline.agents.config import GRPOConfig
from frostline.agents.policy import Policy
from frostline.agents.rollout import sample
from frostline.envs import Status, TaskSpec, TextEnv
from frostline.envs.streams import index_from_seed

SOLVED, MISSED, ERROR = "1", "0", "!"
ROWS = 256  # completions sampled at a time


def sit_exam(
    policy: Policy,
    envs: Mapping[str, TextEnv],
    tasks: Sequence[TaskSpec],
    *,
    config: GRPOConfig,
    stream: Sequence[object],
) -> str:
    """Return how `policy` does on `tasks`: a string of 1, 0, and ! for an error of the verifier.

    Args:
        policy: what answers.
        envs: ask and grade, by family.
        tasks: the problems, in order.
        config: temperature and length of the completions.
        stream: names the random stream of the sampling.
    """
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
            generator=generator.manual_seed(index_from_seed(*stream, start)),
        ).texts
        for task, text in zip(batch, texts, strict=True):
            env = envs[task.family]
            marks += _mark(env.grade(env.family.problem(task), text)[0].status)
    return marks


def _mark(status: Status) -> str:
    if status is Status.VERIFIER_ERROR:
        return ERROR
    return SOLVED if status is Status.CORRECT else MISSED
