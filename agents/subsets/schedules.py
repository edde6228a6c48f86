"""Subset schedules: how the trainable layers change in the course of training, in one line of text.

    progressive:order=bottom_up,every=20,keep=2     freeze one more layer every 20 iterations
    progressive:on=promotion                        … or with each promotion of the curriculum
    progressive:on=convergence,threshold=0.1        … or when the next layer's gradient is steady
    gradual:order=top_down,every=20                 unfreeze one more layer every 20 iterations
    cyclic:k=1,every=20,order=random                blocks of k layers take turns
    lisa:k=2,every=20                               k random layers, drawn anew every 20
    greedy:score=grad_norm,k=2,every=20             the k layers of highest score
    greedy:score=contribution,k=3,every=20,file=profile.json

What a schedule decides depends on (iteration, metrics, seed) alone, so that every rank and every
resumed run agree. Nothing here imports torch.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields

from ...curricula.checks import near_miss
from .schedule_base import Schedule
from .schedule_greedy import MEASURED, SCORES, Greedy
from .schedule_kinds import Cyclic, Gradual, Lisa, Progressive
from .schedule_phase import Observed, Phase

__all__ = [
    "KINDS",
    "MEASURED",
    "SCORES",
    "Cyclic",
    "Gradual",
    "Greedy",
    "Lisa",
    "Observed",
    "Phase",
    "Progressive",
    "Schedule",
    "parse_schedule",
]

_CLASSES: dict[str, type[Progressive | Gradual | Cyclic | Lisa | Greedy]] = {
    kind.kind: kind for kind in (Progressive, Gradual, Cyclic, Lisa, Greedy)
}
KINDS = tuple(_CLASSES)

# the options that are numbers mean the same in every kind; all others are words
_WHOLE = frozenset({"every", "k", "keep", "step", "window"})
_REAL = frozenset({"threshold", "explore", "ema"})


def parse_schedule(text: str) -> Schedule:
    """Return the schedule that a line of text describes.

    >>> str(parse_schedule("lisa:every=10"))
    'lisa:k=2,every=10'

    Raises:
        ValueError: for an unknown kind or option, a value out of range, or a missing option.
    """
    kind, colon, rest = (part.strip() for part in text.partition(":"))
    if kind not in _CLASSES:
        raise ValueError(
            f"schedule must be one of {', '.join(KINDS)}, got {text!r}{near_miss(kind, KINDS)}"
        )
    if colon and not rest:
        raise ValueError(f"schedule {text!r}: options must follow the colon, got none")
    known = {field.name: field for field in fields(_CLASSES[kind])}
    given: dict[str, str] = {}
    for item in rest.split(",") if rest else []:
        name, equals, value = (part.strip() for part in item.partition("="))
        if name not in known:
            raise ValueError(
                f"schedule {text!r}: options of {kind} are {', '.join(known)}; "
                f"got {name!r}{near_miss(name, list(known))}"
            )
        if not equals or not value or name in given:
            rule = "must be given once, as" if name in given else "must be given as"
            raise ValueError(f"schedule {text!r}: {name} {rule} {name}=VALUE, got {item.strip()!r}")
        given[name] = value
    for name, field in known.items():
        if field.default is MISSING and name not in given:
            raise ValueError(f"schedule {text!r}: {kind} needs {name}, such as {name}=10")
    options = {name: _value(text, name, value) for name, value in given.items()}
    return _CLASSES[kind](**options)  # type: ignore[arg-type]


def _value(text: str, name: str, value: str) -> int | float | str:
    if name in _WHOLE:
        if not re.fullmatch(r"[0-9]{1,9}", value):
            raise ValueError(f"schedule {text!r}: {name} must be a whole number, got {value!r}")
        return int(value)
    if name in _REAL:
        if not re.fullmatch(r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?", value, re.ASCII):
            raise ValueError(f"schedule {text!r}: {name} must be a number, got {value!r}")
        return float(value)
    return value
