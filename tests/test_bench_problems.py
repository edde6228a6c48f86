"""`frostline bench envs` and `bench verifiers`: the rows, and what they are held against."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from frostline.bench.envs import MATCHES
from frostline.bench.row import geometric_mean, take_turns
from frostline.bench.verifiers import gsm8k_rows, ours, pairs
from frostline.cli import EXIT_USAGE
from frostline.cli import main as frostline
from frostline.envs import FAMILIES
from frostline.envs.samples.samplers import SAMPLERS


def rows_of(capsys: pytest.CaptureFixture[str], line: str) -> dict[str, dict[str, Any]]:
    assert frostline(["bench", *line.split(), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert all(set(row) == {"name", "value", "unit", "peer", "ratio"} for row in found)
    assert len({row["name"] for row in found}) == len(found)
    return {row["name"]: row for row in found}


def test_every_family_has_a_rate_and_a_slowest_draw(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frostline.bench.envs.SECONDS", 0.01)
    rows = rows_of(capsys, "envs --no-peer --rounds 1 --draws 20")
    assert {f"generation/{name}" for name in FAMILIES} <= rows.keys()
    assert {f"slowest/{name}" for name in FAMILIES} <= rows.keys()
    assert all(row["value"] > 0 for row in rows.values())
    assert all(row["ratio"] is None for row in rows.values())


def test_every_match_is_of_a_family_and_a_level_that_exist() -> None:
    for match in MATCHES:
        assert 1 <= match.level <= len(FAMILIES[match.family].levels)
    assert len({match.peer for match in MATCHES}) == len(MATCHES) >= 10


def test_every_kind_has_a_rate_and_no_wrong_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of(capsys, "verifiers --pairs 100 --peer-pairs 0 --rounds 2")
    assert {f"verification/{kind}" for kind in (*SAMPLERS, "program")} <= rows.keys()
    assert {rows[f"wrong/{kind}"]["value"] for kind in SAMPLERS} == {0}


@pytest.mark.parametrize("kind", SAMPLERS)
def test_half_of_the_pairs_are_equal(kind: str) -> None:
    made = pairs(kind, 40)
    assert sum(pair.equal for pair in made) == 20
    assert ours(kind, made) == [pair.equal for pair in made]


def test_gsm8k_is_read_with_its_commas(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(json.dumps({"question": "?", "answer": "so #### 1,450"}) + "\n")
    (row,) = gsm8k_rows(path, peer=False)
    assert (row.value, row.unit) == (0, "of 2 verdicts")


def test_sides_take_turns_and_the_first_round_does_not_count() -> None:
    calls: list[str] = []
    figures = {"a": iter([99.0, 1.0, 3.0, 2.0]), "b": iter([99.0, 5.0, 4.0, 6.0])}

    def side(name: str) -> float:
        calls.append(name)
        return next(figures[name])

    assert take_turns(3, lambda: side("a"), lambda: side("b")) == [2.0, 5.0]
    assert "".join(calls) == "abababab"
    assert geometric_mean([1.0, 4.0]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("line", "package", "without"),
    [
        ("envs", "reasoning-gym", "--no-peer"),
        ("verifiers", "math-verify", "--peer-pairs 0"),
    ],
)
def test_a_peer_that_is_not_there_is_told(
    line: str,
    package: str,
    without: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert frostline(["bench", line]) == EXIT_USAGE
    said = capsys.readouterr().err
    assert f"{package} is not installed" in said
    assert without in said
