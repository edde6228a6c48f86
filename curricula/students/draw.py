"""Random students: what a scheduler meets that was tuned on none of them."""

import hashlib
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ..protocol import Key, Space
from .irt import IRTStudent
from .named import chain, dag, window
from .oracle import steps_to_mastery
from .skills import SkillStudent

RandomStudent: TypeAlias = IRTStudent | SkillStudent

PATIENCE = 12  # a student's budget, in multiples of what an oracle takes
SHORTEST, LONGEST = 40, 500  # steps that the first oracle may take
MAX_BUDGET = PATIENCE * LONGEST
MOST_CELLS = 60  # of a student made of skills: its time per step grows with their number


def draw_student(seed: int) -> RandomStudent:
    """Draw a student: 1-8 families of 3-20 levels, of either kind, at times unfair.

    Unfair are coin-flip and broken levels, guesses, slips, prompts of uneven difficulty, decay and
    late outcomes. A draw that the first oracle does not master in SHORTEST..LONGEST steps is drawn
    again, so all of them can be learned; the budget is PATIENCE times what that oracle took.
    """
    attempt = 0
    while True:
        rng = _stream(seed, attempt)
        student = (_draw_irt if rng.random() < 0.5 else _draw_skills)(f"random_{seed}", rng)
        steps = _oracle_steps(student)
        if SHORTEST <= steps <= LONGEST:
            return replace(student, budget=PATIENCE * int(steps))
        attempt += 1


def _stream(seed: int, attempt: int) -> random.Random:
    """Return the random stream of one draw."""
    key = repr(("random student", int(seed), attempt)).encode()
    return random.Random(int.from_bytes(hashlib.blake2b(key, digest_size=16).digest()))


def _oracle_steps(student: RandomStudent) -> float:
    """Return the steps that the first oracle takes on one seed, infinite beyond LONGEST."""
    rule = next(iter(student.oracles().values()))
    return float(steps_to_mastery(replace(student, budget=LONGEST), rule, (0,))[0])


def _draw_irt(name: str, rng: random.Random) -> IRTStudent:
    """Draw a student with an ability per family."""
    families, generations = _families(rng), rng.choice((4, 8, 8, 16))
    levels = {family: rng.randint(3, 20) for family in families}
    a, spacing = _log_uniform(rng, 0.5, 2), _log_uniform(rng, 0.5, 2.5)
    # so that the closed form of the oracle's time comes out between 60 and 400 steps
    way = sum(top * spacing for top in levels.values())
    steps = _log_uniform(rng, 60, 400)
    eta = min(0.5, 4 * way / (steps * a * (1 - 1 / generations) * 8))
    student = IRTStudent(
        name=name,
        levels=levels,
        discrimination=a,
        spacing=spacing,
        eta=eta,
        generations=generations,
        **_common(rng, levels),
    )
    if rng.random() < 0.35 and len(levels) > 1:
        # a share of what keeps the highest family where it has to be, if all take turns
        hold = 0.16 * eta * a / (max(levels.values()) * spacing * (len(levels) - 1))
        student = replace(student, decay=hold * rng.uniform(0.05, 0.4))
    return student


def _draw_skills(name: str, rng: random.Random) -> SkillStudent:
    """Draw a student made of skills."""
    families = _families(rng)
    most = min(20, MOST_CELLS // len(families))
    shape: Callable[[list[str], int, random.Random], Mapping[str, Any]]
    shape = rng.choice((_chains, _windows, _dag))
    needs = dict(shape(families, most, rng))
    space = {family: len(levels) for family, levels in needs.items()}
    skills = 1 + max(skill for levels in needs.values() for needed in levels for skill in needed)
    first = {levels[0][0] for levels in needs.values()}
    low, high = rng.uniform(0.5, 0.8), rng.uniform(0.2, 0.5)
    return SkillStudent(
        name=name,
        needs=needs,
        starts=tuple(low if skill in first else high for skill in range(skills)),
        eta=_log_uniform(rng, 0.08, 0.5),
        normalize=rng.random() < 0.25,
        decay=rng.uniform(5e-5, 5e-4) if rng.random() < 0.35 else 0.0,
        goal="all" if shape is _windows else "top",  # the last few skills are easy to come by
        generations=rng.choice((4, 8, 8, 16)),
        **_common(rng, space),
    )


def _families(rng: random.Random) -> list[str]:
    """Return names of 1-8 families; half of the time no more than 2."""
    count = rng.choice((1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8))
    return [f"family_{number}" for number in range(1, count + 1)]


def _chains(families: list[str], most: int, rng: random.Random) -> Mapping[str, Any]:
    """Return needs of independent chains."""
    return _apart({family: chain(rng.randint(3, most)) for family in families})


def _windows(families: list[str], most: int, rng: random.Random) -> Mapping[str, Any]:
    """Return needs of families whose levels need the last few skills only."""
    width = rng.randint(2, 4)
    return _apart({family: window(rng.randint(3, most), width) for family in families})


def _dag(families: list[str], most: int, rng: random.Random) -> Mapping[str, Any]:
    """Return needs of families that build on the one before."""
    return dag(len(families), rng.randint(3, min(10, most)))


def _apart(needs: Mapping[str, tuple[tuple[int, ...], ...]]) -> Mapping[str, Any]:
    """Renumber the skills so that no two families share one."""
    apart, first = {}, 0
    for family, levels in needs.items():
        apart[family] = tuple(tuple(first + skill for skill in needed) for needed in levels)
        first += 1 + max(skill for needed in levels for skill in needed)
    return apart


def _common(rng: random.Random, space: Space) -> dict[str, Any]:
    """Draw what both kinds have: unfair levels, grading, speeds, lag, groups."""
    coin, broken = _unfair(rng, space)
    uneven = rng.random() < 0.3
    return {
        "coin": coin,
        "broken": broken,
        "guess": rng.uniform(0.05, 0.3) if rng.random() < 0.2 else 0.0,
        "slip": rng.uniform(0.02, 0.1) if rng.random() < 0.2 else 0.0,
        "noise": rng.uniform(0.3, 1.0) if rng.random() < 0.25 else 0.0,
        "speeds": {family: _log_uniform(rng, 0.5, 2) for family in space} if uneven else {},
        "lag": rng.choice((0, 0, 0, 1, 2, 4, 8, 16)),
        "groups": rng.choice((4, 8, 8, 8, 8, 8, 8, 16)),
    }


def _unfair(rng: random.Random, space: Space) -> tuple[frozenset[Key], frozenset[Key]]:
    """Draw the coin-flip and the broken levels; something to learn is left."""
    keys = [(family, level) for family, top in space.items() for level in range(1, top + 1)]
    coin, broken = set[Key](), set[Key]()
    if len(space) > 1 and rng.random() < 0.25:
        lost = rng.choice(list(space))
        rng.choice((coin, coin, broken)).update(key for key in keys if key[0] == lost)
    if rng.random() < 0.25:
        coin.update(rng.sample(keys, rng.randint(1, 2)))
    if rng.random() < 0.35:
        broken.update(rng.sample(keys, rng.randint(1, 2)))
    return frozenset(coin), frozenset(broken - coin)


def _log_uniform(rng: random.Random, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return low * math.exp(rng.random() * math.log(high / low))
