"""Simulated runs: who hears what and when, what is measured, how schedulers are compared."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drill import (
    Dicing,
    Discarding,
    Drill,
    DrillCohort,
    Easy,
    Hard,
    Promoting,
    Rusty,
    Scripted,
    bare,
    greedy,
    lazy,
    listening,
    nothing,
    top,
)

from frostline.curricula import Outcome
from frostline.curricula.students.metrics import Runs, compare
from frostline.curricula.students.simulate import simulate, simulate_oracle, simulate_rule


@pytest.fixture(autouse=True)
def _forget() -> Iterable[None]:
    Scripted.made.clear()
    yield
    Scripted.made.clear()


def test_a_run_ends_at_the_step_that_masters_the_goal() -> None:
    # 8 groups on level 2: 4 steps of 2 groups, or 8 steps if every other group is on level 1
    assert simulate(Drill(), Hard, [0]).steps.tolist() == [4]
    assert simulate(Drill(), Scripted, [0]).steps.tolist() == [8]


def test_the_scheduler_is_asked_once_per_step_at_the_version_of_that_step() -> None:
    simulate(Drill(), Hard, [0])
    assert Scripted.made[0].asked == [0, 1, 2, 3]


def test_rollouts_are_groups_times_completions() -> None:
    runs = simulate(Drill(), Hard, [0])
    assert runs.batches.tolist() == [4]
    assert runs.rollouts.tolist() == [4 * 2 * 10]


def test_outcomes_carry_the_successes_of_their_own_tickets() -> None:
    simulate(Drill(), Scripted, [0])
    # level 1 and level 2 take turns; both have gained a tenth per step
    assert Scripted.made[0].heard[:3] == [
        [(0, 0, 10), (1, 0, 10)],
        [(2, 1, 10), (3, 1, 10)],
        [(4, 2, 10), (5, 2, 10)],
    ]


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_outcomes_come_exactly_so_many_steps_late(lag: int) -> None:
    class Diary(Hard):
        def update(self, outcomes: Iterable[Outcome]) -> list:  # type: ignore[type-arg]
            outcomes = list(outcomes)
            here = self.asked[-1]  # the step that is ending
            assert {o.ticket.policy_version for o in outcomes} == {here - lag}
            return super().update(outcomes)

    simulate(Drill(lag=lag), Diary, [0])
    assert len(Scripted.made[0].heard) == 4 - lag


def test_a_run_is_given_up_at_the_budget() -> None:
    runs = simulate(Drill(), Easy, [0, 1])
    assert runs.mastered.tolist() == [False, False]
    assert np.isnan(runs.steps).all()
    assert np.isnan(runs.rollouts).all()
    assert runs.batches.tolist() == [20, 20]
    assert runs.fails


def test_area_is_the_mean_rate_over_the_budget_and_goes_on_after_the_end() -> None:
    # level 2 has 2, 4, 6, 8 tenths after steps 1-4 and keeps 8 for 16 more; level 1 has nothing
    runs = simulate(Drill(), Hard, [0])
    assert runs.area[0] == pytest.approx((0.2 + 0.4 + 0.6 + 0.8 * 17) / 2 / 20)
    assert runs.curve[0, 0] == 0
    assert runs.curve[0, -1] == pytest.approx(0.4)


def test_effective_groups_have_both_successes_and_failures() -> None:
    # the two groups of the first step have no success; of the other six all have some
    assert simulate(Drill(), Hard, [0]).effective.tolist() == [6 / 8]


def test_forgetting_is_the_loss_since_the_best_rate() -> None:
    class EasyThenHard(Scripted):
        levels = (1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2)

    # level 1 rises to .4 and is lost to 0; level 2 never falls
    assert simulate(Rusty(), EasyThenHard, [0]).forgetting[0] == pytest.approx(0.4 / 2)
    assert simulate(Drill(), EasyThenHard, [0]).forgetting[0] == 0


def test_a_promotion_is_false_at_or_below_the_rate_that_the_scheduler_states() -> None:
    # told after steps 1-4, with a true rate of .2, .4, .6, .8
    runs = simulate(Drill(), Promoting, [0])
    assert runs.promotions.tolist() == [4]
    assert runs.false_promotions.tolist() == [3]
    assert runs.alpha == 0.25
    assert runs.tests.tolist() == [5]


def test_a_scheduler_that_states_nothing_is_held_to_the_mastery_rate() -> None:
    class Modest(Promoting):
        false_below = None  # type: ignore[assignment]

    assert simulate(Drill(), Modest, [0]).false_promotions.tolist() == [3]


def test_a_scheduler_that_tests_nothing_has_no_tests_and_no_alpha() -> None:
    runs = simulate(Drill(), Hard, [0])
    assert runs.alpha is None
    assert np.isnan(runs.tests).all()


def test_discarded_groups_are_replaced_within_the_step_and_paid_for() -> None:
    runs = simulate(Drill(), Discarding, [0])
    assert Scripted.made[0].asked == [0, 0, 1, 1, 2, 2, 3, 3]
    assert runs.steps.tolist() == [4]
    assert runs.batches.tolist() == [8]


def test_what_fills_up_a_batch_is_answered_by_the_same_policy_and_told_with_it() -> None:
    simulate(Drill(), Discarding, [0])
    # two groups in a step are learned from: the rate rises by two tenths
    successes = [[k for _, k, _ in heard] for heard in Scripted.made[0].heard]
    assert successes[:3] == [[0] * 4, [2] * 4, [4] * 4]


def test_a_step_learns_from_no_more_groups_than_it_has() -> None:
    class Strict(Hard):
        def admits(self, outcome: Outcome) -> bool:
            return outcome.ticket.id != 0

    simulate(Drill(), Strict, [0])
    # step 0: of the four groups of two batches three are admitted, two are learned from
    assert Scripted.made[0].asked[:3] == [0, 0, 1]
    assert [k for _, k, _ in Scripted.made[0].heard[1]] == [2, 2]


def test_a_batch_is_filled_up_ten_times_at_most() -> None:
    class Vain(Hard):
        def admits(self, outcome: Outcome) -> bool:
            return False

    runs = simulate(Drill(budget=40), Vain, [0])
    assert Scripted.made[0].asked == [version for version in range(4) for _ in range(10)]
    assert runs.batches.tolist() == [40]
    assert runs.area.tolist() == [0], "nothing is learned"


def test_a_factory_is_told_the_horizon_and_the_batch_if_it_asks() -> None:
    assert simulate(Drill(), listening, [0]).steps.tolist() == [4]


def test_every_seed_has_a_scheduler_with_a_seed_of_its_own() -> None:
    simulate(Drill(), Hard, [0, 1, 2])
    seeds = [scheduler.seed for scheduler in Scripted.made]
    assert len(set(seeds)) == 3
    assert not set(seeds) & {0, 1, 2}, "the student has a stream of the same seed"


def test_a_seed_does_not_depend_on_its_company() -> None:
    together, alone = simulate(Drill(), Dicing, [3, 5, 9]), simulate(Drill(), Dicing, [5])
    for name in ("steps", "batches", "area", "forgetting", "effective", "promotions"):
        assert getattr(together, name)[1] == getattr(alone, name)[0], name
    assert len(set(together.steps)) > 1, "the seeds differ"


def test_a_scheduler_that_hands_out_too_few_tickets_is_refused() -> None:
    with pytest.raises(ValueError, match="must hand out n=2 tickets, got 1"):
        simulate(Drill(), lazy, [0])


def test_a_ticket_outside_the_space_is_refused() -> None:
    class Beyond(Scripted):
        levels = (1, 3)

    with pytest.raises(ValueError, match=r"must lie in \{'drill': 2\}, got \('drill', 3\)"):
        simulate(Drill(), Beyond, [0])


def test_a_rule_is_measured_as_a_scheduler_is() -> None:
    rule, scheduler = simulate_rule(Drill(), top, [0, 1]), simulate(Drill(), Hard, [0, 1])
    for name in ("steps", "batches", "area", "effective", "curve"):
        assert np.array_equal(getattr(rule, name), getattr(scheduler, name)), name


def test_the_oracle_is_the_rule_that_gets_there_first() -> None:
    best = simulate_oracle(Drill(), [0, 1])
    assert best is not None
    assert best.scheduler == "top"
    assert best.steps.tolist() == [4, 4]


def test_a_student_may_have_no_oracle() -> None:
    assert simulate_oracle(Rusty(), [0]) is None


def wrong(**methods: Any) -> Drill:
    """Return a drill whose cohort has other methods."""

    class Wrong(Drill):
        def start(self, seeds: Sequence[int]) -> DrillCohort:
            cohort: DrillCohort = type("WrongCohort", (DrillCohort,), methods)(self, seeds)
            return cohort

    return Wrong()


@pytest.mark.parametrize(
    ("name", "method", "message"),
    [
        ("rates", lambda _: np.full((2, 2), np.nan), r"rates .* must lie in 0\.\.1, got nan"),
        ("rates", lambda _: np.full((2, 2), 5.0), r"rates .* must lie in 0\.\.1, got 5"),
        ("rates", lambda _: np.full((2, 2), -0.1), r"rates .* must lie in 0\.\.1, got -0\.1"),
        ("rates", lambda _: np.zeros((2, 3)), r"of shape \(2, 2\), got float64 of shape \(2, 3\)"),
        ("rates", lambda _: [[0, 0]] * 2, r"must be an array of shape \(2, 2\), got list"),
        ("answer", lambda _, c: c * 0 + 11, r"must count 0\.\.10 successes, got 11"),
        ("answer", lambda _, c: c * 0 - 1, r"must count 0\.\.10 successes, got -1"),
        ("answer", lambda _, c: c[:, :1], r"integers of shape \(2, 2\), got int64 of shape \(2, 1"),
        ("mastered", lambda _: np.zeros(2), r"booleans of shape \(2,\), got float64"),
        ("learn", None, "must return a Cohort, got WrongCohort, which lacks learn"),
    ],
)
def test_a_cohort_that_cannot_be_is_refused(name: str, method: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(wrong(**{name: method}), Hard, [0, 1])
    with pytest.raises(ValueError, match=message):
        simulate_rule(wrong(**{name: method}), top, [0, 1])


def test_rates_that_go_wrong_on_the_way_are_refused() -> None:
    def rates(cohort: DrillCohort) -> Any:
        return cohort.practice / 5  # above 1 from the sixth group on

    never = wrong(
        rates=rates, answer=lambda _, cells: cells * 0, mastered=lambda _: np.array([False])
    )
    with pytest.raises(ValueError, match=r"must lie in 0\.\.1, got 1\.2"):
        simulate(never, Hard, [0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": 0}, "groups of a student must be an int of at least 1, got 0"),
        ({"lag": -1}, "lag of a student must be an int of at least 0, got -1"),
        ({"budget": 1.5}, "budget of a student must be an int of at least 1, got 1.5"),
        ({"space": {"b": 1, "a": 1}}, r"must be sorted by family, got \['b', 'a'\]"),
        ({"space": {"a": 2.5}}, "space of a student must be a dict of family: levels"),
        ({"space": ["a"]}, "space of a student must be a dict of family: levels"),
        ({"space": {}}, "must name at least one family"),
    ],
)
def test_a_student_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(Drill(**changes), Hard, [0])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (np.full((1, 2), 2), r"must lie in 0\.\.1, got 2"),
        (np.zeros((1, 3), dtype=int), r"of shape \(1, 2\), got int64 of shape \(1, 3\)"),
    ],
)
def test_a_rule_that_chooses_no_cells_is_refused(cells: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate_rule(Drill(), lambda _: cells, [0])


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (nothing, "must return a Scheduler, got NoneType, which lacks sample, update, metrics"),
        (bare, r"must take \(space, \*, seed\): too many positional arguments"),
        (greedy, r"must take \(space, \*, seed\): missing a required argument: 'wish'"),
    ],
)
def test_a_factory_that_makes_no_scheduler_is_refused(factory: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(Drill(), factory, [0])


def timed(*batches: float | None) -> Runs:
    """Return runs with these times; None is a run that was given up at 20."""
    some = simulate(Drill(), Hard, [0])
    return replace(
        some,
        mastered=np.array([b is not None for b in batches]),
        batches=np.array([20.0 if b is None else b for b in batches]),
    )


@pytest.mark.parametrize(
    ("uniform", "scheduler", "median", "bound"),
    [
        ((8, 9, 10), (4, 4, 4), 2.25, ""),
        ((8, 9, None), (4, 4, 4), 2.25, ""),  # the slowest may take longer: the median stays
        ((8, None, None), (4, 4, 4), 5.0, "≥"),
        ((8, 8, 8), (4, None, 4), 2.0, ""),
        ((8, 8, 8), (4, None, None), 0.4, "≤"),
        ((None, None, None), (None, None, None), 1.0, "~"),
    ],
)
def test_a_speed_up_says_what_runs_that_were_given_up_make_of_it(
    uniform: tuple[float | None, ...],
    scheduler: tuple[float | None, ...],
    median: float,
    bound: str,
) -> None:
    found = compare(timed(*uniform), timed(*scheduler))
    assert found.median == pytest.approx(median)
    assert str(found.bound) == bound


def test_quartiles_are_those_of_the_paired_ratios() -> None:
    found = compare(timed(4, 8, 12, 16, 20), timed(4, 4, 4, 4, 4))
    assert (found.low, found.median, found.high) == (2, 3, 4)
