"""The gates: numbers worked out by hand, and error rates measured on students that never learn."""

import math
import random
from typing import Any

import pytest

from frostline.curricula import SPRT, Evidence, Gate, WilsonLower, wilson_lower, wilson_upper

GROUP = 16
TESTS = 2000


def sprt(**changes: float) -> SPRT:
    return SPRT(**({"low": 0.5, "high": 0.7, "alpha": 0.05, "beta": 0.1, "icc": 0.0} | changes))


def group_of_completions(rng: random.Random, rate: float, icc: float) -> int:
    """Successes of one beta-binomial group: `icc` is the correlation of two of its completions."""
    if icc:
        size = (1 - icc) / icc
        rate = rng.betavariate(rate * size, (1 - rate) * size)
    return sum(rng.random() < rate for _ in range(GROUP))


def run_test(gate: Gate, rate: float, icc: float, rng: random.Random) -> bool:
    """Feed one gate until it decides; return whether it promoted."""
    evidence, decision = Evidence(), "stay"
    while decision == "stay":
        evidence = evidence.add(group_of_completions(rng, rate, icc), GROUP, icc=gate.icc)
        decision = gate.decide(evidence)
    return decision == "promote"


def promotion_rate(gate: Gate, rate: float, icc: float) -> float:
    rng = random.Random(20)
    return sum(run_test(gate, rate, icc, rng) for _ in range(TESTS)) / TESTS


def test_wilson_bounds_are_those_of_the_published_example() -> None:
    # 8 of 10 at 95 % two-sided: 0.4902 to 0.9433 (R: prop.test(8, 10, correct=FALSE))
    assert wilson_lower(8, 10, alpha=0.025) == pytest.approx(0.4901625, abs=1e-6)
    assert wilson_upper(8, 10, alpha=0.025) == pytest.approx(0.9433178, abs=1e-6)


@pytest.mark.parametrize("n", [1, 7, 13, 49])
def test_wilson_bound_of_a_clean_record_is_n_over_n_plus_z_squared(n: int) -> None:
    z = 1.6448536269514722
    assert wilson_lower(n, n, alpha=0.05) == pytest.approx(n / (n + z * z))
    assert wilson_upper(n, n, alpha=0.05) == 1.0
    assert wilson_upper(0, n, alpha=0.05) == pytest.approx(z * z / (n + z * z))
    assert wilson_lower(0, n, alpha=0.05) == pytest.approx(0.0, abs=1e-12)


def test_wilson_bounds_without_trials_say_nothing() -> None:
    assert (wilson_lower(0, 0, alpha=0.05), wilson_upper(0, 0, alpha=0.05)) == (0.0, 1.0)


def test_correlated_completions_count_as_fewer() -> None:
    # design effect 1 + 15 * 0.2 = 4
    seen = Evidence().add(12, 16, icc=0.2)
    assert (seen.trials, seen.effective_trials, seen.effective_successes) == (16, 4, 3)


def test_discounted_evidence_keeps_a_share_of_the_older_counts() -> None:
    seen = Evidence().add(8, 16).add(4, 8, keep=0.5)
    assert (seen.groups, seen.successes, seen.trials) == (2, 8, 16)


def test_sprt_adds_one_logarithm_per_completion() -> None:
    # 9 right, 3 wrong: 9 ln(0.7/0.5) + 3 ln(0.3/0.5) = 3.02825 - 1.53248
    ratio = sprt().log_likelihood_ratio(Evidence().add(9, 12))
    assert ratio == pytest.approx(1.49577, abs=1e-5)


@pytest.mark.parametrize(
    ("right", "trials", "decision"),
    [
        (8, 8, "stay"),  # 8 ln 1.4 = 2.69 < ln 20 = 2.996
        (9, 9, "promote"),  # 9 ln 1.4 = 3.03
        (0, 4, "stay"),  # 4 ln 0.6 = -2.04 > ln 0.1 = -2.303
        (0, 5, "reject"),  # 5 ln 0.6 = -2.55
    ],
)
def test_sprt_decides_at_its_two_bounds(right: int, trials: int, decision: str) -> None:
    assert sprt().decide(Evidence().add(right, trials)) == decision


def test_sprt_divides_the_ratio_by_the_design_effect() -> None:
    alone = sprt().log_likelihood_ratio(Evidence().add(16, 16))
    together = sprt().log_likelihood_ratio(Evidence().add(16, 16, icc=0.3))
    assert together == pytest.approx(alone / 5.5)


def mean_ratio(low: float, high: float, icc: float, size: int) -> float:
    """Exact mean of one group's likelihood ratio if its rate is `low` and it is beta-binomial."""
    a, b = low * (1 - icc) / icc, (1 - low) * (1 - icc) / icc
    gate, total = SPRT(low, high, alpha=0.05, beta=0.1, icc=icc), 0.0
    for right in range(size + 1):
        log_chance = (
            math.log(math.comb(size, right))
            + math.lgamma(right + a)
            + math.lgamma(size - right + b)
            - math.lgamma(size + a + b)
            + math.lgamma(a + b)
            - math.lgamma(a)
            - math.lgamma(b)
        )
        evidence = Evidence().add(right, size, icc=icc)
        total += math.exp(log_chance + gate.log_likelihood_ratio(evidence))
    return total


@pytest.mark.parametrize("size", [2, 4, 8, 16, 64])
@pytest.mark.parametrize("icc", [0.01, 0.1, 0.3, 0.6])
@pytest.mark.parametrize(("low", "high"), [(0.5, 0.7), (0.5, 0.9), (0.6, 0.8), (0.8, 0.95)])
def test_sprt_ratio_of_correlated_groups_has_mean_at_most_one(
    low: float, high: float, icc: float, size: int
) -> None:
    # then the product over groups is a supermartingale, and Ville's inequality gives alpha
    assert mean_ratio(low, high, icc, size) <= 1 + 1e-9


@pytest.mark.parametrize("icc", [0.0, 0.3])
def test_sprt_promotes_at_the_lower_rate_no_more_often_than_alpha(icc: float) -> None:
    assert promotion_rate(sprt(icc=icc), rate=0.5, icc=icc) <= 0.05


@pytest.mark.parametrize("icc", [0.0, 0.3])
def test_sprt_rejects_at_the_upper_rate_no_more_often_than_beta(icc: float) -> None:
    assert promotion_rate(sprt(icc=icc), rate=0.7, icc=icc) >= 0.9


def test_sprt_that_takes_correlated_completions_for_independent_breaks_its_promise() -> None:
    assert promotion_rate(sprt(icc=0.0), rate=0.5, icc=0.3) > 0.1


@pytest.mark.parametrize("icc", [0.0, 0.3])
@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_wilson_gate_promotes_at_the_threshold_no_more_often_than_alpha(
    threshold: float, icc: float
) -> None:
    gate = WilsonLower(threshold, alpha=0.05, icc=icc)
    assert promotion_rate(gate, rate=threshold, icc=icc) <= 0.05


def test_wilson_gate_promotes_a_level_well_above_its_threshold() -> None:
    assert promotion_rate(WilsonLower(0.7, alpha=0.05, icc=0.3), rate=0.92, icc=0.3) > 0.9


def test_a_bound_looked_at_after_every_group_breaks_its_promise() -> None:
    """Why the Wilson gate has a schedule of looks."""
    rng, passed = random.Random(20), 0
    for _ in range(200):
        seen = Evidence()
        for _ in range(60):
            seen = seen.add(group_of_completions(rng, 0.7, 0.0), GROUP)
            if wilson_lower(seen.effective_successes, seen.effective_trials, alpha=0.05) >= 0.7:
                passed += 1
                break
    assert passed / 200 > 0.15


def test_wilson_gate_looks_only_when_the_evidence_has_doubled() -> None:
    gate, seen, looks = WilsonLower(0.5, alpha=0.05, icc=0.0), Evidence(), []
    for groups in range(1, 33):
        seen = seen.add(8, 16)
        if gate.decide(seen.add(10**6, 10**6)) != "stay":
            looks.append(groups + 1)
    assert looks == [4, 8, 16, 32, 33]  # 33: past the last look it always answers


def test_wilson_gate_does_not_wait_for_the_last_look_on_a_hopeless_level() -> None:
    seen = Evidence()
    for _ in range(4):
        seen = seen.add(0, 16, icc=0.3)
    assert WilsonLower(0.7, alpha=0.05, icc=0.3).decide(seen) == "reject"


def test_wilson_gate_rejects_what_is_not_promoted_at_the_last_look() -> None:
    gate, seen = WilsonLower(0.7, alpha=0.05, icc=0.3, first_look=1, looks=2), Evidence()
    answers = [gate.decide(seen := seen.add(12, 16, icc=0.3)) for _ in range(2)]
    assert answers == ["stay", "reject"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"low": 0.7}, "0 < low < high < 1, got 0.7, 0.7"),
        ({"high": 1.0}, "0 < low < high < 1, got 0.5, 1.0"),
        ({"alpha": 0.5}, "alpha and beta between 0 and 0.5, got 0.5, 0.1"),
        ({"icc": -0.1}, "icc must be between 0 and 1, got -0.1"),
    ],
)
def test_sprt_refuses_arguments_without_a_test(bad: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sprt(**bad)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"threshold": 1.0}, "threshold must be between 0 and 1, got 1.0"),
        ({"alpha": 0.0}, "alpha must be between 0 and 0.5, got 0.0"),
        ({"looks": 0}, "at least 1, got 4, 0"),
        ({"icc": 2.0}, "icc must be between 0 and 1, got 2.0"),
    ],
)
def test_wilson_gate_refuses_arguments_without_a_test(bad: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"threshold": 0.7, "alpha": 0.05, "icc": 0.3}
    with pytest.raises(ValueError, match=message):
        WilsonLower(**(good | bad))
