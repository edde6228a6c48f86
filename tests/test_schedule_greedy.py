import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.agents.subsets.schedules import (
    Greedy,
    Observed,
    parse_schedule,
)

seeds = st.integers(0, 2**32)
counts = st.integers(1, 4)


def write_profile(path: Path, contributions: Mapping[int, object]) -> Path:
    rows = [{"layer": n, "contribution": c, "gain": 0.1} for n, c in contributions.items()]
    path.write_text(json.dumps({"layers": rows}))
    return path


def test_greedy_without_exploration_takes_the_layers_of_highest_score() -> None:
    schedule = parse_schedule("greedy:k=2,every=2,explore=0")
    phase = schedule.start(range(4), 0)
    start = phase.active
    for scores, expected in [
        (None, start),
        ({0: 1.0, 1: 4.0, 2: 3.0, 3: 2.0}, (1, 2)),
        ({0: 9.0, 1: 0.0, 2: 0.0, 3: 0.0}, (1, 2)),  # within a period
        ({0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, (0, 1)),  # ties go to the bottom
    ]:
        phase = schedule.advance(phase, Observed(scores=scores), range(4), 0)
        assert phase.active == expected


@given(st.lists(st.floats(0.1, 10), min_size=4, max_size=8), counts, seeds)
def test_greedy_takes_the_top_k(values: list[float], k: int, seed: int) -> None:
    schedule = Greedy(k=k, every=1, explore=0.0)
    layers = range(len(values))
    phase = schedule.advance(
        schedule.start(layers, seed), Observed(scores=dict(enumerate(values))), layers, seed
    )
    rest = [values[n] for n in layers if n not in phase.active]
    assert len(phase.active) == k
    assert min(values[n] for n in phase.active) >= max(rest, default=0.0)


@given(seeds)
def test_greedy_starts_with_a_choice_that_the_seed_makes(seed: int) -> None:
    phase = Greedy(k=3, every=5).start(range(9), seed)
    assert len(set(phase.active)) == 3
    assert phase == Greedy(k=3, every=5).start(range(8, -1, -1), seed)


def test_each_place_explores_with_the_stated_probability() -> None:
    # with explore = 0.5 and one place among 4 layers, a layer other than the best is taken with
    # probability 0.5 · 3/4 = 0.375; 2000 draws have a standard error of 0.011
    schedule, scores = Greedy(k=1, every=1, explore=0.5), {0: 4.0, 1: 3.0, 2: 2.0, 3: 1.0}
    others = sum(
        schedule.advance(schedule.start(range(4), s), Observed(scores=scores), range(4), s).active
        != (0,)
        for s in range(2000)
    )
    assert others / 2000 == pytest.approx(0.375, abs=0.045)


@pytest.mark.parametrize(
    "scores",
    [None, {}, {0: 1.0, 1: 2.0}, {0: 1.0, 1: math.nan, 2: 3.0}, {0: 0.0, 1: 0.0, 2: 0.0},
     {0: 1.0, 1: math.inf, 2: 3.0}],
)  # fmt: skip
def test_scores_that_say_nothing_leave_the_active_layers(scores: dict[int, float] | None) -> None:
    schedule = Greedy(k=1, every=1, explore=0.0)
    first = schedule.advance(
        schedule.start(range(3), 0), Observed(scores={0: 1.0, 1: 5.0, 2: 2.0}), range(3), 0
    )
    second = schedule.advance(first, Observed(scores=scores), range(3), 0)
    assert second.active == first.active == (1,)
    assert second.scores == first.scores


def test_scores_are_averaged_with_the_stated_weight() -> None:
    schedule = Greedy(k=1, every=1, explore=0.0, ema=0.75)
    phase = schedule.start(range(2), 0)
    phase = schedule.advance(phase, Observed(scores={0: 4.0, 1: 2.0}), range(2), 0)
    assert phase.scores == {0: 4.0, 1: 2.0}
    phase = schedule.advance(phase, Observed(scores={0: 0.0, 1: 6.0}), range(2), 0)
    assert phase.scores == {0: 3.0, 1: 3.0}
    assert phase.active == (0,)


def test_scores_are_wanted_in_the_last_iteration_of_each_period() -> None:
    schedule = Greedy(k=1, every=3)
    phase = schedule.start(range(3), 0)
    wanted = []
    for _ in range(7):
        wanted.append(schedule.wants_scores(phase))
        phase = schedule.advance(phase, Observed(), range(3), 0)
    assert wanted == [False, False, True, False, False, True, False]


def test_contributions_come_from_the_file_and_nothing_is_measured(tmp_path: Path) -> None:
    path = write_profile(tmp_path / "profile.json", {0: 0.9, 1: -0.2, 2: 1.1, 3: 0.5, 7: None})
    text = f"greedy:score=contribution,k=2,every=3,explore=0,file={path}"
    schedule = parse_schedule(text)
    phase = schedule.start([0, 1, 2, 3], 0)
    assert phase.active == (0, 2)
    assert schedule.depends_on is None
    path.unlink()  # it was read once
    for _ in range(4):
        assert not schedule.wants_scores(phase)
        phase = schedule.advance(phase, Observed(scores={1: 9.0}), [0, 1, 2, 3], 0)
        assert phase.active == (0, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "must be a profile of the layers"),
        ("{", "must be a profile of the layers"),
        ('{"rows": []}', "must be a profile of the layers"),
        ('{"layers": [{"layer": 0}]}', "must be a profile of the layers"),
        ('{"layers": [{"layer": 0, "contribution": 1.0}]}', "must give layer 1 a finite contr"),
        ('{"layers": [{"layer": 0, "contribution": null}]}', "must give layer 0 a finite contr"),
        ('{"layers": [{"layer": 0, "contribution": NaN}]}', "finite contribution, got nan"),
    ],
)
def test_a_profile_that_lacks_a_contribution_is_refused(
    tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "profile.json"
    if content is not None:
        path.write_text(content)
    schedule = Greedy(score="contribution", k=1, every=1, file=str(path))
    with pytest.raises(ValueError, match="profile") as error:
        schedule.start([0, 1], 0)
    assert message in str(error.value)
