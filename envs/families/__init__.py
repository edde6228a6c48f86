"""Every family that ships, by name."""

from __future__ import annotations

from ..family import Family
from .arithmetic import Arithmetic
from .closed_forms import ClosedForms
from .polynomials import Polynomials

FAMILIES: dict[str, Family] = {
    family.name: family for family in (Arithmetic(), Polynomials(), ClosedForms())
}
