"""Group advantages against numbers worked out by hand."""

import doctest
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from frostline.agents import advantages, config
from frostline.agents.advantages import group_advantages, has_signal

REWARDS = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])


def test_the_examples_in_the_docstrings_hold() -> None:
    results = [doctest.testmod(module) for module in (advantages, config)]
    assert [result.failed for result in results] == [0, 0]
    assert min(result.attempted for result in results) > 0


def test_without_scaling_advantages_are_centred_rewards() -> None:
    # mean of the first group 1/4
    assert group_advantages(REWARDS, "none").tolist() == [[0.75, -0.25, -0.25, -0.25], [0.0] * 4]


def test_group_scaling_divides_by_the_sample_deviation_of_the_group() -> None:
    # squares (9 + 1 + 1 + 1)/16 = 3/4, over n - 1 = 3: variance 1/4, deviation 1/2
    expected = [0.75 / 0.5001, -0.25 / 0.5001, -0.25 / 0.5001, -0.25 / 0.5001]
    assert group_advantages(REWARDS, "group")[0].tolist() == pytest.approx(expected, rel=1e-6)


def test_batch_scaling_divides_by_the_sample_deviation_of_all_rewards() -> None:
    # mean 5/8; 5 * (3/8)^2 + 3 * (5/8)^2 = (45 + 75)/64 = 15/8, over 7: 15/56
    deviation = math.sqrt(15 / 56) + 1e-4
    expected = [0.75 / deviation, -0.25 / deviation, -0.25 / deviation, -0.25 / deviation]
    assert group_advantages(REWARDS, "batch")[0].tolist() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
@pytest.mark.parametrize("reward", [0.0, 1.0, 0.1])
def test_a_group_of_equal_rewards_has_no_advantage(scale: str, reward: float) -> None:
    rewards = torch.tensor([[reward] * 7, [1.0, 0.0] * 3 + [0.0]])
    # the mean of seven tenths is not a tenth in floating point
    assert group_advantages(rewards, scale)[0].abs().max() < 1e-3


@given(
    st.lists(st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0]), min_size=3, max_size=3), min_size=1),
    st.sampled_from(["group", "batch", "none"]),
)
def test_the_advantages_of_a_group_sum_to_nothing(rewards: list[list[float]], scale: str) -> None:
    sums = group_advantages(torch.tensor(rewards), scale).sum(1)
    assert sums.abs().max() < 1e-2  # 1e-7 of rounding over a floor of 1e-4


@given(st.lists(st.lists(st.sampled_from([0.0, 0.1, 1.0]), min_size=3, max_size=3), min_size=1))
def test_a_group_has_signal_if_its_rewards_differ(rewards: list[list[float]]) -> None:
    expected = [len(set(group)) > 1 for group in rewards]
    assert has_signal(torch.tensor(rewards)).tolist() == expected
