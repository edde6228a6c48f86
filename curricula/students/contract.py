"""Refusals of what a user's own student, rule or scheduler does against its contract.

The figures of the bench mean something only if rates are rates; numpy would take the rest as well.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..checks import check_space
from ..protocol import Scheduler
from .student import Cohort, Student

ROUNDING = 1e-9  # by how much a computed rate may lie outside 0..1
LEAST = {"groups": 1, "generations": 1, "lag": 0, "budget": 1}
COHORT = ("rates", "answer", "learn", "mastered")
SCHEDULER = ("sample", "update", "metrics")  # what a simulated run calls


def check_student(student: Student) -> None:
    """Refuse a student whose description makes no sense.

    Raises:
        ValueError: naming the attribute, its rule and its value.
    """
    for name, least in LEAST.items():
        value = getattr(student, name)  # one check for all that are counts
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(
                f"{name} of a student must be an int of at least {least}, got {value!r}"
            )
    space = student.space
    if not isinstance(space, Mapping) or not all(type(top) is int for top in space.values()):
        raise ValueError(f"space of a student must be a dict of family: levels, got {space!r}")
    if list(check_space(space)) != list(space):
        raise ValueError(f"space of a student must be sorted by family, got {list(space)}")


def check_cohort(cohort: object) -> Cohort:
    """Return what a student has started, if it is a cohort.

    Raises:
        ValueError: naming what it lacks.
    """
    _check_methods("start of a student must return a Cohort", cohort, COHORT)
    return cast(Cohort, cohort)


def check_rates(rates: object, seeds: int, cells: int) -> NDArray[np.float64]:
    """Return true pass rates, if they are some.

    Raises:
        ValueError: if the shape is wrong, or a rate does not lie in 0..1.
    """
    found = _check_shape("rates of a cohort", rates, (seeds, cells), "fiu")
    # nan is not between anything
    if not (found.min() >= -ROUNDING and found.max() <= 1 + ROUNDING):
        wrong = found[~((found >= -ROUNDING) & (found <= 1 + ROUNDING))][0]
        raise ValueError(f"rates of a cohort must lie in 0..1, got {wrong:g}")
    return found


def check_successes(
    successes: object, cells: NDArray[np.intp], generations: int
) -> NDArray[np.intp]:
    """Return the answer to a batch of `cells`, if it may be one.

    Raises:
        ValueError: if the shape is wrong, or a count does not lie in 0..generations.
    """
    found = _check_shape("answer of a cohort", successes, cells.shape, "iu")
    if found.min() < 0 or found.max() > generations:
        wrong = found[(found < 0) | (found > generations)][0]
        raise ValueError(f"answer of a cohort must count 0..{generations} successes, got {wrong}")
    return found


def check_mastered(mastered: object, seeds: int) -> NDArray[np.bool_]:
    """Return which seeds have reached the goal, if it is said of each.

    Raises:
        ValueError: if the shape is wrong or it is not said as booleans.
    """
    return _check_shape("mastered of a cohort", mastered, (seeds,), "b")


def check_rule(cells: object, seeds: int, student: Student) -> NDArray[np.intp]:
    """Return what an oracle's rule has chosen, if these are cells.

    Raises:
        ValueError: if the shape is wrong or there is no such cell.
    """
    found = _check_shape("a rule's cells", cells, (seeds, student.groups), "iu")
    last = sum(student.space.values()) - 1
    if found.min() < 0 or found.max() > last:
        wrong = found[(found < 0) | (found > last)][0]
        raise ValueError(f"a rule's cells must lie in 0..{last}, got {wrong}")
    return found


def check_factory(factory: Callable[..., Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `context` that a factory of schedulers has parameters for.

    Raises:
        ValueError: if it cannot be called with (space, *, seed) and them.
    """
    try:
        signature = inspect.signature(factory)
        asked = {name: value for name, value in context.items() if name in signature.parameters}
        signature.bind({}, seed=0, **asked)
    except (TypeError, ValueError) as error:  # wrong parameters, or none that Python knows of
        raise ValueError(f"a scheduler's factory must take (space, *, seed): {error}") from error
    return asked


def check_scheduler(scheduler: object) -> Scheduler:
    """Return what a factory has made, if it is a scheduler.

    Raises:
        ValueError: naming what it lacks.
    """
    _check_methods("a scheduler's factory must return a Scheduler", scheduler, SCHEDULER)
    return cast(Scheduler, scheduler)


def _check_methods(rule: str, found: object, methods: tuple[str, ...]) -> None:
    """Refuse an object that lacks methods."""
    # the user's object: which of the protocol's names it lacks is only known by asking
    lacking = [name for name in methods if not callable(getattr(found, name, None))]
    if lacking:
        raise ValueError(f"{rule}, got {type(found).__name__}, which lacks {', '.join(lacking)}")


def _check_shape(what: str, given: object, shape: tuple[int, ...], kinds: str) -> NDArray[Any]:
    """Return an array, if it has this shape and one of these kinds of numbers."""
    if not isinstance(given, np.ndarray):
        raise ValueError(f"{what} must be an array of shape {shape}, got {type(given).__name__}")
    if given.shape != shape or given.dtype.kind not in kinds:
        words = {"b": "booleans", "iu": "integers", "fiu": "numbers"}[kinds]
        raise ValueError(
            f"{what} must be {words} of shape {shape}, got {given.dtype} of shape {given.shape}"
        )
    return given
