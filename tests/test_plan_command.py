"""`frostline plan`: what subsets are and cost, from a configuration alone."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from frostline.agents.subsets import resolve
from frostline.cli import EXIT_USAGE
from frostline.cli import main as frostline
from frostline.plan import empty_policy
from frostline.plan_command import amount, numbers, show


def plan(capsys: pytest.CaptureFixture[str], line: str) -> dict[str, Any]:
    """Return the JSON of a command line."""
    assert frostline(["plan", *line.split(), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_several_specs_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, "full first:5 last:1 lora:r=8 norms+final_norm steering")
    full, first, last, lora, norms, steering = found["plans"]
    assert [p["spec"] for p in found["plans"]] == [
        "full", "first:5", "last:1", "lora:r=8", "norms+final_norm", "steering",
    ]  # fmt: skip
    assert full["of_full"] == {"flops": 1.0, "update": 1.0, "memory": 1.0}
    assert full["cost"] == found["full"]
    assert full["trainable"] == full["total"] == 2_346_112
    assert (first["layers"], last["layers"]) == ([0, 1, 2, 3, 4], [11])
    assert first["trainable"] == 5 * last["trainable"] == 5 * (4 * 128**2 + 3 * 128 * 320 + 256)
    assert norms["trainable"] == 25 * 128
    assert (steering["trainable"], steering["tensor_count"]) == (12 * 128, 12)
    assert lora["total"] == full["total"] + lora["trainable"]
    shares = [p["of_full"]["update"] for p in (last, first, full)]
    assert shares == sorted(shares)
    assert shares[0] < 0.12
    for one in found["plans"]:
        memory, flops = one["cost"]["memory"], one["cost"]["flops"]
        assert memory["peak"] == pytest.approx(sum(memory.values()) - memory["peak"])
        assert flops["total"] == pytest.approx(sum(flops.values()) - flops["total"])
        assert one["share"] == one["trainable"] / one["total"]


def test_a_plan_says_what_resolving_the_loaded_policy_says(
    capsys: pytest.CaptureFixture[str], tiny: Callable[[str], Path]
) -> None:
    from frostline.agents import load_policy

    for kind in ("llama", "qwen2", "qwen3"):
        for spec in ("full", "first:2+embeddings", "lora:r=2@last:1"):
            found = plan(capsys, f"{spec} --policy {tiny(kind)} --tensors")["plans"][0]
            subset = resolve(spec, load_policy(str(tiny(kind))).model)
            assert [t["name"] for t in found["tensors"]] == list(subset.names)
            assert sum(t["weights"] for t in found["tensors"]) == subset.trainable
            assert (found["trainable"], found["total"]) == (subset.trainable, subset.total)
            assert tuple(found["notes"]) == subset.notes


def test_no_weights_are_read(
    capsys: pytest.CaptureFixture[str], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copy(tiny("qwen3") / "config.json", tmp_path)
    assert plan(capsys, f"last:1 --policy {tmp_path}")["plans"][0]["layers"] == [3]
    assert {p.device.type for p in empty_policy(str(tmp_path)).parameters()} == {"meta"}


def test_the_workload_is_that_of_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    line = "last:2 --groups 4 --num-generations 2 --prompt-tokens 10 --completion-tokens 6"
    small = plan(capsys, line)
    assert small["workload"]["prompts"] == 4
    assert small["workload"]["trunk_reuse"] is True
    large = plan(capsys, line.replace("groups 4", "groups 8"))
    ours, twice = (found["plans"][0]["cost"]["flops"] for found in (small, large))
    assert twice["generation"] == 2 * ours["generation"]
    assert twice["optimizer"] == ours["optimizer"]
    kl = plan(capsys, f"{line} --beta 0.1 --gradient-checkpointing --optimizer sgd")
    cost = kl["plans"][0]["cost"]
    assert cost["flops"]["reference"] > 0
    assert cost["memory"]["optimizer"] == 0
    assert cost["memory"]["originals"] > 0


def test_a_schedule_is_priced_phase_by_phase(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, "progressive:order=bottom_up,every=20,step=4 --iterations 50")["plans"][0]
    phases = found["phases"]
    assert [(p["start"], p["end"]) for p in phases] == [(0, 20), (20, 40), (40, 50)]
    assert [len(p["layers"]) for p in phases] == [12, 8, 4]
    shares = [p["of_full"]["update"] for p in phases]
    assert shares == sorted(shares, reverse=True)
    weighted = (20 * shares[0] + 20 * shares[1] + 10 * shares[2]) / 50
    assert found["of_full"]["update"] == pytest.approx(weighted)
    assert found["cost"]["memory"] == phases[0]["cost"]["memory"]  # the phase that needs the most
    assert plan(capsys, "first:5")["plans"][0]["phases"] == []


def test_parts_that_train_at_all_times_are_in_every_phase(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = "lisa:k=2,every=5+embeddings --iterations 20"
    found = plan(capsys, line)["plans"][0]
    layer = 4 * 128**2 + 3 * 128 * 320 + 256
    assert {p["trainable"] for p in found["phases"]} == {2 * layer + 640 * 128}
    assert plan(capsys, line) == plan(capsys, line)
    other = plan(capsys, f"{line} --seed 1")["plans"][0]
    assert [p["layers"] for p in other["phases"]] != [p["layers"] for p in found["phases"]]


def test_a_schedule_that_follows_metrics_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    found = plan(capsys, "greedy:score=fisher,k=2,every=5")["plans"][0]
    assert len(found["phases"]) == 1
    assert any("later phases depend on" in note for note in found["notes"])


def test_the_tables_show_specs_phases_notes_and_tensors(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = plan(capsys, "full last:1 cyclic:k=1,every=1 --tensors --iterations 100")
    console = Console(width=100)
    with console.capture() as seen:
        show(found, console)
    text = seen.get()
    for word in ("last:1", "cyclic:k=1,every=1", "0-11", "188,672", "8.04%", "activations", "peak"):
        assert word in text
    assert "full: the head is tied to the embeddings: full trains both" in text
    assert "last:1: model.layers.11.self_attn.q_proj.weight 16,384" in text
    assert "and 80 more phases" in text


def test_numbers_and_amounts_are_short() -> None:
    assert numbers([]) == "none"
    assert numbers([3, 4, 5, 9]) == "3-5,9"
    assert [amount(x) for x in (0, 12.3, 999.4, 1e3, 2.5e9, 1e18)] == [
        "0", "12.3", "999", "1 k", "2.5 G", "1e+03 P",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("frist:5", "did you mean 'first'?"),
        ("first:13", "first:13"),
        ("first:5 --policy nowhere", "got 'nowhere'"),
        ("first:5 --optimizer adam", "optimizer"),
        ("first:5 --groups 0", "groups: should be greater than or equal to 1, got 0"),
        ("first:5 --completions-tokens 3", "did you mean --completion-tokens?"),
        ("lisa:k=99,every=2", "99"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frostline(["plan", *line.split()]) == EXIT_USAGE
    out, err = capsys.readouterr()
    assert message in err
    assert (err.count("\n"), out) == (1, "")


def test_help_does_not_wait_for_torch() -> None:
    code = (
        "import contextlib, sys; from frostline.cli import main\n"
        "for line in (['plan', '--help'], ['bench', '--help'], ['bench', 'step', '--help']):\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        main(line)\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0
