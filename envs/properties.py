"""Properties that every verifier of maths answers must have, for Hypothesis.

Use them on a verifier of your own with the signature of `verify_answer`:

    from hypothesis import given, strategies as st
    from frostline.envs.properties import PROPERTIES

    @pytest.mark.parametrize("holds", PROPERTIES.values(), ids=PROPERTIES)
    @given(data=st.data())
    def test_my_verifier(holds, data):
        holds(my_verify, "int", data)

The only module of the package that imports hypothesis. Programs have their strategies at the end.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from hypothesis import strategies as st

from .extract import extract, wrap
from .problem import Status, Verdict
from .samples.near_misses import near_misses, wrong_forms
from .samples.programs import (
    HIDDEN_INPUTS,
    Tree,
    mutants,
    program_renderings,
    program_text,
    program_value,
)
from .samples.renderings import Coefficients, Sample, Span, spellings

Verifier: TypeAlias = Callable[[str, str, str], Verdict]
Property: TypeAlias = Callable[[Verifier, str, st.DataObject], None]

_INTEGERS = st.one_of(
    st.integers(-20, 20), st.integers(-(10**6), 10**6), st.integers(-(2**99), 2**99)
)
_RATIONALS = st.builds(Fraction, st.integers(-60, 60), st.integers(1, 16))
_PIECES = (
    *("(", ")", "[", "{", "}", "-", "+", "*", "^", "**", "/", "\\frac", "\\frac{", "\\boxed{", "$"),
    *(
        "\\[ ",
        "\\(",
        "9",
        "99999",
        ",",
        ".",
        "x",
        "=",
        "%",
        "½",
        "²",
        "⁻",
        "∞",
        "∪",
        "e9",
        "|",
        "\n",
    ),
    *("\\text{", "\\left", "<answer>", "</answer>", "</think>", "```", "\0", "\u200b", "\ud800"),
    *("٤", "４", "_", "0x", "nan", "inf", " or ", "\\pm", "!", "__import__('os')"),
)
_POLYNOMIALS: st.SearchStrategy[Coefficients] = st.tuples(
    st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.integers(1, 9), st.booleans()
).map(lambda t: (*t[0], -t[1] if t[2] else t[1]))
_LINEAR: st.SearchStrategy[Coefficients] = (
    st.tuples(st.integers(-9, 9), st.integers(1, 5))
    .filter(lambda p: math.gcd(*p) == 1)
    .map(lambda p: (p[0], p[1]))
)


def _spans(cuts: list[Fraction], flags: list[bool], ends: tuple[bool, bool]) -> tuple[Span, ...]:
    """Pair increasing numbers to spans with gaps between them; the outer ones may be infinite."""
    cuts = sorted(cuts)
    spans: list[Span] = []
    last = len(cuts) - 2
    for i in range(0, len(cuts) - 1, 2):
        low = None if i == 0 and ends[0] else cuts[i]
        high = None if i == last and ends[1] else cuts[i + 1]
        spans.append((low, flags[i] and low is not None, high, flags[i + 1] and high is not None))
    return tuple(spans)


def samples(kind: str) -> st.SearchStrategy[Sample]:
    """Return a strategy of answers of a kind, known by value."""
    if kind == "int":
        return st.builds(lambda n: Sample(kind, Fraction(n)), _INTEGERS)
    if kind == "rat":
        return st.builds(lambda q: Sample(kind, q), _RATIONALS)
    if kind in ("poly", "poly_exp"):
        return st.builds(lambda p: Sample(kind, polynomials=(p,)), _POLYNOMIALS)
    if kind == "poly_fac":
        number = st.integers(-6, 6).filter(bool)
        # not a power of x alone: that has no other form
        factors = st.lists(_LINEAR, min_size=2, max_size=3).filter(lambda p: any(q[0] for q in p))
        return st.builds(lambda n, p: Sample(kind, Fraction(n), tuple(p)), number, factors)
    if kind == "set":
        items = st.frozensets(_RATIONALS, min_size=1, max_size=4)
        return st.builds(lambda v: Sample(kind, items=v), items)
    cuts = st.integers(1, 2).flatmap(
        lambda k: st.lists(
            st.integers(-20, 20).map(Fraction), min_size=2 * k, max_size=2 * k, unique=True
        )
    )
    flags = st.lists(st.booleans(), min_size=4, max_size=4)
    ends = st.tuples(st.booleans(), st.booleans())
    return st.builds(_spans, cuts, flags, ends).map(lambda s: Sample(kind, spans=s))


def renderings(sample: Sample) -> st.SearchStrategy[str]:
    """Return a strategy of texts that all give the answer."""
    return st.sampled_from(spellings(sample))


def hostile_text() -> st.SearchStrategy[str]:
    """Return a strategy of texts made to crash, stall or fool a verifier."""
    pieces = st.sampled_from(_PIECES)
    floods = st.builds(lambda p, n: p * n, pieces, st.sampled_from([1, 50, 397, 5000]))
    return st.one_of(
        st.text(max_size=60),
        st.text(st.characters(codec=None, exclude_categories=()), max_size=60),
        st.lists(pieces, max_size=40).map("".join),
        st.lists(floods, max_size=3).map("".join),
    )


def _correct(verify: Verifier, sample: Sample, text: str) -> bool:
    verdict = verify(sample.kind, sample.gold, text)
    assert verdict.status is not Status.VERIFIER_ERROR, (sample.gold, text, verdict)
    return verdict.status is Status.CORRECT


def sound(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P1: an answer of another value is never CORRECT, however it is spelled."""
    sample = data.draw(samples(kind))
    other = data.draw(st.sampled_from(near_misses(sample)))
    text = data.draw(renderings(other))
    assert not _correct(verify, sample, text), (sample.gold, text)


def complete(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P2: every spelling of the reference is CORRECT."""
    sample = data.draw(samples(kind))
    text = data.draw(renderings(sample))
    assert _correct(verify, sample, text), (sample.gold, text, verify(kind, sample.gold, text))


def total(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P3: any text has a verdict on the text; nothing raises."""
    sample, text = data.draw(samples(kind)), data.draw(hostile_text())
    assert verify(kind, sample.gold, text).status in (
        Status.CORRECT,
        Status.WRONG,
        Status.MALFORMED,
    )


def accepts_equals_only(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P4: between any two answers, CORRECT means equal by construction."""
    one, two = data.draw(samples(kind)), data.draw(samples(kind))
    equal = _key(one) == _key(two)
    assert _correct(verify, one, data.draw(renderings(two))) == equal, (one.gold, two.gold)


def _key(sample: Sample) -> object:
    return sample.number, sorted(sample.polynomials), sample.items, sample.spans


def junk_never_helps(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P5: text around a tagged wrong answer never makes it CORRECT."""
    sample = data.draw(samples(kind))
    other = data.draw(st.sampled_from(near_misses(sample)))
    junk = data.draw(st.one_of(hostile_text(), renderings(sample).map(lambda t: wrap(t, "tag"))))
    tagged = wrap(data.draw(renderings(other)), "tag")
    for completion in (tagged + junk, junk + tagged):
        answer = extract(completion, "tag")
        assert isinstance(answer, Verdict) or not _correct(verify, sample, answer), completion


def form_counts(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P6: the right value in a form that was not asked for is not CORRECT."""
    sample = data.draw(samples(kind))
    text = data.draw(st.sampled_from(wrong_forms(sample)))
    assert not _correct(verify, sample, text), (sample.gold, text)


def no_hedge(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P7: naming the answer beside another one is not CORRECT."""
    sample = data.draw(samples(kind))
    other = data.draw(st.sampled_from(near_misses(sample)))
    texts = [data.draw(renderings(sample)), data.draw(renderings(other))]
    first, second = data.draw(st.permutations(texts))
    joint = data.draw(
        st.sampled_from([" or ", ", ", " and ", "; ", " = ", " ± ", "\n", " / ", "|"])
    )
    assert not _correct(verify, sample, first + joint + second), (sample.gold, first, joint, second)


def symmetric(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P8: two spellings of one answer grade each other alike, whichever is the reference."""
    sample = data.draw(samples(kind))
    one, two = data.draw(renderings(sample)), data.draw(renderings(sample))
    verdicts = verify(kind, one, two), verify(kind, two, one)
    assert [v.status for v in verdicts] == [Status.CORRECT] * 2, (one, two, verdicts)


def deterministic(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P9: the same text has the same verdict again, also in another thread."""
    sample = data.draw(samples(kind))
    text = data.draw(st.one_of(hostile_text(), renderings(sample)))
    seen: list[Verdict] = []
    thread = threading.Thread(target=lambda: seen.append(verify(kind, sample.gold, text)))
    thread.start()
    thread.join()
    assert seen == [verify(kind, sample.gold, text)]


def tells_references_apart(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P10: what is CORRECT for a reference is not CORRECT for another one."""
    sample = data.draw(samples(kind))
    other = data.draw(st.sampled_from(near_misses(sample)))
    assert not _correct(verify, other, data.draw(renderings(sample)))


def reward_in_range(verify: Verifier, kind: str, data: st.DataObject) -> None:
    """P11: the reward is 0.0 or 1.0, and a reference that cannot be read is an error of ours."""
    sample, text = data.draw(samples(kind)), data.draw(hostile_text())
    verdict = verify(kind, sample.gold, text)
    assert verdict.reward == float(verdict.status is Status.CORRECT)
    assert verify(kind, "not a reference!", text).status is Status.VERIFIER_ERROR


PROPERTIES: dict[str, Property] = {
    "P1": sound,
    "P2": complete,
    "P3": total,
    "P4": accepts_equals_only,
    "P5": junk_never_helps,
    "P6": form_counts,
    "P7": no_hedge,
    "P8": symmetric,
    "P9": deterministic,
    "P10": tells_references_apart,
    "P11": reward_in_range,
}


ProgramVerifier: TypeAlias = Callable[[str, list[tuple[int, int]]], Verdict]


def program_trees() -> st.SearchStrategy[Tree]:
    """Return a strategy of small arithmetic programs in `n` that fail on no input."""
    leaves: st.SearchStrategy[Tree] = st.one_of(st.just("n"), st.integers(-9, 9))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from("+-*"), inner, inner),
            st.tuples(st.sampled_from(["//", "%"]), inner, st.integers(2, 9)),
        ),
        max_leaves=6,
    )


def program_is_told_from_mutants(verify: ProgramVerifier, data: st.DataObject) -> None:
    """Program P1 and P2: the reference is CORRECT; a mutant is exactly if it agrees everywhere."""
    tree = data.draw(program_trees())
    other = data.draw(st.sampled_from([tree, *mutants(tree)]))
    cases = [(n, program_value(tree, n)) for n in HIDDEN_INPUTS]
    text = data.draw(st.sampled_from(program_renderings(other)))
    equal = all(program_value(other, n) == y for n, y in cases)
    verdict = verify(text, data.draw(st.permutations(cases)))
    assert (verdict.status is Status.CORRECT) == equal, (program_text(tree), text, verdict)


def program_types_are_strict(verify: ProgramVerifier, data: st.DataObject) -> None:
    """Program P4: a float, a bool, a string or a list of the right value is not CORRECT."""
    tree = data.draw(program_trees())
    shape = data.draw(
        st.sampled_from(["{} * 1.0", "str({})", "[{}]", "({},)", "{} == {}", "{{{}}}"])
    )
    cases = [(n, program_value(tree, n)) for n in HIDDEN_INPUTS]
    verdict = verify(shape.replace("{}", program_text(tree)), cases)
    assert verdict.status in (Status.WRONG, Status.MALFORMED), (shape, verdict)
