"""Saving and restoring: a run goes on as if it had never stopped, or the state is refused."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedulers import FACTORIES, SPACE, Script, build, names, play, scripts, seeds

from frostline.curricula import Curriculum, Outcome, Ticket

every = pytest.mark.parametrize("name", sorted(FACTORIES))
BUSY: Script = [(8, [(0, 8, 8, False), (1, 0, 8, False), (2, 4, 8, False)] * 2)] * 6


@every
@settings(max_examples=12, deadline=None)
@given(seed=seeds, script=scripts, split=st.integers(0, 12))
def test_a_run_split_anywhere_and_restored_from_json_text_goes_on_the_same(
    name: str, seed: int, script: Script, split: int
) -> None:
    first, second = build(name, seed), build(name, seed + 1)
    waiting: list[Ticket] = []
    play(first, script[:split], waiting)
    second.load_state_dict(json.loads(json.dumps(first.state_dict(), sort_keys=True)))
    restored = play(second, script[split:], list(waiting), first=split)
    assert restored == play(first, script[split:], waiting, first=split)
    assert second.state_dict() == first.state_dict()


@every
def test_what_a_curriculum_did_before_it_was_restored_leaves_no_trace(name: str) -> None:
    source, used = build(name, seed=1), build(name, seed=2)
    waiting: list[Ticket] = []
    play(source, BUSY, waiting)
    play(used, BUSY, [])
    used.load_state_dict(json.loads(json.dumps(source.state_dict())))
    assert used.probabilities() == source.probabilities()
    assert play(used, BUSY, list(waiting)) == play(source, BUSY, waiting)


@every
def test_a_long_run_saved_after_every_step_goes_on_the_same(name: str) -> None:
    whole, saved = build(name), build(name)
    for version in range(40):
        tickets = whole.sample(6, policy_version=version)
        assert saved.sample(6, policy_version=version) == tickets
        # every third step nothing arrives
        heard = [t for t in tickets if t.index % 7 and version % 3]
        outcomes = [Outcome(t, t.index % 3 * 4, 8) for t in heard]
        assert saved.update(outcomes) == whole.update(outcomes)
        fresh = build(name, seed=99)
        fresh.load_state_dict(json.loads(json.dumps(saved.state_dict())))
        saved = fresh
        assert saved.probabilities() == whole.probabilities()


@settings(max_examples=150, deadline=None)
@given(names, seeds, scripts)
def test_a_saved_state_does_not_change_when_the_run_goes_on(
    name: str, seed: int, script: Script
) -> None:
    curriculum = build(name, seed)
    waiting: list[Ticket] = []
    play(curriculum, script, waiting)
    state = curriculum.state_dict()
    text = json.dumps(state)
    play(curriculum, script, waiting)
    assert json.dumps(state) == text


@every
def test_two_curricula_restored_from_one_state_share_nothing(name: str) -> None:
    source = build(name)
    waiting: list[Ticket] = []
    play(source, BUSY, waiting)
    state = source.state_dict()
    text = json.dumps(state)
    first, second = build(name), build(name)
    first.load_state_dict(state)
    second.load_state_dict(state)
    play(first, BUSY, list(waiting))
    assert json.dumps(second.state_dict()) == text
    assert json.dumps(state) == text


@every
def test_a_state_with_wrong_keys_is_refused_with_the_near_name(name: str) -> None:
    curriculum = build(name)
    state = curriculum.state_dict()
    renamed = {("boook" if key == "book" else key): value for key, value in state.items()}
    with pytest.raises(ValueError, match="unknown key 'boook'; did you mean 'book'") as refusal:
        curriculum.load_state_dict(renamed)
    assert "missing key 'book'" in str(refusal.value)
    for inner in ("book", "recent", "parts"):
        with pytest.raises(ValueError, match="unknown key 'extra'"):
            curriculum.load_state_dict(state | {inner: state[inner] | {"extra": 1}})
    assert curriculum.state_dict() == state


@every
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 0}, "state version must be 1, got 0"),
        ({"kind": "foreign"}, "state is of kind 'foreign', this curriculum is"),
        ({"space": {"arithmetic": 9}}, "state is over {'arithmetic': 9}, this curriculum is over"),
        ({"parts": 3}, "parts must be a mapping, got int"),
    ],
)
def test_a_state_of_something_else_is_refused(
    name: str, change: dict[str, Any], message: str
) -> None:
    curriculum = build(name)
    with pytest.raises(ValueError, match=message):
        curriculum.load_state_dict(curriculum.state_dict() | change)


def spoiled(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return copies of a state, each with one thing in it that does not fit."""
    book, parts = state["book"], state["parts"]
    copies = [
        state | {"book": book | {"rng": [3, [1, 2], None]}},
        state | {"book": book | {"next_id": 0}},
        state | {"book": book | {"open": [*book["open"], {"id": 0}]}},
        state | {"recent": state["recent"] | {"right": []}},
    ]
    for name, part in parts.items():
        wrong = [part | {"part": "Other"}]
        for key, value in part.items():
            if key != "part":
                wrong.append({other: part[other] for other in part if other != key})
                wrong.append(part | {key: [*value, 0] if isinstance(value, list) else "text"})
        copies += [state | {"parts": parts | {name: bad}} for bad in wrong]
    return copies


@every
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(name: str) -> None:
    curriculum, other = build(name, seed=1), build(name, seed=2)
    play(curriculum, BUSY, [])
    play(other, BUSY[:3], [])
    state, chances = curriculum.state_dict(), curriculum.probabilities()
    for bad in spoiled(other.state_dict()):
        with pytest.raises(ValueError, match=r"must|needs|is of part|random state"):
            curriculum.load_state_dict(bad)
        assert curriculum.state_dict() == state
    assert curriculum.probabilities() == chances


@every
def test_a_part_cannot_be_shared_by_two_curricula(name: str) -> None:
    for role, part in build(name)._sharing.parts().items():
        with pytest.raises(ValueError, match=f"this {type(part).__name__} is part of another"):
            Curriculum(SPACE, kind="thief", seed=0, **{role: part})  # type: ignore[arg-type]
