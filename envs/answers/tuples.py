"""Ordered tuples of rational numbers, such as the solution of a system of equations."""

from __future__ import annotations

import re
from fractions import Fraction

from .characters import Malformed
from .kind import by_value
from .literals import parse_rational

MAX_TUPLE_ITEMS = 16

_NAMES = re.compile(r"\( *([A-Za-z](?: *, *[A-Za-z]){1,15}) *\) *= *")
# not the comma of `1{,}234`
_SEPARATOR = re.compile(r" *(?:,(?!\}) *(?:and(?![A-Za-z]))?|;|(?<![A-Za-z])and(?![A-Za-z])) *")
_ASSIGNED = re.compile(r"([A-Za-z]) *= *(.*)")
_FORMULA = re.compile(r"\$ *([^$]*?) *\$")


def parse_tuple(text: str) -> tuple[Fraction, ...]:
    """Return the tuple that a cleaned text lists: in parentheses, bare, or as assignments.

    A comma always separates, so thousands need `{,}`. Where the items are assigned to letters,
    these are all different and their alphabetical order is the order of the tuple, whatever the
    order in which they stand; so a question must name its unknowns in that order. Braces would
    be a set, square brackets an interval: both are malformed.

    Raises:
        Malformed: the text is no tuple of 2 to 16 rational literals.

    >>> parse_tuple("(1, -2)") == parse_tuple("x = 1, y = -2") == parse_tuple("y = -2, x = 1")
    True
    """
    named = _NAMES.match(text)
    names = named[1].replace(" ", "").split(",") if named else []
    if named:
        text = text[named.end() :]
    inside = text.startswith("(") and text.endswith(")")
    if named and not inside:
        raise Malformed("expected a tuple in parentheses")
    items = _SEPARATOR.split(text[1:-1].strip(" ") if inside else text)
    if not 2 <= len(items) <= MAX_TUPLE_ITEMS:
        raise Malformed(f"not a tuple of 2 to {MAX_TUPLE_ITEMS} numbers")
    if not named:
        names, items = _assigned([m[1] if (m := _FORMULA.fullmatch(i)) else i for i in items])
    return _ordered(names, [parse_rational(item) for item in items])


def _assigned(items: list[str]) -> tuple[list[str], list[str]]:
    """Return the letters that the items are assigned to, or none, and the items without them."""
    matches = [match for item in items if (match := _ASSIGNED.fullmatch(item))]
    if not matches:
        return [], items
    if len(matches) < len(items):
        raise Malformed("an item without a letter beside one with")
    return [match[1] for match in matches], [match[2] for match in matches]


def _ordered(names: list[str], values: list[Fraction]) -> tuple[Fraction, ...]:
    """Return the values in the alphabetical order of their letters, if they have letters."""
    if not names:
        return tuple(values)
    by_name = dict(zip((name.lower() for name in names), values, strict=False))
    if not len(by_name) == len(names) == len(values):
        raise Malformed("as many different letters as numbers are needed")
    return tuple(by_name[name] for name in sorted(by_name))


KINDS = (by_value("tuple", "an ordered tuple of rationals", parse_tuple),)
