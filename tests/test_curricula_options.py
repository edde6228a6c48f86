"""What presets refuse: every message names the option as the caller spells it."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from frostline.curricula import PRESETS, Curriculum, Outcome, Ticket
from frostline.curricula.checks import check_count, check_option, check_order, check_weights
from frostline.curricula.presets import fixed, mopps, sfl
from frostline.curricula.tickets import TicketBook

SPACE = {"a": 3}
NAN = math.nan


def refused(name: str, message: str, **options: Any) -> None:
    """Check that a preset refuses some options in these words."""
    if name in {"linear", "e2h_cosine", "e2h_gaussian"}:
        options = {"horizon": 9} | options
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}"):
        PRESETS[name](SPACE, seed=0, **options)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("e2h_gaussian", {"floor": -1}, "floor must be a finite number of at least 0, got -1"),
        ("e2h_gaussian", {"floor": NAN}, "floor must be a finite number of at least 0, got nan"),
        ("e2h_gaussian", {"sigma": 0}, "sigma must be a finite number above 0, got 0"),
        ("e2h_gaussian", {"sigma": -1}, "sigma must be a finite number above 0, got -1"),
        ("e2h_gaussian", {"sigma": NAN}, "sigma must be a finite number above 0, got nan"),
        ("e2h_gaussian", {"exponent": -1}, "exponent must be a finite number above 0, got -1"),
        ("linear", {"horizon": NAN}, "horizon must be a finite number of at least 1, got nan"),
        ("e2h_cosine", {"horizon": "9"}, "horizon must be a finite number of at least 1, got '9'"),
        ("reasoning_gym", {"failure": 0.7}, "needs failure < success, got failure=0.7, success=0"),
        ("reasoning_gym", {"success": 2}, "success must be between 0 and 1, got 2"),
        ("reasoning_gym", {"window": 2.5}, "window must be a whole number of at least 1, got 2.5"),
        ("rlve", {"threshold": 0}, "threshold must be in (0, 1], got 0"),
        ("rlve", {"window": 0}, "window must be a whole number of at least 1, got 0"),
        ("rlve", {"prompts": 0}, "prompts must be a whole number of at least 1, got 0"),
        ("atropos", {"complexity": -1}, "complexity must be between 0 and 1, got -1"),
        ("atropos", {"target": 1}, "target must be in (0, 1), got 1"),
        ("adarft", {"eta": math.inf}, "eta must be a finite number above 0, got inf"),
        ("adarft", {"beta": 1.5}, "beta must be between 0 and 1, got 1.5"),
        ("tscl_online", {"rate": "x"}, "rate must be in (0, 1], got 'x'"),
        ("tscl_sampling", {"window": 1}, "window must be a whole number of at least 2, got 1"),
        ("learning_progress", {"uniform": -1}, "uniform must be between 0 and 1, got -1"),
        ("learning_progress", {"theta": 1}, "theta must be in (0, 0.5], got 1"),
        ("learning_progress", {"cap": 1}, "cap must be in [0, 1), got 1"),
        ("plr", {"beta": NAN}, "beta must be a finite number above 0, got nan"),
        ("plr", {"replay_from": 2}, "replay_from must be between 0 and 1, got 2"),
        ("sfl", {"random": -1}, "random must be between 0 and 1, got -1"),
        ("sfl", {"top": 0}, "top must be in (0, 1], got 0"),
        ("sec", {"alpha": 0}, "alpha must be in (0, 1], got 0"),
        ("mopps", {"candidates": 0.5}, "candidates must be a finite number of at least 1, got 0.5"),
        ("kimi", {"window": 0}, "window must be a whole number of at least 1, got 0"),
        ("dapo", {"above": -1}, "above must be between 0 and 1, got -1"),
        ("dapo", {"above": 0.5, "below": 0.5}, "needs above < below, got above=0.5, below=0.5"),
        ("frontier", {"target": 1.5}, "target must be in (0, 1), got 1.5"),
        ("frontier", {"width": 0}, "width must be a finite number above 0, got 0"),
    ],
)
def test_an_option_out_of_range_is_refused_by_its_own_name(
    name: str, options: dict[str, Any], message: str
) -> None:
    refused(name, message, **options)


@pytest.mark.parametrize(
    ("name", "level", "message"),
    [
        ("fixed", {"a": []}, "level must name a level of family 'a', got []"),
        ("fixed", {"a": [1.5]}, "level must be a whole number between 1 and 3 for family 'a', got"),
        ("fixed", {"a": [1, 4]}, "level must be between 1 and 3 for family 'a', got 4"),
        ("fixed", {"a": "12"}, "level must be a whole number between 1 and 3 for family 'a', got"),
        ("fixed", [], "level must be a whole number, or map families to whole numbers, got []"),
        ("fixed", 2.0, "level must be a whole number, or map families to whole numbers, got 2.0"),
        ("fixed", True, "level must be a whole number, or map families to whole numbers, got True"),
        ("fixed", None, "level must be a whole number, or map families to whole numbers, got None"),
        ("ladder", True, "start must be a whole number, or map families to whole numbers, got Tru"),
        ("ladder", {"a": True}, "start must be a whole number between 1 and 3 for family 'a', got"),
        ("rlve", [1], "start must be a whole number, or map families to whole numbers, got [1]"),
    ],
)
def test_a_level_that_is_none_is_refused(name: str, level: Any, message: str) -> None:
    refused(name, message, **{"level" if name == "fixed" else "start": level})


@pytest.mark.parametrize(
    ("level", "chosen"),
    [
        (2, [2]),
        (np.int64(2), [2]),
        ({"a": 3}, [3]),
        ({"a": [1, 3, 3]}, [1, 3]),
        ({"a": (2,)}, [2]),
        ({"a": range(1, 4)}, [1, 2, 3]),
        ({"a": {1, 2}}, [1, 2]),
        ({"a": np.array([1, 2])}, [1, 2]),
    ],
)
def test_one_level_or_several_may_be_fixed(level: Any, chosen: list[int]) -> None:
    found = fixed(SPACE, seed=0, level=level).probabilities()
    assert [key[1] for key, chance in found.items() if chance] == chosen
    assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize("preset", [fixed, sfl, mopps])
@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"a": 2.5}, "space needs at least 1 level per family, a whole number, got a=2.5"),
        ({"a": True}, "space needs at least 1 level per family, a whole number, got a=True"),
        ({"a": 0}, "space needs at least 1 level per family, a whole number, got a=0"),
        (["a"], "space must map families to their numbers of levels, got ['a']"),
        ({1: 2}, "space must name its families by text, got 1"),
        ({}, "space must name at least one family, got none"),
    ],
)
def test_a_space_that_is_none_is_refused(
    preset: Callable[..., Curriculum], space: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        preset(space, seed=0)


@pytest.mark.parametrize("version", ["x", None, NAN, 1.0, True])
def test_a_policy_version_is_a_whole_number(version: Any) -> None:
    book = TicketBook(seed=0)
    with pytest.raises(ValueError, match="policy_version must be a whole number, got"):
        book.issue(1, [("a", 1)], [1.0], policy_version=version)
    assert book.issue(1, [("a", 1)], [1.0], policy_version=2)[0].id == 0


@pytest.mark.parametrize(("right", "trials"), [(1.5, 8), (1, 8.0), ("1", 8), (None, 8), (1, NAN)])
def test_counts_of_an_outcome_are_whole_numbers(right: Any, trials: Any) -> None:
    ticket = Ticket(0, "a", 1, "train", 0, policy_version=0, probability=1.0)
    with pytest.raises(ValueError, match="of an outcome must be a whole number, got"):
        Outcome(ticket, right, trials)


def test_counts_of_other_libraries_become_ints() -> None:
    ticket = Ticket(0, "a", 1, "train", 0, policy_version=0, probability=1.0)
    outcome = Outcome(ticket, np.int32(3), np.uint8(8))  # type: ignore[arg-type]
    assert (outcome, type(outcome.trials)) == (Outcome(ticket, 3, 8), int)
    assert type(Outcome(ticket, True, 1).successes) is int


def test_a_progress_without_a_baseline_can_be_written_as_a_number() -> None:
    options, none = {"seed": 0, "uniform": 0.1}, PRESETS["learning_progress"]
    first, second = none(SPACE, cap=0, **options), none(SPACE, cap=None, **options)
    for version in range(30):
        tickets = first.sample(4, policy_version=version)
        assert second.sample(4, policy_version=version) == tickets
        outcomes = [Outcome(ticket, 2 + ticket.level, 8) for ticket in tickets]
        assert first.update(outcomes) == second.update(outcomes)
    assert first.state_dict() == second.state_dict()


@pytest.mark.parametrize(
    ("value", "ends", "accepted"),
    [
        *((0, ends, ends[0] == "[") for ends in ("[]", "[)", "(]", "()")),
        *((1, ends, ends[1] == "]") for ends in ("[]", "[)", "(]", "()")),
        *((value, "[]", True) for value in (0.5, np.float32(0.5), np.int64(1))),
        *((value, "[]", False) for value in (NAN, math.inf, True, "0.5", None, 10**400, [0.5])),
    ],
)
def test_an_option_is_a_finite_number_between_its_ends(
    value: Any, ends: Any, accepted: bool
) -> None:
    if accepted:
        assert check_option("x", value, 0, 1, ends=ends) == value
        return
    with pytest.raises(ValueError, match=rf"^x must be .*, got {re.escape(repr(value))}$"):
        check_option("x", value, 0, 1, ends=ends)


def test_counts_orders_and_weights_are_checked() -> None:
    assert type(check_count("n", np.int64(3), 1)) is int
    check_order(low=0, middle=0.5, high=1)
    with pytest.raises(ValueError, match=r"needs low < high, got low=0\.5, high=0\.5"):
        check_order(low=0.5, high=0.5)
    assert check_weights(None) == {}
    assert check_weights({"a": 2}) == {"a": 2}
    for wrong in (0, -1, math.inf, NAN, "1", True):
        with pytest.raises(ValueError, match=f"must be positive and finite, got a={wrong!r}"):
            check_weights({"a": wrong})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="weights must map families to positive numbers, got 2"):
        check_weights(2)  # type: ignore[arg-type]
