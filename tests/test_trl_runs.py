"""Runs on TRL: what they log, what changes, where they stop, and on two processes."""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import trl_children
from tiny import LAYERS, plain_tokenizer, shape
from tiny import build as build_model
from torch import nn
from transformers import LlamaConfig, TrainerCallback
from trl_children import ITERATIONS, build, changed, outcome, weights

from frostline.agents.policy import Policy
from frostline.agents.trl_checkpoints import newest_checkpoint, read_state
from frostline.agents.trl_engine import TrlEngine

Tiny = Callable[[str], Path]
LISA = "lisa:k=1,every=1+embeddings"


# -- one run


class Watch(TrainerCallback):
    """Notes the optimizer's options, what it holds and what changes, at each of its steps."""

    def __init__(self, engine: TrlEngine) -> None:
        self.engine = engine
        self.options: list[tuple[float, float]] = []
        self.held: list[set[str]] = []
        self.changed: list[set[str]] = []
        self.before = weights(engine)
        engine.trainer.add_callback(self)

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        now = weights(self.engine)
        self.changed.append(changed(self.before, now))
        self.before = now
        [options] = {
            (group["lr"], group["weight_decay"]) for group in others["optimizer"].param_groups
        }
        self.options.append(options)
        names = {parameter: name for name, parameter in self.engine.parameters.items()}
        self.held.append({names[parameter] for parameter in others["optimizer"].state})


def test_the_log_has_the_fields_of_the_native_engine(tiny: Tiny, tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    engine = build(tiny("llama"), tmp_path, callback=heard.append, grpo={"beta": 0.1})
    history = engine.train()
    assert history == heard
    assert [metrics["iteration"] for metrics in history] == list(range(1, ITERATIONS + 1))
    expected = {
        *("iteration", "reward", "signal", "loss", "entropy", "kl", "clip_fraction", "grad_norm"),
        *("completion_length", "truncated", "tokens", "verdicts", "curriculum", "events", "groups"),
        *("samples", "seconds", "active"),
    }
    assert all(metrics.keys() == expected for metrics in history)
    assert any(metrics["events"] for metrics in history)
    last = json.loads(json.dumps(history[-1]))
    assert last["seconds"].keys() == {"generate", "verify", "update"}
    assert sum(successes for *_, successes, _ in last["groups"]) == last["verdicts"]["CORRECT"]
    assert last["kl"] > 0
    assert history[0]["kl"] == pytest.approx(0, abs=1e-6)


def test_learning_rate_and_weight_decay_are_those_of_the_native_engine(
    tiny: Tiny, tmp_path: Path
) -> None:
    grpo = {"warmup_iterations": 3, "num_iterations": 2, "learning_rate": 0.3, "weight_decay": 0.1}
    engine = build(tiny("llama"), tmp_path, trainable="last:1+final_norm", grpo=grpo, iterations=4)
    watch = Watch(engine)
    engine.train()
    rates = [rate for rate, _ in watch.options]
    assert rates == pytest.approx([0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3])
    assert {decay for _, decay in watch.options} == {0.1}


def test_lisa_moves_its_active_layers_and_drops_the_moments_of_the_others(
    tiny: Tiny, tmp_path: Path
) -> None:
    engine = build(tiny("llama"), tmp_path, trainable=LISA)
    watch = Watch(engine)
    history = engine.train()
    active = [metrics["active"] for metrics in history]
    assert len({tuple(layers) for layers in active}) > 1
    for layers, moved, held in zip(active, watch.changed, watch.held, strict=True):
        assert moved == held == set(engine.subset.active(layers))
        assert "model.embed_tokens.weight" in moved


def test_kept_moments_survive_a_switch(tiny: Tiny, tmp_path: Path) -> None:
    engine = build(tiny("llama"), tmp_path, trainable=LISA, grpo={"moments": "keep"})
    watch = Watch(engine)
    engine.train()
    for before, after, moved in zip(watch.held, watch.held[1:], watch.changed[1:], strict=False):
        assert after == before | moved
    assert len(watch.held[-1]) > len(watch.changed[-1])


def test_the_reference_is_the_policy_before_training_wherever_it_came_from(tmp_path: Path) -> None:
    config = shape(LlamaConfig, tie_word_embeddings=True, eos_token_id=256, pad_token_id=257)
    policy = Policy(build_model(config, seed=5), plain_tokenizer())
    engine = build(policy, tmp_path, trainable="pissa:r=2@last:1", grpo={"beta": 0.1})
    reference = engine.trainer.ref_model
    assert isinstance(reference, nn.Module)
    original = dict(build_model(config, seed=5).named_parameters())
    for name, parameter in reference.named_parameters():
        assert torch.equal(parameter, original[name])
    history = engine.train()
    assert history[0]["kl"] == pytest.approx(0, abs=1e-6)


def test_gradient_checkpointing_changes_no_gradient_and_stays_above_the_frozen_layers(
    tiny: Tiny, tmp_path: Path
) -> None:
    ends = []
    for checkpointing in (False, True):
        folder, grpo = tmp_path / str(checkpointing), {"gradient_checkpointing": checkpointing}
        engine = build(tiny("llama"), folder, trainable="last:1", grpo=grpo)
        seen: list[bool] = []
        layers: Any = engine.policy.model.get_submodule("model.layers")
        layers[LAYERS - 1].register_forward_pre_hook(
            lambda _module, args, seen=seen: (
                seen.append(args[0].requires_grad) if torch.is_grad_enabled() else None
            )
        )
        engine.train()
        assert seen
        assert not any(seen)  # the backward pass ends here
        ends.append(outcome(engine) | {"state": None})
    assert ends[0] == ends[1]


def test_a_trained_policy_is_free_of_the_trainer(tiny: Tiny, tmp_path: Path) -> None:
    engine = build(tiny("llama"), tmp_path, iterations=1)
    engine.train()
    model = engine.policy.model
    assert not model.training
    ids = torch.tensor([[5, 6, 7]])
    other = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert other(ids).logits.abs().max() > model(ids).logits.abs().max() == 0


# -- checkpoints


@pytest.fixture(scope="module")
def unbroken(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> TrlEngine:
    """Return a run of two optimizer steps per iteration that nothing has stopped."""
    folder = tmp_path_factory.mktemp("unbroken")
    engine = build(tiny("llama"), folder, trainable=LISA, grpo={"num_iterations": 2})
    engine.train()
    return engine


def test_stopped_and_resumed_it_ends_like_an_unbroken_run(
    unbroken: TrlEngine, tiny: Tiny, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"trainable": LISA, "grpo": {"num_iterations": 2}}
    engine = build(tiny("llama"), tmp_path, **options)
    engine.callback = lambda metrics: engine.stop() if metrics["iteration"] == 2 else None
    first = engine.train()
    assert len(first) == 3  # all ranks hear of the wish in the next iteration
    engine = build(tiny("llama"), tmp_path, **options)
    second = engine.train(resume=True)
    assert [metrics["iteration"] for metrics in second] == [4, 5, 6]
    assert outcome(engine)["weights"] == outcome(unbroken)["weights"]
    assert engine.state_dict() == unbroken.state_dict()
    assert [m["groups"] for m in first + second] == outcome(unbroken)["groups"]


def copied(run: Path, folder: Path) -> Path:
    shutil.copytree(run, folder, dirs_exist_ok=True)
    return folder


def test_a_finished_run_has_nothing_to_resume(
    unbroken: TrlEngine, tiny: Tiny, tmp_path: Path
) -> None:
    run = copied(unbroken.output_dir, tmp_path / "run")
    engine = build(tiny("llama"), run, trainable=LISA, grpo={"num_iterations": 2})
    assert engine.train(resume=True) == []
    assert engine.done == ITERATIONS
    assert outcome(engine)["weights"] == outcome(unbroken)["weights"]
    assert engine.state_dict() == unbroken.state_dict()


def test_a_new_subset_goes_on_from_the_weights_if_it_is_allowed_to(
    unbroken: TrlEngine, tiny: Tiny, tmp_path: Path
) -> None:
    run = copied(unbroken.output_dir, tmp_path / "run")
    options: dict[str, Any] = {
        "trainable": "last:1",
        "grpo": {"num_iterations": 2},
        "iterations": 8,
    }
    with pytest.raises(ValueError, match="allow_new_subset goes on with its weights"):
        build(tiny("llama"), run, **options).train(resume=True)
    engine = build(tiny("llama"), run, **options)
    history = engine.train(resume=True, allow_new_subset=True)
    assert [metrics["iteration"] for metrics in history] == [7, 8]
    assert changed(weights(unbroken), weights(engine)) == set(engine.subset.names)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 1}, "the checkpoint has seed=0, this run 1"),
        (
            {"iterations": 5},
            "iterations must be at least the 6 that the checkpoint has done, got 5",
        ),
        ({"trainable": "lora:r=2"}, "no other subset can take over adapters or steering vectors"),
    ],
)
def test_a_run_does_not_go_on_from_another(
    options: dict[str, Any], message: str, unbroken: TrlEngine, tiny: Tiny, tmp_path: Path
) -> None:
    run = copied(unbroken.output_dir, tmp_path / "run")
    engine = build(
        tiny("llama"), run, **({"trainable": LISA, "grpo": {"num_iterations": 2}} | options)
    )
    before = engine.state_dict()
    with pytest.raises(ValueError, match=message):
        engine.train(resume=True, allow_new_subset=True)
    assert engine.state_dict() == before


def test_a_new_run_does_not_write_over_another(
    unbroken: TrlEngine, tiny: Tiny, tmp_path: Path
) -> None:
    run = copied(unbroken.output_dir, tmp_path / "run")
    with pytest.raises(ValueError, match="holds checkpoint-12 of another run"):
        build(tiny("llama"), run, trainable=LISA).train()


@pytest.mark.parametrize("harm", ["no state", "half a state", "half a random state", "no number"])
def test_a_checkpoint_that_was_cut_short_is_passed_over(
    harm: str, unbroken: TrlEngine, tmp_path: Path
) -> None:
    run = copied(unbroken.output_dir, tmp_path / "run")
    newest = newest_checkpoint(run)
    assert newest == run / "checkpoint-12"
    if harm == "no number":
        newest.rename(run / "checkpoint-copy")
    else:
        path = newest / ("rng_state.pth" if "random" in harm else "trainer_state.json")
        os.truncate(path, path.stat().st_size // 2)
        if harm == "no state":
            path.unlink()
        assert read_state(newest) is None
    assert newest_checkpoint(run) == run / "checkpoint-8"
    assert newest_checkpoint(tmp_path / "nowhere") is None


# -- two processes


def torchrun(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the script of `trl_children` on two ranks; one that hangs is ended, ranks and all."""
    script = str(Path(trl_children.__file__))
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
    ]
    with subprocess.Popen(
        [*command, script, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            out, err = process.communicate(timeout=100)
        except subprocess.TimeoutExpired:
            process.terminate()  # not kill: torchrun must end its ranks
            out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def surely(policy: str, run: Path, trainable: str) -> None:
    """Run on two ranks to the end; once more from where it began if gloo fails, as it may at exit.

    The second try must not go on from the first one's checkpoints: what ranks write at the end
    would tell of its iterations alone.
    """
    before = run.with_name(f"{run.name}-before")
    if run.exists():
        shutil.copytree(run, before)
    if torchrun(policy, str(run), trainable).returncode:
        shutil.rmtree(run, ignore_errors=True)
        if before.exists():
            shutil.copytree(before, run)
        done = torchrun(policy, str(run), trainable)
        assert done.returncode == 0, done.stderr[-4000:]


def test_two_ranks_agree_and_survive_a_kill(tiny: Tiny, tmp_path: Path) -> None:
    policy, unbroken, killed = str(tiny("llama")), tmp_path / "unbroken", tmp_path / "killed"
    surely(policy, unbroken, LISA)
    ranks = [json.loads((unbroken / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
    assert ranks[0] == ranks[1]
    assert ranks[0]["state"]["curriculum"]["parts"]["ladder"]["moves"]["promotion"] > 0
    assert len({tuple(layers) for layers in ranks[0]["active"]}) > 1
    assert any(loss != 0 for loss in ranks[0]["loss"])

    for _ in range(2):  # gloo may fail before the kill
        if newest_checkpoint(killed) is None:
            assert torchrun(policy, str(killed), LISA, "5").returncode != 0
    assert newest_checkpoint(killed) == killed / "checkpoint-4"
    assert not list(killed.glob("rank-*"))
    surely(policy, killed, LISA)
    for rank in (0, 1):
        resumed = json.loads((killed / f"rank-{rank}.json").read_text())
        assert (resumed["weights"], resumed["state"]) == (ranks[0]["weights"], ranks[0]["state"])
        assert resumed["groups"] == ranks[0]["groups"][4:]
