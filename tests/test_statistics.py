"""The paired hierarchical bootstrap against cases worked by hand, and on simulated data."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from frostline.statistics import Estimate, Resampled, holm, paired_p, resample, residual

Array = NDArray[np.float64]


def arms(*rates: object) -> Array:
    """Return the rates of each arm: seeds, levels, problems."""
    return np.array(rates, dtype=np.float64)


def test_a_mean_is_over_seeds_levels_and_problems() -> None:
    drawn = resample(arms([[[1, 0], [1, 1]], [[0, 0], [1, 0]]]), seed=0, replicates=10)
    assert drawn.mean(0).value == 0.5


def test_with_two_seeds_a_resample_is_one_of_them() -> None:
    # one problem a seed, gains 0.2 and 0.6: nothing else can be drawn
    base, better = [[[0.1]], [[0.2]]], [[[0.3]], [[0.8]]]
    gain = resample(arms(base, better), seed=0).gain(1, 0)
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.4, 0.2, 0.6))


def test_with_one_seed_a_resample_draws_its_problems() -> None:
    # of two problems, one solved by the second arm alone: 0, 1 or 2 draws of it by chance 1, 2, 1
    drawn = resample(arms([[[0, 0]]], [[[1, 0]]]), seed=0)
    found, counts = np.unique(drawn.draws_BA[:, 1], return_counts=True)
    assert found.tolist() == [0, 0.5, 1]
    assert counts / counts.sum() == pytest.approx([0.25, 0.5, 0.25], abs=0.03)
    assert drawn.gain(1, 0) == Estimate(0.5, 0, 1)


def test_the_variance_between_seeds_is_unbiased() -> None:
    # problems within a seed agree, so that the seeds alone vary: s²/R, by hand 0.13/3
    seeds = [0.0, 0.5, 0.7]
    drawn = resample(arms([[[s, s]] for s in seeds]), seed=0)
    assert np.var(seeds, ddof=1) == pytest.approx(0.13)
    assert drawn.draws_BA[:, 0].var() == pytest.approx(0.13 / 3, rel=0.06)


def test_each_level_keeps_its_number_of_problems() -> None:
    # a solved and an unsolved level: drawing across levels would make the mean vary
    mean = resample(arms([[[1, 1, 1], [0, 0, 0]]]), seed=0).mean(0)
    assert mean == Estimate(0.5, 0.5, 0.5)


def test_what_two_arms_share_cancels() -> None:
    common = np.random.default_rng(0).random((3, 2, 20))
    drawn = resample(arms(common, common, common + 0.1), seed=0, replicates=200)
    assert drawn.gain(1, 0) == Estimate(0, 0, 0)
    assert drawn.gain(1, 0).includes_zero
    gain = drawn.gain(2, 0)
    assert (gain.low, gain.high) == pytest.approx((0.1, 0.1))
    assert drawn.mean(0).high - drawn.mean(0).low > 0.05


def test_a_share_divides_gains_of_the_same_resample() -> None:
    seeds = [[[0.2, 0.2]], [[0.6, 0.6]]]
    half = [[[0.1, 0.1]], [[0.3, 0.3]]]
    drawn = resample(arms(np.zeros((2, 1, 2)), seeds, half), seed=0)
    # the gain of each varies threefold, their ratio not at all
    gain = drawn.gain(2, 0)
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.2, 0.1, 0.3))
    share = drawn.share(2, 1, 0)
    assert (share.value, share.low, share.high) == pytest.approx((0.5, 0.5, 0.5))
    assert drawn.share(1, 1, 0) == Estimate(1, 1, 1)


def test_a_share_of_a_gain_that_includes_0_is_refused() -> None:
    drawn = resample(arms([[[0, 0]]], [[[1, 0]]]), seed=0)
    with pytest.raises(ValueError, match=r"must have an interval above 0, got \[0.0000, 1.0000\]"):
        drawn.share(1, 1, 0)


def test_resamples_without_a_gain_lie_beyond_all_shares() -> None:
    # 2 of 100 resamples have no gain of full training, too few to reach an end of the interval
    full = np.array([0.0, -0.1] + [1.0] * 98)
    part = np.linspace(0.1, 0.5, 100)
    draws = np.stack([np.zeros(100), full, part, -part], 1)
    drawn = Resampled(draws.mean(0), draws, draws[:2].T)
    up, down = drawn.share(2, 1, 0), drawn.share(3, 1, 0)
    assert up.high == 0.5
    assert down.low == -0.5
    assert all(map(math.isfinite, (up.low, down.high)))


def test_intervals_of_three_seeds_hold_the_true_gain() -> None:
    # 150 studies: 60 problems in each of two levels, seeds whose gain has a spread of 3 points
    rng = np.random.default_rng(0)
    held, width = 0, 0.0
    for study in range(150):
        before = rng.beta(1, 2, (3, 2, 60))
        after = np.clip(before + 0.2 + rng.normal(0, 0.03, (3, 1, 1)), 0, 1)
        truth = 0.1972  # less than 0.2, because of the clipping
        solved = np.stack([rng.random(p.shape) < p for p in (before, after)]).astype(np.float64)
        gain = resample(solved, seed=study, replicates=300).gain(1, 0)
        held += gain.low <= truth <= gain.high
        width += (gain.high - gain.low) / 150
    assert held / 150 >= 0.93
    assert width < 0.25  # an interval that says nothing would hold it, too


@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 6), st.integers(0, 2**32), st.integers(0)
)
def test_an_interval_is_a_pure_function_of_rates_and_seed(
    seeds: int, levels: int, problems: int, content: int, seed: int
) -> None:
    shape = (2, seeds, levels, problems)
    rates = np.random.default_rng(content).integers(0, 2, shape).astype(np.float64)
    first, again = (resample(rates, seed=seed, replicates=50).gain(1, 0) for _ in range(2))
    assert first == again
    assert -1 <= first.low <= first.high <= 1


def test_large_arrays_are_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frostline.statistics.CHUNK", 7)
    drawn = resample(arms([[[1, 0, 1]], [[0, 0, 1]]]), seed=0, replicates=25)
    assert drawn.draws_BA.shape == (25, 1)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (0, 1, 1, 1), (2, 1, 1, 0)])
def test_rates_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="rates must have the shape"):
        resample(np.zeros(shape), seed=0)


def test_the_residual_is_that_of_a_two_way_layout() -> None:
    # rows differ by 2, columns by 1, and what is left is +-0.5 in each of four cells
    sd, df = residual(np.array([[0.0, 1.0], [2.0, 4.0]]))
    left = np.array([[0.25, -0.25], [-0.25, 0.25]])
    assert sd == pytest.approx(math.sqrt((left**2).sum()))
    assert df == 1
    with pytest.raises(ValueError, match="two arms and two seeds"):
        residual(np.zeros((1, 3)))


def test_p_values_are_those_of_student_s_t() -> None:
    # t = 2.776 is the 97.5 % quantile with 4 degrees of freedom, 4.303 with 2
    for t, df in ((2.776445, 4), (4.302653, 2)):
        assert paired_p(t * math.sqrt(2 / 5), 5, 1.0, df) == pytest.approx(0.05, abs=1e-6)
        assert paired_p(t * math.sqrt(4 / 5), 5, 1.0, df, arms=4) == pytest.approx(0.05, abs=1e-6)
    assert paired_p(0.0, 5, 0.0, 4) == 1
    assert paired_p(0.1, 5, 0.0, 4) == 0


def test_equal_arms_are_told_apart_as_often_as_p_says() -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(400):
        seeds = rng.normal(size=3) + rng.normal(size=(8, 3))  # a seed is hard or easy for all
        sd, df = residual(seeds)
        found.append(paired_p(seeds[1].mean() - seeds[0].mean(), 3, sd, df))
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.03)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_lowers_nothing(raw: list[float]) -> None:
    adjusted = holm(raw)
    assert all(p <= q <= 1 for p, q in zip(raw, adjusted, strict=True))
    assert sorted(range(len(raw)), key=lambda i: (raw[i], i)) == sorted(
        range(len(raw)), key=lambda i: (adjusted[i], raw[i], i)
    )
    if raw:
        assert min(adjusted) == min(1, len(raw) * min(raw))
