"""From options to a curriculum."""

import inspect
from typing import Any

from .config import OWN_FIELDS, CurriculumConfig
from .curriculum import Curriculum
from .presets import PRESETS
from .protocol import Space


def make_curriculum(
    config: CurriculumConfig,
    space: Space,
    seed: int,
    *,
    horizon: int | None = None,
    groups: int | None = None,
    generations: int | None = None,
) -> Curriculum:
    """Build the curriculum that `config` describes.

    Args:
        config: the preset and its options.
        space: families and their numbers of levels.
        seed: of the curriculum's private random stream.
        horizon: policy versions of the whole run, for schedules in time.
        groups: B, groups of an iteration, for presets that know it.
        generations: G, completions of a group, for presets that know it.

    Raises:
        ValueError: if an option is out of range, names a family or level that `space` does not
            have, or a schedule in time is given no horizon.

    >>> curriculum = make_curriculum(CurriculumConfig(kind="ladder"), {"arithmetic": 6}, seed=0)
    >>> [ticket.level for ticket in curriculum.sample(4, policy_version=0)]
    [1, 1, 1, 1]
    """
    preset = PRESETS[config.kind]
    parameters = inspect.signature(preset).parameters
    context = {"horizon": horizon, "groups": groups, "generations": generations}
    given: dict[str, Any] = {name: value for name, value in context.items() if value is not None}
    given |= {name: getattr(config, name) for name in OWN_FIELDS}  # these are fields of the config
    given |= config.options
    arguments = {}
    for name, parameter in parameters.items():
        if name in given:
            arguments[name] = _cast(name, given[name], parameter.annotation)
        elif name not in {"space", "seed"} and parameter.default is parameter.empty:
            raise ValueError(f"curriculum {config.kind} needs options = {{ {name} = … }}")
    return preset(space, seed=seed, **arguments)


def _cast(name: str, value: Any, annotation: Any) -> Any:
    """Return a number as the type that the preset asks for.

    Raises:
        ValueError: if an integer or a switch is asked for and the number is none.
    """
    if annotation not in {int, bool} or not isinstance(value, float):
        return value
    if not value.is_integer() or (annotation is bool and value not in {0, 1}):
        kind = "an integer" if annotation is int else "0 or 1"
        raise ValueError(f"curriculum option {name} must be {kind}, got {value!r}")
    return annotation(value)
