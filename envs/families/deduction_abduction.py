"""Deduction and abduction: what does this program return, and on which input does it return this.

Twins after Absolute Zero (Zhao et al. 2025, arXiv:2505.03335), which learns from such questions on
programs of its own; here the programs come from templates and the answers are exact.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..family import Family, Level, Question
from ..generators import deduction_programs as programs
from ..oracles.deduction import defined, search_input
from ..problem import Problem, Value
from ..values import same_value

MAX_TRIES = 200  # about two of three draws will do
# what a policy would try that does not read the program
OBVIOUS_NUMBERS = (0, 1, -1, 2, 3, 10, 100)
OBVIOUS_LISTS: tuple[list[Value], ...] = ([], [0], [1], [0, 0, 0], [1, 2, 3])
_NUMBER = re.compile(r"[0-9]+")
_PREDICT = re.compile(r"(.*)\nWhat is f\((.*)\)(?:, in quotes)?\?", re.DOTALL)
_FIND = re.compile(r"(.*)\nGive \w+ with f\(\w+\) = (.*)\.", re.DOTALL)


class Pair(NamedTuple):
    """A program with an input and its output.

    Attributes:
        code: module text that defines `f`.
        given: what `f` is called on.
        output: what it returns.
    """

    code: str
    given: Value
    output: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung(Level):
    """One rung: which programs are drawn, and which end of them is asked for.

    Attributes:
        program: draws a program with an input.
        find: whether the input is asked for, and not the output.
    """

    program: programs.Template = field(default=programs.one_operation)
    find: bool = False


def _twins(adds: str, program: programs.Template) -> tuple[Rung, Rung]:
    return (
        Rung(f"{adds}: the output", program=program),
        Rung(f"{adds}: an input with this output", program=program, find=True),
    )


LEVELS: tuple[Rung, ...] = (
    *_twins("one operation", programs.one_operation),
    *_twins("two operations", programs.two_operations),
    *_twins("quotient and remainder", programs.remainder),
    *_twins("if and else", programs.branch),
    *_twins("a for loop with a sum", programs.for_loop),
    *_twins("a while loop", programs.while_loop),
    *_twins("items and slices of a list", programs.indexing),
    *_twins("a comprehension with a test", programs.comprehension),
    *_twins("sorting and sets", programs.sorting),
    *_twins("nested loops", programs.nested_loops),
    *_twins("strings", programs.strings),
    *_twins("recursion", programs.recursion),
)


class DeductionAbduction(Family):
    """Predict what a small Python program returns, or find an input on which it returns that.

    ## Description
    A program `f` is shown. Odd levels give an input and ask for the output (deduction); even ones
    give an output and ask for an input (abduction). Every two levels add a construct, from one
    operation to recursion. A program with its output stands in one split, whichever end is asked.
    Neither a number of the question nor a usual guess such as 0 or [] is an answer.

    ## Answer
    A Python literal: an int, a string in quotes or a list; types count at every depth (kind
    `value`). A calculation or a call is none. An input is run through the program in a sandbox
    (kind `input`), and every one that gives the output is right; numbers go up to 10^9.

    ## Version history
    v0: first release.
    """

    name = "deduction_abduction"
    summary = "Small Python programs: predict the output, or find an input for an output."
    levels = LEVELS
    answer_noun = "Python literal"

    def draw(self, level: int, rng: random.Random) -> Pair:
        """Return a random program of `level` with an input that nobody hits by chance."""
        program = self.levels[level - 1].program
        for _ in range(MAX_TRIES):
            code, run, given = program(rng)
            output = run(given)
            pair = Pair(code, given, output)
            if _is_hidden(pair) and not any(_gives(run, x, output) for x in _guesses(pair)):
                return pair
        raise RuntimeError(f"{self.name} level {level} draws nothing that cannot be guessed")

    def canonical(self, content: Pair) -> str:
        """Return program and output: all inputs that lead there are answers to one question."""
        return f"{content.code}\n{content.output!r}"

    def ask(self, level: int, content: Pair, rng: random.Random) -> Question:
        """Return the program with `What is f(…)?` or `Give n with f(n) = …`."""
        code, given, output = content
        if self.levels[level - 1].find:
            name = "xs" if isinstance(given, list) else "n"
            text = f"{code}\nGive {name} with f({name}) = {output!r}."
            return Question(text, "input", repr(given), cases=((given, output),), program=code)
        quotes = ", in quotes" if isinstance(output, str) else ""
        text = f"{code}\nWhat is f({given!r}){quotes}?"
        return Question(text, "value", repr(output), program=code)

    def recompute(self, problem: Problem) -> str | None:
        """Return what CPython makes of the program in the question, or an input found by search."""
        if match := _PREDICT.fullmatch(problem.question):
            return repr(defined(match[1])(ast.literal_eval(match[2])))
        match = _FIND.fullmatch(problem.question)
        return match and repr(search_input(match[1], ast.literal_eval(match[2])))


def _numbers(text: str) -> list[int]:
    return list(map(int, _NUMBER.findall(text)))


def _is_hidden(pair: Pair) -> bool:
    """Whether the output does not stand in the question that asks for it, and is no usual guess."""
    code, given, output = pair
    if isinstance(output, int):
        return output not in OBVIOUS_NUMBERS and abs(output) not in _numbers(f"{code} {given}")
    if isinstance(output, list):
        return len(output) > 1 and repr(output) not in repr(given)
    return isinstance(output, str) and len(output) > 1 and output not in code


def _guesses(pair: Pair) -> Iterator[Value]:
    """Yield inputs of the right type that need no thought: usual ones, and what is shown."""
    if isinstance(pair.given, list):
        yield from OBVIOUS_LISTS
        if isinstance(pair.output, list):
            yield pair.output
        return
    yield from OBVIOUS_NUMBERS
    yield from _numbers(pair.code)
    if isinstance(pair.output, int) and abs(pair.output) < 1000:
        yield pair.output


def _gives(run: Callable[[Any], Value], given: Value, output: Value) -> bool:
    try:
        return same_value(run(given), output)
    except (IndexError, ValueError):  # such as the maximum of nothing
        return False
