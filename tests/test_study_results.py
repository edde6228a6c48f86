"""What a study's lines come to: gains, shares, tests, costs; numbers worked out by hand."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from study_toys import FAMILIES, PROBLEMS, toy_line, toy_study

from frostline.study.finals import Finals
from frostline.study.lines import RunLine, pack
from frostline.study.plan import Task, pending
from frostline.study.promotions import promotions_table
from frostline.study.result import pareto
from frostline.study.results import Results, layers_of, reward_of
from frostline.study.spec import Study
from frostline.study.starting_study import OWN, SHARED, findings, protocols, whole

FOUR = ({"trainable": "first:5"}, {"trainable": "last:5"}, {"trainable": "last:1"})


def study_of(*arms: dict[str, Any], **changes: Any) -> Study:
    return toy_study(arms=[{"trainable": "none"}, {"trainable": "full"}, *arms], **changes)


def lines_of(study: Study, solved: dict[str, int], **changes: Any) -> list[RunLine]:
    """Return all lines of a study; arms solve as many of 100 problems as `solved` says."""
    lines: list[RunLine] = []
    while tasks := pending(study, lines):
        for task in tasks:
            line = toy_line(task, solved[task.arm] + (task.curriculum == "ladder"))
            lines.append(replace(line, **changes) if task.rate else line)
    return lines


def test_gain_and_share_are_those_of_the_pass_rates() -> None:
    study = study_of({"trainable": "last:1"})
    results = Results(study, lines_of(study, {"none": 20, "full": 60, "last:1": 50}))
    row = results.row("last:1")
    assert row is not None
    assert row.share is not None
    assert row.rate.value == pytest.approx(0.5)
    assert row.gain.value == pytest.approx(0.3)
    assert row.share.value == pytest.approx(0.75)
    assert row.share.low < 0.75 < row.share.high
    assert {name: gain.value for name, gain in row.families.items()} == {
        family: pytest.approx(0.3) for family in FAMILIES
    }
    assert row.p is not None
    assert row.p < 0.05


def test_an_arm_that_equals_full_training_does_not_differ_from_it() -> None:
    study = study_of({"trainable": "last:1"})
    results = Results(study, lines_of(study, {"none": 20, "full": 60, "last:1": 60}))
    row = results.row("last:1")
    assert row is not None
    assert row.p == 1
    assert row.share is not None
    assert (row.share.low, row.share.high) == (1, 1)
    assert row.decided


def test_without_a_gain_of_full_training_there_is_no_share() -> None:
    study = study_of({"trainable": "last:1"})
    rows = Results(study, lines_of(study, {"none": 50, "full": 50, "last:1": 60})).rows
    assert [row.share for row in rows] == [None] * 3


def test_families_weigh_alike_and_levels_by_their_problems() -> None:
    study = toy_study(seeds=1)
    exam = {"arithmetic/1": 10, "arithmetic/2": 30, "closed_forms/1": 5}
    right = {"arithmetic/1": 10, "arithmetic/2": 15, "closed_forms/1": 1}
    line = replace(
        toy_line(Task("none", "none", 0.0, 0, "final", 0)),
        problems=exam,
        solved={rung: pack([i < right[rung] for i in range(n)]) for rung, n in exam.items()},
    )
    finals = Finals.of(study, [line])
    strata, weights = finals.strata([finals.base], [0], dict.fromkeys(FAMILIES, 0.5))
    assert [array.shape for array in strata] == [(1, 1, 10), (1, 1, 30), (1, 1, 5)]
    assert weights == pytest.approx([0.5 * 10 / 40, 0.5 * 30 / 40, 0.5])
    row = Results(study, [line]).base()
    assert row.rate.value == pytest.approx(0.5 * 25 / 40 + 0.5 * 1 / 5)
    assert row.levels == pytest.approx(
        {"arithmetic/1": 1, "arithmetic/2": 0.5, "closed_forms/1": 0.2}
    )


def test_a_run_that_diverged_solves_nothing_and_one_that_failed_is_left_out() -> None:
    study = study_of({"trainable": "last:1"}, seeds=3)
    lines = lines_of(study, {"none": 20, "full": 60, "last:1": 60})
    final = [n for n, line in enumerate(lines) if (line.arm, line.stage) == ("last:1", "final")]
    for number, status in zip(final, ("diverged", "failed"), strict=False):
        lines[number] = toy_line(Task.of(lines[number]), status=status)
    row = Results(study, lines).row("last:1")
    assert row is not None
    assert (row.diverged, row.failed, len(row.seeds)) == (1, 1, 2)
    assert row.rate.value == pytest.approx(0.3)


def test_lines_of_other_studies_in_the_directory_are_not_looked_at() -> None:
    study = study_of({"trainable": "last:1"})
    lines = lines_of(study, {"none": 20, "full": 60, "last:1": 50})
    other = [
        toy_line(Task("last:1", "sec", 1e-3, 0, "final", 30), 100),
        toy_line(Task("first:5", "frontier", 1e-3, 0, "final", 30), 100),
        toy_line(Task("last:1", "frontier", 1e-3, 7, "final", 30), 100),
        toy_line(Task("last:1", "frontier", 1e-3, 0, "final", 40), 100),
    ]
    assert Results(study, lines).rows == Results(study, lines + other).rows


def test_an_arm_with_fewer_seeds_is_compared_on_those_it_has() -> None:
    study = study_of({"trainable": "last:1", "seeds": 1}, seeds=3)
    results = Results(study, lines_of(study, {"none": 20, "full": 60, "last:1": 50}))
    row, full = results.row("last:1"), results.row("full")
    assert row is not None
    assert full is not None
    assert (row.seeds, full.seeds) == ((0,), (0, 1, 2))
    assert results.compare(("last:1", "frontier"), ("full", "frontier"))[0].value == (
        pytest.approx(-0.1)
    )


def test_a_study_without_the_untrained_policy_has_no_results() -> None:
    with pytest.raises(ValueError, match="untrained policy, and it has no run yet"):
        Results(study_of(), [])
    with pytest.raises(ValueError, match="add an arm with trainable"):
        Results(toy_study(arms=[{"trainable": "full"}]), [])


def test_costs_are_of_the_same_seeds_full_training() -> None:
    study = study_of({"trainable": "last:1"})
    lines = lines_of(study, {"none": 20, "full": 60, "last:1": 50}, reward=(0.5,) * 10)
    spent = {"full": (10.0, 800), "last:1": (2.5, 200)}
    for number, line in enumerate(lines):
        if line.lr:
            update, peak = spent[line.arm]
            seconds = {"generate": 3.0, "verify": 0.0, "update": update, "exam": 9.0}
            signal = (0.8 if line.arm == "full" else 0.4,) * 10
            lines[number] = replace(
                line, seconds=seconds, peak_bytes=peak, update_flops_share=0.3, signal=signal
            )
    row = Results(study, lines).row("last:1")
    assert row is not None
    assert row.costs is not None
    assert row.costs.update == pytest.approx(0.5)  # a quarter, of half as many groups
    assert row.costs.iteration == pytest.approx(5.5 / 13)
    assert row.costs.peak == pytest.approx(0.25)
    assert row.costs.flops == pytest.approx(0.3)


def test_an_interaction_is_a_difference_of_differences() -> None:
    study = study_of({"trainable": "last:1"}, curricula=("frontier", "ladder"))
    lines = lines_of(study, {"none": 20, "full": 60, "last:1": 50})  # ladder: one more, for both
    assert Results(study, lines).interaction("last:1", "ladder")[0].value == pytest.approx(0)
    lines = [
        toy_line(Task.of(line), 55)
        if (line.arm, line.curriculum, line.stage) == ("last:1", "ladder", "final")
        else line
        for line in lines
    ]
    found, p = Results(study, lines).interaction("last:1", "ladder")
    assert p == 0  # equal seeds: no noise
    assert found.value == pytest.approx((0.55 - 0.50) - (0.61 - 0.60))


def test_reward_is_a_running_mean_over_ten_iterations() -> None:
    runs = [
        replace(toy_line(Task("full", "x", 1.0, seed, "final", 12)), reward=values)
        for seed, values in enumerate([(0.0,) * 10 + (1.0,) * 2, (1.0,) * 11])
    ]
    reward = reward_of(runs)  # the second one ends an iteration earlier
    assert reward.low == (0.0,) * 10 + (0.1, 0.2)
    assert reward.high == (1.0,) * 11 + (0.2,)
    assert reward.mean[-2:] == (0.55, 0.2)


def test_the_pareto_front_has_what_nothing_beats() -> None:
    points = [("full", 1.0, 20.0), ("last", 0.1, 19.0), ("worse", 0.2, 18.0), ("tie", 0.1, 19.0)]
    assert pareto(points) == ["last", "full"]


@pytest.mark.parametrize(
    ("solved", "verdict"),
    [
        ({"first:5": 70, "last:5": 30, "last:1": 25}, "yes"),
        ({"first:5": 40, "last:5": 70, "last:1": 70}, "no"),
        ({"first:5": 70, "last:5": 60, "last:1": 25}, "no"),  # the last five work as well
        ({"first:5": 34, "last:5": 27, "last:1": 24}, "no"),  # so do the first five not
        ({"first:5": 70, "last:5": 45, "last:1": 25}, "undecided"),  # just half of the gain
    ],
)
def test_the_starting_study_s_finding(solved: dict[str, int], verdict: str) -> None:
    study = study_of(*FOUR, seeds=3)
    results = Results(study, lines_of(study, {"none": 20, "full": 70, **solved}))
    found = protocols(results)
    assert list(found) == [OWN]
    assert whole(findings(results, found[OWN], 0.05)) == verdict


def test_the_starting_study_s_protocol_has_full_training_s_rate() -> None:
    shared = [
        {"trainable": arm["trainable"], "name": f"{arm['trainable']}, shared", "rate_of": "full"}
        for arm in FOUR
    ]
    study = study_of(*FOUR, *shared, seeds=3)
    solved = dict.fromkeys((arm.name for arm in study.arms), 60) | {
        "none": 20,
        "last:1, shared": 30,
    }
    found = protocols(Results(study, lines_of(study, solved)))
    assert list(found) == [OWN, SHARED]
    assert {row.rate.value for row in found[OWN].values()} == {0.6}
    assert found[SHARED]["last:1"].rate.value == pytest.approx(0.3)
    assert found[SHARED]["full"] is found[OWN]["full"]


def test_a_level_s_promotion_is_the_median_of_the_seeds_that_passed_it() -> None:
    study = study_of(seeds=3)
    lines = lines_of(study, {"none": 20, "full": 60})
    events: list[tuple[tuple[int, str, int], ...]] = [
        ((5, "arithmetic", 1), (9, "arithmetic", 2), (20, "arithmetic", 1)),
        ((7, "arithmetic", 1),),
        ((12, "arithmetic", 1), (14, "closed_forms", 1)),
    ]
    finals = [n for n, line in enumerate(lines) if (line.arm, line.stage) == ("full", "final")]
    for number, promotions in zip(finals, events, strict=True):
        lines[number] = replace(lines[number], promotions=promotions)
    table = promotions_table(Results(study, lines), "full")
    assert "| arithmetic 1 | 7 |" in table
    assert "| arithmetic 2 | – |" in table
    assert "| closed_forms 1 | – |" in table


def test_equal_lines_give_equal_results_in_any_order() -> None:
    study = study_of({"trainable": "last:1"})
    lines = lines_of(study, {"none": 20, "full": 60, "last:1": 50})
    shuffled = [lines[i] for i in np.random.default_rng(0).permutation(len(lines))]
    assert Results(study, lines).rows == Results(study, shuffled).rows
    assert PROBLEMS == 100


def test_final_runs_at_another_learning_rate_do_not_count() -> None:
    study = study_of({"trainable": "last:1"})
    lines = lines_of(study, {"none": 20, "full": 60, "last:1": 50})
    rate = next(line.lr for line in lines if (line.arm, line.stage) == ("last:1", "final"))
    stale = [toy_line(Task("last:1", "frontier", rate * 10, n, "final", 30), 99) for n in (0, 1)]
    assert Results(study, stale + lines).rows == Results(study, lines + stale).rows
    row = Results(study, lines + stale).row("last:1")
    assert row is not None
    assert row.rate.value == pytest.approx(0.5)


def test_one_failed_run_of_full_training_costs_one_seed_and_no_more() -> None:
    study = study_of({"trainable": "last:1"}, seeds=3)
    lines = lines_of(study, {"none": 20, "full": 60, "last:1": 50})
    number = next(n for n, line in enumerate(lines)
                  if (line.arm, line.stage, line.seed) == ("full", "final", 1))  # fmt: skip
    lines[number] = toy_line(Task.of(lines[number]), status="failed")
    row = Results(study, lines).row("last:1")
    assert row is not None
    assert row.seeds == (0, 1, 2)
    assert row.share is not None
    assert row.share.value == pytest.approx(0.75)


def test_arms_without_a_common_seed_are_not_compared() -> None:
    study = study_of({"trainable": "last:1"})
    lines = lines_of(study, {"none": 20, "full": 60, "last:1": 50})
    lost = {("full", 0), ("last:1", 1)}
    lines = [line for line in lines if line.stage == "tune" or (line.arm, line.seed) not in lost]
    results = Results(study, lines)
    row = results.row("last:1")
    assert row is not None
    assert (row.share, row.no_share) == (None, "full training has no run of these seeds")
    assert not results.has(("last:1", "frontier"), ("full", "frontier"))
    with pytest.raises(ValueError, match="no seed has a run of all"):
        results.compare(("last:1", "frontier"), ("full", "frontier"))


def test_a_run_that_diverged_gives_no_p_value_and_no_part_of_the_noise() -> None:
    study = study_of({"trainable": "last:1"}, {"trainable": "last:2"}, seeds=3)
    lines = lines_of(study, {"none": 20, "full": 60, "last:1": 50, "last:2": 50})
    number = next(n for n, line in enumerate(lines)
                  if (line.arm, line.stage, line.seed) == ("last:1", "final", 1))  # fmt: skip
    lines[number] = toy_line(Task.of(lines[number]), status="diverged")
    results = Results(study, lines)
    found = {row.arm.name: row.p for row in results.rows}
    assert found["last:1"] is None
    assert found["last:2"] == pytest.approx(0)
    assert results.noise() == pytest.approx(0)


def test_a_schedule_s_layers_are_shares_of_the_iterations() -> None:
    runs = [
        replace(
            toy_line(Task("lisa", "x", 1.0, seed, "final", 4)), layers=layers, reward=(0.5,) * 4
        )
        for seed, layers in enumerate([{0: 4, 2: 1}, {0: 2, 1: 2}])
    ]
    assert layers_of(runs) == {0: 6 / 8, 1: 2 / 8, 2: 1 / 8}
    assert layers_of([replace(run, layers={}) for run in runs]) == {}
    assert RunLine.from_dict(json.loads(json.dumps(runs[0].to_dict()))) == runs[0]
