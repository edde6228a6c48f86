r"""Expressions over given numbers with a given value, as in the numbers game and in 24.

A reference such as `(3 + 4)*5` carries both: the numbers 3, 4 and 5, each used once, and 35. An
answer is read in one pass that computes its value and lists its numbers; nothing is evaluated but
`+ - * /` on Fractions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from ..problem import Status, Verdict
from .characters import Malformed, clean
from .kind import CORRECT, Kind
from .literals import plain_fractions

MAX_NUMBERS = 16
MAX_DIGITS = 6
MAX_NESTING = 40

_TOKEN = re.compile(
    r" *(?:(?P<num>[0-9]+)|(?P<op>[-+*/()\[\]{}]"
    r"|\\(?:frac|cdot|times|div)(?![A-Za-z])))"
)
_SAME_AS = {"\\cdot": "*", "\\times": "*", "\\div": "/"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_INTEGER = re.compile(r"-? ?[0-9]{1,60}")
_END = ("end", "")


class Made(NamedTuple):
    """What an expression says.

    Attributes:
        numbers: the numbers used, in increasing order, each as often as it is used.
        value: what it is worth.
    """

    numbers: tuple[int, ...]
    value: Fraction


def _tokens(text: str) -> list[tuple[str, str]]:
    """Split into (kind, text) pairs that end in an `end` token."""
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip(" "))
    while at < end:
        match = _TOKEN.match(text, at)
        if not match or match.lastgroup is None:
            raise Malformed(f"cannot read {text[at : at + 12]!r}")
        word = match[match.lastgroup]
        found.append((match.lastgroup, _SAME_AS.get(word, word)))
        at = match.end()
    found.append(_END)
    return found


class _Reader:
    """Recursive descent over the tokens of one text; used once and thrown away."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0
        self.numbers: list[int] = []

    def take(self, *words: str) -> str:
        """Consume the next token if it is one of the operators `words`; else return ''."""
        kind, word = self.tokens[self.at]
        if kind == "op" and word in words:
            self.at += 1
            return word
        return ""

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise Malformed(f"expected {word!r}, found {self.tokens[self.at][1] or 'the end'!r}")

    def sum(self) -> Fraction:
        value = self.product()
        while sign := self.take("+", "-"):
            term = self.product()
            value = value + term if sign == "+" else value - term
        return value

    def product(self) -> Fraction:
        value = self.atom()
        while sign := self.take("*", "/"):
            factor = self.atom()
            value = value * factor if sign == "*" else value / factor
        return value

    def atom(self) -> Fraction:
        kind, word = self.tokens[self.at]
        if kind == "num":
            self.at += 1
            return self.number(word)
        if opening := self.take("(", "["):
            return self.inside(opening)
        if self.take("\\frac"):
            self.expect("{")
            top = self.inside("{")
            self.expect("{")
            return top / self.inside("{")
        raise Malformed(f"expected a number or a bracket, found {word or 'the end'!r}")

    def inside(self, opening: str) -> Fraction:
        """Read a sum and the bracket that closes `opening`."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise Malformed(f"nested deeper than {MAX_NESTING}")
        value = self.sum()
        self.expect(_CLOSING[opening])
        self.depth -= 1
        return value

    def number(self, word: str) -> Fraction:
        if len(word) > MAX_DIGITS:
            raise Malformed(f"a number of more than {MAX_DIGITS} digits")
        if word != "0" and word.startswith("0"):
            raise Malformed("a number with a leading zero")
        if len(self.numbers) == MAX_NUMBERS:
            raise Malformed(f"more than {MAX_NUMBERS} numbers")
        self.numbers.append(int(word))
        return Fraction(int(word))


def read_expression(text: str) -> Made:
    r"""Return the numbers and the value of a cleaned expression.

    Literals of at most six digits, `+ - * /`, `\times`, `\cdot`, `\div`, `\frac{…}{…}`, round and
    square brackets. A sign before the first term, a power, a decimal, a factor without its sign
    (`3(4)`) and `03` are outside the language: each would be a way around the numbers given.

    Raises:
        Malformed: the text is outside this language or over a cap.
        ZeroDivisionError: a divisor is zero.

    >>> read_expression("(3 + 4)*5")
    Made(numbers=(3, 4, 5), value=Fraction(35, 1))
    """
    reader = _Reader(plain_fractions(text))
    value = reader.sum()
    if reader.tokens[reader.at] is not _END:
        raise Malformed(f"unexpected {reader.tokens[reader.at][1]!r}")
    return Made(tuple(sorted(reader.numbers)), value)


def _sides(text: str) -> Iterator[tuple[str, int | None]]:
    """Yield each expression that a text may be, and what it says that the expression is worth.

    Raises:
        Malformed: there is an equals sign and neither side is an integer literal.
    """
    left, equals, right = text.partition("=")
    if not equals:
        yield text, None
        return
    literals = [s for s in (right, left) if _INTEGER.fullmatch(s.strip(" "))]
    if not literals:
        raise Malformed("an equation without the target on one side")
    for side in literals:
        yield (left if side is right else right), int(side.replace(" ", ""))


def _read(gold: str) -> Made:
    for text, target in _sides(clean(gold)):
        made = read_expression(text)
        if target in (None, made.value):
            return made
    raise Malformed("an equation that does not hold")


def _judge(reference: Made, text: str) -> Verdict:
    reason = ""
    for expression, target in _sides(clean(text)):
        try:
            made = read_expression(expression)
        except ZeroDivisionError:
            reason = reason or "a division by zero"
            continue
        if made == reference and target in (None, made.value):
            return CORRECT
        same = made.numbers == reference.numbers
        reason = reason or ("another value" if same else "not the numbers given, each used once")
    return Verdict(Status.WRONG, reason)


KINDS = (
    Kind("expr", "an expression over given numbers, each used once, of a given value",
         _read, _judge),
)  # fmt: skip
