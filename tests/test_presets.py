"""The table of presets."""

import inspect
import re
import time

import pytest
from schedulers import build

from frostline.curricula import Outcome
from frostline.curricula.presets import PRESETS

OURS = {"uniform", "fixed", "ladder", "frontier"}


def test_all_rules_are_there_in_the_order_of_the_documentation() -> None:
    assert list(PRESETS) == [
        *("uniform", "fixed", "linear", "e2h_cosine", "e2h_gaussian"),
        *("reasoning_gym", "rlve", "atropos", "adarft"),
        *("tscl_online", "tscl_window", "tscl_naive", "tscl_sampling", "learning_progress"),
        *("plr", "sfl", "sec", "mopps", "irt_thompson", "kimi", "dapo"),
        *("ladder", "frontier"),
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_the_kind_of_a_preset_is_its_name(name: str) -> None:
    assert PRESETS[name].__name__ == name
    assert build(name).state_dict()["kind"] == name


@pytest.mark.parametrize("name", sorted(PRESETS.keys() - OURS))
def test_a_published_rule_names_its_source(name: str) -> None:
    preset = PRESETS[name]
    text = f"{inspect.getmodule(preset).__doc__} {preset.__doc__}"
    assert re.search(r"arXiv \d{4}\.\d{5}|repository|NousResearch/atropos", text)


@pytest.mark.parametrize("name", PRESETS)
def test_ten_thousand_cells_are_no_burden(name: str) -> None:
    curriculum = build(name, space={f"family {n}": 100 for n in range(100)})
    tickets = curriculum.sample(1000, policy_version=0)
    outcomes = [Outcome(ticket, 8 * (ticket.index % 2), 8) for ticket in tickets]
    start = time.process_time()
    curriculum.update(outcomes)
    curriculum.sample(1, policy_version=1)
    # measured: 60 ms at most; the bound is for slow machines, and still refuses what is quadratic
    assert time.process_time() - start < 1.0
