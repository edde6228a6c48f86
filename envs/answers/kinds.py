"""Every kind of answer that is decided by its reference text alone; adding one takes one line."""

from __future__ import annotations

from . import literals, polynomials, sets
from .kind import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *literals.KINDS,
        *polynomials.KINDS,
        *sets.KINDS,
    )
}
