"""What frostline compare shows: the plan, the progress, the time that is left."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from study_coins import RUNS, compare, cut

from frostline.study import lines as files
from frostline.study.display import table
from frostline.study.plan import left
from frostline.study.spec import load_study
from frostline.study.time_left import Pace


def test_a_dry_run_shows_the_plan_and_the_time_and_touches_nothing(
    toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = toml.parent / "dry"
    assert compare(toml, out, "--dry-run", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["done"], found["left"]) == (0, RUNS)
    assert found["seconds"] > 0
    assert [task["stage"] for task in found["next"]] == ["tune"] * 5 + ["final"] * 2
    assert compare(toml, out, "--dry-run") == 0
    assert f"0 runs done, about {RUNS} left, about" in capsys.readouterr().out
    assert not out.exists()


def test_a_dry_run_of_a_study_that_has_begun_goes_by_its_lines(
    toml: Path, unbroken: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = cut(unbroken, "begun", 8)
    monkeypatch.setattr("frostline.compare_command.probe", None)
    assert compare(toml, out, "--dry-run") == 0
    assert "8 runs done, about 3 left" in capsys.readouterr().out


def test_progress_says_what_is_done_and_how_long_the_rest_takes(
    toml: Path, unbroken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = cut(unbroken, "halfway", 9)
    assert compare(toml, out) == 0
    printed, error = capsys.readouterr()
    assert f"{out}: 9 runs done, about 2 left" in error
    assert "10/11  final, " in error
    assert ": pass rate " in error
    assert error.rstrip().endswith("about 0 s left")
    assert f"{RUNS} runs in {out}, 0 diverged, 0 failed" in printed


def test_quiet_shows_no_progress(
    toml: Path, unbroken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = cut(unbroken, "quiet", 10)
    assert compare(toml, out, "--quiet", "--json") == 0
    printed, error = capsys.readouterr()
    assert error == ""
    assert json.loads(printed)["runs"] == {"ok": RUNS, "diverged": 0, "failed": 0}


def test_the_table_counts_what_is_done_left_and_not_ok(toml: Path, unbroken: Path) -> None:
    study = load_study(toml)
    some = files.read(unbroken / "runs.jsonl")[:6]
    some[0] = replace(some[0], status="failed", error="?")
    shown = table(study, some, left(study, some))
    columns = [list(column.cells) for column in shown.columns]
    assert columns[0] == ["none", "last:1"]
    assert columns[2] == ["", "6"]
    assert columns[6] == ["", "1"]


def test_the_time_left_follows_from_iterations_and_exam_problems(
    toml: Path, unbroken: Path
) -> None:
    study = load_study(toml)
    done = files.read(unbroken / "runs.jsonl")
    seconds = {"generate": 1.0, "verify": 0.5, "update": 2.5, "exam": 4.0}
    one = next(line for line in done if line.stage == "final" and line.arm == "last:1")
    pace = Pace.of([replace(one, seconds=seconds)])  # 2 iterations in 4 s, 8 problems in 4 s
    assert pace == Pace(2.0, {"last:1": 2.0}, 0.5)
    parts = [part for part in left(study, []) if part.stage == "final"]
    assert pace.seconds(study, parts, 1) == 4 * 8 * 0.5 + 2 * 2 * 2.0
    assert pace.seconds(study, parts, 2) == pace.seconds(study, parts, 1) / 2
    assert Pace.of([]) is None
