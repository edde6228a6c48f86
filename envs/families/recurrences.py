"""Program synthesis: recurrences from f(0), f(1), f(2), …; the answer is a program.

As many cases are shown as the identifiability certificate needs, and the program is scored on them
and on hidden later ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..certificates import recurrence_rules as rules
from ..certificates.recurrence_rules import ModularRule, Rule
from ..certificates.recurrences import cases_needed, follows
from ..family import Family, Level, Question
from ..generators import recurrences as draws
from ..generators.recurrences import Recurrence
from ..oracles.recurrences import program_for
from ..problem import Problem, TaskSpec, Verdict
from ..programs.verifier import verify_program

MAX_DRAWS = 200
HIDDEN = 8

# Two functions of the ladder that agree on their first so many terms are the same function.
APART = 14


class Form(NamedTuple):
    """A kind of recurrence.

    Attributes:
        rule: what it is for the certificate.
        function: returns a random one.
    """

    rule: Rule | ModularRule
    function: Callable[[random.Random], Recurrence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung(Level):
    """A level and the kind of its functions.

    Attributes:
        form: rule and draw.
    """

    form: Form


# One row a level: what it adds, and how its functions are drawn.
LEVELS = (
    Rung("f(n-1)+d, a line", form=Form(rules.LINE, draws.line)),
    Rung("a*f(n-1): a factor", form=Form(rules.GEOMETRIC, draws.geometric)),
    Rung("a*f(n-1)+b: a factor and a constant", form=Form(rules.AFFINE, draws.affine)),
    Rung("f(n-1)+a*n+b: the step grows with n", form=Form(rules.QUADRATIC, draws.sums)),
    Rung("f(n-1)+f(n-2): two values back", form=Form(rules.FIBONACCI, draws.fibonacci)),
    Rung("n*f(n-1)+a: a factor n", form=Form(rules.FACTORIAL, draws.factorial)),
    Rung("a*f(n-1)+b*n+c: a factor and a multiple of n", form=Form(rules.WITH_N, draws.with_n)),
    Rung("a*f(n-1)+b*f(n-2): two factors", form=Form(rules.ORDER_2, draws.order_2)),
    Rung("(a*n+b)*f(n-1): a factor that grows", form=Form(rules.RISING, draws.rising)),
    Rung("f(n-1)+f(n-2)+f(n-3): three values back", form=Form(rules.TRIBONACCI, draws.tribonacci)),
    Rung("(f(n-1)+f(n-2))%m: a modulus", form=Form(rules.SUM_MOD, draws.sum_mod)),
    Rung("one rule for odd n, one for even n", form=Form(rules.PARITY, draws.parity)),
    Rung("a*f(n-1)+b*f(n-2)+c: a constant too",
         form=Form(rules.ORDER_2_PLUS, draws.order_2_plus)),
    Rung("(a*f(n-1)+c)%m: a factor and a modulus", form=Form(rules.AFFINE_MOD, draws.affine_mod)),
    Rung("a*f(n//2)+b or c by parity: halving n", form=Form(rules.HALVING, draws.halving)),
    Rung("three factors", form=Form(rules.ORDER_3, draws.order_3)),
    Rung("(f(n-1)**2+c)%m: a square and a modulus", form=Form(rules.SQUARE_MOD, draws.square_mod)),
    Rung("(f(n-1)*f(n-2)+c)%m: a product and a modulus",
         form=Form(rules.PRODUCT_MOD, draws.product_mod)),
)  # fmt: skip


class Recurrences(Family):
    """Write a program for a recurrence from its first values.

    ## Description
    A sequence whose values follow from n and from earlier values, by a rule that is not told. Shown
    are f(0), f(1), f(2), …, as many as tell it from every other rule with no more numbers in it.

    ## Answer
    A Python program: `def f(n)` by recursion or a loop, a lambda, or an expression in `n` for
    whoever knows a closed form. It must return the right int for the cases shown and for hidden n
    that come later, up to 24 (100 where n is halved). For rules that look back by two or three
    values they stay so small that plain recursion passes within the sandbox's limits.

    ## Version history
    v0: first release.
    """

    name = "recurrences"
    summary = "Program synthesis: f(0)=2, f(1)=5, f(2)=7, … is answered by recursion or a loop."
    levels = LEVELS
    answer_noun = "Python program"

    def draw(self, level: int, rng: random.Random) -> Recurrence:
        """Return a random recurrence of the level."""
        return self.levels[level - 1].form.function(rng)

    def _content(self, task: TaskSpec, rng: random.Random) -> tuple[Recurrence, str]:
        """Return a recurrence of the split that cases identify and no easier level has.

        Here and not in `draw`, because most draws for a small split are thrown away.
        """
        for _ in range(MAX_DRAWS):
            content, canonical = super()._content(task, rng)
            if _repeats(content.terms) or not self._cases(task.level, content):
                continue
            if not self._is_easier(task.level, content):
                return content, canonical
        raise RuntimeError(f"{self.name} level {task.level} draws nothing that cases identify")

    def _cases(self, level: int, content: Recurrence) -> int | None:
        return cases_needed(content.terms, self.levels[level - 1].form.rule, content.modulus)

    def _is_easier(self, level: int, content: Recurrence) -> bool:
        """Say whether an easier level's rule gives the same terms.

        The modular ones need no look: the certificate holds each against all others.
        """
        easier = (row.form.rule for row in self.levels[: level - 1])
        return any(isinstance(rule, Rule) and follows(content.terms, rule) for rule in easier)

    def canonical(self, content: Recurrence) -> str:
        """Return the function itself, by its first terms: spelling and level take no part."""
        return ",".join(map(str, content.terms[:APART]))

    def ask(self, level: int, content: Recurrence, rng: random.Random) -> Question:
        """Return the first terms as a question, with hidden later ones drawn from `rng`."""
        count = self._cases(level, content)
        assert count, "_content returns recurrences that cases identify"
        shown = tuple(enumerate(content.terms[:count]))
        inputs = _hidden_inputs(count, len(content.terms) - 1, rng)
        hidden = tuple((n, content.terms[n]) for n in inputs)
        listed = ", ".join(f"f({n})={value}" for n, value in shown)
        text = f"{listed}. Write f(n) for n >= 0."
        return Question(text, "program", content.program, hidden, shown)

    def verify(self, problem: Problem, answer: str) -> Verdict:
        """Return the verdict on the hidden and the shown cases: 0 is always among the latter."""
        cases = (*problem.cases, *problem.shown)
        return verify_program(answer, cases, shuffle_key=problem.task)

    def recompute(self, problem: Problem) -> str | None:
        """Return a program for the terms in the question, found by search."""
        return program_for(problem.question)


def _repeats(terms: tuple[int, ...]) -> bool:
    """Say whether a table of half the terms, begun anew after its end, gives all of them."""
    periods = range(1, len(terms) // 2 + 1)
    return any(terms[p:] == terms[:-p] for p in periods)


def _hidden_inputs(shown: int, last: int, rng: random.Random) -> tuple[int, ...]:
    """Return the two inputs after the shown ones, the last and others between, in random order."""
    fixed = [n for n in (shown, shown + 1, last) if n <= last]
    between = range(shown + 2, last)
    inputs = [*fixed, *rng.sample(between, min(HIDDEN - len(fixed), len(between)))]
    rng.shuffle(inputs)
    return tuple(inputs)
