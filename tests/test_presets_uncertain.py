"""Rules that seek mixed groups, replayed by hand from the formulas of their sources."""

import pytest
from lessons import FAMILY, chances, levels_on, teach

from frostline.curricula import Outcome
from frostline.curricula.presets import dapo, irt_thompson, kimi, mopps, plr, sec, sfl


def test_plr_visits_every_cell_before_it_replays_any() -> None:
    curriculum = plr({FAMILY: 3}, seed=0)
    assert chances(curriculum) == pytest.approx([1 / 3] * 3)
    teach(curriculum, (2, 4, 8))
    assert chances(curriculum) == [0.5, 0, 0.5]


def test_plr_replays_by_rank_and_staleness() -> None:
    # sizes 0, 1/2, 3/8: ranks 3, 1, 2 with weights 3^-10, 1, 2^-10; ages 2, 1 and 0 groups
    curriculum = plr({FAMILY: 3}, seed=0)
    teach(curriculum, (1, 8, 8))
    teach(curriculum, (2, 4, 8))
    teach(curriculum, (3, 2, 8))
    total = 1 + 2**-10 + 3**-10
    expected = [
        0.9 * 3**-10 / total + 0.1 * 2 / 3,
        0.9 / total + 0.1 * 1 / 3,
        0.9 * 2**-10 / total,
    ]
    assert expected == pytest.approx([0.0666819, 0.9324400, 0.00087803], abs=1e-6)
    assert chances(curriculum) == pytest.approx(expected)


def test_plr_can_let_the_chance_of_a_replay_follow_what_was_seen() -> None:
    curriculum = plr({FAMILY: 4}, seed=0, replay_from=0.0)
    teach(curriculum, (1, 4, 8))
    teach(curriculum, (2, 8, 8))
    # half is replay: 0.9 by rank (1 against 2^-10) and 0.1 to level 1, the only stale one
    rank = 1 / (1 + 2**-10)
    assert chances(curriculum) == pytest.approx(
        [0.5 * (0.9 * rank + 0.1), 0.5 * 0.9 * (1 - rank), 0.25, 0.25]
    )


def test_sfl_gives_half_to_the_most_learnable_cell_and_half_to_all() -> None:
    curriculum = sfl({FAMILY: 4}, seed=0)
    assert chances(curriculum) == pytest.approx([0.25] * 4)  # 1/2 is believed of all
    teach(curriculum, (1, 8, 8), (2, 4, 8), (3, 0, 8), (4, 1, 8))
    assert chances(curriculum) == pytest.approx([0.125, 0.625, 0.125, 0.125])


def test_sfl_keeps_a_share_of_the_cells() -> None:
    curriculum = sfl({FAMILY: 4}, seed=0, top=0.5, random=0.0)
    teach(curriculum, (1, 8, 8), (2, 4, 8), (3, 0, 8), (4, 1, 8))
    assert chances(curriculum) == pytest.approx([0, 0.5, 0, 0.5])
    with pytest.raises(ValueError, match=r"top must be in \(0, 1\], got 0"):
        sfl({FAMILY: 4}, seed=0, top=0)


def test_sec_draws_from_a_softmax_of_averaged_advantages() -> None:
    curriculum = sec({FAMILY: 2}, seed=0)
    assert chances(curriculum) == [0.5, 0.5]
    # 2 sqrt(1/4 * 3/4) = 0.8660: Q1 = 0.4330, e^(0.4330 / 0.2) = 8.7151
    teach(curriculum, (1, 2, 8))
    assert chances(curriculum)[0] == pytest.approx(8.7151 / 9.7151, abs=1e-5)
    # all right: Q1 = 0.2165; level 2: (1 + 0) / 2, Q2 = 0.25; e^((0.2165 - 0.25) / 0.2) = 0.84583
    teach(curriculum, (1, 8, 8), (2, 4, 8), (2, 8, 8))
    assert chances(curriculum)[0] == pytest.approx(0.84583 / 1.84583, abs=1e-5)


def test_mopps_keeps_an_eighth_of_evenly_drawn_candidates() -> None:
    curriculum = mopps({FAMILY: 16}, seed=0)
    chosen = set()
    for _ in range(60):
        curriculum.sample(1, policy_version=0)
        on = levels_on(curriculum)
        assert sorted(chances(curriculum))[-2:] == [0.5, 0.5]  # 2 of 16 cells
        chosen.update(on)
    assert chosen == set(range(1, 17))  # nothing is known yet


def test_mopps_trains_where_the_posterior_is_near_the_target() -> None:
    curriculum = mopps({FAMILY: 3}, seed=0, decay=1.0)
    for _ in range(100):
        for level, right in ((1, 8), (2, 4), (3, 0)):
            if level in levels_on(curriculum):
                teach(curriculum, (level, right, 8))
    assert chances(curriculum) == [0, 1, 0]
    with pytest.raises(ValueError, match=r"decay must be in \(0, 1\], got 0"):
        mopps({FAMILY: 3}, seed=0, decay=0)


def test_irt_thompson_plays_the_level_at_the_ability() -> None:
    curriculum = irt_thompson({FAMILY: 5}, seed=0, keep=1.0)
    teach(curriculum, *[(3, 4, 8)] * 60)  # the ability is 3, whatever the spread
    assert chances(curriculum) == pytest.approx([0.01, 0.01, 0.96, 0.01, 0.01])


def test_irt_thompson_may_go_back() -> None:
    curriculum = irt_thompson({FAMILY: 5}, seed=0)
    teach(curriculum, *[(5, 8, 8)] * 20)
    assert chances(curriculum)[4] == pytest.approx(0.96)
    teach(curriculum, *[(1, 0, 8)] * 60)
    assert chances(curriculum)[0] == pytest.approx(0.96)


def test_kimi_draws_in_proportion_to_what_is_wrong() -> None:
    curriculum = kimi({FAMILY: 2}, seed=0, window=2)
    assert chances(curriculum) == [0.5, 0.5]
    teach(curriculum, (1, 6, 8))  # 0.25 against 1
    assert chances(curriculum) == pytest.approx([0.2, 0.8])
    teach(curriculum, (1, 2, 8))  # 1 - 8/16 = 0.5 against 1
    assert chances(curriculum) == pytest.approx([1 / 3, 2 / 3])
    teach(curriculum, (1, 8, 8))  # of the last two groups 10 of 16: 0.375 against 1
    assert chances(curriculum) == pytest.approx([0.375 / 1.375, 1 / 1.375])


def test_kimi_is_even_once_everything_is_solved() -> None:
    curriculum = kimi({FAMILY: 2}, seed=0)
    teach(curriculum, (1, 8, 8), (2, 8, 8))
    assert chances(curriculum) == [0.5, 0.5]


def test_dapo_admits_mixed_groups_only_and_draws_evenly() -> None:
    curriculum = dapo({FAMILY: 2}, seed=0)
    (ticket,) = curriculum.sample(1, policy_version=0)
    admitted = [curriculum.admits(Outcome(ticket, right, 8)) for right in range(9)]
    assert admitted == [False] + [True] * 7 + [False]
    assert not curriculum.admits(Outcome(ticket, 4, 8, error=True))
    assert chances(curriculum) == [0.5, 0.5]


def test_dapo_can_be_stricter() -> None:
    curriculum = dapo({FAMILY: 2}, seed=0, above=0.2, below=0.8)
    (ticket,) = curriculum.sample(1, policy_version=0)
    admitted = [right for right in range(11) if curriculum.admits(Outcome(ticket, right, 10))]
    assert admitted == [3, 4, 5, 6, 7]


def test_cells_of_all_families_compete() -> None:
    curriculum = kimi({FAMILY: 2, "terms": 2}, seed=0)
    teach(curriculum, (1, 8, 8), (2, 8, 8))
    assert chances(curriculum) == [0, 0]
    assert chances(curriculum, family="terms") == [0.5, 0.5]
