"""Python literals: what a program returns, told apart by type at every depth."""

from __future__ import annotations

import re
from typing import Any

from ..problem import Value, Verdict
from ..values import same_value
from .characters import MAX_ANSWER_CHARS, WHITESPACE, Malformed
from .kind import ANOTHER, CORRECT, Kind

MAX_DEPTH = 8
MAX_ITEMS = 64  # of one value, at all depths together

# no leading zeros, no `1_000`: neither is plain, and Python refuses the first
_INTEGER = re.compile(r"([+-]?) *(0|[1-9][0-9]{0,59})(?![0-9_.A-Za-z])")
_NAME = re.compile(r"(?:True|False|None)(?![A-Za-z0-9_])")
_NAMED: dict[str, Value] = {"True": True, "False": False, "None": None}
# printable ASCII; other escapes would be a second spelling of nearly everything
_STRING = re.compile(r"""'((?:[ -&(-\[\]-~]|\\[\\'"n])*)'|"((?:[ !#-\[\]-~]|\\[\\'"n])*)\"""")
_ESCAPE = re.compile(r"\\(.)")
_SPACE = re.compile(r"[ \t\r\n]*")


def parse_value(text: str) -> Value:
    r"""Return the value of one Python literal: int, bool, None, str, list or tuple.

    White space is free between the parts, a list may end in a comma, and a string stands in either
    quote with no escapes but `\\`, `\'`, `\"` and `\n`. A tuple needs its parentheses. Nothing is
    evaluated: a sum, a call or a second value is outside the language.

    Raises:
        Malformed: `text` is no such literal, or has more than 400 characters, 60 digits in a
            number, 64 items or a nesting of 8.

    >>> parse_value("[1, (True, None), 'a',]")
    [1, (True, None), 'a']
    """
    if len(text) > MAX_ANSWER_CHARS:
        raise Malformed(f"longer than {MAX_ANSWER_CHARS} characters")
    text = text.strip(WHITESPACE)
    if not text:
        raise Malformed("empty answer")
    reader = _Reader(text)
    value = reader.value(0)
    if reader.at < len(text):
        raise Malformed("text behind the value")
    return value


class _Reader:
    """A text and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.items = 0

    def value(self, depth: int) -> Value:
        """Read one value and the white space behind it."""
        value = self._bare(depth)
        self._skip()
        return value

    def _bare(self, depth: int) -> Value:
        text, at = self.text, self.at
        opening = text[at : at + 1]
        if opening in ("[", "("):
            return self._items(opening, depth)
        if match := _INTEGER.match(text, at):
            self.at = match.end()
            number = int(match[2])
            return -number if match[1] == "-" else number
        if match := _STRING.match(text, at):
            self.at = match.end()
            inner = match[2] if match[1] is None else match[1]
            return _ESCAPE.sub(lambda m: "\n" if m[1] == "n" else m[1], inner)
        if match := _NAME.match(text, at):
            self.at = match.end()
            return _NAMED[match[0]]
        raise Malformed("not a Python literal")

    def _items(self, opening: str, depth: int) -> Value:
        """Read a list or a tuple from its opening bracket on."""
        if depth == MAX_DEPTH:
            raise Malformed(f"nested deeper than {MAX_DEPTH}")
        closing = "]" if opening == "[" else ")"
        self.at += 1
        self._skip()
        found: list[Value] = []
        comma = True
        while not self._take(closing):
            self.items += 1
            if not comma or self.items > MAX_ITEMS:
                raise Malformed(f"more than {MAX_ITEMS} items" if comma else "a comma is missing")
            found.append(self.value(depth + 1))
            comma = self._take(",")
            self._skip()
        if opening == "[":
            return found
        if len(found) == 1 and not comma:
            raise Malformed("a tuple of one needs a comma")
        return tuple(found)

    def _take(self, char: str) -> bool:
        taken = self.text.startswith(char, self.at)
        self.at += taken
        return taken

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at


def _judge(reference: Any, text: str) -> Verdict:
    return CORRECT if same_value(parse_value(text), reference) else ANOTHER


KINDS = (
    Kind("value", "a Python literal: int, bool, None, str, list, tuple; types count", parse_value,
         _judge),
)  # fmt: skip
