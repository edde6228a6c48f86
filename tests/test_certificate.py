"""The identifiability certificate against brute force over real programs."""

from __future__ import annotations

import ast
import functools
import itertools
from collections import defaultdict
from collections.abc import Iterator

import pytest

from frostline.envs.certificates.closed_forms import ClosedForm, cases_needed, reference_size, size
from frostline.envs.families.closed_forms import LEVELS

POINTS = range(-12, 25)
CONSTANTS = range(-6, 7)
MOST_NODES = 11

# every function of the ladder that a brute-force rival could be confused with
REFERENCES = [form for level in LEVELS for form in level.functions()]
SHORT = [form for form in REFERENCES if reference_size(form) <= MOST_NODES]


def nodes(program: str) -> int:
    """Count operators and operands, from Python's own parser; a sign is part of its operand."""
    return _nodes(ast.parse(program, mode="eval").body)


def _nodes(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp):
        return 1 + _nodes(node.left) + _nodes(node.right)
    return _nodes(node.operand) if isinstance(node, ast.UnaryOp) else 1


def values(program: str, points: range) -> tuple[int, ...]:
    return tuple(eval(f"[{program} for n in points]", {"points": points}))


def scaled(factor: int, part: str) -> str:
    return part if factor == 1 else f"-{part}" if factor == -1 else f"{factor}*{part}"


def expanded() -> Iterator[str]:
    """Yield sums of at most three terms of degree 1 to 6."""
    for count in (1, 2, 3):
        for exponents in itertools.combinations(range(6, 0, -1), count):
            for factors in itertools.product([c for c in CONSTANTS if c], repeat=count):
                terms = zip(factors, exponents, strict=True)
                yield "+".join(scaled(c, "*".join("n" * e)) for c, e in terms)


def horner() -> Iterator[str]:
    """Yield Horner forms of degree 2 to 4, those of degree 4 monic."""
    for degree in (2, 3, 4):
        leads = (1,) if degree == 4 else tuple(c for c in CONSTANTS if c)
        for lead, *rest in itertools.product(leads, *[CONSTANTS] * (degree - 1)):
            program = scaled(lead, "n")
            for c in rest:
                program = f"({program}{c:+})*n" if c else f"{program}*n"
            yield program


def periodic() -> Iterator[str]:
    """Yield `a*(n//k)+b*(n%k)`, with parts left out where their factor is 0."""
    for k, a, b in itertools.product(range(2, 7), range(-40, 41), range(-40, 41)):
        parts = [scaled(a, f"(n//{k})")] if a else []
        parts += [scaled(b, f"(n%{k})")] if b else []
        if parts:
            yield "+".join(parts)


@functools.cache
def short_programs() -> dict[tuple[int, ...], int]:
    """Return the functions of short programs, less f(1), by their values, with their least size.

    The constant that is added at the end is left out: whatever it is, it can be solved for.
    """
    sizes = {(0,) * len(POINTS): -1}  # the constant alone is one node, not an operator and one
    for program in itertools.chain(expanded(), horner(), periodic()):
        count = nodes(program)
        if count <= MOST_NODES:
            key = values(program, POINTS)
            sizes[key] = min(count, sizes.get(key, count))
    return sizes


@functools.cache
def by_steps(shown: int) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
    """Return the functions by f(2)-f(1) … f(shown)-f(1)."""
    groups = defaultdict(list)
    for key in short_programs():
        groups[steps(key, shown)].append(key)
    return dict(groups)


def steps(key: tuple[int, ...], shown: int) -> tuple[int, ...]:
    first = POINTS.index(1)
    return tuple(value - key[first] for value in key[first + 1 : first + shown])


def rivals(form: ClosedForm, shown: int) -> list[tuple[int, ...]]:
    """Return the short functions that agree on f(1) … f(shown) and differ elsewhere."""
    own = tuple(map(form.value, POINTS))
    limit = reference_size(form)
    found = []
    for key in by_steps(shown).get(steps(own, shown), ()):
        constant = form.value(1) - key[POINTS.index(1)]
        rival = tuple(value + constant for value in key)
        if rival != own and short_programs()[key] + 2 * bool(constant) <= limit:
            found.append(rival)
    return found


def test_brute_force_covers_thousands_of_functions() -> None:
    assert len(short_programs()) > 30_000
    assert len(SHORT) > 4000


def test_no_short_program_fits_what_is_shown_but_the_reference() -> None:
    assert [f.program() for f in SHORT if rivals(f, cases_needed(f))] == []


def test_brute_force_finds_rivals_where_a_case_is_left_out() -> None:
    certain = [form for form in SHORT if cases_needed(form) > 3]
    confused = [form for form in certain if rivals(form, cases_needed(form) - 1)]
    # not all: the rival may need a constant that brute force does not try
    assert len(confused) > 900


def test_reference_programs_compute_their_functions_and_have_their_sizes() -> None:
    for form in REFERENCES[::5]:
        assert values(form.program(), POINTS) == tuple(map(form.value, POINTS))
        assert nodes(form.program()) == reference_size(form) >= size(form)


def test_two_functions_never_show_the_same_cases() -> None:
    functions = {form.signature(): form for form in REFERENCES}.values()
    shown = {tuple(f.value(n) for n in range(1, cases_needed(f) + 1)) for f in functions}
    assert len(shown) == len(functions)


@pytest.mark.parametrize(
    ("coefficients", "floor", "rest", "k", "nodes_of_shortest"),
    [
        ((7,), 0, 0, 1, 1),  # 7
        ((0, 1), 0, 0, 1, 1),  # n
        ((3, 1), 0, 0, 1, 3),  # n+3
        ((3, -2), 0, 0, 1, 5),  # -2*n+3
        ((0, 0, 1), 0, 0, 1, 3),  # n*n
        ((0, 5, 1), 0, 0, 1, 5),  # (n+5)*n
        ((2, 5, 1), 0, 0, 1, 7),  # (n+5)*n+2
        ((2, 5, 3), 0, 0, 1, 9),  # (3*n+5)*n+2
        ((0, 0, 0, 1), 0, 0, 1, 5),  # n*n*n
        ((4, 3, 2, 1), 0, 0, 1, 11),  # ((n+2)*n+3)*n+4
        ((), 1, 0, 3, 3),  # n//3
        ((-6,), 0, 5, 2, 7),  # 5*(n%2)-6
        ((), 3, 2, 4, 11),  # 3*(n//4)+2*(n%4)
    ],
)
def test_sizes_are_those_counted_by_hand(
    coefficients: tuple[int, ...], floor: int, rest: int, k: int, nodes_of_shortest: int
) -> None:
    assert size(ClosedForm(coefficients, floor, rest, k)) == nodes_of_shortest


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (ClosedForm((0, 0, 1, 0)), 3),  # n*n, as in f(1)=1, f(2)=4, f(3)=9
        (ClosedForm((0, 2, 0, 0)), 3),
        (ClosedForm((5, 1, 0, 0)), 3),
        (ClosedForm((0, 0, 0, 1)), 5),
        (ClosedForm((1, 0, 0, 2)), 5),
    ],
    ids=lambda value: value.program() if isinstance(value, ClosedForm) else str(value),
)
def test_a_square_shows_three_cases_and_a_cube_five(form: ClosedForm, shown: int) -> None:
    assert cases_needed(form) == shown


def test_every_cubic_shows_at_least_five_cases() -> None:
    assert min(cases_needed(f) for level in (9, 10) for f in LEVELS[level - 1].functions()) == 5


def test_a_function_that_no_number_of_cases_identifies_is_refused() -> None:
    with pytest.raises(ValueError, match="is not identified by 16 cases"):
        cases_needed(ClosedForm((0, 0, 0, 0), floor=1, rest=1, k=40))
