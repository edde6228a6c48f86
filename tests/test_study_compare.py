"""frostline compare: what is run, what is kept after a stop, and what is refused."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import children
import pytest
import study_children

from frostline.cli import main
from frostline.study import lines as files
from frostline.study.compare import Comparison, join
from frostline.study.display import table
from frostline.study.pace import Pace
from frostline.study.plan import Task, left, total
from frostline.study.spec import load_study
from frostline.study.workers import Crew, make_workers

ROOT = Path(__file__).parents[1]
STUDY = """
name = "coins"
seeds = 2

[train]
policy = {policy}
family = ["children:Coin"]
iterations = 2
grpo = {{ groups = 2, num_generations = 2, max_completion_length = 2, warmup_iterations = 0 }}

[tuning]
seeds = 1
rates = [1e-3, 3.2e-3, 1e-2, 3.2e-2, 1e-1]
rounds = [[0.5, 0.4], [1.0, 0.0]]
widen = 0

[exam]
problems = 8

[[arms]]
trainable = "none"

[[arms]]
trainable = "last:1"
"""
RATES = "[1e-3, 3.2e-3, 1e-2, 3.2e-2, 1e-1]"
RUNS = 5 + 2 + 2 + 2  # two rounds of tuning, then two seeds of each arm


@pytest.fixture(scope="module")
def toml(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "coins.toml"
    path.write_text(STUDY.format(policy=json.dumps(str(tiny("llama")))))
    return path


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be forked from a server that has imported torch, which saves seconds."""
    monkeypatch.setattr("frostline.study.workers.get_context", lambda kind: children.CONTEXT)


@pytest.fixture(scope="module")
def unbroken(toml: Path) -> Path:
    """Return the directory of a study that nothing disturbed."""
    out = toml.parent / "unbroken"
    assert compare(toml, out) == 0
    return out


def compare(toml: Path, out: Path, *more: str) -> int:
    return main(["compare", str(toml), "--out", str(out), *more])


def args(toml: Path, out: Path, *more: str) -> list[str]:
    return [str(toml), "--out", str(out), *more]


def lines(out: Path) -> list[dict[str, Any]]:
    """Return the lines without what differs between two makings."""
    found = [json.loads(line) for line in (out / "runs.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in found]


def in_order(out: Path) -> list[dict[str, Any]]:
    return sorted(lines(out), key=lambda line: json.dumps(line, sort_keys=True))


def changed(toml: Path, name: str, old: str, new: str) -> Path:
    """Return another study file, with a change."""
    text = toml.read_text()
    assert old in text
    path = toml.with_name(f"{name}.toml")
    path.write_text(text.replace(old, new))
    return path


def cut(unbroken: Path, name: str, runs: int, torn: int = 0) -> Path:
    """Return a copy of a study that stopped after some runs, `torn` bytes into another."""
    path = unbroken.parent / name
    path.mkdir()
    shutil.copy(unbroken / "identity.json", path)
    found = (unbroken / "runs.jsonl").read_bytes().splitlines(keepends=True)
    (path / "runs.jsonl").write_bytes(b"".join(found[:runs]) + b"".join(found[runs:])[:torn])
    return path


def test_a_study_is_one_line_per_run(toml: Path, unbroken: Path) -> None:
    found = lines(unbroken)
    assert len(found) == RUNS
    assert {line["status"] for line in found} == {"ok"}
    tasks = [Task.of(line) for line in files.read(unbroken / "runs.jsonl")]
    assert len(set(tasks)) == RUNS
    assert [task.stage for task in tasks].count("tune") == 7
    assert total(load_study(toml), files.read(unbroken / "runs.jsonl")) == 0
    assert {p.name for p in unbroken.iterdir()} == {"identity.json", "runs.jsonl"}


def test_a_finished_study_runs_nothing_again(
    toml: Path, unbroken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (unbroken / "runs.jsonl").read_bytes()

    def never(*args: object) -> None:
        raise AssertionError("a finished run was repeated")

    monkeypatch.setattr("frostline.study.run.execute", never)
    assert compare(toml, unbroken) == 0
    assert (unbroken / "runs.jsonl").read_bytes() == before


@pytest.mark.usefixtures("forked")
def test_two_jobs_do_the_same_runs(toml: Path, unbroken: Path) -> None:
    out = toml.parent / "two"
    assert compare(toml, out, "--jobs", "2", "--quiet") == 0
    assert in_order(out) == in_order(unbroken)
    assert active_children() == []


def test_killed_and_started_again_it_repeats_no_finished_run(toml: Path, unbroken: Path) -> None:
    out = toml.parent / "killed"
    code = children.run(study_children.compare_until, signal.SIGKILL, 4, args(toml, out))
    assert code == -signal.SIGKILL
    before = (out / "runs.jsonl").read_bytes()
    assert before.count(b"\n") == 4
    assert compare(toml, out) == 0
    assert (out / "runs.jsonl").read_bytes().startswith(before)
    assert lines(out) == lines(unbroken)


@pytest.mark.parametrize(
    ("number", "jobs", "spawn"),
    [(signal.SIGINT, 1, False), (signal.SIGTERM, 2, False), (signal.SIGINT, 2, True)],
)
def test_ctrl_c_and_sigterm_leave_whole_lines_and_say_what_is_kept(
    toml: Path, unbroken: Path, number: signal.Signals, jobs: int, spawn: bool
) -> None:
    out = toml.parent / f"stopped-{number}-{jobs}"
    log, pids = out.with_suffix(".log"), out.with_suffix(".pids")
    options = args(toml, out, "--jobs", str(jobs))
    code = children.run(study_children.compare_until, number, 3, options, pids, spawn, log=log)
    assert code == 130
    assert "Traceback" not in log.read_text()
    assert (out / "runs.jsonl").read_bytes().endswith(b"\n")
    kept = len(lines(out))
    assert 3 <= kept < RUNS
    assert f"Stopped: {kept} runs done and kept, about {RUNS - kept} left" in log.read_text()
    assert gone(pids)
    assert compare(toml, out) == 0
    assert in_order(out) == in_order(unbroken)


def gone(pids: Path) -> bool:
    """Return whether the processes listed in a file end within seconds."""
    deadline = time.monotonic() + 20
    for pid in map(int, pids.read_text().split()):
        while time.monotonic() < deadline and Path(f"/proc/{pid}/cmdline").is_file():
            if not Path(f"/proc/{pid}/cmdline").read_bytes():  # dead, but nobody has asked
                break
            time.sleep(0.05)
    return time.monotonic() < deadline


def test_a_killed_study_leaves_no_process_behind(toml: Path) -> None:
    out = toml.parent / "orphans"
    pids = out.with_suffix(".pids")
    options = args(toml, out, "--jobs", "2")
    code = children.run(study_children.compare_until, signal.SIGKILL, 1, options, pids)
    assert code == -signal.SIGKILL
    assert pids.read_text()
    assert gone(pids)


def test_a_line_cut_short_by_a_kill_is_run_again(toml: Path, unbroken: Path) -> None:
    out = toml.parent / "torn"
    code = children.run(study_children.compare_amid_a_line, 5, args(toml, out))
    assert code == -signal.SIGKILL
    assert not (out / "runs.jsonl").read_bytes().endswith(b"\n")
    assert compare(toml, out) == 0
    assert lines(out) == lines(unbroken)


def test_diverged_and_failed_runs_are_lines_and_the_study_goes_on(
    toml: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from frostline import exam
    from frostline.study import run

    original = exam.sit_exam

    def sit(*args: Any, stream: tuple[object, ...], **options: Any) -> str:
        if stream == ("study", "final", 1):
            raise OSError("no room")
        return original(*args, stream=stream, **options)

    monkeypatch.setattr(run, "sit_exam", sit)
    wild = changed(toml, "wild", RATES, "[1e-3, 1e4, 1e11, 1e18, 1e25]")
    out = toml.parent / "wild"
    assert compare(wild, out, "--json") == 1
    printed, error = capsys.readouterr()
    counts = json.loads(printed)["runs"]
    assert counts["failed"] == 2
    assert counts["diverged"] >= 1
    assert len(lines(out)) == sum(counts.values()) == RUNS
    assert "failed: OSError: no room" in error
    assert "diverged: the distribution of the next token is not finite" in error
    assert compare(wild, out, "--quiet") == 1
    assert len(lines(out)) == RUNS


class Deadly(children.Coin):
    """A family whose second level kills the process that examines it on the test split."""

    def verify(self, problem: Any, answer: str) -> Any:
        if (problem.task.split, problem.task.level) == ("test", 2):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().verify(problem, answer)


@pytest.mark.usefixtures("forked")
def test_a_process_that_dies_is_a_failed_line_and_another_takes_its_place(toml: Path) -> None:
    deadly = changed(toml, "deadly", "children:Coin", "test_study_compare:Deadly")
    study = load_study(deadly)
    task = Task("none", "none", 0.0, 0, "final", 0)
    with Crew(study, 1) as crew:
        for seed in (0, 1):
            crew.start(replace(task, seed=seed))
            line = crew.next_line(lambda task, number: None)
            assert (line.seed, line.status) == (seed, "failed")
            assert line.error == "the process died: SIGKILL"
        assert crew.free()
    assert active_children() == []


@pytest.mark.usefixtures("forked")
def test_the_processes_of_a_crew_end_with_it(toml: Path) -> None:
    crew = make_workers(load_study(toml), 2)
    assert isinstance(crew, Crew)
    with suppress(RuntimeError), crew:
        for seed in (0, 1):
            crew.start(Task("none", "none", 0.0, seed, "final", 0))
        assert not crew.free()
        assert len(active_children()) == 2
        raise RuntimeError
    assert active_children() == []


def test_a_study_in_use_is_refused(
    toml: Path, unbroken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Comparison(load_study(toml), unbroken)
    try:
        assert compare(toml, unbroken) == 2
    finally:
        first.close()
    assert "is in use by another process" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "problems = 8",
            "problems = 9",
            "was begun with exam.problems = 8, it cannot go",
        ),
        ("groups = 2", "groups = 3", "was begun with train.grpo.groups = 2, it cannot"),
    ],
)
def test_another_study_file_is_refused_by_name(
    toml: Path, unbroken: Path, old: str, new: str, message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = (unbroken / "runs.jsonl").read_bytes()
    assert compare(changed(toml, "other", old, new), unbroken) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "choose another --out" in error
    assert (unbroken / "runs.jsonl").read_bytes() == before


def test_a_policy_with_other_weights_is_refused(
    toml: Path,
    unbroken: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("frostline.study.check.weights_hash", lambda model: "other")
    assert compare(toml, unbroken) == 2
    assert "was begun with other weights of the policy" in capsys.readouterr().err


def test_arms_and_seeds_may_join_a_study_that_has_begun(toml: Path, unbroken: Path) -> None:
    out = cut(unbroken, "grown", RUNS)
    before = (out / "runs.jsonl").read_bytes()
    grown = changed(toml, "grown", "seeds = 2", "seeds = 3")
    grown.write_text(grown.read_text() + '\n[[arms]]\ntrainable = "first:1"\nrate_of = "last:1"\n')
    assert compare(grown, out) == 0
    assert (out / "runs.jsonl").read_bytes().startswith(before)
    assert len(lines(out)) == RUNS + 2 + 3
    assert compare(toml, out) == 0  # and the smaller study is finished still


@pytest.mark.parametrize(
    ("saved", "mine", "refused"),
    [
        ({"arms.x": {"trainable": "full"}}, {"arms.y": {"trainable": "full"}}, None),
        ({"arms.x": {"trainable": "full"}}, {"arms.x": {"trainable": "norms"}}, "arms.x"),
        ({"curricula.a": {"kind": "fixed"}}, {"curricula.b": {"kind": "uniform"}}, None),
        ({"curricula.a": {"kind": "fixed"}}, {"curricula.a": {"kind": "sec"}}, "curricula.a"),
        ({"exam.problems": 1}, {}, "exam.problems"),
        ({}, {"exam.problems": 1}, "exam.problems"),
    ],
)
def test_identities_join_unless_what_both_have_differs(
    saved: dict[str, Any], mine: dict[str, Any], refused: str | None
) -> None:
    if refused is None:
        assert join(saved, mine, Path("x")) == saved | mine
    else:
        with pytest.raises(ValueError, match=f"x was begun with {refused} = "):
            join(saved, mine, Path("x"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"last:1"', '"last:9"', "last:9"),
        ("max_completion_length = 2", "max_completion_length = 500", "need more than the 128"),
        ("iterations = 2", "iteration = 2", "unknown option train.iteration; did you mean"),
        ('"children:Coin"', '"children:Coins"', "did you mean 'Coin'?"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    toml: Path, old: str, new: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = toml.parent / "mistake"
    assert compare(changed(toml, "mistake", old, new), out) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_directory_of_something_else_is_refused(
    toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = toml.parent / "letters"
    out.mkdir()
    (out / "letter.txt").write_text("Dear")
    assert compare(toml, out) == 2
    assert "exists and is no study; choose another --out" in capsys.readouterr().err


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


def test_the_studies_that_ship_are_valid() -> None:
    for path in (ROOT / "studies").glob("*.toml"):
        assert load_study(path).name == path.stem
