"""What the cost model knows of a policy: how wide it is, and where each of its weights is met.

Read from the module tree, so a model without memory (torch's `meta` device) is enough.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from torch import nn
from transformers import PreTrainedModel

from .modules import decoder_layers


class Stage(IntEnum):
    """What a token meets within one decoder layer, in this order.

    The odd number after a stage belongs to the second factor of an adapter there, whose input is
    what the first factor made.
    """

    INPUT_NORM = 0
    PROJECT = 2  # queries, keys and values
    HEAD_NORM = 4
    ATTEND = 6
    OUT = 8
    MLP_NORM = 10
    UP = 12  # the gate too
    ACTIVATE = 14
    DOWN = 16
    END = 18  # a steering vector


Place: TypeAlias = tuple[int, int]  # (layer, stage); later places compare greater

EMBEDDINGS: Place = (-1, 0)
SECOND_FACTOR = re.compile(r"lora_[A-Za-z_]*B|vera_lambda_b")
ADAPTER = re.compile(r"lora_|vera_|ia3_|ln_tuning|adapter|steering")
ATTENTION = re.compile(r"att(entio)?n")
OUT = re.compile(r"o_proj|out_proj|dense|c_proj|wo\b")
DOWN = re.compile(r"down_proj|c_proj|fc2|w2\b|4h_to_h")
MLP = re.compile(r"mlp|feed_?forward|ffn|moe")
NORM = re.compile(r"norm|^ln_")
AFTER_ATTENTION = re.compile(r"post_attention|pre_feedforward|ffn_norm|ln_2")


@dataclass(frozen=True, slots=True)
class Weight:
    """One parameter.

    Attributes:
        name: as in `named_parameters()`.
        place: where in the forward pass it is met.
        count: how many numbers it holds.
        inputs: floats per token that it is multiplied with if it is a matrix, else 0.
        adapter: whether it was added to the model's own weights.
    """

    name: str
    place: Place
    count: int
    inputs: int
    adapter: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What the cost model needs of a policy, after its adapters were put in.

    Attributes:
        layers: decoder layers, L.
        width: of the residual stream, d.
        heads: of the queries.
        query: heads times head width, q.
        key_value: key-value heads times head width, kv.
        mlp: width of the hidden layer of the MLP, f.
        gated: whether the MLP has a gate.
        head_norm: whether queries and keys are normed.
        vocabulary: tokens, V.
        head: name of the head's matrix; that of the embeddings if the two are tied.
        weights: every parameter; a tied one once, as the embeddings.
    """

    layers: int
    width: int
    heads: int
    query: int
    key_value: int
    mlp: int
    gated: bool
    head_norm: bool
    vocabulary: int
    head: str
    weights: tuple[Weight, ...]

    @property
    def total(self) -> int:
        """Return the number of weights."""
        return sum(weight.count for weight in self.weights)


class Reach:
    """Where a backward pass goes that ends in the parameters `names`.

    Attributes:
        entry: the first place where something trains.
        layer: the lowest layer that is not trunk; L if only the head or the final norm trains.
        trainable: the parameters that train.
    """

    def __init__(self, shape: Shape, names: Collection[str]) -> None:
        """Find the entry.

        Raises:
            ValueError: if nothing trains, or a name is not the policy's.
        """
        chosen = frozenset(names)
        self.trainable = tuple(w for w in shape.weights if w.name in chosen)
        if not chosen or len(self.trainable) < len(chosen):
            known = {w.name for w in self.trainable}
            odd = next((name for name in chosen if name not in known), "none")
            raise ValueError(f"names must be parameters of the policy, at least one; got {odd}")
        self.names = chosen
        self.entry: Place = min(w.place for w in self.trainable)
        self.layer = max(0, self.entry[0])
        self._places = {w.place for w in self.trainable}
        self._matrices = {w.place for w in self.trainable if w.inputs}

    @property
    def count(self) -> int:
        """Return the number of weights that train."""
        return sum(w.count for w in self.trainable)

    def crosses(self, place: Place) -> bool:
        """Return whether the gradient goes through a place on its way to the entry."""
        return self.entry < place

    def touches(self, place: Place) -> bool:
        """Return whether it goes through a place or ends there."""
        return self.entry < place or place in self._places

    def trains_matrix(self, place: Place) -> bool:
        """Return whether a matrix trains there."""
        return place in self._matrices


def shape_of(model: PreTrainedModel) -> Shape:
    """Return the shape of a decoder.

    Raises:
        ValueError: if its layers are not found, or have no projections that the cost model knows.
    """
    prefix, layer_list = decoder_layers(model)
    embeddings, head = model.get_input_embeddings(), model.get_output_embeddings()
    names = {id(p): name for name, p in model.named_parameters()}
    matrices = {
        id(module.weight): module.in_features
        for module in model.modules()
        if isinstance(module, nn.Linear)
    }
    inside = {id(p): i for i, layer in enumerate(layer_list) for p in layer.parameters()}
    weights = []
    for name, parameter in model.named_parameters():
        if parameter is embeddings.weight:
            place, inputs = EMBEDDINGS, 0
        elif id(parameter) in inside:
            layer = inside[id(parameter)]
            place = (layer, _stage(name.removeprefix(f"{prefix}.{layer}.")))
            inputs = matrices.get(id(parameter), 0)
        else:
            place = (len(layer_list), int(parameter is head.weight))
            inputs = matrices.get(id(parameter), 0)
        weights.append(Weight(name, place, parameter.numel(), inputs, bool(ADAPTER.search(name))))
    return _measure(len(layer_list), weights, names[id(head.weight)], head.in_features, model)


def _measure(
    layers: int, weights: list[Weight], head: str, width: int, model: PreTrainedModel
) -> Shape:
    """Read the widths from the matrices of the first layer."""
    outputs: Counter[int] = Counter()
    inputs: dict[int, int] = {}
    for w in weights:
        if w.place[0] == 0 and w.inputs and not w.adapter:
            outputs[w.place[1]] += w.count // w.inputs
            inputs[w.place[1]] = w.inputs
    missing = [s.name for s in (Stage.PROJECT, Stage.OUT, Stage.UP, Stage.DOWN) if s not in inputs]
    if missing:
        raise ValueError(
            f"the cost model needs a dense decoder with linear projections; the layers of "
            f"{type(model).__name__} have none for {', '.join(missing).lower()}"
        )
    query, mlp = inputs[Stage.OUT], inputs[Stage.DOWN]
    return Shape(
        layers=layers,
        width=width,
        heads=model.config.get_text_config().num_attention_heads,
        query=query,
        key_value=(outputs[Stage.PROJECT] - query) // 2,
        mlp=mlp,
        gated=outputs[Stage.UP] == 2 * mlp,
        head_norm=any(w.place == (0, Stage.HEAD_NORM) for w in weights),
        vocabulary=model.get_output_embeddings().out_features,
        head=head,
        weights=tuple(weights),
    )


def _stage(name: str) -> int:
    """Return the stage of a parameter from its name within its layer.

    What is not recognised counts as met first, which costs the most.
    """
    child = name.partition(".")[0]
    second = 1 if SECOND_FACTOR.search(name) else 0
    if child == "steering":
        return Stage.END
    if NORM.search(child):
        return Stage.MLP_NORM if AFTER_ATTENTION.search(child) else Stage.INPUT_NORM
    if ATTENTION.search(child):
        if NORM.search(name):
            return Stage.HEAD_NORM
        return (Stage.OUT if OUT.search(name) else Stage.PROJECT) + second
    if MLP.search(child):
        return (Stage.DOWN if DOWN.search(name) else Stage.UP) + second
    return Stage.INPUT_NORM
