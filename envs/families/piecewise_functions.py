"""Program synthesis: piecewise and modular functions from a few values around their bends.

The cases shown are what the identifiability certificate needs, and the program is scored on them
and on hidden inputs with 0, negatives and large values.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..certificates.decision_trees import Below, Leaf, Residues, Tree
from ..certificates.piecewise_functions import window
from ..family import Family, Level, Question
from ..oracles.piecewise import smallest_program
from ..problem import Problem, TaskSpec, Verdict
from ..programs.verifier import verify_program

MAX_DRAWS = 200
N = Leaf(0, 1)

# Two functions of the ladder that agree on all of these points are the same function.
_APART = range(-40, 41)


class Piecewise(NamedTuple):
    """A function, with its reference program.

    Attributes:
        tree: the function as a decision tree.
        program: a Python expression in n.
    """

    tree: Tree
    program: str


def _plain(tree: Tree) -> Piecewise:
    return Piecewise(tree, tree.program())


def _plus(d: int) -> str:
    return f"{d:+}" if d else ""


def _line(rng: random.Random, *, slope: int = 5, but: tuple[int, ...] = ()) -> Leaf:
    """Return a line with a slope in ±1 … ±slope that is not in `but`."""
    slopes = [a for a in range(-slope, slope + 1) if a and a not in but]
    return Leaf(rng.randint(-20, 20), rng.choice(slopes))


def _bend(rng: random.Random, least: int) -> int:
    """Return a threshold on either side of 0, at least `least` away from it."""
    return rng.choice((1, -1)) * rng.randint(least, least + 12)


def _jumps(low: Leaf, high: Leaf, t: int) -> bool:
    """Say whether two pieces meet at no input next to the threshold."""
    return all(low.value(n) != high.value(n) for n in (t - 1, t))


def _parity_of_numbers(rng: random.Random) -> Piecewise:
    even, odd = rng.sample(range(100), 2)
    return _plain(Residues((Leaf(even), Leaf(odd))))


def _step(rng: random.Random) -> Piecewise:
    low, high = rng.sample(range(100), 2)
    return _plain(Below(rng.randint(3, 20), Leaf(low), Leaf(high)))


def _n_on_one_side(rng: random.Random) -> Piecewise:
    t = _bend(rng, 5)
    # t-1 and t would make a minimum or a maximum of it
    number = Leaf(rng.choice([c for c in range(-30, 61) if c not in (t - 1, t)]))
    low, high = rng.choice(((N, number), (number, N)))
    return _plain(Below(t, low, high))


def _max_or_min(rng: random.Random) -> Piecewise:
    c, d = _bend(rng, 5), rng.randint(-40, 40)
    line, number = Leaf(d, 1), Leaf(c + d)
    if rng.random() < 0.5:
        return Piecewise(Below(c, number, line), f"max(n,{c}){_plus(d)}")
    return Piecewise(Below(c, line, number), f"min(n,{c}){_plus(d)}")


def _parity_of_shifts(rng: random.Random) -> Piecewise:
    even, odd = rng.sample(range(-30, 31), 2)
    return _plain(Residues((Leaf(even, 1), Leaf(odd, 1))))


def _halves(rng: random.Random) -> Piecewise:
    line = _line(rng, slope=9)
    if rng.random() < 0.5:
        return _plain(Residues((Leaf(0, 1, 0, 2), line)))
    return Piecewise(Residues((line, Leaf(-1, 1, 0, 2))), f"{line.program()} if n%2==0 else n//2")


def _two_steps(rng: random.Random) -> Piecewise:
    t, numbers = _bend(rng, 10), rng.sample(range(50), 3)
    low, middle, high = map(Leaf, numbers)
    return _plain(Below(t, low, Below(t + rng.randint(2, 6), middle, high)))


def _distance(rng: random.Random) -> Piecewise:
    c, d = _bend(rng, 6), rng.randint(-30, 30)
    a = rng.choice([a for a in range(-5, 6) if a])
    factor = "" if a == 1 else "-" if a == -1 else f"{a}*"
    tree = Below(c, Leaf(a * c + d, -a), Leaf(d - a * c, a))
    return Piecewise(tree, f"{factor}abs(n{-c:+}){_plus(d)}")


def _clamp(rng: random.Random) -> Piecewise:
    low, d = _bend(rng, 10), rng.randint(-30, 30)
    high = low + rng.randint(3, 8)
    tree = Below(low, Leaf(low + d), Below(high, Leaf(d, 1), Leaf(high + d)))
    return Piecewise(tree, f"max({low},min(n,{high})){_plus(d)}")


def _thirds_of_numbers(rng: random.Random) -> Piecewise:
    return _plain(Residues(tuple(map(Leaf, rng.sample(range(50), 3)))))


def _two_lines(rng: random.Random) -> Piecewise:
    t, low = _bend(rng, 7), _line(rng)
    high = _line(rng, but=(low.c1,))
    while not _jumps(low, high, t):
        high = _line(rng, but=(low.c1,))
    return _plain(Below(t, low, high))


def _parity_of_lines(rng: random.Random) -> Piecewise:
    even = _line(rng)
    return _plain(Residues((even, _line(rng, but=(even.c1,)))))


def _threshold_then_parity(rng: random.Random) -> Piecewise:
    number, even = Leaf(rng.randint(0, 50)), _line(rng)
    parity = Residues((even, _line(rng, but=(even.c1,))))
    return _plain(Below(_bend(rng, 10), number, parity))


def _parity_then_threshold(rng: random.Random) -> Piecewise:
    line = _line(rng)
    number, other = Leaf(rng.randint(0, 50)), _line(rng, but=(line.c1,))
    t = 2 * rng.choice((1, -1)) * rng.randint(5, 12)
    return _plain(Residues((Below(t, number, line), other)))


def _square_and_line(rng: random.Random) -> Piecewise:
    square, line = Leaf(rng.randint(-20, 20), rng.randint(-3, 3), 1), _line(rng)
    t = _bend(rng, 8)
    while not _jumps(square, line, t):
        line = _line(rng)
    low, high = rng.choice(((square, line), (line, square)))
    return _plain(Below(t, low, high))


def _three_lines(rng: random.Random) -> Piecewise:
    low = _line(rng)
    middle = _line(rng, but=(low.c1,))
    high = _line(rng, but=(middle.c1,))
    t = _bend(rng, 14)
    return _plain(Below(t, low, Below(t + rng.randint(4, 6), middle, high)))


def _thirds_of_lines(rng: random.Random) -> Piecewise:
    square = Leaf(rng.randint(-20, 20), 0, 1)
    parts = [square, _line(rng), _line(rng)]
    rng.shuffle(parts)
    return _plain(Residues(tuple(parts)))


def _parity_below_thirds(rng: random.Random) -> Piecewise:
    even = _line(rng)
    low = Residues((even, _line(rng, but=(even.c1,))))
    high = Residues(tuple(map(Leaf, rng.sample(range(30), 3))))
    return _plain(Below(_bend(rng, 12), low, high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung(Level):
    """A level and how its functions are drawn.

    Attributes:
        function: returns a random function of the level.
    """

    function: Callable[[random.Random], Piecewise]


# One row a level: what it adds, and how its functions are drawn.
LEVELS = (
    Rung("a if n%2==0 else b: two numbers by parity", function=_parity_of_numbers),
    Rung("a if n<t else b: a threshold", function=_step),
    Rung("n if n<t else c: n itself on one side", function=_n_on_one_side),
    Rung("max(n,c)+d, min(n,c)+d: pieces that meet", function=_max_or_min),
    Rung("n+a if n%2==0 else n+b: two shifts by parity", function=_parity_of_shifts),
    Rung("a*abs(n-c)+d: a distance", function=_distance),
    Rung("a if n<t else b if n<u else c: two thresholds", function=_two_steps),
    Rung("max(a,min(n,b))+d: a clamp", function=_clamp),
    Rung("three numbers by the remainder of n by 3", function=_thirds_of_numbers),
    Rung("n//2 if n%2==0 else a*n+b: half of n, or a line", function=_halves),
    Rung("a*n+b if n<t else c*n+d: two lines with a jump", function=_two_lines),
    Rung("a*n+b if n%2==0 else c*n+d: two lines by parity", function=_parity_of_lines),
    Rung("parity inside a threshold", function=_threshold_then_parity),
    Rung("a threshold inside parity", function=_parity_then_threshold),
    Rung("a quadratic on one side", function=_square_and_line),
    Rung("three lines and two thresholds", function=_three_lines),
    Rung("a square and two lines by the remainder by 3", function=_thirds_of_lines),
    Rung("parity below a threshold, remainders by 3 above", function=_parity_below_thirds),
)


class PiecewiseFunctions(Family):
    """Write a program for a piecewise or modular f(n) from values around its bends.

    ## Description
    A function of an int that has pieces: by a threshold, by the remainder of n, by both. Shown are
    neighbouring cases around every threshold, as few as tell the function from every other one that
    a decision tree of the same size or less computes.

    ## Answer
    A Python program: an expression in `n`, a lambda, or `def f(n)`. It must return the right int on
    the cases shown and on hidden ones: 0, negatives, neighbours of the shown cases, large values of
    either sign and every remainder. Any program with the right values counts; a table of the cases
    shown does not.

    ## Version history
    v0: first release.
    """

    name = "piecewise_functions"
    summary = "Program synthesis: functions in pieces, such as n//2 if n%2==0 else 3*n+1."
    levels = LEVELS
    answer_noun = "Python program"

    def draw(self, level: int, rng: random.Random) -> Piecewise:
        """Return a random function of the level."""
        return self.levels[level - 1].function(rng)

    def _content(self, task: TaskSpec, rng: random.Random) -> tuple[Piecewise, str]:
        """Return a function of the task's split that a few cases identify.

        Here and not in `draw`, because most draws for a small split are thrown away.
        """
        for _ in range(MAX_DRAWS):
            content, canonical = super()._content(task, rng)
            if window(content.tree):
                return content, canonical
        raise RuntimeError(f"{self.name} level {task.level} draws nothing that cases identify")

    def canonical(self, content: Piecewise) -> str:
        """Return the function itself, by its values: spelling and level take no part."""
        return ",".join(str(content.tree.value(n)) for n in _APART)

    def ask(self, level: int, content: Piecewise, rng: random.Random) -> Question:
        """Return the shown cases as a question, with hidden cases drawn from `rng`."""
        bounds = window(content.tree)
        assert bounds, "_content returns functions that cases identify"
        value = content.tree.value
        inputs = range(bounds[0], bounds[1] + 1)
        shown = tuple((n, value(n)) for n in inputs)
        hidden = tuple((n, value(n)) for n in _hidden_inputs(inputs, rng))
        listed = ", ".join(f"f({n})={v}" for n, v in shown)
        return Question(f"{listed}. Write f(n).", "program", content.program, hidden, shown)

    def verify(self, problem: Problem, answer: str) -> Verdict:
        """Return the verdict on the hidden and the shown cases.

        A threshold and a piece between two of them may lie among the shown cases alone.
        """
        cases = (*problem.cases, *problem.shown)
        return verify_program(answer, cases, shuffle_key=problem.task)

    def recompute(self, problem: Problem) -> str | None:
        """Return the smallest program that fits the question, found by search."""
        return smallest_program(problem.question)


def _hidden_inputs(shown: range, rng: random.Random) -> tuple[int, ...]:
    """Return 0, negatives, neighbours of the shown cases and large values, in random order.

    Large values of either sign stand three in a row, so that they have every remainder by 2 and 3.
    """
    large, deep = rng.randint(10**4, 10**6), -rng.randint(10**4, 10**6)
    inputs = [
        0,
        -rng.randint(1, 9),
        -rng.randint(10, 99),
        rng.randint(1, 19),
        rng.randint(20, 99),
        rng.randint(100, 999),
        *(shown[-1] + i for i in (1, 2, 3)),
        *(shown[0] - i for i in (1, 2, 3)),
        *(large + i for i in (0, 1, 2)),
        *(deep - i for i in (0, 1, 2)),
    ]
    fresh = sorted(set(inputs) - set(shown))
    rng.shuffle(fresh)
    return tuple(fresh)
