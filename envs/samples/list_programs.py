"""Small reference programs on lists as chains of steps, their shapes, and their mutants.

Their values are computed here step by step, by no interpreter, as in `programs`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from ..problem import Case, Value

Numbers: TypeAlias = list[int]


class Step(NamedTuple):
    """One step of a chain.

    Attributes:
        name: a key of `STEPS`, or of `ENDS` for the last step.
        k: its constant, 1 … 9.
    """

    name: str
    k: int


Chain: TypeAlias = tuple[Step, ...]

# `@` is the list so far, and `#` the constant
STEPS: dict[str, tuple[str, Callable[[Numbers, int], Numbers]]] = {
    "add": ("[x + # for x in @]", lambda xs, k: [x + k for x in xs]),
    "times": ("[x * # for x in @]", lambda xs, k: [x * k for x in xs]),
    "above": ("[x for x in @ if x > #]", lambda xs, k: [x for x in xs if x > k]),
    "multiples": ("[x for x in @ if x % # == 0]", lambda xs, k: [x for x in xs if x % k == 0]),
    "drop": ("@[#:]", lambda xs, k: xs[k:]),
    "take": ("@[:#]", lambda xs, k: xs[:k]),
    "sort": ("sorted(@)", lambda xs, k: sorted(xs)),
    "reverse": ("@[::-1]", lambda xs, k: xs[::-1]),
    "unique": ("list(dict.fromkeys(@))", lambda xs, k: list(dict.fromkeys(xs))),
    "append": ("@ + [#]", lambda xs, k: [*xs, k]),
}
ENDS: dict[str, tuple[str, Callable[[Numbers, int], Value]]] = {
    "itself": ("@", lambda xs, k: [*xs]),
    "sum": ("sum(@) + #", lambda xs, k: sum(xs) + k),
    "count": ("@.count(#)", lambda xs, k: xs.count(k)),
    "any": ("# in @", lambda xs, k: k in xs),
    "pairs": ("[[x, x * #] for x in @]", lambda xs, k: [[x, x * k] for x in xs]),
    "split": ("(@, len(@))", lambda xs, k: (list[Value](xs), len(xs))),
    "text": ("'-'.join(map(str, @))", lambda xs, k: "-".join(map(str, xs))),
    "nothing": ("None if len(@) < # else len(@)", lambda xs, k: None if len(xs) < k else len(xs)),
}
HIDDEN_LISTS: tuple[Numbers, ...] = (
    *([], [0], [5], [3, 1, 2], [2, 2, 1, 2], [-4, 9, 0, 9, -4], [7, 6, 5, 4, 3, 2, 1]),
    *([10**6, -(10**6), 12], [8, 3, 8, 1, 6, 4, 9, 2, 7, 5, 3], [4, 4], [1, 2, 3, 4, 5, 6]),
)  # fmt: skip


def chain_text(chain: Chain) -> str:
    """Return a program as a Python expression in `xs`."""
    text = "xs"
    for name, k in chain:
        form = (STEPS.get(name) or ENDS[name])[0].replace("#", str(k))
        text = form.replace("@", f"({text})" if text != "xs" else text)
    return text


def chain_value(chain: Chain, xs: Numbers) -> Value:
    """Return the value of a program, computed without any interpreter."""
    for name, k in chain[:-1]:
        xs = STEPS[name][1](xs, k)
    name, k = chain[-1]
    return ENDS[name][1](xs, k)


def chain_cases(chain: Chain) -> list[Case]:
    """Return the hidden cases of a program."""
    return [(list[Value](xs), chain_value(chain, xs)) for xs in HIDDEN_LISTS]


def chain_mutants(chain: Chain) -> list[Chain]:
    """Return programs that differ in one place: a constant by 1, or a step left out."""
    found: list[Chain] = []
    for i, (name, k) in enumerate(chain):
        found.append((*chain[:i], Step(name, k + 1), *chain[i + 1 :]))
        if name in STEPS:
            found.append((*chain[:i], *chain[i + 1 :]))
        else:
            found += [(*chain[:i], Step(other, k)) for other in ENDS if other != name]
    return found


def chain_renderings(chain: Chain) -> list[str]:
    """Return the accepted shapes of one program; some change the list that they are given."""
    text = chain_text(chain)
    return [
        text,
        f"{text}  # of xs",
        f"lambda numbers: {text.replace('xs', 'numbers')}",
        f"f = lambda xs: {text}",
        f"def f(xs):\n    return {text}",
        f"def f(xs):\n    print(xs, 'CORRECT')\n    value = {text}\n    return value",
        f"def f(given):\n    xs = given[:]\n    given.clear()\n    return {text}",
        f"sum, len, type = sum, len, None\ndef f(xs):\n    return {text}",
        f"```python\n{text}\n```",
    ]
