"""Estimators: what they believe, against counts made by hand, and what all of them promise."""

import json
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lessons import FAMILY, hear, started

from frostline.curricula.cells import Heard
from frostline.curricula.estimators import EMA, DiscountedBeta, Estimator, IRTPosterior, Window

KINDS: dict[str, Callable[[], Estimator]] = {
    "window": lambda: Window(3),
    "ema": lambda: EMA(0.3),
    "ema from the first": lambda: EMA(0.3, first=True),
    "beta": lambda: DiscountedBeta(2.0),
    "beta, all groups age": lambda: DiscountedBeta(2.0, clock="all"),
    "beta that forgets nothing": lambda: DiscountedBeta(math.inf),
    "irt": IRTPosterior,
}
SPACE = {FAMILY: 3, "terms": 1}
heards = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 16)).flatmap(
        lambda drawn: st.builds(
            Heard, st.just(drawn[0]), st.integers(0, drawn[1]), st.just(drawn[1])
        )
    ),
    max_size=12,
)
every = pytest.mark.parametrize("kind", KINDS)
quick = settings(max_examples=50, deadline=None)


def build(kind: str) -> Estimator:
    estimator = KINDS[kind]()
    started(estimator, space=SPACE)
    return estimator


def rates(estimator: Estimator) -> list[float]:
    return [estimator.rate(cell) for cell in range(4)]


@every
@quick
@given(batches=st.lists(heards, max_size=4), seed=st.integers(0, 99))
def test_rates_and_draws_are_rates_and_trials_count_up_from_none(
    kind: str, batches: list[list[Heard]], seed: int
) -> None:
    estimator = build(kind)
    assert [estimator.trials(cell) for cell in range(4)] == [0, 0, 0, 0]
    for batch in batches:
        estimator.hear(batch)
    rng = random.Random(seed)
    for cell in range(4):
        assert 0 <= estimator.rate(cell) <= 1
        assert 0 <= estimator.draw(cell, rng) <= 1
        total = sum(h.trials for batch in batches for h in batch if h.cell == cell)
        assert -1e-9 <= estimator.trials(cell) <= total + 1e-9


@every
@quick
@given(batch=heards, cut=st.integers(0, 12))
def test_it_does_not_matter_how_groups_are_dealt_into_batches(
    kind: str, batch: list[Heard], cut: int
) -> None:
    whole, parts = build(kind), build(kind)
    whole.hear(batch)
    parts.hear(batch[:cut])
    parts.hear(batch[cut:])
    assert rates(parts) == pytest.approx(rates(whole))


@every
@quick
@given(before=heards, after=heards)
def test_a_saved_belief_goes_on_the_same(
    kind: str, before: list[Heard], after: list[Heard]
) -> None:
    first, second = build(kind), build(kind)
    first.hear(before)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    first.hear(after)
    second.hear(after)
    assert rates(second) == rates(first)
    assert second.state_dict() == first.state_dict()


@every
def test_success_raises_the_belief_and_failure_lowers_it(kind: str) -> None:
    good, bad = build(kind), build(kind)
    hear(good, *[(1, 8, 8)] * 9)
    hear(bad, *[(1, 0, 8)] * 9)
    assert good.rate(1) > 0.9
    assert bad.rate(1) < 0.1


def test_a_window_is_the_mean_of_the_last_groups() -> None:
    window = Window(2, prior=0.25)
    started(window)
    assert window.rate(0) == 0.25
    hear(window, (0, 8, 8), (0, 2, 4), (0, 1, 8))
    assert window.rate(0) == 3 / 12  # the first group is forgotten
    assert window.trials(0) == 12


def test_an_ema_moves_by_a_share_of_the_way() -> None:
    plain, first = EMA(0.5, prior=0.2), EMA(0.5, prior=0.2, first=True)
    started(plain)
    started(first)
    for ema in (plain, first):
        hear(ema, (0, 8, 8), (0, 0, 8))
    assert plain.rate(0) == pytest.approx(0.3)  # 0.2, 0.6, 0.3
    assert first.rate(0) == 0.5  # 0.2, 1, 0.5
    assert first.rate(1) == 0.2


def test_a_beta_posterior_halves_old_counts_in_the_time_given() -> None:
    beta = DiscountedBeta(1.0)
    started(beta)
    hear(beta, (0, 8, 8), (0, 2, 8), (1, 0, 8), (1, 0, 8))
    # right 8 / 2 + 2 = 6, wrong 0 / 2 + 6 = 6, with a prior of 1/2 each
    assert beta.rate(0) == 6.5 / 13
    assert beta.trials(0) == 12
    aging = DiscountedBeta(1.0, clock="all")
    started(aging)
    hear(aging, (0, 8, 8), (1, 0, 8), (1, 0, 8))
    # two groups of another cell later: right 8 / 4
    assert aging.rate(0) == 2.5 / 3
    assert aging.trials(0) == 2


def test_a_decay_of_a_tenth_is_a_half_life_too() -> None:
    beta = DiscountedBeta(math.log(0.5) / math.log(0.9), successes=1, failures=1)
    started(beta)
    hear(beta, (0, 8, 8), (0, 0, 8))
    assert beta.rate(0) == pytest.approx(8.2 / 17.2)  # 1 + 0.9 * 8 against 1 + 8


def test_an_irt_posterior_is_bayes_rule_on_a_grid() -> None:
    # one level, abilities -1 and 3, spread 1: rates 0.1192 and 0.8808, even odds at first
    irt = IRTPosterior((1.0,), step=4.0, keep=1.0)
    started(irt, space={FAMILY: 1})
    low, high = 1 / (1 + math.exp(2)), 1 / (1 + math.exp(-2))
    assert irt.rate(0) == pytest.approx(0.5)
    hear(irt, (0, 1, 1))
    assert irt.rate(0) == pytest.approx(low * low + high * high)
    hear(irt, (0, 1, 2))  # one right and one wrong are as likely at both
    assert irt.rate(0) == pytest.approx(low * low + high * high)


def test_an_irt_posterior_forgets_by_a_power() -> None:
    irt = IRTPosterior((1.0,), step=4.0, keep=0.5)
    started(irt, space={FAMILY: 1})
    hear(irt, (0, 1, 1), (0, 1, 1))  # weights p^(1 + 1/2)
    low, high = 1 / (1 + math.exp(2)), 1 / (1 + math.exp(-2))
    expected = (low**2.5 + high**2.5) / (low**1.5 + high**1.5)
    assert irt.rate(0) == pytest.approx(expected)


def test_an_irt_posterior_carries_news_to_other_levels_of_the_family_only() -> None:
    irt = IRTPosterior()
    started(irt, space={FAMILY: 6, "terms": 6})
    flat = [irt.rate(cell) for cell in range(12)]
    hear(irt, *[(2, 8, 8)] * 4)
    now = [irt.rate(cell) for cell in range(12)]
    assert all(after > before for after, before in zip(now[:6], flat[:6], strict=True))
    assert now[6:] == flat[6:]
    assert now[:6] == sorted(now[:6], reverse=True)


def test_an_irt_posterior_bears_a_ladder_of_any_length() -> None:
    irt = IRTPosterior()
    started(irt, space={FAMILY: 5000})
    hear(irt, (4999, 0, 8), (0, 8, 8), (2000, 8, 8), (3000, 0, 8))
    assert irt.rate(0) > 0.9 > 0.1 > irt.rate(4999)
    assert all(0 <= irt.rate(cell) <= 1 for cell in range(0, 5000, 500))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Window(0), "groups of a Window must be at least 1, got 0"),
        (lambda: EMA(0), r"alpha of an EMA must be in \(0, 1\], got 0"),
        (lambda: DiscountedBeta(0), "half_life must be positive, got 0"),
        (lambda: DiscountedBeta(clock="wall"), "clock must be 'cell' or 'all', got 'wall'"),
        (lambda: DiscountedBeta(failures=0), "the prior must be positive, got 0.5 and 0"),
        (lambda: IRTPosterior(()), r"spreads and step must be positive, got \(\), 0.5"),
        (lambda: IRTPosterior(keep=0), r"keep must be in \(0, 1\], got 0"),
    ],
)
def test_arguments_without_a_meaning_are_refused(
    make: Callable[[], Estimator], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make()
