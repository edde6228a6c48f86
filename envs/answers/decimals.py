"""Decimals rounded to a stated number of places, percentages, and fractions in lowest terms."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import NamedTuple

from ..problem import Status, Verdict
from .characters import VULGAR, Malformed, clean
from .kind import ANOTHER, CORRECT, Kind, by_value
from .literals import parse_rational, plain_fractions, without_assignment

# what a decimal may be made of; how it is put together is decided by `parse_rational`
_DECIMAL_CHARACTERS = re.compile(r"[-+0-9., {}\\]+")
_PERCENT = re.compile(r" *\\?%$")
_THOUSANDS = re.compile(r"\{,\}|\\,|,")
_DIGITS = re.compile(r"[0-9]+")
_SIGNED_BOTTOM = re.compile(r"/ *[-+]|\} *\{ *[-+]")

TOO_MANY_PLACES = Verdict(Status.WRONG, "more decimal places than were asked for")
NOT_LOWEST = Verdict(Status.WRONG, "not in lowest terms")


class Decimal(NamedTuple):
    """A decimal literal.

    Attributes:
        value: what it is worth, exactly.
        places: how many digits stand behind its point.
    """

    value: Fraction
    places: int


def parse_decimal(text: str) -> Decimal:
    """Return the value of a cleaned decimal or integer literal, and its decimal places.

    Raises:
        Malformed: `text` is no such literal: a fraction, a percentage, an exponent, a sum.

    >>> parse_decimal("-0.50")
    Decimal(value=Fraction(-1, 2), places=2)
    """
    if not _DECIMAL_CHARACTERS.fullmatch(text):
        raise Malformed("not a decimal literal")
    return Decimal(parse_rational(text), len(text.partition(".")[2]))


def _read_decimal(text: str) -> Decimal:
    return parse_decimal(without_assignment(clean(text)))


def _judge_decimal(reference: Decimal, text: str) -> Verdict:
    value, places = _read_decimal(text)
    if value != reference.value:
        return ANOTHER
    return CORRECT if places <= reference.places else TOO_MANY_PLACES


def parse_percentage(text: str) -> Fraction:
    r"""Return the number before the `%` or `\%` that a cleaned text must end in.

    Raises:
        Malformed: `text` is not a rational literal and a percent sign.

    >>> parse_percentage("12.5%"), parse_percentage("33 1/3\\%")
    (Fraction(25, 2), Fraction(100, 3))
    """
    sign = _PERCENT.search(text)
    if not sign:
        raise Malformed("no percent sign")
    return parse_rational(text[: sign.start()])


def _percentage(text: str) -> Fraction:
    return parse_percentage(without_assignment(text))


def _lowest_terms(text: str) -> bool:
    """Return whether a rational literal without a point is an integer or a reduced fraction."""
    text = plain_fractions(text)
    numbers = [int(digits) for digits in _DIGITS.findall(_THOUSANDS.sub("", text))]
    if any(char in VULGAR for char in text):  # every vulgar fraction is reduced
        return numbers != [0]
    if "/" not in text and "frac" not in text:
        return True
    *whole, top, bottom = numbers
    signed = _SIGNED_BOTTOM.search(text)
    return bottom > 1 and math.gcd(top, bottom) == 1 and whole != [0] and not signed


def _read_fraction(text: str) -> Fraction:
    text = without_assignment(clean(text))
    if "." in text:
        raise Malformed("a decimal is no fraction")
    return parse_rational(text)


def _judge_fraction(reference: Fraction, text: str) -> Verdict:
    if _read_fraction(text) != reference:
        return ANOTHER
    return CORRECT if _lowest_terms(without_assignment(clean(text))) else NOT_LOWEST


KINDS = (
    Kind("dec", "a decimal, rounded as was asked", _read_decimal, _judge_decimal),
    by_value("pct", "a percentage, with its sign", _percentage),
    Kind("frac", "an integer or a fraction in lowest terms", _read_fraction, _judge_fraction),
)
