"""A scheduler behind vectors of environments: in this process and in others, in every mode."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from recorder import FIRST_INDEX, Recorder, right

from frostline.curricula import Scheduler
from frostline.curricula.presets import ladder
from frostline.curricula.wrapper import CurriculumVectorWrapper, TicketSlot

ID = "frostline/Arithmetic-v0"
MODES = list(AutoresetMode)


def vector(
    heard: Scheduler,
    mode: AutoresetMode,
    *,
    num_envs: int = 3,
    kind: str = "sync",
    max_turns: int = 2,
    **options: Any,
) -> CurriculumVectorWrapper:
    extra = {"shared_memory": False, "context": "spawn"} if kind == "async" else {}
    envs = gymnasium.make_vec(
        ID,
        num_envs=num_envs,
        vectorization_mode=kind,
        vector_kwargs={"autoreset_mode": mode, **extra},
        wrappers=[TicketSlot],
        max_turns=max_turns,
    )
    return CurriculumVectorWrapper(envs, heard, **options)


Ending = tuple[int, int, bool]  # environment, index of its problem, whether it was solved


def endings(
    envs: CurriculumVectorWrapper, mode: AutoresetMode, steps: int, answer: Callable[..., bool]
) -> Iterator[Ending]:
    """Take steps and yield every episode that ended, as the environments themselves tell it."""
    _, infos = envs.reset()
    for step in range(steps):
        tasks = infos["task"]
        texts = [right(task) if answer(step, place) else "?" for place, task in enumerate(tasks)]
        _, rewards, terminated, truncated, infos = envs.step(texts)
        over = terminated | truncated
        last = infos["final_info"] if mode is AutoresetMode.SAME_STEP and over.any() else infos
        for place in np.flatnonzero(over).tolist():
            yield place, last["task"][place].index, bool(rewards[place] > 0)
        if mode is AutoresetMode.DISABLED and over.any():
            _, fresh = envs.reset(options={"reset_mask": over})
            infos = {"task": np.where(over, fresh["task"], infos["task"])}


def counted(found: Iterable[Ending], generations: int) -> dict[int, tuple[int, int]]:
    """Return ticket → environment and successes of every complete group among the endings."""
    groups_of: dict[int, list[Ending]] = {}
    for ending in found:
        groups_of.setdefault(ending[1] - FIRST_INDEX, []).append(ending)
    for group in groups_of.values():
        assert len({place for place, _, _ in group}) == 1  # a ticket has one environment
        assert len(group) <= generations
    return {
        ticket: (group[0][0], sum(solved for _, _, solved in group))
        for ticket, group in groups_of.items()
        if len(group) == generations
    }


def uneven(step: int, place: int) -> bool:
    """Answer so that the episodes of the environments end at different times."""
    return (step * (place + 2) + place) % 5 < 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("generations", [1, 3])
def test_a_vector_tells_every_complete_group_once(mode: AutoresetMode, generations: int) -> None:
    heard = Recorder()
    envs = vector(heard, mode, generations=generations)
    found = list(endings(envs, mode, 60, uneven))
    expected = counted(found, generations)
    assert len(expected) > 60 * 3 // (4 * generations)
    assert {ticket: won for ticket, won, _ in heard.told()} == {
        ticket: won for ticket, (_, won) in expected.items()
    }
    assert len(heard.outcomes) == len(expected)
    assert all(outcome.trials == generations for outcome in heard.outcomes)


@pytest.mark.parametrize("mode", MODES)
def test_a_vector_in_other_processes_does_the_same(mode: AutoresetMode) -> None:
    here, there = Recorder(), Recorder()
    expected = list(endings(vector(here, mode, num_envs=2, generations=2), mode, 20, uneven))
    envs = vector(there, mode, num_envs=2, kind="async", generations=2)
    try:
        assert list(endings(envs, mode, 20, uneven)) == expected
        assert there.outcomes == here.outcomes
        assert there.issued == here.issued
    finally:
        envs.close()


def test_a_reset_after_an_ending_in_another_process_loses_no_ticket() -> None:
    # without shared memory, Gymnasium 1.4 takes the step after such a reset for its autoreset
    heard = Recorder()
    envs = vector(heard, AutoresetMode.NEXT_STEP, num_envs=1, kind="async", max_turns=1)
    try:
        envs.reset()
        envs.step(["?"])
        for _ in range(3):
            envs.reset()
            while not envs.step(["?"])[2].all():
                pass
        assert heard.told() == [(0, 0, 1), (1, 0, 1), (2, 0, 1), (3, 0, 1)]
        assert len(heard.issued) == 4
    finally:
        envs.close()


@pytest.mark.parametrize("mode", MODES)
def test_the_levels_of_the_problems_are_those_of_the_tickets(mode: AutoresetMode) -> None:
    envs = vector(Recorder(), mode)
    _, infos = envs.reset()
    for _ in range(10):
        for task, ticket in zip(infos["task"], infos["ticket"], strict=True):
            assert (task.level, task.index) == (ticket.level, ticket.index)
        infos = envs.step(["?"] * 3)[4]
        if mode is AutoresetMode.DISABLED:
            infos = envs.reset()[1]


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_ticket_is_drawn_before_an_ending_only_where_gymnasium_leaves_no_choice(
    mode: AutoresetMode,
) -> None:
    heard = Recorder()
    envs = vector(heard, mode, num_envs=1, max_turns=1)
    envs.reset()
    assert len(heard.issued) == 1
    envs.step(["?"])
    assert len(heard.issued) == (2 if mode is AutoresetMode.SAME_STEP else 1)


def test_the_info_of_an_ending_says_what_became_of_which_ticket() -> None:
    envs = vector(Recorder(), AutoresetMode.SAME_STEP, num_envs=2, max_turns=1)
    _, infos = envs.reset()
    *_, after = envs.step([right(infos["task"][0]), "?"])
    assert after["final_info"]["success"].tolist() == [True, False]
    assert after["final_info"]["ticket"].tolist() == infos["ticket"].tolist()
    assert [ticket.id for ticket in after["ticket"]] == [2, 3]


@pytest.mark.parametrize("mode", MODES)
def test_a_reset_of_a_vector_abandons_without_a_trace(mode: AutoresetMode) -> None:
    heard = Recorder()
    envs = vector(heard, mode)
    _, before = envs.reset()
    envs.step(["?"] * 3)
    _, after = envs.reset()
    assert after["ticket"].tolist() == before["ticket"].tolist()
    envs.step([right(task) for task in after["task"]])
    assert heard.told() == [(0, 1, 1), (1, 1, 1), (2, 1, 1)]


@pytest.mark.parametrize("mode", MODES)
def test_a_vector_asks_the_callers_own_options_off_the_record(mode: AutoresetMode) -> None:
    heard = Recorder()
    envs = vector(heard, mode, max_turns=1)
    options = {"level": 9, "reset_mask": np.array([True, False, True])}
    envs.reset()
    _, infos = envs.reset(options=options)
    assert [task.level for task in infos["task"][[0, 2]]] == [9, 9]
    assert "reset_mask" in options
    envs.step(["?"] * 3)
    assert heard.told() == [(1, 0, 1)]  # the two others left no trace, and their tickets are next
    if mode is AutoresetMode.DISABLED:
        envs.reset()
    elif mode is AutoresetMode.NEXT_STEP:
        envs.step(["?"] * 3)
    envs.step(["?"] * 3)
    assert heard.told()[1:] == [(0, 0, 1), (3, 0, 1), (2, 0, 1)]


@pytest.mark.parametrize(("success_reward", "successes"), [(5, 1), (50, 0)])
def test_a_vector_of_any_environment_counts_rewards(success_reward: float, successes: int) -> None:
    heard = Recorder()
    poles = gymnasium.make_vec(
        "CartPole-v1", num_envs=2, vectorization_mode="sync", wrappers=[TicketSlot]
    )
    options: dict[str, Any] = {"success_reward": success_reward, "to_options": lambda ticket: {}}
    envs = CurriculumVectorWrapper(poles, heard, **options)
    envs.reset(seed=0)
    for _ in range(12):  # a pole that is pushed to one side falls after some 10 steps
        envs.step(np.zeros(2, dtype=np.int64))
    assert sorted(heard.told()) == [(0, successes, 1), (1, successes, 1)]


def test_a_vector_discards_the_ticket_of_one_environment() -> None:
    heard = Recorder()
    envs = vector(heard, AutoresetMode.SAME_STEP, num_envs=2, max_turns=1)
    envs.reset()
    envs.discard(1)
    envs.step(["?", "?"])
    envs.step(["?", "?"])
    errors = {outcome.ticket.id: outcome.error for outcome in heard.outcomes}
    assert errors == {0: False, 1: True, 2: False, 3: False}


def test_a_vector_goes_on_from_a_saved_state() -> None:
    def fresh() -> CurriculumVectorWrapper:
        scheduler = ladder({"arithmetic": 5}, seed=3)
        return vector(scheduler, AutoresetMode.SAME_STEP, max_turns=1, generations=4)

    def tickets(envs: CurriculumVectorWrapper, steps: range) -> list[list[int]]:
        _, infos = envs.reset()
        asked = []
        for step in steps:
            asked.append([ticket.id for ticket in infos["ticket"]])
            texts = [
                right(task) if uneven(step, place) else "?"
                for place, task in enumerate(infos["task"])
            ]
            infos = envs.step(texts)[4]
        return asked

    whole = tickets(fresh(), range(30))
    first, second = fresh(), fresh()
    before = tickets(first, range(13))
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert before + tickets(second, range(13, 30)) == whole


def test_a_state_of_another_number_of_environments_is_refused() -> None:
    two = vector(ladder({"arithmetic": 5}, seed=0), AutoresetMode.SAME_STEP, num_envs=2)
    with pytest.raises(ValueError, match="state is of 2 environments, this wrapper has 3"):
        vector(Recorder(), AutoresetMode.SAME_STEP).load_state_dict(two.state_dict())


def test_sixty_four_environments_learn_from_one_scheduler() -> None:
    scheduler = ladder({"arithmetic": 11}, seed=0)
    envs = vector(scheduler, AutoresetMode.SAME_STEP, num_envs=64, max_turns=1, generations=2)
    assert len(list(endings(envs, AutoresetMode.SAME_STEP, 40, lambda *_: True))) == 64 * 40
    assert [event.level for event in envs.events] == list(range(1, 1 + len(envs.events)))
    assert len(envs.events) > 5


def test_a_vector_without_slots_is_refused_with_the_remedy() -> None:
    envs = gymnasium.make_vec(ID, num_envs=2, vectorization_mode="sync")
    with pytest.raises(ValueError, match=r"TicketSlot around every .* wrappers=\[TicketSlot\]"):
        CurriculumVectorWrapper(envs, Recorder())


def test_a_vector_that_is_not_made_of_environments_is_refused() -> None:
    envs = gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="vector_entry_point")
    with pytest.raises(ValueError, match="must be made of a SyncVectorEnv or AsyncVectorEnv, got"):
        CurriculumVectorWrapper(envs, Recorder())
