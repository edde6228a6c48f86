r"""Numbers in exact form: rationals, square roots and i, such as `(1 + sqrt(5))/2` or `2 - 3i`.

The form is finished: a radicand is square-free and above 1, like terms are collected, and each
coefficient is one literal. `sqrt(8)`, `1/sqrt(5)`, `2*3*sqrt(2)`, `i*i` and `sqrt(-4)` are left to
compute, and so malformed. One division of the whole by an integer is allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .characters import VULGAR, Malformed
from .kind import by_value
from .literals import parse_rational, plain_fractions, without_assignment
from .surd_values import MAX_RADICAND, Exact, Surd, is_square_free

MAX_BRACKETS = 2

_TOKEN = re.compile(
    r" *(?:(?P<num>[1-9][0-9]{0,2}(?:(?:\{,\}[0-9]{3})+|(?:,[0-9]{3})+|(?:\\,[0-9]{3})+)(?![0-9])"
    r"|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    r"|(?P<vulgar>[" + "".join(VULGAR) + r"])"
    r"|(?P<root>\\?sqrt(?![A-Za-z]))"
    r"|(?P<unit>(?:[iI]|\\mathrm *\{ *i *\})(?![A-Za-z]))"
    r"|(?P<op>[-+*/(){}]|\\frac(?![A-Za-z])|\\cdot(?![A-Za-z])|\\times(?![A-Za-z])))"
)
_SAME_AS = {"\\cdot": "*", "\\times": "*"}
_END = ("end", "")
# no rational literal holds these letters, and every other exact number holds one
_IRRATIONAL = re.compile("[qiI]")


@dataclass(slots=True)
class _Term:
    """A product while it is read: each part may be given once."""

    sign: int
    top: Fraction | None = None
    bottom: int | None = None
    root: int = 1
    imaginary: bool = False
    group: list[_Term] | None = None  # a bracket with several terms, which only `bottom` may follow
    factors: int = 0

    def scale(self, top: Fraction) -> None:
        if self.top is not None:
            raise Malformed("a product of two numbers")
        self.top = top

    def divide(self, bottom: int) -> None:
        if self.bottom is not None:
            raise Malformed("two divisions")
        if bottom == 0:
            raise Malformed("denominator is zero")
        self.bottom = bottom

    def take_root(self, radicand: int) -> None:
        if self.root != 1:
            raise Malformed("a product of two roots")
        self.root = radicand

    def take_unit(self) -> None:
        if self.imaginary:
            raise Malformed("a power of i")
        self.imaginary = True

    def merge(self, inner: list[_Term]) -> None:
        """Take in the terms of a bracket or a numerator."""
        if len(inner) > 1:
            if self.factors:
                raise Malformed("a product with a sum")
            self.group = inner
            return
        (other,) = inner
        if other.group is not None:
            raise Malformed("a bracket in a bracket")
        if other.sign < 0:
            if self.sign < 0:
                raise Malformed("two signs")
            self.sign = -1
        if other.top is not None:
            self.scale(other.top)
        if other.bottom is not None:
            self.divide(other.bottom)
        if other.root != 1:
            self.take_root(other.root)
        if other.imaginary:
            self.take_unit()


class _Reader:
    """Recursive descent over the tokens of one text; used once and thrown away."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

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

    def integer(self) -> int:
        kind, word = self.tokens[self.at]
        if kind != "num" or "." in word:
            raise Malformed("expected a whole number")
        self.at += 1
        return int(parse_rational(word))

    def sum(self) -> list[_Term]:
        if self.depth > MAX_BRACKETS:
            raise Malformed("too many brackets")
        terms = [self.term(self.take("+", "-"))]
        while sign := self.take("+", "-"):
            terms.append(self.term(sign))
        return terms

    def term(self, sign: str) -> _Term:
        term = _Term(-1 if sign == "-" else 1)
        bracketed = self.factor(term)
        alone = self.at
        while True:
            if self.take("/"):
                term.divide(self.integer())
            elif self.take("*") or self.starts_factor():
                self.factor(term)
            else:
                break
        if bracketed and self.at == alone:
            raise Malformed("brackets around a whole term")
        return term

    def starts_factor(self) -> bool:
        kind, word = self.tokens[self.at]
        if kind in ("num", "vulgar"):
            raise Malformed("a number directly after a factor")
        return kind in ("root", "unit") or word in ("(", "\\frac")

    def factor(self, term: _Term) -> bool:
        """Read one factor into `term`; return whether it was in brackets."""
        if term.group is not None:
            raise Malformed("a product with a sum")
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind == "num":
            term.scale(parse_rational(word))
            if "." in word:
                term.divide(1)  # a decimal is a fraction already
        elif kind == "vulgar":
            term.scale(VULGAR[word])
            term.divide(1)
        elif kind == "root":
            term.take_root(self.radicand())
        elif kind == "unit":
            term.take_unit()
        elif word in ("(", "\\frac"):
            self.bracket(term, word)
        else:
            raise Malformed(f"unexpected {word or 'end'!r}")
        term.factors += 1
        return word == "("

    def bracket(self, term: _Term, word: str) -> None:
        if word == "\\frac":
            self.expect("{")
        self.depth += 1
        inner = self.sum()
        self.depth -= 1
        term.merge(inner)
        self.expect(")" if word == "(" else "}")
        if word == "\\frac":
            braced = self.take("{")
            term.divide(self.integer())
            if braced:
                self.expect("}")

    def radicand(self) -> int:
        opening = self.take("(", "{")
        n = self.integer()
        if opening:
            self.expect(")" if opening == "(" else "}")
        if not 1 < n <= MAX_RADICAND:
            raise Malformed(f"a radicand must be in 2 … {MAX_RADICAND}")
        if not is_square_free(n):
            raise Malformed("a root that can be simplified")
        return n


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


def _collect(terms: list[_Term], sign: int, bottom: int | None) -> Surd:
    """Return the number that a finished sum of terms is, over one common denominator or none."""
    found: dict[tuple[int, bool], Fraction] = {}
    for term in terms:
        if term.group is not None:
            raise Malformed("a bracket inside a sum")
        if bottom is not None and term.bottom is not None:
            raise Malformed("two divisions")
        key = term.root, term.imaginary
        if key in found:
            raise Malformed("like terms are not collected")
        top = Fraction(1) if term.top is None else term.top
        if not top:
            raise Malformed("a term that is zero")
        found[key] = sign * term.sign * top / (term.bottom or bottom or 1)
    return Surd(tuple((*key, found[key]) for key in sorted(found)))


def parse_surd(text: str) -> Exact:
    r"""Return the exact number that a cleaned text without an assignment writes in finished form.

    Terms are products of a rational literal, a root and i, in any order; `3/2i` is `(3/2)*i`.

    Raises:
        Malformed: the text is no such number, or is left to compute.

    >>> parse_surd("(1 + sqrt(5))/2") == parse_surd("\\frac{\\sqrt5}{2} + \\frac12")
    True
    >>> parse_surd("4/2")
    Fraction(2, 1)
    """
    if not _IRRATIONAL.search(text):
        return parse_rational(text)
    reader = _Reader(plain_fractions(text))
    terms = reader.sum()
    if reader.tokens[reader.at] is not _END:
        raise Malformed(f"unexpected {reader.tokens[reader.at][1]!r}")
    first = terms[0]
    if len(terms) == 1 and first.group is not None:
        return _collect(first.group, first.sign, first.bottom)
    return _collect(terms, 1, None)


def _surd(text: str) -> Exact:
    # `i = 2` would give i a value
    return parse_surd(text if text[0] in "iI" else without_assignment(text))


KINDS = (by_value("surd", "a number in exact form: rationals, square roots, i", _surd),)
