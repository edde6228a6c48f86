"""Which examples a list function must show before only one short program fits them.

Class and size: the class of size d is every pipeline of 1 … d steps (`programs/list_dsl.py`) in
which a pipeline of one step is any step of the stock, and the steps of a pipeline of two or three
are of tier 2 or 3 and more (`stock(2)`, `stock(3)`); only the last may give a number. Identity and
constants are in it. These are 2379, 12343 and 28471 pipelines.

Two pipelines are taken for one function if they agree on the three lists of `APART`. The examples
that `examples_for` returns are such that every pipeline of the class, of the reference's size at
most, that agrees on them is the reference function; `agreeing` names those pipelines, so that a
hidden input on which one of them goes its own way can be left out.

The whole class is held as arrays: for one input list, `column` numbers the outputs of all
pipelines, so that those which agree with the reference are found by comparing numbers.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..generators.list_dsl import Output, Pipeline, Step, run
from ..generators.list_steps import stock

Input: TypeAlias = tuple[int, ...]
Numbers: TypeAlias = NDArray[np.int64]
Slots: TypeAlias = tuple[tuple[str, ...], ...]

FEWEST_EXAMPLES = 3
MOST_EXAMPLES = 7

# Two shuffled halves of all small numbers, so that every limit and remainder tells; then repeats
# and large numbers of both signs.
APART: tuple[Input, ...] = (
    (3, -5, 14, 8, 0, 11, -1, 5, -3, 9, 2),
    (7, 12, -2, 4, 10, -4, 1, 13, 6, -6, 7),
    (5, 5, -4321, 2, 1000, 2, 5, 8008, 0),
)
_BITS = 20  # three numbers of so many bits make one of 60


class ProgramClass:
    """Every pipeline of at most `size` steps, by index: first those of one step, then longer ones.

    Within a number of steps, the index counts the last step fastest.
    """

    def __init__(self, size: int) -> None:
        """Lay out the class; no pipeline is run before a column is asked for."""
        self.size = size
        self._slots = [_slots(steps) for steps in range(1, size + 1)]
        counts = [int(np.prod([len(slot) for slot in slots])) for slots in self._slots]
        self._starts = [0, *itertools.accumulate(counts)]
        self._columns: dict[Input, Numbers] = {}

    def __len__(self) -> int:
        """Return the number of pipelines."""
        return self._starts[-1]

    @property
    def shorter(self) -> int:
        """Return how many pipelines have fewer steps than `size`; they come first."""
        return self._starts[-2]

    def pipeline(self, index: int) -> Pipeline:
        """Return the pipeline with this index."""
        block = next(b for b, start in enumerate(self._starts[1:]) if index < start)
        index -= self._starts[block]
        chosen: list[Step] = []
        for slot in reversed(self._slots[block]):
            index, place = divmod(index, len(slot))
            chosen.append(slot[place])
        return tuple(reversed(chosen))

    def members(self, groups: Slots) -> Numbers:
        """Return the pipelines that have one step of each of these groups, in this order."""
        block = len(groups) - 1
        if block >= self.size:
            return np.zeros(0, np.int64)
        mask = np.ones(1, bool)
        for slot, names in zip(self._slots[block], groups, strict=True):
            fits = np.array([step.group in names for step in slot])
            mask = np.logical_and.outer(mask, fits).ravel()
        return np.flatnonzero(mask) + self._starts[block]

    def column(self, xs: Input) -> Numbers:
        """Return the output of every pipeline on `xs`, equal outputs as equal numbers."""
        if xs not in self._columns:
            names: dict[Output | Input, int] = {}
            blocks = [_outputs(slots, xs, names) for slots in self._slots]
            self._columns[xs] = np.concatenate(blocks)
        return self._columns[xs]

    @functools.cached_property
    def functions(self) -> Numbers:
        """Return the function that each pipeline is, by number: those equal on `APART` are one."""
        key = np.zeros(len(self), np.int64)
        for xs in APART:
            column = self.column(xs)
            assert column.max() < 1 << _BITS
            key = (key << _BITS) | column
        return np.unique(key, return_inverse=True)[1].ravel()


@functools.cache
def program_class(size: int) -> ProgramClass:
    """Return the class of pipelines of at most `size` steps; one per process."""
    return ProgramClass(size)


def _slots(steps: int) -> tuple[tuple[Step, ...], ...]:
    """Return the steps that may stand at each place of a pipeline."""
    last = stock(steps)
    return (*[tuple(step for step in last if not step.number)] * (steps - 1), last)


def _outputs(
    slots: Sequence[Sequence[Step]], xs: Input, names: dict[Output | Input, int]
) -> Numbers:
    """Return the numbers in `names` of what the pipelines make of `xs`.

    A list that several beginnings arrive at is taken further only once.
    """
    lists: list[Input] = [xs]
    arrived = np.zeros(1, np.int64)  # beginning of a pipeline -> place in `lists`
    for slot in slots[:-1]:
        places: dict[Output | Input, int] = {}
        arrived = _table(slot, lists, places)[arrived].ravel()
        lists = [place for place in places if isinstance(place, tuple)]
    return _table(slots[-1], lists, names)[arrived].ravel()


def _table(
    slot: Sequence[Step], lists: Iterable[Input], names: dict[Output | Input, int]
) -> Numbers:
    """Return the numbers of the outputs of each step on each list, shape (lists, steps)."""
    applies = [step.apply for step in slot]
    rows = []
    for xs in map(list, lists):
        outputs = [apply(xs) for apply in applies]
        rows.append(
            [
                # `_frozen` written out: this line runs for the whole class on every input
                names.setdefault(tuple(out) if type(out) is list else out, len(names))
                for out in outputs
            ]
        )
    return np.array(rows, np.int64)


def _frozen(out: Output) -> int | Input:
    return tuple(out) if isinstance(out, list) else out


def functions_of(levels: Sequence[Slots]) -> Numbers:
    """Return one pipeline for each function that the last level has and nothing below it.

    Args:
        levels: the groups of the steps of each level, the lowest first; what a pipeline of fewer
            steps or a lower level can do is not of the last level.
    """
    known = program_class(len(levels[-1]))
    lower = [np.arange(known.shorter), known.members((("same",),))]
    lower += [known.members(slots) for slots in levels[:-1]]
    taken = known.functions[np.concatenate(lower)]
    own = known.members(levels[-1])
    own = own[~np.isin(known.functions[own], taken)]
    return own[np.unique(known.functions[own], return_index=True)[1]]


def agreeing(index: int, size: int, shown: Iterable[Input]) -> Numbers:
    """Return the pipelines of at most `size` steps that agree with one of them on `shown`."""
    known = program_class(size)
    left = np.arange(len(known))
    for xs in shown:
        column = known.column(xs)
        left = left[column[left] == column[index]]
    return left


def examples_for(
    index: int, size: int, inputs: Sequence[Input], hidden: Iterable[Input], rng: random.Random
) -> tuple[Input, ...]:
    """Return 3 … 7 inputs on which no other function of the class agrees with this one.

    They are drawn from `inputs`; where these cannot tell two functions apart, or only with too
    many, the lists of `APART` help, which always can. A program that goes its own way on one of
    `hidden` is told apart too, if there is a way.

    Args:
        index: the pipeline, by its index in `program_class(size)`.
        size: its number of steps.
        inputs: what may be shown.
        hidden: what programs are to be graded on.
        rng: random stream that chooses.
    """
    order = rng.sample(inputs, len(inputs))
    first = tuple(itertools.islice(_telling(index, size, order), FEWEST_EXAMPLES))
    for further in (order, APART):
        search = _Search(index, size, first)
        if search.tell_apart(further):
            search.tell_hidden_apart(further, hidden)
            return search.shown
    raise AssertionError("three examples and the three lists of APART tell all functions apart")


def _telling(index: int, size: int, order: Sequence[Input]) -> Iterator[Input]:
    """Yield inputs whose outputs are not empty, not the input, and all different; then others."""
    pipeline = program_class(size).pipeline(index)
    others = []
    seen: set[int | Input] = set()
    for xs in order:
        out = _frozen(run(pipeline, list(xs)))
        if out in seen or out in ((), xs):
            others.append(xs)
        else:
            seen.add(out)
            yield xs
    yield from others


class _Search:
    """Examples for one pipeline, and the pipelines that agree with it on them."""

    def __init__(self, index: int, size: int, shown: tuple[Input, ...]) -> None:
        known = program_class(size)
        self.shown = shown
        self._own = known.pipeline(index)
        left = agreeing(index, size, shown)
        self._is_same = {
            known.pipeline(int(i)): bool(known.functions[i] == known.functions[index]) for i in left
        }

    def tell_apart(self, further: Sequence[Input]) -> bool:
        """Add examples until all that agree are one function; say whether that worked."""
        while rivals := [p for p, same in self._is_same.items() if not same]:
            if not self._tell(rivals[0], further):
                return False
        return True

    def tell_hidden_apart(self, further: Sequence[Input], hidden: Iterable[Input]) -> None:
        """Add examples against those that agree so far and go their own way on `hidden`."""
        for xs in hidden:
            expected = run(self._own, list(xs))
            for rival in list(self._is_same):
                if rival in self._is_same and run(rival, list(xs)) != expected:
                    self._tell(rival, further)

    def _tell(self, rival: Pipeline, further: Sequence[Input]) -> bool:
        """Add an example on which `rival` differs, if there is one and room for it."""
        for xs in further:
            expected = run(self._own, list(xs))
            if run(rival, list(xs)) != expected and len(self.shown) < MOST_EXAMPLES:
                self.shown = (*self.shown, xs)
                self._is_same = {
                    p: same for p, same in self._is_same.items() if run(p, list(xs)) == expected
                }
                return True
        return False
