"""Bytes that are alive at the peak of an update: where the backward pass begins."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .shape import Reach, Shape, Stage
from .workload import FP32, Workload

OPTIMIZER_STATE = {"adamw": 2 * FP32, "sgd": 0}  # bytes per weight


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes at the peak of the update, by what they hold.

    Attributes:
        weights: of the whole policy, in fp32.
        gradients: those of earlier micro-batches; the first finds none.
        optimizer: the moments.
        originals: of what ever trains, for the reference of the KL penalty.
        trunk: what the rollout left of the frozen layers, and its copy for the loss.
        activations: what the forward pass keeps for the backward pass.
        logits: and their log-softmax.
        working: what the backward pass holds at its widest place beyond that.
    """

    weights: float
    gradients: float
    optimizer: float
    originals: float
    trunk: float
    activations: float
    logits: float
    working: float

    @property
    def peak(self) -> float:
        """Return their sum."""
        return float(sum(asdict(self).values()))


def peak_memory(shape: Shape, load: Workload, now: Reach, ever: Reach, *, trunk: bool) -> Memory:
    """Return the peak of an update.

    Args:
        shape: of the policy.
        load: what the update runs on.
        now: what trains.
        ever: what trains at some time of the schedule.
        trunk: whether the loss goes on from the rollout's activations.
    """
    share = 1.0 / load.parts
    layers = [_saved(shape, load, now, i, trunk) * share for i in range(now.layer, shape.layers)]
    kept = [_joined(shape, now, i) for i in range(now.layer, shape.layers)]
    numbers = sum(layers) + sum(kept)
    if load.checkpointing:  # the input of each layer, and all of one layer while it runs again
        largest = max(map(sum, zip(layers, kept, strict=True)), default=0.0)
        numbers = shape.width * load.tokens * share * len(layers) + largest
    if now.touches((shape.layers, 0)):
        numbers += shape.width * load.drawn * share
    stateful = (ever if load.keep_moments else now).count
    originals = sum(w.count for w in ever.trainable if not w.adapter) if load.beta > 0 else 0
    logits = load.drawn * share * shape.vocabulary * FP32
    widest = 2 * shape.width + 3 * shape.mlp if layers else 0
    if load.beta > 0:  # the reference runs while all of that is kept; it joins projections too
        widest += 2 * shape.mlp + shape.query + 2 * shape.key_value
    return Memory(
        weights=shape.total * FP32,
        gradients=now.count * FP32 if load.parts > 1 else 0,
        optimizer=stateful * OPTIMIZER_STATE[load.optimizer],
        originals=originals * FP32,
        trunk=2 * load.tokens * shape.width * FP32 if trunk else 0,
        activations=numbers * load.activation_bytes,
        logits=2 * logits,
        working=max(logits, load.tokens * share * widest * load.activation_bytes),
    )


def _saved(shape: Shape, load: Workload, now: Reach, layer: int, trunk: bool) -> float:
    """Return the numbers that the forward pass keeps of one layer's activations."""
    d, q, kv, f = shape.width, shape.query, shape.key_value, shape.mlp
    per_token = 0.0
    if now.touches((layer, Stage.INPUT_NORM)) and not (trunk and layer == now.layer):
        per_token += d
    per_token += d * now.touches((layer, Stage.MLP_NORM))
    # queries and keys before their norm are parts of one tensor with the values
    per_token += (q + 2 * kv) * (shape.head_norm and now.touches((layer, Stage.HEAD_NORM)))
    per_token += (3 if shape.gated else 1) * f * now.crosses((layer, Stage.ACTIVATE))
    # the input of a matrix is kept for the gradient of its weights, once for all that share it
    inputs = {w.place: w.inputs for w in now.trainable if w.inputs and w.place[0] == layer}
    per_token += sum(inputs.values())
    grid = 0.0
    if now.crosses((layer, Stage.ATTEND)):
        grid = 2 * q * load.queries + 2 * kv * load.keys
    return per_token * load.tokens + grid


def _joined(shape: Shape, now: Reach, layer: int) -> float:
    """Return the numbers of projection weights that are joined and kept for the gradient's way."""
    total = 0
    for stage in (Stage.PROJECT, Stage.UP):
        found = [w for w in shape.weights if w.place == (layer, stage) and w.inputs]
        # adapters keep the projections apart
        if now.crosses((layer, stage)) and not any(w.adapter for w in found):
            total += sum(w.count for w in found)
    return total
