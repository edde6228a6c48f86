"""Which weights train: a one-line spec, resolved from the module tree.

A spec is one choice of layers and, joined by `+`, the other parts that train with them:

    full                          every weight
    first:5    last:2             layers by position; 0 is the bottom
    layers:3,7,10-14              layers by number
    first:5+embeddings+head+norm  embeddings, head and final norm train only if they are named

Layers are found in the module tree and never by a prefix of their names, so that `layers:1`
cannot mean 10 to 19.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel

PARTS = ("embeddings", "head", "norm")
CHOICES = ("full", "first:k", "last:k", "layers:3,7,10-14")


@dataclass(frozen=True, slots=True)
class TrainableSubset:
    """A spec resolved for one model.

    Attributes:
        spec: the text it came from.
        layers: numbers of the trainable layers, from the bottom (0).
        names: names of the trainable parameters, in the model's order.
        trainable: number of trainable weights.
        total: number of weights; a tied tensor counts once.
        notes: what a reader should know, such as a tied head.
    """

    spec: str
    layers: tuple[int, ...]
    names: tuple[str, ...]
    trainable: int
    total: int
    notes: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Return the share of the weights that train, in 0 … 1."""
        return self.trainable / self.total


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


def resolve(spec: str, model: PreTrainedModel) -> TrainableSubset:
    """Return the weights that `spec` names in `model`.

    Raises:
        ValueError: for a spec that cannot be read, or a selector that matches nothing.
    """
    prefix, layer_list = decoder_layers(model)
    choice, *parts = (part.strip() for part in spec.split("+"))
    total = sum(p.numel() for p in model.parameters())
    everything = tuple(name for name, _ in model.named_parameters())
    if choice == "full":
        if parts:
            raise ValueError(
                f"trainable spec {spec!r}: full has every part already, drop +{parts[0]}"
            )
        layers = tuple(range(len(layer_list)))
        return TrainableSubset(spec, layers, everything, total, total)
    layers = _layers(choice, len(layer_list), spec)
    chosen = {
        f"{prefix}.{i}.{name}" for i in layers for name, _ in layer_list[i].named_parameters()
    }
    notes = []
    for part in parts:
        more, note = _part(part, model, prefix, spec)
        chosen |= more
        notes += [note] if note else []
    names = tuple(name for name in everything if name in chosen)
    trainable = sum(p.numel() for name, p in model.named_parameters() if name in chosen)
    return TrainableSubset(spec, layers, names, trainable, total, tuple(notes))


def apply(subset: TrainableSubset, model: PreTrainedModel) -> None:
    """Let the weights of `subset` require gradients, and no others."""
    chosen = set(subset.names)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in chosen)
        parameter.grad = None


def _layers(choice: str, count: int, spec: str) -> tuple[int, ...]:
    kind, _, value = choice.partition(":")
    if kind in ("first", "last"):
        if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= count:
            raise ValueError(
                f"trainable spec {spec!r}: {kind}:k needs 1 <= k <= {count}, got {value!r}"
            )
        k = int(value)
        return tuple(range(k)) if kind == "first" else tuple(range(count - k, count))
    if kind == "layers":
        return _numbers(value, count, spec)
    names = [name.partition(":")[0] for name in CHOICES]
    close = difflib.get_close_matches(kind, names, n=1, cutoff=0.6)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise ValueError(f"trainable spec must start with {', '.join(CHOICES)}; got {spec!r}{hint}")


def _numbers(text: str, count: int, spec: str) -> tuple[int, ...]:
    """Return the layers that `3,7,10-14` lists."""
    chosen: set[int] = set()
    for item in text.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,4})(?:-([0-9]{1,4}))?\s*", item)
        if not found:
            raise ValueError(f"trainable spec {spec!r}: {item!r} is no layer number or range a-b")
        low = int(found[1])
        high = int(found[2]) if found[2] else low
        if low > high or high >= count:
            rule = f"layers are numbered 0 … {count - 1}"
            raise ValueError(f"trainable spec {spec!r}: {rule}, got {item.strip()!r}")
        chosen |= set(range(low, high + 1))
    return tuple(sorted(chosen))


def _part(part: str, model: PreTrainedModel, prefix: str, spec: str) -> tuple[set[str], str]:
    """Return the parameter names of a part, and a note if it is tied."""
    if part not in PARTS:
        close = difflib.get_close_matches(part, PARTS, n=1, cutoff=0.4)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(
            f"trainable spec {spec!r}: +part must be one of {', '.join(PARTS)}, got {part!r}{hint}"
        )
    embeddings, head = model.get_input_embeddings(), model.get_output_embeddings()
    names = {id(p): name for name, p in model.named_parameters()}
    tied = any(p is q for p in head.parameters() for q in embeddings.parameters())
    note = f"the head is tied to the embeddings: {part} trains both" if tied else ""
    if part == "embeddings":
        return {names[id(p)] for p in embeddings.parameters()}, note
    if part == "head":
        return {names[id(p)] for p in head.parameters()}, note
    outside = {id(p) for module in (embeddings, head) for p in module.parameters()}
    norms = {n for i, n in names.items() if i not in outside and not n.startswith(f"{prefix}.")}
    if not norms:
        raise ValueError(f"trainable spec {spec!r}: {type(model).__name__} has no final norm")
    return norms, ""
