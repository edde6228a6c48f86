"""The raw line of a run, and the file of lines."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_toys import toy_line

from frostline.study.lines import RunLine, append, pack, read, unpack
from frostline.study.plan import Task

TASK = Task("first:5", "frontier", 3.2e-4, 0, "final", 2)
VALUES: dict[str, Any] = {
    **TASK.key(),
    "status": "ok",
    "error": "",
    "trainable": 5,
    "total": 12,
    "reward": [0.25, 0.5],
    "signal": [1.0, 0.75],
    "levels": {"arithmetic": 3},
    "promotions": [[1, "arithmetic", 2], [2, "arithmetic", 3]],
    "groups": {"arithmetic/1": 30, "arithmetic/2": 34},
    "layers": {"0": 2, "3": 1},
    "solved": {"arithmetic/1": "e", "arithmetic/2": "98", "countdown/1": "0"},
    "problems": {"arithmetic/1": 3, "arithmetic/2": 5, "countdown/1": 2},
    "errors": 0,
    "split": "test",
    "seconds": {"generate": 2.5, "verify": 0.5, "update": 3.0, "exam": 1.0},
    "update_flops_share": 0.75,
    "peak_bytes": 1000,
    "hardware": "a processor",
}


@given(st.lists(st.booleans(), max_size=40))
def test_bits_come_back_from_their_digits(bits: list[bool]) -> None:
    assert unpack(pack(bits), len(bits)) == bits
    assert len(pack(bits)) == -(-len(bits) // 4)


@pytest.mark.parametrize(
    ("digits", "count", "message"),
    [
        ("98", 9, "9 bits are 3 hexadecimal digits, got '98'"),
        ("98", 4, "4 bits are 1 hexadecimal digits, got '98'"),
        ("9F", 8, "got '9F'"),
        ("0x", 8, "got '0x'"),
        ("99", 5, "of '99' only 5 bits may be set"),
    ],
)
def test_digits_that_are_not_those_of_the_bits_are_refused(
    digits: str, count: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        unpack(digits, count)


def test_a_line_comes_back_from_its_json() -> None:
    line = RunLine.from_dict(VALUES)
    assert RunLine.from_dict(json.loads(json.dumps(line.to_dict()))) == line
    assert json.loads(json.dumps(line.to_dict())) == VALUES
    assert Task.of(line) == TASK


def test_the_problems_of_a_familys_levels_count_alike() -> None:
    # 3 of 3 and 3 of 5 of arithmetic
    assert RunLine.from_dict(VALUES).rates() == {"arithmetic": 6 / 8, "countdown": 0.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sed": 1}, "a run has no field 'sed'; did you mean 'seed'?"),
        ({"seed": "one"}, "seed: should be a valid integer"),
        ({"lr": float("nan")}, "lr: should be a finite number, got nan"),
        ({"reward": [float("inf")]}, "reward.0: should be a finite number"),
        ({"status": "fine"}, "status: should be 'ok', 'diverged' or 'failed', got 'fine'"),
        ({"status": "failed"}, "error must say why the run failed"),
        ({"solved": {}, "problems": {}}, "a run that went well must have sat an exam"),
        ({"solved": {"arithmetic/1": "e"}}, "solved and problems must be of the same levels"),
        (
            {"solved": {"arithmetic/1": "f"}, "problems": {"arithmetic/1": 3}},
            "solved, arithmetic/1: of 'f' only 3 bits may be set",
        ),
    ],
)
def test_a_damaged_line_is_refused_with_the_reason(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        RunLine.from_dict(VALUES | change)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(ValueError, match="stage: Field required"):
        RunLine.from_dict({name: value for name, value in VALUES.items() if name != "stage"})


def test_a_run_that_failed_early_is_a_line_without_an_exam() -> None:
    line = toy_line(TASK, status="failed")
    assert RunLine.from_dict(line.to_dict()) == line
    with pytest.raises(ValueError, match="a run of 'first:5' ended without an exam: it was told"):
        line.rates()


def test_lines_are_read_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    assert read(path) == []
    lines = [toy_line(TASK, solved) for solved in (3, 1, 2)]
    for line in lines:
        append(path, line)
    assert read(path) == lines


@pytest.mark.parametrize("cut", [1, 20, 300])
def test_a_line_cut_short_is_left_out_and_makes_room_for_the_next(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "runs.jsonl"
    first, second, third = (toy_line(TASK, solved) for solved in (1, 2, 3))
    append(path, first)
    append(path, second)
    path.write_bytes(path.read_bytes()[:-cut])
    assert read(path) == [first]
    append(path, third)
    assert read(path) == [first, third]


def test_a_damaged_line_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append(path, toy_line(TASK))
    with path.open("a") as file:
        file.write('{"arm": "full"}\n')
    with pytest.raises(ValueError, match=r"runs.jsonl:2: curriculum: Field required"):
        read(path)
