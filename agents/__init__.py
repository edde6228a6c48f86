"""The agent: rollouts, group-relative policy gradients, and the choice of which weights train.

Public names are resolved on first use (PEP 562), so that importing this package costs nothing and
does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if __name__ != "frostline.agents":
    raise ImportError(f"import this package as frostline.agents, not as {__name__}")

if TYPE_CHECKING:
    from .config import GRPOConfig
    from .grpo import GRPOAgent
    from .policy import Policy, load_policy

__all__ = ["GRPOAgent", "GRPOConfig", "Policy", "load_policy"]

# a public name and the module of this package that defines it
_HOMES = {
    "GRPOAgent": "grpo",
    "GRPOConfig": "config",
    "Policy": "policy",
    "load_policy": "policy",
}


if not TYPE_CHECKING:  # a type checker reads the imports above, and would accept any name here

    def __getattr__(name: str) -> object:
        """Import the module that defines a public name, when the name is first used."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names whether or not they have been used."""
    return sorted({*globals(), *__all__})
