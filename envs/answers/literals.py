"""Integer and rational literals: numbers that are worked out, not left to compute."""

from __future__ import annotations

import re
from fractions import Fraction

from ..problem import Verdict
from .characters import VULGAR, Malformed, clean
from .kind import ANOTHER, CORRECT, Kind, by_value

# commas (also `{,}` and `\,`) only where they group thousands, and one kind of them per number
_DIGITS = (
    r"(?:[1-9][0-9]{0,2}(?:(?:,[0-9]{3}){1,19}|(?:\{,\}[0-9]{3}){1,19}|(?:\\,[0-9]{3}){1,19})"
    r"|[0-9]{1,60})"
)
_FRAC = (
    rf"\\frac *\{{ *(?P<topsign>[+-]?) *(?P<top>{_DIGITS}) *\}}"
    rf" *\{{ *(?P<bottomsign>[+-]?) *(?P<bottom>{_DIGITS}) *\}}"
)
_VULGAR = "(?P<vulgar>[" + "".join(VULGAR) + "])"

_ASSIGNMENT = re.compile(r"[A-Za-z] *= *")
_HEAD = re.compile(
    r"(?:([A-Za-z])'?(?: *\( *[A-Za-z] *\))?|d[A-Za-z] */ *d[A-Za-z]"
    r"|\\frac *\{ *d[A-Za-z] *\} *\{ *d[A-Za-z] *\}) *= *"
)
_FRAC_NAME = re.compile(r"\\[cdt]frac(?![A-Za-z])")
_FRAC_TOP_DIGIT = re.compile(r"\\frac *([0-9])")
_FRAC_BOTTOM_DIGIT = re.compile(r"(\\frac *\{[^{}]*\}) *([0-9])")

_INTEGER = re.compile(rf"(?P<sign>[+-]?) *(?P<whole>{_DIGITS})(?:\.0{{1,60}})?")
_DECIMAL = re.compile(
    rf"(?P<sign>[+-]?) *(?:(?P<whole>{_DIGITS})(?:\.(?P<tail>[0-9]{{1,60}}))?"
    r"|\.(?P<only>[0-9]{1,60}))(?P<percent> *\\?%)?"
)
_SLASH = re.compile(
    rf"(?P<sign>[+-]?) *(?:(?P<whole>{_DIGITS}) +(?P<ptop>[0-9]{{1,60}}) */ *"
    r"(?P<pbottom>[0-9]{1,60})"
    rf"|(?P<top>{_DIGITS}) */ *(?P<bottomsign>[+-]?)(?P<bottom>{_DIGITS}))"
)
_LATEX = re.compile(rf"(?P<sign>[+-]?) *(?P<whole>{_DIGITS})? *{_FRAC}")
_MIXED_VULGAR = re.compile(rf"(?P<sign>[+-]?) *(?P<whole>{_DIGITS})? *{_VULGAR}")


def _int(digits: str) -> int:
    """Value of digits that a pattern of this module matched; `int` alone takes `1_000` and `٤٢`."""
    return int(digits) if digits.isdigit() else int(re.sub(r"[^0-9]", "", digits))


def _ratio(top: int, bottom: int) -> Fraction:
    if bottom == 0:
        raise Malformed("denominator is zero")
    return Fraction(top, bottom)


def _mixed(sign: str, whole: int, part: Fraction) -> Fraction:
    """Value of a mixed number; its sign belongs to the whole of it: -1 1/3 is -4/3."""
    if part >= 1:
        raise Malformed("a mixed number needs a fraction below 1")
    value = whole + part
    return -value if sign == "-" else value


def without_assignment(text: str) -> str:
    """Return what follows `x =` when the text is one assignment to a single letter.

    >>> without_assignment("x = 42"), without_assignment("41 = 42")
    ('42', '41 = 42')
    """
    match = _ASSIGNMENT.match(text)
    return text[match.end() :] if match else text


def split_head(text: str) -> tuple[str, str]:
    """Return the letter that a function is given in the text, or none, and what follows `=`.

    >>> split_head("f'(x) = 2x"), split_head("dy/dx = 2x"), split_head("2x")
    (('f', '2x'), ('', '2x'), ('', '2x'))
    """
    if "=" not in text:
        return "", text
    text = plain_fractions(text)
    match = _HEAD.match(text)
    return (match[1] or "", text[match.end() :]) if match else ("", text)


def plain_fractions(text: str) -> str:
    r"""Return the text with `\dfrac12`, `\tfrac12`, `\frac1{2}` as `\frac{1}{2}`."""
    if "frac" not in text:
        return text
    text = _FRAC_NAME.sub(r"\\frac", text)
    text = _FRAC_TOP_DIGIT.sub(r"\\frac{\1}", text)
    return _FRAC_BOTTOM_DIGIT.sub(r"\1{\2}", text)


def parse_integer(text: str) -> int:
    """Return the value of an integer literal of at most 60 digits.

    A decimal whose fraction is all zeros (`42.0`) counts; sums, quotients, scientific notation,
    percentages and brackets do not.

    Raises:
        Malformed: `text` is not such a literal.
    """
    match = _INTEGER.fullmatch(text)
    if not match:
        raise Malformed("not an integer literal")
    value = _int(match["whole"])
    return -value if match["sign"] == "-" else value


def parse_rational(text: str, *, percent: bool = False) -> Fraction:
    r"""Return the exact value of a rational literal: integer, decimal, fraction or mixed number.

    Args:
        text: cleaned text without an assignment.
        percent: whether a decimal may end in `%`.

    Raises:
        Malformed: `text` is not such a literal, or its denominator is zero.

    >>> parse_rational("-1 1/3"), parse_rational("0.25"), parse_rational("\\frac34")
    (Fraction(-4, 3), Fraction(1, 4), Fraction(3, 4))
    """
    if match := _DECIMAL.fullmatch(text):
        return _decimal(match, percent=percent)
    if match := _SLASH.fullmatch(text):
        if match["whole"] is not None:
            part = _ratio(_int(match["ptop"]), _int(match["pbottom"]))
            return _mixed(match["sign"], _int(match["whole"]), part)
        value = _ratio(_int(match["top"]), _int(match["bottom"]))
        return -value if (match["sign"] == "-") != (match["bottomsign"] == "-") else value
    if match := _LATEX.fullmatch(plain_fractions(text)):
        return _latex_fraction(match)
    if match := _MIXED_VULGAR.fullmatch(text):
        return _mixed(match["sign"], _int(match["whole"] or "0"), VULGAR[match["vulgar"]])
    raise Malformed("not a rational literal")


def _decimal(match: re.Match[str], *, percent: bool) -> Fraction:
    tail = match["only"] or match["tail"] or ""
    value = Fraction(_int((match["whole"] or "0") + tail), 10 ** len(tail))
    if match["percent"]:
        if not percent:
            raise Malformed("a percentage is not asked for")
        value /= 100
    return -value if match["sign"] == "-" else value


def _latex_fraction(match: re.Match[str]) -> Fraction:
    part = _ratio(_int(match["top"]), _int(match["bottom"]))
    if (match["topsign"] == "-") != (match["bottomsign"] == "-"):
        part = -part
    if match["whole"] is None:
        return -part if match["sign"] == "-" else part
    if match["topsign"] or match["bottomsign"]:
        raise Malformed("a sign inside a mixed number")
    return _mixed(match["sign"], _int(match["whole"]), part)


# nearly every integer answer: answered without cleaning
_PLAIN_INTEGER = re.compile(r"[ \n]*([+-]?[0-9]{1,60})[ \n]*")


def _read_integer(text: str) -> int:
    if plain := _PLAIN_INTEGER.fullmatch(text):
        return int(plain[1])
    return parse_integer(without_assignment(clean(text)))


def _judge_integer(reference: int, text: str) -> Verdict:
    return CORRECT if _read_integer(text) == reference else ANOTHER


def _rational(text: str) -> Fraction:
    return parse_rational(without_assignment(text), percent=True)


KINDS = (
    Kind("int", "an integer literal", _read_integer, _judge_integer),
    by_value("rat", "a rational literal: integer, decimal, fraction, mixed number, %", _rational),
)
