"""Simulated students: what every one of them promises, and the IRT ones by hand."""

import doctest
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from frostline.curricula.students import (
    STUDENTS,
    Cohort,
    IRTStudent,
    SkillStudent,
    Student,
    named,
    train,
)
from frostline.curricula.students.cell_table import describe_cells
from frostline.curricula.students.draws import Draws, stream_of
from frostline.curricula.students.named import chain

ONE_FAMILY = IRTStudent(name="one", levels={"only": 3}, eta=0.4)
UNFAIR: dict[str, Any] = {
    "coin": frozenset({("a", 1)}),
    "broken": frozenset({("b", 2)}),
    "guess": 0.1,
    "slip": 0.05,
    "noise": 0.7,
    "decay": 1e-3,
}
WORLDS: dict[str, Student] = {
    "irt": IRTStudent(name="irt", levels={"a": 2, "b": 3}, **UNFAIR),
    "skills": SkillStudent(
        name="skills",
        needs={"b": chain(3), "a": chain(2)},
        starts=(0.6, 0.5, 0.4),
        **UNFAIR,
    ),
}


def cells_of(cohort: Cohort, step: int, groups: int) -> NDArray[Any]:
    """Return the same cells for every seed, different at every step."""
    seeds, cells = cohort.rates().shape
    row = np.random.RandomState(step).randint(0, cells, groups)
    return np.tile(row, (seeds, 1))


@pytest.mark.parametrize("student", [*STUDENTS.values(), *WORLDS.values()], ids=lambda s: s.name)
def test_every_student_keeps_the_contract(student: Student) -> None:
    cohort = student.start([0, 5])
    cells = sum(student.space.values())
    assert isinstance(student, Student)
    assert isinstance(cohort, Cohort)
    assert list(student.space) == sorted(student.space)
    asked = np.array([[0, cells - 1, -1], [-1, -1, -1]])
    successes = train(cohort, asked)
    assert successes.shape == (2, 3)
    assert not successes[asked == -1].any()
    assert cohort.rates().shape == (2, cells)
    assert cohort.mastered().tolist() == [False, False]


def test_the_named_students_are_nine() -> None:
    assert list(STUDENTS) == [
        "irt_ladder", "skill_chain", "skill_dag", "forgetting", "trap", "lag", "broken_level",
        "long_chain", "irt_families",
    ]  # fmt: skip
    assert all(name == student.name for name, student in STUDENTS.items())


def test_examples_in_docstrings_run() -> None:
    results = doctest.testmod(named)
    assert results.attempted == 3
    assert results.failed == 0


@pytest.mark.parametrize("name", WORLDS)
def test_a_seed_answers_the_same_in_any_company(name: str) -> None:
    together, alone = WORLDS[name].start([3, 7, 7, 1]), WORLDS[name].start([7])
    for step in range(60):
        cells = cells_of(together, step, groups=9)
        cells[0, step % 9 :] = -1  # its neighbour is asked less
        answers = train(together, cells)
        assert (train(alone, cells[1:2])[0] == answers[1]).all()
        assert (answers[2] == answers[1]).all()
    assert (alone.rates()[0] == together.rates()[1]).all()


@pytest.mark.parametrize("name", WORLDS)
def test_rows_without_a_group_change_nothing(name: str) -> None:
    dense, sparse = WORLDS[name].start([4]), WORLDS[name].start([4])
    for step in range(40):
        cells = cells_of(dense, step, groups=6)
        gaps = np.full((1, 15), -1)
        gaps[:, 2:14:2] = cells
        assert (train(sparse, gaps)[:, 2:14:2] == train(dense, cells)).all()
        train(sparse, np.full((1, 8), -1))
    assert (dense.rates() == sparse.rates()).all()


@pytest.mark.parametrize("name", WORLDS)
def test_batches_side_by_side_are_one_batch(name: str) -> None:
    whole, parts = WORLDS[name].start([4, 5]), WORLDS[name].start([4, 5])
    for step in range(20):
        cells = cells_of(whole, step, groups=8)
        cells[1, 2:6] = -1
        answers = np.hstack([parts.answer(cells[:, :3]), parts.answer(cells[:, 3:])])
        parts.learn(cells, answers)
        assert (train(whole, cells) == answers).all()
    assert parts.rates() == pytest.approx(whole.rates(), rel=1e-12)


@pytest.mark.parametrize("name", WORLDS)
def test_a_discarded_group_is_as_if_it_had_not_been(name: str) -> None:
    discarding, other = WORLDS[name].start([4]), WORLDS[name].start([4])
    answers = discarding.answer(np.array([[1, 2, 4, 3]]))
    discarding.learn(np.array([[1, 2, -1, -1]]), answers)
    assert (train(other, np.array([[1, 2]])) == answers[:, :2]).all()
    assert (discarding.rates() == other.rates()).all()


@pytest.mark.parametrize("name", WORLDS)
def test_answers_alone_teach_nothing(name: str) -> None:
    cohort = WORLDS[name].start([4])
    before = cohort.rates().copy()
    cohort.answer(np.array([[1, 2, 4]]))
    assert (cohort.rates() == before).all()


@pytest.mark.parametrize("name", WORLDS)
def test_frequencies_are_the_true_rates(name: str) -> None:
    student = WORLDS[name]
    cohort, groups = student.start([0]), 4000
    for cell in range(5):
        rate = cohort.rates()[0, cell]
        frequency = train(student.start([0]), np.full((1, groups), cell)).mean() / 8
        # prompts of uneven difficulty: the groups, not the completions, are independent
        assert abs(frequency - rate) < 4 * np.sqrt(0.25 / groups)


@pytest.mark.parametrize("name", WORLDS)
def test_coin_and_broken_levels_stay_what_they_are(name: str) -> None:
    cohort = WORLDS[name].start([0])
    coin, broken, learnable = 0, 3, 1
    before = cohort.rates()[0].copy()
    successes = train(cohort, np.repeat([[coin, broken]], 100, axis=1))
    assert before[coin] == 0.5
    assert before[broken] == 0
    assert not successes[0, 100:].any()
    assert 0.4 < successes[0, :100].mean() / 8 < 0.6
    assert (cohort.rates()[0] == before).all()
    train(cohort, np.full((1, 50), learnable))
    assert cohort.rates()[0, coin] == 0.5
    assert cohort.rates()[0, broken] == 0


def test_the_first_answers_are_the_same_for_ever() -> None:
    cells = np.array([[0, 1, 2, 0, 1, 2, 0, 0]] * 2)
    chained, ladder = STUDENTS["skill_chain"].start([0, 1]), STUDENTS["irt_ladder"].start([0, 1])
    assert train(chained, cells).tolist() == [[4, 3, 0, 4, 1, 0, 6, 2], [5, 3, 0, 6, 3, 1, 5, 4]]
    assert train(chained, cells).tolist() == [[6, 1, 0, 6, 1, 1, 5, 4], [5, 1, 2, 5, 1, 1, 5, 6]]
    assert train(ladder, cells).tolist() == [[4, 2, 0, 5, 2, 0, 5, 4], [3, 2, 0, 4, 2, 1, 4, 1]]


def test_draws_do_not_depend_on_how_they_are_batched() -> None:
    one, many = Draws("x", [0, 1], 3), Draws("x", [0, 1], 3)
    rows = np.repeat([0, 1], 100)
    by_batch = many.take(rows)
    assert (by_batch[:100] == np.vstack([one.take(np.array([0])) for _ in range(100)])).all()
    assert (by_batch[100:] == np.vstack([one.take(np.array([1])) for _ in range(100)])).all()
    assert (many.take(np.array([1])) == one.take(np.array([1]))).all()
    assert (by_batch[0] == stream_of("x", 0).random_sample(3)).all()


def test_neighbouring_seeds_and_names_share_no_numbers() -> None:
    firsts = {stream_of(name, seed).random_sample() for name in "ab" for seed in range(50)}
    assert len(firsts) == 100


def test_an_irt_group_moves_its_ability_by_the_policy_gradient() -> None:
    cohort = ONE_FAMILY.start([0])
    (successes,) = train(cohort, np.array([[0]]))[0]
    mean = successes / 8
    assert 0 < successes < 8
    assert cohort.abilities[0, 0] == pytest.approx(0.4 * mean * (1 - mean))


def test_all_groups_of_a_step_meet_the_same_policy() -> None:
    student = replace(ONE_FAMILY, eta=2.0)
    cohort = student.start([0])
    mean = train(cohort, np.zeros((1, 500), dtype=np.intp)) / 8
    assert mean.mean() == pytest.approx(0.5, abs=0.03)  # ability 0: had it moved, near 1
    assert cohort.abilities[0, 0] == pytest.approx((2 * mean * (1 - mean)).sum())


def test_irt_rates_follow_the_logistic_curve() -> None:
    student = replace(ONE_FAMILY, discrimination=2.0, spacing=0.5, ability=1.0)
    expected = [1 / (1 + np.exp(-2 * (1.0 - b))) for b in (0.0, 0.5, 1.0)]
    assert student.start([0]).rates()[0] == pytest.approx(expected)


def test_guess_slip_and_noise_enter_the_rate() -> None:
    student = replace(ONE_FAMILY, guess=0.2, slip=0.1, noise=1.0)
    sigma = 1 / (1 + np.exp(-np.array([1.0 - 1.5, -1.0 - 1.5])))
    assert student.start([0]).rates()[0, 1] == pytest.approx(0.2 + 0.7 * sigma.mean())


def test_noise_makes_the_completions_of_a_group_alike() -> None:
    def spread(noise: float) -> float:
        cohort = replace(ONE_FAMILY, noise=noise).start([0])
        return float(train(cohort, np.zeros((1, 2000), dtype=np.intp)).var())

    # 8 independent completions at .5: variance 2; half of the prompts at .88, half at .12: 9.8
    assert spread(0.0) == pytest.approx(2.0, rel=0.15)
    assert spread(2.0) == pytest.approx(8 * 0.105 + 64 * 0.381**2, rel=0.1)


def test_an_ability_decays_while_other_families_are_trained() -> None:
    student = IRTStudent(name="two", levels={"a": 1, "b": 1}, eta=0.5, decay=0.01)
    cohort = student.start([0])
    train(cohort, np.zeros((1, 8), dtype=np.intp))
    gained = cohort.abilities[0, 0]
    train(cohort, np.full((1, 8), 1))
    assert gained > 0
    assert cohort.abilities[0, 0] == pytest.approx(gained * (1 - 8 * 0.01))


def test_a_faster_family_learns_in_proportion() -> None:
    slow, fast = ONE_FAMILY.start([0]), replace(ONE_FAMILY, speeds={"only": 3.0}).start([0])
    for cohort in (slow, fast):
        train(cohort, np.zeros((1, 8), dtype=np.intp))
    assert fast.abilities[0, 0] == pytest.approx(3 * slow.abilities[0, 0])


def test_the_goal_is_the_top_learnable_level_of_every_family_that_can_learn() -> None:
    space = {"b": 3, "a": 2, "coins": 1}
    cells = describe_cells(space, coin={("coins", 1)}, broken={("b", 3)})
    goal = [key for key, wanted in zip(cells.keys, cells.goal, strict=True) if wanted]
    assert goal == [("a", 2), ("b", 2)]
    every = describe_cells(space, coin={("coins", 1)}, broken={("b", 3)}, every_level=True)
    assert every.goal.sum() == 4


def test_mastery_is_a_true_rate_of_four_fifths_on_the_goal() -> None:
    below = replace(ONE_FAMILY, ability=3.0 + np.log(4) - 1e-6)
    above = replace(ONE_FAMILY, ability=3.0 + np.log(4) + 1e-6)
    assert not below.start([0]).mastered()[0]
    assert above.start([0]).mastered()[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coin": {("onyl", 1)}}, "unknown family 'onyl'; did you mean 'only'"),
        (
            {"broken": {("only", 4)}},
            "broken must name levels between 1 and 3 of family 'only', got 4",
        ),
        ({"speeds": {"oly": 2.0}}, "did you mean 'only'"),
        ({"speeds": {"only": 0.0}}, "speeds must be above 0, got 0.0"),
        ({"coin": {("only", k) for k in (1, 2, 3)}}, "needs a learnable cell"),
        ({"coin": {("only", 1)}, "broken": {("only", 1)}}, "either coin or broken"),
        ({"slip": 0.2}, "slip=0.2"),
        ({"guess": 1.0}, "guess=1.0"),
        ({"groups": 0}, "groups must be at least 1, got 0"),
        ({"generations": 1}, "generations must be between 2 and 255, got 1"),
        ({"generations": 256}, "generations must be between 2 and 255, got 256"),
        ({"lag": -1}, "lag must be at least 0, got -1"),
        ({"budget": 0}, "budget must be at least 1, got 0"),
        ({"eta": 0.0}, "eta must be above 0, got 0.0"),
        ({"decay": 0.2}, "decay must be at least 0 and below 1/groups, got 0.2"),
        ({"noise": -1.0}, "noise must be at least 0, got -1.0"),
        ({"spacing": 0.0}, "spacing must be above 0, got 0.0"),
        ({"levels": {}}, "at least one family"),
    ],
)
def test_impossible_students_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        replace(ONE_FAMILY, **change)
