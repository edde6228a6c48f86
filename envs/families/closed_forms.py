"""Program synthesis: find f(n) from f(1), f(2), f(3), …; the answer is a Python program.

As many cases are shown as the identifiability certificate needs (`certificate.py`), and the
program is scored on hidden inputs with 0, negatives and large values.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..certificates.closed_forms import ClosedForm, cases_needed
from ..family import Family, Level, Question
from ..oracles.closed_forms import shortest_program
from ..problem import Problem

# The longest period of a floor or remainder form in the ladder.
PERIODS = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Level):
    """One rung: the ranges from which its functions are drawn.

    `f(n) = c0 + c1*n + c2*n*n + c3*n*n*n + floor*(n//k) + rest*(n%k)`; a range of one number
    fixes that coefficient.

    Attributes:
        c0: constant.
        c1: coefficient of n.
        c2: coefficient of n*n.
        c3: coefficient of n*n*n.
        floor: coefficient of n//k.
        rest: coefficient of n%k.
        k: divisor.
    """

    c0: tuple[int, ...] = (0,)
    c1: tuple[int, ...] = (0,)
    c2: tuple[int, ...] = (0,)
    c3: tuple[int, ...] = (0,)
    floor: tuple[int, ...] = (0,)
    rest: tuple[int, ...] = (0,)
    k: tuple[int, ...] = (1,)

    def functions(self) -> Iterator[ClosedForm]:
        """Yield every function of this form."""
        ranges = (self.c0, self.c1, self.c2, self.c3, self.floor, self.rest, self.k)
        for c0, c1, c2, c3, floor, rest, k in itertools.product(*ranges):
            # rest*k == floor would be the line rest*n in disguise
            if k == 1 or floor != rest * k:
                yield ClosedForm((c0, c1, c2, c3), floor, rest, k)


def _upto(bound: int, *, but: tuple[int, ...] = (0,)) -> tuple[int, ...]:
    """Return -bound … bound without the numbers in `but`."""
    return tuple(i for i in range(-bound, bound + 1) if i not in but)


def _from(low: int, high: int) -> tuple[int, ...]:
    """Return low … high."""
    return tuple(range(low, high + 1))


ONE = (1,)

# One row a level. Levels up to 8 are n, n*n and their multiples and sums; then cubes, // and %.
# The ranges are wide enough that a policy cannot learn a level by heart.
LEVELS: tuple[Form, ...] = (
    Form("n+c: an offset", c0=_upto(500), c1=ONE),
    Form("a*n: a multiple", c1=_upto(400, but=(0, 1))),
    Form("a*n+b: a line", c0=_upto(50), c1=_upto(12, but=(0, 1))),
    Form("a*n*n: a multiple of the square, n*n itself among them", c2=_upto(300)),
    Form("n*n+c: a shifted square", c0=_upto(400), c2=ONE),
    Form("n*n+b*n: a square and a multiple of n", c1=_upto(400), c2=ONE),
    Form("n*n+b*n+c: a monic quadratic", c0=_upto(20), c1=_upto(15), c2=ONE),
    Form("a*n*n+b*n+c: a full quadratic", c0=_upto(12), c1=_upto(10), c2=_from(2, 6)),
    Form("a*n*n*n+c: a cube", c0=_upto(60), c3=_from(1, 9)),
    Form("n*n*n+b*n*n+c*n+d: a monic cubic", c0=_upto(12), c1=_upto(9), c2=_upto(6), c3=ONE),
    Form("n//k+c: floor division", c0=_upto(100), floor=ONE, k=PERIODS),
    Form("a*(n%k)+c: a remainder", c0=_upto(25), rest=_from(2, 9), k=PERIODS),
    Form("a*(n//k)+b*(n%k): both", floor=_upto(15), rest=_from(2, 9), k=PERIODS),
    Form("a*n+b*(n%k): a line and a remainder", c1=_from(1, 9), rest=_upto(9), k=PERIODS),
)  # fmt: skip


class ClosedForms(Family):
    """Write a program for f(n) from its first values.

    ## Description
    f(1), f(2), f(3), … are shown, as many as the identifiability certificate needs: no program of
    the certificate's class and of no more nodes than the reference agrees on them and is another
    function (`envs/certificates/closed_forms.py`).

    ## Answer
    A Python program: an expression in `n`, a lambda, or `def f`. It is run in a sandbox on hidden
    inputs (0, negatives, neighbours of what is shown, large values) and must give the right `int`
    on every one, twice, in two orders.

    ## Version history
    v0: first release.
    """

    name = "closed_forms"
    summary = "Program synthesis: f(1)=1, f(2)=4, f(3)=9 is answered by a program such as n*n."
    levels = LEVELS
    answer_noun = "Python program"

    def draw(self, level: int, rng: random.Random) -> ClosedForm:
        """Return a random function of the level's form."""
        return rng.choice(list(self.levels[level - 1].functions()))

    def contents(self, level: int) -> Iterable[ClosedForm]:
        """Return every function of the level: all spaces of this ladder are small."""
        return self.levels[level - 1].functions()

    def canonical(self, content: ClosedForm) -> str:
        """Return the function itself, by its values: spelling and level take no part."""
        return content.signature()

    def ask(self, level: int, content: ClosedForm, rng: random.Random) -> Question:
        """Return the shown cases as a question, with hidden cases drawn from `rng`."""
        shown = tuple((n, content.value(n)) for n in range(1, cases_needed(content) + 1))
        hidden = tuple((n, content.value(n)) for n in _hidden_inputs(len(shown), rng))
        listed = ", ".join(f"f({n})={value}" for n, value in shown)
        return Question(f"{listed}. Write f(n).", "program", content.program(), hidden, shown)

    def recompute(self, problem: Problem) -> str | None:
        """Return the shortest program that sympy finds for the cases of the question."""
        return shortest_program(problem.question)


def _hidden_inputs(shown: int, rng: random.Random) -> tuple[int, ...]:
    """Return 0, negatives, neighbours of the shown cases and large values, in random order."""
    inputs = [
        0,
        -1,
        -rng.randint(2, 9),
        -rng.randint(10, 99),
        shown + 1,
        shown + rng.randint(2, 9),
        rng.randint(20, 99),
        rng.randint(100, 999),
        rng.randint(10**4, 10**6),
        -rng.randint(10**4, 10**6),
    ]
    rng.shuffle(inputs)
    return tuple(inputs)
