"""What CPython tells apart and the interpreter does not: generators, iterators, sets without order.

The text is parsed here and never run. A generator expression that reaches `return` by way of a
variable, or is read twice, is not noticed; nor is the order of a set that gets there so.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_LAZY = re.compile(r"\b(?:enumerate|filter|map|reversed|zip)\b")
# in the interpreter these give lists; a chain is an iterator there too
_ITERATORS = """from itertools import chain as _chain
def _lazy(make, chain):
    return lambda *args, **options: chain(make(*args, **options))
enumerate, filter, map, reversed, zip = [
    _lazy(_make, _chain) for _make in (enumerate, filter, map, reversed, zip)
]
"""


def with_iterators(module: str) -> str:
    """Return a module in which `map`, `filter`, `zip` and such give iterators, as in CPython.

    >>> with_iterators("f = lambda n: n*n")
    'f = lambda n: n*n'
    """
    return _ITERATORS + module if _LAZY.search(module) else module


def is_generator(module: str) -> bool:
    r"""Whether `f` is defined as a generator function.

    >>> is_generator("def f(n):\n    yield n*n")
    True
    """
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in _own_nodes(_parts(module)))


def returns_generator(module: str) -> bool:
    """Whether `f` returns a generator expression.

    >>> returns_generator("f = lambda xs: (abs(x) for x in xs)")
    True
    >>> returns_generator("f = lambda xs: list(abs(x) for x in xs)")
    False
    """
    return any(map(_is_generator, _returned(module)))


def returns_set_order(module: str) -> bool:
    """Whether `f` returns the items of a set as they come: the interpreter keeps them in order.

    >>> returns_set_order("f = lambda xs: list(set(xs))")
    True
    >>> returns_set_order("f = lambda xs: sorted(set(xs))")
    False
    """
    return any(map(_lists_a_set, _returned(module)))


def _returned(module: str) -> list[ast.expr]:
    """Return the expressions that `f` returns."""
    parts = _parts(module)
    found = [node for node in parts if isinstance(node, ast.expr)]
    returns = (node for node in _own_nodes(parts) if isinstance(node, ast.Return))
    return found + [node.value for node in returns if node.value]


def _parts(module: str) -> list[ast.AST]:
    """Return the body of the last definition of `f`: its statements, or a lambda's expression."""
    try:
        body = ast.parse(module).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    parts: list[ast.AST] = []
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == "f":
            parts = list(node.body)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            parts = [node.value.body]
    return parts


def _own_nodes(parts: list[ast.AST]) -> Iterator[ast.AST]:
    """Yield what belongs to a function itself, and not to functions and lambdas inside it."""
    waiting = list(parts)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _INNER):
            waiting += ast.iter_child_nodes(node)


def _is_generator(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_generator(node.body) or _is_generator(node.orelse)
    return isinstance(node, ast.GeneratorExp)


def _lists_a_set(node: ast.expr) -> bool:
    match node:
        case ast.IfExp(body=one, orelse=other):
            return _lists_a_set(one) or _lists_a_set(other)
        case ast.Subscript(value=inner):
            return _lists_a_set(inner)
        case ast.Call(func=ast.Name(id="list" | "tuple"), args=[items]):
            return _is_set(items)
        case ast.List(elts=[ast.Starred(value=items)]):
            return _is_set(items)
        case ast.ListComp(generators=[ast.comprehension(iter=items), *_]):
            return _is_set(items)
    return False


def _is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")
    return isinstance(node, (ast.Set, ast.SetComp))
