"""Curricula of every kind, some of them nervous, and scripts to put them through."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from hypothesis import strategies as st

from frostline.curricula import PRESETS, SPRT, Curriculum, Outcome, Space, Ticket
from frostline.curricula.demotion import UpperBound
from frostline.curricula.floors import StaleFloor
from frostline.curricula.ladder import Ladder
from frostline.curricula.mixing import ProgressGated
from frostline.curricula.quarantine import Quarantine
from frostline.curricula.reach import Reach
from frostline.curricula.replay import Deficit
from frostline.curricula.scores import LogitTarget

SPACE = {"programs": 3, "coin": 1, "arithmetic": 4}
CONTEXT = {"horizon": 10, "groups": 8, "generations": 8}  # for presets that ask for it


def nervous(space: Space, *, seed: int) -> Curriculum:
    """Compose what `frontier` is made of with rules that move after one or two groups."""
    return Curriculum(
        space,
        kind="nervous",
        seed=seed,
        score=LogitTarget(target=0.4, width=0.6),
        ladder=Ladder(
            SPRT(low=0.5, high=0.7, alpha=0.3, beta=0.3, icc=0.1, spend=True),
            demotion=UpperBound(below=0.4, alpha=0.4, groups=1, half_life=1.0),
            quarantine=Quarantine(never=2, random=2, z=0.5, successes=1, back=0.5),
            reach=Reach(behind=None, ahead=1, at=0.3),
            begin=0.3,
            ahead=True,
        ),
        replay=Deficit(keep=0.8, gain=0.5, most=0.4),
        mix=ProgressGated(stretch=4, weights={"coin": 0.5} if "coin" in space else None),
        floor=StaleFloor(0.2),
    )


def _jumpy_ladder(**options: Any) -> Callable[..., Curriculum]:
    """Return the promotion ladder with gates of one or two groups."""
    gate = {"reject_at": 0.5, "promote_at": 0.7, "alpha": 0.4, "beta": 0.4, "icc": 0.0}
    rest = {"demote_below": 0.3, "demote_groups": 1, "half_life": 8.0, "replay": 0.4, "floor": 0.1}
    return partial(PRESETS["ladder"], **(gate | rest | options))


FACTORIES: dict[str, Callable[..., Curriculum]] = PRESETS | {
    "fixed, a level for each": partial(
        PRESETS["fixed"], level={"programs": 1, "coin": 1, "arithmetic": 4}
    ),
    "ladder, jumpy": _jumpy_ladder(),
    "ladder, started": _jumpy_ladder(
        start={"programs": 3, "arithmetic": 2}, weights={"programs": 3}
    ),
    "ladder, wilson": _jumpy_ladder(wilson=True, demote_groups=2, half_life=0.5),
    "reasoning_gym, one group": partial(PRESETS["reasoning_gym"], window=1),
    "rlve, one prompt": partial(PRESETS["rlve"], prompts=1, window=2),
    "nervous": nervous,
}


def build(name: str, seed: int = 0, space: Space = SPACE) -> Curriculum:
    """Build the curriculum of that name, with the context that it asks for."""
    asked = inspect.signature(FACTORIES[name]).parameters
    context = {key: value for key, value in CONTEXT.items() if key in asked}
    return FACTORIES[name](space, seed=seed, **context)


# per step: how many tickets to draw, and for which open tickets an outcome arrives
Answer: TypeAlias = tuple[int, int, int, bool]  # place among the open, right, of how many, error
Script: TypeAlias = list[tuple[int, list[Answer]]]

names = st.sampled_from(sorted(FACTORIES))
seeds = st.integers(0, 2**32)
counts = st.sampled_from([(0, 8), (0, 8), (4, 8), (8, 8), (8, 8), (1, 3), (2, 2), (0, 1)])
answers = st.tuples(st.integers(0, 50), counts, st.sampled_from([False, False, True])).map(
    lambda drawn: (drawn[0], *drawn[1], drawn[2])
)
scripts: st.SearchStrategy[Script] = st.lists(
    st.tuples(st.integers(0, 8), st.lists(answers, max_size=8)), max_size=12
)


def play(
    curriculum: Curriculum,
    script: Script,
    waiting: list[Ticket],
    *,
    first: int = 0,
    reading: bool = True,
) -> list[Any]:
    """Follow a script and return everything the curriculum said.

    Args:
        curriculum: the one to be put through it.
        script: the steps.
        waiting: open tickets; changed in place.
        first: policy version of the first step.
        reading: whether probabilities and metrics are read after every step.
    """
    said: list[Any] = []
    for version, (n, step) in enumerate(script, first):
        tickets = curriculum.sample(n, policy_version=version)
        waiting.extend(tickets)
        outcomes = []
        for place, right, trials, error in step:
            if waiting:
                ticket = waiting.pop(place % len(waiting))
                outcomes.append(Outcome(ticket, right, trials, error=error))
        said += [tickets, curriculum.update(outcomes)]
        if reading:
            said += [curriculum.probabilities(), curriculum.metrics()]
    return said
