"""Simulated students: learners whose true pass rates are known at every moment.

A curriculum is judged on them by what it was built for: how soon a student masters its goal,
against training on everything alike and against oracle rules that see the truth. The oracle is the
best of a few such rules; what the best schedule would be is not known.
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
