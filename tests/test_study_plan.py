"""What a study runs next: successive halving by hand, and what holds however it is stopped."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_toys import RATES, toy_line, toy_study

from frostline.envs.streams import keyed_rng
from frostline.study.halving import rounds, score
from frostline.study.lines import RunLine
from frostline.study.plan import Task, chosen, finished, left, pending, total
from frostline.study.spec import Study

Outcome = Callable[[Task], RunLine]

SHORT, LONG = 10, 30  # iterations of the two rounds


def table(scores: dict[float, tuple[int, int]]) -> Outcome:
    """Return runs that solve so many of 100 problems in the first and second round."""
    return lambda task: toy_line(task, scores.get(task.rate, (0, 0))[task.iterations == LONG])


def work(study: Study, outcome: Outcome, lines: list[RunLine] | None = None) -> list[RunLine]:
    """Return the lines of a study that is done to its end, the first pending run first."""
    lines = list(lines or [])
    while todo := pending(study, lines):
        lines.append(outcome(todo[0]))
        assert len(lines) < 5000, "it does not end"
    return lines


def rates_of(tasks: list[Task], iterations: int) -> list[float]:
    return sorted({task.rate for task in tasks if task.stage == "tune"
                   and task.iterations == iterations})  # fmt: skip


def tasks_of(lines: list[RunLine]) -> list[Task]:
    return [Task.of(line) for line in lines]


# -- by hand


def test_a_study_begins_with_all_rates_for_a_third_of_the_iterations() -> None:
    tune = [task for task in pending(toy_study(), []) if task.stage == "tune"]
    assert [(task.rate, task.seed) for task in tune] == [
        (rate, seed) for rate in RATES for seed in (10_000, 10_001)
    ]
    assert {(task.arm, task.curriculum, task.iterations) for task in tune} == {
        ("full", "frontier", SHORT)
    }


def test_the_untrained_policy_is_not_tuned_and_trains_for_no_iteration() -> None:
    tasks = [task for task in pending(toy_study(), []) if task.arm == "none"]
    assert tasks == [Task("none", "none", 0.0, seed, "final", 0) for seed in (0, 1)]
    choice = chosen(toy_study(), [], "none", "frontier")
    assert choice is not None
    assert (choice.rate, choice.curve) == (0.0, {})


def test_the_better_half_goes_on_and_the_best_of_it_wins() -> None:
    # 5 rates, of which 3 go on, rounded up; 1e-4 is ahead of 1e-2 early, and behind it late
    scores = {1e-5: (10, 99), 1e-4: (30, 30), 1e-3: (20, 20), 1e-2: (25, 50), 1e-1: (5, 99)}
    study = toy_study()
    lines = work(study, table(scores))
    tasks = tasks_of(lines)
    assert rates_of(tasks, SHORT) == list(RATES)
    assert rates_of(tasks, LONG) == [1e-4, 1e-3, 1e-2]
    assert [task for task in tasks if task.arm == "full" and task.stage == "final"] == [
        Task("full", "frontier", 1e-2, seed, "final", 30) for seed in (0, 1)
    ]
    choice = chosen(study, lines, "full", "frontier")
    assert choice is not None
    assert (choice.rate, choice.edge) == (1e-2, False)
    assert {rate: tuple(point) for rate, point in choice.curve.items()} == {
        1e-5: (0.1, 2, SHORT, 0),
        1e-4: (0.3, 2, LONG, 0),
        1e-3: (0.2, 2, LONG, 0),
        1e-2: (0.5, 2, LONG, 0),
        1e-1: (0.05, 2, SHORT, 0),
    }


def test_no_rate_is_dropped_before_all_runs_of_its_round_are_finished() -> None:
    study = toy_study()
    tune = [task for task in pending(study, []) if task.stage == "tune"]
    lines = [toy_line(task, 50) for task in tune[:-1]]
    assert [task for task in pending(study, lines) if task.stage == "tune"] == tune[-1:]
    assert chosen(study, lines, "full", "frontier") is None


def test_three_rounds_halve_twice() -> None:
    study = toy_study(tuning={"rates": RATES, "rounds": [[0.1, 0.5], [0.5, 0.5], [1, 0]]})
    assert rounds(study, 5) == [(5, 3), (3, 15), (2, 30)]
    assert rounds(study, 8) == [(8, 3), (4, 15), (2, 30)]


def test_a_share_that_is_a_whole_number_of_rates_is_not_rounded_up() -> None:
    study = toy_study(tuning={"rates": RATES, "rounds": [[0.5, 0.28], [1, 0]]})
    assert rounds(study, 25)[1] == (7, 30)  # 0.28 * 25 is 7.000000000000001


def test_a_winner_at_the_end_of_the_range_widens_it_by_one_step() -> None:
    scores = {1e-1: (90, 80), 1e-2: (80, 70), 1e-3: (70, 60), 1.0: (0, 75)}
    lines = work(toy_study(), table(scores))
    assert rates_of(tasks_of(lines), LONG) == [1e-3, 1e-2, 1e-1, 1.0]
    choice = chosen(toy_study(), lines, "full", "frontier")
    assert choice is not None
    assert (choice.rate, choice.edge) == (1e-1, False)
    assert choice.curve[1.0] == (0.75, 2, LONG, 0)


@pytest.mark.parametrize(
    ("best", "added", "end"), [(RATES[0], [1e-6, 1e-7], 1e-7), (RATES[-1], [1.0, 10.0], 10.0)]
)
def test_a_range_widens_twice_at_most_and_its_end_is_flagged_then(
    best: float, added: list[float], end: float
) -> None:
    scores = {best: (90, 50), added[0]: (0, 60), added[1]: (0, 70)}
    lines = work(toy_study(), table(scores))
    assert set(added) <= set(rates_of(tasks_of(lines), LONG))
    choice = chosen(toy_study(), lines, "full", "frontier")
    assert choice is not None
    assert (choice.rate, choice.edge) == (end, True)
    assert len(choice.curve) == 7


def test_a_range_that_may_not_widen_flags_its_end() -> None:
    study = toy_study(tuning={"rates": RATES, "widen": 0})
    choice = chosen(study, work(study, table({1e-1: (90, 90)})), "full", "frontier")
    assert choice is not None
    assert (choice.rate, choice.edge, len(choice.curve)) == (1e-1, True, 5)


def test_rates_beyond_the_range_are_numbers_that_people_can_read() -> None:
    rates = [1e-5, 3.2e-5, 1e-4, 3.2e-4, 1e-3]  # the step is the fourth root of 100
    study = toy_study(tuning={"rates": rates, "widen": 1})
    lines = work(study, table({1e-3: (90, 90), 3.16e-3: (0, 95)}))
    choice = chosen(study, lines, "full", "frontier")
    assert choice is not None
    assert choice.rate == 0.00316


def test_equal_rates_do_not_widen_the_range() -> None:
    choice = chosen(toy_study(), work(toy_study(), table({})), "full", "frontier")
    assert choice is not None
    assert (choice.rate, choice.edge, len(choice.curve)) == (1e-3, False, 5)


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_a_rate_that_broke_down_once_loses_to_any_that_did_not(status: str) -> None:
    def outcome(task: Task) -> RunLine:
        if task.rate == 1e-2 and task.seed == 10_001 and task.iterations == LONG:
            return toy_line(task, status=status)
        return table({1e-2: (99, 99), 1e-3: (10, 10), 1e-4: (9, 9)})(task)

    choice = chosen(toy_study(), work(toy_study(), outcome), "full", "frontier")
    assert choice is not None
    assert choice.rate == 1e-3
    assert choice.curve[1e-2] == (0.495, 2, LONG, 1)


def test_where_every_rate_breaks_down_the_range_widens_downwards() -> None:
    def outcome(task: Task) -> RunLine:
        return toy_line(task, 10, "ok" if task.rate < 1e-6 else "diverged")

    choice = chosen(toy_study(), work(toy_study(), outcome), "full", "frontier")
    assert choice is not None
    assert (choice.rate, choice.edge) == (1e-7, True)


def test_a_run_that_went_well_holds_against_another_line_of_the_same_run() -> None:
    task = pending(toy_study(), [])[0]
    lines = [toy_line(task, status="failed"), toy_line(task, 5), toy_line(task, status="diverged")]
    for order in (lines, lines[::-1]):
        assert finished(order) == {task: lines[1]}


def test_the_score_is_the_mean_over_the_families_trained_on() -> None:
    task = pending(toy_study(), [])[0]
    values = toy_line(task, 20).to_dict()
    values["solved"] |= {"arithmetic/2": "f", "countdown/1": "f"}
    values["problems"] |= {"arithmetic/2": 4, "countdown/1": 4}
    # arithmetic 24 of 104, closed forms 20 of 100; countdown is not trained on
    assert score(toy_study(), RunLine.from_dict(values)) == pytest.approx((24 / 104 + 0.2) / 2)


def test_a_run_without_an_exam_in_a_ladder_is_refused() -> None:
    values = toy_line(pending(toy_study(), [])[0], 20).to_dict()
    del values["solved"]["arithmetic/1"], values["problems"]["arithmetic/1"]
    with pytest.raises(ValueError, match="sat no exam in 'arithmetic'"):
        score(toy_study(), RunLine.from_dict(values))


def test_headline_arms_come_first_and_final_runs_go_seed_by_seed() -> None:
    arms = [{"trainable": "last:1"}, {"trainable": "full", "headline": True},
            {"trainable": "none"}]  # fmt: skip
    study = toy_study(arms=arms)
    assert list(dict.fromkeys(task.arm for task in pending(study, []))) == [
        "full",
        "last:1",
        "none",
    ]
    tuned = [line for line in work(study, table({})) if line.stage == "tune"]
    assert [(task.arm, task.seed) for task in pending(study, tuned)] == [
        ("full", 0), ("full", 1), ("last:1", 0), ("none", 0), ("last:1", 1), ("none", 1),
    ]  # fmt: skip


def test_arms_are_tuned_under_each_curriculum_unless_one_is_named() -> None:
    curricula = {"curricula": ["frontier", "uniform"]}
    tuning = {"rates": RATES, "curriculum": "uniform"}
    for study, expected in (
        (toy_study(**curricula), {"frontier", "uniform"}),
        (toy_study(**curricula, tuning=tuning), {"uniform"}),
    ):
        tasks = tasks_of(work(study, table({1e-2: (9, 9)})))
        assert {task.curriculum for task in tasks if task.stage == "tune"} == expected
        finals = {(task.curriculum, task.rate) for task in tasks
                  if task.stage == "final" and task.arm == "full"}  # fmt: skip
        assert finals == {("frontier", 1e-2), ("uniform", 1e-2)}


def test_an_arm_may_take_over_the_rate_of_another() -> None:
    arms = [{"trainable": "last:1", "rate_of": "full"}, {"trainable": "full"}]
    study = toy_study(arms=arms)
    lines = work(study, table({1e-2: (9, 9)}))
    assert {line.arm for line in lines if line.stage == "tune"} == {"full"}
    assert {line.lr for line in lines if line.stage == "final"} == {1e-2}
    assert chosen(study, lines, "last:1", "frontier") == chosen(study, lines, "full", "frontier")


def test_names_that_the_study_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"of none, full; got 'ful'; did you mean 'full'\?"):
        chosen(toy_study(), [], "ful", "frontier")
    with pytest.raises(ValueError, match="curriculum must be one of frontier; got 'uniform'"):
        chosen(toy_study(), [], "full", "uniform")


def test_what_is_left_is_counted_by_arm_and_stage() -> None:
    study = toy_study()
    parts = {(part.arm, part.stage): (part.runs, part.iterations) for part in left(study, [])}
    # 5 rates for 10 iterations and 3 for 30, two seeds each; then two fresh seeds
    assert parts == {
        ("full", "tune"): (16, 10 * 10 + 6 * 30),
        ("none", "final"): (2, 0),
        ("full", "final"): (2, 2 * 30),
    }
    assert total(study, []) == 20


def test_lines_of_another_study_change_nothing() -> None:
    stray = Task("last:1", "frontier", 1e-3, 0, "final", 30)
    assert pending(toy_study(), [toy_line(stray)]) == pending(toy_study(), [])


# -- whatever the scores, the order and the stops

studies = st.builds(
    lambda arms, curricula, seeds, tuning: toy_study(
        arms=arms, curricula=curricula, seeds=seeds, tuning={"rates": RATES} | tuning
    ),
    arms=st.sampled_from(
        [
            [{"trainable": "none"}, {"trainable": "full"}],
            [{"trainable": "full", "seeds": 3}, {"trainable": "last:1", "headline": True}],
            [{"trainable": "full"}, {"trainable": "last:1", "rate_of": "full"}],
        ]
    ),
    curricula=st.sampled_from([["frontier"], ["frontier", "uniform"]]),
    seeds=st.integers(1, 2),
    tuning=st.fixed_dictionaries(
        {
            "seeds": st.integers(1, 2),
            "widen": st.integers(0, 2),
            "rounds": st.sampled_from([[[1, 0]], [[0.3, 0.5], [1, 0]], [[0.1, 0.3], [0.9, 0]]]),
        }
    ),
)
salts = st.integers(0, 10**6)


def chance(salt: int) -> Outcome:
    """Return runs whose end is a function of the run alone; scores are often equal."""

    def outcome(task: Task) -> RunLine:
        rng = keyed_rng("toy runs", salt, *task.key().values())
        status = rng.choice(["ok"] * 6 + ["diverged", "failed"])
        return toy_line(task, rng.randint(0, 4), status)

    return outcome


def work_at_random(study: Study, outcome: Outcome, rng: random.Random) -> list[RunLine]:
    """Return the lines of a study in which any pending run may end next."""
    lines: list[RunLine] = []
    while todo := pending(study, lines):
        task = rng.choice(todo)
        assert task not in finished(lines)
        lines.append(outcome(task))
        assert len(lines) < 5000, "it does not end"
    return lines


@settings(max_examples=25, deadline=None)
@given(studies, salts, st.randoms(use_true_random=False))
def test_the_runs_are_the_same_in_whichever_order_they_end(
    study: Study, salt: int, rng: random.Random
) -> None:
    lines = work_at_random(study, chance(salt), rng)
    tasks = tasks_of(lines)
    assert len(tasks) == len(set(tasks)), "a run was repeated"
    assert set(tasks) == set(tasks_of(work(study, chance(salt))))


@settings(max_examples=25, deadline=None)
@given(studies, salts, st.randoms(use_true_random=False), st.data())
def test_a_study_goes_on_where_it_stopped(
    study: Study, salt: int, rng: random.Random, data: Any
) -> None:
    whole = work_at_random(study, chance(salt), rng)
    kept = data.draw(st.lists(st.sampled_from(whole), unique_by=id), label="lines that are left")
    resumed = work(study, chance(salt), kept)
    # a line may survive whose round is not yet due: nothing but the study's runs is ever done
    assert set(tasks_of(resumed)) == set(tasks_of(whole))
    assert len(resumed) == len(whole)


@settings(max_examples=25, deadline=None)
@given(studies, salts, st.randoms(use_true_random=False), st.floats(0, 1))
def test_the_order_of_the_lines_does_not_matter(
    study: Study, salt: int, rng: random.Random, share: float
) -> None:
    lines = work(study, chance(salt))
    lines = lines[: round(share * len(lines))]
    mixed = rng.sample(lines, len(lines))
    assert pending(study, lines) == pending(study, mixed)
    assert left(study, lines) == left(study, mixed)
    for arm in study.arms:
        for curriculum in study.curricula:
            mine = chosen(study, lines, arm.name, curriculum)
            assert mine == chosen(study, mixed, arm.name, curriculum)


@settings(max_examples=25, deadline=None)
@given(studies, salts, st.floats(0, 1))
def test_nothing_is_left_if_and_only_if_nothing_is_pending(
    study: Study, salt: int, share: float
) -> None:
    lines = work(study, chance(salt))
    assert total(study, lines) == 0
    lines = lines[: round(share * len(lines))]
    todo = pending(study, lines)
    assert total(study, lines) >= len(todo)
    assert bool(total(study, lines)) == bool(todo)


@settings(max_examples=25, deadline=None)
@given(studies, salts)
def test_final_runs_have_the_chosen_rate_and_no_seed_of_tuning(study: Study, salt: int) -> None:
    lines = work(study, chance(salt))
    tuning = {line.seed for line in lines if line.stage == "tune"}
    for arm in study.arms:
        finals = [line for line in lines if line.arm == arm.name and line.stage == "final"]
        assert {line.seed for line in finals} == set(study.fresh_seeds(arm))
        assert not tuning & {line.seed for line in finals}
        for line in finals:
            curriculum = study.curricula[0] if arm.untrained else line.curriculum
            choice = chosen(study, lines, arm.name, curriculum)
            assert choice is not None
            assert line.lr == choice.rate
