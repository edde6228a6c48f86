"""The list language, and its identifiability certificate against brute force over the class."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from frostline.envs import Problem, TaskSpec
from frostline.envs.certificates.list_functions import (
    APART,
    MOST_EXAMPLES,
    agreeing,
    examples_for,
    functions_of,
    program_class,
)
from frostline.envs.families.list_functions import ListFunctions
from frostline.envs.generators.list_dsl import Pipeline, Step, each, keep, run, spell
from frostline.envs.generators.list_steps import stock
from frostline.envs.oracles.lists import program_for
from frostline.envs.programs.interpreter import run_program

FAMILY = ListFunctions()
every_level = pytest.mark.parametrize("level", range(1, len(FAMILY.levels) + 1))


def lists(rng: random.Random, count: int) -> list[list[int]]:
    """Return the empty list and others, short and long, with repeats and large numbers."""
    spans = [(-9, 12), (0, 3), (-(10**6), 10**6)]
    drawn = [
        [rng.randint(*span) for _ in range(rng.choice((1, 2, 3, 5, 8, 20)))]
        for span in itertools.islice(itertools.cycle(spans), count)
    ]
    return [[], *drawn]


def pipelines(rng: random.Random, count: int) -> list[Pipeline]:
    known = program_class(3)
    return [known.pipeline(rng.randrange(len(known))) for _ in range(count)]


def compiled(text: str) -> Callable[[list[int]], Any]:
    function: Callable[[list[int]], Any] = eval(f"lambda xs: ({text})")
    return function


def first(level: int, count: int) -> list[Problem]:
    return [FAMILY.problem(TaskSpec("list_functions", level, "train", i)) for i in range(count)]


def whole_class(size: int) -> Iterator[Pipeline]:
    """Yield the class by its definition in words, without its arrays."""
    for steps in range(1, size + 1):
        inner = [step for step in stock(steps) if not step.number]
        yield from itertools.product(*[inner] * (steps - 1), stock(steps))


def test_every_step_does_what_its_text_says() -> None:
    rng = random.Random(1)
    for step in stock():
        spelled = compiled(step.text)
        for xs in lists(rng, 6):
            given = list(xs)
            out = step.apply(given)
            assert (out, type(out)) == (spelled(xs), type(spelled(xs))), step
            assert given == xs, step
            assert isinstance(out, int) == step.number


def test_the_sandbox_agrees_with_every_step() -> None:
    rng = random.Random(2)
    for step in stock():
        inputs = lists(rng, 3)
        result = run_program(f"f = lambda xs: ({step.text})", inputs)
        assert result.values is not None, (step, result)
        assert list(result.values) == [step.apply(list(xs)) for xs in inputs], step


def test_a_pipeline_is_spelled_as_what_it_does() -> None:
    rng = random.Random(3)
    for pipeline in pipelines(rng, 1500):
        inputs = lists(rng, 4)
        expected = [run(pipeline, list(xs)) for xs in inputs]
        spelled = compiled(spell(pipeline))
        assert [spelled(list(xs)) for xs in inputs] == expected, spell(pipeline)


def test_the_sandbox_agrees_with_pipelines() -> None:
    rng = random.Random(4)
    for pipeline in pipelines(rng, 300):
        inputs = lists(rng, 4)
        result = run_program(f"f = lambda xs: ({spell(pipeline)})", inputs)
        assert result.values is not None, (spell(pipeline), result)
        assert list(result.values) == [run(pipeline, list(xs)) for xs in inputs], spell(pipeline)


@pytest.mark.parametrize(
    ("texts", "spelled"),
    [
        (["[x+3 for x in xs]"], "[x+3 for x in xs]"),
        (["[x for x in xs if x > 3]", "[x*2 for x in xs]"], "[x*2 for x in xs if x > 3]"),
        (["sorted(xs)", "xs[1:3]"], "sorted(xs)[1:3]"),
        (["xs+[1]", "xs[1:]"], "(xs+[1])[1:]"),
        (["xs+[1]", "sorted(xs)"], "sorted(xs+[1])"),
        (["xs+[1]", "[x*2 for x in xs]"], "[x*2 for x in xs+[1]]"),
        (["[x*2 for x in xs]", "xs+[1]"], "[x*2 for x in xs]+[1]"),
        (["xs[1:]", "[x for x in xs if x > xs[0]]"],
         "(lambda ys: [x for x in ys if x > ys[0]])(xs[1:])"),
    ],
)  # fmt: skip
def test_pipelines_are_spelled_as_a_person_would(texts: list[str], spelled: str) -> None:
    by_text = {step.text: step for step in stock()}
    assert spell(tuple(by_text[text] for text in texts)) == spelled


def test_every_pipeline_has_one_index() -> None:
    for size in (1, 2, 3):
        known = program_class(size)
        assert sum(1 for _ in whole_class(size)) == len(known)
        sample = [*range(0, len(known), 97), len(known) - 1]
        listed = dict(enumerate(whole_class(size)))
        assert [known.pipeline(i) for i in sample] == [listed[i] for i in sample]


def test_a_column_tells_outputs_apart_as_equality_does() -> None:
    known = program_class(3)
    xs = (4, -1, 4, 7)
    column = known.column(xs)
    outputs: dict[int, str] = {}
    for index in range(0, len(known), 13):
        out = repr(run(known.pipeline(index), list(xs)))
        assert outputs.setdefault(int(column[index]), out) == out
    assert len(set(outputs.values())) == len(outputs)


@functools.cache
def all_pipelines(size: int) -> tuple[Pipeline, ...]:
    return tuple(whole_class(size))


def fits(pipeline: Pipeline, cases: Any) -> bool:
    return all(run(pipeline, list(xs)) == out for xs, out in cases)


@every_level
def test_what_fits_the_examples_is_right_on_every_hidden_case(level: int) -> None:
    size = len(FAMILY.levels[level - 1].slots)
    for asked in first(level, 4):
        fitting = [p for p in all_pipelines(size) if fits(p, asked.shown)]
        assert fitting
        assert [spell(p) for p in fitting if not fits(p, asked.cases)] == []


@every_level
def test_another_search_by_other_code_finds_a_right_program(level: int) -> None:
    for asked in first(level, 12):
        found = program_for(asked.question)
        assert found is not None
        spelled = compiled(found)
        assert [spelled(list(xs)) for xs, _ in asked.cases] == [out for _, out in asked.cases]


def test_an_example_beyond_the_third_is_there_because_a_rival_is() -> None:
    size = 2
    known = program_class(size)
    own = functions_of([row.slots for row in FAMILY.levels[:10]])
    pool = [tuple(xs) for xs in lists(random.Random(5), 90) if 0 < len(xs) < 9]
    longer = 0
    for index in own[::7]:
        shown = examples_for(int(index), size, pool, (), random.Random(int(index)))
        left = agreeing(int(index), size, shown)
        assert set(known.functions[left]) == {known.functions[index]}
        if len(shown) > 3:
            longer += 1
            without = agreeing(int(index), size, shown[:-1])
            assert len(set(known.functions[without])) > 1
    assert longer > 5


def test_lists_that_tell_nothing_are_helped_out() -> None:
    by_text = {step.text: i for i, step in enumerate(stock())}
    pool = [(k,) for k in range(20, 60)]
    shown = examples_for(by_text["[x for x in xs if x > 3]"], 1, pool, (), random.Random(6))
    assert set(shown) & set(APART)
    assert len(shown) <= MOST_EXAMPLES


def test_a_level_has_no_function_that_a_lower_level_has() -> None:
    levels = [row.slots for row in FAMILY.levels]
    seen: dict[tuple[str, ...], int] = {}
    for level in range(1, len(levels) + 1):
        known = program_class(len(levels[level - 1]))
        for index in functions_of(levels[:level])[::11]:
            pipeline = known.pipeline(int(index))
            signature = tuple(repr(run(pipeline, list(xs))) for xs in APART)
            assert seen.setdefault(signature, level) == level, spell(pipeline)


def test_identity_and_constants_are_no_function_of_any_level() -> None:
    levels = [row.slots for row in FAMILY.levels]
    for level in range(1, len(levels) + 1):
        known = program_class(len(levels[level - 1]))
        for index in functions_of(levels[:level])[::5]:
            outputs = [run(known.pipeline(int(index)), list(xs)) for xs in APART]
            assert outputs != [list(xs) for xs in APART]
            assert any(out != outputs[0] for out in outputs)


def test_members_of_a_class_are_found_by_their_groups() -> None:
    known = program_class(2)
    found = [known.pipeline(int(i)) for i in known.members((("order",), ("number", "put")))]
    expected = [
        p for p in whole_class(2)
        if len(p) == 2 and p[0].group == "order" and p[1].group in ("number", "put")
    ]  # fmt: skip
    assert found == expected
    assert program_class(1).members((("order",), ("cut",))).size == 0


def test_helpers_make_steps_of_elements() -> None:
    double = each("scale", "x*2", lambda x: x * 2)
    odd = keep("keep", "x%2 == 1", lambda x: x % 2 == 1)
    assert isinstance(double, Step)
    assert run((odd, double), [1, 2, 3]) == [2, 6]
