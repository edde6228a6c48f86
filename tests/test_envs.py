"""The Gymnasium contract of every id: one episode is one problem."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

from frostline.envs import FAMILIES, IDS, Family, Problem, Status, TaskSpec, TextEnv, Verdict
from frostline.envs.extract import wrap

SQUARE = TaskSpec("closed_forms", 4, "train", 0)


def plain(env: gymnasium.Env[str, str]) -> TextEnv:
    unwrapped = env.unwrapped
    assert isinstance(unwrapped, TextEnv)
    return unwrapped


@pytest.fixture(params=sorted(IDS))
def env(request: pytest.FixtureRequest) -> Iterator[TextEnv]:
    made = gymnasium.make(request.param)
    yield plain(made)
    made.close()


def series(env: TextEnv, seed: int, length: int) -> list[str]:
    return [env.reset(seed=seed)[0], *(env.reset()[0] for _ in range(length - 1))]


def test_gymnasium_finds_no_fault(env: TextEnv) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)


def test_a_seed_starts_a_repeatable_series(env: TextEnv) -> None:
    first = series(env, 3, 6)
    assert first == series(env, 3, 6)
    assert len(set(first)) > 3


def test_neighbouring_seeds_share_no_part_of_their_series() -> None:
    env = TextEnv("arithmetic", level=11)
    assert not set(series(env, 0, 20)) & set(series(env, 1, 20))


def test_without_a_seed_two_environments_differ() -> None:
    first, second = TextEnv("arithmetic", level=11), TextEnv("arithmetic", level=11)
    assert [first.reset()[0] for _ in range(3)] != [second.reset()[0] for _ in range(3)]


def test_the_seed_and_the_options_decide_together() -> None:
    env = TextEnv("arithmetic")
    _, info = env.reset(seed=1, options={"level": 3, "split": "test"})
    assert (info["task"].level, info["task"].split) == (3, "test")
    _, info = env.reset()
    assert (info["task"].level, info["task"].split) == (1, "train")


def test_a_task_option_asks_that_very_problem(env: TextEnv) -> None:
    task = TaskSpec(env.family.name, 5, "validation", 12)
    prompt, info = env.reset(options={"task": task})
    assert prompt.startswith(env.family.problem(task).question)
    assert info == {"task": task}


@pytest.mark.parametrize("answer_format", ["raw", "tag", "boxed"])
def test_the_reference_answer_earns_the_reward_in_every_format(
    env: TextEnv, answer_format: str
) -> None:
    env = TextEnv(env.family, answer_format=answer_format)
    for level in range(1, len(env.family.levels) + 1):
        env.reset(seed=level, options={"level": level})
        answer = wrap(env.problem.answer, answer_format)
        feedback, reward, terminated, truncated, info = env.step(answer)
        assert (feedback, reward, terminated, truncated) == ("Correct.", 1.0, True, False)
        assert info["verdict"] == "CORRECT"


@pytest.mark.parametrize(
    ("answer_format", "words"),
    [("raw", "Reply with the number only."), ("tag", "<answer></answer>"), ("boxed", "\\boxed{}")],
)
def test_the_prompt_says_where_the_answer_must_stand(answer_format: str, words: str) -> None:
    assert words in TextEnv("arithmetic", answer_format=answer_format).reset(seed=0)[0]


def test_an_answer_outside_its_format_is_malformed() -> None:
    env = TextEnv("arithmetic", answer_format="tag")
    env.reset(seed=0)
    *_, reward, terminated, truncated, info = env.step(env.problem.answer)
    assert (reward, terminated, truncated, info["verdict"]) == (0.0, True, False, "MALFORMED")


@pytest.mark.parametrize("completion", ["", "\ud800", "1" * 99_999, "\0", "²", "<answer>", "nan"])
def test_no_completion_raises(env: TextEnv, completion: str) -> None:
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step(completion)
    assert (reward, terminated, truncated) == (0.0, True, False)
    assert info["verdict"] != "VERIFIER_ERROR"


@pytest.mark.parametrize("completion", ["0", "n", "", "x", "("])
def test_info_holds_no_hidden_case_and_no_reference_answer(completion: str) -> None:
    env = TextEnv("closed_forms", level=10, max_turns=2)
    prompt, first = env.reset(seed=4)
    feedback, *_, last = env.step(completion)
    assert first.keys() == {"task"}
    assert last.keys() == {"task", "verdict", "reason"}
    told = f"{prompt} {feedback} {first} {last}"
    assert env.problem.answer not in told
    shown = {value for _, value in env.problem.shown}
    hidden = [value for _, value in env.problem.cases if abs(value) > 999 and value not in shown]
    assert hidden
    assert not [value for value in hidden if str(value) in told]


def test_a_step_after_the_end_is_refused(env: TextEnv) -> None:
    env.reset(seed=0)
    env.step("?")
    with pytest.raises(RuntimeError, match=r"episode is over; call reset\(\)"):
        env.step("?")


def test_a_step_before_the_first_reset_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"call reset\(\) before the first step"):
        TextEnv("arithmetic").step("1")


def test_a_wrong_program_is_told_a_shown_case_and_may_try_again() -> None:
    env = TextEnv("closed_forms", max_turns=3, discount=0.5)
    env.reset(options={"task": SQUARE})
    (n, value), *_ = env.problem.shown
    feedback, reward, terminated, truncated, _ = env.step("0")
    assert feedback == f"Not correct: f({n}) should be {value}, yours gives 0."
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert env.step(f"n if n else {2**63}")[0].startswith("Not correct: f(")
    assert env.step(env.problem.answer)[:4] == ("Correct.", 0.25, True, False)


def test_a_program_right_on_the_shown_cases_alone_learns_no_hidden_one() -> None:
    env = TextEnv("closed_forms", max_turns=2)
    env.reset(options={"task": SQUARE})
    feedback, *_ = env.step(f"{dict(env.problem.shown)}[n] if 0 < n < 4 else 7")
    assert feedback == "Not correct: right on every case shown, wrong on a hidden one."


def test_a_wrong_number_is_told_no_more_than_that() -> None:
    env = TextEnv("arithmetic", max_turns=2)
    env.reset(seed=0)
    assert env.step("9999")[:4] == ("Not correct.", 0.0, False, False)
    assert env.step("9999")[:4] == ("Not correct.", 0.0, True, False)


def test_the_transcript_is_what_ansi_renders() -> None:
    env = TextEnv("arithmetic", render_mode="ansi")
    prompt, _ = env.reset(seed=0)
    env.step("9999")
    assert env.render() == f"{prompt}\n9999\nNot correct."
    assert TextEnv("arithmetic").render() is None


class Broken(Family):
    """A family whose verifier always fails."""

    name = "broken"
    summary = "For a test."
    levels = FAMILIES["arithmetic"].levels
    draw = FAMILIES["arithmetic"].draw
    ask = FAMILIES["arithmetic"].ask

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return Verdict(Status.VERIFIER_ERROR, "ours")


def test_an_error_of_ours_is_not_called_a_wrong_answer() -> None:
    env = TextEnv(Broken(), max_turns=2)
    env.reset(seed=0)
    feedback, reward, *_, info = env.step("1")
    assert (feedback, reward) == ("No verdict: the verifier failed.", 0.0)
    assert info["verdict"] == "VERIFIER_ERROR"


def test_a_pickled_environment_goes_on_with_the_same_series(env: TextEnv) -> None:
    env.reset(seed=5)
    copy = pickle.loads(pickle.dumps(env))
    assert [env.reset()[0] for _ in range(3)] == [copy.reset()[0] for _ in range(3)]


OPTIONS: list[tuple[Any, str]] = [
    ({"level": 0}, "level must be .* between 1 and 11 for arithmetic, got 0; did you mean 1?"),
    ({"level": 12}, "got 12; did you mean 11?"),
    ({"level": 3.0}, "got 3.0; did you mean 3?"),
    ({"level": "4"}, "got '4'; did you mean 4?"),
    ({"level": True}, "got True; did you mean 1?"),
    ({"level": None}, "got None; did you mean 1?"),
    ({"level": float("nan")}, "got nan; did you mean 1?"),
    ({"split": "tset"}, "split must be one of train, validation, test, got 'tset'; .* 'test'?"),
    ({"split": "TRAIN"}, "got 'TRAIN'; did you mean 'train'?"),
    ({"split": "valid"}, "got 'valid'; did you mean 'validation'?"),
    ({"split": ["train"]}, "split must be one of"),
    ({"levle": 3}, "option must be one of level, split, task, got 'levle'; did you mean 'level'?"),
    ({3: 3}, "option must be one of level, split, task, got 3"),
    ([("level", 3)], "options must be a mapping"),
    ({"task": 3}, "option task must be a TaskSpec, got 3"),
    ({"task": TaskSpec("arithmetic", 1, "train", 0), "level": 1}, "stands alone, got also level"),
    ({"task": TaskSpec("arithmetik", 1, "train", 0)}, "task.family .* did you mean 'arithmetic'?"),
    ({"task": TaskSpec("arithmetic", 99, "train", 0)}, "got 99; did you mean 11?"),
    ({"task": TaskSpec("arithmetic", 1, "trian", 0)}, "got 'trian'; did you mean 'train'?"),
    ({"task": TaskSpec("arithmetic", 1, "train", -1)}, "index must be .* got -1; did you mean 0?"),
    ({"task": TaskSpec("arithmetic", 1, "train", 2**62)}, f"did you mean {2**62 - 1}?"),
    ({"task": TaskSpec("arithmetic", 1, "train", 0.5)}, "index must be a whole number"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_a_bad_option_is_told_value_rule_and_nearest(options: Any, message: str) -> None:
    env = TextEnv("arithmetic")
    env.reset(seed=0)
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        env.reset(options=options)


ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"family": "arithmetics"}, "got 'arithmetics'; did you mean 'arithmetic'?"),
    ({"family": "ClosedForms"}, "got 'ClosedForms'; did you mean 'closed_forms'?"),
    ({"family": 3}, "family must be a Family or one of arithmetic, polynomials, fractions"),
    ({"level": 99}, "got 99; did you mean 11?"),
    ({"split": "tests"}, "got 'tests'; did you mean 'test'?"),
    ({"answer_format": "tags"}, "got 'tags'; did you mean 'tag'?"),
    ({"max_turns": 0}, "max_turns must be a whole number of at least 1, got 0"),
    ({"max_turns": True}, "max_turns must be a whole number of at least 1, got True"),
    ({"max_turns": 1.5}, "max_turns must be a whole number of at least 1, got 1.5"),
    ({"discount": 0.0}, "discount must be a number in .* got 0.0"),
    ({"discount": 1.01}, "discount must be a number in .* got 1.01"),
    ({"discount": float("nan")}, "discount must be a number in .* got nan"),
    ({"discount": "0.9"}, "discount must be a number in .* got '0.9'"),
    ({"render_mode": "human"}, "render_mode must be None or 'ansi', got 'human'"),
]


@pytest.mark.parametrize(("arguments", "message"), ARGUMENTS)
def test_a_bad_argument_is_told_value_and_rule(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        TextEnv(**{"family": "arithmetic", **arguments})


def test_an_action_that_is_no_string_is_refused() -> None:
    env = TextEnv("arithmetic")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="action must be a string, got 3"):
        env.step(3)  # type: ignore[arg-type]
