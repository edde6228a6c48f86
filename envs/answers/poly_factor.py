"""Complete factorisation of a reference polynomial by sympy; imported only when it is needed.

Only references come here, and as numbers, never as text: no model text reaches sympy.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import sympy

from .poly_values import Monomial, Polynomial


def factor_fully(
    value: Polynomial, names: tuple[str, ...]
) -> tuple[Fraction, Counter[frozenset[tuple[Monomial, int]]]]:
    """Return the content and the irreducible factors over the integers with their multiplicities.

    Factors are primitive, with a positive coefficient at their largest monomial.

    Raises:
        ValueError: the polynomial is zero or has no variable.
    """
    if not names or not value.terms:
        raise ValueError("a reference of kind poly_fac needs a variable")
    poly = sympy.Poly.from_dict(value.terms, *sympy.symbols(names), domain=sympy.ZZ)
    content, found = poly.factor_list()
    number = Fraction(int(content), value.denominator)
    factors: Counter[frozenset[tuple[Monomial, int]]] = Counter()
    for factor, power in found:
        terms = {m: int(c) for m, c in factor.as_dict().items()}
        sign = 1 if terms[max(terms)] > 0 else -1
        number *= sign**power
        factors[frozenset((m, sign * c) for m, c in terms.items())] += power
    return number, factors
