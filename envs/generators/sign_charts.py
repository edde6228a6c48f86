"""Where a product of factors is positive or negative, as a union of intervals, for generators."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

OPPOSITE = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Cut(NamedTuple):
    """A point where an expression is 0 or undefined.

    Attributes:
        place: where it lies, near enough to put the cuts of one chart in order.
        text: what it is, exactly.
        odd: whether the sign changes there.
        pole: whether the expression is undefined there.
    """

    place: Fraction
    text: str
    odd: bool = True
    pole: bool = False


def rational_cut(value: Fraction | int, *, odd: bool = True, pole: bool = False) -> Cut:
    """Return the cut at a rational number."""
    return Cut(Fraction(value), str(value), odd, pole)


def solution(cuts: Sequence[Cut], sign: int, relation: str) -> str | None:
    """Return where an expression stands in `relation` to 0, from left to right.

    Args:
        cuts: every point where the expression is 0 or undefined, in any order.
        sign: of the expression on the far right.
        relation: a key of `OPPOSITE`.

    Returns:
        The union of intervals; None if it is empty or has a single point.

    >>> solution([rational_cut(3), rational_cut(1, pole=True)], 1, ">=")
    '(-inf, 1) U [3, inf)'
    """
    ordered = sorted(cuts)
    wanted, closed = (1 if ">" in relation else -1), "=" in relation
    sign *= (-1) ** sum(cut.odd for cut in ordered)
    inside = [sign == wanted]  # the gap left of all cuts, then a cut and a gap in turn
    for cut in ordered:
        sign = -sign if cut.odd else sign
        inside += [closed and not cut.pole, sign == wanted]
    return _union(inside, [cut.text for cut in ordered])


def _union(inside: list[bool], ends: list[str]) -> str | None:
    """Join the cells that lie inside; even places are gaps, odd places are the cuts `ends`."""
    parts: list[str] = []
    start = -1
    for i, flag in enumerate([*inside, False]):
        if flag and start < 0:
            start = i
        elif not flag and start >= 0:
            last, first = i - 1, start
            if first == last and first % 2:
                return None
            left = f"{'[' if first % 2 else '('}{ends[(first - 1) // 2]}" if first else "(-inf"
            right = f"{ends[last // 2]}{']' if last % 2 else ')'}" if last // 2 < len(ends) else ""
            parts.append(f"{left}, {right or 'inf)'}")
            start = -1
    return " U ".join(parts) or None
