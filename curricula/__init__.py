"""Curricula: which problem comes next, judged by what the learner got right.

Every curriculum hands out `Ticket`s and hears `Outcome`s; `make_curriculum` builds one from a
`CurriculumConfig`. Nothing in here knows what a problem is or how an agent learns.
"""

if __name__ != "frostline.curricula":
    raise ImportError(f"import this package as frostline.curricula, not as {__name__}")

from .config import CurriculumConfig
from .curriculum import Curriculum
from .gates import SPRT, Gate, MeanThreshold, WilsonLower
from .make import make_curriculum
from .presets import PRESETS
from .protocol import Event, Outcome, Scheduler, Space, Ticket
from .wilson import wilson_lower, wilson_upper

__all__ = [
    "PRESETS",
    "SPRT",
    "Curriculum",
    "CurriculumConfig",
    "Event",
    "Gate",
    "MeanThreshold",
    "Outcome",
    "Scheduler",
    "Space",
    "Ticket",
    "WilsonLower",
    "make_curriculum",
    "wilson_lower",
    "wilson_upper",
]
