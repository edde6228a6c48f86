"""`frostline list`: a table for a person, an array for a program."""

from __future__ import annotations

import json

import pytest

from frostline.envs import FAMILIES, IDS, TaskSpec
from frostline.listing import families, main


def test_json_is_an_array_with_one_object_per_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == families()
    assert {family["id"]: family["name"] for family in said} == IDS
    assert all(family.keys() == {"name", "id", "summary", "levels"} for family in said)


def test_every_level_is_listed_with_a_problem_of_its_own() -> None:
    for listed in families():
        family = FAMILIES[listed["name"]]
        assert [row["level"] for row in listed["levels"]] == [*range(1, len(family.levels) + 1)]
        for row in listed["levels"]:
            asked = family.problem(TaskSpec(family.name, row["level"], "train", 0))
            assert row["skill"] == family.levels[row["level"] - 1].skill
            assert row["widens"] is family.levels[row["level"] - 1].widens
            assert row["example_prompt"].startswith(row["example_question"])
            assert family.verify(asked, row["example_answer"]).reward == 1.0


def test_the_table_shows_every_id_and_skill(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main([]) == 0
    said = capsys.readouterr().out
    assert [env_id for env_id in IDS if env_id not in said] == []
    skills = [level.skill for family in FAMILIES.values() for level in family.levels]
    assert [skill for skill in skills if skill not in said] == []


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "frostline list --json" in capsys.readouterr().out
