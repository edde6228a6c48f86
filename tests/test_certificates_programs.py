"""The certificates of piecewise functions and recurrences against brute force."""

from __future__ import annotations

import functools
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction

import pytest

from frostline.envs import TaskSpec
from frostline.envs.certificates import recurrence_rules as rules
from frostline.envs.certificates.decision_trees import Below, Leaf, Residues, Tree, numbers
from frostline.envs.certificates.piecewise_functions import identified, window
from frostline.envs.certificates.recurrences import cases_needed, follows
from frostline.envs.certificates.recurrences import identified as recurrence_identified
from frostline.envs.families.piecewise_functions import PiecewiseFunctions
from frostline.envs.families.recurrences import Recurrences
from frostline.envs.problem import Problem

PIECEWISE, RECURRENCES = PiecewiseFunctions(), Recurrences()
POINTS = range(-40, 41)
SMALL = range(-2, 10)


def asked(family: PiecewiseFunctions | Recurrences, level: int, count: int) -> list[Problem]:
    return [family.problem(TaskSpec(family.name, level, "train", i)) for i in range(count)]


def lines() -> Iterator[tuple[str, int]]:
    """Yield numbers and lines with the numbers they are written with."""
    for c in range(-3, 10):
        yield str(c), 1
        for a in (-2, -1, 1, 2):
            yield f"{a}*n+{c}", 2


@functools.cache
def small_programs() -> list[tuple[int, tuple[int, ...]]]:
    """Return size and values of every program with few numbers: one and two pieces, by both cuts.

    Also squares, remainders, floors, and three numbers by two thresholds or by three remainders.
    """
    texts = [*lines(), *((f"n*n+{b}*n+{c}", 3) for b in range(-3, 4) for c in SMALL)]
    pieces = [(text, size) for text, size in lines() if size == 1 or text.startswith(("1*", "2*"))]
    for (a, p), (b, q) in itertools.product(pieces, repeat=2):
        if p + q <= 3 and a != b:
            texts += [(f"{a} if n<{t} else {b}", p + q + 1) for t in range(-12, 13)]
            texts += [(f"{a} if n%2=={r} else {b}", p + q + 1) for r in (0, 1)]
    for k, x, y, z in itertools.product(range(2, 7), SMALL, SMALL, SMALL):
        texts.append((f"{x}*(n//{k})+{y}*(n%{k})+{z}", 4))
    for x, y, z in itertools.product(range(5), repeat=3):
        texts.append((f"({x},{y},{z})[n%3]", 4))
        texts += [(f"{x} if n<{t} else {y} if n<{u} else {z}", 5)
                  for t, u in itertools.combinations(range(1, 12), 2)]  # fmt: skip
    return [(size, _values(text)) for text, size in texts]


def _values(text: str) -> tuple[int, ...]:
    return tuple(eval(f"[{text} for n in points]", {"points": POINTS}))


@functools.cache
def by_cases(low: int, high: int) -> dict[tuple[int, ...], list[tuple[int, tuple[int, ...]]]]:
    groups = defaultdict(list)
    start = POINTS.index(low)
    for size, values in small_programs():
        groups[values[start : start + high - low + 1]].append((size, values))
    return dict(groups)


FUNCTIONS: list[Tree] = [
    *(Residues((Leaf(a), Leaf(b))) for a in range(9) for b in range(9) if a != b),
    *(Below(t, Leaf(a), Leaf(b)) for t in (3, 4, 7, -4) for a in range(6) for b in (8, 7)),
    *(Below(t, Leaf(0, 1), Leaf(c)) for t in (5, 8, -5) for c in (-3, -2, -1, 0, 1, 2, 9)),
    *(Below(c, Leaf(c + d), Leaf(d, 1)) for c in (5, 7, -6) for d in range(-4, 5)),
    *(Residues(tuple(map(Leaf, p))) for p in itertools.permutations(range(5), 3)),
    *(Below(t, Leaf(a), Below(u, Leaf(b), Leaf(c))) for t, u in ((4, 7), (5, 8), (6, 10))
      for a, b, c in itertools.permutations(range(4), 3)),
]  # fmt: skip


def test_no_program_of_the_size_of_a_piecewise_function_fits_its_cases_but_itself() -> None:
    assert len(small_programs()) > 30_000
    for tree in FUNCTIONS:
        bounds = window(tree)
        assert bounds, tree
        low, high = bounds
        own = tuple(map(tree.value, POINTS))
        shown = tuple(map(tree.value, range(low, high + 1)))
        fits = [v for size, v in by_cases(low, high).get(shown, []) if size <= numbers(tree)]
        assert all(values == own for values in fits), tree


def test_a_smaller_window_leaves_a_rival() -> None:
    confused = 0
    for tree in FUNCTIONS:
        low, high = window(tree) or (0, 0)
        own = tuple(map(tree.value, POINTS))
        for a, b in ((low + 1, high), (low, high - 1)):
            shown = tuple(map(tree.value, range(a, b + 1)))
            fits = [v for size, v in by_cases(a, b).get(shown, []) if size <= numbers(tree)]
            rival = any(values != own for values in fits)
            confused += rival
            # brute force does not try everything, but what it finds the certificate must know
            assert not (rival and identified(tree, a, b)), tree
    assert confused > 40


@pytest.mark.parametrize("level", range(1, len(PIECEWISE.levels) + 1))
def test_no_program_of_another_level_fits_the_cases_of_a_piecewise_question(level: int) -> None:
    """A question of any level, held against the functions of all levels."""
    for problem in asked(PIECEWISE, level, 15):
        for tree, canonical in _pool():
            if all(tree.value(n) == value for n, value in problem.shown):
                assert canonical == problem.canonical


@functools.cache
def _pool() -> list[tuple[Below | Residues | Leaf, str]]:
    rng = random.Random(5)
    levels = range(1, len(PIECEWISE.levels) + 1)
    drawn = [PIECEWISE.draw(level, rng) for level in levels for _ in range(150)]
    return [(content.tree, PIECEWISE.canonical(content)) for content in drawn]


def test_a_window_must_show_both_sides_of_a_threshold() -> None:
    step = Below(5, Leaf(1), Leaf(9))
    assert window(step) == (3, 6)
    assert not identified(step, 4, 5)  # a line
    assert not identified(step, 5, 9)
    # so near to 0 that no window on its side of 0 shows enough
    assert window(Below(2, Leaf(1), Residues((Leaf(3, 1), Leaf(4, 2))))) is None


def brute_force_terms() -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield size and first 16 terms of every rule with few small numbers."""
    small, starts = range(-3, 4), range(-3, 7)
    for f0, a, b in itertools.product(starts, small, small):
        yield 3, _unroll([f0], lambda n, f, a=a, b=b: a * f[-1] + b)
        yield 3, _unroll([f0], lambda n, f, a=a, b=b: (a * n + b) * f[-1])
        yield 4, _unroll([f0], lambda n, f, a=a, b=b: a * f[n // 2] + (b if n % 2 else 1))
        for c in small:
            yield 4, _unroll([f0], lambda n, f, a=a, b=b, c=c: a * f[-1] + b * n + c)
            yield 4, tuple(a * n**3 + b * n * n + c * n + f0 for n in range(16))
    for f0, f1, a, b in itertools.product(starts, starts, small, small):
        yield 4, _unroll([f0, f1], lambda n, f, a=a, b=b: a * f[-1] + b * f[-2])
    for f0, m, c in itertools.product(range(12), range(2, 25), range(6)):
        yield 3, _unroll([f0], lambda n, f, m=m, c=c: (f[-1] ** 2 + c) % m)
        for a in range(2, 5):
            yield 4, _unroll([f0], lambda n, f, m=m, c=c, a=a: (a * f[-1] + c) % m)
        if c < 5:
            yield 4, _unroll([f0, c], lambda n, f, m=m: (f[-1] + f[-2] + 1) % m)


def _unroll(start: list[int], step: object) -> tuple[int, ...]:
    values = list(start)
    while len(values) < 16:
        values.append(step(len(values), values))  # type: ignore[operator]
    return tuple(values)


FAMILIES_OF_RULES = (rules.AFFINE, rules.ORDER_2, rules.WITH_N, rules.FIBONACCI, rules.RISING)


def test_no_rule_of_the_size_of_a_recurrence_fits_its_cases_but_itself() -> None:
    terms = list(brute_force_terms())
    assert len(terms) > 15_000
    by_first: dict[tuple[int, ...], list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for size, values in terms:
        by_first[values[:4]].append((size, values))
    checked = 0
    for _, own in terms[::9]:
        for rule in FAMILIES_OF_RULES:
            if not follows(own, rule):
                continue
            shown = cases_needed(own, rule)
            if shown is None:
                continue
            checked += 1
            limit = max(4, rule.size)
            fits = [
                v for size, v in by_first[own[:4]] if size <= limit and v[:shown] == own[:shown]
            ]
            rivals = [v for v in fits if v != own and not _unused_modulus(v, shown)]
            assert not rivals, (rule.name, own, shown, rivals[0])
    assert checked > 1000


def _unused_modulus(values: tuple[int, ...], shown: int) -> bool:
    """Say whether values follow a rule without a modulus as long as they are shown, and no longer.

    The class holds a modulus against a function only where the shown cases make use of it.
    """
    squares = rules.Rule("", 1, 2, lambda n, f: (1,), lambda n, f: f[n - 1] ** 2)
    sums = rules.Rule("", 2, 3, lambda n, f: (1,), lambda n, f: f[n - 1] + f[n - 2])
    plain = (rules.AFFINE, squares, sums)
    return any(follows(values[:shown], r) and not follows(values, r) for r in plain)


@pytest.mark.parametrize("level", range(1, len(RECURRENCES.levels) + 1))
def test_no_question_of_any_level_is_fitted_by_another_recurrence(level: int) -> None:
    """All levels' questions: where one shows the beginning of another, they are the same."""
    for problem in asked(RECURRENCES, level, 60):
        shown = tuple(value for _, value in problem.shown)
        for canonical in _recurrences():
            if canonical[: len(shown)] == shown:
                own = tuple(map(int, problem.canonical.split(",")))
                assert canonical == own


@functools.cache
def _recurrences() -> list[tuple[int, ...]]:
    rng = random.Random(5)
    levels = range(1, len(RECURRENCES.levels) + 1)
    drawn = [RECURRENCES.draw(level, rng) for level in levels for _ in range(400)]
    return [content.terms[:14] for content in drawn]


@pytest.mark.parametrize("level", range(1, len(RECURRENCES.levels) + 1))
def test_linear_rules_solved_by_fractions_give_the_hidden_values(level: int) -> None:
    """Gauss over the fractions, written apart: what fits the shown terms gives the later ones."""
    row = RECURRENCES.levels[level - 1].form.rule
    limit = max(4, row.size)
    for problem in asked(RECURRENCES, level, 25):
        known = dict((*problem.shown, *problem.cases))
        terms = [value for _, value in problem.shown]
        for rule in rules.RULES:
            if rule.size <= limit:
                predicted = gauss_predicts(rule, terms)
                if predicted is not None:
                    assert predicted == known[len(terms)], (problem.question, rule.name)


def gauss_predicts(rule: rules.Rule, terms: list[int]) -> Fraction | str | None:
    """Return the next term by `rule`, None if it does not fit, `open` if it leaves it open."""
    rows = []
    for n in range(rule.first, len(terms)):
        features = rule.features(n, terms)
        rows.append([Fraction(x) for x in (*features, terms[n] - rule.fixed(n, terms))])
    width = len(rows[0]) - 1
    pivots: list[int] = []
    for column in range(width + 1):
        at = next((i for i in range(len(pivots), len(rows)) if rows[i][column]), None)
        if at is None:
            continue
        if column == width:
            return None
        place = len(pivots)
        rows[place], rows[at] = rows[at], rows[place]
        rows[place] = [x / rows[place][column] for x in rows[place]]
        for i, row in enumerate(rows):
            if i != place and row[column]:
                rows[i] = [x - row[column] * y for x, y in zip(row, rows[place], strict=True)]
        pivots.append(column)
    n = len(terms)
    new = [Fraction(x) for x in rule.features(n, terms)]
    total = Fraction(rule.fixed(n, terms))
    for row, column in zip(rows, pivots, strict=False):
        factor = new[column]
        new = [x - factor * y for x, y in zip(new, row, strict=False)]
        total += factor * row[-1]
    return "open" if any(new) else total


@pytest.mark.parametrize(
    ("terms", "rule", "shown", "enough"),
    [
        ([5, 3, 1, -1], rules.LINE, 4, True),
        ([5, 3, 1], rules.LINE, 3, False),  # a quadratic
        ([5, 7, 9, 11], rules.LINE, 4, False),  # f(n-1)*f(n-2)%26
        ([5, 8, 11, 14], rules.LINE, 4, False),  # (f(n-1)**2+1)%18
        ([1, 1, 2, 3, 5, 8], rules.FIBONACCI, 4, False),  # a cubic
        ([1, 1, 2, 3, 5, 8], rules.FIBONACCI, 5, True),
    ],
)
def test_fewer_cases_than_numbers_do_not_identify(
    terms: list[int], rule: rules.Rule, shown: int, enough: bool
) -> None:
    values = list(terms)
    while len(values) < 20:
        step = values[-2] if rule is rules.FIBONACCI else values[1] - values[0]
        values.append(values[-1] + step)
    assert recurrence_identified(values, shown, rule) == enough
    needed = cases_needed(tuple(values), rule)
    assert needed is not None
    assert needed == shown if enough else needed > shown


def test_a_modulus_is_told_apart_from_its_multiples() -> None:
    terms = [3]
    while len(terms) < 15:
        terms.append((terms[-1] ** 2 + 2) % 23)
    shown = cases_needed(tuple(terms), rules.SQUARE_MOD, 23)
    assert shown is not None
    for m in range(max(terms[:shown]) + 1, 500):
        rests = {(b - a * a) % m for a, b in itertools.pairwise(terms[:shown])}
        assert (len(rests) == 1) == (m == 23)
