"""Presets: the published rules and ours, each a composition of a few lines."""

from collections.abc import Callable

from ..curriculum import Curriculum
from .controllers import adarft, atropos
from .progress import learning_progress, tscl_naive, tscl_online, tscl_sampling, tscl_window
from .promotion import frontier, ladder
from .schedules import e2h_cosine, e2h_gaussian, linear
from .static import dapo, fixed, uniform
from .thresholds import reasoning_gym, rlve
from .uncertain import irt_thompson, kimi, mopps, plr, sec, sfl

PRESETS: dict[str, Callable[..., Curriculum]] = {
    # without regard to outcomes
    "uniform": uniform,
    "fixed": fixed,
    "linear": linear,
    "e2h_cosine": e2h_cosine,
    "e2h_gaussian": e2h_gaussian,
    # thresholds and controllers
    "reasoning_gym": reasoning_gym,
    "rlve": rlve,
    "atropos": atropos,
    "adarft": adarft,
    # learning progress
    "tscl_online": tscl_online,
    "tscl_window": tscl_window,
    "tscl_naive": tscl_naive,
    "tscl_sampling": tscl_sampling,
    "learning_progress": learning_progress,
    # intermediate difficulty
    "plr": plr,
    "sfl": sfl,
    "sec": sec,
    "mopps": mopps,
    "irt_thompson": irt_thompson,
    "kimi": kimi,
    "dapo": dapo,
    # ours
    "ladder": ladder,
    "frontier": frontier,
}

__all__ = [
    "PRESETS",
    "adarft",
    "atropos",
    "dapo",
    "e2h_cosine",
    "e2h_gaussian",
    "fixed",
    "frontier",
    "irt_thompson",
    "kimi",
    "ladder",
    "learning_progress",
    "linear",
    "mopps",
    "plr",
    "reasoning_gym",
    "rlve",
    "sec",
    "sfl",
    "tscl_naive",
    "tscl_online",
    "tscl_sampling",
    "tscl_window",
    "uniform",
]
