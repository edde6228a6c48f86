"""Spellings that mean the same: an explicit character table, and the delimiters of an answer.

Not Unicode normalisation: NFKC turns `1½` into `11⁄2` and `x²` into `x2`, and makes digits of other
scripts look like ours. What the table does not name is refused.
"""

from __future__ import annotations

import re
from fractions import Fraction

MAX_ANSWER_CHARS = 400
MAX_LAYERS = 3

WHITESPACE = " \t\n\r\f\v"


class Malformed(ValueError):
    """An answer that is not in the language of its kind; the message is the verdict's reason."""


_MINUS = "\u2212\u2010\u2011\u2013\u2014\u2012\ufe63\uff0d"
_SPACE = "\u00a0\u2002\u2003\u2004\u2005\u2007\u200a\u3000\n\r\t\f\v"
_THIN_SPACE = "\u2009\u202f"
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))

VULGAR = {
    "½": Fraction(1, 2),
    "⅓": Fraction(1, 3),
    "⅔": Fraction(2, 3),
    "¼": Fraction(1, 4),
    "¾": Fraction(3, 4),
    "⅕": Fraction(1, 5),
    "⅖": Fraction(2, 5),
    "⅗": Fraction(3, 5),
    "⅘": Fraction(4, 5),
    "⅙": Fraction(1, 6),
    "⅚": Fraction(5, 6),
    "⅐": Fraction(1, 7),
    "⅛": Fraction(1, 8),
    "⅜": Fraction(3, 8),
    "⅝": Fraction(5, 8),
    "⅞": Fraction(7, 8),
    "⅑": Fraction(1, 9),
    "⅒": Fraction(1, 10),
}

_TABLE = str.maketrans(
    {
        **dict.fromkeys(_MINUS, "-"),
        **dict.fromkeys(_SPACE, " "),
        **dict.fromkeys(_THIN_SPACE, "\\,"),
        "×": "*",
        "·": "*",
        "⋅": "*",
        "∙": "*",
        "∗": "*",
        "′": "'",
        "÷": "\\div ",
        "⁄": "/",
        "∕": "/",
        "∞": "\\infty ",
        "∪": "\\cup ",
        "∈": "\\in ",
        "∅": "\\emptyset ",
        "ℝ": "\\mathbb{R}",
        "√": "\\sqrt ",
    }
)

_SUPERSCRIPT_RUN = re.compile("[" + "".join(_SUPERSCRIPTS) + "]+")
_SIZING = re.compile(r"\\(?:left|right|[bB]igg?[lr]?|displaystyle)(?![A-Za-z])")
_CONNECTIVE = re.compile(r"\\(?:text|mathrm)\s*\{[\s~]*(or|and|)[\s~]*\}")
_UPRIGHT_LETTER = re.compile(r"\\(?:text|mathrm)\s*\{\s*([A-Za-z])\s*\}")
_SYNONYMS = {
    "lvert": "|",
    "rvert": "|",
    "vert": "|",
    "lbrace": "\\{",
    "rbrace": "\\}",
    "lor": " or ",
}
_SYNONYM = re.compile(rf"\\({'|'.join(_SYNONYMS)})(?![A-Za-z])")
# `\,` groups thousands, as the thin space does; anywhere else it is a space
_LATEX_SPACE = re.compile(r"\\[;:! ]|~|\\q?quad(?![A-Za-z])|(?<![0-9])\\,|\\,(?![0-9]{3})")
_OUTSIDE = re.compile("[^ -~" + "".join(VULGAR) + "]")
_WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_COMMAND_WRAPPER = re.compile(r"\\(?:boxed|text(?:bf)?|math(?:rm|bf))\s*\{")


def _superscript(match: re.Match[str]) -> str:
    return "^{" + "".join(_SUPERSCRIPTS[c] for c in match[0]) + "}"


def _letter(match: re.Match[str]) -> str:
    r"""Return the letter of `\mathrm{e}`, kept apart from letters beside it."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return " " * before.isalpha() + match[1] + " " * after.isalpha()


def _unwrap_once(text: str) -> str:
    """Remove one pair of delimiters that encloses the whole text, if there is one."""
    for left, right in _WRAPPERS:
        if len(text) > len(left) + len(right) and text.startswith(left) and text.endswith(right):
            inner = text[len(left) : -len(right)]
            return text if left in inner or right in inner else inner.strip(WHITESPACE)
    match = _COMMAND_WRAPPER.match(text)
    if match and text.endswith("}"):
        inner = text[match.end() : -1]
        depth = 0
        for char in inner.replace("\\{", "").replace("\\}", ""):
            depth += (char == "{") - (char == "}")
            if depth < 0:  # the closing brace at the end belongs to something else
                return text
        return inner.strip(WHITESPACE) if depth == 0 else text
    return text


def clean(text: str) -> str:
    r"""Return an answer in plain ASCII (and vulgar fractions), without its outer delimiters.

    At most three layers of `$…$`, `\(…\)`, `\[…\]`, `\boxed{…}`, `\text{…}` and one trailing
    full stop, inside or outside them, are removed.

    Raises:
        Malformed: more than 400 characters, nothing left, or a character outside the table.

    >>> clean("$\\boxed{x² − 1}$.")
    'x^{2} - 1'
    """
    if len(text) > MAX_ANSWER_CHARS:
        raise Malformed(f"longer than {MAX_ANSWER_CHARS} characters")
    text = text.translate(_TABLE).strip(" ")
    stopped = text.endswith(".")
    text = text[:-1].rstrip(" ") if stopped else text
    for _ in range(MAX_LAYERS):
        inner = _unwrap_once(text)
        if inner == text:
            break
        text = inner
        if text.endswith(".") and not stopped:
            stopped, text = True, text[:-1].rstrip(" ")
    text = _SUPERSCRIPT_RUN.sub(_superscript, text)
    outside = _OUTSIDE.search(text)
    if outside:
        raise Malformed(f"character U+{ord(outside[0]):04X} has no meaning here")
    if "\\" in text or "~" in text:
        text = _SIZING.sub("", text)
        text = _SYNONYM.sub(lambda match: _SYNONYMS[match[1]], text)
        text = _CONNECTIVE.sub(r" \1 ", text)
        text = _UPRIGHT_LETTER.sub(_letter, text)
        text = _LATEX_SPACE.sub(" ", text).strip(" ")
    if not text:
        raise Malformed("empty answer")
    return text
