"""Finding the one answer in a completion, by a rule that the prompt states."""

from __future__ import annotations

import difflib
import re

from .problem import Status, Verdict

ANSWER_FORMATS = ("raw", "tag", "boxed")
MAX_COMPLETION_CHARS = 100_000
MAX_BOX_CHARS = 8000  # twice the longest program

_OPEN, _CLOSE = "<answer>", "</answer>"
_THINK, _THINK_END = "<think>", "</think>"
_BOXED = "\\boxed{"
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # `\{` is a sign, not a brace


def _malformed(reason: str) -> Verdict:
    return Verdict(Status.MALFORMED, reason)


def extract(text: str, answer_format: str) -> str | Verdict:
    r"""Return the answer that a completion gives, or the MALFORMED verdict that says why not.

    Takes time linear in the length of the text.

    Args:
        text: the whole completion; more than 100 000 characters are malformed.
        answer_format: `raw`, the whole completion without outer white space; `tag`, exactly one
            `<answer>…</answer>` in this case, after the last `</think>` if there is one; `boxed`,
            exactly one `\boxed{…}` with balanced braces, likewise.

    Returns:
        The answer without outer white space (for `tag`, possibly empty), or a verdict. Text around
        one well-formed answer is allowed, and reasoning may hold what it likes; a second tag or
        box after it, even in a comment, is malformed: a completion could name several answers.

    Raises:
        ValueError: `answer_format` is not one of `ANSWER_FORMATS`.

    >>> extract("6*7 = <answer>42</answer>", "tag")
    '42'
    """
    check_format(answer_format)
    if len(text) > MAX_COMPLETION_CHARS:
        return _malformed(f"a completion longer than {MAX_COMPLETION_CHARS} characters")
    if answer_format == "raw":
        return text.strip()
    return _tagged(text) if answer_format == "tag" else _boxed(text)


def _tagged(text: str) -> str | Verdict:
    text = _after_reasoning(text)
    opened, closed = text.count(_OPEN), text.count(_CLOSE)
    if opened != 1 or closed != 1:
        return _malformed(f"expected one <answer>…</answer>, found {opened} and {closed} tags")
    start, end = text.find(_OPEN), text.find(_CLOSE)
    if end < start:
        return _malformed("</answer> stands before <answer>")
    if _THINK in text[:start]:
        return _malformed("the answer stands inside the reasoning")
    return text[start + len(_OPEN) : end].strip()


def _after_reasoning(text: str) -> str:
    """Return what follows the last `</think>`; the whole text if there is none."""
    return text.rpartition(_THINK_END)[2]


def _boxed(text: str) -> str | Verdict:
    text = _after_reasoning(text)
    count = text.count(_BOXED)
    if count != 1:
        return _malformed(f"expected one \\boxed{{…}}, found {count}")
    start = text.find(_BOXED)
    if _THINK in text[:start]:
        return _malformed("the answer stands inside the reasoning")
    begin, depth = start + len(_BOXED), 1
    for match in _BRACE.finditer(text, begin, begin + MAX_BOX_CHARS):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0:
            return text[begin : match.start()].strip()
    return _malformed(f"\\boxed{{…}} does not close within {MAX_BOX_CHARS} characters")


def wrap(answer: str, answer_format: str) -> str:
    """Return a completion that gives `answer` in a format; `extract` undoes it.

    >>> wrap("42", "tag")
    '<answer>42</answer>'
    """
    check_format(answer_format)
    if answer_format == "raw":
        return answer
    return f"{_OPEN}{answer}{_CLOSE}" if answer_format == "tag" else f"{_BOXED}{answer}}}"


def check_format(answer_format: str) -> str:
    """Return `answer_format` if it is known, else raise a ValueError that names the nearest."""
    if answer_format in ANSWER_FORMATS:
        return answer_format
    near = difflib.get_close_matches(str(answer_format), ANSWER_FORMATS, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"answer_format must be one of {', '.join(ANSWER_FORMATS)}, got {answer_format!r}{hint}"
    )
