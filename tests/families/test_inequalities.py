"""Inequalities: the intervals hold exactly where the question does, brackets among them."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.envs import SPLITS, Problem, Status, TaskSpec
from frostline.envs.answers.surds import parse_surd
from frostline.envs.families.inequalities import Inequalities
from frostline.envs.generators.sign_charts import OPPOSITE, rational_cut, solution
from frostline.envs.streams import MAX_INDEX

FAMILY = Inequalities()
LEVELS = range(1, len(FAMILY.levels) + 1)
SMALL = settings(max_examples=100, deadline=None)
every_level = pytest.mark.parametrize("level", LEVELS)
PROBE = st.builds(Fraction, st.integers(-400, 400), st.integers(1, 8))


def problem(level: int, split: str, index: int) -> Problem:
    return FAMILY.problem(TaskSpec("inequalities", level, split, index))


problems = st.builds(
    problem, st.sampled_from(LEVELS), st.sampled_from(SPLITS), st.integers(0, MAX_INDEX - 1)
)


def body(asked: Problem) -> str:
    match = re.fullmatch(r"Solve (.*) as intervals(?: in simplest form)?\.", asked.question)
    assert match, asked.question
    return match[1]


def holds(asked: Problem, x: Any) -> bool:
    """Return whether the inequality holds at `x`, by arithmetic on that number alone."""
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", body(asked)).replace("^", "**")
    try:
        return bool(eval(text, {"x": x, "abs": abs}))
    except ZeroDivisionError:
        return False


def ends(asked: Problem) -> list[str]:
    inner = re.sub(r"^[(\[]|[)\]]$", "", asked.answer)
    return [e for e in re.split(r", |[)\]] U [(\[]", inner) if e not in ("-inf", "inf")]


def contains(asked: Problem, x: Fraction) -> bool:
    """Return whether a rational lies in the answer, read here and not by the verifier."""
    for part in asked.answer.split(" U "):
        low, high = part[1:-1].split(", ")
        above = low == "-inf" or parse_surd(low) < x or (part[0] == "[" and parse_surd(low) == x)
        below = high == "inf" or parse_surd(high) > x or (part[-1] == "]" and parse_surd(high) == x)
        if above and below:
            return True
    return False


@SMALL
@given(problems, st.lists(PROBE, min_size=5, max_size=5))
def test_a_number_solves_the_inequality_exactly_if_it_lies_in_the_answer(
    asked: Problem, probes: list[Fraction]
) -> None:
    for x in probes:
        assert contains(asked, x) == holds(asked, x), (asked.question, asked.answer, x)


@SMALL
@given(problems)
def test_ends_and_their_neighbourhoods_are_right(asked: Problem) -> None:
    for end in ends(asked):
        value = parse_surd(end)
        if isinstance(value, Fraction):
            for x in (value, value - Fraction(1, 1000), value + Fraction(1, 1000)):
                assert contains(asked, x) == holds(asked, x), (asked.question, asked.answer, x)
        else:
            near = Fraction(str(sympy.sympify(end).evalf(12)))
            for x in (near - Fraction(1, 10**6), near + Fraction(1, 10**6)):
                assert contains(asked, x) == holds(asked, x), (asked.question, asked.answer, x)


@SMALL
@given(problems)
def test_a_surd_end_is_a_root_and_closed_as_the_relation_is(asked: Problem) -> None:
    for end in ends(asked):
        if "sqrt" in end:
            relation = re.search(r"[<>]=?", asked.question)
            assert relation
            left = body(asked).split(f" {relation[0]} ")[0].replace("^", "**")
            assert sympy.expand(sympy.sympify(left).subs("x", sympy.sympify(end))) == 0
            brackets = ("[", "]") if "=" in relation[0] else ("(", ")")
            assert f"{brackets[0]}{end}," in asked.answer or f"{end}{brackets[1]}" in asked.answer


def flipped(answer: str) -> list[str]:
    """Return the answer with each bracket in turn flipped that stands beside a number."""
    other = {"(": "[", "[": "(", ")": "]", "]": ")"}
    parts = answer.split(" U ")
    found = []
    for i, part in enumerate(parts):
        if not part.startswith("(-inf"):
            found.append([*parts[:i], other[part[0]] + part[1:], *parts[i + 1 :]])
        if not part.endswith("inf)"):
            found.append([*parts[:i], part[:-1] + other[part[-1]], *parts[i + 1 :]])
    return [" U ".join(parts) for parts in found]


@SMALL
@given(problems)
def test_a_flipped_bracket_is_wrong(asked: Problem) -> None:
    for text in flipped(asked.answer):
        # two closed parts that share an end overlap
        assert FAMILY.verify(asked, text).status in (Status.WRONG, Status.MALFORMED), text


@SMALL
@given(problems)
def test_a_moved_end_is_wrong(asked: Problem) -> None:
    for end in ends(asked):
        moved = asked.answer.replace(end, f"{end}1")
        assert FAMILY.verify(asked, moved).status is not Status.CORRECT, moved
        negative = asked.answer.replace(end, end[1:] if end[0] == "-" else f"-{end}")
        if end != "0" and negative != asked.answer:
            assert FAMILY.verify(asked, negative).status is not Status.CORRECT, negative


@SMALL
@given(problems)
def test_the_answer_is_accepted_in_other_spellings(asked: Problem) -> None:
    parts = asked.answer.split(" U ")
    latex = re.sub(r"sqrt\((\d+)\)", r"\\sqrt{\1}", asked.answer.replace("*", "\\cdot "))
    for text in (
        " or ".join(reversed(parts)),
        asked.answer.replace("inf", "∞").replace("U", "∪").replace("-", "−"),
        "$" + latex.replace("inf", "\\infty").replace(" U ", "\\cup") + "$",
        f"x \\in {asked.answer}",
    ):
        assert FAMILY.verify(asked, text).status is Status.CORRECT, (asked.question, text)


@every_level
def test_testing_points_comes_to_the_same_answer(level: int) -> None:
    for split in SPLITS:
        for index in range(5):
            asked = problem(level, split, index)
            again = FAMILY.recompute(asked)
            assert again is not None
            assert FAMILY.verify(asked, again).status is Status.CORRECT, (asked, again)


@every_level
def test_the_whole_line_and_the_empty_set_hardly_pay(level: int) -> None:
    asked = [problem(level, "train", index) for index in range(1000)]
    for constant in ("(-inf, inf)", "{}"):
        assert sum(FAMILY.verify(p, constant).reward for p in asked) <= 50


@every_level
def test_the_question_and_its_parts_are_no_answers(level: int) -> None:
    for index in range(40):
        asked = problem(level, "train", index)
        for echo in (asked.question, body(asked), *re.split(r" [<>]=? ", body(asked))):
            assert FAMILY.verify(asked, echo).status is not Status.CORRECT, (asked.question, echo)


def test_the_same_inequality_in_other_words_has_one_name() -> None:
    names: dict[str, set[str]] = {}
    for level in (1, 2, 3, 4):
        for index in range(800):
            asked = problem(level, "train", index)
            names.setdefault(asked.answer, set()).add(asked.canonical)
    assert all(len(canonicals) == 1 for canonicals in names.values())


CUTS = st.lists(
    st.tuples(st.integers(-9, 9), st.integers(1, 3), st.booleans()), max_size=4,
    unique_by=lambda cut: cut[0],
)  # fmt: skip


@SMALL
@given(CUTS, st.sampled_from([1, -1]), st.sampled_from(sorted(OPPOSITE)))
def test_a_sign_chart_agrees_with_the_product_at_every_half(
    factors: list[tuple[int, int, bool]], sign: int, relation: str
) -> None:
    cuts = [rational_cut(n, odd=k % 2 == 1, pole=pole) for n, k, pole in factors]
    answer = solution(cuts, sign, relation)
    inside = set()
    for half in range(-22, 23):
        x, value = Fraction(half, 2), Fraction(sign)
        try:
            for n, k, pole in factors:
                value *= (x - n) ** (-k if pole else k)
        except ZeroDivisionError:
            continue
        if eval(f"value {relation} 0", {"value": value}):
            inside.add(x)
    if answer is None:  # empty, or some point is alone
        alone = {x for x in inside if not {x - Fraction(1, 2), x + Fraction(1, 2)} & inside}
        assert not inside or alone
    else:
        asked = Problem(TaskSpec("inequalities", 1, "train", 0), "", "iv", answer)
        assert {x for x in (Fraction(h, 2) for h in range(-22, 23)) if contains(asked, x)} == inside
