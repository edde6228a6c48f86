"""A run that was killed or interrupted anywhere and resumed ends like an unbroken one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import children
import pytest
import torch
from children import ITERATIONS, MOMENTS, SMALL

KILLED = -9
KILLS = [m for m in MOMENTS if m.startswith(("amid", "between", "after"))]
STOPS = [m for m in MOMENTS if m.startswith(("interrupt", "terminate"))]
FILLS = [m for m in MOMENTS if m.startswith("fill")]


@pytest.fixture(scope="module")
def options(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    runs = tmp_path_factory.mktemp("runs")
    return [*SMALL, "--policy", str(tiny("llama")), "--runs", str(runs)]


@pytest.fixture(scope="module")
def runs(options: list[str]) -> Path:
    """Return the folder of the runs, with an unbroken one in it."""
    assert children.run(children.train, [*options, "--name", "unbroken"]) == 0
    return Path(options[-1])


def same(a: Any, b: Any) -> bool:
    """Whether two states are equal, bit for bit."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


def lines(path: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in found]


def agent_state(run: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(run / "checkpoint.pt")["agent"]
    return state


def assert_like_unbroken(run: Path) -> None:
    unbroken = run.parent / "unbroken"
    assert same(agent_state(run), agent_state(unbroken))
    for name in ("metrics.jsonl", "evaluations.jsonl"):
        assert lines(run / name) == lines(unbroken / name)
    for path in unbroken.rglob("*"):
        assert (run / path.relative_to(unbroken)).exists()
    weights = "policy/model.safetensors"
    assert (run / weights).read_bytes() == (unbroken / weights).read_bytes()
    assert not list(run.glob(".*"))


def test_the_unbroken_run_learns_something_that_could_be_lost(runs: Path) -> None:
    state = agent_state(runs / "unbroken")
    assert state["iteration"] == ITERATIONS
    assert any(float(moment["exp_avg"].abs().max()) > 0 for moment in state["moments"].values())
    assert [line["when"] for line in lines(runs / "unbroken/evaluations.jsonl")] == [
        "before", "during", "during", "after",
    ]  # fmt: skip


@pytest.mark.parametrize("moment", KILLS)
def test_killed_anywhere_and_resumed_it_ends_like_an_unbroken_run(
    runs: Path, options: list[str], moment: str
) -> None:
    args = [*options, "--name", moment]
    assert children.run(children.train_until, moment, args) == KILLED
    assert children.run(children.train, ["--resume", str(runs / moment), "--quiet"]) == 0
    assert_like_unbroken(runs / moment)


@pytest.mark.parametrize("moment", STOPS)
def test_stopped_anywhere_it_exits_130_and_can_go_on(
    runs: Path, options: list[str], moment: str
) -> None:
    args = [*options, "--name", moment]
    assert children.run(children.train_until, moment, args) == 130
    assert (runs / moment / "checkpoint.pt").exists()
    assert children.run(children.train, ["--resume", str(runs / moment), "--quiet"]) == 0
    assert_like_unbroken(runs / moment)


def test_one_ctrl_c_keeps_the_iteration_and_two_keep_the_last_checkpoint(
    runs: Path, options: list[str]
) -> None:
    for moment, kept in (
        ("interrupt_amid_an_iteration", 3),
        ("interrupt_twice_amid_an_iteration", 2),
    ):
        args = [*options, "--name", f"kept-{kept}"]
        assert children.run(children.train_until, moment, args) == 130
        assert agent_state(runs / f"kept-{kept}")["iteration"] == kept


@pytest.mark.parametrize("moment", FILLS)
def test_a_disk_that_fills_up_costs_one_line_and_no_checkpoint(
    runs: Path, options: list[str], moment: str, tmp_path: Path
) -> None:
    run, log = runs / moment, tmp_path / "log"
    args = [*options, "--name", moment]
    assert children.run(children.train_until, moment, args, log=log) == 2
    assert log.read_text() == (
        f"frostline: error: run {run} stopped after iteration 4: [Errno 27] File too large; its "
        f"checkpoint of iteration 2 is whole, --resume {run} goes on\n"
    )
    assert agent_state(run)["iteration"] == 2
    assert children.run(children.train, ["--resume", str(run), "--quiet"]) == 0
    assert_like_unbroken(run)


def test_a_longer_run_goes_on_from_a_shorter_one(runs: Path, options: list[str]) -> None:
    run = runs / "short"
    short = [*options, "--name", "short"]
    short[short.index("--iterations") + 1] = "4"
    assert children.run(children.train, short) == 0
    more = ["--resume", str(run), "--quiet", "--iterations", str(ITERATIONS)]
    assert children.run(children.train, more) == 0
    assert same(agent_state(run), agent_state(runs / "unbroken"))
    assert json.loads((run / "config.json").read_text())["iterations"] == ITERATIONS
    assert lines(run / "metrics.jsonl") == lines(runs / "unbroken/metrics.jsonl")


def test_a_finished_run_resumed_reports_the_same_again(runs: Path) -> None:
    run = runs / "again"
    shutil.copytree(runs / "unbroken", run)
    before = json.loads((run / "summary.json").read_text())
    (run / "summary.json").unlink()
    assert children.run(children.train, ["--resume", str(run), "--quiet"]) == 0
    after = json.loads((run / "summary.json").read_text())
    assert after["levels"] == before["levels"]
    assert_like_unbroken(run)
