"""Curricula: which problem comes next, judged by what the learner got right.

Every curriculum hands out `Ticket`s and hears `Outcome`s; `make_curriculum` builds one from a
`CurriculumConfig`. Nothing in here knows what a problem is or how an agent learns.
"""

if __name__ != "frostline.curricula":
    raise ImportError(f"import this package as frostline.curricula, not as {__name__}")

from .baselines import FixedLevel, Uniform
from .config import CurriculumConfig
from .evidence import Evidence
from .gates import SPRT, Gate, WilsonLower, wilson_lower, wilson_upper
from .ladder import PromotionLadder
from .make import make_curriculum
from .protocol import Curriculum, Event, Outcome, Space, Ticket

__all__ = [
    "SPRT",
    "Curriculum",
    "CurriculumConfig",
    "Event",
    "Evidence",
    "FixedLevel",
    "Gate",
    "Outcome",
    "PromotionLadder",
    "Space",
    "Ticket",
    "Uniform",
    "WilsonLower",
    "make_curriculum",
    "wilson_lower",
    "wilson_upper",
]
