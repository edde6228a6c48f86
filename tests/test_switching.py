"""Subsets that change in the course of training: what moves, what stays, what is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from toys import Bits

from frostline.agents import GRPOAgent, GRPOConfig
from frostline.envs import Problem, Status, TextEnv, Verdict

SCHEDULES = [
    "progressive:order=bottom_up,every=1,keep=1",
    "progressive:order=top_down,every=2",
    "gradual:order=top_down,every=1",
    "cyclic:k=1,every=1",
    "lisa:k=2,every=1+embeddings+head",
    "greedy:score=grad_norm,k=1,every=2",
    "greedy:score=relative_grad_norm,k=2,every=1,explore=0.5",
    "greedy:score=fisher,k=1,every=1,ema=0.5",
    "greedy:score=snr,k=1,every=2@layers:1-3",
    "progressive:on=convergence,threshold=0.9,window=1",
]


def agent_of(folder: Path, trainable: str, **options: Any) -> GRPOAgent:
    settings: dict[str, Any] = {
        "groups": 4,
        "num_generations": 6,
        "max_completion_length": 3,
        "learning_rate": 1e-2,
        "warmup_iterations": 0,
    }
    config = GRPOConfig(**(settings | options))
    return GRPOAgent(
        str(folder), "uniform", [TextEnv(Bits())], trainable=trainable, config=config, seed=3
    )


def weights(agent: GRPOAgent) -> dict[str, Tensor]:
    return {n: p.detach().clone() for n, p in agent.policy.model.named_parameters()}


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize("spec", SCHEDULES)
def test_exactly_the_active_layers_move(spec: str, fast: bool, tiny: Callable[[str], Path]) -> None:
    agent = agent_of(tiny("llama"), spec, fast_path=fast, weight_decay=0.1)
    sets = []
    for _ in range(4):
        before = weights(agent)
        assert agent.phase is not None
        expected = set(agent.subset.active(agent.phase.active))
        metrics = agent.step()
        moved = {n for n, p in weights(agent).items() if not torch.equal(p, before[n])}
        assert metrics["signal"] > 0
        assert moved == expected
        sets.append(tuple(metrics["active"]))
    assert len(set(sets)) > 1
    required = {n for n, p in agent.policy.model.named_parameters() if p.requires_grad}
    assert agent.phase is not None
    assert required == set(agent.subset.active(agent.phase.active))


def test_both_paths_make_the_same_switches(tiny: Callable[[str], Path]) -> None:
    spec = "greedy:score=grad_norm,k=1,every=1"
    runs = [agent_of(tiny("qwen2"), spec, fast_path=fast, beta=0.1) for fast in (True, False)]
    fast, plain = (agent.train(4) for agent in runs)
    assert [m["active"] for m in fast] == [m["active"] for m in plain]
    for mine, theirs in zip(fast, plain, strict=True):
        assert mine["kl"] == pytest.approx(theirs["kl"], abs=1e-5)
        for layer, score in (mine["scores"] or {}).items():
            assert score == pytest.approx(theirs["scores"][layer], rel=1e-3)
    assert any(m["scores"] for m in fast)
    assert all("score" in m["seconds"] for m in fast if m["scores"])


def test_the_clip_norm_counts_only_what_trains(tiny: Callable[[str], Path]) -> None:
    agent = agent_of(tiny("llama"), "cyclic:k=1,every=1", optimizer="sgd", max_grad_norm=1e-3,
                     learning_rate=1.0)  # fmt: skip
    for _ in range(3):
        before = weights(agent)
        metrics = agent.step()
        moves = [(p - before[n]).norm().item() for n, p in weights(agent).items()]
        assert sum(m * m for m in moves) ** 0.5 == pytest.approx(1e-3, rel=1e-2)
        assert list(metrics["layer_grad_norms"]) == [str(layer) for layer in metrics["active"]]
        (norm,) = metrics["layer_grad_norms"].values()
        assert norm == pytest.approx(metrics["grad_norm"], rel=1e-5)


@pytest.mark.parametrize("moments", ["reset", "keep", "offload"])
def test_what_becomes_of_the_moments(moments: str, tiny: Callable[[str], Path]) -> None:
    agent = agent_of(tiny("llama"), "cyclic:k=2,every=1", moments=moments)
    state = agent.learner.optimizer.optimizer.state
    layers: Any = agent.policy.model.model.layers
    weight = layers[0].mlp.down_proj.weight
    steps: list[float] = []
    agent.learner.optimizer.optimizer.register_step_post_hook(
        lambda *_: steps.append(float(state[weight]["step"]) if weight in state else 0.0)
    )
    agent.train(3)  # layers 0 and 1 train, then 2 and 3, then 0 and 1 again
    assert steps == {"reset": [1, 0, 1]}.get(moments, [1, 1, 2])
    assert weight.grad is None


@pytest.mark.parametrize("warmup", [0, 3])
def test_a_layer_that_comes_back_warms_up_again(warmup: int, tiny: Callable[[str], Path]) -> None:
    agent = agent_of(tiny("llama"), "cyclic:k=2,every=3", rewarmup_iterations=warmup)
    rates: list[dict[int, float]] = []
    agent.learner.optimizer.optimizer.register_step_pre_hook(
        lambda o, *_: rates.append({g["layer"]: g["lr"] / 1e-2 for g in o.param_groups})
    )
    agent.train(6)
    assert [rate[0] for rate in rates[:3]] == [1, 1, 1]
    expected = [1 / 3, 2 / 3, 1] if warmup else [1, 1, 1]
    assert [rate[3] for rate in rates[3:]] == pytest.approx(expected)


@pytest.mark.parametrize("spec", SCHEDULES)
@pytest.mark.parametrize("moments", ["reset", "keep"])
def test_a_restored_run_goes_on_bit_for_bit(
    spec: str, moments: str, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    def fresh() -> GRPOAgent:
        return agent_of(tiny("qwen3"), spec, moments=moments, beta=0.1, rewarmup_iterations=2)

    whole = fresh()
    history = whole.train(5)
    first = fresh()
    first.train(3)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    rest = fresh()
    rest.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    again = rest.train(2)
    assert all(torch.equal(p, weights(whole)[n]) for n, p in weights(rest).items())
    drop = {"seconds"}
    assert [{k: v for k, v in m.items() if k not in drop} for m in again] == [
        {k: v for k, v in m.items() if k not in drop} for m in history[3:]
    ]
    assert whole.phase is not None
    assert rest.phase is not None
    assert rest.phase.to_dict() == whole.phase.to_dict()


def test_the_reference_is_the_first_policy_whatever_has_trained_since(
    tiny: Callable[[str], Path],
) -> None:
    agent = agent_of(tiny("llama"), "progressive:every=1", beta=0.1)
    original = weights(agent)
    agent.train(3)
    with agent.learner.reference():
        assert all(torch.equal(p, original[n]) for n, p in weights(agent).items())


def test_another_subset_is_refused_unless_it_is_allowed(tiny: Callable[[str], Path]) -> None:
    first = agent_of(tiny("llama"), "last:2", beta=0.1)
    original = weights(first)
    first.train(2)
    state = first.state_dict()
    trained = weights(first)
    second = agent_of(tiny("llama"), "layers:1-2", beta=0.1)
    with pytest.raises(ValueError, match="trainable='last:2', this one has 'layers:1-2'; allow"):
        second.load_state_dict(state)
    second.load_state_dict(state, allow_new_subset=True)
    assert second.iteration == 2
    assert all(torch.equal(p, trained[n]) for n, p in weights(second).items())
    with second.learner.reference():
        assert all(torch.equal(p, original[n]) for n, p in weights(second).items())
    moments = second.learner.state_dict()["moments"]
    assert {name.split(".")[2] for name in moments} == {"2"}  # what both train
    second.train(1)
    moved = {n.split(".")[2] for n, p in weights(second).items() if not torch.equal(p, trained[n])}
    assert moved == {"1", "2"}
    # what the first subset trained is still in the checkpoint of the second
    third = agent_of(tiny("llama"), "layers:1-2", beta=0.1)
    third.load_state_dict(second.state_dict())
    assert all(torch.equal(p, weights(second)[n]) for n, p in weights(third).items())


def test_a_reference_that_a_run_has_lost_on_its_way_is_not_made_up(
    tiny: Callable[[str], Path],
) -> None:
    first = agent_of(tiny("llama"), "last:1", beta=0.1)
    second = agent_of(tiny("llama"), "first:1")  # without beta no originals of its own are kept
    second.load_state_dict(first.state_dict(), allow_new_subset=True)
    third = agent_of(tiny("llama"), "last:1", beta=0.1)
    before = weights(third)
    message = r"^beta=0.1 needs a reference; the saved agent had none of model\.layers\.0\."
    with pytest.raises(ValueError, match=message):
        third.load_state_dict(second.state_dict(), allow_new_subset=True)
    assert all(torch.equal(p, before[n]) for n, p in weights(third).items())


def test_a_used_agent_does_not_mix_its_own_training_into_a_state(
    tiny: Callable[[str], Path],
) -> None:
    agent = agent_of(tiny("llama"), "first:1")
    state = agent.state_dict()
    agent.train(1)
    other = agent_of(tiny("llama"), "last:1")
    message = r"has trained weights that the saved one lacks, such as model\.layers\.0\..*; load it"
    with pytest.raises(ValueError, match=message):
        agent.load_state_dict(other.state_dict(), allow_new_subset=True)
    agent.load_state_dict(state)
    assert agent.iteration == 0


@pytest.mark.parametrize("score", ["fisher", "snr"])
def test_scores_know_that_the_reference_has_other_embeddings(
    score: str, tiny: Callable[[str], Path]
) -> None:
    spec = f"greedy:score={score},k=1,every=1@layers:2-3+embeddings"
    runs = [agent_of(tiny("qwen2"), spec, fast_path=fast, beta=0.5) for fast in (True, False)]
    fast, plain = (agent.train(3) for agent in runs)
    for mine, theirs in zip(fast, plain, strict=True):
        assert mine["scores"] == pytest.approx(theirs["scores"], rel=1e-3)


def test_a_schedule_starts_anew_on_the_weights_of_a_subset(tiny: Callable[[str], Path]) -> None:
    first = agent_of(tiny("llama"), "full")
    first.train(1)
    second = agent_of(tiny("llama"), "gradual:every=1")
    second.load_state_dict(first.state_dict(), allow_new_subset=True)
    assert [metrics["active"] for metrics in second.train(2)] == [[3], [2, 3]]


def test_a_batch_without_signal_has_no_scores(tiny: Callable[[str], Path]) -> None:
    class Always(Bits):
        name: ClassVar[str] = "always"

        def verify(self, problem: Problem, answer: str) -> Verdict:
            return Verdict(Status.CORRECT, "anything goes")

    config = GRPOConfig(groups=2, num_generations=4, max_completion_length=3)
    agent = GRPOAgent(
        str(tiny("llama")), "uniform", [TextEnv(Always())], config=config,
        trainable="greedy:score=grad_norm,k=1,every=1",
    )  # fmt: skip
    first, second = agent.train(2)
    assert first["scores"] is None
    assert second["active"] == first["active"]
