"""Properties that every verifier must have, for Hypothesis: test your own with them.

A verifier has the signature of `verify_answer`: kind, reference, text → `Verdict`. All of it:

    import pytest
    from frostline.envs.properties import verifier_suite

    SUITE = verifier_suite(my_verify, "int")

    @pytest.mark.parametrize("holds", SUITE.values(), ids=SUITE)
    def test_my_verifier(holds):
        holds()

A kind of your own needs a `Sampler`, which knows its answers by value: `verifier_suite(my_verify,
"roman", sampler=ROMAN)`. The only module of the package that imports hypothesis. Programs have
their strategies and properties at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

import hypothesis
from hypothesis import strategies as st

from .extract import extract, wrap
from .problem import Status, Verdict
from .samples.dress import dressed
from .samples.programs import (
    HIDDEN_INPUTS,
    Tree,
    mutants,
    program_renderings,
    program_text,
    program_value,
)
from .samples.sample import Sample, Sampler
from .samples.samplers import SAMPLERS

Verifier: TypeAlias = Callable[[str, str, str], Verdict]
Property: TypeAlias = Callable[[Verifier, Sampler, st.DataObject], None]

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


def samples(sampler: Sampler) -> st.SearchStrategy[Sample]:
    """Return a strategy of answers of a kind, known by value."""
    return st.randoms(use_true_random=False).map(sampler.draw)


def renderings(sampler: Sampler, sample: Sample) -> st.SearchStrategy[str]:
    """Return a strategy of texts that all give the answer."""
    return st.sampled_from(dressed(sampler, sample))


def near(sampler: Sampler, sample: Sample) -> st.SearchStrategy[Sample]:
    """Return a strategy of answers of another value, just beside this one."""
    return st.sampled_from(sampler.near_misses(sample))


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


def sound(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P1: an answer of another value is never CORRECT, however it is spelled."""
    sample = data.draw(samples(sampler))
    other = data.draw(near(sampler, sample))
    text = data.draw(renderings(sampler, other))
    assert not _correct(verify, sample, text), (sample.gold, text)


def complete(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P2: every spelling of the reference is CORRECT."""
    sample = data.draw(samples(sampler))
    text = data.draw(renderings(sampler, sample))
    assert _correct(verify, sample, text), (
        sample.gold,
        text,
        verify(sampler.kind, sample.gold, text),
    )


def total(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P3: any text has a verdict on the text; nothing raises."""
    sample, text = data.draw(samples(sampler)), data.draw(hostile_text())
    assert verify(sampler.kind, sample.gold, text).status in (
        Status.CORRECT,
        Status.WRONG,
        Status.MALFORMED,
    )


def accepts_equals_only(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P4: between any two answers, CORRECT means equal by construction."""
    one, two = data.draw(samples(sampler)), data.draw(samples(sampler))
    equal = one.value == two.value
    assert _correct(verify, one, data.draw(renderings(sampler, two))) == equal, (one.gold, two.gold)


def junk_never_helps(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P5: text around a tagged wrong answer never makes it CORRECT."""
    sample = data.draw(samples(sampler))
    other = data.draw(near(sampler, sample))
    junk = data.draw(
        st.one_of(hostile_text(), renderings(sampler, sample).map(lambda t: wrap(t, "tag")))
    )
    tagged = wrap(data.draw(renderings(sampler, other)), "tag")
    for completion in (tagged + junk, junk + tagged):
        answer = extract(completion, "tag")
        assert isinstance(answer, Verdict) or not _correct(verify, sample, answer), completion


def form_counts(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P6: the right value in a form that was not asked for is not CORRECT."""
    sample = data.draw(samples(sampler))
    text = data.draw(st.sampled_from(sampler.wrong_forms(sample)))
    assert not _correct(verify, sample, text), (sample.gold, text)


def no_hedge(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P7: naming the answer beside another one is not CORRECT."""
    sample = data.draw(samples(sampler))
    other = data.draw(near(sampler, sample))
    texts = [data.draw(renderings(sampler, sample)), data.draw(renderings(sampler, other))]
    first, second = data.draw(st.permutations(texts))
    joint = data.draw(
        st.sampled_from([" or ", ", ", " and ", "; ", " = ", " ± ", "\n", " / ", "|"])
    )
    assert not _correct(verify, sample, first + joint + second), (sample.gold, first, joint, second)


def symmetric(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P8: two spellings of one answer grade each other alike, whichever is the reference."""
    sample = data.draw(samples(sampler))
    one, two = data.draw(renderings(sampler, sample)), data.draw(renderings(sampler, sample))
    verdicts = verify(sampler.kind, one, two), verify(sampler.kind, two, one)
    assert [v.status for v in verdicts] == [Status.CORRECT] * 2, (one, two, verdicts)


def deterministic(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P9: the same text has the same verdict again, also in another thread."""
    sample = data.draw(samples(sampler))
    text = data.draw(st.one_of(hostile_text(), renderings(sampler, sample)))
    seen: list[Verdict] = []
    thread = threading.Thread(target=lambda: seen.append(verify(sampler.kind, sample.gold, text)))
    thread.start()
    thread.join()
    assert seen == [verify(sampler.kind, sample.gold, text)]


def tells_references_apart(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P10: what is CORRECT for a reference is not CORRECT for another one."""
    sample = data.draw(samples(sampler))
    other = data.draw(near(sampler, sample))
    assert not _correct(verify, other, data.draw(renderings(sampler, sample)))


def reward_in_range(verify: Verifier, sampler: Sampler, data: st.DataObject) -> None:
    """P11: the reward is 0.0 or 1.0, and a reference that cannot be read is an error of ours."""
    sample, text = data.draw(samples(sampler)), data.draw(hostile_text())
    verdict = verify(sampler.kind, sample.gold, text)
    assert verdict.reward == float(verdict.status is Status.CORRECT)
    assert verify(sampler.kind, "", text).status is Status.VERIFIER_ERROR


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


def verifier_suite(
    verify: Verifier,
    kind: str,
    *,
    sampler: Sampler | None = None,
    settings: hypothesis.settings | None = None,
) -> dict[str, Callable[[], None]]:
    """Return the properties P1 … P11 as functions without arguments, ready to be called by a test.

    Each raises AssertionError with the shrunk texts where the verifier lacks the property.

    Args:
        verify: takes kind, reference and text and returns a `Verdict`.
        kind: the kind that it is tested on.
        sampler: what is known of a kind of your own; by default what `SAMPLERS` has on `kind`.
        settings: of Hypothesis; by default those of its current profile.

    Returns:
        Function by name, such as `P1 sound`.

    Raises:
        ValueError: `kind` has no sampler, or `sampler` is of another kind.

    >>> from frostline.envs.answers import verify_answer
    >>> suite = verifier_suite(verify_answer, "int", settings=hypothesis.settings(max_examples=9))
    >>> suite["P1 sound"]()
    """
    if sampler is None:
        if kind not in SAMPLERS:
            names = ", ".join(SAMPLERS)
            raise ValueError(f"kind must be one of {names}, or come with a sampler; got {kind!r}")
        sampler = SAMPLERS[kind]
    if sampler.kind != kind:
        raise ValueError(f"sampler must be of kind {kind!r}, got one of {sampler.kind!r}")
    return {
        f"{name} {holds.__name__}": _test(holds, verify, sampler, settings)
        for name, holds in PROPERTIES.items()
    }


def _test(
    holds: Property, verify: Verifier, sampler: Sampler, settings: hypothesis.settings | None
) -> Callable[[], None]:
    def test(data: st.DataObject) -> None:
        holds(verify, sampler, data)

    # named after the property, so that a database of failures keeps them apart
    test.__name__ = test.__qualname__ = f"{holds.__name__}_{sampler.kind}"
    given = hypothesis.given(data=st.data())(test)
    run: Callable[[], None] = settings(given) if settings else given
    return run


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
