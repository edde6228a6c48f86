"""The Gymnasium ids, and environments by family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import gymnasium

from .families import FAMILIES
from .family import Family
from .mixture import Mixture
from .task_file import TaskFileEnv
from .text_env import TextEnv

# an environment, or the id of one
EnvLike: TypeAlias = gymnasium.Env[str, str] | str


def id_of(family: Family) -> str:
    """Return the Gymnasium id of a family.

    >>> from frostline.envs import FAMILIES
    >>> id_of(FAMILIES["closed_forms"])
    'frostline/ClosedForms-v0'
    """
    camel = "".join(word.capitalize() for word in family.name.split("_"))
    return f"frostline/{camel}-v{family.version}"


# id → family name
IDS = {id_of(family): name for name, family in FAMILIES.items()}

# id → what documents it, of the environments that are no single family that ships
SPECIAL_IDS: dict[str, type] = {
    "frostline/TaskFile-v0": TaskFileEnv,
    "frostline/Mixture-v0": Mixture,
}


def register_all() -> None:
    """Register every id with Gymnasium; ids that are there already are left alone."""
    for env_id, family in IDS.items():
        if env_id not in gymnasium.registry:
            gymnasium.register(
                env_id, entry_point="frostline.envs.text_env:TextEnv", kwargs={"family": family}
            )
    for env_id, special in SPECIAL_IDS.items():
        if env_id not in gymnasium.registry:
            entry_point = f"{special.__module__}:{special.__name__}"
            gymnasium.register(env_id, entry_point=entry_point)


def envs_by_family(envs: Sequence[EnvLike]) -> dict[str, TextEnv]:
    """Return the environments by the name of their family.

    Raises:
        ValueError: if there are none, or two of one family.
    """
    found: dict[str, TextEnv] = {}
    for env in envs:
        made = gymnasium.make(env) if isinstance(env, str) else env
        inner = made.unwrapped
        if isinstance(inner, Mixture):
            rule = "envs must hold one environment per family; of a Mixture pass its parts"
            raise ValueError(f"{rule}, list(mixture.parts.values())")
        if not isinstance(inner, TextEnv):
            raise ValueError(f"envs must hold text environments, got {env!r}")
        if inner.family.name in found:
            name = inner.family.name
            raise ValueError(f"envs must hold one environment per family, got two of {name}")
        found[inner.family.name] = inner
    if not found:
        raise ValueError("envs must hold at least one environment, got none")
    return found
