"""Program synthesis: find a function of a list from examples; the answer is a Python program.

As many examples are shown as the identifiability certificate needs (`list_functions.py` among the
certificates), and the program is scored on hidden lists.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..certificates.list_functions import (
    APART,
    Input,
    Slots,
    agreeing,
    examples_for,
    functions_of,
    program_class,
)
from ..family import Family, Level, Question
from ..generators.list_dsl import Output, Pipeline, run, spell
from ..problem import Case, Problem
from ..streams import keyed_rng

POOL_SIZE = 64
MOST_LISTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps(Level):
    """One rung: the steps that its functions are made of, and the lists that are shown.

    Attributes:
        slots: the groups of steps (`programs/list_steps.py`) of the first, second, … step.
        lengths: least and greatest length of a list shown.
        numbers: least and greatest number in it.
    """

    slots: Slots
    lengths: tuple[int, int] = (3, 6)
    numbers: tuple[int, int] = (-4, 12)


ALTER = ("add", "scale", "line", "power", "choose")
ANY = (*ALTER, "put", "cut", "keep", "order", "near", "self")

# One row a level: what it adds, and the steps of its functions.
LEVELS: tuple[Steps, ...] = (
    Steps("add a constant to every element", slots=(("add",),), lengths=(1, 2), numbers=(0, 9)),
    Steps("put a constant in front, behind or second", slots=(("put",),), lengths=(1, 3),
          numbers=(0, 9)),
    Steps("multiply every element", slots=(("scale",),), lengths=(1, 3), numbers=(-3, 9)),
    Steps("cut: slices, steps, rotations, parts turned round", slots=(("cut",),), lengths=(4, 9),
          numbers=(0, 9)),
    Steps("keep what meets a condition", slots=(("keep",),), lengths=(3, 7)),
    Steps("a number: sum, length, largest, smallest, count", slots=(("number",),)),
    Steps("two operations on every element: x*2+1", slots=(("line",),), lengths=(2, 4)),
    Steps("squares, remainders, quotients; a condition inside", slots=(("power", "choose"),)),
    Steps("two steps: sort, turn round or drop repeats, and cut or extend",
          slots=(("order", "cut", "put"),) * 2, lengths=(4, 7)),
    Steps("two steps: keep, then change what is left", slots=(("keep",), ALTER)),
    Steps("two steps: change or keep, then a number", slots=((*ALTER, "keep"), ("number",))),
    Steps("neighbours and positions, in two steps", slots=(("near",), ANY)),
    Steps("elements held against their own list, in two steps", slots=(("self",), ANY)),
    Steps("three steps: keep or change, order or cut, change",
          slots=((*ALTER, "keep"), ("order", "cut"), (*ALTER, "keep", "cut"))),
    Steps("three steps that end in a number", slots=(ANY, ANY, ("number",))),
    Steps("any three steps", slots=(ANY, ANY, ANY)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListFunction:
    """The content of a question.

    Attributes:
        index: the pipeline, by its index in the class of its size.
        pipeline: its steps.
    """

    index: int
    pipeline: Pipeline


class ListFunctions(Family):
    """Write a program for a function of a list from examples.

    ## Description

    A function takes a list of whole numbers and gives a list or a number. Examples such as
    `f([4, 7])=[7, 10]` are shown, and a Python program is asked for. The functions are made of one
    to three steps: add to every element, slice, filter, sort, sum, and so on, after DeepCoder
    (Balog et al. 2017) and the concepts of Rule, Tenenbaum and Piantadosi (2020).

    As many examples are shown, three to seven, as leave one function only among all the pipelines
    of as many steps as the reference has, or fewer (28471 for three steps). A level asks for no
    function that fewer steps or a lower level can do.

    ## Answer

    A Python program: an expression in `xs` such as `[x+3 for x in xs]`, a lambda, or a module that
    defines `f`. It is right if it gives the right list or number on every hidden list: the empty
    one, single elements, negative and large numbers, repeats, up to 20 elements.

    ## Version history

    v0: first release.
    """

    name = "list_functions"
    summary = "Program synthesis: f([4, 7])=[7, 10], … is answered by [x+3 for x in xs]."
    levels = LEVELS
    answer_noun = "Python program"

    def draw(self, level: int, rng: random.Random) -> ListFunction:
        """Return a random function of the level."""
        slots = tuple(row.slots for row in self.levels[:level])
        index = rng.choice(_indices(slots))
        return ListFunction(index, program_class(len(slots[-1])).pipeline(index))

    def contents(self, level: int) -> Iterable[ListFunction] | None:
        """Return every function of a level that has few, so that no split runs short of any."""
        slots = tuple(row.slots for row in self.levels[:level])
        if len(_indices(slots)) > MOST_LISTED:
            return None
        known = program_class(len(slots[-1]))
        return [ListFunction(index, known.pipeline(index)) for index in _indices(slots)]

    def canonical(self, content: ListFunction) -> str:
        """Return the function itself, by its outputs: spelling and level take no part."""
        return ";".join(str(run(content.pipeline, list(xs))) for xs in APART)

    def ask(self, level: int, content: ListFunction, rng: random.Random) -> Question:
        """Return the examples as a question, with hidden cases drawn from `rng`."""
        row = self.levels[level - 1]
        index, pipeline = content.index, content.pipeline
        graded = tuple(dict.fromkeys(_hidden_inputs(rng)))
        pool = _pool(row.lengths, row.numbers)
        inputs = examples_for(index, len(pipeline), pool, graded, rng)
        shown = tuple(_case(pipeline, xs) for xs in inputs)
        hidden = tuple(_case(pipeline, xs) for xs in _certain(content, inputs, graded))
        listed = ", ".join(f"f({xs})={out}" for xs, out in shown)
        return Question(f"{listed}. Write f(xs).", "program", spell(pipeline), hidden, shown)

    def recompute(self, problem: Problem) -> str | None:
        """Return a program that brute force finds for the examples in the question's text."""
        from ..oracles.lists import program_for

        return program_for(problem.question)


@functools.cache
def _indices(levels: tuple[Slots, ...]) -> list[int]:
    """Return the pipelines that the last of these levels asks for."""
    return [int(index) for index in functions_of(levels)]


@functools.cache
def _pool(lengths: tuple[int, int], numbers: tuple[int, int]) -> tuple[Input, ...]:
    """Return the lists that may be shown; they are few, so that a class is run on them once."""
    rng = keyed_rng("list_functions", "shown", lengths, numbers)
    pool: dict[Input, None] = {}
    while len(pool) < POOL_SIZE:
        xs = _randints(rng, rng.randint(*lengths), *numbers)
        pool[_with_a_repeat(xs, rng) if rng.random() < 0.4 else xs] = None
    return tuple(pool)


def _case(pipeline: Pipeline, xs: Input) -> Case:
    out: Output = run(pipeline, list(xs))
    return list(xs), list(out) if isinstance(out, list) else out


def _randints(rng: random.Random, length: int, low: int, high: int) -> Input:
    return tuple(rng.randint(low, high) for _ in range(length))


def _with_a_repeat(xs: Input, rng: random.Random) -> Input:
    place = rng.randrange(len(xs))
    return (*xs[:place], rng.choice(xs), *xs[place + 1 :])


def _certain(
    content: ListFunction, shown: Sequence[Input], graded: Iterable[Input]
) -> Iterator[Input]:
    """Yield the inputs to grade on.

    One on which a program of the class differs from the reference, though it agrees on all that
    is shown, is left out: no one could have known.
    """
    size = len(content.pipeline)
    same = [program_class(size).pipeline(int(i)) for i in agreeing(content.index, size, shown)]
    for xs in graded:
        expected = run(content.pipeline, list(xs))
        if xs not in shown and all(run(other, list(xs)) == expected for other in same):
            yield xs


def _hidden_inputs(rng: random.Random) -> list[Input]:
    """Return the empty list, short ones, all small numbers, repeats, negatives, large numbers."""
    # every number that a condition of the stock speaks of is in one of two lists
    deck = rng.sample(range(-6, 16), 22)
    inputs = [
        (),
        (rng.randint(-4, 12),),
        (rng.randint(13, 99),),
        _randints(rng, 2, -9, -1),
        tuple(deck[:11]),
        tuple(deck[11:]),
        _with_a_repeat(_randints(rng, 5, -4, 12), rng),
        _with_a_repeat(_randints(rng, rng.randint(6, 8), 0, 9), rng),
        _randints(rng, rng.randint(5, 7), -20, -1),
        tuple(rng.choices(_randints(rng, 3, -4, 12), k=9)),
        _randints(rng, 4, -(10**6), 10**6),
        _randints(rng, rng.randint(16, 20), -20, 99),
    ]
    rng.shuffle(inputs)
    return inputs
