"""Values of programs: equality that tells types apart, copies that share nothing, spelling."""

from __future__ import annotations

from typing import Any

from .problem import Value

MAX_SHOWN_CHARS = 40


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are equal and of equal types, at every depth.

    Takes no longer than the smaller of the two, however large the other is.

    >>> same_value([1, 2], [1, 2]), same_value(1, True), same_value((1,), [1]), same_value(1, 1.0)
    (True, False, False, False)
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same_value, one, other))
    return bool(one == other)


def fresh_value(value: Value) -> Value:
    """Return a copy that shares no list with `value`."""
    if isinstance(value, list):
        return [fresh_value(item) for item in value]
    if isinstance(value, tuple):
        return tuple(fresh_value(item) for item in value)
    return value


def shown_value(value: Any) -> str:
    """Return at most 40 characters of what a program returned, within a bound of work.

    >>> shown_value([1, "a"]), shown_value(10**99), shown_value(...)
    ("[1, 'a']", 'a huge number', 'a huge value or one of another type')
    """
    if value is ...:
        return "a huge value or one of another type"
    if isinstance(value, int) and abs(value) >= 10**MAX_SHOWN_CHARS:
        return "a huge number"
    # what comes from the sandbox is small, but a list may still hold huge numbers
    return _bounded(value, MAX_SHOWN_CHARS)[:MAX_SHOWN_CHARS]


def _bounded(value: Any, room: int) -> str:
    """Return the text of a value, cut off somewhere after `room` characters."""
    if isinstance(value, list | tuple):
        parts: list[str] = []
        for item in value:
            if room <= 0:
                break
            parts.append(_bounded(item, room))
            room -= len(parts[-1]) + 2
        inner = ", ".join(parts)
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, int) and abs(value) >= 10**MAX_SHOWN_CHARS:
        return "a huge number"
    if value is ...:
        return "..."
    return repr(value[: MAX_SHOWN_CHARS + 1]) if isinstance(value, str) else repr(value)
