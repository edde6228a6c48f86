"""The file of a study: what it may say, and what is said about mistakes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_toys import toy_study

from frostline.study import spec
from frostline.study.spec import Arm, Exam, Study, load_study, spread

EXAMPLE = """
    name = "example"
    curricula = ["frontier", "hardest"]
    seeds = 3
    train = { iterations = 40, grpo = { groups = 16 } }
    exam = { problems = 100, others = ["countdown"], problems_others = 20 }
    tuning = { seeds = 1, curriculum = "frontier" }

    [curriculum.hardest]
    kind = "fixed"
    level = { arithmetic = 10 }

    [[arms]]
    trainable = "none"

    [[arms]]
    trainable = "first:5"
    headline = true
    seeds = 5

    [[arms]]
    trainable = ["attention", "head"]
    rate_of = "first:5"
"""


def read(tmp_path: Path, text: str) -> Study:
    path = tmp_path / "study.toml"
    path.write_text(text)
    return load_study(path)


def test_a_study_is_read_from_its_file(tmp_path: Path) -> None:
    study = read(tmp_path, EXAMPLE)
    assert [arm.name for arm in study.arms] == ["none", "first:5", "attention+head"]
    assert study.curriculum_config("hardest").level == {"arithmetic": 10}
    assert study.curriculum_config("frontier").kind == "frontier"
    assert [len(study.fresh_seeds(arm)) for arm in study.arms] == [3, 5, 3]
    assert study.train.grpo.groups == 16


def test_the_example_of_the_docstring_is_a_study(tmp_path: Path) -> None:
    assert spec.__doc__ is not None
    lines = [line for line in spec.__doc__.splitlines() if line.startswith("    ") or not line]
    assert read(tmp_path, "\n".join(lines)).name == "example"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds = 3", "sedes = 3", "unknown option sedes; did you mean seeds?"),
        ("headline", "headlin", "unknown option arms.1.headlin; did you mean arms.1.headline?"),
        ("iterations", "iteratons", "did you mean train.iterations?"),
        ("groups", "grops", "unknown option train.grpo.grops; did you mean train.grpo.groups?"),
        ("problems_others", "problems_other", "did you mean exam.problems_others?"),
        ('"first:5"', '"frist:5"', "unknown item 'frist:5'; did you mean 'first'?"),
        ('"first:5"', '"lisa:evry=2"', "got 'evry'; did you mean 'every'?"),
        ('["frontier", ', '["frontire", ', "got 'frontire'; did you mean 'frontier'?"),
        ('"fixed"', '"fixd"', "fixd"),
        ('["countdown"]', '["cuntdown"]', "'cuntdown'; did you mean 'countdown'?"),
        ('["countdown"]', '["arithmetic"]', "different names, got 'arithmetic' twice"),
        ('rate_of = "first:5"', 'rate_of = "first:6"', "did you mean 'first:5'?"),
        ('rate_of = "first:5"', 'rate_of = "none"', "must be one of first:5; got 'none'"),
        ('"none"', '"first:5"', "arms must have different names, got 'first:5' twice"),
        ('curriculum = "frontier"', 'curriculum = "rlve"', "tuned under must be one of frontier, "),
        ("groups = 16", "learning_rate = 1e-3", "learning_rate is not the same for all arms"),
        ("groups = 16", 'optimizer = "sgd"', "optimizer is not the same for all arms"),
        ("seeds = 5", "seeds = 0", "arms.1.seeds: should be greater than or equal to 1, got 0"),
        ("seeds = 5", 'optimizer = "sgd"', "needs rates: those of tuning are for adamw"),
        ("seeds = 1", "widen = -1", "tuning.widen: should be greater than or equal to 0"),
        ('"example"', '"a/b"', "must be the name of one folder"),
        ("iterations = 40", "levels = { closed_form = 3 }", "did you mean 'closed_forms'?"),
        ("iterations = 40", "levels = { arithmetic = 12 }", "must be 1 to 11, got 12"),
    ],
)
def test_a_mistake_is_answered_in_one_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert EXAMPLE.count(old) >= 1
    with pytest.raises(ValueError, match=r"study\.toml") as caught:
        read(tmp_path, EXAMPLE.replace(old, new, 1))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"study file .*none.toml cannot be read"):
        load_study(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ([1e-5, 1e-4, 1e-3, 1e-2], "must be 5 learning rates at least, got 4"),
        ([0, 1e-4, 1e-3, 1e-2, 1e-1], "must be finite learning rates above 0"),
        ([1e-1, 1e-2, 1e-3, 1e-4, 1e-5], "must rise in even steps on a logarithmic scale"),
        ([1e-4, 1e-4, 1e-3, 1e-2, 1e-1], "must rise in even steps on a logarithmic scale"),
        ([1e-4, 2e-4, 3e-4, 4e-4, 5e-4], "must rise in even steps on a logarithmic scale"),
    ],
)
def test_learning_rates_must_be_five_and_evenly_spaced(rates: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Arm(trainable="full", rates=tuple(rates))
    with pytest.raises(ValueError, match=message):
        toy_study(tuning={"rates": rates})


def test_steps_of_one_two_five_are_even_enough() -> None:
    assert Arm(trainable="full", rates=(1e-5, 2e-5, 5e-5, 1e-4, 2e-4)).rates


@pytest.mark.parametrize(
    ("rounds", "message"),
    [
        ([[0.5, 0.5], [0.5, 0]], "shares of the iterations must rise"),
        ([[0.5, 0.5], [1.5, 0]], "shares of the iterations must rise"),
        ([[0.5, 0.5], [1, 0.5]], "the last one be 0"),
        ([[0.5, 0], [1, 0]], "shares kept must lie between 0 and 1"),
    ],
)
def test_rounds_must_grow_longer_and_end_with_one_rate(rounds: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        toy_study(tuning={"rounds": rounds})


@pytest.mark.parametrize("extra", [{"rates": (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)}, {"rate_of": "x"}])
def test_the_untrained_policy_has_no_learning_rate(extra: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="arm 'none' trains nothing"):
        Arm(trainable="none", **extra)


@given(st.integers(1, 2000), st.integers(1, 40))
def test_problems_are_spread_evenly_over_levels(problems: int, levels: int) -> None:
    counts = spread(problems, levels)
    assert sum(counts) == problems
    assert len(counts) == levels
    assert max(counts) - min(counts) <= 1


def test_tuning_is_examined_on_fewer_problems_of_another_split() -> None:
    exam = Exam(problems=1000)
    assert (exam.size("tune"), exam.split("tune")) == (250, "validation")
    assert (exam.size("final"), exam.split("final")) == (1000, "test")


def test_fresh_seeds_are_never_those_of_tuning() -> None:
    study = toy_study(seeds=10_000)
    assert not set(study.fresh_seeds(study.arms[1])) & set(study.tuning_seeds())
    with pytest.raises(ValueError, match=r"seeds\n.* less than or equal to 10000"):
        toy_study(seeds=10_001)


def test_an_arm_has_its_own_rate_and_optimizer_and_all_else_in_common() -> None:
    study = toy_study()
    sgd = Arm(trainable="full", name="sgd", optimizer="sgd", rates=study.tuning.rates)
    config = study.config(sgd, 0.25)
    assert (config.learning_rate, config.optimizer) == (0.25, "sgd")
    own = {"learning_rate", "optimizer"}
    assert config.model_dump(exclude=own) == study.train.grpo.model_dump(exclude=own)


def test_arms_seeds_and_rates_join_a_study_but_its_options_are_part_of_what_it_is() -> None:
    study = toy_study()
    more = toy_study(
        arms=[{"trainable": "none"}, {"trainable": "full", "seeds": 9, "note": "more seeds"},
              {"trainable": "first:5"}],
        seeds=4,
    )  # fmt: skip
    assert study.identity().items() <= more.identity().items()
    other = toy_study(exam={"problems": 7})
    assert {name for name, value in study.identity().items() if other.identity()[name] != value} \
        == {"exam.problems"}  # fmt: skip
    sgd = {"trainable": "none", "name": "full"}
    assert toy_study(arms=[sgd]).identity()["arms.full"] != study.identity()["arms.full"]
