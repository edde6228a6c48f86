"""What `frostline train` refuses before any work, and that it leaves nothing behind then."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from children import SMALL

from frostline.cli import EXIT_USAGE, main

AT = SMALL.index("--trainable")
WITHOUT_SUBSET = [*SMALL[:AT], *SMALL[AT + 2 :]]


@pytest.fixture(scope="module")
def options(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    runs = tmp_path_factory.mktemp("runs")
    return [*WITHOUT_SUBSET, "--policy", str(tiny("llama")), "--runs", str(runs)]


def complaint(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line with which a command line is refused."""
    capsys.readouterr()
    assert main(["train", *args]) == EXIT_USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ("--trainable cyclic:k=1,every=2", "no subset schedule but lisa, got cyclic"),
        ("--max-turns 2", "the TRL engine is single turn"),
        ("--curriculum.kind dapo", "the TRL engine trains on every group"),
        ("--trl top_k=abc", "option 'top_k' of TRL must be int, got 'abc'"),
        ("--trl use_vlm=true", "did you mean 'use_vllm'?"),
        ("--trainable full --trl use_vllm=true", "the TRL engine needs a package: no vLLM here"),
    ],
)
def test_a_run_that_the_trl_engine_refuses_leaves_no_directory(
    wish: str,
    message: str,
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("no vLLM here")

    if "use_vllm" in wish:
        monkeypatch.setattr("frostline.agents.trl_engine.CurriculumGRPOTrainer", missing)
    args = [*options[:-1], str(tmp_path), "--engine", "trl", *wish.split()]
    assert message in complaint(args, capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("before", "after"),
    [("lora:r=2", "first:1"), ("first:1", "lora:r=2"), ("first:1", "steering")],
)
def test_no_other_subset_takes_over_an_adapter_or_brings_one(
    before: str,
    after: str,
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = Path(options[-1]) / before.replace(":", "-")
    if not run.exists():
        assert main(["train", *options, "--trainable", before, "--name", run.name]) == 0
    run = shutil.copytree(run, tmp_path / "run")
    config = (run / "config.json").read_bytes()
    args = ["--resume", str(run), "--trainable", after, "--allow-new-subset"]
    error = complaint(args, capsys)
    assert f"trains {before!r}, it cannot go on with {after!r}: no other subset can" in error
    assert (run / "config.json").read_bytes() == config


def test_a_new_subset_is_for_a_run_that_goes_on(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [*options[:-1], str(tmp_path / "runs"), "--allow-new-subset"]
    assert "--allow-new-subset goes with --resume RUN" in complaint(args, capsys)
    assert not (tmp_path / "runs").exists()
