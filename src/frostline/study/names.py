"""What is asked of the names in a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from frostline.curricula.checks import near_miss

from ..families import load_family


def family_names(family: Iterable[str]) -> tuple[str, ...]:
    """Return the names of families, which may be given as module:Class.

    Raises:
        ValueError: if one is unknown, or two have the same name.
    """
    names = tuple(load_family(text).name for text in family)
    check_distinct("families, those of the exam included,", names)
    return names


def check_distinct(what: str, names: Sequence[str]) -> None:
    """Raise ValueError if a name comes twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{what} must have different names, got {twice[0]!r} twice")


def check_known(what: str, name: str, known: Sequence[str]) -> None:
    """Raise ValueError unless a name is one of those known."""
    if name not in known:
        choices = ", ".join(known) or "none there is"
        raise ValueError(f"{what} must be one of {choices}; got {name!r}{near_miss(name, known)}")
