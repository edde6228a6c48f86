"""Exporting runs: whole folders, cards whose code runs, rates that are those of the run."""

import json
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import children
import export_children
import pytest
import torch
from children import SMALL
from subset_models import logits
from transformers import AutoModelForCausalLM

from frostline import export_run, report
from frostline.agents.grpo import GRPOAgent
from frostline.agents.policy import load_policy
from frostline.cli import main
from frostline.evaluate import evaluate
from frostline.run_dir import RunDir, read_lines, whole_folder

SMALL_PAIRS = [part for part in SMALL if part != "--quiet"]
LARGE_STEP = {"grpo.learning_rate": "0.03"}  # it can be seen in the logits
CARD_SPECS = ("first:1", "lora:r=2", "pissa:r=2+steering", "steering@last:2")
SPECS = (*CARD_SPECS, "full", "ia3", "dora:r=2", "ln_tuning+head", "lisa:k=1,every=1")
# peft, of norms that it reads
quiet = pytest.mark.filterwarnings("ignore:Unsupported layer type")


@pytest.fixture(scope="module", autouse=True)
def no_pictures() -> Iterator[None]:
    """Spare the runs their pictures, which take most of their time."""
    with mock.patch.multiple(report, draw_levels=mock.DEFAULT, draw_training=mock.DEFAULT):
        yield


@pytest.fixture(scope="module")
def run_of(
    tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Return the function that gives the directory of a run that has ended."""
    root = tmp_path_factory.mktemp("runs")

    def run(spec: str, kind: str = "llama") -> Path:
        name = f"{kind}-{spec.replace(':', '-')}"
        if not (root / name).exists():
            args = small(
                policy=str(tiny(kind)), trainable=spec, iterations="2", runs=str(root), name=name,
                **LARGE_STEP,
            )  # fmt: skip
            assert main(["train", *args]) == 0
        return root / name

    return run


def small(**options: str) -> list[str]:
    """Return the options of a small run, some of them others."""
    given = dict(zip(SMALL_PAIRS[::2], SMALL_PAIRS[1::2], strict=True))
    given |= {f"--{name.replace('_', '-')}": value for name, value in options.items()}
    return [*(part for pair in given.items() for part in pair), "--quiet"]


def export(*args: object) -> int:
    return main(["export", *map(str, args)])


def live(run: Path) -> Any:
    return export_run.rebuild(RunDir(run)).policy.model


def assert_close(one: Any, other: Any) -> None:
    torch.testing.assert_close(logits(one), logits(other), rtol=1e-5, atol=1e-5)


def card_code(folder: Path) -> str:
    found = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def load_by_card(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the code of a model card and return the model that it makes."""
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(card_code(folder), names)
    return names["model"]


@quiet
@pytest.mark.parametrize("spec", SPECS)
def test_the_policy_of_an_ended_run_has_the_rates_and_logits_of_the_live_one(
    spec: str, run_of: Callable[..., Path], tiny: Callable[[str], Path]
) -> None:
    run = run_of(spec)
    trained = export_run.rebuild(RunDir(run))
    policy = load_policy(str(run / "policy"))
    assert_close(policy.model, trained.policy.model)
    assert (logits(policy.model) - logits(load_policy(str(tiny("llama"))).model)).abs().max() > 0.01
    after = read_lines(run / "evaluations.jsonl")[-1]
    config = RunDir(run).config()
    again = evaluate(
        policy, trained.envs, split="test", problems=config.eval_problems, seed=config.seed,
        temperature=config.grpo.temperature,
        max_completion_length=config.grpo.max_completion_length,
    )  # fmt: skip
    assert after["when"] == "after"
    assert [result.to_dict() for result in again] == after["levels"]
    assert not list(run.glob(".*"))


@quiet
@pytest.mark.parametrize(
    ("kind", "spec"), [*(("llama", spec) for spec in CARD_SPECS), ("qwen2", CARD_SPECS[2])]
)
def test_the_code_of_the_card_loads_the_trained_policy_and_answers(
    kind: str,
    spec: str,
    run_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = run_of(spec, kind)
    adapters = "apart" if spec.startswith(("lora", "pissa")) else "merged"
    assert export(run, "--adapters", adapters, "--out", tmp_path / "out", "--json") == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["gap"] < 1e-5
    assert result["apart"] == (adapters == "apart")
    assert sorted(result["files"]) == sorted(
        str(path.relative_to(tmp_path / "out"))
        for path in (tmp_path / "out").rglob("*") if path.is_file()
    )  # fmt: skip
    assert_close(load_by_card(tmp_path / "out", monkeypatch), live(run))
    assert capsys.readouterr().out.endswith("\n"), "it printed an answer"


def test_the_code_of_the_card_that_a_run_leaves_runs_too(
    run_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of("steering@last:2")
    assert_close(load_by_card(run / "policy", monkeypatch), live(run))


def test_the_card_says_what_the_policy_is(run_of: Callable[..., Path], tmp_path: Path) -> None:
    run = run_of("lora:r=2")
    assert export(run, "--out", tmp_path / "out", "--dtype", "bfloat16") == 0
    text = (tmp_path / "out/README.md").read_text()
    summary = json.loads((run / "summary.json").read_text())
    command = f"frostline export {run} --out {tmp_path}/out --dtype bfloat16"
    for line in (
        "library_name: transformers",
        "# license: yours to choose, within that of the policy it was trained from",
        "| trainable subset | `lora:r=2` |",
        f"| trainable weights | {summary['trainable']:,} of {summary['total']:,} (",
        "| engine | native |",
        "| seed | 0 |",
        "| iterations | 2 of 2 |",
        "| this folder | weights in bfloat16, lora merged into them |",
        "| coin | 2 |",
        "- Trained and measured in float32, stored in bfloat16.",
        "- Merging rounds the weights",
        f"This folder: `{command}`",
    ):
        assert line in text
    row = next(line for line in text.splitlines() if line.startswith("| coin | 1 |"))
    assert row == next(
        line for line in (run / "report.md").read_text().splitlines() if line.startswith(row[:12])
    )
    stored = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert {p.dtype for p in stored.parameters()} == {torch.bfloat16}


def test_the_options_in_the_folder_are_those_of_the_run(
    run_of: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of("first:1")
    options = ["--config", str(run / "policy/train_config.json"), "--runs", str(tmp_path)]
    capsys.readouterr()  # the run that is repeated may have been made just now, and have printed
    assert main(["train", *options, "--quiet", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["run"]
    weights = "policy/model.safetensors"
    assert (Path(again) / weights).read_bytes() == (run / weights).read_bytes()


def test_a_checkpoint_is_exported_without_training(
    tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = small(
        policy=str(tiny("llama")), runs=str(tmp_path), name="cut", trainable="lora:r=2",
        **LARGE_STEP,
    )  # fmt: skip
    # after four iterations in the log, with a checkpoint of the second
    assert children.run(children.train_until, "between_metrics_and_checkpoint", args) == -9
    run = tmp_path / "cut"
    logs = {path.name: path.read_bytes() for path in run.iterdir()}

    def step(_: GRPOAgent) -> None:
        raise AssertionError("it trains")

    monkeypatch.setattr(GRPOAgent, "step", step)
    assert export(run) == 0
    text = (run / "export/README.md").read_text()
    assert "| iterations | 2 of 6 |" in text
    assert "The weights after iteration 2 have not been evaluated." in text
    state = torch.load(run / "checkpoint.pt")["agent"]
    model = live(run)
    for name, value in state["weights"].items():
        assert torch.equal(model.get_parameter(name), value)
    assert_close(load_policy(str(run / "export")).model, model)
    assert {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()} == logs
    (run / "evaluations.jsonl").unlink()
    assert export(run, "--out", tmp_path / "other") == 0
    assert "The run has not been evaluated yet." in (tmp_path / "other/README.md").read_text()


def test_a_run_of_the_trl_engine_is_exported_from_its_own_checkpoints(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    args = small(
        policy=str(tiny("qwen3")), runs=str(tmp_path), name="trl", trainable="pissa:r=2+steering",
        engine="trl", iterations="2", **LARGE_STEP,
    )  # fmt: skip
    assert children.run(children.train, args) == 0
    run = tmp_path / "trl"
    assert export(run) == 0
    model = live(run)
    assert_close(load_policy(str(run / "export")).model, model)
    assert_close(load_policy(str(run / "policy")).model, model)
    assert (logits(model) - logits(load_policy(str(tiny("qwen3"))).model)).abs().max() > 0.01
    assert "| engine | trl |" in (run / "export/README.md").read_text()
    (run / "checkpoint.pt").unlink()  # as after a kill
    assert export(run) == 0
    assert "| seconds | unknown with 1 CPU" in (run / "export/README.md").read_text()
    next(run.glob("trl/checkpoint-2/model.safetensors")).unlink()
    assert export(run, "--out", tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()


def test_an_earlier_export_is_replaced_and_nothing_else(
    run_of: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = run_of("lora:r=2"), tmp_path / "deep/out"
    assert export(run, "--out", out, "--adapters", "apart") == 0
    assert export(run, "--out", out) == 0
    assert not (out / "adapter").exists()
    (out / "mine.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    assert export(run, "--out", tmp_path / "empty") == 0
    (tmp_path / "file").write_text("mine")
    capsys.readouterr()
    for name, message in (
        ("deep/out", "out holds mine.txt, which no export wrote"),
        ("deep", "deep has no frostline.json"),
        ("file", "file has no frostline.json"),
    ):
        before = sorted(tmp_path.rglob("*"))
        assert export(run, "--out", tmp_path / name) == 2
        error = capsys.readouterr().err
        assert "out must be a new folder or an earlier export, and" in error
        assert message in error
        assert sorted(tmp_path.rglob("*")) == before
    assert (out / "mine.txt").read_text() == (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("moment", ["gap", "write_card"])
def test_an_interrupted_export_leaves_the_earlier_one_or_nothing(
    moment: str, run_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of("first:1")
    with monkeypatch.context() as patched:
        patched.setattr(export_run, moment, mock.Mock(side_effect=KeyboardInterrupt))
        assert export(run, "--out", tmp_path / "out") == 130
    assert not list(tmp_path.iterdir())
    assert export(run, "--out", tmp_path / "out") == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with monkeypatch.context() as patched:
        patched.setattr(export_run, moment, mock.Mock(side_effect=KeyboardInterrupt))
        assert export(run, "--out", tmp_path / "out", "--dtype", "float16") == 130
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_folder_that_loads_as_another_policy_is_not_left(
    run_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(export_run, "gap", lambda *_: 0.5)
    assert export(run_of("first:1"), "--out", tmp_path / "out") == 2
    assert "logits differ from the trained policy's by 5.0e-01" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("renames", [0, 1])
def test_after_a_kill_the_old_folder_is_there_or_comes_back(tmp_path: Path, renames: int) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "file").write_text("old")
    assert children.run(export_children.replace_and_die, out, renames) == -signal.SIGKILL
    assert out.exists() == (renames == 0)

    def fail() -> None:
        with whole_folder(out):
            assert (out / "file").read_text() == "old"
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert (out / "file").read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]
    assert children.run(export_children.replace_and_die, out, 2) == 0
    assert (out / "file").read_text() == "new"
    assert list(tmp_path.iterdir()) == [out]


def changed(run: Path, **options: object) -> None:
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config | options))


@pytest.mark.parametrize(
    ("change", "args", "message"),
    [
        (lambda run: None, ["--adapters", "apart"], "adapters=apart needs an adapter, trainable="),
        (lambda run: None, ["--dtype", "int8"], "invalid choice"),
        (lambda run: (run / "checkpoint.pt").unlink(), [], "has no checkpoint yet, so there is"),
        (lambda run: (run / "config.json").unlink(), [], "is not a run directory"),
        (lambda run: changed(run, engine="trl"), [], "has no checkpoint yet, so there is"),
        (lambda run: changed(run, policy="base"), [], "policy 'base' has other weights than when"),
    ],
    ids=["no adapter", "dtype", "no checkpoint", "no run", "engine", "policy"],
)
def test_what_cannot_be_exported_is_told_in_one_line(
    change: Callable[[Path], None],
    args: list[str],
    message: str,
    run_of: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = shutil.copytree(run_of("first:1"), tmp_path / "run")
    change(run)
    capsys.readouterr()
    assert export(run, *args) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (run / "export").exists()


def test_a_policy_with_an_adapter_beside_its_weights_is_not_trained_further(
    run_of: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(run_of("lora:r=2"), "--adapters", "apart", "--out", tmp_path / "out") == 0
    args = small(policy=str(tmp_path / "out"), runs=str(tmp_path / "runs"))
    assert main(["train", *args]) == 2
    assert "train on an export with --adapters merged" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
