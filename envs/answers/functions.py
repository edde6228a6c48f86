r"""A parser of elementary functions on top of `expressions`: `sin(2x)`, `e^{-x}`, `x^{3/2}`.

Beside products and sums it reads the functions that the kind names, negative exponents and
exponents that are halves. Names need a bracket or one plain factor behind them: `sin 2x` is read,
`sin x^2` and `sin x/2` mean different things to different readers and are malformed.
"""

from __future__ import annotations

import functools
import re
from fractions import Fraction

from .characters import MAX_ANSWER_CHARS, Malformed
from .expressions import (
    MAX_EXPONENT,
    NUMBER_TOKEN,
    OPERATOR,
    WORD_TOKEN,
    Call,
    Neg,
    Node,
    Num,
    Parser,
    Pow,
    Product,
    Recip,
    variables,
)
from .literals import plain_fractions
from .poly_values import Evaluator

ELEMENTARY = frozenset({"sqrt", "sin", "cos", "tan", "sec", "csc", "cot", "exp", "ln", "log"})

_CLOSING = {"(": ")", "{": "}", "|": "|"}


@functools.cache
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    """Return the pattern of a token where `names` are functions."""
    listed = "|".join(sorted(names)) or r"(?!)"
    call = rf"\\?(?P<call>{listed})(?![A-Za-z])"
    return re.compile(rf" *(?:{NUMBER_TOKEN}|{call}|{WORD_TOKEN}|(?P<op>{OPERATOR}|\|))")


class _FunctionParser(Parser):
    """`Parser` with functions and with exponents that are negative, halves or, over e, anything."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        super().__init__(text, _pattern(names))
        self.names = names

    def power(self) -> Node:
        """Read a factor with its exponent; `e^u` is exp(u)."""
        euler = self.tokens[self.at] == ("var", "e") and "exp" in self.names
        base = self.atom()
        if not self.take("^"):
            return base
        exponent = self.signed(self.superscript)
        if self.take("^"):
            raise Malformed("a tower of powers")
        return Call("exp", exponent) if euler else self.raised(base, _constant(exponent))

    def superscript(self) -> Node:
        """Read an exponent without its sign."""
        if self.take("{"):
            body = self.sum()
            self.expect("}")
            return body
        return self.atom()

    def raised(self, base: Node, exponent: Fraction) -> Node:
        """Return `base` to an exponent that is whole or a half of a whole number."""
        if abs(exponent.numerator) > MAX_EXPONENT:
            raise Malformed(f"an exponent above {MAX_EXPONENT}")
        if exponent.denominator == 2 and "sqrt" in self.names:
            base = Call("sqrt", base)
        elif exponent.denominator != 1:
            raise Malformed("an exponent that is no whole number")
        if exponent < 0:
            return Recip(Pow(base, -exponent.numerator))
        return Pow(base, exponent.numerator)

    def atom(self) -> Node:
        """Read a literal, a variable, a function with its argument or what stands in brackets."""
        kind, word = self.tokens[self.at]
        if kind == "call":
            self.at += 1
            return self.call("ln" if word == "log" else word)
        if kind == "var" and word == "e" and "exp" in self.names:
            self.at += 1
            return Call("exp", Num(1))
        return super().atom()

    def call(self, name: str) -> Node:
        """Read what follows a function's name: perhaps an exponent, then the argument."""
        exponent = 1
        if self.take("^"):
            exponent = self.exponent()
            if exponent < 1:
                raise Malformed("a function to a power below 1")
        opening = self.take("(", "{", "|")
        if opening:
            if opening == "|" and name != "ln":
                raise Malformed("an absolute value")
            if opening in ("(", "{") and name == "ln" and self.take("|"):
                opening = "|" + _CLOSING[opening]
            body = self.sum()
            for closing in opening[0] if len(opening) == 1 else opening:
                self.expect(_CLOSING.get(closing, closing))
            if opening[0] == "|":
                name = "ln_abs"
        else:
            body = self.bare_argument()
        return Call(name, body) if exponent == 1 else Pow(Call(name, body), exponent)

    def bare_argument(self) -> Node:
        """Read an argument without brackets: a number, a variable, their product, or one factor.

        Such a factor is a fraction in braces or a root.
        """
        kind, word = self.tokens[self.at]
        if kind not in ("num", "var") and word not in ("\\frac", "sqrt"):
            raise Malformed("a function without an argument")
        body = self.atom()
        if kind == "num" and self.tokens[self.at][0] == "var":
            body = Product((body, self.atom()))
        kind, word = self.tokens[self.at]
        if kind in ("num", "vulgar", "var") or word in ("^", "/", "(", "\\frac"):
            raise Malformed("a function whose argument needs brackets")
        return body


def _constant(exponent: Node) -> Fraction:
    """Return the value of an exponent without variables."""
    match exponent:
        case Num(value):
            return Fraction(value)
        case Neg(Num(value)):
            return Fraction(-value)
    if variables(exponent):
        raise Malformed("a variable in an exponent")
    number = Evaluator(()).polynomial(exponent)
    return Fraction(number.terms.get((), 0), number.denominator)


def parse_function(text: str, names: frozenset[str] = ELEMENTARY) -> Node:
    r"""Return the syntax tree of a cleaned text in the functions `names`.

    `log` is the natural logarithm and `e`, where `exp` is a name, its base; `ln|u|` is the call
    `ln_abs`. A power with a half for an exponent is a power of the call `sqrt`.

    Raises:
        Malformed: the text is outside this language or over a cap.

    >>> parse_function("\\sin x") == parse_function("sin(x)")
    True
    >>> parse_function("e^{2}") == parse_function("exp(2)")
    True
    """
    if len(text) > MAX_ANSWER_CHARS:
        raise Malformed(f"longer than {MAX_ANSWER_CHARS} characters")
    return _FunctionParser(plain_fractions(text), names).whole()
