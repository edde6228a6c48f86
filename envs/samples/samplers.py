"""What is known of every kind beside its verifier; adding a kind takes one line."""

from __future__ import annotations

from . import (
    factorizations,
    functions,
    literals,
    number_expressions,
    numbers,
    polynomials,
    python_values,
    sets,
    surds,
    texts,
    tuples,
)
from .sample import Sampler

SAMPLERS: dict[str, Sampler] = {
    sampler.kind: sampler
    for sampler in (
        *numbers.SAMPLERS,
        *polynomials.SAMPLERS,
        *sets.SAMPLERS,
        *surds.SAMPLERS,
        *number_expressions.SAMPLERS,
        *literals.SAMPLERS,
        *tuples.SAMPLERS,
        *texts.SAMPLERS,
        *factorizations.SAMPLERS,
        *functions.SAMPLERS,
        *python_values.SAMPLERS,
    )
}
