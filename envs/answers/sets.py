"""Finite sets of exact numbers, and unions of intervals whose ends are exact numbers.

An exact number is a rational literal or a finished sum of roots (see `surds`).
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from .characters import Malformed
from .kind import by_value
from .surd_values import Exact, has_order
from .surds import parse_surd

MAX_SET_ITEMS = 16
MAX_INTERVALS = 8

_EMPTY = re.compile(r"\\emptyset|\\varnothing|\\?\{ *\\?\}")
_MEMBER = re.compile(r"[A-Za-z] *(?:\\in(?![A-Za-z])|(?:= *(?=\\?\{))) *")
_BRACES = re.compile(r"\\?\{ *(.*?) *\\?\}")
# not the comma of `1{,}234`
_SEPARATOR = re.compile(
    r" *(?:,(?!\}) *(?:(?:or|and)(?![A-Za-z]))?|;|(?<![A-Za-z])(?:or|and)(?![A-Za-z])) *"
)
_FORMULA = re.compile(r"\$ *([^$]*?) *\$")
_SUBSCRIPTED = re.compile(r"([A-Za-z])(?:_(?:[0-9]|\{[0-9]\}))? *= *(.*)")
_COMMA = re.compile(r" *,(?!\}) *")
_UNION = re.compile(r" *(?:\\cup(?![A-Za-z])|(?<![A-Za-z])(?:U|or)(?![A-Za-z])) *")
_INFINITY = re.compile(r"([+-]?) *(?:\\infty|[Ii]nf(?:inity)?|oo)")
_REALS = re.compile(r"\\mathbb *\{? *R *\}?|R")


def parse_set(text: str) -> frozenset[Exact]:
    """Return the set that a cleaned text lists, in braces, bare, or as assignments to one letter.

    Items are exact numbers between commas, semicolons, `or` or `and`; a comma always separates, so
    thousands need `{,}`, and `x_1 =` is `x =`. Parentheses would be a pair or an interval, and a
    repeated item would make padding free: both are malformed.

    Raises:
        Malformed: the text is no such list.

    >>> sorted(parse_set("x = 2, x = 1")) == sorted(parse_set("{1, 2}")) == [1, 2]
    True
    """
    if _EMPTY.fullmatch(text):
        return frozenset()
    member = _MEMBER.match(text)
    if member:
        text = text[member.end() :]
    braces = _BRACES.fullmatch(text)
    if member and not braces:
        raise Malformed("expected a set in braces")
    items = _SEPARATOR.split(braces[1] if braces else text)
    if len(items) > MAX_SET_ITEMS:
        raise Malformed(f"more than {MAX_SET_ITEMS} items")
    if not braces:  # such as `$x=1$ or $x=2$`
        items = _assigned([m[1] if (m := _FORMULA.fullmatch(item)) else item for item in items])
    values = [parse_surd(item) for item in items]
    found = frozenset(values)
    if len(found) < len(values):
        raise Malformed("an item is repeated")
    return found


def _assigned(items: list[str]) -> list[str]:
    """Return the items without their `x =` or `x_1 =`, if all of these name one letter."""
    matches = [_SUBSCRIPTED.fullmatch(item) for item in items]
    if len({match[1] for match in matches if match}) > 1:
        raise Malformed("assignments to different letters")
    return [match[2] if match else item for item, match in zip(items, matches, strict=True)]


class End(NamedTuple):
    """An end of an interval as a cut of the line, ordered from left to right.

    Attributes:
        infinite: -1, 0 or 1.
        value: real, with one root at most; 0 where infinite.
        after: 0 when the cut lies just before `value`, 1 just after it.
    """

    infinite: int
    value: Exact
    after: int


Interval = tuple[End, End]


def parse_intervals(text: str) -> tuple[Interval, ...]:
    r"""Return the intervals of a cleaned text, sorted, with touching ones joined.

    Unions are written with `∪`, `\cup`, `U` or `or`, and the order does not matter. A part may be
    one point in braces. Parts that overlap are malformed, for padding must not be free.

    Raises:
        Malformed: the text is no union of intervals, or an interval holds nothing.

    >>> parse_intervals("(-inf, 3)") == parse_intervals("(-\\infty,3)")
    True
    """
    if _EMPTY.fullmatch(text):
        return ()
    member = _MEMBER.match(text)
    if member:
        text = text[member.end() :]
    if _REALS.fullmatch(text):
        return ((End(-1, Fraction(0), 0), End(1, Fraction(0), 0)),)
    parts = [m[1] if (m := _FORMULA.fullmatch(part)) else part for part in _UNION.split(text)]
    if len(parts) > MAX_INTERVALS:
        raise Malformed(f"more than {MAX_INTERVALS} intervals")
    joined: list[Interval] = []
    for left, right in sorted(map(_interval, parts)):
        if joined and left < joined[-1][1]:
            raise Malformed("intervals overlap")
        if joined and left == joined[-1][1]:
            left = joined.pop()[0]
        joined.append((left, right))
    return tuple(joined)


def _interval(text: str) -> Interval:
    """Read one interval between brackets, or one point in braces."""
    if point := _BRACES.fullmatch(text):
        value = _finite(point[1])
        return End(0, value, 0), End(0, value, 1)
    if len(text) < 2 or text[0] not in "([" or text[-1] not in ")]":
        raise Malformed("not an interval")
    ends = _COMMA.split(text[1:-1].strip(" "))
    if len(ends) != 2:
        raise Malformed("an interval needs two ends")
    left = _end(ends[0], after=text[0] == "(", closed=text[0] == "[")
    right = _end(ends[1], after=text[-1] == "]", closed=text[-1] == "]")
    if not left < right:
        raise Malformed("an interval that holds nothing")
    return left, right


def _end(text: str, *, after: bool, closed: bool) -> End:
    match = _INFINITY.fullmatch(text)
    if not match:
        return End(0, _finite(text), int(after))
    if closed:
        raise Malformed("a closed bracket at infinity")
    return End(-1 if match[1] == "-" else 1, Fraction(0), 0)


def _finite(text: str) -> Exact:
    value = parse_surd(text)
    if not has_order(value):
        raise Malformed("an end must be real and have one root at most")
    return value


KINDS = (
    by_value("set", "a finite set of exact numbers, in any order", parse_set),
    by_value("iv", "an interval or a union of intervals", parse_intervals),
)
