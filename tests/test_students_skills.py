"""Students made of skills: their rates and updates by hand."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from frostline.curricula.students import STUDENTS, SkillCohort, SkillStudent, train
from frostline.curricula.students.named import chain, dag, window
from frostline.curricula.students.skill_cohort import Answers

PAIR = SkillStudent(
    name="pair", needs={"pair": ((0,), (0, 1))}, starts=(0.8, 0.5), eta=0.4, generations=4
)
# four completions of the second level: the first skill succeeds in three, the second in two
SKILLS = np.array([[[1, 1, 1, 0], [1, 0, 1, 0]]], dtype=np.uint8)
RIGHT = np.array([[1, 0, 1, 0]], dtype=np.uint8)


def learn(student: SkillStudent, skills: Any = SKILLS, right: Any = RIGHT) -> NDArray[Any]:
    """Return the change of the logits by one group of the second level."""
    cohort = student.start([0])
    group = Answers(np.array([0]), np.array([0]), np.array([1]), skills, right)
    change: NDArray[Any] = cohort._change(group)[0]
    return change


def test_a_rate_is_the_product_of_the_skills_it_needs() -> None:
    assert PAIR.start([0]).rates()[0] == pytest.approx([0.8, 0.8 * 0.5])


def test_a_group_moves_its_skills_by_the_policy_gradient() -> None:
    # mean r = 1/2; mean (r - 1/2)(x - q): (1/2 - 1/2 + 1/2 - 0)/4 and (1/2 - 0 + 1/2 - 0)/4,
    # the terms in q cancel
    assert learn(PAIR) == pytest.approx([0.4 * 0.125, 0.4 * 0.25])


def test_the_update_is_that_of_the_formula_with_q() -> None:
    q = np.array([0.8, 0.5])
    advantages = RIGHT[0] - RIGHT[0].mean()
    expected = 0.4 * (advantages * (SKILLS[0] - q[:, None])).mean(axis=1)
    assert learn(PAIR) == pytest.approx(expected)


def test_normalized_advantages_are_divided_by_the_deviation_of_the_group() -> None:
    normalized = replace(PAIR, normalize=True)
    assert learn(normalized) == pytest.approx(learn(PAIR) / 0.5)


@pytest.mark.parametrize("normalize", [False, True])
def test_a_group_of_equal_results_teaches_nothing(normalize: bool) -> None:
    student = replace(PAIR, normalize=normalize)
    assert learn(student, right=np.zeros((1, 4), dtype=np.uint8)).tolist() == [0, 0]
    assert learn(student, right=np.ones((1, 4), dtype=np.uint8)).tolist() == [0, 0]


def test_a_lucky_guess_teaches_the_wrong_thing() -> None:
    guess = np.array([[0, 1, 0, 0]], dtype=np.uint8)  # right although the second skill failed
    # (1 * 1 - 1/4 * 3)/4 and (0 - 1/4 * 2)/4
    assert learn(PAIR, right=guess) == pytest.approx([0.4 * 0.0625, -0.4 * 0.125])


def test_the_mean_update_is_the_expected_gradient() -> None:
    cohort = replace(PAIR, eta=1e-4).start([0])
    before = cohort.logits[0, :-1].copy()
    train(cohort, np.full((1, 20_000), 1))
    change = (cohort.logits[0, :-1] - before) / 20_000 / 1e-4
    # (1 - 1/G) p (1 - q_j)
    assert change == pytest.approx([0.75 * 0.4 * 0.2, 0.75 * 0.4 * 0.5], rel=0.05)


def test_a_skill_that_no_group_of_the_step_exercises_decays() -> None:
    cohort = replace(PAIR, decay=0.01).start([0])
    cohort.logits[0, 1] += 2.0
    before = cohort.logits[0, 1]
    train(cohort, np.array([[0, 0, 0]]))
    assert before - cohort.logits[0, 1] == pytest.approx(3 * 0.01 * 2.0)


def test_an_exercised_skill_does_not_decay() -> None:
    decaying, lasting = replace(PAIR, decay=0.01).start([0]), PAIR.start([0])
    for cohort in (decaying, lasting):
        cohort.logits[0, :-1] += 1.0
        train(cohort, np.array([[1, 1]]))
    assert (decaying.logits == lasting.logits).all()


def test_a_discarded_group_is_no_time_in_which_a_skill_decays() -> None:
    cohort = replace(PAIR, decay=0.01).start([0])
    cohort.logits[0, 1] += 2.0
    before = cohort.logits[0, 1]
    answers = cohort.answer(np.array([[0, 0, 0]]))
    cohort.learn(np.array([[0, -1, -1]]), answers)
    assert before - cohort.logits[0, 1] == pytest.approx(0.01 * 2.0)


def test_coin_flips_keep_no_skill_alive() -> None:
    student = SkillStudent(
        name="idle",
        needs={"a": ((0,),), "b": ((),)},
        starts=(0.5,),
        coin=frozenset({("b", 1)}),
        decay=0.01,
    )
    cohort = student.start([0])
    cohort.logits[0, 0] += 1.0
    train(cohort, np.array([[1, 1]]))
    assert cohort.logits[0, 0] == pytest.approx(1.0 - 2 * 0.01)


def test_noise_is_averaged_over_easy_and_hard_prompts() -> None:
    student = replace(PAIR, noise=1.0)
    logits = np.log(np.array([0.8, 0.5]) / np.array([0.2, 0.5]))
    easy, hard = (1 / (1 + np.exp(-(logits + offset))) for offset in (1.0, -1.0))
    expected = (easy.prod() + hard.prod()) / 2
    assert student.start([0]).rates()[0, 1] == pytest.approx(expected)


def test_a_skill_learned_in_one_level_helps_the_others() -> None:
    cohort = PAIR.start([0])
    before = cohort.rates()[0, 1]
    for _ in range(20):
        train(cohort, np.zeros((1, 8), dtype=np.intp))
    assert cohort.rates()[0, 1] > before


def test_a_gain_is_the_expected_update_weighed_by_what_the_goal_lacks() -> None:
    cohort = PAIR.start([0])
    first = 0.4 * 0.75 * 0.8 * (0.2 * 0.2)  # level 1: one skill, (1 - q)**(1 + 1)
    second = 0.4 * 0.75 * 0.4 * (0.2 * 0.2 + 0.5 * 0.5)
    assert cohort.gains(1.0)[0] == pytest.approx([first, second])


def test_decay_is_part_of_a_gain() -> None:
    cohort = replace(PAIR, decay=0.01).start([0])
    cohort.logits[0, 1] += np.log(3)  # from .5 to .75
    lost = 0.01 * np.log(3) * 0.25  # of the second skill, while the first level is trained
    first = 0.4 * 0.75 * 0.8 * (0.2 * 0.2)
    assert cohort.gains(1.0)[0, 0] == pytest.approx(first - lost)


def test_a_student_travels_to_another_process() -> None:
    student = STUDENTS["skill_dag"]
    _ = student.start([0])  # with what it has cached
    assert pickle.loads(pickle.dumps(student)) == student


def test_shapes_of_needs() -> None:
    assert chain(3) == ((0,), (0, 1), (0, 1, 2))
    assert window(4, 3) == ((0,), (0, 1), (0, 1, 2), (1, 2, 3))
    assert dag(2, 2) == {"family_1": ((0,), (0, 1)), "family_2": ((2,), (0, 2, 3))}


def test_only_the_skills_that_a_batch_needs_are_padded() -> None:
    cohort = STUDENTS["skill_chain"].start([0])
    assert isinstance(cohort, SkillCohort)
    skills, right = cohort._answer(np.array([0, 0]), np.array([0, 2]))
    assert skills.shape == (2, 3, 8)
    assert skills[0, 1:].all()  # padding never fails
    assert (right == skills.all(axis=1)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starts": (0.8, 1.0)}, "starts must lie strictly between 0 and 1, got 1.0"),
        ({"starts": (0.8,)}, "needs must name skills between 0 and 0, got 1 for level 2 of 'pair'"),
        ({"needs": {"pair": ((0,), ())}}, "level 2 of 'pair' must need a skill or be coin"),
        ({"needs": {"pair": ((0,), (1, 1))}}, "needs must name a skill once"),
        ({"goal": "most"}, "goal must be 'top' or 'all', got 'most'"),
    ],
)
def test_impossible_skills_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PAIR, **change)
