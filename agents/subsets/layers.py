"""Layers by position: the numbers that a choice such as `first:5` stands for."""

from __future__ import annotations

import re
from collections.abc import Callable

from ...curricula.checks import near_miss
from ...envs.streams import keyed_rng

CHOICES = {
    "first": "first:k",
    "last": "last:k",
    "middle": "middle:k",
    "every": "every:n",
    "random": "random:k",
    "layers": "layers:3,7,10-14",
}


def choose_layers(text: str, count: int, *, seed: int = 0) -> tuple[int, ...]:
    """Return the numbers of the chosen layers, from the bottom (0), in order.

    The middle k start at floor(count/2 - k/2), as in arXiv:2607.01232.

    >>> [choose_layers(text, 12) for text in ("last:2", "middle:3", "every:5", "layers:1,7-9")]
    [(10, 11), (4, 5, 6), (0, 5, 10), (1, 7, 8, 9)]

    Args:
        text: one of `CHOICES`, with its numbers filled in.
        count: how many layers there are.
        seed: of `random:k`, which is a pure function of k, `count` and `seed`.

    Raises:
        ValueError: for an unknown choice, or a layer that is not there.
    """
    kind, _, value = (part.strip() for part in text.partition(":"))
    if kind == "layers":
        return _numbers(value, count)
    if kind not in CHOICES:
        known = ", ".join(CHOICES.values())
        raise ValueError(f"layers must be one of {known}; got {text!r}{near_miss(kind, CHOICES)}")
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= count:
        form = CHOICES[kind]
        raise ValueError(f"{form} needs 1 <= {form[-1]} <= {count}, got {value!r}")
    k = int(value)
    chosen: dict[str, Callable[[], range | list[int]]] = {
        "first": lambda: range(k),
        "last": lambda: range(count - k, count),
        "middle": lambda: range((count - k) // 2, (count - k) // 2 + k),
        "every": lambda: range(0, count, k),
        "random": lambda: sorted(
            keyed_rng("random layers", k, count, seed).sample(range(count), k)
        ),
    }
    return tuple(chosen[kind]())


def _numbers(text: str, count: int) -> tuple[int, ...]:
    """Return the layers that `3,7,10-14` lists."""
    chosen: set[int] = set()
    for item in text.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,4})(?:-([0-9]{1,4}))?\s*", item)
        if not found:
            raise ValueError(f"{item.strip()!r} is no layer number or range a-b")
        low = int(found[1])
        high = int(found[2]) if found[2] else low
        if low > high:
            raise ValueError(
                f"a range runs upwards, a-b, got {item.strip()!r}; did you mean '{high}-{low}'?"
            )
        if high >= count:
            raise ValueError(f"layers are numbered 0 … {count - 1}, got {item.strip()!r}")
        chosen |= set(range(low, high + 1))
    return tuple(sorted(chosen))
