"""What every curriculum promises: properties of the protocol, checked on all of them."""

import doctest
import importlib
import importlib.util
import json
import pkgutil
import sys
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import frostline.curricula
from frostline.curricula import (
    Curriculum,
    CurriculumConfig,
    FixedLevel,
    Outcome,
    PromotionLadder,
    Ticket,
    make_curriculum,
)

SPACE = {"programs": 3, "arithmetic": 4}
# gates of one or two groups, so that short scripts see promotions and demotions
NERVOUS: dict[str, Any] = {"alpha": 0.4, "beta": 0.4, "icc": 0.0, "demote_groups": 1}
CONFIGS = [
    CurriculumConfig(**NERVOUS),
    CurriculumConfig(**NERVOUS, start={"programs": 3, "arithmetic": 2}, weights={"programs": 3}),
    CurriculumConfig(gate="wilson", alpha=0.4, icc=0.0, start=3, half_life=0.5, demote_groups=2),
    CurriculumConfig(kind="uniform"),
    CurriculumConfig(kind="fixed", level={"programs": 1, "arithmetic": 4}),
]
# per step: how many tickets to draw, and for which open tickets an outcome arrives
Answer = tuple[int, int, bool]  # (place among the open tickets, successes of 8, error)
Script = list[tuple[int, list[Answer]]]

configs = st.sampled_from(CONFIGS)
seeds = st.integers(0, 2**32)
successes = st.sampled_from([0, 0, 4, 8, 8])
answers = st.tuples(st.integers(0, 50), successes, st.sampled_from([False, False, True]))
scripts = st.lists(st.tuples(st.integers(0, 8), st.lists(answers, max_size=8)), max_size=12)
quick = settings(max_examples=60, deadline=None)


def build(config: CurriculumConfig, seed: int) -> Curriculum:
    return make_curriculum(config, SPACE, seed)


def play(curriculum: Curriculum, script: Script, waiting: list[Ticket]) -> list[Any]:
    """Follow a script; return everything the curriculum said."""
    said: list[Any] = []
    for version, (n, step) in enumerate(script):
        tickets = curriculum.sample(n, policy_version=version)
        waiting.extend(tickets)
        outcomes = []
        for place, successes, error in step:
            if waiting:
                ticket = waiting.pop(place % len(waiting))
                outcomes.append(Outcome(ticket, successes, 8, error=error))
        said += [tickets, curriculum.update(outcomes), curriculum.probabilities()]
        said.append(curriculum.metrics())
    return said


@quick
@given(configs, seeds, scripts)
def test_probabilities_are_a_distribution_over_the_whole_space(
    config: CurriculumConfig, seed: int, script: Script
) -> None:
    curriculum = build(config, seed)
    play(curriculum, script, [])
    chances = curriculum.probabilities()
    assert set(chances) == {(f, k) for f, top in SPACE.items() for k in range(1, top + 1)}
    assert min(chances.values()) >= 0
    assert sum(chances.values()) == pytest.approx(1)


@quick
@given(configs, seeds, scripts)
def test_levels_stay_inside_the_space(config: CurriculumConfig, seed: int, script: Script) -> None:
    for part in play(build(config, seed), script, []):
        if isinstance(part, dict) and "errors" in part:
            assert all(1 <= part[f"level/{family}"] <= top for family, top in SPACE.items())


@quick
@given(configs, seeds, scripts)
def test_tickets_carry_what_they_were_drawn_with(
    config: CurriculumConfig, seed: int, script: Script
) -> None:
    curriculum = build(config, seed)
    play(curriculum, script, [])
    chances = curriculum.probabilities()
    for ticket in curriculum.sample(20, policy_version=7):
        assert ticket.probability == chances[ticket.family, ticket.level] > 0
        assert (ticket.split, ticket.policy_version) == ("train", 7)
        assert 0 <= ticket.index < 2**62


@quick
@given(configs, seeds, scripts, st.integers(0, 12))
def test_a_run_split_anywhere_and_restored_from_json_text_goes_on_the_same(
    config: CurriculumConfig, seed: int, script: Script, split: int
) -> None:
    first = build(config, seed)
    waiting: list[Ticket] = []
    play(first, script[:split], waiting)
    second = build(config, seed + 1)
    second.load_state_dict(json.loads(json.dumps(first.state_dict(), sort_keys=True)))
    assert play(second, script[split:], list(waiting)) == play(first, script[split:], waiting)
    assert second.state_dict() == first.state_dict()


@quick
@given(configs, seeds, scripts)
def test_a_saved_state_does_not_change_when_the_run_goes_on(
    config: CurriculumConfig, seed: int, script: Script
) -> None:
    curriculum = build(config, seed)
    waiting: list[Ticket] = []
    play(curriculum, script, waiting)
    state = curriculum.state_dict()
    text = json.dumps(state)
    play(curriculum, script, waiting)
    assert json.dumps(state) == text


@quick
@given(configs, seeds, scripts)
def test_errors_of_ours_move_nothing(config: CurriculumConfig, seed: int, script: Script) -> None:
    curriculum = build(config, seed)
    waiting: list[Ticket] = []
    play(curriculum, script, waiting)
    before, chances = curriculum.state_dict(), curriculum.probabilities()
    assert curriculum.update([Outcome(ticket, 0, 0, error=True) for ticket in waiting]) == []
    after = curriculum.state_dict()
    assert curriculum.probabilities() == chances
    assert after["book"]["errors"] == before["book"]["errors"] + len(waiting)
    assert after["book"]["open"] == []
    del after["book"], before["book"]
    assert after == before


@quick
@given(configs, seeds, scripts, st.randoms(use_true_random=False))
def test_order_and_repetition_within_a_call_do_not_matter(
    config: CurriculumConfig, seed: int, script: Script, shuffler: Any
) -> None:
    first = build(config, seed)
    waiting: list[Ticket] = []
    play(first, script, waiting)
    second = build(config, seed)
    second.load_state_dict(first.state_dict())
    outcomes = [Outcome(ticket, 8 * (ticket.index % 2), 8) for ticket in waiting]
    mixed = outcomes + outcomes[: len(outcomes) // 2]
    shuffler.shuffle(mixed)
    assert second.update(mixed) == first.update(outcomes)
    assert second.state_dict() == first.state_dict()


@quick
@given(configs, seeds, scripts)
def test_a_ticket_counts_once(config: CurriculumConfig, seed: int, script: Script) -> None:
    curriculum = build(config, seed)
    waiting: list[Ticket] = []
    play(curriculum, script, waiting)
    curriculum.update([Outcome(ticket, 8, 8) for ticket in waiting])
    state = curriculum.state_dict()
    assert curriculum.update([Outcome(ticket, 0, 8) for ticket in waiting]) == []
    assert curriculum.state_dict() == state


@pytest.mark.parametrize("config", CONFIGS)
def test_tickets_that_were_never_issued_are_refused_and_nothing_is_learned(
    config: CurriculumConfig,
) -> None:
    curriculum = build(config, seed=0)
    good, *_ = curriculum.sample(2, policy_version=0)
    state = curriculum.state_dict()
    bad = {
        "never issued here": [Outcome(replace(good, id=2), 1, 2)],
        "differs from the one issued": [Outcome(replace(good, split="test"), 1, 2)],
        "two different outcomes": [Outcome(good, 2, 2)],
    }
    for message, outcomes in bad.items():
        with pytest.raises(ValueError, match=message):
            curriculum.update([Outcome(good, 1, 2), *outcomes])
    assert curriculum.state_dict() == state


@pytest.mark.parametrize("config", CONFIGS)
def test_a_state_with_wrong_keys_is_refused_with_the_near_name(config: CurriculumConfig) -> None:
    curriculum = build(config, seed=0)
    state = curriculum.state_dict()
    renamed = {("boook" if key == "book" else key): value for key, value in state.items()}
    with pytest.raises(ValueError, match="unknown key 'boook'; did you mean 'book'") as refusal:
        curriculum.load_state_dict(renamed)
    assert "missing key 'book'" in str(refusal.value)
    for inner in ("book", "recent"):
        with pytest.raises(ValueError, match="unknown key 'extra'"):
            curriculum.load_state_dict(state | {inner: state[inner] | {"extra": 1}})
    assert curriculum.state_dict() == state


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "state version must be 1, got 2"),
        ({"kind": "uniform"}, "state is of kind 'uniform', this curriculum is 'ladder'"),
        ({"space": {"arithmetic": 9}}, "state is over {'arithmetic': 9}"),
        ({"moves": {}}, "missing key 'promotion'"),
        ({"climbs": {"arithmetic": {}}}, "climbs needs keys arithmetic, programs: missing key"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(
    change: dict[str, Any], message: str
) -> None:
    ladder = PromotionLadder(SPACE, CurriculumConfig(), seed=0)
    ladder.sample(3, policy_version=0)
    state = ladder.state_dict()
    with pytest.raises(ValueError, match=message):
        ladder.load_state_dict(state | change)
    with pytest.raises(ValueError, match="no usable random state"):
        ladder.load_state_dict(state | {"book": state["book"] | {"rng": [3, [1, 2], None]}})
    assert ladder.state_dict() == state


@pytest.mark.parametrize("config", CONFIGS)
def test_every_kind_keeps_the_protocol_and_its_common_metrics(config: CurriculumConfig) -> None:
    curriculum = build(config, seed=0)
    ticket = curriculum.sample(1, policy_version=0)[0]
    curriculum.update([Outcome(ticket, 3, 4)])
    assert isinstance(curriculum, Curriculum)
    numbers = curriculum.metrics()
    assert numbers[f"success/{ticket.family}/{ticket.level}"] == 0.75
    assert {"promotions", "demotions", "errors", "level/programs"} <= numbers.keys()
    assert json.loads(json.dumps(asdict(ticket))) == asdict(ticket)


def test_draws_do_not_depend_on_the_order_in_which_the_space_is_written() -> None:
    turned = dict(reversed(SPACE.items()))
    for config in CONFIGS:
        other = make_curriculum(config, turned, seed=3).sample(20, policy_version=0)
        assert other == build(config, seed=3).sample(20, policy_version=0)


def test_neighbouring_seeds_share_no_problem() -> None:
    drawn = [build(CONFIGS[0], seed).sample(50, policy_version=0) for seed in range(20)]
    assert len({ticket.index for tickets in drawn for ticket in tickets}) == 20 * 50


def test_tickets_are_drawn_in_proportion() -> None:
    tickets = build(CurriculumConfig(kind="uniform"), seed=1).sample(6000, policy_version=0)
    for family, top in SPACE.items():
        for level in range(1, top + 1):
            count = sum((t.family, t.level) == (family, level) for t in tickets)
            assert count == pytest.approx(3000 / top, abs=5 * (3000 / top) ** 0.5)


def test_the_stream_of_tickets_is_the_same_on_every_machine_and_version() -> None:
    tickets = build(CurriculumConfig(kind="uniform"), seed=0).sample(2, policy_version=0)
    assert [(t.family, t.level, t.index) for t in tickets] == [
        ("arithmetic", 4, 3802812265501743340),
        ("programs", 1, 2316186754195842647),
    ]


def test_fixed_level_must_name_every_family() -> None:
    with pytest.raises(ValueError, match="level must name every family, 'programs' is missing"):
        FixedLevel(SPACE, {"arithmetic": 1}, seed=0)


@pytest.mark.parametrize(
    "name", [m.name for m in pkgutil.iter_modules(frostline.curricula.__path__)]
)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    module = importlib.import_module(f"frostline.curricula.{name}")
    assert doctest.testmod(module).failed == 0


def test_the_folder_cannot_be_imported_under_another_name() -> None:
    spec = importlib.util.spec_from_file_location("curricula", frostline.curricula.__file__)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ImportError, match=r"as frostline\.curricula, not as curricula"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert "curricula" not in sys.modules
