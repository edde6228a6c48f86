"""frostline compare: what is kept after a stop, and what is refused."""

import signal
import time
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import children
import pytest
import study_children
from study_coins import RUNS, args, changed, compare, cut, in_order, lines

from frostline.study import lines as files
from frostline.study.compare import Comparison, join
from frostline.study.plan import Task, total
from frostline.study.spec import load_study

ROOT = Path(__file__).parents[1]


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


def test_the_studies_that_ship_are_valid() -> None:
    for path in (ROOT / "studies").glob("*.toml"):
        assert load_study(path).name == path.stem
