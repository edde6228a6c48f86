"""No question stands in two splits, however it is asked."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostline.envs import FAMILIES, SPLITS, TaskSpec
from frostline.envs.families.closed_forms import LEVELS, ClosedForms
from frostline.envs.streams import split_of


def splits_by_content(name: str, count: int) -> dict[str, set[str]]:
    """Return in which splits each canonical question was met, over all levels."""
    family, met = FAMILIES[name], defaultdict(set)
    for level in range(1, len(family.levels) + 1):
        for split in SPLITS:
            for index in range(count):
                task = TaskSpec(name, level, split, index)
                met[family.problem(task).canonical].add(split)
    return dict(met)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_question_is_met_in_two_splits(name: str) -> None:
    assert [q for q, splits in splits_by_content(name, 500).items() if len(splits) > 1] == []


def test_every_closed_form_belongs_to_one_split_on_all_its_levels() -> None:
    family, owners = ClosedForms(), defaultdict(set)
    for level in range(1, len(LEVELS) + 1):
        pools = {split: family._pool(level, split) or [] for split in SPLITS}
        contents = list(LEVELS[level - 1].functions())
        assert sum(map(len, pools.values())) == len({c.signature() for c in contents}) >= 200
        assert all(pools.values())
        for split, pool in pools.items():
            for form, canonical in pool:
                assert canonical == form.signature()
                owners[canonical].add(split)
    assert {len(splits) for splits in owners.values()} == {1}


@given(st.text(max_size=30).filter(lambda t: t.isprintable()))
def test_every_question_has_one_split(canonical: str) -> None:
    assert split_of("arithmetic", canonical) in SPLITS


def test_a_tenth_is_held_out_twice() -> None:
    owners = [split_of("arithmetic", str(i)) for i in range(20_000)]
    shares = [owners.count(split) / len(owners) for split in SPLITS]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


@pytest.mark.parametrize(
    ("name", "level", "pattern"),
    [("arithmetic", 1, "+"), ("arithmetic", 4, "*"), ("polynomials", 6, ")*(")],
)
def test_operands_in_another_order_are_the_same_question(
    name: str, level: int, pattern: str
) -> None:
    owners = defaultdict(set)
    for split in SPLITS:
        for index in range(400):
            question = FAMILIES[name].problem(TaskSpec(name, level, split, index)).question
            body = question.partition(" ")[2].rstrip(".")
            key = frozenset(part.strip(" ()") for part in body.split(pattern))
            owners[key].add(split)
    assert {len(splits) for splits in owners.values()} == {1}


COMMUTED = [
    ("arithmetic", 1, ("Compute 3 + 7.", "Compute 7 + 3.")),
    ("arithmetic", 3, ("Compute 3 + 7 - 2.", "Compute 7 + 3 - 2.", "Compute 7 - 2 + 3.")),
    ("arithmetic", 4, ("Compute 3 * 12.", "Compute 12 * 3.")),
    ("arithmetic", 7, ("Compute 5 - 3 * 7.", "Compute 5 - 7 * 3.")),
    ("arithmetic", 8, ("Compute (9 - 4) * 3.", "Compute 3 * (9 - 4).")),
    (
        "polynomials",
        3,
        ("Collect 3*x + 5 + x - 2.", "Collect x - 2 + 3*x + 5.", "Collect x + 5 + 3*x - 2."),
    ),
    ("polynomials", 6, ("Expand (x + 1)*(x - 2).", "Expand (x - 2)*(x + 1).")),
]


@pytest.mark.parametrize(("name", "level", "wordings"), COMMUTED)
def test_the_same_question_in_another_order_is_the_same_question(
    name: str, level: int, wordings: tuple[str, ...]
) -> None:
    rng, found = random.Random(0), {}
    for _ in range(200_000):
        content = FAMILIES[name].draw(level, rng)
        text = FAMILIES[name].ask(level, content, rng).text
        if text in wordings:
            found[text] = FAMILIES[name].canonical(content)
        if len(found) == len(wordings):
            break
    assert set(found) == set(wordings)
    assert len(set(found.values())) == 1
