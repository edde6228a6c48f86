"""Samples of `value`: the value is Python's own spelling of it, which tells all types apart."""

from __future__ import annotations

import ast
import random

from ..problem import Value
from .sample import Sample, Sampler

_LETTERS = "abcXY 019-,[]'\"\\\n"


def python_value(value: Value) -> Sample:
    """Return the sample of a value."""
    return Sample("value", repr(value), repr(value))


def draw_value(rng: random.Random, depth: int = 0) -> Value:
    """Return a random value of at most three levels."""
    choice = rng.randrange(8 if depth < 2 else 5)
    if choice < 2:
        return rng.randint(-(10 ** rng.randint(1, 20)), 10 ** rng.randint(1, 3))
    if choice == 2:
        return rng.choice([True, False, None])
    if choice < 5:
        return "".join(rng.choice(_LETTERS) for _ in range(rng.randint(0, 6)))
    items = [draw_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return items if choice < 7 else tuple(items)


def _text(value: Value, quote: str, comma: str, tail: str) -> str:
    """Return a value with its strings in `quote`, `comma` between items and `tail` behind them."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("\n", "\\n")
        return quote + escaped.replace(quote, f"\\{quote}") + quote
    if not isinstance(value, list | tuple):
        return str(value)
    inner = comma.join(_text(item, quote, comma, tail) for item in value)
    if isinstance(value, list):
        return f"[{inner}{tail if value else ''}]"
    return f"({inner},)" if len(value) == 1 else f"({inner}{tail if value else ''})"


def _value(sample: Sample) -> Value:
    found: Value = ast.literal_eval(sample.gold)
    return found


def _spellings(sample: Sample) -> list[str]:
    value = _value(sample)
    spread = _text(value, '"', ",\n ", " , ")
    found = [sample.gold, _text(value, "'", ",", ""), _text(value, '"', " , ", ","),
             f" \n{spread}\t"]  # fmt: skip
    if type(value) is int:
        found.append(f"+{value}" if value >= 0 else f"- {-value}")
    return found


def near_values(value: Value) -> list[Value]:
    """Return values beside this one: a unit, a sign, a type, an item more, fewer or elsewhere."""
    if value is None:
        return [0, False, "None", []]
    if isinstance(value, bool):
        return [not value, int(value), str(value)]
    if isinstance(value, int):
        others: list[Value] = [value + 1, -value - 1, str(value), [value], (value,)]
        return [*others, bool(value), None] if value in (0, 1) else [*others, -value]
    if isinstance(value, str):
        return [f"{value}a", f" {value}", value[1:] if value else None, [value], value.swapcase()]
    items = list(value)
    changed = [
        [*items[:i], other, *items[i + 1 :]]
        for i, item in enumerate(items)
        for other in near_values(item)
    ]
    orders = [items[::-1], items[1:], [*items, 0], [*items, *items[:1]], *changed]
    if isinstance(value, list):
        return [tuple(items), *orders]
    return [items, *map(tuple, orders)]


def _near_misses(sample: Sample) -> list[Sample]:
    others = map(python_value, near_values(_value(sample)))
    return [other for other in dict.fromkeys(others) if other.value != sample.value]


def _wrong_forms(sample: Sample) -> list[str]:
    gold, value = sample.gold, _value(sample)
    found = [f"({gold})", f"[{gold}][0]", f"f(n) = {gold}", f"{gold},", f"{gold} {gold}",
             f"{gold};", f"{gold} # right", f"lambda: {gold}", f"`{gold}`", f"${gold}$",
             f"{gold}.", f"{gold} == {gold}", f"not {gold}"]  # fmt: skip
    if isinstance(value, bool):
        found += [str(value).lower(), f"{int(value)} == 1"]
    elif isinstance(value, int):
        found += [f"{value}.0", f"{value} + 0", f"0{value}", f"len([{value}])", f"{value}_0"]
    elif isinstance(value, str):
        found += [f"b{gold}", f"f{gold}", f"{gold}''", f"''{gold}", f"''{gold}''", gold[:-1]]
    elif value is not None:
        found += [f"list({gold})", gold[1:], gold[:-1], f"{gold}[:]", f"{{{gold[1:-1]}}}"]
    return found


def _read(gold: str) -> Sample:
    value: Value = ast.literal_eval(gold)
    return python_value(value)


def _draw(rng: random.Random) -> Sample:
    return python_value(draw_value(rng))


SAMPLERS = (
    # `$` and a full stop have no place around a Python literal
    Sampler("value", _draw, _spellings, _near_misses, _wrong_forms, _read, delimiters=False),
)
