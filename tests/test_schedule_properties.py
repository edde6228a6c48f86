import copy
import dataclasses
import json
import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from frostline.agents.subsets.schedules import (
    SCORES,
    Cyclic,
    Gradual,
    Greedy,
    Lisa,
    Observed,
    Phase,
    Progressive,
    Schedule,
    parse_schedule,
)

seeds = st.integers(0, 2**32)
counts = st.integers(1, 4)
rates = st.floats(0, 1)
candidate_lists = st.lists(st.integers(0, 40), min_size=4, max_size=12, unique=True)
clocks = st.one_of(
    st.fixed_dictionaries({"every": st.integers(1, 7)}), st.just({"on": "promotion"})
)
orders = st.sampled_from(["bottom_up", "top_down"])
progressives = st.one_of(
    st.builds(
        lambda clock, **rest: Progressive(**clock, **rest),
        clock=clocks,
        order=orders,
        keep=counts,
        step=counts,
    ),
    st.builds(
        Progressive,
        order=orders,
        on=st.just("convergence"),
        keep=counts,
        step=counts,
        threshold=st.floats(0, 10, exclude_min=True),
        window=counts,
    ),
)
graduals = st.builds(
    lambda clock, **rest: Gradual(**clock, **rest), clock=clocks, order=orders, step=counts
)
cyclics = st.builds(
    Cyclic,
    k=counts,
    every=counts,
    order=st.sampled_from(["ascending", "descending", "random"]),
)
lisas = st.builds(Lisa, k=counts, every=counts)
greedies = st.builds(
    Greedy,
    score=st.sampled_from(SCORES[:-1]),
    k=counts,
    every=counts,
    explore=rates,
    ema=st.floats(0, 1, exclude_max=True),
)
from_files = st.builds(
    Greedy,
    score=st.just("contribution"),
    k=counts,
    every=counts,
    explore=rates,
    file=st.from_regex(r"[a-z0-9_./=:-]{1,20}", fullmatch=True),
)
measured = st.one_of(progressives, graduals, cyclics, lisas, greedies)
numbers = st.one_of(st.floats(0, 10), st.just(math.nan))


@given(st.one_of(measured, from_files))
def test_the_text_of_a_schedule_parses_back_to_it(schedule: Schedule) -> None:
    again = parse_schedule(str(schedule))
    assert again == schedule
    assert str(again) == str(schedule)


@given(progressives, candidate_lists, st.lists(st.integers(0, 2), max_size=30))
def test_progressive_sets_are_nested_and_end_at_keep(
    schedule: Progressive, candidates: list[int], promotions: list[int]
) -> None:
    phase = schedule.start(candidates, 0)
    assert phase.active == tuple(sorted(candidates))
    for promoted in promotions:
        observed = Observed(promoted, dict.fromkeys(candidates, 1.0))
        following = schedule.advance(phase, observed, candidates, 0)
        assert set(following.active) <= set(phase.active)
        frozen = set(phase.active) - set(following.active)
        if schedule.order == "bottom_up":
            assert max(frozen, default=-1) < min(following.active)
        else:
            assert min(frozen, default=99) > max(following.active)
        assert len(following.active) >= schedule.keep
        phase = following
    for _ in range(100):  # with constant gradients and promotions in plenty it reaches the end
        observed = Observed(1, dict.fromkeys(candidates, 1.0))
        phase = schedule.advance(phase, observed, candidates, 0)
    assert len(phase.active) == schedule.keep


@given(graduals, candidate_lists)
def test_gradual_sets_grow_by_a_step_to_all_candidates(
    schedule: Gradual, candidates: list[int]
) -> None:
    phase = schedule.start(candidates, 0)
    assert len(phase.active) == schedule.step
    for _ in range(100):
        following = schedule.advance(phase, Observed(1), candidates, 0)
        assert set(following.active) >= set(phase.active)
        assert len(following.active) - len(phase.active) <= schedule.step
        phase = following
    assert phase.active == tuple(sorted(candidates))


@given(cyclics, candidate_lists, seeds)
def test_a_cycle_trains_every_candidate_once(
    schedule: Cyclic, candidates: list[int], seed: int
) -> None:
    blocks = math.ceil(len(candidates) / schedule.k)
    phase = schedule.start(candidates, seed)
    for _ in range(3):
        trained: list[int] = []
        for i in range(blocks * schedule.every):
            if i % schedule.every == 0:
                trained += phase.active
            phase = schedule.advance(phase, Observed(), candidates, seed)
        assert sorted(trained) == sorted(candidates)


@given(lisas, candidate_lists, seeds, st.integers(0, 30))
def test_lisa_depends_on_seed_and_period_alone(
    schedule: Lisa, candidates: list[int], seed: int, iteration: int
) -> None:
    phase = schedule.start(candidates, seed)
    for _ in range(iteration):
        phase = schedule.advance(phase, Observed(1, {0: 2.0}, {0: 1.0}), candidates, seed)
    assert len(set(phase.active)) == schedule.k
    assert set(phase.active) <= set(candidates)
    # the same period of a schedule with other boundaries
    other = dataclasses.replace(schedule, every=1)
    found = other.start(candidates, seed)
    for _ in range(iteration // schedule.every):
        found = other.advance(found, Observed(), candidates, seed)
    assert found.active == phase.active


@given(measured, candidate_lists, seeds)
def test_no_more_layers_train_than_the_bound(
    schedule: Schedule, candidates: list[int], seed: int
) -> None:
    phase = schedule.start(candidates, seed)
    for _ in range(12):
        assert len(phase.active) <= schedule.bound_layers(candidates) <= len(candidates)
        scores = {n: float(n + 1) for n in candidates}
        phase = schedule.advance(phase, Observed(1, scores, scores), candidates, seed)


@st.composite
def observations(draw: st.DrawFn, candidates: list[int]) -> list[Observed]:
    def measure(keys: list[int]) -> st.SearchStrategy[dict[int, float]]:
        full = st.fixed_dictionaries(dict.fromkeys(keys, numbers))
        return st.one_of(full, st.just(dict.fromkeys(keys, 1.0)))

    one = st.builds(
        Observed,
        promotions=st.integers(0, 2),
        grad_norms=measure(candidates),
        scores=st.one_of(st.none(), measure(candidates)),
    )
    return draw(st.lists(one, min_size=1, max_size=15))


@given(st.data(), measured, candidate_lists, seeds)
def test_a_run_split_anywhere_ends_the_same(
    data: st.DataObject, schedule: Schedule, candidates: list[int], seed: int
) -> None:
    observed = data.draw(observations(candidates))
    split = data.draw(st.integers(0, len(observed)))
    phase = schedule.start(candidates, seed)
    resumed = phase
    for i, one in enumerate(observed):
        if i == split:
            resumed = Phase.from_dict(json.loads(json.dumps(resumed.to_dict(), allow_nan=False)))
        before = copy.deepcopy(phase)
        following = schedule.advance(phase, one, candidates, seed)
        assert phase == before  # it was not changed
        phase = following
        resumed = parse_schedule(str(schedule)).advance(resumed, one, candidates[::-1], seed)
    assert resumed == phase
    assert phase.iteration == len(observed)


@given(measured, candidate_lists, seeds)
def test_the_history_tells_the_switches(
    schedule: Schedule, candidates: list[int], seed: int
) -> None:
    phase = schedule.start(candidates, seed)
    expected = [(0, phase.active)]
    for i in range(1, 20):
        scores = {n: math.sin(i * n) ** 2 + 0.1 for n in candidates}
        following = schedule.advance(phase, Observed(i % 3 == 0, scores, scores), candidates, seed)
        if following.active != phase.active:
            expected.append((i, following.active))
        phase = following
        assert list(phase.history) == expected
        assert (phase.phase, phase.since) == (len(expected) - 1, expected[-1][0])


PHASE = Phase.at_start((1, 2)).then((2,), scores={2: 0.5}, norms={2: (1.0, 2.0)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activ": [1]}, "unknown key 'activ'; did you mean 'active'?"),
        ({"since": None}, "cannot be read"),
        ({"scores": [1.0]}, "cannot be read"),
        ({"scores": {"two": 1.0}}, "cannot be read"),
        ({"active": [1]}, "history must end in the last switch, [1, [1]], and hold 2 entries"),
        ({"phase": 3}, "and hold 4 entries; got 2"),
        ({"history": []}, "got 0 that end in []"),
    ],
)
def test_a_saved_phase_is_checked(change: dict[str, object], message: str) -> None:
    assert Phase.from_dict(PHASE.to_dict()) == PHASE
    with pytest.raises(ValueError, match="phase of the subset schedule") as error:
        Phase.from_dict(PHASE.to_dict() | change)
    assert message in str(error.value)


def test_a_saved_phase_that_lacks_a_key_is_refused() -> None:
    state = PHASE.to_dict()
    del state["norms"]
    with pytest.raises(ValueError, match="missing key 'norms'"):
        Phase.from_dict(state)


@given(st.one_of(cyclics, lisas), candidate_lists, seeds, st.integers(1, 20))
@example(Lisa(every=1), [0, 1, 2], 0, 1)
def test_the_preview_is_what_a_run_does(
    schedule: Schedule, candidates: list[int], seed: int, iterations: int
) -> None:
    phase = schedule.start(candidates, seed)
    for _ in range(iterations - 1):
        phase = schedule.advance(phase, Observed(), candidates, seed)
    assert schedule.phases(candidates, seed, iterations) == phase.history


@given(measured)
def test_only_greedy_schedules_have_a_score(schedule: Schedule) -> None:
    assume(not isinstance(schedule, Greedy))
    assert schedule.score is None
    assert not schedule.wants_scores(schedule.start(range(6), 0))
