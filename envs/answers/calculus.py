"""Answers of calculus: rational and elementary functions, antiderivatives, limits.

Functions are compared as functions, in any form, wherever both are defined: `x^2/x` is `x`.
`identity` decides without sympy and refuses what it cannot decide.
"""

from __future__ import annotations

import functools
import math
import re
from fractions import Fraction

from ..problem import Status, Verdict
from .characters import Malformed, clean
from .expressions import Neg, Node, Sum, Var, variables
from .functions import ELEMENTARY, parse_function
from .identity import Expression, expression, identical
from .kind import CORRECT, Kind, by_value
from .literals import parse_rational, split_head, without_assignment

ANOTHER = Verdict(Status.WRONG, "another function")
CONSTANTS = ("C", "c")  # of integration

_RATIONAL: frozenset[str] = frozenset()
_INFINITY = re.compile(r"([+-]?) *(?:\\infty|[Ii]nf(?:inity)?|oo) *")


def _parse(functions: frozenset[str], text: str) -> Node:
    """Return the tree of a text, or of what follows `f(x) =`, `y' =` or `dy/dx =`."""
    name, body = split_head(clean(text))
    node = parse_function(body, functions)
    if name in variables(node):  # `x = x^2` is an equation
        raise Malformed("an equation")
    return node


def _read(functions: frozenset[str], antiderivative: bool, gold: str) -> Expression:
    node = _parse(functions, gold)
    names = variables(node)
    if antiderivative:
        node = _without_constant(node, names.difference(CONSTANTS) or names)
        names = variables(node)
        if len(names) != 1:
            raise ValueError(f"an antiderivative needs one variable, got {gold!r}")
    return expression(node, tuple(sorted(names)))


def _judge(
    functions: frozenset[str], antiderivative: bool, reference: Expression, text: str
) -> Verdict:
    """Grade a function, or an antiderivative, which may differ by a constant."""
    node = _parse(functions, text)
    if antiderivative:
        node = _without_constant(node, frozenset(reference.names))
    others = variables(node).difference(reference.names)
    if others:
        return Verdict(Status.WRONG, f"the variable {min(others)} is not in the reference")
    answer = expression(node, reference.names)
    return CORRECT if identical(reference, answer, derivative=antiderivative) else ANOTHER


def _without_constant(node: Node, names: frozenset[str]) -> Node:
    """Return a sum without its one term `C` or `c`, if that is no variable."""
    if isinstance(node, Sum):
        for k, part in enumerate(node.parts):
            name = part.body if isinstance(part, Neg) else part
            if isinstance(name, Var) and name.name in CONSTANTS and name.name not in names:
                rest = node.parts[:k] + node.parts[k + 1 :]
                return rest[0] if len(rest) == 1 else Sum(rest)
    return node


def parse_limit(text: str) -> Fraction | float:
    r"""Return the value of a cleaned limit: a rational number, or plus or minus infinity.

    Raises:
        Malformed: the text is neither a rational literal nor an infinity.

    >>> parse_limit("-\\infty"), parse_limit("L = 3/4")
    (-inf, Fraction(3, 4))
    """
    text = without_assignment(text)
    if match := _INFINITY.fullmatch(text):
        return -math.inf if match[1] == "-" else math.inf
    return parse_rational(text)


def _kind(name: str, summary: str, functions: frozenset[str], *, antiderivative: bool) -> Kind:
    return Kind(
        name,
        summary,
        functools.partial(_read, functions, antiderivative),
        functools.partial(_judge, functions, antiderivative),
    )


KINDS = (
    _kind("ratfun", "a rational function in any form", _RATIONAL, antiderivative=False),
    _kind("func", "an elementary function in any form", ELEMENTARY, antiderivative=False),
    _kind("antider", "an antiderivative, up to a constant", ELEMENTARY, antiderivative=True),
    by_value("limit", "a rational literal, or plus or minus infinity", parse_limit),
)
