"""A bounded parser from polynomial text to a small frozen syntax tree.

Caps come before work: the length of the text, the digits of a number, the nesting and every
exponent are limited while reading, so that no text costs more than a few hundred microseconds.
Nothing is evaluated here and no name is looked up anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from .characters import MAX_ANSWER_CHARS, VULGAR, Malformed
from .literals import plain_fractions

MAX_DIGITS = 60
MAX_NESTING = 40
MAX_EXPONENT = 400


@dataclass(frozen=True, slots=True)
class Num:
    """A literal, at least 0; an int where it is whole, because that is faster."""

    value: int | Fraction


@dataclass(frozen=True, slots=True)
class Var:
    """A variable, one ASCII letter."""

    name: str


@dataclass(frozen=True, slots=True)
class Neg:
    """Minus `body`."""

    body: Node


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of two or more parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The product of two or more parts; a quotient is a product with a `Recip`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Recip:
    """One divided by `body`."""

    body: Node


@dataclass(frozen=True, slots=True)
class Pow:
    """`base` to a literal exponent in 0 … 400."""

    base: Node
    exponent: int


@dataclass(frozen=True, slots=True)
class Call:
    """A named function of `body`; only `functions.parse_function` makes these."""

    name: str
    body: Node


Node: TypeAlias = Num | Var | Neg | Sum | Product | Recip | Pow | Call

# what a token may be, in order; `functions` puts the names of functions in between
NUMBER_TOKEN = (
    r"(?P<num>[1-9][0-9]{0,2}(?:(?:\{,\}[0-9]{3})+|(?:,[0-9]{3})+)(?![0-9])(?:\.[0-9]+)?"
    r"|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    r"|(?P<vulgar>[" + "".join(VULGAR) + r"])"
)
WORD_TOKEN = r"(?P<word>[A-Za-z]{3,})|(?P<var>[A-Za-z])"
OPERATOR = r"\*\*|[-+*/^(){}]|\\(?:frac|cdot|times|div)(?![A-Za-z])"
_TOKEN = re.compile(rf" *(?:{NUMBER_TOKEN}|{WORD_TOKEN}|(?P<op>{OPERATOR}))")
_SAME_AS = {"**": "^", "\\cdot": "*", "\\times": "*", "\\div": "/"}
_END = ("end", "")


def _tokens(text: str, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Split into (kind, text) pairs that end in an `end` token."""
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip(" "))
    while at < end:
        match = pattern.match(text, at)
        if not match or match.lastgroup is None:
            raise Malformed(f"cannot read {text[at:].lstrip()[:1]!r}")
        word = match[match.lastgroup]
        if match.lastgroup == "word":  # a function or prose, not a product of its letters
            raise Malformed(f"the word {word[:12]!r}")
        found.append((match.lastgroup, _SAME_AS.get(word, word)))
        at = match.end()
    found.append(_END)
    return found


def _number(word: str) -> int | Fraction:
    whole, _, tail = word.partition(".")
    digits = (whole if whole.isdigit() else re.sub(r"[^0-9]", "", whole)) + tail
    if len(digits) > MAX_DIGITS:
        raise Malformed(f"a number of more than {MAX_DIGITS} digits")
    return Fraction(int(digits), 10 ** len(tail)) if tail else int(digits)


class Parser:
    """Recursive descent over the tokens of one text; used once and thrown away.

    Args:
        text: cleaned text.
        pattern: of a token, each with its kind as the name of the group that matches.
    """

    def __init__(self, text: str, pattern: re.Pattern[str] = _TOKEN) -> None:
        """Read the tokens."""
        self.tokens = _tokens(text, pattern)
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
        """Consume the operator `word`, or raise `Malformed`."""
        if not self.take(word):
            raise Malformed(f"expected {word!r}, found {self.tokens[self.at][1] or 'the end'!r}")

    def enter(self) -> None:
        """Count one more level of nesting."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise Malformed(f"nested deeper than {MAX_NESTING}")

    def whole(self) -> Node:
        """Read the whole text as one sum."""
        node = self.sum()
        if self.tokens[self.at] is not _END:
            raise Malformed(f"unexpected {self.tokens[self.at][1]!r}")
        return node

    def sum(self) -> Node:
        """Read terms with signs between them."""
        self.enter()
        parts = [self.signed(self.product)]
        while sign := self.take("+", "-"):
            part = self.signed(self.product)
            parts.append(Neg(part) if sign == "-" else part)
        self.depth -= 1
        return parts[0] if len(parts) == 1 else Sum(tuple(parts))

    def signed(self, read: Callable[[], Node]) -> Node:
        """Read what `read` reads after any signs."""
        sign = self.take("+", "-")
        if not sign:
            return read()
        self.enter()
        body = self.signed(read)
        self.depth -= 1
        return Neg(body) if sign == "-" else body

    def product(self) -> Node:
        """Read factors with `*`, `/` or nothing between them."""
        parts = [self.power()]
        while True:
            if self.take("*"):
                parts.append(self.signed(self.power))
            elif self.take("/"):
                parts.append(Recip(self.signed(self.power)))
            else:
                kind, word = self.tokens[self.at]
                if kind in ("num", "vulgar"):
                    raise Malformed("a number directly after a factor")
                if kind not in ("var", "call") and word not in ("(", "\\frac"):
                    break
                literal = isinstance(parts[-1], Num) and self.tokens[self.at - 1][0] == "num"
                parts.append(self.power())
                if literal and word == "\\frac" and _is_literal_fraction(parts[-1]):
                    raise Malformed("a mixed number or a product")
        return parts[0] if len(parts) == 1 else Product(tuple(parts))

    def power(self) -> Node:
        """Read a factor with its exponent."""
        base = self.atom()
        if not self.take("^"):
            return base
        exponent = self.exponent()
        if self.take("^"):
            raise Malformed("a tower of powers")
        return Pow(base, exponent)

    def exponent(self) -> int:
        """Read a literal exponent."""
        opening = self.take("{", "(")
        kind, word = self.tokens[self.at]
        if kind != "num" or not word.isdigit():
            raise Malformed("an exponent must be a whole number from 0 up")
        self.at += 1
        if opening:
            self.expect("}" if opening == "{" else ")")
        if len(word) > 4 or int(word) > MAX_EXPONENT:
            raise Malformed(f"an exponent above {MAX_EXPONENT}")
        return int(word)

    def atom(self) -> Node:
        """Read a literal, a variable or what stands in brackets."""
        kind, word = self.tokens[self.at]
        self.at += 1
        if kind == "num":
            return Num(_number(word))
        if kind == "vulgar":
            return Num(VULGAR[word])
        if kind == "var":
            return Var(word)
        if word == "(":
            body = self.sum()
            self.expect(")")
            return body
        if word == "\\frac":
            return Product((self.braced(), Recip(self.braced())))
        raise Malformed(f"unexpected {word or 'end'!r}")

    def braced(self) -> Node:
        """Read what stands in braces."""
        self.expect("{")
        body = self.sum()
        self.expect("}")
        return body


def _is_literal_fraction(node: Node) -> bool:
    """Whether a tree is one number over another."""
    match node:
        case Product((Num(), Recip(Num()))):
            return True
    return False


def parse_expression(text: str) -> Node:
    r"""Return the syntax tree of a cleaned polynomial text.

    `2x`, `2(x+1)` and `xy` are products; multiplication and division bind equally and from the
    left, so `1/2x` is x/2. Exponents are literals; a tower, a number after a factor (`x2`), what
    may be a mixed number (`2\frac{1}{3}`), an equation, three letters in a row (a function's name
    or prose) or a comma is malformed.

    Raises:
        Malformed: the text is outside this language or over a cap.

    >>> parse_expression("x^2 - 1")
    Sum(parts=(Pow(base=Var(name='x'), exponent=2), Neg(body=Num(value=1))))
    """
    if len(text) > MAX_ANSWER_CHARS:
        raise Malformed(f"longer than {MAX_ANSWER_CHARS} characters")
    return Parser(plain_fractions(text)).whole()


def variables(node: Node) -> frozenset[str]:
    """Return the names of the variables that occur in a tree."""
    match node:
        case Num():
            return frozenset()
        case Var(name):
            return frozenset((name,))
        case Sum(parts) | Product(parts):
            return frozenset().union(*map(variables, parts))
        case Neg(body) | Recip(body) | Pow(body, _) | Call(_, body):
            return variables(body)
