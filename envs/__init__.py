"""Gymnasium text environments: problems, their verdicts and their registration."""

if __name__ != "frostline.envs":
    raise ImportError(f"import this package as frostline.envs, not as {__name__}")

from .families import FAMILIES
from .family import Family, Level, Question
from .problem import SPLITS, Problem, Status, TaskSpec, Verdict
from .registry import IDS, SPECIAL_IDS, EnvLike, envs_by_family, register_all
from .text_env import TextEnv

register_all()

__all__ = [
    "FAMILIES",
    "IDS",
    "SPECIAL_IDS",
    "SPLITS",
    "EnvLike",
    "Family",
    "Level",
    "Problem",
    "Question",
    "Status",
    "TaskSpec",
    "TextEnv",
    "Verdict",
    "envs_by_family",
]
