"""What is known of every kind beside its verifier; adding a kind takes one line."""

from __future__ import annotations

from . import numbers, polynomials, sets
from .sample import Sampler

SAMPLERS: dict[str, Sampler] = {
    sampler.kind: sampler
    for sampler in (
        *numbers.SAMPLERS,
        *polynomials.SAMPLERS,
        *sets.SAMPLERS,
    )
}
