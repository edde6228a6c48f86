"""The nine named students of the bench, as data.

`frontier` was tuned with all nine in sight; random students with seeds below 1000 had no part in
that. Budgets are about 1.5 times what uniform training takes on its slowest seed, where it masters
at all.
"""

from dataclasses import replace

from .irt import IRTStudent
from .skills import SkillStudent
from .student import Student


def chain(levels: int) -> tuple[tuple[int, ...], ...]:
    """Return the needs of a chain: level k needs skills 0..k-1.

    >>> chain(3)
    ((0,), (0, 1), (0, 1, 2))
    """
    return tuple(tuple(range(level)) for level in range(1, levels + 1))


def window(levels: int, width: int) -> tuple[tuple[int, ...], ...]:
    """Return the needs of levels that each need the last `width` skills only.

    >>> window(4, 2)
    ((0,), (0, 1), (1, 2), (2, 3))
    """
    return tuple(tuple(range(max(0, top - width), top)) for top in range(1, levels + 1))


def dag(families: int, levels: int) -> dict[str, tuple[tuple[int, ...], ...]]:
    """Return the needs of chains in which a family builds on the one before it.

    Level k needs skills 1..k of its own family and those of the levels below k of the family
    before it.

    >>> dag(2, 2)
    {'family_1': ((0,), (0, 1)), 'family_2': ((2,), (0, 2, 3))}
    """
    return {
        f"family_{family + 1}": tuple(
            tuple(range((family - 1) * levels, (family - 1) * levels + level - 1)) * (family > 0)
            + tuple(range(family * levels, family * levels + level))
            for level in range(1, levels + 1)
        )
        for family in range(families)
    }


def starts(levels: int, *, families: int = 1) -> tuple[float, ...]:
    """Return starting chances: .6 for the first skill of every family, .35 for the others."""
    return (0.6, *[0.35] * (levels - 1)) * families


_CHAIN = SkillStudent(name="skill_chain", needs={"chain": chain(10)}, starts=starts(10), budget=650)

_ALL: tuple[Student, ...] = (
    IRTStudent(name="irt_ladder", levels={"ladder": 10}, budget=1150),
    _CHAIN,
    # uniform training never masters it: decay holds its hardest level near .6
    SkillStudent(
        name="skill_dag",
        needs=dag(families=3, levels=6),
        starts=starts(6, families=3),
        decay=3e-4,
        budget=1500,
    ),
    SkillStudent(
        name="forgetting",
        needs={"chain": window(10, width=3)},
        starts=starts(10),
        decay=4e-4,
        goal="all",
        budget=650,
    ),
    SkillStudent(
        name="trap",
        needs={"chain": chain(8), "coins": ((),) * 8},
        starts=starts(8),
        coin=frozenset(("coins", level) for level in range(1, 9)),
        budget=900,
    ),
    replace(_CHAIN, name="lag", lag=8),
    replace(_CHAIN, name="broken_level", broken=frozenset({("chain", 3)}), budget=700),
    SkillStudent(
        name="long_chain",
        needs={"chain": chain(14)},
        starts=starts(14),
        normalize=True,
        budget=500,
    ),
    # six levels, not ten: with ten, uniform training takes 7400 steps and the bench as long
    IRTStudent(
        name="irt_families",
        levels={f"family_{number}": 6 for number in range(1, 5)},
        spacing=2.5,
        lag=2,
        budget=4000,
    ),
)

STUDENTS: dict[str, Student] = {student.name: student for student in _ALL}

SUMMARIES = {
    "irt_ladder": "one ability against ten levels of evenly rising difficulty",
    "skill_chain": "ten skills in a chain: a level needs its own skill and all below",
    "skill_dag": "three families of six levels, each building on the last; unused skills decay",
    "forgetting": "ten levels that need the last three skills only, which decay; all must be held",
    "trap": "a chain of eight beside a family of eight levels that are coin flips for ever",
    "lag": "skill_chain, whose outcomes come eight steps late",
    "broken_level": "skill_chain, whose third level can never be passed",
    "long_chain": "a chain of fourteen, with advantages divided by the group's deviation",
    "irt_families": "four abilities, six levels each and far apart; outcomes come two steps late",
}
