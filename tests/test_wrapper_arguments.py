"""What the wrappers for Gymnasium refuse, and what they do not count."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from recorder import Recorder

from frostline.curricula.asking import check_asked, task_at, task_options
from frostline.curricula.curriculum import Curriculum
from frostline.curricula.presets import frontier
from frostline.curricula.wrapper import CurriculumVectorWrapper, CurriculumWrapper, TicketSlot

SCRIPT = str(Path(__file__).parents[1] / "scripts" / "curriculum_wrapper.py")


class Countdown(gymnasium.Env[Any, Any]):
    """Ends after three steps, and goes on saying so; takes no notice of options."""

    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, info: dict[str, Any] | None = None) -> None:
        self.info = info or {}

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[int, dict[str, Any]]:
        self.left = 3
        return 0, dict(self.info)

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self.left -= 1
        return 0, 1.0, self.left <= 0, False, {}


def by_level(ticket: Any) -> dict[str, Any]:
    return {"level": ticket.level}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"success_reward": "1"}, "success_reward must be a finite number, got '1'"),
    ({"success_reward": float("nan")}, "success_reward must be a finite number, got nan"),
    ({"scheduler": "frontier"}, "such as frontier(space, seed=0), got 'frontier'"),
    (
        {"scheduler": frontier},
        "scheduler must be a Scheduler, such as frontier(space, seed=0)",
    ),
    ({"scheduler": Curriculum}, "got <class 'frostline.curricula.curriculum.Curriculum'>"),
    ({"generations": 1.5}, "generations must be a whole number of at least 1, got 1.5"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_a_wrong_argument_is_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        CurriculumWrapper(Countdown(), **({"scheduler": Recorder()} | options))


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_a_vector_refuses_the_same(options: dict[str, Any], message: str) -> None:
    envs = gymnasium.vector.SyncVectorEnv([lambda: TicketSlot(Countdown())])
    with pytest.raises(ValueError, match=re.escape(message)):
        CurriculumVectorWrapper(envs, **({"scheduler": Recorder()} | options))


def test_a_slot_refuses_a_success_that_is_no_number() -> None:
    with pytest.raises(ValueError, match="success_reward must be a finite number, got None"):
        TicketSlot(Countdown(), success_reward=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("info", [{}, {"task": "pick a cube"}, {"task": {"level": 2}}])
def test_an_environment_that_does_not_ask_the_ticket_is_refused(info: dict[str, Any]) -> None:
    heard = Recorder()
    env = CurriculumWrapper(Countdown(info), heard)
    got = f"got {info.get('task')!r}; pass to_options for"
    with pytest.raises(ValueError, match=re.escape(got)):
        env.reset()
    assert heard.outcomes == []


@pytest.mark.parametrize("info", [{}, {"task": "pick a cube"}, {"task": {"level": 2}}])
def test_a_vector_that_does_not_ask_the_tickets_is_refused(info: dict[str, Any]) -> None:
    envs = gymnasium.vector.SyncVectorEnv([lambda: TicketSlot(Countdown(info))] * 2)
    with pytest.raises(ValueError, match=r"env must ask .* pass to_options for an environment"):
        CurriculumVectorWrapper(envs, Recorder()).reset()


def test_a_task_that_is_an_array_is_refused_as_any_other() -> None:
    with pytest.raises(ValueError, match=r"got array\(\[1, 2\]\); pass to_options"):
        check_asked(Recorder().sample(1, policy_version=0)[0], np.array([1, 2]))


def test_a_task_told_as_a_mapping_is_the_tickets_also_in_a_vector() -> None:
    ticket = Recorder().sample(1, policy_version=0)[0]
    task = task_options(ticket)["task"]
    check_asked(ticket, task)
    arrays = {name: np.array([value, value]) for name, value in task.items()}
    check_asked(ticket, task_at(arrays | {"_level": np.array([True, True])}, 1))


def test_with_options_of_its_own_or_the_callers_an_environment_may_say_nothing() -> None:
    for to_options in (by_level, task_options):
        heard = Recorder()
        _, info = CurriculumWrapper(Countdown(), heard, to_options=to_options).reset()
        assert info["ticket"] == heard.issued[0]
    _, info = CurriculumWrapper(Countdown(), Recorder()).reset(options={"level": 1})
    assert info["ticket"] is None
    envs = gymnasium.vector.SyncVectorEnv([lambda: TicketSlot(Countdown())])
    heard = Recorder()
    _, infos = CurriculumVectorWrapper(envs, heard, to_options=by_level).reset()
    assert list(infos["ticket"]) == heard.issued[:1]


def test_steps_after_the_end_of_an_episode_count_for_nothing() -> None:
    heard = Recorder()
    env = CurriculumWrapper(Countdown(), heard, generations=2, to_options=by_level)
    env.reset()
    tickets = [env.step(0)[4]["ticket"] for _ in range(8)]
    assert tickets == [heard.issued[0]] * 3 + [None] * 5
    assert env.state_dict()["places"][0][0]["answered"] == 1
    env.reset()
    for _ in range(3):
        env.step(0)
    assert heard.told() == [(0, 2, 2)]


def test_the_example_refuses_a_number_of_answers_below_one() -> None:
    command = [sys.executable, SCRIPT, "--answers", "-4"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert "argument --answers: must be at least 1, got -4" in said.stderr
    assert said.stdout == ""


def test_the_example_says_nothing_of_a_reader_that_has_gone() -> None:
    command = [sys.executable, "-u", SCRIPT, "--answers", "8"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as script:  # type: ignore[call-overload]
        script.stdout.close()
        assert script.stderr.read() == ""
