"""The fast path on the shapes that users bring: heads, biases, rotary types, hooks."""

import functools
from typing import Any

import pytest
import torch
from test_fast_path import REWARDS, Step, agent_of, check_equal, rollout
from tiny import build, plain_tokenizer, shape
from torch import nn
from transformers import LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

from frostline.agents import Policy
from frostline.agents.path import Decoded, ModelPath, Sampling
from frostline.agents.plain_path import PlainPath
from frostline.agents.rollout import left_pad

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 32,
          "low_freq_factor": 1.0, "high_freq_factor": 4.0}  # fmt: skip
SHAPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "as many key heads": (LlamaConfig, {"num_attention_heads": 4, "num_key_value_heads": 4}),
    "half of the key heads": (LlamaConfig, {"num_attention_heads": 4, "num_key_value_heads": 2}),
    "one key head": (Qwen2Config, {"num_attention_heads": 4, "num_key_value_heads": 1}),
    "wide heads": (Qwen3Config, {"num_attention_heads": 6, "num_key_value_heads": 2,
                                 "head_dim": 24}),
    "biases": (LlamaConfig, {"attention_bias": True, "mlp_bias": True}),
    "tied biases": (Qwen3Config, {"attention_bias": True, "head_dim": 16,
                                  "tie_word_embeddings": True}),
    "no window": (MistralConfig, {"sliding_window": None, "head_dim": 8}),
    "yarn": (LlamaConfig, {"rope_parameters": {"rope_theta": 1e4} | YARN}),
    "llama3": (LlamaConfig, {"rope_parameters": {"rope_theta": 1e4} | LLAMA3}),
}  # fmt: skip


def policy_of(kind: str) -> Policy:
    """Return a policy whose norms and biases are not at their first values."""
    config, options = SHAPES[kind]
    model = build(shape(config, **({"tie_word_embeddings": False, "eos_token_id": 256} | options)))
    draws = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name or name.endswith("bias"):
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=draws))
    return Policy(model, plain_tokenizer())


shared = functools.cache(policy_of)  # for tests that change nothing


def updated(policy: Policy, spec: str, *, fast: bool) -> Step:
    """Return the loss of an update and the gradient of each trainable tensor."""
    agent = agent_of(policy, spec, beta=0.1, fast_path=fast)
    learner = agent.learner
    seen: list[dict[str, torch.Tensor]] = []

    def remember(*_: object) -> None:
        named = learner.parameters.items()
        seen.append({n: p.grad.clone() for n, p in named if p.grad is not None})

    learner.optimizer.optimizer.register_step_pre_hook(remember)
    graded = learner.grade(rollout(True), REWARDS, torch.ones(3, dtype=torch.bool))
    metrics = learner.update(graded, 0)
    assert agent.policy.path.name == ("fast" if fast else "plain")
    return float(metrics["loss"]), seen[-1]


@pytest.mark.parametrize("spec", ["full", "last:2"])
@pytest.mark.parametrize("kind", SHAPES)
def test_loss_and_gradients_equal_the_plain_path_for_every_shape(kind: str, spec: str) -> None:
    fast, plain = (updated(policy_of(kind), spec, fast=on) for on in (True, False))
    check_equal(fast, plain)


def sampled(path: ModelPath, prompts: list[list[int]], temperature: float, seed: int) -> Decoded:
    prompt_PS, mask_PS = left_pad(prompts, 257, torch.device("cpu"))
    ends = frozenset({256, *range(0, 256, 4)})
    draws = torch.Generator().manual_seed(seed)
    return path.decode(prompt_PS, mask_PS, Sampling(5, 7, temperature, ends, 257, draws))


PROMPTS = {
    "one prompt": [[5, 6, 7]],
    "one token": [[5]],
    "the same twice": [[5, 6, 7], [5, 6, 7]],
    "short and long": [[5], list(range(60)), [9, 9]],
}


@pytest.mark.parametrize("prompts", PROMPTS.values(), ids=list(PROMPTS))
@pytest.mark.parametrize("kind", SHAPES)
def test_the_same_draws_sample_the_same_tokens_for_every_shape(
    kind: str, prompts: list[list[int]]
) -> None:
    policy = shared(kind)
    assert policy.path.name == "fast"
    for seed, temperature in enumerate((0.0, 0.3, 1.0, 2.0)):
        plain = sampled(PlainPath(policy.model, "wanted"), prompts, temperature, seed)
        fast = sampled(policy.path, prompts, temperature, seed)
        assert torch.equal(fast.completion_PGT, plain.completion_PGT)
        assert torch.equal(fast.mask_PGT, plain.mask_PGT)


def test_a_hook_on_a_projection_is_called_and_counts() -> None:
    policy = policy_of("half of the key heads")
    model: Any = policy.model
    before = sampled(policy.path, PROMPTS["short and long"], 1.0, 0)
    model.model.layers[1].mlp.up_proj.register_forward_hook(lambda _m, _args, out: 3.0 * out)
    fast = sampled(policy.path, PROMPTS["short and long"], 1.0, 0)
    plain = sampled(PlainPath(policy.model, "wanted"), PROMPTS["short and long"], 1.0, 0)
    assert torch.equal(fast.completion_PGT, plain.completion_PGT)
    assert not torch.equal(fast.entropy_PGT[:, 0], before.entropy_PGT[:, 0])


def test_a_weight_that_a_hook_computes_gets_its_gradient() -> None:
    steps = []
    for fast in (True, False):
        policy = policy_of("half of the key heads")
        model: Any = policy.model
        layer: nn.Linear = model.model.layers[3].mlp.up_proj
        with pytest.warns(FutureWarning, match="weight_norm"):
            nn.utils.weight_norm(layer)  # the old one, by a hook: the new one is another class
        steps.append(updated(policy, "last:1", fast=fast))
    assert any(name.endswith("weight_g") for name in steps[0][1])
    check_equal(*steps)
