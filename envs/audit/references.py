"""Reference programs as text: the module they stand for, the shapes they may take, their mutants.

Written for the audit alone: the verifier's own reading of programs takes no part.
"""

from __future__ import annotations

import ast
import builtins
import copy
import symtable
from collections.abc import Iterator
from typing import Any

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mod,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitXor,
    ast.BitXor: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.USub: ast.UAdd,
}
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_NAMES = {"min": "max", "max": "min", "sum": "len", "any": "all", "all": "any", "sorted": "list"}


def expression(text: str) -> ast.expr | None:
    """Return the tree of a program that is an expression or a lambda, or None."""
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None


def parameter(text: str) -> str:
    """Return the free name of an expression, which is what `f` takes; `n` if there is none.

    >>> parameter("max([x for x in xs])"), parameter("3")
    ('xs', 'n')
    """
    names = _global_names(symtable.symtable(text.strip(), "reference", "eval"))
    return next((name for name in names if not hasattr(builtins, name)), "n")


def _global_names(table: symtable.SymbolTable) -> Iterator[str]:
    outermost = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_global() or (outermost and not symbol.is_assigned()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from _global_names(inner)


def as_lambda(text: str) -> str | None:
    """Return a program as a lambda, or None if it is module text."""
    tree = expression(text)
    if tree is None:
        return None
    return (
        text.strip()
        if isinstance(tree, ast.Lambda)
        else f"lambda {parameter(text)}: {text.strip()}"
    )


def module_text(text: str) -> str:
    """Return a reference program as module text that defines `f`."""
    function = as_lambda(text)
    return text if function is None else f"f = {function}"


def shapes(text: str) -> list[str]:
    """Return the accepted shapes of a reference program."""
    found = [text, f"  {text}\n" if expression(text) else f"{text}\n\n", f"```python\n{text}\n```"]
    tree = expression(text)
    if tree is None:
        return [*found, f"{text}\n# done", f"# the function asked for\n{text}"]
    function = as_lambda(text)
    assert function is not None
    name = parameter(text)
    if not isinstance(tree, ast.Lambda):
        found += [f"({text})", f"{text}  # of {name}"]
        found += [f"def f({name}):\n    return {text}"]
        found += [f"def f({name}):\n    value = {text}\n    return value\n"]
    return [*found, function, f"f = {function}", f"```\n{function}\n```"]


def wrong_types(text: str) -> list[str]:
    """Return programs whose values are those of a reference in a list, as text, and in a tuple."""
    head = f"{module_text(text)}\ng = f\ndef f(x):\n    return "
    return [f"{head}[g(x)]", f"{head}str([g(x)])", f"{head}(g(x),)"]


def mutants(text: str) -> list[str]:
    """Return module texts that differ from a reference in one place: a constant, an operator."""
    tree = ast.parse(module_text(text))
    found = []
    for place, node in enumerate(ast.walk(tree)):
        for name, value in _changes(node):
            other = copy.deepcopy(tree)
            setattr(list(ast.walk(other))[place], name, value)
            found.append(ast.unparse(other))
    return list(dict.fromkeys(found))


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield (attribute, new value) for each small change of a node."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "value", not node.value
        elif isinstance(node.value, int):
            yield "value", node.value + 1
            yield "value", node.value - 1
        elif isinstance(node.value, str):
            yield "value", node.value + "a"
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.UnaryOp | ast.AugAssign):
        if type(node.op) in _OPERATORS:
            yield "op", _OPERATORS[type(node.op)]()
    elif isinstance(node, ast.Compare):
        yield "ops", [_COMPARISONS.get(type(op), type(op))() for op in node.ops]
    elif isinstance(node, ast.Name) and node.id in _NAMES:
        yield "id", _NAMES[node.id]
