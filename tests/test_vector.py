"""Vector environments, in this process and in spawned ones."""

from __future__ import annotations

from typing import Any

import gymnasium
import pytest
from gymnasium.vector import AutoresetMode

from frostline.envs import FAMILIES, IDS, TaskSpec

SYNC: dict[str, Any] = {"vectorization_mode": "sync"}
ASYNC: dict[str, Any] = {
    "vectorization_mode": "async",
    "vector_kwargs": {"shared_memory": False, "context": "spawn"},
}


def answer(task: TaskSpec) -> str:
    return FAMILIES[task.family].problem(task).answer


@pytest.mark.parametrize("env_id", sorted(IDS))
def test_a_sync_vector_asks_one_problem_each(env_id: str) -> None:
    envs = gymnasium.make_vec(env_id, num_envs=3, **SYNC)
    prompts, infos = envs.reset(seed=7)
    assert len(set(prompts)) == 3
    assert envs.reset(seed=7)[0] == prompts
    _, rewards, terminated, truncated, infos = envs.step(
        [answer(infos["task"][0]), "?", answer(infos["task"][2])]
    )
    assert rewards.tolist() == [1.0, 0.0, 1.0]
    assert terminated.all()
    assert not truncated.any()
    assert [str(verdict) == "CORRECT" for verdict in infos["verdict"]] == [True, False, True]
    envs.close()


@pytest.mark.parametrize("env_id", sorted(IDS))
def test_spawned_processes_ask_the_same_problems(env_id: str) -> None:
    here = gymnasium.make_vec(env_id, num_envs=2, **SYNC)
    # the prefix makes the new process import frostline, which registers the id there
    there = gymnasium.make_vec(f"frostline:{env_id}", num_envs=2, **ASYNC)
    try:
        prompts, infos = there.reset(seed=7)
        assert prompts == here.reset(seed=7)[0]
        feedback, rewards, *_ = there.step([answer(infos["task"][0]), "?"])
        assert feedback == ("Correct.", "Not correct.")
        assert rewards.tolist() == [1.0, 0.0]
    finally:
        there.close()
        here.close()


def test_spawned_processes_find_an_id_without_the_prefix() -> None:
    envs = gymnasium.make_vec("frostline/Arithmetic-v0", num_envs=1, **ASYNC)
    try:
        assert envs.reset(seed=0)[0][0].startswith("Compute")
    finally:
        envs.close()


def test_autoreset_in_the_same_step_wastes_no_step() -> None:
    envs = gymnasium.make_vec(
        "frostline/Arithmetic-v0",
        num_envs=2,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
    )
    envs.reset(seed=0)
    for _ in range(4):
        prompts, _, terminated, *_ = envs.step(["?", "?"])
        assert terminated.all()
        assert all(prompt.startswith("Compute") for prompt in prompts)
    envs.close()


def test_shared_memory_is_refused_and_not_filled_with_zeros() -> None:
    with pytest.raises(ValueError, match="shared_memory"):
        gymnasium.make_vec("frostline/Arithmetic-v0", num_envs=2, vectorization_mode="async",
                           vector_kwargs={"context": "spawn"})  # fmt: skip


def test_no_index_is_repeated_across_environments_and_resets() -> None:
    envs = gymnasium.make_vec("frostline/Arithmetic-v0", num_envs=64, **SYNC)
    met: list[int] = []
    for seed in (0, None, None):
        _, infos = envs.reset(seed=seed)
        for _ in range(40):
            met += [task.index for task in infos["task"]]
            envs.step(["?"] * 64)
            infos = envs.step(["?"] * 64)[4]  # the step of the autoreset
    assert len(set(met)) == len(met) == 3 * 40 * 64
    envs.close()
