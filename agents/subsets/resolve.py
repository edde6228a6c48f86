"""From a spec to the weights it names in one model, found in the module tree."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from torch import nn
from transformers import PreTrainedModel

from . import steering
from .adapters import Adapter, inject
from .layers import choose_layers
from .modules import decoder_layers, is_tied, module_parameters, part_parameters
from .schedules import Schedule, parse_schedule
from .spec import Item, about, parse


@dataclass(frozen=True, slots=True)
class TrainableSubset:
    """A spec resolved for one model.

    Attributes:
        spec: the text it came from.
        layers: numbers of the layers that may ever train, wholly or in part, from the bottom (0).
        names: names of the parameters that may ever train, in the model's order.
        trainable: number of weights in them.
        total: number of weights, adapters included; a tied tensor counts once.
        notes: what a reader should know, such as a tied head.
        schedule: when which layers train; None if all of them always do.
        adapter: the adapter that was put into the model, if any.
        layer_of: the layer of each parameter in `names`; None outside the layers.
    """

    spec: str
    layers: tuple[int, ...]
    names: tuple[str, ...]
    trainable: int
    total: int
    notes: tuple[str, ...] = ()
    schedule: Schedule | None = None
    adapter: Adapter | None = None
    layer_of: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Return the share of the weights that train, in 0 … 1."""
        return self.trainable / self.total

    def active(self, layers: Collection[int]) -> tuple[str, ...]:
        """Return the parameters that train while only `layers` do.

        These are the ones in `layers` and all those outside the layers.

        Raises:
            ValueError: for a layer that never trains.
        """
        if not set(layers) <= set(self.layers):
            odd = sorted(set(layers) - set(self.layers))
            raise ValueError(f"layers of {self.spec!r} are {list(self.layers)}, got {odd[0]}")
        return tuple(n for n, i in self.layer_of.items() if i is None or i in layers)


@dataclass(frozen=True, slots=True, eq=False)  # two items may be written alike
class _Claim:
    """What one item names: parameters of the model as it is, and layers for those it adds."""

    item: Item
    layers: tuple[int, ...]
    parameters: frozenset[int] = frozenset()  # by id: adapters change the names

    @property
    def keys(self) -> frozenset[object]:
        """Return what it trains, comparable with the other items."""
        if self.item.role in ("steering", "adapter"):
            return frozenset((self.item.role, i) for i in self.layers)
        return frozenset(self.parameters)


def resolve(
    spec: str, model: PreTrainedModel, *, seed: int = 0, initialise: bool = True
) -> TrainableSubset:
    """Return the weights that `spec` names in `model`; put its adapters into `model`.

    Args:
        spec: what trains (see `spec`).
        model: a causal language model; steering vectors and adapters are added to it in place.
        seed: of `random:k` and of an adapter's first weights.
        initialise: whether an adapter needs its true first weights; False for a dry run, on the
            meta device for instance.

    Raises:
        ValueError: for a spec that cannot be read, or an item that matches nothing. The model is
            then as it was.
    """
    items = parse(spec)
    with about(spec):
        claims = [_claim(item, model, seed) for item in items]
        schedule = _schedule(claims, seed)
        notes = _notes(claims, model)
        added, adapter = _add(claims, model, seed, initialise)
    if adapter is not None:
        notes += adapter.notes
    ids = frozenset[int]().union(*(claim.parameters for claim in claims))
    chosen = {n: p for n, p in model.named_parameters() if id(p) in ids or n in added}
    homes = _homes(model)
    # a tensor that layers share, as some adapters', belongs to the lowest: the gradient goes so far
    layer_of = {name: min(homes[id(p)], default=None) for name, p in chosen.items()}
    return TrainableSubset(
        spec=spec,
        layers=tuple(sorted({i for p in chosen.values() for i in homes[id(p)]})),
        names=tuple(chosen),
        trainable=sum(p.numel() for p in chosen.values()),
        total=sum(p.numel() for p in model.parameters()),
        notes=tuple(notes),
        schedule=schedule,
        adapter=adapter,
        layer_of=layer_of,
    )


def apply(subset: TrainableSubset | Collection[str], model: PreTrainedModel) -> None:
    """Let the named parameters require gradients, and no others; drop the gradients of the others.

    A stale gradient would still move a frozen weight, and a gradient of zero still moves it by
    its momentum, so the others' is None.

    Raises:
        ValueError: for a name that the model does not have.
    """
    chosen = set(subset.names if isinstance(subset, TrainableSubset) else subset)
    parameters = dict(model.named_parameters())
    if not chosen <= parameters.keys():
        raise ValueError(f"the model has no parameter {min(chosen - parameters.keys())!r}")
    for name, parameter in parameters.items():
        parameter.requires_grad_(name in chosen)
        if name not in chosen:
            parameter.grad = None


def _homes(model: PreTrainedModel) -> dict[int, list[int]]:
    """Return the layers that each parameter is in, by its id."""
    homes: dict[int, list[int]] = {id(p): [] for p in model.parameters()}
    for i, layer in enumerate(decoder_layers(model)[1]):
        for parameter in layer.parameters():
            homes[id(parameter)].append(i)
    return homes


def _claim(item: Item, model: PreTrainedModel, seed: int) -> _Claim:
    """Return what an item names.

    Raises:
        ValueError: if that is nothing.
    """
    layer_list = decoder_layers(model)[1]
    layers = tuple(range(len(layer_list)))
    if item.role == "layers":
        layers = choose_layers(item.what, len(layer_list), seed=seed)
    elif item.layers:
        layers = choose_layers(item.layers, len(layer_list), seed=seed)
    if item.role in ("steering", "adapter"):
        return _Claim(item, layers)
    found: list[nn.Parameter] = []
    if item.role == "full":
        found = list(model.parameters())
    elif item.role in ("layers", "schedule"):
        found = [p for i in layers for p in layer_list[i].parameters()]
    elif item.role == "modules":
        found = [p for i in layers for p in module_parameters(layer_list[i], item.word)]
    elif item.role == "part":
        found = part_parameters(model, item.word)
    elif item.role == "regex":
        # a tied head answers to both of its names
        named = model.named_parameters(remove_duplicate=False)
        found = [p for name, p in named if re.fullmatch(item.argument, name)]
    if not found:
        raise ValueError(f"{item.text} matches no parameter of {type(model).__name__}")
    return _Claim(item, layers, frozenset(map(id, found)))


def _schedule(claims: Collection[_Claim], seed: int) -> Schedule | None:
    for claim in claims:
        if claim.item.role == "schedule":
            schedule = parse_schedule(claim.item.what)
            schedule.start(claim.layers, seed)  # it refuses too few layers
            return schedule
    return None


def _add(
    claims: Collection[_Claim], model: PreTrainedModel, seed: int, initialise: bool
) -> tuple[set[str], Adapter | None]:
    """Put steering vectors and the adapter into the model; return what of them trains."""
    steered = {i for claim in claims if claim.item.role == "steering" for i in claim.layers}
    added = set(steering.inject(model, sorted(steered)))
    for claim in claims:
        if claim.item.role == "adapter":
            try:
                adapter = inject(claim.item, model, claim.layers, seed=seed, initialise=initialise)
            except ValueError:
                if steered:
                    steering.remove(model)
                raise
            return added | set(adapter.trainable), adapter
    return added, None


def _notes(claims: Collection[_Claim], model: PreTrainedModel) -> list[str]:
    """Return what to say of tied heads and of items that add nothing to the others."""
    notes = []
    if is_tied(model):
        shared = {id(p) for p in part_parameters(model, "embeddings")}
        notes += [
            f"the head is tied to the embeddings: {claim.item.text} trains both"
            for claim in claims
            if claim.parameters & shared
        ]
    kept, redundant = list(claims), []
    for claim in reversed(list(claims)):
        others = frozenset[object]().union(*(other.keys for other in kept if other is not claim))
        if claim.keys <= others:
            kept.remove(claim)
            redundant.append(f"{claim.item.text} adds nothing to the other items")
    return notes + redundant[::-1]
