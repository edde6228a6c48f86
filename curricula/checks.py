"""Refusals that say what was wrong and what was probably meant."""

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from .protocol import Space

STATE_VERSION = 1  # of every saved curriculum; raised when an older state can no longer be read


def near_miss(name: object, known: Collection[str]) -> str:
    """Return a hint at the closest known name, or an empty string.

    >>> near_miss("arithmetics", ["arithmetic", "closed_forms"])
    "; did you mean 'arithmetic'?"
    """
    close = difflib.get_close_matches(str(name), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


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
        ValueError: if there is no family, or a family without levels.
    """
    if not space:
        raise ValueError("space must name at least one family, got none")
    for family, top in space.items():
        if top < 1:
            raise ValueError(f"space needs at least 1 level per family, got {family}={top!r}")
    return dict(sorted(space.items()))


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
    given = dict.fromkeys(space, value) if isinstance(value, int) else dict(value)
    check_families(argument, given, space)
    levels: dict[str, int] = {}
    for family, top in space.items():
        level = given.get(family, default)
        if level is None:
            raise ValueError(f"{argument} must name every family, {family!r} is missing")
        if not 1 <= level <= top:
            raise ValueError(
                f"{argument} must be between 1 and {top} for family {family!r}, got {level!r}"
            )
        levels[family] = level
    return levels
