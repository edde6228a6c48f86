"""How deep the ground is frozen: the lowest layer that a gradient must reach."""

from __future__ import annotations

from collections.abc import Collection

from transformers import PreTrainedModel

from .modules import decoder_layers, part_parameters
from .resolve import TrainableSubset


def lowest_layer(names: Collection[str], subset: TrainableSubset, model: PreTrainedModel) -> int:
    """Return the lowest layer with a weight in `names`; the layers below it are the trunk.

    It is 0 if the embeddings train, or a weight of unknown place, and the number of layers if
    only the final norm or an untied head does.

    Args:
        names: parameters that train, all of them in `subset`.
        subset: knows the layer of each.
        model: has the layers and the parts outside them.
    """
    top = len(decoder_layers(model)[1])
    embeddings = {id(p) for p in part_parameters(model, "embeddings")}
    above = {id(p) for part in ("head", "final_norm") for p in part_parameters(model, part)}
    parameters = dict(model.named_parameters())
    lowest = top
    for name in names:
        layer = subset.layer_of[name]
        if layer is None:
            place = id(parameters[name])
            layer = top if place in above and place not in embeddings else 0
        lowest = min(lowest, layer)
    return lowest
