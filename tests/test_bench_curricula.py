"""`frostline bench curricula`: its rows, its table, its files, and what it refuses."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drill import Discarding, Drill, Easy, Hard, Promoting, Scripted, top

from frostline.bench import curricula as bench
from frostline.bench.curricula import main
from frostline.bench.curricula_files import check_targets
from frostline.bench.curricula_plan import chosen
from frostline.bench.curricula_rows import Results, rows_of
from frostline.bench.curricula_table import headers, legend, markdown, table_lines
from frostline.cli import EXIT_USAGE
from frostline.cli import main as frostline
from frostline.curricula.presets import PRESETS
from frostline.curricula.students.metrics import Runs
from frostline.curricula.students.simulate import simulate, simulate_rule
from frostline.outputs import write

OWN = "--schedulers uniform --student drill:Drill --scheduler drill:Hard --seeds 3 --jobs 1"


def rows_in(text: str) -> dict[str, dict[str, Any]]:
    found = json.loads(text)
    assert all(set(row) == {"name", "value", "unit", "peer", "ratio"} for row in found)
    assert len({row["name"] for row in found}) == len(found)
    return {row["name"]: row for row in found}


def rows_after(capsys: pytest.CaptureFixture[str], line: str) -> dict[str, dict[str, Any]]:
    assert frostline(["bench", "curricula", *line.split(), "--json"]) == 0
    return rows_in(capsys.readouterr().out)


def runs_of(factory: Callable[..., Any], name: str, **changes: Any) -> Runs:
    return replace(simulate(Drill(), factory, [0, 1], name=name), **changes)


def some_results() -> Results:
    """Return results in which uniform takes 8 steps, `hard` 4, and `easy` fails."""
    runs = {
        "oracle": simulate_rule(Drill(), top, [0, 1], name="top"),
        "uniform": runs_of(Scripted, "uniform"),
        "hard": runs_of(Hard, "hard"),
        "easy": runs_of(Easy, "easy"),
        "promoting": runs_of(Promoting, "promoting"),
    }
    return Results({(name, "drill"): r for name, r in runs.items()}, list(runs), ["drill"], 2)


def values(results: Results) -> dict[str, float]:
    return {row.name: row.value for row in rows_of(results)}


def test_speed_up_is_over_uniform_and_regret_is_over_the_oracle() -> None:
    found = values(some_results())
    assert found["speedup/hard/drill"] == 2
    assert found["speedup/uniform/drill"] == 1
    assert found["regret/uniform/drill"] == 2
    assert found["regret/hard/geomean"] == 1
    assert "regret/oracle/drill" not in found


def test_steps_stand_beside_those_of_uniform() -> None:
    (row,) = (row for row in rows_of(some_results()) if row.name == "steps/hard/drill")
    assert (row.value, row.unit, row.peer, row.ratio) == (4, "batches of 2 groups", 8, 2)


def test_updates_are_told_apart_from_batches_where_groups_are_discarded() -> None:
    results = some_results()
    runs = {**results.runs, ("hard", "drill"): runs_of(Discarding, "hard")}
    found = values(replace(results, runs=runs))
    assert (found["steps/hard/drill"], found["updates/hard/drill"]) == (8, 4)
    assert "updates/uniform/drill" not in found


def test_a_failure_makes_the_worst_case_zero() -> None:
    found = values(some_results())
    assert found["mastered/easy/drill"] == 0
    assert found["speedup/easy/drill"] == 8 / 20, "what counts is the budget"
    assert found["speedup/easy/worst"] == 0
    assert found["speedup/hard/worst"] == 2


def test_a_student_whom_nobody_masters_does_not_count_for_the_worst_case() -> None:
    results = some_results()
    failed = replace(results.runs["easy", "drill"], student="wall")
    runs = {**results.runs, **{(name, "wall"): failed for name in results.schedulers}}
    assert (
        values(replace(results, runs=runs, students=["drill", "wall"]))["speedup/hard/worst"] == 2
    )


def test_false_promotions_are_counted_per_promotion_beside_the_stated_rate() -> None:
    rows = {row.name: row for row in rows_of(some_results())}
    row = rows["false_promotions/promoting"]
    assert (row.value, row.peer, row.ratio) == (0.75, 0.25, 3)
    assert "false_promotions/hard" not in rows, "it never promoted"


def test_the_table_says_who_fails_and_on_how_many_seeds() -> None:
    results = some_results()
    assert headers(results) == ["scheduler", "drill", "worst", "regret", "false"]
    assert table_lines(results) == [
        ["oracle", "2.00 (2.00–2.00)", "2.00", "1", ""],
        ["uniform", "1", "1.00", "2.00", ""],
        ["hard", "2.00 (2.00–2.00)", "2.00", "1.00", ""],
        ["easy", "fails 0/2", "0", "≥5.00", ""],
        ["promoting", "2.00 (2.00–2.00)", "2.00", "1.00", "75.0% (α=0.25)"],
    ]


def test_a_bound_is_marked_as_one() -> None:
    results = some_results()
    slow = replace(
        results.runs["uniform", "drill"],
        mastered=np.array([False, False]),
        batches=np.array([20.0, 20.0]),
    )
    lines = table_lines(replace(results, runs={**results.runs, ("uniform", "drill"): slow}))
    assert [line[1] for line in lines[1:4]] == ["fails 0/2", "≥5.00 (5.00–5.00)", "fails 0/2"]


def test_the_page_names_its_command_and_its_students() -> None:
    page = markdown(some_results(), [], "frostline bench curricula")
    assert "Made by `frostline bench curricula`." in page
    assert "| scheduler | drill | worst | regret | false |" in page
    assert legend(some_results()) in page


def test_own_student_and_scheduler_are_named_by_module(capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_after(capsys, OWN)
    assert rows["steps/drill:Hard/drill:Drill"]["value"] == 4
    assert rows["regret/drill:Hard/drill:Drill"]["value"] == 1
    assert rows["steps/uniform/drill:Drill"]["value"] > 4


def test_a_student_without_an_oracle_has_no_regret(capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_after(capsys, OWN.replace("drill:Drill", "drill:Rusty"))
    assert rows["steps/drill:Hard/drill:Rusty"]["value"] == 4
    assert not [name for name in rows if name.startswith(("regret", "steps/oracle"))]


def test_processes_change_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows_after(capsys, OWN) == rows_after(capsys, OWN.replace("--jobs 1", "--jobs 2"))


def test_presets_and_students_that_ship_are_chosen_by_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = rows_after(capsys, "--schedulers rlve --students skill_chain,trap --seeds 2 --jobs 1")
    pairs = {tuple(name.split("/")[1:]) for name in rows if name.startswith("steps/")}
    students = ("skill_chain", "trap")
    assert pairs == {(s, t) for s in ("oracle", "uniform", "rlve") for t in students}
    assert rows["speedup/oracle/skill_chain"]["value"] > 2
    assert rows["mastered/uniform/skill_chain"]["value"] == 1


def test_random_students_are_taught_by_frontier(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # in the place of frontier a curriculum whose figures are known: those of uniform
    monkeypatch.setitem(PRESETS, "frontier", PRESETS["uniform"])
    line = "--students none --random 2 --random-from 3 --random-seeds 1 --jobs 1"
    rows = rows_after(capsys, line)
    assert rows["random/students"]["value"] == 2
    assert rows["random/frontier/speedup"]["value"] == 1
    assert rows["random/frontier/speedup/p10"]["value"] == 1
    assert rows["random/frontier/regret"] == {
        **rows["random/uniform/regret"],
        "name": "random/frontier/regret",
    }
    assert 0 <= rows["random/frontier/mastered"]["value"] <= 1
    assert not [name for name in rows if not name.startswith("random/")]


def test_the_table_is_printed_without_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(OWN.split()) == 0
    out = capsys.readouterr().out
    assert "drill:Hard" in out
    assert "Speed-up over uniform" in out


def test_a_folder_gets_page_rows_and_pictures(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "bench"
    printed = rows_after(capsys, f"{OWN} --out {folder}")
    assert {path.name for path in folder.iterdir()} == {
        "table.md", "rows.json", "curves.png", "speedups.png",
    }  # fmt: skip
    assert rows_in((folder / "rows.json").read_text()) == printed
    assert "| drill:Hard |" in (folder / "table.md").read_text()
    for name in ("curves.png", "speedups.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--schedulers unifrm", "schedulers must be one of uniform, "),
        ("--schedulers unifrm", "or all, none, or --scheduler; got 'unifrm'; did you mean 'uni"),
        ("--students skil_chain", "got 'skil_chain'; did you mean 'skill_chain'?"),
        ("--students uniform,", "students must be one of "),
        ("--student drill", "or module:Class; got 'drill'"),
        ("--student drill:Dril", "drill has no 'Dril'; did you mean 'Drill'?"),
        ("--student drill:not-a-name", "student must be module:name, such as mymodule:Mine"),
        ("--student drill:NOT_A_STUDENT", "is no Student: it lacks name, space, groups"),
        ("--student no_such_module:X", "module 'no_such_module' cannot be imported"),
        ("--scheduler drill:NOT_A_STUDENT", "must be called with (space, *, seed)"),
        ("--students none", "students=none needs --student module:Class, --random N or --page"),
        ("--students none --page no.md", "keeps the figures of --page, but no.md has none"),
        ("--students none --random 1 --page no.md", "of --page only; it takes no --random"),
        ("--scheduler drill", "; it is a module: name its factory too"),
        ("--student drill", "; it is a module: name its Class too"),
        ("--student random:x", "student random:N needs a number N from 0, got 'random:x'"),
        ("--student random:-1", "student random:N needs a number N from 0, got 'random:-1'"),
        ("--student drill:Needy", "'drill:Needy' must be called without arguments: missing a r"),
        ("--student drill:Hasty", "'drill:Hasty': budget of a student must be an int of at least"),
        (
            "--scheduler drill:bare",
            "'drill:bare': a scheduler's factory must take (space, *, seed)",
        ),
        ("--scheduler drill:greedy", "(space, *, seed): missing a required argument: 'wish'"),
        (
            "--student drill:Drill --scheduler drill:nothing --schedulers none --jobs 1",
            "drill:nothing with drill:Drill: a scheduler's factory must return a Scheduler, got No",
        ),
        (
            "--student drill:Impossible --schedulers none --jobs 1",
            "with drill:Impossible: rates of a cohort must lie in 0..1, got nan",
        ),
        (
            "--student drill:Drill --scheduler drill:deadly --schedulers none --jobs 2",
            "a process of --jobs died after ",
        ),
        ("--students none --scheduler drill:Hard --page no.md", "only; it takes no --scheduler"),
        ("--students none --schedulers linear --page no.md", "only; it takes no --schedulers"),
        ("--students none --out new --page no.md", "of --page only; it takes no --out"),
        ("--seeds 0", "seeds: should be greater than or equal to 1, got 0"),
        ("--seed 3", "did you mean --seeds?"),
        (
            "--student drill:Drill --scheduler drill:lazy --schedulers uniform --jobs 1",
            "drill:lazy with drill:Drill: a scheduler must hand out n=2 tickets, got 1",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frostline(["bench", "curricula", *line.split()]) == EXIT_USAGE
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert out == ""


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Return a folder in which there is something where files and folders are to be written."""
    (tmp_path / "file").touch()
    (tmp_path / "rules").touch()
    (tmp_path / "table" / "table.md").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("option", "place", "message"),
    [
        ("out", "file", "out must be writable, got {0}/file ({0}/file: is no folder)"),
        ("out", "file/new", "out must be writable, got {0}/file/new ({0}/file: is no folder)"),
        ("out", "table", "out must be writable, got {0}/table ({0}/table/table.md: is a folder)"),
        ("page", "", "page must be a file that ends in .md, got {0}"),
        ("page", "table/table.md", "page must be writable, got {0}/table/table.md ("),
        ("page", "rules.md", "page must be writable, got {0}/rules.md ({0}/rules: is no folder)"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_runs(
    option: str,
    place: str,
    message: str,
    places: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench, "run_jobs", lambda *_: pytest.fail("it runs"))
    before = sorted(places.rglob("*"))
    line = f"{OWN} --{option} {places / place}"
    assert frostline(["bench", "curricula", *line.split()]) == EXIT_USAGE
    err = capsys.readouterr().err
    assert message.format(places) in err
    assert err.count("\n") == 1
    assert sorted(places.rglob("*")) == before


def test_a_folder_without_permission_is_told_by_its_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(dir: Path) -> None:
        raise PermissionError(13, "Permission denied", f"{dir}/tmp_hidden")

    monkeypatch.setattr("tempfile.TemporaryFile", forbidden)
    with pytest.raises(ValueError, match="out must be writable") as told:
        check_targets(tmp_path / "new", None)
    assert str(told.value).endswith(f"new ({tmp_path}: Permission denied)")


def test_that_all_is_well_leaves_nothing_behind(tmp_path: Path) -> None:
    check_targets(tmp_path / "a" / "out", tmp_path / "b" / "page.md")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_fails_in_the_end_is_named_as_it_was_asked_for(places: Path) -> None:
    target = places / "table" / "table.md"
    with pytest.raises(OSError, match=r"table/table\.md cannot be written: Is a directory"):
        write({target: b"text"})
    assert list(target.parent.iterdir()) == [target]


def test_a_refused_page_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has none"):
        main(["--students", "none", "--page", str(tmp_path / "new" / "page.md")])
    assert list(tmp_path.iterdir()) == []


def test_the_table_says_what_frontier_was_tuned_on() -> None:
    results = replace(some_results(), schedulers=["uniform", "frontier"], students=["trap"])
    assert "frontier was tuned with all nine students of the bench in sight" in legend(results)
    assert "tuned" not in legend(replace(results, students=["drill"])), "it never saw this one"
    assert "tuned" not in legend(replace(results, schedulers=["uniform"]))


def test_the_table_says_which_rules_are_told_the_horizon() -> None:
    results = replace(some_results(), schedulers=["uniform", "linear", "e2h_cosine"])
    assert "Schedules in time (linear, e2h_cosine) are told the student's budget" in legend(results)
    assert "horizon" not in legend(some_results())


def test_a_list_is_all_none_or_names() -> None:
    assert chosen("students", "all", ["a", "b"], "--student") == ("a", "b")
    assert chosen("students", "none", ["a", "b"], "--student") == ()
    assert chosen("students", "b, a,b", ["a", "b"], "--student") == ("b", "a")


def end(pids: Iterable[int]) -> list[int]:
    """End processes; return those that were still there."""
    found = []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            found.append(pid)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_all_at_once_and_leaves_nothing(number: int, tmp_path: Path) -> None:
    line = "--schedulers none --student drill:Starting --scheduler drill:Easy --jobs 2 --out new"
    command = [sys.executable, "-m", "frostline", "bench", "curricula", *line.split()]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, env=here) as process:
        until = time.monotonic() + 30
        while len(started := list(tmp_path.glob("started-*"))) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        began = time.monotonic()
        process.send_signal(number)
        try:
            # standard error is read to its end: that comes when the last process has closed it
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()
            left = end(int(path.name.removeprefix("started-")) for path in started)
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert len(started) == 2, "both processes were at work"
    assert left == []
    assert sorted(tmp_path.iterdir()) == sorted(started)


def test_torch_is_not_imported() -> None:
    program = (
        "import sys\nfrom frostline.cli import main\n"
        f"main(['bench', 'curricula', *{OWN.split()!r}, '--json'])\n"
        "sys.exit('torch' in sys.modules)"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=here)
    assert done.returncode == 0, done.stderr
