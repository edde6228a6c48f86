"""Small decoders of three kinds, for the tests of trainable subsets."""

import functools
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from tiny import build, shape
from torch import Tensor
from transformers import (
    LlamaConfig,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

from frostline.agents.subsets import Adapter, TrainableSubset, apply, resolve

KINDS: dict[str, tuple[type[PretrainedConfig], dict[str, Any]]] = {
    "llama": (LlamaConfig, {}),
    "qwen2": (Qwen2Config, {}),
    "qwen3": (Qwen3Config, {"head_dim": 16}),
}
IDS = torch.arange(12)[None] * 7


def fresh(kind: str = "llama", *, tied: bool = False, layers: int = 4) -> PreTrainedModel:
    """Return a model of width 32 with 2 heads, 1 key-value head of 16 and an MLP of 64."""
    config, extra = KINDS[kind]
    return build(shape(config, layers, tie_word_embeddings=tied, **extra))


@functools.cache
def shared(kind: str = "llama", *, tied: bool = False, layers: int = 4) -> PreTrainedModel:
    """Return a model that no test changes."""
    return fresh(kind, tied=tied, layers=layers)


def logits(model: PreTrainedModel) -> Tensor:
    """Return the logits of a fixed line of tokens."""
    with torch.no_grad():
        found: Tensor = model(IDS).logits
    return found


def one_step(model: PreTrainedModel, lr: float = 0.1) -> None:
    """Take one step of SGD on what requires gradients, for the likelihood of a fixed line."""
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr)
    model(IDS, labels=IDS).loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def adapted(kind: str, spec: str, seed: int = 0) -> tuple[PreTrainedModel, TrainableSubset]:
    """Return a model with an adapter, ready to train."""
    model = fresh(kind, tied=True)
    subset = resolve(spec, model, seed=seed)
    apply(subset, model)
    return model, subset


def adapter_of(subset: TrainableSubset) -> Adapter:
    assert subset.adapter is not None
    return subset.adapter


def weights(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def peft_modules(model: PreTrainedModel) -> list[str]:
    return [name for name, m in model.named_modules() if isinstance(m, BaseTunerLayer)]
