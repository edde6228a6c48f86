"""A study of two ladders, and lines for its runs that no policy has earned."""

from typing import Any

from frostline.study.lines import RunLine, pack
from frostline.study.plan import Task
from frostline.study.spec import Exam, Study

RATES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
FAMILIES = ("arithmetic", "closed_forms")
PROBLEMS = 100


def toy_study(**changes: Any) -> Study:
    """Return a study whose rounds last 10 and 30 iterations."""
    values: dict[str, Any] = {
        "name": "toy",
        "train": {"family": FAMILIES, "iterations": 30},
        "arms": [{"trainable": "none"}, {"trainable": "full"}],
        "tuning": {"rates": RATES},
        "seeds": 2,
    }
    return Study.model_validate(values | changes)


def toy_line(task: Task, solved: int = 0, status: str = "ok") -> RunLine:
    """Return the line of a run that solved so many of 100 problems of each family."""
    error = "" if status == "ok" else "it was told to"
    bits = pack([True] * solved + [False] * (PROBLEMS - solved))
    exam = {f"{family}/1": bits for family in FAMILIES} if status == "ok" else {}
    return RunLine.from_dict(
        task.key()
        | {"status": status, "error": error, "solved": exam}
        | {"problems": dict.fromkeys(exam, PROBLEMS), "split": Exam.split(task.stage)}
    )
