"""Simulated students: learners whose true pass rates and best schedule are known.

A curriculum is judged on them by what it was built for: how soon a student masters its goal,
against training on everything alike and against an oracle that sees the truth.
"""

from .draw import draw_student
from .irt import IRTCohort, IRTStudent
from .metrics import Runs
from .named import STUDENTS, SUMMARIES
from .simulate import simulate, simulate_oracle, simulate_rule
from .skill_cohort import SkillCohort
from .skills import SkillStudent
from .student import MASTERY, Cohort, Rule, Student, train

__all__ = [
    "MASTERY",
    "STUDENTS",
    "SUMMARIES",
    "Cohort",
    "IRTCohort",
    "IRTStudent",
    "Rule",
    "Runs",
    "SkillCohort",
    "SkillStudent",
    "Student",
    "draw_student",
    "simulate",
    "simulate_oracle",
    "simulate_rule",
    "train",
]
