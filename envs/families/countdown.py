"""The numbers game: an expression over all the given numbers that makes a target."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..family import Family, Level, Question
from ..oracles.countdown import solve
from ..problem import Problem

LARGE = (25, 50, 75, 100)
SMALL = (*range(1, 11), *range(1, 11))  # the cards of the TV game: each small number twice
TRIES = 8  # expressions over the same numbers, before others are drawn


class Term(NamedTuple):
    """An expression as it is built.

    Attributes:
        value: what it is worth.
        text: with the brackets that it needs.
        ties: how tightly its last operation binds: 1 for + and -, 2 for * and /, 3 for a number.
    """

    value: int
    text: str
    ties: int


class Puzzle(NamedTuple):
    """The content of a question.

    Attributes:
        numbers: in increasing order.
        target: what to make of them.
        answer: an expression that does.
    """

    numbers: tuple[int, ...]
    target: int
    answer: str


def _number(n: int) -> Term:
    return Term(n, str(n), 3)


def _join(sign: str, a: Term, b: Term) -> Term | None:
    """Return `a sign b`, or None unless it is a positive whole number that the step changes."""
    if sign in "+-":
        value = a.value + b.value if sign == "+" else a.value - b.value
        right = b.text if b.ties > 1 or sign == "+" else f"({b.text})"
        return Term(value, f"{a.text} {sign} {right}", 1) if value > 0 else None
    if b.value == 1 or (sign == "*" and a.value == 1):
        return None
    if sign == "/" and a.value % b.value:
        return None
    value = a.value * b.value if sign == "*" else a.value // b.value
    left = a.text if a.ties > 1 else f"({a.text})"
    right = b.text if b.ties > (1 if sign == "*" else 2) else f"({b.text})"
    return Term(value, f"{left}{sign}{right}", 2)


def _grown(terms: list[Term], rng: random.Random) -> Term | None:
    """Join random pairs by random operations until one term is left; None where that fails."""
    while len(terms) > 1:
        a = terms.pop(int(rng.random() * len(terms)))
        b = terms.pop(int(rng.random() * len(terms)))
        joined = _join("+-*/"[int(rng.random() * 4)], a, b)
        # most quotients are not whole: another operation, not another puzzle
        joined = joined or _join("+-*"[int(rng.random() * 3)], a, b)
        if joined is None:
            return None
        terms.append(joined)
    return terms[0]


def signed_sums(numbers: Sequence[int]) -> set[int]:
    """Return all that + and - make of the numbers, up to the sign.

    >>> sorted(signed_sums((1, 5)))
    [-4, 6]
    """
    sums = {numbers[0]}
    for n in numbers[1:]:
        sums = {s + n for s in sums} | {s - n for s in sums}
    return sums


def _is_plain(numbers: Sequence[int], target: int) -> bool:
    """Whether + and - alone, or * alone, make the target."""
    product = 1
    for n in numbers:
        product *= n
    sums = signed_sums(numbers)
    return target == product or target in sums or -target in sums


def flat_values(numbers: Sequence[int], signs: str) -> set[int]:
    """Return the whole numbers that three numbers make without brackets, with + - and `signs`."""
    found: set[int] = {abs(s) for s in signed_sums(numbers)}
    a, b, c = numbers
    for x, y, z in ((a, b, c), (a, c, b), (b, a, c), (b, c, a), (c, a, b), (c, b, a)):
        if "*" in signs:
            found |= {x * y + z, x * y - z, z - x * y, x * y * z}
        if "/" in signs and x % y == 0:
            found |= {x // y + z, x // y - z, z - x // y, x // y * z}
        if "/" in signs and x * z % y == 0:
            found.add(x * z // y)
        if "/" in signs and x % (y * z) == 0:
            found.add(x // (y * z))
    return found


def _puzzle(numbers: Sequence[int], term: Term) -> Puzzle:
    return Puzzle(tuple(sorted(numbers)), term.value, term.text)


def _two(rng: random.Random) -> Puzzle | None:
    a, b = rng.randint(1, 60), rng.randint(1, 60)
    term = _join(rng.choice("+-"), _number(max(a, b)), _number(min(a, b)))
    return _puzzle((a, b), term) if term else None


def _two_factors(rng: random.Random) -> Puzzle | None:
    a, b = rng.randint(2, 20), rng.randint(2, 60)
    if rng.random() < 0.5:
        a *= b
        return _puzzle((a, b), Term(a // b, f"{a}/{b}", 2))
    return _puzzle((a, b), Term(a * b, f"{a}*{b}", 2))


def _three_terms(rng: random.Random) -> Puzzle | None:
    a, b, c = sorted(rng.randint(1, 40) for _ in range(3))
    # the largest comes first, and one is taken away at least
    signs = rng.choice(("+-", "-+", "--"))
    value = c + (a if signs[0] == "+" else -a) + (b if signs[1] == "+" else -b)
    term = Term(value, f"{c} {signs[0]} {a} {signs[1]} {b}", 1)
    return _puzzle((a, b, c), term) if value > 0 else None


def _beside(term: Term, numbers: tuple[int, int], rng: random.Random, plain: str) -> Puzzle | None:
    """Add a third number to a term of two, or take one from the other."""
    c = rng.randint(1, 50)
    sign, first, second = rng.choice((("+", term, _number(c)), ("-", term, _number(c)),
                                      ("-", _number(c), term)))  # fmt: skip
    joined, all_three = _join(sign, first, second), (*numbers, c)
    if joined is None or joined.value in flat_values(all_three, plain):
        return None
    return _puzzle(all_three, joined)


def _product_and_term(rng: random.Random) -> Puzzle | None:
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    return _beside(Term(a * b, f"{a}*{b}", 2), (a, b), rng, "")


def _quotient_and_term(rng: random.Random) -> Puzzle | None:
    b, quotient = rng.randint(2, 12), rng.randint(2, 20)
    a = b * quotient
    return _beside(Term(quotient, f"{a}/{b}", 2), (a, b), rng, "*")


def _brackets(rng: random.Random) -> Puzzle | None:
    a, b, c = rng.randint(1, 30), rng.randint(1, 30), rng.randint(2, 12)
    inner = _join(rng.choice("+-"), _number(max(a, b)), _number(min(a, b)))
    if inner is None:
        return None
    if rng.random() < 0.3:  # so that the division is exact
        c *= inner.value
        term = _join("/", _number(c), inner)
    else:
        term = _join("*", inner, _number(c))
    if term is None or term.value in flat_values((a, b, c), "*/"):
        return None
    return _puzzle((a, b, c), term)


def _any_tree(count: int, high: int, low_target: int, top: int) -> Callable[..., Puzzle | None]:
    """Return the drawing of `count` numbers up to `high` with a target in low_target … top."""

    def draw(rng: random.Random) -> Puzzle | None:
        return _of([rng.randint(1, high) for _ in range(count)], low_target, top, rng)

    return draw


def _of(numbers: list[int], low: int, top: int, rng: random.Random) -> Puzzle | None:
    """Return a puzzle over given numbers whose target is in low … top and not plain."""
    terms = [_number(n) for n in numbers]
    for _ in range(TRIES):
        term = _grown(terms.copy(), rng)
        if term and low <= term.value <= top and not _is_plain(numbers, term.value):
            return _puzzle(numbers, term)
    return None


def _twenty_four(rng: random.Random) -> Puzzle | None:
    """Grow three numbers at random; the fourth is what is missing to 24."""
    numbers = [rng.randint(1, 20) for _ in range(3)]
    three = _grown([_number(n) for n in numbers], rng)
    if three is None:
        return None
    v = three.value
    ends = [("+", 24 - v, False), ("-", v - 24, False), ("-", v + 24, True)]
    ends += [("*", 24 // v, False)] if 24 % v == 0 else []
    ends += [("/", v // 24, False)] if v % 24 == 0 else []
    ends += [("/", 24 * v, True)]
    ends = [end for end in ends if 1 <= end[1] <= 20]
    if not ends:
        return None
    sign, last, turned = rng.choice(ends)
    first, second = (_number(last), three) if turned else (three, _number(last))
    term = _join(sign, first, second)
    numbers.append(last)
    return None if term is None or _is_plain(numbers, 24) else _puzzle(numbers, term)


def _television(rng: random.Random) -> Puzzle | None:
    large = rng.randint(1, 4)
    numbers = [*rng.sample(LARGE, large), *rng.sample(SMALL, 6 - large)]
    return _of(numbers, 101, 999, rng)


@dataclass(frozen=True, slots=True)
class Rung(Level):
    """A level and how its puzzles are drawn; a draw may fail and is then made again."""

    puzzle: Callable[[random.Random], Puzzle | None] = field(default=_two, kw_only=True)


# One row a level: what it adds, and how its puzzles are drawn.
LEVELS = (
    Rung("two numbers: their sum or their difference", puzzle=_two),
    Rung("two numbers: their product or their quotient", puzzle=_two_factors),
    Rung("three numbers with + and -", puzzle=_three_terms),
    Rung("three numbers: a product and a term, where + and - are not enough",
         puzzle=_product_and_term),
    Rung("three numbers: an exact quotient and a term", puzzle=_quotient_and_term),
    Rung("three numbers that need brackets", puzzle=_brackets),
    Rung("four numbers up to 12 with any operations", puzzle=_any_tree(4, 12, 2, 60)),
    Rung("the 24 game: four numbers up to 20", puzzle=_twenty_four),
    Rung("five numbers up to 25, target up to 200", puzzle=_any_tree(5, 25, 26, 200)),
    Rung("six numbers as on TV: up to four large ones, target up to 999", puzzle=_television),
)  # fmt: skip


class Countdown(Family):
    """Make a target of given numbers, each used exactly once.

    ## Description
    `Use 5, 3, 4 once each with + - * / to make 35.` Puzzles are built from a random expression, so
    there is always a solution; on the way to it every value is a positive whole number. From level
    4 on neither + and - alone nor a plain product reach the target, and on level 6 no expression
    without brackets does.

    ## Answer
    Of kind `expr`: an expression such as `(3 + 4)*5` that uses exactly the given numbers, each as
    often as it is given, with + - * / and brackets, and is worth the target. Fractions and negative
    values on the way are allowed. A trailing `= 35` is free; the target alone, other numbers,
    powers, a sign before the first term and digits run together are not.

    ## Version history
    v0: first release.
    """

    name = "countdown"
    summary = "Make a target of given numbers: two of them, the 24 game, six as on TV."
    levels = LEVELS
    answer_noun = "expression"

    def draw(self, level: int, rng: random.Random) -> Puzzle:
        """Return a random puzzle of `level`."""
        for _ in range(2000):
            puzzle: Puzzle | None = self.levels[level - 1].puzzle(rng)
            if puzzle is not None:
                return puzzle
        raise RuntimeError(f"countdown level {level} draws nothing")

    def canonical(self, content: Puzzle) -> str:
        """Return the numbers in order and the target; how to get there is no part of it."""
        return f"{','.join(map(str, content.numbers))}={content.target}"

    def ask(self, level: int, content: Puzzle, rng: random.Random) -> Question:
        """Return the puzzle with its numbers in random order."""
        numbers = list(content.numbers)
        rng.shuffle(numbers)
        listed = ", ".join(map(str, numbers))
        text = f"Use {listed} once each with + - * / to make {content.target}."
        return Question(text, "expr", content.answer)

    def recompute(self, problem: Problem) -> str | None:
        """Return what a complete search finds."""
        *numbers, target = map(int, re.findall("[0-9]+", problem.question))
        return solve(numbers, target)
