"""Several families in one environment: drawn by weight, graded as each family does."""

from __future__ import annotations

import pickle
import random
import warnings
from collections import Counter
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs import FAMILIES, Family, Level, Question, TaskSpec, TextEnv
from frostline.envs.mixture import Mixture
from frostline.envs.registry import envs_by_family

ID = "frostline/Mixture-v0"
TWO = {"arithmetic": 2, "countdown": 1}


class Letters(Family):
    """A family of our own."""

    name = "letters"
    summary = "For a test."
    levels = (Level("only one"),)

    def draw(self, level: int, rng: random.Random) -> int:
        return rng.randrange(10**6)

    def ask(self, level: int, content: int, rng: random.Random) -> Question:
        return Question(f"Say {content} again.", "int", str(content))


def families_of(env: Mixture, seed: int, count: int) -> list[str]:
    tasks = [env.reset(seed=seed)[1]["task"], *(env.reset()[1]["task"] for _ in range(count - 1))]
    return [task.family for task in tasks]


@pytest.mark.parametrize("options", [{}, {"families": TWO, "levels": {"arithmetic": 3}}])
def test_gymnasium_finds_no_fault(options: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(ID, **options).unwrapped)


def test_every_family_that_ships_is_drawn_at_level_1() -> None:
    env = Mixture()
    assert list(env.parts) == list(FAMILIES)
    env.reset(seed=0)
    tasks = [env.reset()[1]["task"] for _ in range(40 * len(FAMILIES))]
    assert {task.family for task in tasks} == set(FAMILIES)
    assert {(task.level, task.split) for task in tasks} == {(1, "train")}


def test_families_are_drawn_by_weight() -> None:
    counts = Counter(families_of(Mixture({"arithmetic": 3, "countdown": 1}), 1, 2000))
    assert 0.72 < counts["arithmetic"] / 2000 < 0.78  # three standard errors


def test_weights_matter_by_their_ratio_alone() -> None:
    small, large = Mixture(TWO), Mixture({name: 50.0 * w for name, w in TWO.items()})
    assert families_of(small, 4, 50) == families_of(large, 4, 50)


@given(st.integers(0, 2**62), st.integers(1, 8))
def test_an_episode_is_a_pure_function_of_seed_and_number(seed: int, episode: int) -> None:
    one, two = Mixture(TWO), Mixture(TWO)
    one.reset(seed=seed)
    two.reset(seed=seed)
    for _ in range(episode - 1):
        one.reset()
        # neither the level nor a task of one's own nor an answer changes what comes later
        two.reset(options={"level": 2})
        two.reset(options={"task": TaskSpec("countdown", 1, "test", 3)})
        two.step("?")
    assert one.reset()[1]["task"] == two.reset()[1]["task"]


def test_neighbouring_seeds_share_no_problem() -> None:
    env = Mixture({"countdown": 1}, levels={"countdown": 10})
    first, second = (
        {env.reset(seed=seed)[0], *(env.reset()[0] for _ in range(20))} for seed in (0, 1)
    )
    assert not first & second


def test_without_a_seed_two_mixtures_differ() -> None:
    first, second = Mixture(levels={"countdown": 9}), Mixture(levels={"countdown": 9})
    assert [first.reset()[0] for _ in range(5)] != [second.reset()[0] for _ in range(5)]


def test_levels_are_set_by_family() -> None:
    env = Mixture(TWO, levels={"arithmetic": 3})
    env.reset(seed=0)
    tasks = [env.reset()[1]["task"] for _ in range(60)]
    assert {(t.family, t.level) for t in tasks} == {("arithmetic", 3), ("countdown", 1)}


def test_level_and_split_are_options_of_an_episode() -> None:
    env = Mixture(TWO)
    _, info = env.reset(seed=1, options={"level": 4, "split": "test"})
    assert (info["task"].level, info["task"].split) == (4, "test")
    _, info = env.reset()
    assert (info["task"].level, info["task"].split) == (1, "train")


def test_a_level_that_the_family_drawn_lacks_uses_up_no_episode() -> None:
    letters = Mixture([Letters()])
    first = letters.reset(seed=3)[0]
    second = letters.reset()[0]
    letters.reset(seed=3)
    with pytest.raises(ValueError, match=r"level must be .* between 1 and 1 for letters, got 2"):
        letters.reset(options={"level": 2})
    assert letters.reset()[0] == second != first


def test_a_task_option_asks_that_very_problem() -> None:
    env = Mixture(TWO)
    task = TaskSpec("countdown", 8, "validation", 12)
    prompt, info = env.reset(options={"task": task})
    assert info == {"task": task}
    assert prompt == TextEnv("countdown").reset(options={"task": task})[0]
    assert env.problem == FAMILIES["countdown"].problem(task)


@pytest.mark.parametrize("answer_format", ["raw", "tag", "boxed"])
def test_each_family_grades_its_own_problems(answer_format: str) -> None:
    env = Mixture(answer_format=answer_format, max_turns=2, discount=0.5)
    env.reset(seed=0)
    seen = set()
    for _ in range(60):
        _, info = env.reset()
        alone = TextEnv(info["task"].family, answer_format=answer_format, max_turns=2, discount=0.5)
        alone.reset(options={"task": info["task"]})
        for completion in ("?", "<answer>7</answer>"):
            if alone._turn < 2:
                assert env.step(completion) == alone.step(completion)
        assert env.grade(env.problem, "1") == alone.grade(alone.problem, "1")
        seen.add(info["task"].family)
    assert len(seen) > 2


def test_the_reference_answer_earns_the_reward() -> None:
    env = Mixture()
    env.reset(seed=2)
    for _ in range(40):
        env.reset()
        feedback, reward, terminated, truncated, info = env.step(env.problem.answer)
        assert (feedback, reward, terminated, truncated) == ("Correct.", 1.0, True, False)
        assert info["verdict"] == "CORRECT"


def test_a_family_of_ones_own_may_take_part() -> None:
    weights: dict[str | Family, float] = {"arithmetic": 1, Letters(): 1.5}
    assert set(families_of(Mixture(weights), 0, 40)) == {"arithmetic", "letters"}


def test_a_step_before_the_first_reset_or_after_the_end_is_refused() -> None:
    env = Mixture(TWO)
    with pytest.raises(RuntimeError, match=r"call reset\(\) before the first step"):
        env.step("1")
    assert env.render() is None
    env.reset(seed=0)
    env.step("?")
    with pytest.raises(RuntimeError, match=r"episode is over; call reset\(\)"):
        env.step("?")


def test_the_transcript_is_what_ansi_renders() -> None:
    env = gymnasium.make(ID, families=TWO, render_mode="ansi")
    prompt, _ = env.reset(seed=0)
    env.step("?")
    assert env.render() == f"{prompt}\n?\nNot correct."


def test_a_pickled_mixture_goes_on_with_the_same_series() -> None:
    env = Mixture(TWO)
    env.reset(seed=5)
    copy = pickle.loads(pickle.dumps(env))
    assert [env.reset()[0] for _ in range(5)] == [copy.reset()[0] for _ in range(5)]


def test_its_parts_and_not_the_mixture_are_environments_by_family() -> None:
    mixture = gymnasium.make(ID, families=TWO)
    with pytest.raises(ValueError, match=r"of a Mixture pass its parts, list\(mixture.parts"):
        envs_by_family([mixture])
    inner = mixture.unwrapped
    assert isinstance(inner, Mixture)
    assert list(envs_by_family(list(inner.parts.values()))) == list(TWO)


ARGUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"families": {}}, "families must be weights by family, or a list of families, such as"),
    ({"families": []}, "families must be weights by family, or a list of families, such as"),
    ({"families": "arithmetic"}, "or a list of families, .* got 'arithmetic'"),
    ({"families": 3}, "families must be weights by family, .* got 3"),
    ({"families": {"arithmetics": 1}}, "got 'arithmetics'; did you mean 'arithmetic'?"),
    ({"families": ["arithmetic", "cuontdown"]}, "got 'cuontdown'; did you mean 'countdown'?"),
    ({"families": ["arithmetic"] * 2}, "families must name each one once, got 'arithmetic' twice"),
    ({"families": {"arithmetic": 0}}, "weight of arithmetic must be a number above 0, got 0"),
    ({"families": {"arithmetic": 10**400}}, "the weights must sum to at most 1.79.*e.308, got mor"),
    ({"families": dict.fromkeys(TWO, 1e308)}, "the weights must sum to at most"),
    ({"families": {"arithmetic": -1}}, "must be a number above 0, got -1"),
    ({"families": {"arithmetic": True}}, "must be a number above 0, got True"),
    ({"families": {"arithmetic": "2"}}, "must be a number above 0, got '2'"),
    ({"families": {"arithmetic": float("nan")}}, "must be a number above 0, got nan"),
    ({"families": {"arithmetic": float("inf")}}, "must be a number above 0, got inf"),
    ({"levels": 3}, 'levels must be given by family, such as {"arithmetic": 3}; got 3'),
    ({"families": TWO, "levels": {"fractions": 1}}, "mixture: arithmetic, countdown; got 'frac"),
    ({"families": TWO, "levels": {"cuontdown": 1}}, "got 'cuontdown'; did you mean 'countdown'?"),
    ({"families": TWO, "levels": {"countdown": 99}}, "for countdown, got 99; did you mean 10?"),
    ({"split": "tests"}, "got 'tests'; did you mean 'test'?"),
    ({"answer_format": "tags"}, "got 'tags'; did you mean 'tag'?"),
    ({"max_turns": 0}, "max_turns must be a whole number of at least 1, got 0"),
    ({"render_mode": "human"}, "render_mode must be None or 'ansi', got 'human'"),
]


@pytest.mark.parametrize(("arguments", "message"), ARGUMENTS)
def test_a_bad_argument_is_told_value_and_rule(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        Mixture(**arguments)


OPTIONS: list[tuple[Any, str]] = [
    ({"levle": 3}, "option must be one of level, split, task, got 'levle'; did you mean 'level'?"),
    ([("level", 3)], "options must be a mapping"),
    ({"level": 0}, "got 0; did you mean 1?"),
    ({"split": "tset"}, "got 'tset'; did you mean 'test'?"),
    ({"task": 3}, "option task must be a TaskSpec, got 3"),
    ({"task": TaskSpec("countdown", 1, "train", 0), "level": 1}, "stands alone, got also level"),
    ({"task": TaskSpec("cuontdown", 1, "train", 0)}, "got 'cuontdown'; did you mean 'countdown'?"),
    ({"task": TaskSpec("polynomials", 1, "train", 0)}, "one of arithmetic, countdown, got 'poly"),
    ({"task": TaskSpec("countdown", 99, "train", 0)}, "got 99; did you mean 10?"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_a_bad_option_is_told_value_rule_and_nearest(options: Any, message: str) -> None:
    env = Mixture(TWO)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        env.reset(options=options)


@pytest.mark.parametrize(
    "vector",
    [{"vectorization_mode": "sync"},
     {"vectorization_mode": "async",
      "vector_kwargs": {"shared_memory": False, "context": "spawn"}}],
)  # fmt: skip
def test_vectors_ask_the_same_problems(vector: dict[str, Any]) -> None:
    envs = gymnasium.make_vec(ID, num_envs=3, families=TWO, **vector)
    try:
        prompts, infos = envs.reset(seed=7)
        alone = Mixture(TWO)
        assert prompts == tuple(alone.reset(seed=seed)[0] for seed in (7, 8, 9))
        tasks = infos["task"]
        answers = [FAMILIES[task.family].problem(task).answer for task in tasks]
        assert envs.step([answers[0], "?", answers[2]])[1].tolist() == [1.0, 0.0, 1.0]
    finally:
        envs.close()
