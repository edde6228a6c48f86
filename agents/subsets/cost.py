"""What an iteration costs before it runs: arithmetic over shapes, no weights and no clock.

A matrix product costs two FLOPs per weight and token: forward (F), for the gradient of its input
(X) and for that of its weight (W) alike. A token's way through the policy is a line of places
(layer, stage), and the *entry* is the first place where something trains. Behind the entry the
backward pass takes X and at it only W; before it nothing. The trunk, which is all layers before
the entry's, takes no forward pass in the loss either: its activations come from the rollout. So
forward and backward of trainable layers S with the lowest lo cost, to leading order,
(L - lo) (F + X) + |S| W, against L (F + X + W) for `full`.

The loss runs on packed tokens: each prompt once per group, each completion without its last token,
and the head only where a token is drawn. Norms, activations, copies and the optimizer are no matrix
products; they cost memory traffic, which `Cost.work` adds at a fixed price per byte. Not counted:
what DoRA and VeRA do beyond LoRA's products.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from .memory import Memory, peak_memory
from .shape import Reach, Shape, Stage
from .workload import FP32, Workload

# FLOPs of a matrix product that take the time in which a byte moves between a core and a large
# array: a core that does 70 GFLOP/s of products moves 10 to 20 GB/s in such loops. With 2 or 16 in
# its place a subset of whole layers takes at most 0.06 more or less of full's time.
FLOPS_PER_BYTE = 4.0
# a batch is packed in a loop over its tokens, whatever the policy's size: 4 µs each on that core
FLOPS_PER_TOKEN = 3e5
# reads and writes of each attention score; its exponential takes as long as several of them
SCORE_PASSES = 10
# AdamW reads weight, gradient and both moments and writes all but the gradient; clipping reads the
# gradient twice and writes it once
OPTIMIZER_TRAFFIC = {"adamw": (7 + 3) * FP32, "sgd": (3 + 3) * FP32}
# arithmetic of one update of one weight, and of its part in the gradient norm
OPTIMIZER_FLOPS = {"adamw": 13 + 3, "sgd": 3 + 3}
# reads and writes of each logit: temperature, log-softmax and its gradient
LOGIT_PASSES = 8


@dataclass(frozen=True, slots=True)
class Flops:
    """Floating point operations of one iteration."""

    generation: float
    forward: float
    backward: float
    optimizer: float
    reference: float

    @property
    def update(self) -> float:
        """Return all but generation."""
        return self.forward + self.backward + self.optimizer + self.reference

    @property
    def total(self) -> float:
        """Return the whole iteration."""
        return self.generation + self.update


@dataclass(frozen=True, slots=True)
class Cost:
    """What one iteration of a trainable subset costs.

    Attributes:
        flops: by phase.
        traffic: bytes that the update moves beside its matrix products.
        packed: tokens that the update packs.
        memory: at the peak of the update.
    """

    flops: Flops
    traffic: float
    packed: float
    memory: Memory

    @property
    def work(self) -> float:
        """Return the time of the update in FLOPs of a matrix product; only ratios mean much."""
        products = self.flops.update - self.flops.optimizer
        return products + FLOPS_PER_BYTE * self.traffic + FLOPS_PER_TOKEN * self.packed

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "flops": asdict(self.flops) | {"total": self.flops.total},
            "update_work": self.work,
            "memory": asdict(self.memory) | {"peak": self.memory.peak},
        }


def cost_of(
    shape: Shape, load: Workload, names: Collection[str], *, ever: Collection[str] = ()
) -> Cost:
    """Return what an iteration costs in which the parameters `names` train.

    Args:
        shape: of the policy, adapters included.
        load: what the iteration runs on.
        names: the parameters that train now.
        ever: those that trained before or will train, if a schedule chooses.

    Raises:
        ValueError: if nothing trains, or a name is not the policy's.
    """
    now, all_times = Reach(shape, names), Reach(shape, {*names, *ever})
    first = now.layer if load.trunk_reuse else 0
    # below what ever trains the reference is the policy, and has its trunk
    below = first if all_times.layer >= now.layer else 0
    return Cost(
        _flops(shape, load, now, first, below),
        _traffic(shape, load, now, first, below),
        load.tokens if load.packed else 0,
        peak_memory(shape, load, now, all_times, trunk=first > 0),
    )


def _flops(shape: Shape, load: Workload, now: Reach, first: int, below: int) -> Flops:
    steps = load.num_iterations
    again = _layers(shape, load, now.layer) if load.checkpointing else 0.0
    return Flops(
        generation=_layers(shape, load.decoding, 0) + _head(shape, load.decoding),
        forward=steps * (_layers(shape, load, first) + _head(shape, load)),
        backward=steps * (_backward(shape, load, now) + again),
        optimizer=float(steps * now.count * OPTIMIZER_FLOPS[load.optimizer]),
        reference=(_layers(shape, load, below) + _head(shape, load)) if load.beta > 0 else 0.0,
    )


def _head(shape: Shape, load: Workload) -> float:
    return 2.0 * shape.vocabulary * shape.width * load.drawn


def _attention(shape: Shape, load: Workload) -> float:
    """Return the FLOPs of scores and mixing in one layer."""
    return 4.0 * shape.query * load.pairs


def _layers(shape: Shape, load: Workload, first: int) -> float:
    """Return the FLOPs of a forward pass of the layers from `first` up, without the head."""
    inside = (w for w in shape.weights if w.inputs and first <= w.place[0] < shape.layers)
    products = sum(2.0 * w.count * load.tokens for w in inside)
    return products + (shape.layers - first) * _attention(shape, load)


def _backward(shape: Shape, load: Workload, now: Reach) -> float:
    total = 0.0
    for w in shape.weights:
        if w.inputs and w.place[0] < shape.layers:
            total += 2.0 * w.count * load.tokens * (now.crosses(w.place) + (w.name in now.names))
    crossed = sum(now.crosses((i, Stage.ATTEND)) for i in range(shape.layers))
    total += crossed * 2 * _attention(shape, load)
    head = now.crosses((shape.layers, 1)) + (shape.head in now.names)
    return total + head * _head(shape, load)


def _traffic(shape: Shape, load: Workload, now: Reach, first: int, below: int) -> float:
    """Return the bytes that norms, activations, attention, logits and the optimizer move.

    A derivative reads what was kept and a gradient and writes one: twice what the forward moves.
    """
    moved = [_moved(shape, load, i) for i in range(shape.layers)]
    forward = sum(moved[first:])
    backward = sum(2 * m * now.crosses((i, Stage.ACTIVATE)) for i, m in enumerate(moved))
    again = sum(moved[now.layer :]) if load.checkpointing else 0.0
    reference = sum(moved[below:]) if load.beta > 0 else 0.0
    steps = load.num_iterations
    floats = steps * (forward + backward + again) + reference
    floats += LOGIT_PASSES * (steps + (load.beta > 0)) * load.drawn * shape.vocabulary
    return load.activation_bytes * floats + steps * now.count * OPTIMIZER_TRAFFIC[load.optimizer]


def _moved(shape: Shape, load: Workload, layer: int) -> float:
    """Return the numbers that one layer reads and writes beside its matrix products."""
    d, q, kv, f = shape.width, shape.query, shape.key_value, shape.mlp
    norms = 2 * 7 * d + 7 * (q + kv) * shape.head_norm
    rotary = 10 * (q + kv)
    residual = 2 * 3 * d
    activation = (5 if shape.gated else 2) * f
    # an adapter scales what it makes and adds it to what the matrix makes
    made = (w.count // w.inputs for w in shape.weights if w.adapter and w.place[0] == layer
            and w.inputs and w.place[1] % 2)  # fmt: skip
    per_token = norms + rotary + residual + activation + 5 * sum(made)
    grid = 8 * q * load.queries + 4 * kv * load.keys  # to the grid of attention, and back
    scores = SCORE_PASSES * shape.heads * load.pairs
    return per_token * load.tokens + grid + scores
