"""Where the parts of a decoder are: found in the module tree, not by the model's class."""

from __future__ import annotations

import re
from collections.abc import Iterator

from torch import nn
from transformers import PreTrainedModel

_ATTENTION = re.compile("attn|attention")
_MLP = re.compile("mlp|feed_?forward|ffn|moe")
_KEYS_VALUES = re.compile("(?:k|v|key|value|qkv|query_key_value)(?:_proj)?|w[kv]")


def decoder_layers(model: PreTrainedModel) -> tuple[str, nn.ModuleList]:
    """Return the name and the list of the decoder's layers.

    Raises:
        ValueError: if there is no list as long as the configuration says.
    """
    count = model.config.get_text_config().num_hidden_layers
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return name, module
    raise ValueError(f"{type(model).__name__} has no list of {count} decoder layers")


def width(model: PreTrainedModel) -> int:
    """Return the number of features of a hidden state."""
    return int(model.config.get_text_config().hidden_size)


def is_norm(module: nn.Module) -> bool:
    """Return whether a module is a norm, by the name of its type."""
    return "norm" in type(module).__name__.lower()


def norm_modules(layer: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the norms of a layer with their names, those inside its attention included."""
    return [(name, module) for name, module in layer.named_modules() if is_norm(module)]


def blocks(layer: nn.Module, word: str) -> list[tuple[str, nn.Module]]:
    """Return the children of a layer that are its `attention` or its `mlp`, with their names."""
    pattern = {"attention": _ATTENTION, "mlp": _MLP}[word]
    return [
        (name, child)
        for name, child in layer.named_children()
        # post_attention_layernorm is no attention
        if not is_norm(child) and pattern.search(name)
    ]


def module_parameters(layer: nn.Module, word: str) -> Iterator[nn.Parameter]:
    """Yield the parameters of a layer's `attention`, `mlp`, `norms` or `biases`.

    A norm inside the attention belongs to both, and so does a bias to its module.
    """
    if word == "biases":
        named = layer.named_parameters()
        yield from (p for name, p in named if name.rpartition(".")[2] == "bias")
        return
    for _, module in norm_modules(layer) if word == "norms" else blocks(layer, word):
        yield from module.parameters()


def linears(layer: nn.Module, which: str) -> list[str]:
    """Return the names of a layer's linear modules: `all` of them, or of `attention` or `mlp`."""
    places = [("", layer)] if which == "all" else blocks(layer, which)
    return [
        f"{place}.{name}".strip(".")
        for place, module in places
        for name, part in module.named_modules()
        if isinstance(part, nn.Linear)
    ]


def keys_and_values(layer: nn.Module) -> list[str]:
    """Return the names of the linear modules that make a layer's keys and values."""
    names = linears(layer, "attention")
    return [name for name in names if _KEYS_VALUES.fullmatch(name.rpartition(".")[2])]


def mlp_outputs(layer: nn.Module, features: int) -> list[str]:
    """Return the names of the linear modules that end a layer's MLP, or each of its experts."""
    last: dict[str, str] = {}
    for name in linears(layer, "mlp"):
        module = layer.get_submodule(name)
        if isinstance(module, nn.Linear) and module.out_features == features:
            last[name.rpartition(".")[0]] = name
    return list(last.values())


def part_parameters(model: PreTrainedModel, word: str) -> list[nn.Parameter]:
    """Return the parameters of the `embeddings`, the `head` or the `final_norm`."""
    if word == "final_norm":
        prefix, layers = decoder_layers(model)
        siblings = list(model.get_submodule(prefix.rpartition(".")[0]).children())
        above = siblings[siblings.index(layers) + 1 :]
        return [p for module in above if is_norm(module) for p in module.parameters()]
    found = model.get_input_embeddings() if word == "embeddings" else model.get_output_embeddings()
    return list(found.parameters()) if found is not None else []


def is_tied(model: PreTrainedModel) -> bool:
    """Return whether the head and the embeddings share a tensor."""
    embeddings = {id(p) for p in part_parameters(model, "embeddings")}
    return any(id(p) in embeddings for p in part_parameters(model, "head"))
