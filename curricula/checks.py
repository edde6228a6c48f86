"""Refusals that say what was wrong and what was probably meant."""

import difflib
import math
import operator
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import Any, Literal, TypeVar

from .protocol import Space

NumberT = TypeVar("NumberT", bound=float)

STATE_VERSION = 1  # of every saved curriculum; raised when an older state can no longer be read


def near_miss(name: object, known: Collection[str]) -> str:
    """Return a hint at the closest known name, or an empty string.

    >>> near_miss("arithmetics", ["arithmetic", "closed_forms"])
    "; did you mean 'arithmetic'?"
    """
    close = difflib.get_close_matches(str(name), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def whole(value: Any) -> int | None:
    """Return a whole number of any library as an int, and None for anything else, such as True."""
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def check_count(name: str, value: Any, least: int) -> int:
    """Return `value` as an int if it is a whole number of at least `least`.

    Raises:
        ValueError: naming the option, the rule and the value.
    """
    number = whole(value)
    if number is None or number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return number


def check_option(
    name: str,
    value: NumberT,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    ends: Literal["[]", "[)", "(]", "()"] = "[]",
) -> NumberT:
    """Return `value` if it is a finite number between two bounds.

    Args:
        name: the option, as the caller spells it.
        value: what was given for it.
        low: least value; an infinite bound is none.
        high: largest value.
        ends: whether the bounds are allowed themselves, "(" and ")" for a bound that is not.

    Raises:
        ValueError: naming the option, the rule and the value.

    >>> check_option("alpha", 2.0, 0, 1, ends="(]")
    Traceback (most recent call last):
    ValueError: alpha must be in (0, 1], got 2.0
    """
    try:
        known = not isinstance(value, bool | str) and math.isfinite(value)
    except (TypeError, ValueError, OverflowError):  # an array, a number beyond all floats
        known = False
    above = known and (value >= low if ends[0] == "[" else value > low)
    below = known and (value <= high if ends[1] == "]" else value < high)
    if not (above and below):
        raise ValueError(f"{name} must be {_rule(low, high, ends)}, got {value!r}")
    return value


def check_order(**options: float) -> None:
    """Refuse options that are no numbers in 0..1, each above the one before."""
    for name, value in options.items():
        check_option(name, value, 0, 1)
    if any(first >= second for first, second in pairwise(options.values())):
        got = ", ".join(f"{name}={value!r}" for name, value in options.items())
        raise ValueError(f"needs {' < '.join(options)}, got {got}")


def check_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    """Return the weights of families; none given is {}.

    Raises:
        ValueError: if it is no mapping, or a weight is no positive, finite number.
    """
    if weights is not None and not isinstance(weights, Mapping):
        raise ValueError(f"weights must map families to positive numbers, got {weights!r}")
    for family, weight in (weights or {}).items():
        if isinstance(weight, bool | str) or not 0 < weight < math.inf:
            raise ValueError(f"weights must be positive and finite, got {family}={weight!r}")
    return dict(weights or {})


def _rule(low: float, high: float, ends: str) -> str:
    """Return two bounds in words."""
    if low == -math.inf and high == math.inf:
        return "a finite number"
    if high == math.inf:
        return f"a finite number {'of at least' if ends[0] == '[' else 'above'} {low}"
    return f"between {low} and {high}" if ends == "[]" else f"in {ends[0]}{low}, {high}{ends[1]}"


def check_keys(what: str, given: object, expected: Collection[str]) -> dict[str, Any]:
    """Return `given` as a dict if it is a mapping with exactly the expected keys.

    Raises:
        ValueError: naming the missing and the unknown keys.
    """
    if not isinstance(given, Mapping):
        raise ValueError(f"{what} must be a mapping, got {type(given).__name__}")
    wrong = [f"unknown key {key!r}{near_miss(key, expected)}" for key in given.keys() - expected]
    wrong += [f"missing key {key!r}" for key in expected if key not in given]
    if wrong:
        raise ValueError(f"{what} needs keys {', '.join(sorted(expected))}: {', '.join(wrong)}")
    return dict(given)


def check_header(
    state: object, *, kind: str, space: Space, keys: Collection[str]
) -> dict[str, Any]:
    """Check what all saved curricula share: `version`, `kind`, `space`, and `keys` besides.

    Raises:
        ValueError: if the state is of another schema, kind or space.
    """
    state = check_keys(f"{kind} state", state, {"version", "kind", "space", *keys})
    if state["version"] != STATE_VERSION:
        raise ValueError(f"state version must be {STATE_VERSION}, got {state['version']!r}")
    if state["kind"] != kind:
        raise ValueError(f"state is of kind {state['kind']!r}, this curriculum is {kind!r}")
    if state["space"] != dict(space):
        raise ValueError(f"state is over {state['space']}, this curriculum is over {dict(space)}")
    return state


def check_space(space: Space) -> dict[str, int]:
    """Return `space` sorted by name, so that draws do not depend on the order it was written in.

    Raises:
        ValueError: if it is no mapping, there is no family, or a family without levels.
    """
    if not isinstance(space, Mapping):
        raise ValueError(f"space must map families to their numbers of levels, got {space!r}")
    if not space:
        raise ValueError("space must name at least one family, got none")
    levels: dict[str, int] = {}
    for family, top in space.items():
        if not isinstance(family, str):
            raise ValueError(f"space must name its families by text, got {family!r}")
        count = whole(top)
        if count is None or count < 1:
            rule = "space needs at least 1 level per family, a whole number"
            raise ValueError(f"{rule}, got {family}={top!r}")
        levels[family] = count
    return dict(sorted(levels.items()))


def check_families(argument: str, names: Collection[str], space: Space) -> None:
    """Refuse names that are no family of `space`."""
    for name in names:
        if name not in space:
            raise ValueError(
                f"{argument} names the unknown family {name!r}{near_miss(name, space)}"
                f" (families: {', '.join(space)})"
            )


def level_per_family(
    argument: str, value: int | Mapping[str, int], space: Space, *, default: int | None = None
) -> dict[str, int]:
    """Return a level for every family, from one number for all or from a mapping.

    Args:
        argument: what to call the value in a message.
        value: the level, or the level of each family.
        space: the families and their numbers of levels.
        default: the level of families a mapping leaves out; None if it must name all.

    Raises:
        ValueError: if a family is unknown or left out, or its level does not exist.
    """
    given = _per_family(argument, value, space, default)
    return {
        family: _check_level(argument, given[family], family, top) for family, top in space.items()
    }


def levels_per_family(
    argument: str, value: int | Mapping[str, int | Iterable[int]], space: Space
) -> dict[str, list[int]]:
    """Return the levels of every family, from one number for all or from one or several for each.

    Raises:
        ValueError: if a family is unknown, left out or without a level, or a level does not exist.
    """
    levels: dict[str, list[int]] = {}
    for family, given in _per_family(argument, value, space, None).items():
        several = isinstance(given, Iterable) and not isinstance(given, str)
        found = list(given) if several else [given]
        if not found:
            raise ValueError(f"{argument} must name a level of family {family!r}, got {given!r}")
        levels[family] = [_check_level(argument, item, family, space[family]) for item in found]
    return levels


def _per_family(argument: str, value: object, space: Space, default: int | None) -> dict[str, Any]:
    """Return what is given for every family, unchecked."""
    if whole(value) is not None:
        return dict.fromkeys(space, value)
    if not isinstance(value, Mapping):
        rule = "a whole number, or map families to whole numbers"
        raise ValueError(f"{argument} must be {rule}, got {value!r}")
    check_families(argument, value, space)
    given = {family: value.get(family, default) for family in space}
    for family, level in given.items():
        if level is None:
            raise ValueError(f"{argument} must name every family, {family!r} is missing")
    return given


def _check_level(argument: str, level: object, family: str, top: int) -> int:
    """Return a level of a family if it exists."""
    number = whole(level)
    if number is None or not 1 <= number <= top:
        kind = "a whole number " if number is None else ""
        raise ValueError(
            f"{argument} must be {kind}between 1 and {top} for family {family!r}, got {level!r}"
        )
    return number
