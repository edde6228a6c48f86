"""Curriculum-learning environments with verifiable rewards, and agents that train few weights.

Importing `frostline` registers the Gymnasium environments and nothing heavier: torch and
transformers are first imported when a name of `frostline.agents` that needs them is used.
"""

from importlib.metadata import PackageNotFoundError, version

# imported for its effect: it registers the `frostline/…` ids with Gymnasium
from frostline import envs

try:
    __version__ = version("frostline")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.1.0"

__all__ = ["__version__", "envs"]
