"""Loss and gradient of the native engine equal those of TRL's own GRPOTrainer.

Both sides take the same prompts, completions and rewards; TRL pads, masks, makes advantages,
old and reference log-probabilities by its own code. Ours runs the agent's real update.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from tiny import WIDTH
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl.trainer.grpo_config import GRPOConfig as TRLConfig
from trl.trainer.grpo_trainer import GRPOTrainer

from frostline.agents.config import GRPOConfig
from frostline.agents.grpo import GRPOAgent
from frostline.agents.policy import load_policy
from frostline.agents.rollout import Rollout, left_pad

TOLERANCE = 1e-5
TOKENS = 9
END = {"llama": 256, "qwen2": 258, "qwen3": 256}
PAD = {"llama": 257, "qwen2": 256, "qwen3": 257}
PROMPTS = [[10, 20, 30, 40, 50, 60, 70], [11, 12], [90, 80, 70, 60, 50], [5, 6, 7]]
# lengths of the completions without the end token; TOKENS is a truncated row
LENGTHS = [[3, 5, TOKENS, 1], [2, 2, 4, 3], [8, 0, TOKENS, 6], [7, TOKENS, 1, 2]]
# the second group has no signal; the last is no 0/1 reward
REWARDS = [[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0], [0.5, 0.25, 1.0, 0.0]]


@dataclass
class Case:
    """What one update measured: its loss and the gradient before clipping, by name."""

    loss: float
    gradients: dict[str, Tensor]


def completions(kind: str) -> list[list[int]]:
    """Return the sixteen completions; all end but those of TOKENS tokens."""
    generator = torch.Generator().manual_seed(7)
    rows = []
    for length in (length for row in LENGTHS for length in row):
        ids = torch.randint(0, 256, (length,), generator=generator).tolist()
        rows.append(ids if length == TOKENS else [*ids, END[kind]])
    return rows


def rollout(kind: str) -> Rollout:
    """Return the fixed completions as the native engine holds them."""
    prompt_PS, prompt_mask_PS = left_pad(PROMPTS, PAD[kind], torch.device("cpu"))
    rows = completions(kind)
    tokens = torch.full((len(rows), TOKENS), PAD[kind])
    mask = torch.zeros((len(rows), TOKENS), dtype=torch.long)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    truncated = torch.tensor([row[-1] != END[kind] for row in rows])
    entropy = torch.zeros(tokens.shape)
    return Rollout(prompt_PS, prompt_mask_PS, tokens, mask, entropy, truncated, [""] * len(rows))


def ours(
    folder: Path, **options: Any
) -> tuple[list[Case], list[dict[str, Tensor]], dict[str, Any]]:
    """Run the agent's update; return each optimizer step, the weights before it, the metrics."""
    settings: dict[str, Any] = {
        "groups": 4,
        "num_generations": 4,
        "max_completion_length": TOKENS,
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "warmup_iterations": 0,
        "max_grad_norm": 1e9,
    }
    config = GRPOConfig(**(settings | options))
    agent = GRPOAgent(
        load_policy(str(folder)), "uniform", ["frostline/Arithmetic-v0"], config=config
    )
    seen: list[dict[str, Tensor]] = []
    weights: list[dict[str, Tensor]] = []

    def remember(*_: object) -> None:
        named = agent.learner.parameters.items()
        seen.append({n: p.grad.clone() for n, p in named if p.grad is not None})
        weights.append({n: p.detach().clone() for n, p in named})

    agent.learner.optimizer.optimizer.register_step_pre_hook(remember)
    sound = torch.ones(len(PROMPTS), dtype=torch.bool)
    graded = agent.learner.grade(rollout(folder.name), torch.tensor(REWARDS), sound)
    metrics = agent.learner.update(graded, 0)
    loss = metrics["loss"]
    assert loss is not None
    return [Case(loss, gradients) for gradients in seen], weights, metrics


class FixedTrainer(GRPOTrainer):
    """TRL's trainer with fixed tokens in place of generation; the rest is TRL's."""

    model: Any

    def loss_of(self, inputs: dict[str, Any]) -> Tensor:
        loss: Tensor = self._compute_loss(self.model, inputs)  # type: ignore[no-untyped-call]
        return loss

    def _generate(self, prompts: list[str]) -> tuple[Any, ...]:
        repeated = [prompt for prompt in PROMPTS for _ in range(4)]
        rows = completions(Path(self.model.name_or_path).name)
        return repeated, rows, None, [""] * len(prompts), None, {}, None, []


def fixed_rewards(**_: object) -> list[float | None]:
    return [reward for row in REWARDS for reward in row]


def trainer(folder: Path, scratch: Path, **options: Any) -> FixedTrainer:
    """Return TRL's trainer on a model of its own."""
    settings: dict[str, Any] = {
        "output_dir": str(scratch),
        "per_device_train_batch_size": 16,
        "num_generations": 4,
        "max_completion_length": TOKENS,
        "bf16": False,
        "gradient_checkpointing": False,
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "temperature": 1.0,
    }
    made = FixedTrainer(
        model=AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
        reward_funcs=fixed_rewards,
        args=TRLConfig(**(settings | options)),
        train_dataset=Dataset.from_dict({"prompt": ["-"] * 4}),
        processing_class=AutoTokenizer.from_pretrained(folder),
    )
    made.current_gradient_accumulation_steps = 1
    made.model.train()
    return made


def theirs(
    folder: Path, scratch: Path, weights: list[dict[str, Tensor]], **options: Any
) -> list[Case]:
    """Return TRL's loss and gradient at each of our steps' weights, the first being the sampler."""
    made = trainer(folder, scratch, num_iterations=len(weights), **options)
    inputs = made._generate_and_score_completions([{"prompt": "-"}] * 16)
    # TRL keeps the sampler's log-probabilities when it steps more than once on a batch
    assert ("old_per_token_logps" in inputs) == (len(weights) > 1)
    cases = []
    for step in weights:
        with torch.no_grad():
            for name, parameter in made.model.named_parameters():
                parameter.copy_(step[name])
        made.model.zero_grad()
        loss = made.loss_of(inputs)
        loss.backward()
        gradients = {n: p.grad for n, p in made.model.named_parameters() if p.grad is not None}
        cases.append(Case(loss.item(), gradients))
    return cases


def check_equal(mine: list[Case], other: list[Case]) -> None:
    """Compare the mean loss over steps, which the agent reports, and every step's gradient."""
    mean = sum(case.loss for case in other) / len(other)
    assert mine[0].loss == pytest.approx(mean, abs=TOLERANCE, rel=TOLERANCE)
    assert len(mine) == len(other)
    for a, b in zip(mine, other, strict=True):
        assert a.gradients.keys() == b.gradients.keys()
        largest = max(g.abs().max().item() for g in b.gradients.values())
        assert largest > 1e-3  # there is something to compare
        for name, gradient in b.gradients.items():
            gap = (a.gradients[name] - gradient).abs().max().item()
            assert gap <= TOLERANCE * max(1.0, largest), name


TABLE: list[tuple[str, dict[str, Any]]] = [
    ("llama", {"loss_type": "dapo"}),
    ("llama", {"loss_type": "dr_grpo"}),
    ("llama", {"loss_type": "grpo"}),
    ("llama", {"loss_type": "bnpo"}),
    ("qwen2", {"loss_type": "dapo"}),
    ("qwen2", {"loss_type": "dr_grpo", "scale_rewards": "none"}),
    ("qwen2", {"loss_type": "grpo", "scale_rewards": "batch", "temperature": 0.7}),
    ("qwen2", {"loss_type": "bnpo", "temperature": 1.3}),
    ("qwen3", {"loss_type": "dapo", "scale_rewards": "batch"}),
    ("qwen2", {"loss_type": "dapo", "mask_truncated_completions": True}),
    ("llama", {"loss_type": "grpo", "mask_truncated_completions": True}),
]


def label(value: object) -> str:
    return ",".join(f"{v}" for v in value.values()) if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(("kind", "options"), TABLE, ids=label)
def test_loss_and_gradient_equal_those_of_trl(
    kind: str, options: dict[str, Any], tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    mine, weights, _ = ours(tiny(kind), **options)
    check_equal(mine, theirs(tiny(kind), tmp_path, weights, **options))


@pytest.mark.parametrize("loss_type", ["dapo", "dr_grpo", "grpo", "bnpo"])
@pytest.mark.parametrize("beta", [0.0, 0.3])
def test_the_second_step_on_a_batch_equals_trl_with_clipping_and_kl(
    loss_type: str, beta: float, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    options = {
        "loss_type": loss_type,
        "beta": beta,
        "epsilon": 0.1,
        "epsilon_high": 0.3,
        "temperature": 0.9,
    }
    mine, weights, metrics = ours(tiny("qwen2"), num_iterations=2, **options)
    assert 0.02 < metrics["clip_fraction"] < 0.98
    check_equal(mine, theirs(tiny("qwen2"), tmp_path, weights, **options))


def test_clip_fraction_and_kl_are_those_that_trl_logs(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    options = {"beta": 0.3, "epsilon": 0.1, "epsilon_high": 0.3}
    _, weights, metrics = ours(tiny("llama"), num_iterations=2, **options)
    made = trainer(tiny("llama"), tmp_path, num_iterations=2, **options)
    inputs = made._generate_and_score_completions([{"prompt": "-"}] * 16)
    for step in weights:
        made.model.load_state_dict(step, strict=False)
        made.loss_of(inputs)
    logged = made._metrics["train"]
    assert metrics["kl"] == pytest.approx(sum(logged["kl"]) / 2, rel=1e-4)
    clipped = logged["clip_ratio/region_mean"]
    assert metrics["clip_fraction"] == pytest.approx(sum(clipped) / 2, abs=1e-6)


@pytest.mark.parametrize("tokens", [1, 40, 80, 120])
@pytest.mark.parametrize("loss_type", ["dapo", "dr_grpo", "grpo", "bnpo"])
def test_micro_batches_do_not_change_the_gradient(
    loss_type: str, tokens: int, tiny: Callable[[str], Path]
) -> None:
    # small steps: a large one amplifies the rounding of the first gradient in the second
    options: dict[str, Any] = {"loss_type": loss_type, "num_iterations": 2, "learning_rate": 0.01}
    options |= {"beta": 0.1}
    whole, _, metrics = ours(tiny("qwen2"), **options)
    parts, _, same = ours(tiny("qwen2"), tokens_per_microbatch=tokens, **options)
    check_equal(parts, whole)
    for name, value in metrics.items():
        assert same[name] == pytest.approx(value, rel=1e-4), name


@pytest.mark.parametrize("loss_type", ["dapo", "dr_grpo", "grpo", "bnpo"])
def test_skipping_groups_without_signal_changes_nothing(
    loss_type: str, tiny: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped, _, metrics = ours(tiny("llama"), loss_type=loss_type)
    assert metrics["signal"] == 0.75
    monkeypatch.setattr(
        "frostline.agents.learner.has_signal", lambda rewards: torch.ones(len(rewards)).bool()
    )
    everything, _, metrics = ours(tiny("llama"), loss_type=loss_type)
    assert metrics["signal"] == 1.0
    check_equal(skipped, everything)


def test_the_tiny_policies_are_tiny(tiny: Callable[[str], Path]) -> None:
    for kind in ("llama", "qwen2", "qwen3"):
        assert load_policy(str(tiny(kind))).model.config.hidden_size == WIDTH
