"""The options of a curriculum: which preset, and what to change in it."""

import inspect
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from .checks import near_miss
from .presets import PRESETS

# written out for the command line's help; a test compares it with PRESETS
Kind = Literal[
    "uniform",
    "fixed",
    "linear",
    "e2h_cosine",
    "e2h_gaussian",
    "reasoning_gym",
    "rlve",
    "atropos",
    "adarft",
    "tscl_online",
    "tscl_window",
    "tscl_naive",
    "tscl_sampling",
    "learning_progress",
    "plr",
    "sfl",
    "sec",
    "mopps",
    "irt_thompson",
    "kimi",
    "dapo",
    "ladder",
    "frontier",
]
OWN_FIELDS = ("weights", "start", "level")  # options that are no numbers have fields of their own


class CurriculumConfig(BaseModel, frozen=True, extra="forbid"):
    """Which curriculum, and what to change in it.

    >>> CurriculumConfig(kind="ladder", options={"promote_at": 0.8, "replay": 0.3}).kind
    'ladder'
    """

    kind: Kind = Field(
        default="frontier",
        description="frontier: where the pass rate is near its target, with tests that promote;"
        " ladder: the frontier level and a fixed share of replay; the others are published rules"
        " (docs/curricula.md)",
    )
    options: dict[str, float] = Field(
        default_factory=dict,
        description="options of the preset by name, such as promote_at 0.8 alpha 0.01"
        " (docs/curricula.md has them all)",
    )
    weights: dict[str, float] = Field(
        default_factory=dict, description="relative share of each family; 1 where not named"
    )
    start: int | dict[str, int] = Field(
        default=1,
        description="first frontier level, for all families or for each (1 where not named)",
    )
    level: int | dict[str, int | list[int]] = Field(
        default=1,
        description="the level of kind fixed, for all families or for each; a list is drawn alike",
    )

    @model_validator(mode="before")
    @classmethod
    def _name_near_miss(cls, data: Any) -> Any:
        """Answer an unknown option with the one that was probably meant."""
        numeric = preset_options()
        for name in data if isinstance(data, dict) else ():
            if name in cls.model_fields:
                continue
            if name in numeric:
                raise ValueError(f"{name} is an option of presets: options = {{ {name} = … }}")
            hint = near_miss(name, [*cls.model_fields, *numeric])
            raise ValueError(f"unknown option {name} of the curriculum{hint}")
        return data

    @field_validator("weights", "start", "level", mode="before")
    @classmethod
    def _no_switches(cls, value: Any) -> Any:
        """Refuse true and false, which pydantic takes for 1 and 0."""
        for item in value.values() if isinstance(value, dict) else [value]:
            if any(isinstance(each, bool) for each in (item if isinstance(item, list) else [item])):
                raise ValueError("must hold numbers, not true or false")
        return value

    @model_validator(mode="after")
    def _check_options(self) -> "CurriculumConfig":
        """Refuse options that the preset does not have."""
        known = _parameters(PRESETS[self.kind])
        numeric = [name for name in known if name not in OWN_FIELDS]
        for name in self.options:
            if name in OWN_FIELDS:
                raise ValueError(
                    f"options are numbers by name, {name} has a field of its own beside them: "
                    f"--curriculum.{name}, or {name} = … in a file"
                )
            if name not in numeric:
                raise ValueError(
                    f"options of {self.kind} are {', '.join(numeric) or 'none'}; got {name!r}"
                    f"{near_miss(name, numeric)}"
                )
        for name in OWN_FIELDS:
            default = type(self).model_fields[name].get_default(call_default_factory=True)
            if name not in known and getattr(self, name) != default:
                having = [kind for kind, preset in PRESETS.items() if name in _parameters(preset)]
                raise ValueError(
                    f"{name} is no option of {self.kind}; it is one of {', '.join(having)}"
                )
        return self


def preset_options() -> list[str]:
    """Return the options of all presets that are set by name under `options`."""
    names = dict.fromkeys(name for preset in PRESETS.values() for name in _parameters(preset))
    return [name for name in names if name not in OWN_FIELDS]


def _parameters(preset: Callable[..., Any]) -> list[str]:
    """Return the options of a preset."""
    return [name for name in inspect.signature(preset).parameters if name not in {"space", "seed"}]
