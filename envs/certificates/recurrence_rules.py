"""The rules of the class that the certificate of recurrences speaks of.

A linear rule is `f(n) = fixed(n) + x1*feature1(n) + x2*feature2(n) + …` with rational numbers x,
where features are made of n and earlier values. Its size is how many numbers must be chosen: the
values it starts from and the x.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

Values: TypeAlias = Sequence[int]
Features: TypeAlias = Callable[[int, Values], tuple[int, ...]]


def _nothing(n: int, f: Values) -> int:
    return 0


class Rule(NamedTuple):
    """A linear rule.

    Attributes:
        name: the right-hand side.
        first: the first n for which it holds; the values before are given.
        size: how many numbers must be chosen.
        features: what the unknown numbers are multiplied by, at n.
        fixed: the part without an unknown number, at n.
    """

    name: str
    first: int
    size: int
    features: Features
    fixed: Callable[[int, Values], int] = _nothing


LINE = Rule("a*n+b", 0, 2, lambda n, f: (n, 1))
GEOMETRIC = Rule("a*f(n-1)", 1, 2, lambda n, f: (f[n - 1],))
AFFINE = Rule("a*f(n-1)+b", 1, 3, lambda n, f: (f[n - 1], 1))
QUADRATIC = Rule("f(n-1)+a*n+b, a quadratic", 0, 3, lambda n, f: (n * n, n, 1))
FIBONACCI = Rule("f(n-1)+f(n-2)", 2, 2, lambda n, f: (), lambda n, f: f[n - 1] + f[n - 2])
ORDER_2 = Rule("a*f(n-1)+b*f(n-2)", 2, 4, lambda n, f: (f[n - 1], f[n - 2]))
WITH_N = Rule("a*f(n-1)+b*n+c", 1, 4, lambda n, f: (f[n - 1], n, 1))
FACTORIAL = Rule("n*f(n-1)+a", 1, 2, lambda n, f: (1,), lambda n, f: n * f[n - 1])
RISING = Rule("(a*n+b)*f(n-1)", 1, 3, lambda n, f: (n * f[n - 1], f[n - 1]))
PARITY = Rule(
    "a*f(n-1)+b for odd n, c*f(n-1)+d for even n",
    1,
    5,
    lambda n, f: (f[n - 1], 1, 0, 0) if n % 2 else (0, 0, f[n - 1], 1),
)
ORDER_2_PLUS = Rule("a*f(n-1)+b*f(n-2)+c", 2, 5, lambda n, f: (f[n - 1], f[n - 2], 1))
TRIBONACCI = Rule(
    "f(n-1)+f(n-2)+f(n-3)", 3, 3, lambda n, f: (), lambda n, f: f[n - 1] + f[n - 2] + f[n - 3]
)
ORDER_3 = Rule("a*f(n-1)+b*f(n-2)+c*f(n-3)", 3, 6, lambda n, f: (f[n - 1], f[n - 2], f[n - 3]))
HALVING = Rule("a*f(n//2)+b for even n, a*f(n//2)+c for odd n", 1, 4,
               lambda n, f: (f[n // 2], 1 - n % 2, n % 2))  # fmt: skip

# no level has these as its own; they are rivals only
OTHERS = (
    Rule("a cubic", 0, 4, lambda n, f: (n**3, n * n, n, 1)),
    Rule("a quartic", 0, 5, lambda n, f: (n**4, n**3, n * n, n, 1)),
    Rule("a quintic", 0, 6, lambda n, f: (n**5, n**4, n**3, n * n, n, 1)),
    Rule("a*f(n-2)+b", 2, 4, lambda n, f: (f[n - 2], 1)),
    Rule("(a*n+b)*f(n-1)+c", 1, 4, lambda n, f: (n * f[n - 1], f[n - 1], 1)),
    Rule("(a*n+b)*f(n-1)+c*n+d", 1, 5, lambda n, f: (n * f[n - 1], f[n - 1], n, 1)),
    Rule("a*f(n-1)+b for odd n, a*f(n-1)+c for even n", 1, 4,
         lambda n, f: (f[n - 1], n % 2, 1 - n % 2)),
    Rule("a*f(n-1)+b*n*n+c*n+d", 1, 5, lambda n, f: (f[n - 1], n * n, n, 1)),
    Rule("a*f(n-1)+b*n**3+c*n*n+d*n+e", 1, 6, lambda n, f: (f[n - 1], n**3, n * n, n, 1)),
    Rule("a*f(n-1)+b*f(n-2)+c*n+d", 2, 6, lambda n, f: (f[n - 1], f[n - 2], n, 1)),
)  # fmt: skip

RULES = (LINE, GEOMETRIC, AFFINE, QUADRATIC, FIBONACCI, ORDER_2, WITH_N, FACTORIAL, RISING, PARITY,
         ORDER_2_PLUS, TRIBONACCI, ORDER_3, HALVING, *OTHERS)  # fmt: skip


class ModularRule(NamedTuple):
    """A rule `f(n) = (term(n) + c) % m`, where c and m must be chosen.

    Attributes:
        name: the right-hand side.
        first: the first n for which it holds.
        size: how many numbers must be chosen.
        term: what c is added to; None for `a*f(n-1)`, in which a must be chosen too.
    """

    name: str
    first: int
    size: int
    term: Callable[[int, Values], int] | None


SUM_MOD = ModularRule("(f(n-1)+f(n-2)+c)%m", 2, 4, lambda n, f: f[n - 1] + f[n - 2])
AFFINE_MOD = ModularRule("(a*f(n-1)+c)%m", 1, 4, None)
SQUARE_MOD = ModularRule("(f(n-1)**2+c)%m", 1, 3, lambda n, f: f[n - 1] ** 2)
PRODUCT_MOD = ModularRule("(f(n-1)*f(n-2)+c)%m", 2, 4, lambda n, f: f[n - 1] * f[n - 2])

MODULAR_RULES = (SUM_MOD, AFFINE_MOD, SQUARE_MOD, PRODUCT_MOD)
