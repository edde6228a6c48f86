"""A spec from a configuration file: a string, a list of items, or a table, as one line.

    trainable = "attention@first:5+head"
    trainable = ["attention@first:5", "head"]
    trainable = {layers = "first:5", modules = ["attention"], head = true}

so that the rest of the program knows strings only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...curricula.checks import near_miss

PARTS = ("embeddings", "head", "final_norm")
KEYS = ("layers", "modules", "adapter", "steering", "schedule", *PARTS, "regex")
_REGEX = re.compile(r"(?:^|\+)\s*regex:")


def spec_text(value: object) -> str:
    """Return the one-line spec that a value from a configuration file stands for.

    In a table, `layers` restricts `modules`, `adapter`, `steering` and `schedule`; without any of
    them it names whole layers. An adapter or a schedule is a string or a table with its `kind`,
    its options, and perhaps `layers` of its own.

    >>> spec_text({"layers": "last:4", "adapter": {"kind": "lora", "r": 8}, "head": True})
    'lora:r=8@last:4+head'

    Raises:
        ValueError: for an unknown key, a value of the wrong type, or an empty list or table.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping):
        return _regex_last(_items(value), value)
    if isinstance(value, list | tuple):
        return _regex_last([spec_text(item) for item in value], value)
    raise ValueError(f"trainable must be a string, a list or a table, got {value!r}")


def _items(table: Mapping[str, Any]) -> list[str]:
    """Return the items of a table."""
    _check_keys("trainable", table, KEYS)
    layers = _layers(table["layers"]) if "layers" in table else ""
    inside = []
    modules = table.get("modules", [])
    for word in [modules] if isinstance(modules, str) else modules:
        inside.append(_within(_text("modules", word), layers))
    for key in ("adapter", "schedule"):
        if key in table:
            inside.append(_kind(key, table[key], layers))
    if _flag(table, "steering"):
        inside.append(_within("steering", layers))
    if layers and not inside:
        inside.append(layers)
    parts = [part for part in PARTS if _flag(table, part)]
    regex = [f"regex:{_text('regex', table['regex'])}"] if "regex" in table else []
    return inside + parts + regex


def _kind(key: str, value: object, layers: str) -> str:
    """Return an adapter or a schedule as an item."""
    if isinstance(value, str):
        return _within(value.strip(), layers)
    if not isinstance(value, Mapping) or "kind" not in value:
        raise ValueError(f"trainable.{key} must be a string or a table with a kind, got {value!r}")
    given = dict(value)
    kind = _text(f"{key}.kind", given.pop("kind"))
    layers = _layers(given.pop("layers")) if "layers" in given else layers
    if kind == "peft":
        _check_keys(f"trainable.{key}", given, ("file",))
        return _within(f"peft:{_text(f'{key}.file', given.get('file'))}", layers)
    pairs = ",".join(f"{name}={_value(f'{key}.{name}', one)}" for name, one in given.items())
    return _within(f"{kind}:{pairs}" if pairs else kind, layers)


def _within(item: str, layers: str) -> str:
    return f"{item}@{layers}" if layers and "@" not in item else item


def _layers(value: object) -> str:
    """Return a choice of layers: a string as it is, numbers as `layers:3,7`."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, list | tuple) and value and all(type(i) is int for i in value):
        return f"layers:{','.join(map(str, value))}"
    raise ValueError(f"trainable.layers must be a string or a list of numbers, got {value!r}")


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"trainable.{key} must be a string, got {value!r}")
    return value.strip()


def _flag(table: Mapping[str, Any], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f"trainable.{key} must be true or false, got {value!r}")
    return value


def _value(key: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str):
        return str(value)
    raise ValueError(f"trainable.{key} must be a number, a string or true or false, got {value!r}")


def _check_keys(where: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"unknown key {where}.{key}{near_miss(key, known)}")


def _regex_last(items: list[str], value: object) -> str:
    """Join items; a regex takes the rest of the line, so it goes to the end."""
    plain, patterns = [], []
    for item in items:
        found = _REGEX.search(item)
        plain.append(item[: found.start()] if found else item)
        if found:
            patterns.append(item[found.end() :].strip())
    if len(patterns) > 1:
        raise ValueError(f"trainable may have one regex, join them with |; got {value!r}")
    texts = [text for text in plain if text] + [f"regex:{pattern}" for pattern in patterns]
    if not texts:
        raise ValueError(f"trainable must name what trains, got {value!r}")
    return "+".join(texts)
