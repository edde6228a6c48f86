"""What the interpreter lacks and CPython tells apart: generators, and iterators that are no lists.

The text is parsed here and never run. An iterator that reaches `return` by way of a variable is
not noticed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_LAZY = frozenset({"enumerate", "filter", "iter", "map", "reversed", "zip"})
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def is_generator(module: str) -> bool:
    r"""Whether `f` is defined as a generator function.

    >>> is_generator("def f(n):\n    yield n*n")
    True
    """
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in _own_nodes(_parts(module)))


def returns_iterator(module: str) -> bool:
    """Whether `f` returns a generator expression, or what `map`, `filter`, `zip` and such give.

    >>> returns_iterator("f = lambda xs: map(abs, xs)")
    True
    >>> returns_iterator("f = lambda xs: list(map(abs, xs))")
    False
    """
    parts = _parts(module)
    returned = [node for node in parts if isinstance(node, ast.expr)]
    returned += [
        node.value for node in _own_nodes(parts) if isinstance(node, ast.Return) and node.value
    ]
    return any(_is_lazy(node) for node in returned)


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


def _is_lazy(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_lazy(node.body) or _is_lazy(node.orelse)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _LAZY
    return isinstance(node, ast.GeneratorExp)
