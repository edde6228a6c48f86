"""The error rates that gates state, computed exactly on students that never learn."""

import math
import random
from collections.abc import Callable

import pytest

from frostline.curricula import SPRT, MeanThreshold, WilsonLower, wilson_lower
from frostline.curricula.evidence import NOTHING_SEEN, Evidence
from frostline.curricula.gates import Gate

GROUP = 16
ROUNDING = 1e-12


def group_chances(rate: float, icc: float, size: int = GROUP) -> list[float]:
    """Chances of 0..size successes in a beta-binomial group of that rate and correlation."""
    if icc == 0:
        return [math.comb(size, k) * rate**k * (1 - rate) ** (size - k) for k in range(size + 1)]
    a, b = rate * (1 - icc) / icc, (1 - rate) * (1 - icc) / icc
    start = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) - math.lgamma(size + a + b)
    return [
        math.comb(size, k) * math.exp(math.lgamma(k + a) + math.lgamma(size - k + b) + start)
        for k in range(size + 1)
    ]


def evidence(right: int, groups: int, icc: float, size: int = GROUP) -> Evidence:
    """Return the evidence of so many whole groups."""
    effect, trials = 1 + (size - 1) * icc, size * groups
    return Evidence(groups, right, trials, right / effect, trials / effect)


def promotion_rate(
    gate: Gate, rate: float, icc: float, *, rejections: int = 0, size: int = GROUP
) -> float:
    """Exact chance that one test ends in a promotion: all ways through it, group by group.

    What is undecided in the end counts as promoted.
    """
    chances, alive, promoted = group_chances(rate, icc, size), {0: 1.0}, 0.0
    for groups in range(1, 5000):
        reached: dict[int, float] = {}
        for right, weight in alive.items():
            for k, chance in enumerate(chances):
                reached[right + k] = reached.get(right + k, 0.0) + weight * chance
        alive = {}
        for right, weight in reached.items():
            seen = evidence(right, groups, gate.icc, size)
            decision = gate.decide(seen, rejections=rejections)
            if decision == "promote":
                promoted += weight
            elif decision == "stay":
                alive[right] = weight
        if sum(alive.values()) < ROUNDING:
            break
    return promoted + sum(alive.values())


def sprt(icc: float = 0.0, *, low: float = 0.5, spend: bool = False) -> SPRT:
    return SPRT(low, low + 0.2, alpha=0.05, beta=0.1, icc=icc, spend=spend)


def test_evidence_of_whole_groups_is_what_adding_them_gives() -> None:
    seen = NOTHING_SEEN.add(3, GROUP, icc=0.2).add(9, GROUP, icc=0.2)
    assert evidence(12, 2, 0.2) == seen


@pytest.mark.parametrize("icc", [0.01, 0.3])
def test_beta_binomial_groups_have_their_mean_and_correlation(icc: float) -> None:
    chances = group_chances(0.4, icc)
    mean = sum(k * chance for k, chance in enumerate(chances))
    variance = sum((k - mean) ** 2 * chance for k, chance in enumerate(chances))
    assert sum(chances) == pytest.approx(1)
    assert mean == pytest.approx(GROUP * 0.4)
    assert variance == pytest.approx(GROUP * 0.4 * 0.6 * (1 + (GROUP - 1) * icc))


@pytest.mark.parametrize("size", [2, 4, 8, 16, 64])
@pytest.mark.parametrize("icc", [0.01, 0.1, 0.3, 0.6])
@pytest.mark.parametrize(("low", "high"), [(0.5, 0.7), (0.5, 0.9), (0.6, 0.8), (0.8, 0.95)])
def test_sprt_ratio_of_correlated_groups_has_mean_at_most_one(
    low: float, high: float, icc: float, size: int
) -> None:
    # then the product over groups is a supermartingale, and Ville's inequality gives alpha
    gate = SPRT(low, high, alpha=0.05, beta=0.1, icc=icc)
    mean = sum(
        chance * math.exp(gate.log_likelihood_ratio(evidence(k, 1, icc, size)))
        for k, chance in enumerate(group_chances(low, icc, size))
    )
    assert mean <= 1 + 1e-9


@pytest.mark.parametrize("size", [4, 8, 16])
@pytest.mark.parametrize("icc", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("below", [0.0, 0.1, 0.3])
def test_sprt_promotes_at_or_below_the_lower_rate_no_more_often_than_alpha(
    below: float, icc: float, size: int
) -> None:
    assert promotion_rate(sprt(icc), 0.5 - below, icc, size=size) <= 0.05 + ROUNDING


@pytest.mark.parametrize("icc", [0.0, 0.3])
def test_sprt_rejects_at_the_upper_rate_no_more_often_than_beta(icc: float) -> None:
    assert promotion_rate(sprt(icc), 0.7, icc) >= 0.9 - ROUNDING


@pytest.mark.parametrize("icc", [0.1, 0.3])
@pytest.mark.parametrize(("low", "high"), [(0.05, 0.2), (0.1, 0.3), (0.3, 0.5)])
def test_sprt_of_low_rates_keeps_an_alpha_of_5_percent(low: float, high: float, icc: float) -> None:
    assert promotion_rate(SPRT(low, high, alpha=0.05, beta=0.1, icc=icc), low, icc) <= 0.05


def test_sprt_of_low_rates_exceeds_a_tiny_alpha_by_a_third() -> None:
    gate = SPRT(low=0.05, high=0.2, alpha=0.001, beta=0.1, icc=0.1)
    assert promotion_rate(gate, 0.05, 0.1) == pytest.approx(0.00136, abs=1e-5)


def test_sprt_that_takes_correlated_completions_for_independent_breaks_its_promise() -> None:
    assert promotion_rate(sprt(icc=0.0), 0.5, icc=0.3) > 0.1


@pytest.mark.parametrize("icc", [0.0, 0.3])
@pytest.mark.parametrize("rate", [0.5, 0.4, 0.2])
def test_sprt_that_spends_promotes_falsely_at_most_alpha_over_all_tests(
    rate: float, icc: float
) -> None:
    # the first 30 exactly; the rest by Wald's bound, alpha / (j (j + 1)) from j = 31, sums to this
    rest = 0.05 / 31
    gate, promoted = sprt(icc, spend=True), 0.0
    for rejections in range(30):
        promoted += promotion_rate(gate, rate, icc, rejections=rejections)
    assert promoted + rest <= 0.05 + ROUNDING


def test_sprt_that_does_not_spend_promotes_a_level_at_its_boundary_sooner_or_later() -> None:
    """Why alpha can be spent over the tests of a level."""
    one = promotion_rate(sprt(), 0.5, 0.0)
    assert 1 - (1 - one) ** 100 > 0.8


def promoted_while_learning(
    gate: Gate, learns: Callable[[int], float], *, runs: int, groups: int
) -> float:
    """Share of runs with a promotion when test follows test and the rate moves."""
    rng, promoted = random.Random(7), 0
    for _ in range(runs):
        seen, rejections = NOTHING_SEEN, 0
        for step in range(groups):
            rate = learns(step)
            seen = seen.add(sum(rng.random() < rate for _ in range(8)), 8, icc=gate.icc)
            decision = gate.decide(seen, rejections=rejections)
            if decision == "promote":
                promoted += 1
                break
            if decision == "reject":
                seen, rejections = NOTHING_SEEN, rejections + 1
    return promoted / runs


def test_a_rate_that_rises_to_the_lower_one_is_promoted_in_at_most_alpha_of_all_runs() -> None:
    # as long as the rate is at most `low` the ratio is a supermartingale, however the rate moves
    share = promoted_while_learning(
        sprt(spend=True), lambda step: 0.5 - 0.1 * math.exp(-step / 10), runs=1000, groups=150
    )
    assert 0 < share <= 0.05  # 0.005: far from where the luck of the frozen stream would matter


def test_a_level_that_rises_above_the_upper_rate_is_promoted_after_all_the_tests_it_failed() -> (
    None
):
    gate = sprt(spend=True)
    share = promoted_while_learning(
        gate, lambda step: 0.85 * (1 - math.exp(-step / 25)), runs=200, groups=300
    )
    assert share == 1


@pytest.mark.parametrize("icc", [0.0, 0.3])
@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_wilson_gate_promotes_at_the_threshold_no_more_often_than_alpha(
    threshold: float, icc: float
) -> None:
    gate = WilsonLower(threshold, alpha=0.05, icc=icc)
    assert promotion_rate(gate, threshold, icc) <= 0.05


def test_wilson_gate_promotes_a_level_well_above_its_threshold() -> None:
    assert promotion_rate(WilsonLower(0.7, alpha=0.05, icc=0.3), 0.92, 0.3) > 0.9


def test_a_bound_looked_at_after_every_group_breaks_its_promise() -> None:
    """Why the Wilson gate has a schedule of looks."""
    rng, passed = random.Random(20), 0
    for _ in range(200):
        seen = Evidence()
        for _ in range(60):
            seen = seen.add(sum(rng.random() < 0.7 for _ in range(GROUP)), GROUP)
            if wilson_lower(seen.effective_successes, seen.effective_trials, alpha=0.05) >= 0.7:
                passed += 1
                break
    assert passed / 200 > 0.15


def test_a_mean_of_few_groups_promotes_by_luck() -> None:
    """Why the gates exist: one look at 20 completions above 0.7, the true rate being 0.6."""
    # P(Bin(20, 0.6) >= 15) = 0.1256
    gate = MeanThreshold(0.7, groups=1, sliding=False)
    assert promotion_rate(gate, 0.6, 0.0, size=20) == pytest.approx(0.1256, abs=5e-5)
