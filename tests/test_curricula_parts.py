"""Parts of a curriculum: which go together, and whose they are."""

from typing import Any

import pytest
from rungs import GATE

from frostline.curricula import Curriculum
from frostline.curricula.estimators import EMA
from frostline.curricula.floors import EvenFloor
from frostline.curricula.ladder import Ladder
from frostline.curricula.mixing import Even
from frostline.curricula.part import Part
from frostline.curricula.replay import FixedShare
from frostline.curricula.scores import Constant


def compose(**parts: Any) -> Curriculum:
    return Curriculum({"sums": 4}, kind="composed", seed=0, **parts)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"joint": True, "mix": Even()}, "joint=True lets families compete; it goes without a mix"),
        ({"replay": FixedShare()}, "it needs a ladder, and no joint=True"),
        (
            {"replay": FixedShare(), "ladder": Ladder(GATE), "joint": True},
            "it needs a ladder, and no joint=True",
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compose(**parts)


@pytest.mark.parametrize(
    ("space", "message"), [({}, "at least one family"), ({"sums": 0}, "got sums=0")]
)
def test_an_empty_space_is_refused(space: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Curriculum(space, kind="composed", seed=0)


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("estimator", EMA(0.5)),
        ("score", Constant()),
        ("ladder", Ladder(GATE)),
        ("mix", Even()),
        ("floor", EvenFloor(0.1)),
    ],
)
def test_a_part_belongs_to_one_curriculum(role: str, part: Part) -> None:
    parts: dict[str, Any] = {role: part}
    compose(**parts)
    with pytest.raises(ValueError, match=f"this {type(part).__name__} is part of another"):
        compose(**parts)
