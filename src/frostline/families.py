"""Families by name or by `module:Class`, and the environments that ask their problems."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from frostline.envs import FAMILIES, Family, TextEnv
from frostline.envs.family import near


def load_family(name: str) -> Family:
    """Return a family that ships, or the one that `module:Class` names.

    The working directory is searched first, as `python -m` does.

    Raises:
        ValueError: if there is none, or it is not a `Family`.
    """
    if ":" not in name:
        if name in FAMILIES:
            return FAMILIES[name]
        names = ", ".join(FAMILIES)
        raise ValueError(
            f"family must be one of {names}, or module:Class; got {name!r}{near(name, FAMILIES)}"
        )
    module_name, _, class_name = name.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), class_name]):
        raise ValueError(f"family must be module:Class, such as mymodule:MyFamily; got {name!r}")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # the module is the user's: it may raise anything
        why = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"family {name!r}: module {module_name!r} cannot be imported: {why}"
        ) from error
    # the class is named by the user, so it can only be looked up by its name
    found = getattr(module, class_name, None)
    if not isinstance(found, type) or not issubclass(found, Family):
        here = {n for n, v in vars(module).items() if isinstance(v, type) and issubclass(v, Family)}
        hint = near(class_name, here - {"Family"})
        raise ValueError(f"family {name!r}: {class_name!r} is no Family in {module_name}{hint}")
    missing = [n for n in ("name", "summary", "levels") if not hasattr(found, n)]  # only annotated
    missing += sorted(found.__abstractmethods__)
    if missing:
        raise ValueError(f"family {name!r}: {class_name} lacks {', '.join(missing)}")
    return found()


def make_envs(
    families: Sequence[str], answer_format: str, *, max_turns: int = 1, discount: float = 1.0
) -> dict[str, TextEnv]:
    """Return one environment per family, by family name; see `TextEnv` for the options.

    Raises:
        ValueError: for an unknown family, or one that is named twice.
    """
    envs: dict[str, TextEnv] = {}
    for name in families:
        family = load_family(name)
        env = TextEnv(family, answer_format=answer_format, max_turns=max_turns, discount=discount)
        if env.family.name in envs:
            raise ValueError(f"family {env.family.name!r} is named twice")
        envs[env.family.name] = env
    if not envs:
        raise ValueError("family needs at least one name")
    return envs
