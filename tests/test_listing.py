"""`frostline list`: a table for a person, an array for a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frostline.envs import FAMILIES, IDS, SPECIAL_IDS, TaskSpec
from frostline.listing import families, main
from frostline.pages import family_page, index_page, pages, sections, write_pages


def test_json_is_an_array_with_one_object_per_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == families(list(FAMILIES.values()))
    assert {family["id"]: family["name"] for family in said} == IDS
    assert all(family.keys() == {"name", "id", "summary", "levels"} for family in said)


def test_every_level_is_listed_with_a_problem_of_its_own() -> None:
    for listed in families(list(FAMILIES.values())):
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
    monkeypatch.setenv("COLUMNS", "400")
    assert main([]) == 0
    said = capsys.readouterr().out
    assert [env_id for env_id in IDS if env_id not in said] == []
    skills = [level.skill for family in FAMILIES.values() for level in family.levels]
    assert [skill for skill in skills if skill not in said] == []


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "frostline list --json" in capsys.readouterr().out


PAGES = Path(__file__).parents[1] / "docs" / "environments"


def test_no_page_is_stale() -> None:
    made = pages()
    assert {path.name for path in PAGES.iterdir()} == made.keys()
    stale = [name for name, text in made.items() if (PAGES / name).read_text() != text]
    assert stale == [], "run: frostline list --write docs/environments"


@pytest.mark.parametrize("name", FAMILIES)
def test_a_page_says_all_that_a_user_needs(name: str) -> None:
    family = FAMILIES[name]
    headings = [line[3:] for line in family_page(family).splitlines() if line.startswith("## ")]
    assert headings == [
        "Description", "Answer", "Levels", "Observation", "Action", "Reward", "Episode end",
        "Arguments", "Version history"]  # fmt: skip
    assert f"v{family.version}:" in sections(type(family))["Version history"]
    skills = [level.skill for level in family.levels]
    assert [skill for skill in skills if f": {skill}" not in family_page(family)] == []


def test_the_index_links_every_environment() -> None:
    assert [env_id for env_id in (*IDS, *SPECIAL_IDS) if f"[{env_id}](" not in index_page()] == []


def test_writing_removes_the_page_of_a_family_that_is_gone(tmp_path: Path) -> None:
    write_pages(tmp_path)
    (tmp_path / "gone.md").write_text((tmp_path / "arithmetic.md").read_text())
    (tmp_path / "mine.md").write_text("my own notes")
    write_pages(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*pages(), "mine.md"}


def test_a_page_is_shown_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arithmetic", "toys:Bits"]) == 0
    said = capsys.readouterr().out
    assert "frostline/Arithmetic-v0" in said
    assert "frostline/Bits-v0" in said
    assert "Polynomials" not in said
    with pytest.raises(ValueError, match="did you mean 'arithmetic'"):
        main(["arithmetik"])
