"""Exact text: a word, a name or a string of characters."""

from __future__ import annotations

import re
import string

from ..problem import Verdict
from .characters import Malformed, clean
from .kind import ANOTHER, CORRECT, Kind

_CURLY = str.maketrans("“”‘’", "\"\"''")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_SPACES = re.compile(r" +")
# what `parse_text` and `clean` take away or give a meaning: two such references may read alike
_AMBIGUOUS = re.compile(r"[^ -~]|[\\$~\"]|^'|'$")
_FINAL_STOP = re.compile(r"\.[\"'”’$ ]*$")


def parse_text(text: str) -> str:
    """Return a text as it is compared: spaces collapsed, ASCII in lower case.

    One pair of quotes around it and one full stop behind it take no part.

    Raises:
        Malformed: nothing is left, or `clean` refuses it.

    >>> parse_text(' "Monday".')
    'monday'
    """
    text = clean(text.translate(_CURLY))
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    if quoted:
        text = text[1:-1].strip(" ").removesuffix(".")
    text = _SPACES.sub(" ", text.strip(" ")).translate(_LOWER)
    if not text:
        raise Malformed("empty answer")
    return text


def _read(gold: str) -> str:
    """Return the reference as it is compared, if it can be told from all others.

    Raises:
        ValueError: it ends in a full stop or a quote, or holds `$`, `~`, `"` or a backslash.
    """
    text = parse_text(gold)
    if _FINAL_STOP.search(gold) or _AMBIGUOUS.search(text):
        raise ValueError(f"{gold!r} could not be told from other texts")
    return text


def _judge(reference: str, text: str) -> Verdict:
    return CORRECT if parse_text(text) == reference else ANOTHER


KINDS = (Kind("text", "exact text; case, spaces, quotes and a final stop are free", _read, _judge),)
