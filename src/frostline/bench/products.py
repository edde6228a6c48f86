"""How fast this machine multiplies matrices of the shapes that a policy has."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from frostline.agents.subsets.shape import Shape

REPEATS = 9
SECONDS = 0.02  # of one repeat, at least


def product_rates(shape: Shape, *, rows: int, tokens: int) -> dict[str, float]:
    """Return FLOP/s of one layer's matrix products, for decoding, forward and backward.

    Args:
        shape: of the policy.
        rows: that one step of decoding takes.
        tokens: that forward and backward take at once.
    """
    d, q, kv, f = shape.width, shape.query, shape.key_value, shape.mlp
    up = 2 * f if shape.gated else f
    matrices = [(d, q + 2 * kv), (q, d), (d, up), (f, d)]
    forward = [(tokens, a, b) for a, b in matrices]
    to_input = [(tokens, b, a) for a, b in matrices]
    to_weight = [(b, tokens, a) for a, b in matrices]
    return {
        "decoding": _rate([(rows, a, b) for a, b in matrices]),
        "forward": _rate(forward),
        "backward": _rate(to_input + to_weight),
    }


def _rate(products: list[tuple[int, int, int]]) -> float:
    """Return FLOP/s of products (m, k) × (k, n), one after the other."""
    operands = [(torch.randn(m, k), torch.randn(n, k)) for m, k, n in products]
    flops = sum(2.0 * m * k * n for m, k, n in products)

    def once() -> None:
        for a, b in operands:
            F.linear(a, b)

    count = 1
    while _seconds(once, count) < SECONDS:
        count *= 2
    return flops * count / statistics.median(_seconds(once, count) for _ in range(REPEATS))


def _seconds(work: Callable[[], None], count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        work()
    return time.process_time() - start
