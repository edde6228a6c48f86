"""Every kind of answer that is decided by its reference text alone; adding one takes one line."""

from __future__ import annotations

from . import (
    calculus,
    decimals,
    factorizations,
    literals,
    number_expressions,
    polynomials,
    python_values,
    sets,
    surds,
    texts,
    tuples,
)
from .kind import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *literals.KINDS,
        *polynomials.KINDS,
        *sets.KINDS,
        *surds.KINDS,
        *number_expressions.KINDS,
        *decimals.KINDS,
        *tuples.KINDS,
        *texts.KINDS,
        *factorizations.KINDS,
        *calculus.KINDS,
        *python_values.KINDS,
    )
}
