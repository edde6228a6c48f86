"""A small language of list functions: steps, pipelines of steps, and their spelling in Python.

After the domain language of DeepCoder (Balog et al. 2017) and the concepts of Rule, Tenenbaum and
Piantadosi (2020). A step is written twice, as Python text and as a function, and a test holds the
two together; the text is what a model should learn to write, and the function what is graded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Ints: TypeAlias = list[int]
Output: TypeAlias = "list[int] | int"
# of a list; a lambda that carries its constants as defaults (`k=k`) takes more than one argument
Function: TypeAlias = "Callable[..., Output]"


@dataclass(frozen=True, slots=True)
class Step:
    """One function of a list.

    Attributes:
        group: the skill it belongs to, such as `keep`.
        text: a Python expression in `xs`.
        apply: the same function; it leaves its argument alone and takes every list of ints.
        tier: the greatest number of steps that a pipeline with this step may have.
        element: the expression in `x`, if every element is changed on its own.
        test: the condition on `x`, if elements are kept or dropped on their own.
        number: whether it gives a number, and so can only be the last step.
    """

    group: str
    text: str
    apply: Function
    tier: int = 1
    element: str = ""
    test: str = ""
    number: bool = False


def each(group: str, element: str, function: Callable[..., int], tier: int = 1) -> Step:
    """Return the step that applies `function`, spelled `element`, to every element."""
    text = f"[{element} for x in xs]"
    return Step(group, text, lambda xs: list(map(function, xs)), tier, element=element)


def keep(group: str, test: str, function: Callable[..., bool], tier: int = 1) -> Step:
    """Return the step that keeps the elements for which `function`, spelled `test`, holds."""
    text = f"[x for x in xs if {test}]"
    return Step(group, text, lambda xs: list(filter(function, xs)), tier, test=test)


Pipeline: TypeAlias = tuple[Step, ...]


def run(pipeline: Pipeline, xs: Ints) -> Output:
    """Return what the steps, first to last, make of `xs`."""
    *before, last = pipeline
    for step in before:
        out = step.apply(xs)
        assert isinstance(out, list), step
        xs = out
    return last.apply(xs)


def spell(pipeline: Pipeline) -> str:
    """Return a pipeline as one Python expression in `xs`.

    >>> double = each("scale", "x*2", lambda x: x * 2)
    >>> positive = keep("keep", "x > 0", lambda x: x > 0)
    >>> head = Step("cut", "xs[:3]", lambda xs: xs[:3])
    >>> spell((positive, double))
    '[x*2 for x in xs if x > 0]'
    >>> spell((double, positive, head))
    '[x for x in [x*2 for x in xs] if x > 0][:3]'
    """
    text = "xs"
    at = 0
    while at < len(pipeline):
        template = pipeline[at].text
        if at + 1 < len(pipeline) and pipeline[at].test and pipeline[at + 1].element:
            template = f"[{pipeline[at + 1].element} for x in xs if {pipeline[at].test}]"
            at += 1
        text = _seat(template, text)
        at += 1
    return text


def _seat(template: str, inner: str) -> str:
    """Return `template` with `inner` for its `xs`."""
    if inner == "xs":
        return template
    if template.count("xs") > 1:
        # named once: written out twice it would be computed twice, and inside a loop many times
        return f"(lambda ys: {template.replace('xs', 'ys')})({inner})"
    before, after = template.split("xs")
    is_argument = before.endswith("(") and after.startswith((")", ","))
    if is_argument or before.endswith(" in ") or _is_atom(inner):
        return f"{before}{inner}{after}"
    return f"{before}({inner}){after}"


def _is_atom(text: str) -> bool:
    """Say whether a slice or a sum can follow `text` without brackets around it."""
    depth = 0
    for char in text:
        depth += (char in "([") - (char in ")]")
        # a sign, or a space as in `if … else …`, outside all brackets
        if depth == 0 and char in "+-* ":
            return False
    return True
