"""The one-line spec of what trains: items joined by `+`, each WHAT or WHAT@LAYERS.

    full                                      every weight; it stands alone
    first:5  last:2  middle:4  every:3  random:2  layers:3,7,10-14
                                              whole layers; 0 is the bottom
    attention  mlp  norms  biases             modules of the layers: attention@first:5
    embeddings  head  final_norm              parts outside the layers
    lora:r=8,alpha=16  dora  rslora  pissa  vera  ia3  ln_tuning  peft:FILE.json
                                              an adapter: lora@last:4, lora:modules=mlp
    steering                                  a vector added to a layer's output: steering@last:4
    lisa:k=2,every=10  …                      a schedule over layers (see `schedules`), joined by
                                              nothing but parts, which train at all times
    regex:PATTERN                             parameter names that match in full; it stands last,
                                              because it takes the rest of the line

Nothing here needs a model or torch: which weights an item means is found by `resolve`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from ...curricula.checks import near_miss
from .layers import CHOICES
from .schedules import KINDS

Role = Literal["full", "layers", "modules", "part", "adapter", "steering", "schedule", "regex"]

ADAPTERS = ("lora", "dora", "rslora", "pissa", "vera", "ia3", "ln_tuning", "peft")
ROLES: dict[str, Role] = {
    "full": "full",
    **dict.fromkeys(CHOICES, "layers"),
    **dict.fromkeys(("attention", "mlp", "norms", "biases"), "modules"),
    **dict.fromkeys(("embeddings", "head", "final_norm"), "part"),
    **dict.fromkeys(ADAPTERS, "adapter"),
    "steering": "steering",
    "regex": "regex",
}
_WITHOUT_ARGUMENT = ("full", "modules", "part", "steering")
_WITHIN_LAYERS = ("modules", "adapter", "steering", "schedule")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a spec.

    Attributes:
        text: the item as it was written.
        role: what kind of thing it names.
        word: its first word.
        argument: what follows the colon.
        layers: what follows the `@`; empty for all layers.
    """

    text: str
    role: Role
    word: str
    argument: str = ""
    layers: str = ""

    @property
    def what(self) -> str:
        """Return the item without its layers."""
        return f"{self.word}:{self.argument}" if self.argument else self.word


@contextmanager
def about(spec: str) -> Iterator[None]:
    """Say of which spec an error is."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"trainable spec {spec!r}: {error}") from None


def parse(spec: str) -> tuple[Item, ...]:
    """Return the items of a spec.

    >>> [item.word for item in parse("attention@first:5+mlp@last:2+head")]
    ['attention', 'mlp', 'head']

    Raises:
        ValueError: for an unknown or malformed item, or items that exclude each other.
    """
    with about(spec):
        regex = re.search(r"(?:^|\+)\s*regex:", spec)
        plain = spec[: regex.start()] if regex else spec
        texts = plain.split("+") if plain or not regex else []
        items = [_item(text.strip()) for text in texts]
        if regex:
            pattern = spec[regex.end() :].strip()
            items.append(Item(f"regex:{pattern}", "regex", "regex", pattern))
            _check_pattern(pattern)
        _check_together(items)
    return tuple(items)


def options(item: Item, known: Collection[str]) -> dict[str, str]:
    """Return the `key=value` pairs of an item's argument.

    Raises:
        ValueError: for a pair that is none, an unknown key, or a key given twice.
    """
    found: dict[str, str] = {}
    for pair in item.argument.split(",") if item.argument else []:
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not (key and equals and value):
            raise ValueError(f"{item.what} needs options key=value, got {pair.strip()!r}")
        if key not in known:
            names = f"has the options {', '.join(known)}" if known else "has no options"
            raise ValueError(f"{item.word} {names}; got {key!r}{near_miss(key, known)}")
        if key in found:
            raise ValueError(f"{item.what} has {key} twice")
        found[key] = value
    return found


def _item(text: str) -> Item:
    if not text:
        raise ValueError("an item is empty")
    # the name of a file may hold an @, a number of a layer may not
    split = text.rpartition if text.startswith("peft:") and text.count("@") > 1 else text.partition
    what, at, layers = (part.strip() for part in split("@"))
    word, colon, argument = (part.strip() for part in what.partition(":"))
    role = _role(word, text)
    if at and role not in _WITHIN_LAYERS:
        reason = "names layers itself" if role in ("full", "layers") else "is outside the layers"
        raise ValueError(f"{what} {reason}, drop @{layers}")
    if at and not layers:
        raise ValueError(f"{text!r} needs layers after the @, such as {what}@first:5")
    if colon and role in _WITHOUT_ARGUMENT:
        hint = f"; did you mean {word}@{argument}?" if role in ("modules", "steering") else ""
        raise ValueError(f"{word} takes no argument, got {argument!r}{hint}")
    if role == "regex":
        raise ValueError("regex needs a pattern, regex:PATTERN")
    return Item(text, role, word, argument, layers)


def _role(word: str, text: str) -> Role:
    if word in ROLES:
        return ROLES[word]
    if word in KINDS:
        return "schedule"
    known = [*ROLES, *KINDS]
    hint = near_miss(word, known)
    longer = sorted(name for name in known if len(word) > 2 and word in name)
    if len(longer) > 1:
        hint = f"; did you mean {' or '.join(map(repr, longer[:3]))}?"
    if not hint:
        forms = [*CHOICES.values(), *(name for name in known if name not in CHOICES)]
        hint = f"; an item starts with one of {', '.join(forms)}"
    raise ValueError(f"unknown item {text!r}{hint}")


def _check_pattern(pattern: str) -> None:
    if not pattern:
        raise ValueError("regex needs a pattern, regex:PATTERN")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"regex:{pattern} is no regular expression: {error}") from None


def _check_together(items: list[Item]) -> None:
    """Raise ValueError for items that exclude each other."""
    roles = [item.role for item in items]
    if "full" in roles and len(items) > 1:
        other = items[1] if roles[0] == "full" else items[0]
        raise ValueError(f"full stands alone, drop {other.text}")
    for role in ("adapter", "schedule"):
        same = [item.text for item in items if item.role == role]
        if len(same) > 1:
            raise ValueError(f"there may be one {role}, got {same[0]} and {same[1]}")
    if "schedule" in roles:
        odd = [item.text for item in items if item.role not in ("schedule", "part")]
        if odd:
            raise ValueError(
                f"a schedule may be joined by embeddings, head and final_norm only, drop {odd[0]}"
            )
