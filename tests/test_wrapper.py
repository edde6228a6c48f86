"""A scheduler behind Gymnasium's interface: one environment, and vectors of every kind."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from hypothesis import given, settings
from hypothesis import strategies as st
from recorder import Recorder, right

from frostline.curricula import Event, Outcome, Scheduler, asking, wrapper
from frostline.curricula.asking import task_options
from frostline.curricula.presets import ladder
from frostline.curricula.wrapper import CurriculumWrapper
from frostline.envs import TaskSpec

ROOT = Path(__file__).parents[1]
ID = "frostline/Arithmetic-v0"
MODES = list(AutoresetMode)
PROMOTION = Event("promotion", "arithmetic", 1, 2, 1, 1.0, 1.0, 0.5, 1.0, "as the test says")


class Script(gymnasium.Env[Any, Any]):
    """Plays back the endings of episodes: lists of (reward, verdict); the last may truncate."""

    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, *episodes: list[tuple[float, str | None]], truncate: bool = False) -> None:
        self.episodes, self.truncate = iter(episodes), truncate
        self.options: list[Any] = []

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        self.options.append(options)
        self.steps = list(next(self.episodes))
        return 0, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        reward, verdict = self.steps.pop(0)
        info = {} if verdict is None else {"verdict": verdict}
        end = not self.steps
        return 0, reward, end and not self.truncate, end and self.truncate, info


def wrapped(scheduler: Scheduler, *, max_turns: int = 1, **options: Any) -> CurriculumWrapper:
    return CurriculumWrapper(gymnasium.make(ID, max_turns=max_turns), scheduler, **options)


def episode(env: CurriculumWrapper, *answers: bool) -> dict[str, Any]:
    """Reset, give right and wrong answers, and return the last info."""
    _, info = env.reset()
    for answer in answers:
        info = env.step(right(info["task"]) if answer else "?")[4]
    return info


def played(*episodes: list[tuple[float, str | None]], **options: Any) -> Recorder:
    """Return what a scheduler heard of scripted episodes."""
    truncate = options.pop("truncate", False)
    heard = Recorder()
    options.setdefault("to_options", task_options)
    env = CurriculumWrapper(Script(*episodes, truncate=truncate), heard, **options)
    for steps in episodes:
        env.reset()
        for _ in steps:
            env.step(0)
    return heard


# one environment


def test_the_environment_asks_the_very_problem_of_the_ticket() -> None:
    heard = Recorder()
    env = wrapped(heard)
    for i in range(5):
        info = episode(env, False)
        assert info["ticket"] is heard.issued[i]
        assert info["task"] == TaskSpec("arithmetic", 1 + i % 3, "train", 50 + i)


def test_a_mixture_asks_the_family_of_the_ticket() -> None:
    families = ["arithmetic", "countdown"]
    env = CurriculumWrapper(
        gymnasium.make("frostline/Mixture-v0", families=families),
        ladder(dict.fromkeys(families, 3), seed=0),
    )
    infos = [episode(env, False) for _ in range(20)]
    assert all(info["task"].family == info["ticket"].family for info in infos)
    assert {info["task"].family for info in infos} == set(families)


def test_a_task_is_also_taken_as_a_mapping_of_its_fields() -> None:
    env, task = gymnasium.make(ID), TaskSpec("arithmetic", 3, "test", 7)
    fields = {"family": "arithmetic", "level": 3, "split": "test", "index": 7}
    assert env.reset(options={"task": fields}) == env.reset(options={"task": task})
    with pytest.raises(ValueError, match="a mapping needs the keys family, level, split, index"):
        env.reset(options={"task": {"level": 3}})


def test_a_group_asks_one_problem_as_often_as_there_are_generations() -> None:
    heard = Recorder()
    env = wrapped(heard, generations=3)
    asked = [episode(env, False)["task"].index for _ in range(7)]
    assert asked == [50, 50, 50, 51, 51, 51, 52]
    assert heard.told() == [(0, 0, 3), (1, 0, 3)]


def test_an_outcome_counts_the_right_answers_of_its_group() -> None:
    heard = Recorder()
    env = wrapped(heard, generations=3)
    for answer in (True, False, True, False, False, True):
        assert episode(env, answer)["success"] is answer
    assert heard.outcomes == [Outcome(heard.issued[0], 2, 3), Outcome(heard.issued[1], 1, 3)]


def test_an_abandoned_episode_counts_for_nothing_and_is_asked_again() -> None:
    heard = Recorder()
    env = wrapped(heard, max_turns=2)
    abandoned = episode(env, False)
    assert "success" not in abandoned
    assert episode(env, True)["ticket"] == abandoned["ticket"]
    assert heard.told() == [(0, 1, 1)]


def test_a_discarded_ticket_is_told_as_an_error_and_not_asked_again() -> None:
    heard = Recorder()
    env = wrapped(heard, max_turns=2, generations=2)
    episode(env, True)
    episode(env, False)
    env.discard()
    assert heard.outcomes == [Outcome(heard.issued[0], 0, 0, error=True)]
    env.step("?")
    assert episode(env, True)["ticket"].id == 1
    assert len(heard.outcomes) == 1


def test_an_error_of_the_verifier_spoils_its_group_and_is_no_failure() -> None:
    heard = played([(0, "VERIFIER_ERROR")], [(1, "CORRECT")], [(0, "WRONG")], generations=3)
    assert heard.outcomes == [Outcome(heard.issued[0], 1, 2, error=True)]


@pytest.mark.parametrize(
    ("steps", "successes", "error"),
    [
        ([(0.0, "VERIFIER_ERROR"), (0.0, "WRONG")], 0, True),
        ([(0.0, "VERIFIER_ERROR"), (1.0, "CORRECT")], 1, False),
        ([(0.0, "WRONG"), (0.5, "CORRECT")], 1, False),
        ([(1.0, "WRONG")], 0, False),
        ([(0.0, "MALFORMED")], 0, False),
        ([(0.0, "UNSUPPORTED")], 0, False),
        ([(0.5, None), (0.5, None)], 1, False),
        ([(0.5, None), (0.25, None)], 0, False),
        ([(-1.0, None), (1.0, None)], 0, False),
    ],
)
def test_a_verdict_decides_and_the_sum_of_rewards_where_there_is_none(
    steps: list[tuple[float, str | None]], successes: int, error: bool
) -> None:
    (outcome,) = played(steps).outcomes
    assert (outcome.successes, outcome.error) == (successes, error)


@pytest.mark.parametrize(("reward", "successes"), [(0.5, 0), (0.75, 1)])
def test_success_reward_says_how_much_is_a_success(reward: float, successes: int) -> None:
    assert played([(reward, None)], success_reward=0.75).told() == [(0, successes, 1)]


def test_the_rewards_of_two_episodes_are_not_added_up() -> None:
    assert played([(0.5, None)], [(0.5, None)]).told() == [(0, 0, 1), (1, 0, 1)]


@pytest.mark.parametrize(("reward", "successes"), [(0.0, 0), (1.0, 1)])
def test_an_episode_cut_short_is_a_failure_unless_it_succeeded(
    reward: float, successes: int
) -> None:
    assert played([(reward, None)], truncate=True).told() == [(0, successes, 1)]


def test_other_environments_are_asked_by_options_of_their_own() -> None:
    env = Script([(1, None)], [(1, None)])
    learner = CurriculumWrapper(env, Recorder(), to_options=lambda ticket: {"hard": ticket.level})
    for _ in range(2):
        learner.reset()
        learner.step(0)
    assert env.options == [{"hard": 1}, {"hard": 2}]


def test_an_episode_of_the_callers_own_has_no_ticket_and_is_not_told() -> None:
    heard = Recorder()
    env = wrapped(heard, generations=2)
    env.reset(options={"level": 9})
    assert heard.issued == []
    episode(env, True)
    _, info = env.reset(options={"level": 9})
    assert (info["ticket"], info["task"].level) == (None, 9)
    assert env.step("?")[4]["success"] is False
    episode(env, True)
    assert heard.told() == [(0, 2, 2)]


def test_tickets_say_the_policy_version_at_which_they_were_drawn() -> None:
    heard = Recorder()
    env = wrapped(heard)
    for version in (0, 0, 7):
        env.policy_version = version
        episode(env, True)
    assert [ticket.policy_version for ticket in heard.issued] == [0, 0, 7]


def test_events_are_kept_until_the_user_empties_the_list() -> None:
    env = wrapped(Recorder(events=[PROMOTION, replace(PROMOTION, level=2)]))
    episode(env, True)
    episode(env, True)
    assert [event.level for event in env.events] == [1, 2]


def test_gymnasium_finds_no_fault() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # the checker says so of every wrapper
        warnings.filterwarnings("ignore", ".* is different from the unwrapped version")
        check_env(wrapped(ladder({"arithmetic": 11}, seed=0), generations=2))


@pytest.mark.parametrize("generations", [0, -1, True, 2.0, None])
def test_generations_must_be_a_whole_number(generations: Any) -> None:
    rule = f"generations must be a whole number of at least 1, got {generations!r}"
    with pytest.raises(ValueError, match=re.escape(rule)):
        wrapped(Recorder(), generations=generations)


@pytest.mark.parametrize("module", [wrapper, asking])
def test_the_examples_of_the_docstrings_are_true(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_the_example_climbs_through_both_wrappers() -> None:
    script = str(ROOT / "scripts" / "curriculum_wrapper.py")
    command = [sys.executable, script, "--answers", "1000"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.count("promotion at level 1") == 2


# saved and restored


def answers(env: CurriculumWrapper, n: int, start: int = 0) -> Iterator[tuple[Any, ...]]:
    """Yield what happens while an agent answers two in three problems rightly."""
    for i in range(start, start + n):
        env.policy_version = i // 10
        info = episode(env, i % 3 > 0)
        yield info["ticket"], info["success"], list(env.events)
        env.events.clear()


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(0, 60))
def test_a_run_cut_anywhere_goes_on_as_if_it_had_not_been(cut: int) -> None:
    def fresh() -> CurriculumWrapper:
        return wrapped(ladder({"arithmetic": 5}, seed=3), generations=4)

    whole = list(answers(fresh(), 60))
    first, second = fresh(), fresh()
    before = list(answers(first, cut))
    first.policy_version = cut // 10
    first.reset()  # cut short in the middle of an episode
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert before + list(answers(second, 60 - cut, start=cut)) == whole


def saved(**changes: Any) -> dict[str, Any]:
    """Return the state of a wrapper with three answers to a group, changed."""
    env = wrapped(ladder({"arithmetic": 5}, seed=3), generations=4)
    for answer in (True, True, False):
        episode(env, answer)
    state = env.state_dict()
    state["places"][0][0].update(changes)
    return state


ISSUED = saved()["places"][0][0]["ticket"]


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        ({}, "needs keys places, scheduler, version"),
        ({**saved(), "version": 0}, "state version must be 1, got 0"),
        ({**saved(), "places": []}, "state is of 0 environments, this wrapper has 1"),
        ({**saved(), "places": 5}, "places of a state must be a list of lists, got 5"),
        ({**saved(), "places": [5]}, r"places of a state must be a list of lists, got \[5\]"),
        ({**saved(), "places": [[5]]}, "group must be a mapping, got int"),
        (saved(answered="1"), "answered of a saved group must be a whole number, got '1'"),
        (saved(answered=1.5), "answered of a saved group must be a whole number, got 1.5"),
        (saved(ticket=ISSUED | {"id": 9}), "ticket id=9 was never issued here"),
        (saved(ticket=ISSUED | {"id": None}), "id of a saved group must be a whole number"),
        (saved(ticket=ISSUED | {"level": 5}), "differs from the one issued"),
        (saved(answered=4), "answered < generations=4"),
        (saved(successes=4), "successes \\+ errors <= answered"),
        (saved(ticket={"id": 1}), "ticket needs keys"),
        ({**saved(), "scheduler": {}}, "state needs keys"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(state: dict[str, Any], rule: str) -> None:
    env = wrapped(ladder({"arithmetic": 5}, seed=4), generations=4)
    episode(env, True)
    before = env.state_dict()
    with pytest.raises(ValueError, match=rule):
        env.load_state_dict(state)
    assert env.state_dict() == before
