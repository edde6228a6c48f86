"""Integer arithmetic: sums, differences, products, division, remainder, precedence, brackets."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..family import Family, Level, Question
from ..oracles.arithmetic import by_sympy
from ..problem import Problem
from ..streams import randint


class Sum(NamedTuple):
    """The content of an arithmetic question.

    Attributes:
        text: the expression as it is printed.
        value: what it is worth.
        canonical: `text` with the operands of every sum and product in order.
    """

    text: str
    value: int
    canonical: str


def _ordered(a: int, sign: str, b: int) -> str:
    """Return `a sign b` with the smaller operand first."""
    return f"{a} {sign} {b}" if a <= b else f"{b} {sign} {a}"


def _commuted(a: int, sign: str, b: int, value: int) -> Sum:
    return Sum(f"{a} {sign} {b}", value, _ordered(a, sign, b))


def _as_is(text: str, value: int) -> Sum:
    return Sum(text, value, text)


def _add(rng: random.Random) -> Sum:
    a, b = randint(rng, 1, 30), randint(rng, 1, 30)
    return _commuted(a, "+", b, a + b)


def _subtract(rng: random.Random) -> Sum:
    a, b = randint(rng, 1, 30), randint(rng, 1, 30)
    return _as_is(f"{a} - {b}", a - b)


def _chain(rng: random.Random) -> Sum:
    a, b, c = randint(rng, 1, 40), randint(rng, 1, 40), randint(rng, 1, 40)
    canonical = f"{_ordered(a, '+', c)} - {b}"
    if rng.random() < 0.5:
        return Sum(f"{a} + {c} - {b}", a + c - b, canonical)
    return Sum(f"{a} - {b} + {c}", a - b + c, canonical)


def _multiply(rng: random.Random) -> Sum:
    a, b = randint(rng, 2, 12), randint(rng, 2, 40)
    if rng.random() < 0.5:
        a, b = b, a
    return _commuted(a, "*", b, a * b)


def _divide(rng: random.Random) -> Sum:
    a, b = randint(rng, 2, 30), randint(rng, 2, 12)
    return _as_is(f"{a * b} / {b}", a)


def _remainder(rng: random.Random) -> Sum:
    # no divisor below 7: the remainder 0 would be too good a guess
    a, b = randint(rng, 20, 199), randint(rng, 7, 19)
    return _as_is(f"{a} mod {b}", a % b)


def _precedence(rng: random.Random) -> Sum:
    a, b, c = randint(rng, 1, 50), randint(rng, 2, 9), randint(rng, 2, 12)
    product = _ordered(b, "*", c)
    forms = (Sum(f"{a} + {b} * {c}", a + b * c, f"{a} + {product}"),
             Sum(f"{a} - {b} * {c}", a - b * c, f"{a} - {product}"),
             Sum(f"{b} * {c} - {a}", b * c - a, f"{product} - {a}"))  # fmt: skip
    return rng.choice(forms)


def _brackets(rng: random.Random) -> Sum:
    a, b, c = randint(rng, 1, 20), randint(rng, 1, 20), randint(rng, 2, 9)
    forms = (Sum(f"({a} + {b}) * {c}", (a + b) * c, f"{c} * ({_ordered(a, '+', b)})"),
             Sum(f"({a} - {b}) * {c}", (a - b) * c, f"{c} * ({a} - {b})"),
             Sum(f"{c} * ({a} - {b})", c * (a - b), f"{c} * ({a} - {b})"))  # fmt: skip
    return rng.choice(forms)


def _several(rng: random.Random) -> Sum:
    a, b, c, d = (randint(rng, 2, 12) for _ in range(4))
    e = randint(rng, 1, 50)
    first, second = _ordered(a, "*", b), _ordered(c, "*", d)
    both = " + ".join(sorted((first, second)))
    forms = (Sum(f"{a} * {b} + {c} * {d} - {e}", a * b + c * d - e, f"{both} - {e}"),
             Sum(f"{e} - {a} * {b} + {c} * {d}", e - a * b + c * d,
                 f"{second} - {first} + {e}"))  # fmt: skip
    return rng.choice(forms)


def _nested(rng: random.Random) -> Sum:
    a, b, c, d = randint(rng, 1, 20), randint(rng, 1, 20), randint(rng, 2, 9), randint(rng, 1, 9)
    if rng.random() < 0.5:
        m, value = randint(rng, 7, 19), (a + b) * c + d
        canonical = f"({c} * ({_ordered(a, '+', b)}) + {d}) mod {m}"
        return Sum(f"(({a} + {b}) * {c} + {d}) mod {m}", value % m, canonical)
    # the third term makes the division exact
    quotient = randint(rng, 2, 20)
    third = quotient * (d + 1) + b
    first = f"{_ordered(a, '+', third)} - {a + b}"
    return Sum(f"({a} - {a + b} + {third}) / {d + 1} * {c}", quotient * c,
               f"({first}) / {d + 1} * {c}")  # fmt: skip


def _wide(rng: random.Random) -> Sum:
    a, b = randint(rng, 12, 99), randint(rng, 12, 99)
    c = randint(rng, 100, 999)
    return Sum(f"{a} * {b} - {c}", a * b - c, f"{_ordered(a, '*', b)} - {c}")


@dataclass(frozen=True, slots=True)
class Rung(Level):
    """A level and how its expressions are drawn."""

    expression: Callable[[random.Random], Sum] = field(default=_add, kw_only=True)


# One row a level: what it adds, and how its expressions are drawn.
LEVELS = (
    Rung("add two numbers up to 30", expression=_add),
    Rung("subtract; the difference may be negative", expression=_subtract),
    Rung("three terms from left to right", expression=_chain),
    Rung("multiply: a factor up to 12 by one up to 40", expression=_multiply),
    Rung("divide exactly", expression=_divide),
    Rung("remainder of a division", expression=_remainder,
         constant_pay=0.13, constant_why="a remainder below 19 is one of 19 numbers"),
    Rung("precedence: a product inside a sum", expression=_precedence),
    Rung("brackets: a sum inside a product", expression=_brackets),
    Rung("several operations: two products and a term", expression=_several),
    Rung("nested brackets with division or remainder", expression=_nested,
         constant_pay=0.08, constant_why="half of the answers are remainders below 19"),
    Rung("two-digit factors", widens=True, expression=_wide),
)  # fmt: skip


class Arithmetic(Family):
    """Compute the value of an integer expression.

    ## Description
    An expression of whole numbers with `+`, `-`, `*`, exact `/` and `mod`, from two terms to nested
    brackets. Each level is a form of expression with ranges for its numbers.

    ## Answer
    An integer literal. An expression of the right value, the question among them, is no answer.

    ## Version history
    v0: first release.
    """

    name = "arithmetic"
    summary = "Integer expressions from sums to nested brackets; the answer is a number."
    levels = LEVELS
    answer_noun = "number"

    def draw(self, level: int, rng: random.Random) -> Sum:
        """Return a random expression of `level`."""
        return self.levels[level - 1].expression(rng)

    def canonical(self, content: Sum) -> str:
        """Return the expression with the operands of sums and products in order."""
        return content.canonical

    def ask(self, level: int, content: Sum, rng: random.Random) -> Question:
        """Return `Compute …`, answered by an integer literal."""
        return Question(f"Compute {content.text}.", "int", str(content.value))

    def recompute(self, problem: Problem) -> str | None:
        """Return what sympy computes from the text of the question."""
        return by_sympy(problem.question)
