"""What every curriculum promises: properties of the protocol, checked on all of them."""

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedulers import FACTORIES, SPACE, Script, build, names, play, scripts, seeds

from frostline.curricula import Outcome, Scheduler, Ticket

every = pytest.mark.parametrize("name", sorted(FACTORIES))
many = settings(max_examples=150, deadline=None)


@many
@given(names, seeds, scripts)
def test_probabilities_are_a_distribution_over_the_whole_space(
    name: str, seed: int, script: Script
) -> None:
    cells = {(f, k) for f, top in SPACE.items() for k in range(1, top + 1)}
    for part in play(build(name, seed), script, []):
        if isinstance(part, dict) and "errors" not in part:
            assert set(part) == cells
            assert min(part.values()) >= 0
            assert sum(part.values()) == pytest.approx(1)


@many
@given(names, seeds, scripts)
def test_levels_stay_inside_the_space(name: str, seed: int, script: Script) -> None:
    for part in play(build(name, seed), script, []):
        if isinstance(part, dict) and "errors" in part:
            assert all(1 <= part[f"level/{family}"] <= top for family, top in SPACE.items())


@many
@given(names, seeds, scripts)
def test_events_are_of_levels_in_the_space_with_their_evidence(
    name: str, seed: int, script: Script
) -> None:
    said = play(build(name, seed), script, [], reading=False)
    for event in (event for part in said[1::2] for event in part):
        assert 1 <= event.level <= SPACE[event.family]
        assert 1 <= event.frontier <= SPACE[event.family]
        assert 0 <= event.successes <= event.trials
        assert 0 <= event.lower <= event.upper <= 1
        assert event.groups >= 1
        assert event.reason
        assert json.loads(json.dumps(asdict(event))) == asdict(event)


@many
@given(names, seeds, scripts)
def test_events_and_metrics_count_the_same_moves(name: str, seed: int, script: Script) -> None:
    curriculum = build(name, seed)
    said = play(curriculum, script, [], reading=False)
    kinds = [event.kind for part in said[1::2] for event in part]
    numbers = curriculum.metrics()
    assert numbers["promotions"] == kinds.count("promotion")
    assert numbers["demotions"] == kinds.count("demotion")


@many
@given(names, seeds, scripts)
def test_tickets_carry_what_they_were_drawn_with(name: str, seed: int, script: Script) -> None:
    curriculum = build(name, seed)
    play(curriculum, script, [])
    curriculum.sample(0, policy_version=7)
    chances = curriculum.probabilities()
    for ticket in curriculum.sample(20, policy_version=7):
        assert ticket.probability == chances[ticket.family, ticket.level] > 0
        assert (ticket.split, ticket.policy_version) == ("train", 7)
        assert 0 <= ticket.index < 2**62


@many
@given(names, seeds, scripts)
def test_reading_probabilities_and_metrics_changes_nothing(
    name: str, seed: int, script: Script
) -> None:
    read, unread = build(name, seed), build(name, seed)
    play(read, script, [], reading=True)
    play(unread, script, [], reading=False)
    assert read.state_dict() == unread.state_dict()


@many
@given(names, seeds, scripts)
def test_errors_of_ours_move_nothing(name: str, seed: int, script: Script) -> None:
    curriculum = build(name, seed)
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


@many
@given(names, seeds, scripts, st.randoms(use_true_random=False))
def test_order_and_repetition_within_a_call_do_not_matter(
    name: str, seed: int, script: Script, shuffler: Any
) -> None:
    first, second = build(name, seed), build(name, seed)
    waiting: list[Ticket] = []
    play(first, script, waiting)
    second.load_state_dict(first.state_dict())
    outcomes = [Outcome(ticket, 8 * (ticket.index % 2), 8) for ticket in waiting]
    mixed = outcomes + outcomes[: len(outcomes) // 2]
    shuffler.shuffle(mixed)
    assert second.update(mixed) == first.update(outcomes)
    assert second.state_dict() == first.state_dict()


@many
@given(names, seeds, scripts)
def test_a_ticket_counts_once(name: str, seed: int, script: Script) -> None:
    curriculum = build(name, seed)
    waiting: list[Ticket] = []
    play(curriculum, script, waiting)
    curriculum.update([Outcome(ticket, 8, 8) for ticket in waiting])
    state = curriculum.state_dict()
    assert curriculum.update([Outcome(ticket, 0, 8) for ticket in waiting]) == []
    assert curriculum.state_dict() == state


@every
def test_a_late_outcome_counts_for_the_level_of_its_ticket_alone(name: str) -> None:
    curriculum = build(name)
    late, *rest = curriculum.sample(30, policy_version=0)
    curriculum.update([Outcome(ticket, 8, 8) for ticket in rest])
    for version in range(1, 5):
        tickets = curriculum.sample(10, policy_version=version)
        curriculum.update([Outcome(ticket, 8, 8) for ticket in tickets])
    before = curriculum.metrics()
    curriculum.update([Outcome(late, 0, 8)])
    after = curriculum.metrics()
    rates = {key for key in after if key.startswith("success/")}
    changed = {key for key in rates if after[key] != before.get(key)}
    assert changed == {f"success/{late.family}/{late.level}"}


@every
def test_tickets_that_were_never_issued_are_refused_and_nothing_is_learned(name: str) -> None:
    curriculum = build(name)
    good, *_ = curriculum.sample(2, policy_version=0)
    state, chances = curriculum.state_dict(), curriculum.probabilities()
    bad = {
        "never issued here": Outcome(replace(good, id=2), 1, 2),
        "differs from the one issued": Outcome(replace(good, split="test"), 1, 2),
        "two different outcomes": Outcome(good, 2, 2),
    }
    for message, outcome in bad.items():
        with pytest.raises(ValueError, match=message):
            curriculum.update([Outcome(good, 1, 2), outcome])
    assert curriculum.state_dict() == state
    assert curriculum.probabilities() == chances


@every
def test_a_group_that_is_cut_short_counts_as_what_was_graded(name: str) -> None:
    curriculum = build(name)
    (ticket,) = curriculum.sample(1, policy_version=0)
    curriculum.update([Outcome(ticket, 1, 3)])
    assert curriculum.metrics()[f"success/{ticket.family}/{ticket.level}"] == pytest.approx(1 / 3)


@every
def test_every_kind_keeps_the_protocol_and_its_common_metrics(name: str) -> None:
    curriculum = build(name)
    assert isinstance(curriculum, Scheduler)
    assert curriculum.space == SPACE
    assert list(curriculum.space) == sorted(SPACE)
    (ticket,) = curriculum.sample(1, policy_version=0)
    outcome = Outcome(ticket, 3, 4)
    curriculum.update([outcome])
    numbers = curriculum.metrics()
    assert numbers[f"success/{ticket.family}/{ticket.level}"] == 0.75
    assert {"promotions", "demotions", "errors", "level/programs"} <= numbers.keys()
    assert all(type(value) is float for value in numbers.values())
    assert curriculum.admits(outcome)
    assert json.loads(json.dumps(asdict(ticket))) == asdict(ticket)


@every
def test_draws_do_not_depend_on_the_order_in_which_the_space_is_written(name: str) -> None:
    turned = dict(reversed(SPACE.items()))
    other = build(name, seed=3, space=turned).sample(20, policy_version=0)
    assert other == build(name, seed=3).sample(20, policy_version=0)


@every
def test_the_same_seed_gives_the_same_run_and_another_seed_another(name: str) -> None:
    script: Script = [(8, [(0, 8, 8, False), (0, 0, 8, False)] * 4)] * 5
    runs = [play(build(name, seed), script, []) for seed in (5, 5, 6)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("name", ["mopps", "irt_thompson"])
def test_a_rule_that_draws_from_a_posterior_draws_anew_with_every_call(name: str) -> None:
    curriculum, seen = build(name), []
    for _ in range(8):
        seen.append(curriculum.probabilities())
        assert curriculum.probabilities() == seen[-1]
        curriculum.sample(1, policy_version=0)
    assert any(chances != seen[0] for chances in seen)


def test_neighbouring_seeds_share_no_problem() -> None:
    drawn = [build("uniform", seed).sample(50, policy_version=0) for seed in range(20)]
    assert len({ticket.index for tickets in drawn for ticket in tickets}) == 20 * 50


def test_tickets_are_drawn_in_proportion() -> None:
    curriculum = build("uniform", seed=1)
    tickets = curriculum.sample(6000, policy_version=0)
    for (family, level), chance in curriculum.probabilities().items():
        count = sum((t.family, t.level) == (family, level) for t in tickets)
        assert count == pytest.approx(6000 * chance, abs=5 * (6000 * chance) ** 0.5)


def test_the_stream_of_tickets_is_the_same_on_every_machine_and_version() -> None:
    curriculum = build("uniform", space={"programs": 3, "arithmetic": 4})
    tickets = curriculum.sample(2, policy_version=0)
    assert [(t.family, t.level, t.index) for t in tickets] == [
        ("arithmetic", 4, 3802812265501743340),
        ("programs", 1, 2316186754195842647),
    ]


def test_a_run_of_the_ladder_is_the_same_on_every_machine_and_version() -> None:
    curriculum, digest = build("ladder, jumpy", seed=0), hashlib.blake2b(digest_size=8)
    kinds = set()
    for version in range(60):
        tickets = curriculum.sample(4, policy_version=version)
        digest.update(repr([(t.family, t.level, t.index) for t in tickets]).encode())
        outcomes = [Outcome(t, 8 * (t.index % 3 > 0), 8) for t in tickets]
        kinds |= {event.kind for event in curriculum.update(outcomes)}
    assert kinds == {"promotion", "demotion"}
    assert digest.hexdigest() == "582fce17c4f36d8b"


def test_the_nervous_curriculum_of_these_tests_moves_in_every_way() -> None:
    """Otherwise the properties above would say less than they seem to."""
    curriculum, kinds = build("nervous"), set()
    for version in range(60):
        tickets = curriculum.sample(8, policy_version=version)
        outcomes = [Outcome(t, (t.index % 3) * 4, 8) for t in tickets]
        kinds |= {event.kind for event in curriculum.update(outcomes)}
    assert kinds == {"promotion", "demotion", "quarantine", "release"}


def test_a_negative_number_of_tickets_is_refused() -> None:
    with pytest.raises(ValueError, match="n must be a whole number of at least 0, got -1"):
        build("uniform").sample(-1, policy_version=0)


@given(st.integers(-3, 5), st.integers(-3, 5), st.booleans())
def test_impossible_counts_are_refused(right: int, trials: int, error: bool) -> None:
    ticket = Ticket(0, "sums", 1, "train", 0, policy_version=0, probability=1.0)
    if 0 <= right <= trials and (trials or error):
        assert Outcome(ticket, right, trials, error=error).trials == trials
    else:
        with pytest.raises(ValueError, match=r"successes <= trials|trials >= 1"):
            Outcome(ticket, right, trials, error=error)
