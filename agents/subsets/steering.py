"""Steering vectors: one trained vector per layer, added to the layer's output (arXiv:2505.18706).

The vector is a parameter `steering` of the decoder layer, zero at the start, so its name is
`model.layers.3.steering`. A forward hook adds it; the hook is a plain function that finds the
vector on its module, which lets it survive `copy.deepcopy`, and PyTorch runs it inside a
checkpointed layer too.

A plain Hugging Face model has no place for the vectors: they are saved beside it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from .modules import decoder_layers, width

NAME = "steering"
WEIGHTS_FILE = "steering.safetensors"
CONFIG_FILE = "steering.json"


def inject(model: PreTrainedModel, layers: Collection[int]) -> tuple[str, ...]:
    """Give each of `layers` a steering vector of zeros; return the names of the parameters.

    Raises:
        ValueError: if the model has steering vectors already.
    """
    prefix, layer_list = decoder_layers(model)
    if layers and any(NAME in layer._parameters for layer in layer_list):
        raise ValueError("the model has steering vectors already; load it afresh")
    for i in layers:
        layer = layer_list[i]
        like = next(layer.parameters())
        vector = torch.zeros(width(model), dtype=like.dtype, device=like.device)
        layer.register_parameter(NAME, nn.Parameter(vector))
        layer.register_forward_hook(_add_vector)
    return tuple(f"{prefix}.{i}.{NAME}" for i in layers)


def remove(model: PreTrainedModel) -> None:
    """Take all steering vectors off a model."""
    for layer in decoder_layers(model)[1]:
        if layer._parameters.pop(NAME, None) is not None:
            hooks = layer._forward_hooks
            for key in [key for key, hook in hooks.items() if hook is _add_vector]:
                del hooks[key]


def save(model: PreTrainedModel, folder: Path, *, name: str) -> None:
    """Write a model's steering vectors into `folder`.

    Args:
        model: a model with steering vectors.
        folder: made if it is not there.
        name: what the model is called; it is written beside the vectors.

    Raises:
        ValueError: if the model has none.
    """
    layers = decoder_layers(model)[1]
    vectors = {
        str(i): layer.get_parameter(NAME).detach().cpu().contiguous()
        for i, layer in enumerate(layers)
        if NAME in layer._parameters
    }
    if not vectors:
        raise ValueError(f"{name} has no steering vectors")
    folder.mkdir(parents=True, exist_ok=True)
    save_file(vectors, folder / WEIGHTS_FILE)
    about = {
        "model": name,
        "added_to": "the output of the decoder layer",
        "width": width(model),
        "num_hidden_layers": len(layers),
        "layers": [int(i) for i in vectors],
    }
    (folder / CONFIG_FILE).write_text(json.dumps(about, indent=2) + "\n")


def load(model: PreTrainedModel, folder: Path) -> tuple[str, ...]:
    """Give a model the steering vectors in `folder`; return the names of the parameters.

    Raises:
        ValueError: if the vectors are of a model of another shape.
    """
    about = json.loads((folder / CONFIG_FILE).read_text())
    layers = decoder_layers(model)[1]
    for key, mine in (("width", width(model)), ("num_hidden_layers", len(layers))):
        if about[key] != mine:
            raise ValueError(f"steering vectors are for {key}={about[key]}, the model has {mine}")
    vectors = {int(i): vector for i, vector in load_file(folder / WEIGHTS_FILE).items()}
    names = inject(model, sorted(vectors))
    with torch.no_grad():
        for i, vector in vectors.items():
            model.get_parameter(f"{decoder_layers(model)[0]}.{i}.{NAME}").copy_(vector)
    return names


def _add_vector(module: nn.Module, args: Any, output: Any) -> Any:
    """Add the layer's vector to the hidden state that it puts out."""
    vector: Tensor = module.get_parameter(NAME)
    if isinstance(output, tuple):
        return (output[0] + vector, *output[1:])
    return output + vector
