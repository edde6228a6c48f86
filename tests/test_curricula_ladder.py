"""The ladder: what moves it, what does not, and how it does with simulated students."""

import json
import math
import random
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.curricula import (
    CurriculumConfig,
    Event,
    Outcome,
    PromotionLadder,
    Ticket,
    Uniform,
    make_curriculum,
)

GROUP = 16
# the numbers that the tests below compute with; the defaults may change
RULES: dict[str, Any] = {
    "promote_at": 0.7,
    "reject_at": 0.5,
    "demote_below": 0.3,
    "replay": 0.35,
    "preview": 0.1,
    "floor": 0.1,
}


def ladder(top: int = 4, seed: int = 0, **options: Any) -> PromotionLadder:
    return PromotionLadder({"sums": top}, CurriculumConfig(**(RULES | options)), seed)


def tickets_of(curriculum: PromotionLadder, level: int, n: int) -> list[Ticket]:
    """Draw until there are `n` tickets of a level."""
    found: list[Ticket] = []
    while len(found) < n:
        found += [t for t in curriculum.sample(20, policy_version=0) if t.level == level]
    return found[:n]


def answer(curriculum: PromotionLadder, tickets: list[Ticket], rate: float) -> list[Event]:
    return curriculum.update([Outcome(t, round(rate * GROUP), GROUP) for t in tickets])


def shares(curriculum: PromotionLadder) -> dict[int, float]:
    return {level: chance for (_, level), chance in curriculum.probabilities().items()}


def frontier(curriculum: PromotionLadder) -> float:
    return curriculum.metrics()["level/sums"]


def test_at_the_start_the_frontier_takes_what_the_preview_leaves() -> None:
    assert shares(ladder()) == {1: 0.9, 2: 0.1, 3: 0, 4: 0}


def test_a_started_ladder_replays_and_previews() -> None:
    expected = {1: 0.35 / 2, 2: 0.35 / 2, 3: 0.55, 4: 0.1}
    assert shares(ladder(start=3)) == pytest.approx(expected)


def test_the_top_level_leaves_no_preview_and_a_finished_ladder_only_replays() -> None:
    curriculum = ladder(top=2, start=2)
    assert shares(curriculum) == pytest.approx({1: 0.35, 2: 0.65})
    answer(curriculum, tickets_of(curriculum, 2, 4), 1.0)
    assert curriculum.metrics()["passed/sums"] == 2
    assert frontier(curriculum) == 2
    # unseen level 1: weight 0.1 + 1 - 0.5; level 2 after 4 groups without a mistake: about 0.1
    assert shares(curriculum)[1] == pytest.approx(0.85, abs=0.02)


def test_the_weakest_passed_level_is_replayed_most_and_none_is_left_out() -> None:
    curriculum = ladder(start=3)
    answer(curriculum, tickets_of(curriculum, 1, 5), 1.0)
    answer(curriculum, tickets_of(curriculum, 2, 5), 0.5)
    weak, strong = shares(curriculum)[2], shares(curriculum)[1]
    assert weak > 4 * strong > 0
    assert weak + strong == pytest.approx(0.35)


def test_families_share_the_tickets_by_weight() -> None:
    config = CurriculumConfig(**RULES, weights={"sums": 3})
    chances = PromotionLadder({"sums": 1, "programs": 1}, config, seed=0).probabilities()
    assert chances == {("programs", 1): 0.25, ("sums", 1): 0.75}


def test_four_groups_without_a_mistake_pass_a_level() -> None:
    curriculum = ladder()
    tickets = tickets_of(curriculum, 1, 4)
    assert answer(curriculum, tickets[:3], 1.0) == []
    (event,) = answer(curriculum, tickets[3:], 1.0)
    assert (event.kind, event.level, event.frontier) == ("promotion", 1, 2)
    assert (event.groups, event.successes, event.trials) == (4, 64, 64)
    # 64 completions count as 64 / 5.5, all right: n / (n + z^2)
    assert event.bound == pytest.approx((64 / 5.5) / (64 / 5.5 + 1.6448536**2))
    assert event.reason == (
        "log-likelihood ratio of 0.7 to 0.5 is 3.92, bounds -2.30 and 3.00"  # 64 ln 1.4 / 5.5
    )
    assert json.loads(json.dumps(asdict(event)))["kind"] == "promotion"


def test_one_batch_cannot_pass_two_levels_on_the_outcomes_of_one() -> None:
    curriculum = ladder()
    assert len(answer(curriculum, tickets_of(curriculum, 1, 100), 1.0)) == 1
    assert frontier(curriculum) == 2


def test_a_late_outcome_of_a_passed_level_counts_for_replay_not_for_the_frontier() -> None:
    curriculum = ladder()
    tickets = tickets_of(curriculum, 1, 10)
    answer(curriculum, tickets[:4], 1.0)
    before = curriculum.state_dict()["climbs"]["sums"]["gate"]
    answer(curriculum, tickets[4:], 0.5)
    assert curriculum.state_dict()["climbs"]["sums"]["gate"] == before
    assert curriculum.metrics()["success/sums/1"] < 0.8


def test_a_preview_outcome_counts_for_promotion_only_once_its_level_is_the_frontier() -> None:
    curriculum = ladder()
    early, late = tickets_of(curriculum, 2, 4), tickets_of(curriculum, 2, 4)
    assert answer(curriculum, early, 1.0) == []
    answer(curriculum, tickets_of(curriculum, 1, 4), 1.0)
    assert frontier(curriculum) == 2
    (event,) = answer(curriculum, late, 1.0)
    assert (event.level, event.groups) == (2, 4)


def test_a_rejected_test_starts_again_without_an_event() -> None:
    curriculum = ladder()
    assert answer(curriculum, tickets_of(curriculum, 1, 2), 0.0) == []
    assert curriculum.metrics()["rejections/sums"] == 1
    assert curriculum.state_dict()["climbs"]["sums"]["gate"]["groups"] == 0


def test_a_lost_level_is_taken_back_and_the_evidence_starts_again() -> None:
    curriculum = ladder(start=3)
    answer(curriculum, tickets_of(curriculum, 3, 3), 1.0)
    tickets = tickets_of(curriculum, 2, 6)
    assert answer(curriculum, tickets[:5], 0.0) == []
    (event,) = answer(curriculum, tickets[5:], 0.0)
    assert (event.kind, event.level, event.frontier, event.groups) == ("demotion", 2, 2, 6)
    assert event.bound < 0.3
    climb = curriculum.state_dict()["climbs"]["sums"]
    assert (climb["gate"]["groups"], climb["watch"]["groups"]) == (0, 0)


def test_old_successes_do_not_hide_a_lost_level() -> None:
    curriculum = ladder(start=3)
    answer(curriculum, tickets_of(curriculum, 2, 200), 1.0)
    assert [event.kind for event in answer(curriculum, tickets_of(curriculum, 2, 40), 0.0)] == [
        "demotion"
    ]


def test_only_the_highest_passed_level_can_be_lost() -> None:
    curriculum = ladder(start=3)
    assert answer(curriculum, tickets_of(curriculum, 1, 50), 0.0) == []
    assert frontier(curriculum) == 3


def test_a_finished_ladder_can_lose_its_top_level() -> None:
    curriculum = ladder(top=1)
    answer(curriculum, tickets_of(curriculum, 1, 4), 1.0)
    (event,) = answer(curriculum, tickets_of(curriculum, 1, 6), 0.0)
    assert (event.kind, event.level, event.frontier) == ("demotion", 1, 1)
    assert curriculum.metrics()["passed/sums"] == 0


def test_the_first_level_cannot_be_lost() -> None:
    curriculum = ladder()
    assert answer(curriculum, tickets_of(curriculum, 1, 50), 0.0) == []
    assert frontier(curriculum) == 1


def test_a_level_between_demotion_and_promotion_rates_is_left_alone() -> None:
    rng, curriculum = random.Random(3), ladder(start=2, top=2, preview=0, replay=0.9)
    for ticket in tickets_of(curriculum, 1, 1000):
        rate = rng.betavariate(0.5 * 7 / 3, 0.5 * 7 / 3)  # mean 0.5, correlation 0.3
        right = sum(rng.random() < rate for _ in range(GROUP))
        assert curriculum.update([Outcome(ticket, right, GROUP)]) == []


def test_a_ladder_at_the_boundary_promotes_in_at_most_alpha_of_its_tests() -> None:
    rng, promotions, rejections = random.Random(4), 0, 0.0
    for seed in range(250):
        curriculum = ladder(top=2, seed=seed, preview=0)
        for ticket in curriculum.sample(100, policy_version=0):
            rate = rng.betavariate(0.5 * 7 / 3, 0.5 * 7 / 3)
            right = sum(rng.random() < rate for _ in range(GROUP))
            if curriculum.update([Outcome(ticket, right, GROUP)]):
                promotions += 1
                break
        rejections += curriculum.metrics()["rejections/sums"]
    assert promotions + rejections >= 1500
    assert 0 < promotions / (promotions + rejections) <= 0.05


class Student:
    """Ability on a logit scale; level k is passed at rate sigmoid(ability - 1.2 (k - 1)).

    A group of success rate r adds 0.3 r (1 - r), as the gradient of a tabular policy does.
    """

    def __init__(self, seed: int) -> None:
        self.ability = 0.5
        self.rng = random.Random(seed)

    def rate(self, level: int) -> float:
        return 1 / (1 + math.exp(1.2 * (level - 1) - self.ability))

    def work_on(self, ticket: Ticket) -> Outcome:
        rate = self.rate(ticket.level)
        right = sum(self.rng.random() < rate for _ in range(GROUP))
        self.ability += 0.3 * right / GROUP * (1 - right / GROUP)
        return Outcome(ticket, right, GROUP)


def steps_to_top(curriculum: PromotionLadder | Uniform, student: Student, top: int) -> int:
    for step in range(400):
        if student.rate(top) >= 0.8:
            return step
        tickets = curriculum.sample(8, policy_version=step)
        curriculum.update([student.work_on(ticket) for ticket in tickets])
    return 400


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_learning_student_reaches_the_top_sooner_than_under_uniform_levels(seed: int) -> None:
    climbing = steps_to_top(ladder(top=8, seed=seed), Student(seed), top=8)
    spread = steps_to_top(Uniform({"sums": 8}, seed), Student(seed), top=8)
    assert climbing < 0.8 * spread < 300


def test_a_student_that_forgets_is_taken_down_and_comes_up_again() -> None:
    curriculum, student = ladder(top=6), Student(seed=5)
    steps_to_top(curriculum, student, top=6)
    student.ability = 2.0
    events: list[Event] = []
    for step in range(200):
        tickets = curriculum.sample(8, policy_version=step)
        events += curriculum.update([student.work_on(ticket) for ticket in tickets])
    kinds = [event.kind for event in events]
    assert "demotion" in kinds
    assert kinds[-1] == "promotion"
    assert curriculum.metrics()["passed/sums"] == 6


@pytest.mark.parametrize("kind", ["ladder", "uniform", "fixed"])
def test_the_configuration_names_the_curriculum(kind: Any) -> None:
    curriculum = make_curriculum(CurriculumConfig(kind=kind), {"sums": 2}, seed=0)
    assert curriculum.state_dict()["kind"] == kind


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"promot_at": 0.9},
            "unknown option promot_at of the curriculum; did you mean 'promote_at'",
        ),
        (
            {"demote_below": 0.5},
            "needs demote_below < reject_at < promote_at, got demote_below=0",
        ),
        ({"replay": 0.9, "preview": 0.1}, r"replay \+ preview must be below 1, got replay=0.9"),
        ({"weights": {"sums": 0}}, "weights must be positive, got sums=0"),
        ({"alpha": 0.7}, "alpha"),
        ({"start": 0}, "start must be between 1 and 4 for family 'sums', got 0"),
        ({"start": {"sums": 5}}, "start must be between 1 and 4 for family 'sums', got 5"),
        ({"start": {"sum": 1}}, "start names the unknown family 'sum'; did you mean 'sums'"),
        ({"weights": {"sumz": 1}}, "weights names the unknown family 'sumz'; did you mean 'sums'"),
        ({"kind": "fixed", "level": 9}, "level must be between 1 and 4 for family 'sums', got 9"),
    ],
)
def test_bad_options_are_refused_by_name(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_curriculum(CurriculumConfig(**(RULES | options)), {"sums": 4}, seed=0)


@pytest.mark.parametrize(
    ("space", "message"), [({}, "at least one family"), ({"sums": 0}, "got sums=0")]
)
def test_an_empty_space_is_refused(space: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_curriculum(CurriculumConfig(), space, seed=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(-3, 5), st.integers(-3, 5))
def test_impossible_counts_are_refused(successes: int, trials: int) -> None:
    (ticket,) = ladder().sample(1, policy_version=0)
    if 0 <= successes <= trials and trials:
        assert Outcome(ticket, successes, trials).trials == trials
    else:
        with pytest.raises(ValueError, match=r"successes <= trials|trials >= 1"):
            Outcome(ticket, successes, trials)


def test_a_negative_number_of_tickets_is_refused() -> None:
    with pytest.raises(ValueError, match="n must be at least 0, got -1"):
        ladder().sample(-1, policy_version=0)
