"""One answer per completion, found by a rule and never by a guess."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostline.envs.extract import ANSWER_FORMATS, MAX_COMPLETION_CHARS, extract, wrap
from frostline.envs.problem import Status, Verdict
from frostline.envs.properties import hostile_text

GOOD = [
    ("raw", "  42\n", "42"),
    ("tag", "<answer> 42 </answer>", "42"),
    ("tag", "<think>41?</think> so <answer>42</answer> bye", "42"),
    ("tag", "41? </think><answer>42</answer>", "42"),
    ("tag", "<answer></answer>", ""),
    ("boxed", "so \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
    ("boxed", "\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
    ("boxed", "</think>\\boxed{42", None),
    ("boxed", "\\boxed{41}\\boxed{42}", None),
    ("boxed", "\\boxed{\\boxed{42}}", None),
    ("boxed", "<think>\\boxed{42}", None),
    ("boxed", "42", None),
    ("tag", "42", None),
    ("tag", "<answer>42", None),
    ("tag", "42</answer>", None),
    ("tag", "</answer>42<answer>", None),
    ("tag", "<answer>42</answer></answer>", None),
    ("tag", "<answer><answer>42</answer>", None),
    ("tag", "<answer>41</answer><!-- <answer>42</answer> -->", None),
    ("tag", "<think><answer>42</answer></think>", None),
    ("tag", "<think><answer>42</answer>", None),
    ("tag", "<think><answer>41</answer></think><answer>42</answer>", "42"),
    ("tag", "<ANSWER>42</ANSWER>", None),
]


@pytest.mark.parametrize(("answer_format", "completion", "answer"), GOOD)
def test_the_answer_is_found_or_the_completion_is_malformed(
    answer_format: str, completion: str, answer: str | None
) -> None:
    found = extract(completion, answer_format)
    if answer is None:
        assert isinstance(found, Verdict)
        assert found.status is Status.MALFORMED
        assert found.reason
    else:
        assert found == answer


@pytest.mark.parametrize("answer_format", ANSWER_FORMATS)
def test_a_wrapped_answer_is_found_again(answer_format: str) -> None:
    assert extract(wrap("x^2 - 1", answer_format), answer_format) == "x^2 - 1"


@pytest.mark.parametrize("answer_format", ANSWER_FORMATS)
def test_a_completion_over_the_cap_is_malformed(answer_format: str) -> None:
    found = extract(wrap("42", answer_format) + " " * MAX_COMPLETION_CHARS, answer_format)
    assert isinstance(found, Verdict)


@pytest.mark.parametrize("answer_format", ANSWER_FORMATS)
@settings(max_examples=100, deadline=None)
@given(text=hostile_text())
def test_any_text_has_an_answer_or_a_malformed_verdict(answer_format: str, text: str) -> None:
    found = extract(text, answer_format)
    assert isinstance(found, str) or found.status is Status.MALFORMED


@settings(max_examples=100, deadline=None)
@given(before=hostile_text(), after=hostile_text())
def test_text_around_one_tag_never_changes_the_answer(before: str, after: str) -> None:
    found = extract(before + wrap("42", "tag") + after, "tag")
    assert found == "42" or isinstance(found, Verdict)


@pytest.mark.parametrize("call", [lambda f: extract("42", f), lambda f: wrap("42", f)])
def test_an_unknown_format_suggests_the_near_one(call: object) -> None:
    with pytest.raises(ValueError, match=r"answer_format must be one of .* did you mean 'boxed'"):
        call("boxd")  # type: ignore[operator]


@settings(max_examples=100, deadline=None)
@given(inner=st.text("ab{}\\", max_size=12))
def test_a_box_ends_where_its_braces_balance(inner: str) -> None:
    found = extract(f"\\boxed{{{inner}}}", "boxed")
    if isinstance(found, str):
        plain = found.replace("\\\\", "").replace("\\{", "").replace("\\}", "")
        assert plain.count("{") == plain.count("}")
