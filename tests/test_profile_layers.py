"""The layer-contribution profile: equal problems for all, honest ratios, and no lost runs."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import children
import pytest

from frostline.agents.subsets.schedules import parse_schedule
from frostline.cli import main
from frostline.envs import Problem, Status, TaskSpec, Verdict
from frostline.profile_layers import LayerProfile
from frostline.profile_options import ProfileOptions, numbers
from frostline.profile_report import refuse_ratio
from frostline.statistics import Estimate

SMALL = (
    *("--family", "children:Coin", "--threads", "1", "--quiet", "--iterations", "8"),
    *("--seeds", "2", "--eval-problems", "40", "--layers", "0,3", "--grpo.warmup-iterations", "0"),
    *("--grpo.groups", "8", "--grpo.num-generations", "4", "--grpo.max-completion-length", "2"),
    *("--full-learning-rate", "6e-3", "--grpo.learning-rate", "1e-2"),
)
RUNS = [(seed, arm) for seed in (0, 1) for arm in ("base", "full", "layers:0", "layers:3")]


@pytest.fixture(scope="module")
def options(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    runs = tmp_path_factory.mktemp("profiles")
    return [*SMALL, "--policy", str(tiny("llama")), "--runs", str(runs)]


@pytest.fixture(scope="module")
def unbroken(options: list[str]) -> Path:
    """Return the directory of a profile that nothing disturbed."""
    assert profile([*options, "--name", "unbroken"]) == 0
    return Path(options[-1]) / "unbroken"


def profile(args: list[str]) -> int:
    return main(["profile-layers", *args])


def changed(options: list[str], *changes: str) -> list[str]:
    """Return `options` with other values of some, or with more."""
    kept = list(options)
    for flag in filter(kept.__contains__, changes[::2]):
        del kept[kept.index(flag) : kept.index(flag) + 2]
    return [*kept, *changes]


def lines(path: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (path / "runs.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if "seconds" not in k} for line in found]


def summary(path: Path) -> dict[str, Any]:
    """Return the JSON of a profile without what differs between two makings of it."""

    def timeless(value: Any) -> Any:
        if isinstance(value, list):
            return [timeless(item) for item in value]
        if isinstance(value, dict):
            varying = ("seconds", "command")
            return {k: timeless(v) for k, v in value.items() if k not in varying}
        return value

    found: dict[str, Any] = timeless(json.loads((path / "profile.json").read_text()))
    return found


def solved(path: Path, arm: str) -> float:
    marks = [m for r in lines(path) if r["subset"] == arm for m in "".join(r["solved"].values())]
    return marks.count("1") / len(marks)


def test_a_profile_holds_one_run_per_seed_and_subset(unbroken: Path) -> None:
    assert [(line["seed"], line["subset"]) for line in lines(unbroken)] == RUNS
    assert all(len(line["solved"]["coin/2"]) == 40 for line in lines(unbroken))
    assert {p.name for p in unbroken.iterdir()} == {
        "options.json", "runs.jsonl", "profile.json", "profile.md", "profile.png",
    }  # fmt: skip


def test_gains_and_contributions_follow_from_the_runs(unbroken: Path) -> None:
    found, base = summary(unbroken), solved(unbroken, "base")
    whole = solved(unbroken, "full") - base
    assert found["base"]["rate"] == pytest.approx(base)
    assert found["full"]["gain"] == pytest.approx(whole)
    assert found["full"]["gain_low"] > 0  # else what follows tests nothing
    assert [row["layer"] for row in found["layers"]] == [0, 3]
    for row in found["layers"]:
        gain = solved(unbroken, f"layers:{row['layer']}") - base
        assert row["gain"] == pytest.approx(gain)
        assert row["contribution"] == pytest.approx(gain / whole)
        assert row["gain_low"] <= row["gain"] <= row["gain_high"]
        assert row["contribution_low"] <= row["contribution"] <= row["contribution_high"]


def test_a_profile_says_what_it_depends_on(unbroken: Path) -> None:
    found = summary(unbroken)
    assert found["levels"] == {"coin": [1, 2]}
    assert found["seeds"] == [0, 1]
    assert found["budget"] == {"iterations": 8, "groups": 8, "num_generations": 4}
    assert found["learning_rate"] == {"layers": 0.01, "full": 0.006}
    assert found["exam"]["split"] == "validation"
    text = (unbroken / "profile.md").read_text()
    assert "8 iterations of 8 × 4 completions" in text
    assert "| layer 3 |" in text
    assert "`frostline profile-layers --family children:Coin" in text


def test_greedy_selection_trains_the_layer_that_the_profile_ranks_first(unbroken: Path) -> None:
    found = summary(unbroken)["layers"]
    best = max(found, key=lambda row: row["contribution"])["layer"]
    file = unbroken / "profile.json"
    schedule = parse_schedule(f"greedy:score=contribution,k=1,every=5,explore=0,file={file}")
    assert schedule.start((0, 3), 0).active == (best,)


def test_all_arms_of_a_seed_meet_the_same_problems(
    options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[TaskSpec] = []
    original = children.Coin.problem

    def noted(self: children.Coin, task: TaskSpec) -> Problem:
        met.append(task)
        return original(self, task)

    monkeypatch.setattr(children.Coin, "problem", noted)
    work = LayerProfile(_options(options, name="noted", iterations=2))
    met.clear()
    trained: dict[tuple[int, str], list[TaskSpec]] = {}
    examined: dict[tuple[int, str], set[TaskSpec]] = {}

    def note(line: dict[str, Any]) -> None:
        key = (line["seed"], line["subset"])
        trained[key] = list(dict.fromkeys(task for task in met if task.split == "train"))
        examined[key] = {task for task in met if task.split == "validation"}
        assert all(task.split != "test" for task in met)
        met.clear()

    work.work(lambda seed, subset, number: None, note)
    work.close()
    assert list(trained) == RUNS
    for seed in (0, 1):
        assert trained[seed, "base"] == []
        assert len(trained[seed, "full"]) == 16
        assert trained[seed, "full"] == trained[seed, "layers:0"] == trained[seed, "layers:3"]
        exams = [examined[seed, arm] for _, arm in RUNS[:4]]
        assert all(exam == exams[0] and len(exam) == 80 for exam in exams)
    assert trained[0, "full"] != trained[1, "full"]
    assert not examined[0, "base"] & examined[1, "base"]


def _options(args: list[str], **changes: Any) -> ProfileOptions:
    from frostline.options import parse
    from frostline.profile_command import ProfileArgs

    return parse(ProfileArgs, args, prog="", description="").model_copy(update=changes)


def test_without_a_sure_gain_of_full_training_there_is_no_ratio(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    idle = changed(options, "--full-learning-rate", "1e-12", "--seeds", "1", "--name", "idle")
    assert profile(idle) == 0
    reason = "no ratio: the gain of full training is +0.0 [+0.0, +0.0] points, which includes 0"
    assert reason in capsys.readouterr().out
    path = Path(options[-1]) / "idle"
    assert reason in (path / "profile.md").read_text()
    found = summary(path)
    assert found["no_ratio"] == reason
    assert any(row["gain_low"] > 0 for row in found["layers"])  # the gains stand
    for row in found["layers"]:
        assert row["contribution"] is row["contribution_low"] is row["contribution_high"] is None
    schedule = parse_schedule(f"greedy:score=contribution,every=5,file={path / 'profile.json'}")
    with pytest.raises(ValueError, match="must give layer 0 a finite contribution, got None"):
        schedule.start((0, 3), 0)


@pytest.mark.parametrize(
    ("gain", "reason"),
    [
        (Estimate(0.1, 0.01, 0.2), None),
        (Estimate(0.1, 0.0, 0.2), "no ratio: the gain of full training is +10.0 [+0.0, +20.0] "
         "points, which includes 0"),
        (Estimate(-0.1, -0.2, 0.1), "no ratio: the gain of full training is -10.0 [-20.0, +10.0] "
         "points, which includes 0"),
        (Estimate(-0.1, -0.2, -0.05), "no ratio: the gain of full training is -10.0 [-20.0, -5.0] "
         "points, which is a loss"),
    ],
)  # fmt: skip
def test_a_ratio_needs_a_gain_whose_interval_lies_above_0(
    gain: Estimate, reason: str | None
) -> None:
    assert refuse_ratio(gain) == reason


def test_an_error_of_the_verifier_favours_no_arm(
    options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def verify(self: children.Coin, problem: Problem, answer: str) -> Verdict:
        broken = problem.task.split == "validation" and problem.task.index % 4 == 0
        return Verdict(Status.VERIFIER_ERROR if broken else Status.CORRECT, "")

    monkeypatch.setattr(children.Coin, "verify", verify)
    args = changed(options, "--seeds", "1", "--iterations", "1", "--layers", "0")
    assert profile([*args, "--name", "errors"]) == 0
    path = Path(options[-1]) / "errors"
    found = summary(path)
    assert found["exam"]["verifier_errors"] == 3 * 20
    assert "Verifier errors: 60" in (path / "profile.md").read_text()
    assert found["base"]["rate"] == 0.75
    assert found["full"]["gain"] == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--grpo.beta", "0.1"], "was begun with --grpo.beta 0.0, it cannot go on with 0.1"),
        (["--seed", "7"], "was begun with --seed 0, it cannot go on with 7"),
        (["--levels", "2"], "was begun with --levels '', it cannot go on with '2'"),
        (["--answer-format", "tag"], "was begun with --answer-format 'raw'"),
    ],
)
def test_another_option_is_refused_by_name(
    options: list[str],
    unbroken: Path,
    changes: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = (unbroken / "runs.jsonl").read_bytes()
    assert profile([*options, "--name", "unbroken", *changes]) == 2
    error = capsys.readouterr().err
    assert f"{message}" in error
    assert "choose another --name" in error
    assert (unbroken / "runs.jsonl").read_bytes() == before


def test_a_finished_profile_trains_nothing_again(options: list[str], unbroken: Path) -> None:
    with mock.patch("frostline.profile_layers.load_policy", wraps=_load()) as load:
        assert profile([*options, "--name", "unbroken"]) == 0
    assert load.call_count == 1  # for its number of layers


def _load() -> Callable[..., Any]:
    from frostline.agents.policy import load_policy

    return load_policy


def test_a_policy_with_other_weights_is_refused(
    options: list[str], unbroken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with mock.patch("frostline.profile_layers.weights_hash", return_value="other"):
        assert profile([*options, "--name", "unbroken"]) == 2
    assert "was begun with other weights of the policy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--layers", "0,9"], "layers are numbered 0 … 3, got '9'"),
        (["--layers", "2-1"], "layers are numbered 0 … 3, got '2-1'"),
        (["--layers", "first"], "layers: must be numbers and ranges such as 0,3,5-7, or all"),
        (["--levels", "0"], "levels are numbered 1 … 2, got '0'"),
        (["--name", "a/b"], "name: must be the name of one folder"),
        (["--grpo.max-completion-length", "500"], "need more than the 128 positions"),
        (["--famly", "x"], "unknown option --famly; did you mean --family?"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    options: list[str], changes: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Path(options[-1])
    before = sorted(runs.iterdir())
    assert profile(changed(options, *changes)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert sorted(runs.iterdir()) == before


def test_a_directory_of_something_else_is_refused(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(options[-1]) / "letters"
    path.mkdir()
    (path / "letter.txt").write_text("Dear")
    assert profile([*options, "--name", "letters"]) == 2
    assert "exists and is no profile; choose another --name" in capsys.readouterr().err


def hit_amid(run: tuple[int, str], number: int) -> None:
    """Send this process a signal in the third iteration of a run."""
    original = LayerProfile._run

    def watched(self: LayerProfile, seed: int, subset: str, on_iteration: Any) -> Any:
        def shot(iteration: int) -> None:
            on_iteration(iteration)
            if (seed, subset) == run and iteration == 3:
                os.kill(os.getpid(), number)

        return original(self, seed, subset, shot)

    mock.patch.object(LayerProfile, "_run", watched).start()


def killed_profile(run: tuple[int, str], args: list[str]) -> None:
    hit_amid(run, signal.SIGKILL)
    profile(args)


def cut(unbroken: Path, name: str, runs: int, torn: int = 0) -> Path:
    """Return a copy of a profile that stopped after some runs, `torn` bytes into another."""
    path = unbroken.parent / name
    path.mkdir()
    shutil.copy(unbroken / "options.json", path)
    found = (unbroken / "runs.jsonl").read_bytes().splitlines(keepends=True)
    (path / "runs.jsonl").write_bytes(b"".join(found[:runs]) + found[runs][:torn])
    return path


def test_killed_and_started_again_it_loses_the_run_under_way_only(
    options: list[str], unbroken: Path
) -> None:
    args = [*options, "--name", "killed"]
    path = unbroken.parent / "killed"
    assert children.run(killed_profile, (1, "full"), args) == -signal.SIGKILL
    before = (path / "runs.jsonl").read_bytes()
    assert [(line["seed"], line["subset"]) for line in lines(path)] == RUNS[:5]
    assert profile(args) == 0
    assert (path / "runs.jsonl").read_bytes().startswith(before)  # seconds and all: none is redone
    assert lines(path) == lines(unbroken)
    assert summary(path) == summary(unbroken)


def test_ctrl_c_says_what_is_kept(
    options: list[str], unbroken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cut(unbroken, "stopped", 7)
    args = [arg for arg in options if arg != "--quiet"] + ["--name", "stopped"]
    try:
        hit_amid((1, "layers:3"), signal.SIGINT)
        assert profile(args) == 130
    finally:
        mock.patch.stopall()
    error = capsys.readouterr().err
    assert "Stopped: 7 runs done and kept, 1 left; the same command goes on" in error
    assert profile(args) == 0
    assert summary(path) == summary(unbroken)


def test_a_line_cut_short_by_a_kill_is_done_again(options: list[str], unbroken: Path) -> None:
    path = cut(unbroken, "torn", 7, torn=50)
    assert profile([*options, "--name", "torn"]) == 0
    assert lines(path) == lines(unbroken)
    assert summary(path) == summary(unbroken)


def test_progress_says_what_is_done_and_how_long_the_rest_takes(
    options: list[str], unbroken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = cut(unbroken, "halfway", 6)
    args = [arg for arg in options if arg != "--quiet"]
    assert profile([*args, "--name", "halfway", "--json"]) == 0
    out, error = capsys.readouterr()
    assert f"{path}: 6 runs done, 2 left" in error
    assert "7/8  seed 1, layers:0: pass rate" in error
    assert error.splitlines()[-1].endswith(" 0 s left")
    assert json.loads(out) == json.loads((path / "profile.json").read_text())


def test_a_profile_in_use_is_refused(
    options: list[str], unbroken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = LayerProfile(_options(options, name="unbroken"))
    try:
        assert profile([*options, "--name", "unbroken"]) == 2
    finally:
        first.close()
    assert "is in use by another process" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [("all", (1, 2, 3, 4)), ("2", (2,)), ("3-4, 1", (1, 3, 4)), ("2,1-3,2", (1, 2, 3))],
)
def test_numbers_are_read_in_any_order_and_once(text: str, expected: tuple[int, ...]) -> None:
    assert numbers("levels", text, 1, 4) == expected


def test_levels_are_all_but_for_the_base_policy_on_closed_forms() -> None:
    assert ProfileOptions().level_text() == "7,8"
    assert ProfileOptions(levels="all").level_text() == "all"
    assert ProfileOptions(family=("arithmetic",)).level_text() == "all"
    assert ProfileOptions(policy="mine").level_text() == "all"


def test_full_training_may_share_the_learning_rate_of_the_layers() -> None:
    shared = ProfileOptions(full_learning_rate=None)
    assert shared.config("full") == shared.config("layers:0") == shared.grpo
    own = ProfileOptions(full_learning_rate=0.5)
    assert own.config("full").learning_rate == 0.5
    assert own.config("layers:0") == own.grpo
