"""The chances that a composition of parts comes to, worked out by hand."""

from collections.abc import Sequence
from typing import Any, final

import pytest
from rungs import AT_ONCE, GATE

from frostline.curricula import PRESETS, Curriculum, Event, MeanThreshold, Outcome, Ticket
from frostline.curricula.demotion import UpperBound
from frostline.curricula.estimators import EMA
from frostline.curricula.filters import GroupFilter
from frostline.curricula.floors import EvenFloor
from frostline.curricula.ladder import Ladder
from frostline.curricula.mixing import Even, Mix, Standing
from frostline.curricula.quarantine import Quarantine
from frostline.curricula.reach import Reach
from frostline.curricula.replay import Deficit, FixedShare
from frostline.curricula.scores import LogitTarget, Moment, Score
from frostline.curricula.selection import EpsilonGreedy, Softmax

SUMS = {"sums": 4}
BOTH = {"coin": 1, "sums": 4}


@final
class ByLevel(Score):
    """A cell is worth its level."""

    def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
        return [float(self.cells.level(cell)) for cell in cells]


def compose(space: dict[str, int] | None = None, **parts: Any) -> Curriculum:
    return Curriculum(space or SUMS, kind="composed", seed=0, **parts)


def shares(curriculum: Curriculum, family: str = "sums") -> list[float]:
    chances = curriculum.probabilities()
    return [chances[family, level] for level in range(1, curriculum.space[family] + 1)]


def answer(curriculum: Curriculum, level: int, *successes: int, of: int = 10) -> list[Event]:
    """Answer groups of a level one by one, drawing until there are enough tickets of it."""
    events = []
    for right in successes:
        found: list[Ticket] = []
        while not found:
            tickets = curriculum.sample(20, policy_version=0)
            found = [t for t in tickets if (t.family, t.level) == ("sums", level)]
        events += curriculum.update([Outcome(found[0], right, of)])
    return events


def test_without_parts_families_and_their_levels_are_drawn_alike() -> None:
    curriculum = compose(BOTH)
    assert shares(curriculum, "coin") == [0.5]
    assert shares(curriculum) == [0.125] * 4


def test_scores_become_chances_within_each_family() -> None:
    curriculum = compose(BOTH, score=ByLevel(), mix=Even({"sums": 4}))
    assert shares(curriculum, "coin") == pytest.approx([0.2])
    assert shares(curriculum) == pytest.approx([0.08, 0.16, 0.24, 0.32])


def test_jointly_the_cells_of_all_families_compete() -> None:
    curriculum = compose(BOTH, score=ByLevel(), joint=True)
    assert shares(curriculum, "coin") == pytest.approx([1 / 11])
    assert shares(curriculum) == pytest.approx([1 / 11, 2 / 11, 3 / 11, 4 / 11])


def test_the_selection_is_applied_to_the_scores_and_the_floor_to_its_chances() -> None:
    curriculum = compose(
        score=ByLevel(), selection=EpsilonGreedy(epsilon=0.2), floor=EvenFloor(0.4)
    )
    # greedy: 0.05, 0.05, 0.05, 0.85; 0.6 of that plus 0.1
    assert shares(curriculum) == pytest.approx([0.13, 0.13, 0.13, 0.61])


def test_a_joint_floor_is_spread_over_all_open_cells() -> None:
    curriculum = compose(BOTH, score=ByLevel(), joint=True, floor=EvenFloor(0.5))
    assert shares(curriculum, "coin") == pytest.approx([0.5 / 11 + 0.1])


def test_a_ladder_shares_by_score_among_what_is_open() -> None:
    ladder = Ladder(GATE, starts=2, reach=Reach(behind=None, ahead=1))
    assert shares(compose(score=ByLevel(), ladder=ladder)) == pytest.approx(
        [1 / 6, 2 / 6, 3 / 6, 0]
    )


def test_replay_takes_its_share_from_what_the_scores_made() -> None:
    curriculum = compose(
        estimator=EMA(1.0, prior=0.5),
        ladder=Ladder(GATE, starts=3, reach=Reach(ahead=1)),
        replay=FixedShare(share=0.4, floor=0.1),
    )
    # levels 1 and 2 share 0.4 by 0.1 + 1 - rate, levels 3 and 4 share the rest
    assert shares(curriculum) == pytest.approx([0.2, 0.2, 0.3, 0.3])
    answer(curriculum, 1, 10)
    assert shares(curriculum) == pytest.approx([0.4 * 0.1 / 0.7, 0.4 * 0.6 / 0.7, 0.3, 0.3])


def test_a_deficit_takes_no_more_than_the_passed_levels_have_lost() -> None:
    curriculum = compose(
        estimator=EMA(1.0, prior=0.9),
        ladder=Ladder(GATE, starts=3),
        replay=Deficit(keep=0.8, gain=0.5, most=0.4),
        floor=EvenFloor(0.3),
    )
    assert shares(curriculum) == pytest.approx([0.1, 0.1, 0.8, 0])
    answer(curriculum, 2, 4)  # 0.4 below: 0.2 of the tickets, before the floor
    assert shares(curriculum) == pytest.approx([0.1, 0.24, 0.66, 0])


def test_a_passed_level_above_a_hole_is_replayed_though_it_is_not_open() -> None:
    curriculum = compose(
        ladder=Ladder(AT_ONCE, starts=4, demotion=UpperBound(below=0.3, groups=1)),
        replay=FixedShare(share=0.4, floor=0.1),
    )
    (event,) = answer(curriculum, 2, 0)
    assert (event.kind, event.frontier) == ("demotion", 2)
    assert shares(curriculum) == pytest.approx([0.2, 0.6, 0.2, 0])


def test_a_finished_family_with_a_fixed_share_is_all_replay() -> None:
    curriculum = compose(
        {"sums": 2},
        estimator=EMA(1.0, prior=0.5),
        ladder=Ladder(AT_ONCE, starts=2),
        replay=FixedShare(share=0.4, floor=0.1),
    )
    answer(curriculum, 2, 10)
    assert shares(curriculum) == pytest.approx([0.6 / 0.7, 0.1 / 0.7])


def test_the_floor_probes_what_is_in_quarantine_out_of_reach() -> None:
    rules: dict[str, Any] = {"quarantine": Quarantine(never=1, random=0), "reach": Reach(ahead=1)}
    without = compose(ladder=Ladder(GATE, **rules))
    answer(without, 1, 0)
    assert shares(without) == [0, 0.5, 0.5, 0]
    probing = compose(ladder=Ladder(GATE, **rules), floor=EvenFloor(0.3))
    answer(probing, 1, 0)
    assert shares(probing) == pytest.approx([0.1, 0.45, 0.45, 0])
    assert probing.metrics()["quarantined/sums"] == 1


@pytest.mark.parametrize("joint", [False, True])
def test_a_level_in_quarantine_scores_what_the_quarantine_says(joint: bool) -> None:
    quarantine = Quarantine(never=1, random=0, weight=0.25)
    ladder = Ladder(GATE, quarantine=quarantine, reach=Reach(behind=None, ahead=1))
    curriculum = compose(ladder=ladder, joint=joint)
    answer(curriculum, 1, 0)
    assert shares(curriculum) == pytest.approx([0.25 / 2.25, 1 / 2.25, 1 / 2.25, 0])


def test_where_nothing_else_is_left_levels_in_quarantine_share_alike() -> None:
    """A coin flip must not hide a level that has hardly begun to succeed."""
    ladder = Ladder(GATE, quarantine=Quarantine(never=1, random=4), reach=Reach(behind=None))
    curriculum = compose({"sums": 2}, score=LogitTarget(0.3, 0.5), ladder=ladder)
    for right in (4, 4, 4, 4):
        answer(curriculum, 1, right)
    answer(curriculum, 2, 0)
    assert curriculum.metrics()["quarantined/sums"] == 2
    assert shares(curriculum) == pytest.approx([0.5, 0.5])


def test_a_quarantine_takes_scores_in_proportion() -> None:
    with pytest.raises(
        ValueError, match="a quarantine takes a Proportional selection, got Softmax"
    ):
        compose(
            selection=Softmax(temperature=1.0), ladder=Ladder(GATE, quarantine=Quarantine(never=1))
        )


def test_a_family_of_one_level_in_quarantine_still_gets_its_share_once() -> None:
    ladder = Ladder(GATE, quarantine=Quarantine(never=1, random=0))
    curriculum = compose({"sums": 1}, ladder=ladder, floor=EvenFloor(0.3))
    answer(curriculum, 1, 0)
    assert shares(curriculum) == [1]


def test_the_mix_hears_how_every_family_stands() -> None:
    @final
    class Listening(Mix):
        def shares(self, standings: Sequence[Standing]) -> list[float]:
            heard.append(list(standings))
            return [0.0, 1.0]

    heard: list[list[Standing]] = []
    curriculum = compose(
        BOTH,
        estimator=EMA(1.0, prior=0.5),
        score=ByLevel(),
        ladder=Ladder(AT_ONCE, starts={"sums": 2}, reach=Reach(ahead=1)),
        replay=Deficit(keep=0.8, gain=0.5),
        mix=Listening(),
    )
    curriculum.probabilities()
    coin, sums = heard[-1]
    assert coin == Standing(finished=False, deficit=0.0)
    assert not sums.finished
    assert sums.deficit == pytest.approx(0.15)


def test_chances_are_worked_out_once_between_changes() -> None:
    @final
    class Counting(Score):
        calls = 0

        def values(self, cells: Sequence[int], moment: Moment) -> list[float]:
            self.calls += 1
            return [1.0] * len(cells)

    curriculum = compose(score=(score := Counting()))
    curriculum.probabilities()
    curriculum.metrics()
    (ticket,) = curriculum.sample(1, policy_version=0)
    assert score.calls == 1
    curriculum.update([Outcome(ticket, 1, 2)])
    curriculum.probabilities()
    curriculum.update([Outcome(ticket, 1, 2)])  # closed: nothing changes
    curriculum.probabilities()
    assert score.calls == 2


def test_a_test_does_not_begin_with_the_batch_that_made_its_level_look_good() -> None:
    curriculum = compose({"sums": 1}, estimator=EMA(1.0), ladder=Ladder(AT_ONCE, begin=0.5))
    tickets = curriculum.sample(50, policy_version=0)
    assert curriculum.update([Outcome(ticket, 8, 8) for ticket in tickets[:49]]) == []
    (event,) = curriculum.update([Outcome(tickets[49], 8, 8)])
    assert (event.kind, event.groups) == ("promotion", 1)


def test_a_late_outcome_of_a_passed_level_does_not_count_for_the_frontier() -> None:
    curriculum = compose(ladder=Ladder(MeanThreshold(0.7, groups=3, sliding=False)))
    tickets = curriculum.sample(30, policy_version=0)
    assert {ticket.level for ticket in tickets} == {1}
    events = curriculum.update([Outcome(ticket, 8, 8) for ticket in tickets])
    assert [(event.level, event.frontier) for event in events] == [(1, 2)]


def test_a_filter_says_which_groups_are_trained_on() -> None:
    curriculum = compose(filter=GroupFilter(above=0.2, below=0.8))
    tickets = curriculum.sample(5, policy_version=0)
    admitted = [
        right for right, t in enumerate(tickets) if curriculum.admits(Outcome(t, 2 * right, 10))
    ]
    assert admitted == [2, 3]
    assert not curriculum.admits(Outcome(tickets[0], 5, 10, error=True))
    assert compose().admits(Outcome(tickets[0], 0, 10))


def test_a_curriculum_states_the_error_rate_of_its_gate() -> None:
    assert (compose().alpha, compose().false_below) == (None, None)
    gated = compose(ladder=Ladder(GATE))
    assert (gated.alpha, gated.false_below) == (0.05, 0.5)


def test_metrics_of_a_ladder_say_where_families_stand() -> None:
    curriculum = compose(ladder=Ladder(AT_ONCE, starts=2))
    answer(curriculum, 2, 0, 10)
    numbers = curriculum.metrics()
    assert numbers["level/sums"] == 3
    assert numbers["passed/sums"] == 2
    assert numbers["rejections/sums"] == 1
    assert numbers["quarantined/sums"] == 0
    assert numbers["promotions"] == 1


def test_the_level_of_a_curriculum_without_a_ladder_is_its_likeliest() -> None:
    assert compose().metrics()["level/sums"] == 4
    assert PRESETS["fixed"](SUMS, seed=0, level=3).metrics()["level/sums"] == 3
