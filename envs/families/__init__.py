"""Every family that ships, by name."""

from __future__ import annotations

from ..family import Family
from .arithmetic import Arithmetic
from .calculus import Calculus
from .closed_forms import ClosedForms
from .countdown import Countdown
from .deduction_abduction import DeductionAbduction
from .fractions import Fractions
from .inequalities import Inequalities
from .linear_equations import LinearEquations
from .list_functions import ListFunctions
from .number_theory import NumberTheory
from .piecewise_functions import PiecewiseFunctions
from .polynomials import Polynomials
from .quadratic_equations import QuadraticEquations
from .recurrences import Recurrences

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Arithmetic(),
        Polynomials(),
        Fractions(),
        NumberTheory(),
        LinearEquations(),
        QuadraticEquations(),
        Inequalities(),
        Calculus(),
        Countdown(),
        ClosedForms(),
        PiecewiseFunctions(),
        Recurrences(),
        ListFunctions(),
        DeductionAbduction(),
    )
}
