"""The gates: numbers and sequences worked out by hand."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.curricula import SPRT, MeanThreshold, WilsonLower, wilson_lower, wilson_upper
from frostline.curricula.evidence import NOTHING_SEEN, Evidence
from frostline.curricula.gates import Gate

groups = st.tuples(st.integers(0, 40), st.integers(1, 40)).map(lambda p: (min(p), p[1]))


def sprt(**changes: Any) -> SPRT:
    return SPRT(**({"low": 0.5, "high": 0.7, "alpha": 0.05, "beta": 0.1, "icc": 0.0} | changes))


def answers(gate: Gate, *counts: int, of: int) -> list[str]:
    """Tell a gate of groups one by one, all since the same beginning; return what it answers."""
    seen = NOTHING_SEEN
    said: list[str] = []
    for right in counts:
        seen = seen.add(right, of, icc=gate.icc)
        said.append(gate.decide(seen))
    return said


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


@given(groups, st.floats(0.001, 0.499))
def test_wilson_bounds_enclose_the_rate_and_mirror_each_other(
    counts: tuple[int, int], alpha: float
) -> None:
    right, trials = counts
    lower, upper = wilson_lower(right, trials, alpha), wilson_upper(right, trials, alpha)
    assert 0 <= lower <= right / trials + 1e-12
    assert right / trials - 1e-12 <= upper <= 1
    assert wilson_upper(trials - right, trials, alpha) == pytest.approx(1 - lower)


def test_correlated_completions_count_as_fewer() -> None:
    # design effect 1 + 15 * 0.2 = 4
    seen = Evidence().add(12, 16, icc=0.2)
    assert (seen.trials, seen.effective_trials, seen.effective_successes) == (16, 4, 3)


def test_a_group_that_is_cut_short_has_a_smaller_design_effect() -> None:
    # 4 / (1 + 3 * 0.2) = 2.5, and one completion counts whole
    seen = Evidence().add(4, 4, icc=0.2).add(1, 1, icc=0.2)
    assert seen.effective_trials == pytest.approx(3.5)


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


@pytest.mark.parametrize(
    ("rejections", "needed"),
    [
        (0, 11),  # alpha / 2: ln 40 = 3.69 = 10.96 ln 1.4
        (1, 15),  # alpha / 6: ln 120 = 4.79 = 14.23 ln 1.4
        (2, 17),  # alpha / 12: ln 240 = 5.48 = 16.29 ln 1.4
        (9, 23),  # alpha / 110: ln 2200 = 7.70 = 22.87 ln 1.4
    ],
)
def test_sprt_that_spends_its_alpha_asks_for_more_after_every_rejection(
    rejections: int, needed: int
) -> None:
    gate = sprt(spend=True)
    assert gate.decide(Evidence().add(needed - 1, needed - 1), rejections=rejections) == "stay"
    assert gate.decide(Evidence().add(needed, needed), rejections=rejections) == "promote"


def test_spending_leaves_the_bound_of_rejection_where_it_is() -> None:
    assert sprt(spend=True).decide(Evidence().add(0, 5), rejections=7) == "reject"
    assert sprt(spend=True).decide(Evidence().add(0, 4), rejections=7) == "stay"


@given(st.integers(1, 10_000))
def test_what_is_spent_on_so_many_tests_sums_to_less_than_alpha(tests: int) -> None:
    # alpha / (1 * 2) + alpha / (2 * 3) + … = alpha (1 - 1 / (tests + 1))
    spent = math.fsum(1 / ((j + 1) * (j + 2)) for j in range(tests))
    assert spent == pytest.approx(1 - 1 / (tests + 1))


def test_wilson_gate_looks_only_when_the_evidence_has_doubled() -> None:
    gate, seen, looks = WilsonLower(0.5, alpha=0.05, icc=0.0), Evidence(), []
    for count in range(1, 33):
        seen = seen.add(8, 16)
        if gate.decide(seen.add(10**6, 10**6)) != "stay":
            looks.append(count + 1)
    assert looks == [4, 8, 16, 32, 33]  # 33: past the last look it always answers


def test_wilson_gate_does_not_wait_for_the_last_look_on_a_hopeless_level() -> None:
    gate = WilsonLower(0.7, alpha=0.05, icc=0.3)
    assert answers(gate, 0, 0, 0, 0, of=16) == ["stay", "stay", "stay", "reject"]


def test_wilson_gate_rejects_what_is_not_promoted_at_the_last_look() -> None:
    gate = WilsonLower(0.7, alpha=0.05, icc=0.3, first_look=1, looks=2)
    assert answers(gate, 12, 12, of=16) == ["stay", "reject"]


def test_a_mean_promotes_above_its_threshold_and_not_at_it() -> None:
    gate = MeanThreshold(0.7, groups=2)
    assert answers(gate, 8, 8, of=10) == ["stay", "promote"]
    assert answers(gate, 7, 7, of=10) == ["stay", "stay"]


def test_an_inclusive_mean_promotes_at_its_threshold() -> None:
    gate = MeanThreshold(0.9, groups=2, inclusive=True)
    assert answers(gate, 8, 10, of=10) == ["stay", "promote"]
    assert answers(gate, 7, 10, of=10) == ["stay", "stay"]


def test_a_mean_below_the_lower_threshold_demotes_and_at_it_does_not() -> None:
    gate = MeanThreshold(0.7, groups=2, below=0.3)
    assert answers(gate, 2, 2, of=10) == ["stay", "demote"]
    assert answers(gate, 3, 3, of=10) == ["stay", "stay"]
    assert answers(MeanThreshold(0.7, groups=2), 0, 0, of=10) == ["stay", "stay"]


def test_a_mean_that_does_not_slide_starts_again_after_its_groups() -> None:
    gate = MeanThreshold(0.7, groups=3, sliding=False)
    assert answers(gate, 5, 5, 5, of=10) == ["stay", "stay", "reject"]
    assert (gate.window, MeanThreshold(0.7, groups=3).window) == (None, 3)


def test_a_mean_weighs_groups_by_their_completions() -> None:
    # 8 of 8 and 0 of 2: a mean of group means would be 0.5
    assert MeanThreshold(0.7, groups=2).decide(Evidence().add(8, 8).add(0, 2)) == "promote"


def test_gates_say_what_they_promise() -> None:
    wilson, mean = WilsonLower(0.7, alpha=0.05, icc=0.3), MeanThreshold(0.7, groups=3)
    assert (sprt().stated_alpha, sprt().false_below) == (0.05, 0.5)
    assert (wilson.stated_alpha, wilson.false_below) == (0.05, 0.7)
    assert (mean.stated_alpha, mean.false_below) == (None, None)


def test_gates_explain_themselves_in_numbers() -> None:
    seen = Evidence().add(9, 12)
    assert sprt().explain(seen) == (
        "log-likelihood ratio of 0.7 to 0.5 is 1.50, bounds -2.30 and 3.00"
    )
    assert WilsonLower(0.7, alpha=0.1, icc=0.0).explain(seen) == (
        f"Wilson lower bound is {wilson_lower(9, 12, 0.025):.3f}, threshold 0.7"
    )
    assert MeanThreshold(0.7, groups=1).explain(seen) == "mean of 1 groups is 0.750, threshold 0.7"


SPRT_LIMITS = "alpha and beta between 0 and 0.5, got"
WILSON: dict[str, Any] = {"threshold": 0.7, "alpha": 0.05, "icc": 0.3}
MEAN: dict[str, Any] = {"threshold": 0.7, "groups": 2}


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: sprt(low=0.7), "0 < low < high < 1, got 0.7, 0.7"),
        (lambda: sprt(high=1.0), "0 < low < high < 1, got 0.5, 1.0"),
        (lambda: sprt(alpha=0.5), f"{SPRT_LIMITS} 0.5, 0.1"),
        (lambda: sprt(beta=0.0), f"{SPRT_LIMITS} 0.05, 0.0"),
        (lambda: sprt(icc=-0.1), "icc must be between 0 and 1, got -0.1"),
        (lambda: WilsonLower(**WILSON | {"threshold": 1.0}), "threshold must be between 0 and 1"),
        (lambda: WilsonLower(**WILSON | {"alpha": 0.0}), "alpha must be between 0 and 0.5, got 0."),
        (lambda: WilsonLower(**WILSON, looks=0), "at least 1, got 4, 0"),
        (lambda: WilsonLower(**WILSON | {"icc": 2.0}), "icc must be between 0 and 1, got 2.0"),
        (lambda: MeanThreshold(**MEAN | {"threshold": 0.0}), "0 < threshold <= 1 and groups >= 1"),
        (lambda: MeanThreshold(**MEAN | {"groups": 0}), "got 0.7 and 0"),
        (lambda: MeanThreshold(**MEAN, below=0.7), r"below must be in \[0, threshold\), got 0.7"),
    ],
)
def test_arguments_without_a_test_are_refused(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
