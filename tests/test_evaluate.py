"""Pass rates, pass@k and their intervals, worked by hand."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from children import Coin

from frostline.agents.policy import Policy, load_policy
from frostline.envs import Status, TextEnv
from frostline.evaluate import evaluate, evaluate_level, interval, pass_at_k


@pytest.fixture(scope="module")
def policy(tiny: Callable[[str], Path]) -> Policy:
    return load_policy(str(tiny("llama")))


@pytest.fixture
def env() -> TextEnv:
    return TextEnv(Coin())


@pytest.mark.parametrize(
    ("successes", "samples", "k", "expected"),
    [(0, 4, 2, 0.0), (1, 4, 1, 1 / 4), (1, 4, 2, 1 / 2), (2, 4, 2, 5 / 6), (3, 4, 2, 1.0)],
)
def test_pass_at_k_is_the_share_of_k_subsets_with_a_success(
    successes: int, samples: int, k: int, expected: float
) -> None:
    assert pass_at_k(successes, samples, k) == pytest.approx(expected)
    subsets = list(itertools.combinations(range(samples), k))
    share = sum(min(subset) < successes for subset in subsets) / len(subsets)
    assert share == pytest.approx(expected)


def test_the_interval_is_wilsons() -> None:
    # 7 of 10, z = 1.959964: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    low, high = interval([1.0] * 7 + [0.0] * 3, 1)
    assert (low, high) == pytest.approx((0.396773, 0.892209), abs=1e-5)


def test_the_interval_of_none_and_of_all_reaches_the_edge() -> None:
    assert interval([0.0] * 10, 1) == pytest.approx((0.0, 0.277533), abs=1e-5)
    assert interval([1.0] * 10, 1) == pytest.approx((0.722467, 1.0), abs=1e-5)


def test_completions_of_one_problem_that_agree_count_as_one() -> None:
    rates = [1.0] * 7 + [0.0] * 3
    several, single = interval(rates, 4), interval(rates, 1)
    # between = 0.7·0.3·10/9, so the 40 completions are worth 9 trials
    assert several[1] - several[0] == pytest.approx(single[1] - single[0], rel=0.06)
    assert several[1] - several[0] > single[1] - single[0]


def test_completions_that_vary_freely_count_each() -> None:
    # every problem at 1/2: no variance between problems, 40 trials
    low, high = interval([0.5] * 10, 4)
    z = 1.959964
    half = z * math.sqrt(0.25 / 40 + z * z / (4 * 1600)) / (1 + z * z / 40)
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-5)


def test_a_result_adds_up(policy: Policy, env: TextEnv) -> None:
    result = evaluate_level(
        policy, env, 1, split="test", problems=6, samples=3, max_completion_length=4
    )
    assert sum(result.verdicts.values()) == 18
    assert result.rate == pytest.approx(result.verdicts[Status.CORRECT.value] / 18)
    assert 0 <= result.low <= result.rate <= result.high <= 1
    assert result.rate <= result.pass_at_k <= 1
    assert result.distinct <= result.problems == 6
    assert 0 < result.rate < 1, "the coin should not always fall on one side"


def test_the_same_seed_gives_the_same_result_and_another_one_another(
    policy: Policy, env: TextEnv
) -> None:
    results = [
        evaluate(policy, {"coin": env}, split="test", problems=12, samples=2, seed=seed,
                 max_completion_length=4)
        for seed in (1, 1, 2)
    ]  # fmt: skip
    assert results[0] == results[1] != results[2]
    assert [result.level for result in results[0]] == [1, 2]


def test_greedy_answers_do_not_depend_on_the_seed(policy: Policy, env: TextEnv) -> None:
    results = [
        evaluate_level(policy, env, 1, split="test", problems=5, samples=2, temperature=0,
                       seed=seed, max_completion_length=4)
        for seed in (1, 2)
    ]  # fmt: skip
    assert results[0] == results[1]
    assert results[0].rate == results[0].pass_at_k, "the samples of a problem are all alike"


def test_only_the_levels_asked_for_are_measured(policy: Policy, env: TextEnv) -> None:
    seen: list[int] = []
    evaluate(
        policy,
        {"coin": env},
        levels={"coin": [2]},
        on_level=lambda result: seen.append(result.level),
        split="test",
        problems=2,
        max_completion_length=2,
    )
    assert seen == [2]
