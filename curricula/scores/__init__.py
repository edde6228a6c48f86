"""Scores: what a cell is worth training on, from what is believed of its pass rate."""

from .advantage import AverageAdvantage, PrioritizedReplay, abs_advantage
from .control import Complexity, Controller, TargetLevel
from .logit_target import LogitTarget
from .pass_rate import (
    AbsAdvantage,
    DrawnAbility,
    FailureRate,
    Learnability,
    MixedGroup,
    Staleness,
    TargetDifficulty,
)
from .progress import LearningProgress
from .schedule import LevelSchedule, cosine_mix, gaussian, one_level, smallest_weight
from .score import Constant, Moment, Score, batch_means
from .slopes import NaiveSlope, OnlineProgress, SampledProgress, WindowSlope, slope

__all__ = [
    "AbsAdvantage",
    "AverageAdvantage",
    "Complexity",
    "Constant",
    "Controller",
    "DrawnAbility",
    "FailureRate",
    "Learnability",
    "LearningProgress",
    "LevelSchedule",
    "LogitTarget",
    "MixedGroup",
    "Moment",
    "NaiveSlope",
    "OnlineProgress",
    "PrioritizedReplay",
    "SampledProgress",
    "Score",
    "Staleness",
    "TargetDifficulty",
    "TargetLevel",
    "WindowSlope",
    "abs_advantage",
    "batch_means",
    "cosine_mix",
    "gaussian",
    "one_level",
    "slope",
    "smallest_weight",
]
