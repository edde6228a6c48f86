"""How an environment is asked for the problem of a ticket, and whether it asks that."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, TypeAlias

from .protocol import Ticket

# the reset options of an environment that ask for a ticket's problem
ToOptions: TypeAlias = Callable[[Ticket], Mapping[str, Any]]


def task_options(ticket: Ticket) -> dict[str, Any]:
    """Return the reset options that ask a text environment of Frostline for a ticket's problem.

    >>> task_options(Ticket(0, "arithmetic", 2, "train", 7, policy_version=0, probability=1.0))
    {'task': {'family': 'arithmetic', 'level': 2, 'split': 'train', 'index': 7}}
    """
    task = asdict(ticket)
    return {"task": {name: task[name] for name in ("family", "level", "split", "index")}}


def check_asked(ticket: Ticket, task: object) -> None:
    """Refuse an environment that was given `task_options` and asks something else.

    Args:
        ticket: what was to be asked.
        task: `info["task"]` of the environment, a mapping or dataclass; None if there is none.

    Raises:
        ValueError: with the remedy.
    """
    if is_dataclass(task) and not isinstance(task, type):
        task = asdict(task)
    asked = task_options(ticket)["task"]
    if not isinstance(task, Mapping) or dict(task) != asked:  # an array has no truth value
        raise ValueError(
            f"env must ask {asked} and say so in info['task'], got {task!r}; pass to_options for an"
            ' environment with reset options of its own, such as lambda ticket: {"level": '
            "ticket.level}"
        )


def task_at(tasks: object, place: int) -> object:
    """Return the task of one environment of a vector from `infos.get("task")`."""
    if isinstance(tasks, Mapping):  # what Gymnasium makes of mappings: one of arrays
        return {name: tasks[name][place] for name in tasks if not name.startswith("_")}
    return None if tasks is None else tasks[place]  # type: ignore[index]  # else it is an array
