"""How tickets are shared between families, and the progress that this looks at."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.curricula.cells import Cells, Heard
from frostline.curricula.mixing import Even, Mix, ProgressGated, Standing, progress
from frostline.curricula.trends import trend

SPACE = {"coin": 1, "sums": 2}
BUSY = Standing(finished=False, deficit=0.0)

groups = st.tuples(st.integers(0, 3), st.integers(0, 8)).map(lambda drawn: [*drawn, 8])
whole = st.integers(1, 8).flatmap(lambda n: st.lists(groups, min_size=2 * n, max_size=2 * n))


def started(mix: Mix, space: dict[str, int] = SPACE) -> Any:
    mix.start(Cells(space))
    return mix


def test_progress_compares_the_halves_within_each_cell() -> None:
    # cell 0: 2/8 to 6/8; cell 1: 0/8 to 4/8; weights 1/2; s^2 = 4/16 / 2, see test_trends.py
    seen = [[0, 2, 8], [1, 0, 8], [0, 6, 8], [1, 4, 8]]
    assert progress(seen) == pytest.approx(0.5 / math.sqrt(1 / 8))


def test_a_move_to_easier_cells_is_no_progress() -> None:
    assert progress([[0, 0, 8], [0, 0, 8], [1, 8, 8], [1, 8, 8]]) == 0
    # both cells stand still, the easy one is drawn more often in the later half
    hard, easy = [0, 2, 8], [1, 6, 8]
    assert progress([hard, hard, hard, easy, hard, easy, easy, easy]) == 0


@pytest.mark.parametrize("seen", [[], [[0, 4, 8]], [[0, 0, 8]] * 4, [[0, 8, 8]] * 4])
def test_there_is_no_progress_without_variance(seen: list[list[int]]) -> None:
    assert progress(seen) == 0


@given(whole)
def test_progress_turns_its_sign_with_time_and_with_right_and_wrong(seen: list[list[int]]) -> None:
    assert progress(seen[::-1]) == pytest.approx(-progress(seen))
    wrong = [[cell, trials - right, trials] for cell, right, trials in seen]
    assert progress(wrong) == pytest.approx(-progress(seen))


@given(whole, st.integers(2, 9))
def test_progress_counts_groups_and_not_completions(seen: list[list[int]], k: int) -> None:
    more = [[cell, k * right, k * trials] for cell, right, trials in seen]
    assert progress(more) == pytest.approx(progress(seen))


@given(whole, st.permutations(range(4)))
def test_progress_does_not_depend_on_the_names_of_the_cells(
    seen: list[list[int]], names: list[int]
) -> None:
    renamed = [[names[cell], right, trials] for cell, right, trials in seen]
    assert progress(renamed) == pytest.approx(progress(seen))


@given(whole)
def test_progress_of_one_cell_is_its_trend(seen: list[list[int]]) -> None:
    one = [[0, right, trials] for _, right, trials in seen]
    assert progress(one) == pytest.approx(trend([right / trials for _, right, trials in one]))


def test_even_shares_are_even_or_as_the_weights_say() -> None:
    assert started(Even()).shares([BUSY, BUSY]) == [0.5, 0.5]
    assert started(Even({"sums": 3.0})).shares([BUSY, BUSY]) == [0.25, 0.75]
    assert started(Even({"sums": 3.0, "coin": 5.0})).shares([BUSY, BUSY]) == [0.625, 0.375]


def test_even_shares_do_not_look_at_how_families_stand() -> None:
    done = Standing(finished=True, deficit=0.0)
    assert started(Even()).shares([done, BUSY]) == [0.5, 0.5]


@pytest.mark.parametrize("kind", [Even, ProgressGated])
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"sums": 0.0}, "weights must be positive and finite, got sums=0.0"),
        ({"sums": -1.0}, "weights must be positive and finite, got sums=-1.0"),
        ({"sums": math.inf}, "weights must be positive and finite, got sums=inf"),
        ({"sums": math.nan}, "weights must be positive and finite, got sums=nan"),
        ({"sumz": 1.0}, "weights names the unknown family 'sumz'; did you mean 'sums'"),
    ],
)
def test_weights_that_make_no_shares_are_refused(
    kind: Callable[..., Mix], weights: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        started(kind(weights=weights))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"stretch": 1}, "stretch must be at least 2 groups, got 1"),
        ({"least": -0.1}, "least and idle must be between 0 and 1, got -0.1"),
        ({"idle": 2.0}, "least and idle must be between 0 and 1, got .*, 2.0"),
    ],
)
def test_a_gated_mix_without_sense_is_refused(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProgressGated(**bad)


def heard(cell: int, rates: list[float], seed: int) -> list[Heard]:
    rng = random.Random(seed)
    return [Heard(cell, sum(rng.random() < rate for _ in range(8)), 8) for rate in rates]


def test_families_start_alike_and_by_weight() -> None:
    assert started(ProgressGated()).shares([BUSY, BUSY]) == [0.5, 0.5]
    assert started(ProgressGated(weights={"sums": 3})).shares([BUSY, BUSY]) == [0.25, 0.75]


def test_a_family_of_coin_flips_loses_its_share_to_one_that_makes_progress() -> None:
    mix = started(ProgressGated(stretch=64, z=1.5, least=0.1))
    # half a stretch later the rate is 0.16 higher, 3.6 standard errors
    mix.hear(heard(0, [0.5] * 160, seed=1))
    mix.hear(heard(1, [0.1 + step / 200 for step in range(160)], seed=2))
    coin, sums = mix.shares([BUSY, BUSY])
    assert mix.weight[1] == 1
    assert coin < sums / 3


def test_a_family_that_stands_still_keeps_the_least_weight() -> None:
    mix = started(ProgressGated(stretch=8, least=0.1))
    mix.hear([Heard(0, 4, 8)] * 800)
    coin, sums = mix.shares([BUSY, BUSY])
    assert coin == pytest.approx(0.1 / 1.1)
    assert sums == pytest.approx(1 / 1.1)


def test_progress_brings_the_whole_share_back() -> None:
    mix = started(ProgressGated(stretch=8, least=0.1))
    mix.hear([Heard(1, 0, 8)] * 100)
    assert mix.shares([BUSY, BUSY])[1] < 0.25
    for right in (2, 4, 6, 8):  # z is 2.1 at least
        mix.hear([Heard(1, right, 8)] * 4)
    assert mix.shares([BUSY, BUSY])[1] == 0.5


def test_a_family_that_waits_loses_nothing_by_it() -> None:
    mix = started(ProgressGated(stretch=8))
    mix.hear([Heard(0, 4, 8)] * 100)
    assert mix.weight[1] == 1


def test_a_finished_family_idles_but_for_what_replay_asks() -> None:
    mix = started(ProgressGated(idle=0.05))
    done, worn = Standing(True, deficit=0.0), Standing(True, deficit=0.35)
    assert mix.shares([done, BUSY])[0] == pytest.approx(0.05 / 1.05)
    assert mix.shares([worn, BUSY])[0] == pytest.approx(0.4 / 1.4)
    assert mix.shares([done, done]) == [0.5, 0.5]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), max_size=100),
    st.booleans(),
    st.floats(0, 1),
)
def test_shares_are_positive_and_sum_to_one(
    told: list[tuple[int, int]], finished: bool, deficit: float
) -> None:
    mix = started(ProgressGated(stretch=4))
    mix.hear([Heard(cell, right, 8) for cell, right in told])
    shares = mix.shares([BUSY, Standing(finished, deficit)])
    assert min(shares) > 0
    assert sum(shares) == pytest.approx(1)
