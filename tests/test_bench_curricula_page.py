"""docs/curricula.md: it says what the code says, its examples run, its figures are computed."""

import doctest
import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drill import Drill, Easy, Hard, Scripted, top

from frostline.bench import (
    curricula_docs,
    curricula_jobs,
    curricula_page,
    curricula_picture,
    curricula_table,
)
from frostline.bench.curricula import main
from frostline.bench.curricula_docs import ROLES, module_text, parts_of, preset_text, said
from frostline.bench.curricula_guide import AFTER_MASTERY, CURVES, MEASURED, STUDENT, USE, WRITE
from frostline.bench.curricula_page import (
    BEGIN,
    faster,
    guide,
    picture_name,
    random_text,
    regrets,
    rule_text,
    rules_text,
    students_text,
)
from frostline.bench.curricula_rows import Results
from frostline.bench.curricula_table import IN_SIGHT
from frostline.bench.row import Row
from frostline.curricula.ladder import Ladder
from frostline.curricula.part import Part
from frostline.curricula.presets import PRESETS
from frostline.curricula.students import STUDENTS, SUMMARIES, Cohort, Student
from frostline.curricula.students.simulate import simulate, simulate_rule

PAGE = Path(__file__).parents[1] / "docs" / "curricula.md"
AGAIN = "run: frostline bench curricula --students none --page docs/curricula.md"
MEASURE = "run: frostline bench curricula --random 200 --page docs/curricula.md"
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def results_of(**factories: Callable[..., Any]) -> Results:
    """Return results with a drill: 4 steps of `Hard`, 8 of `Scripted`, and `Easy` fails."""
    runs = {
        (name, "drill"): simulate(Drill(), factory, [0, 1], name=name)
        for name, factory in factories.items()
    }
    runs["oracle", "drill"] = simulate_rule(Drill(), top, [0, 1], name="top")
    return Results(runs, ["oracle", *factories], ["drill"], 2)


def test_the_page_says_what_the_code_says() -> None:
    page = PAGE.read_text()
    parts = [*guide(), MEASURED, students_text(), STUDENT, CURVES, AFTER_MASTERY]
    parts += [text for preset in PRESETS.values() for text in module_text(preset)]
    parts += [rule_text(name, preset) for name, preset in PRESETS.items()]
    stale = [part[:60] for part in parts if part.strip("\n") not in page]
    assert stale == [], AGAIN


def test_the_page_says_beside_the_table_what_its_figures_are_not() -> None:
    table = PAGE.read_text().partition(BEGIN)[2].partition("###")[0]
    assert IN_SIGHT in table, MEASURE
    assert "Schedules in time (linear, e2h_cosine, e2h_gaussian) are told" in table, MEASURE


def test_what_becomes_of_a_curve_after_mastery_is_said_under_the_first_picture() -> None:
    text = list(rules_text("rules", ["uniform", "fixed"]))
    assert text[text.index("![curves of uniform](rules/uniform.png)") + 1] == AFTER_MASTERY
    assert text.count(AFTER_MASTERY) == 1


def test_a_goal_of_every_level_is_that_of_forgetting_alone() -> None:
    every = [name for name, student in STUDENTS.items() if getattr(student, "goal", "") == "all"]
    assert every == ["forgetting"], "MEASURED says so"


def test_the_picture_of_a_rule_shows_every_student(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(
        curricula_picture, "_rule", lambda axis, results, student, rule: drawn.append(student)
    )
    results = replace(results_of(slow=Scripted), students=list(STUDENTS))
    curricula_picture.draw_rule(results, "slow")
    assert drawn == list(STUDENTS)


def test_the_page_has_every_preset_and_no_other() -> None:
    headings = re.findall(r"^#### (\w+)$", PAGE.read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(PRESETS), AGAIN


def test_the_page_has_the_pictures_that_it_shows_and_no_other() -> None:
    shown = re.findall(r"\]\(curricula/([\w.]+)\)", PAGE.read_text())
    pictures = PAGE.with_suffix("")
    assert sorted(shown) == sorted(path.name for path in pictures.iterdir()), MEASURE
    assert {f"{name}.png" for name in PRESETS} < set(shown)
    assert max((pictures / f"{name}.png").stat().st_size for name in PRESETS) < 40_000


def test_the_examples_of_the_guide_run(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for code in CODE.findall(USE + WRITE + STUDENT):
        exec(code, names)
    assert "promotion arithmetic 1" in capsys.readouterr().out
    student: Student = names["Steady"]()
    assert isinstance(student, Student)
    assert isinstance(student.start([0]), Cohort)
    assert simulate(student, names["mine"], [0, 1]).mastered.all()


def test_every_student_is_described() -> None:
    assert list(SUMMARIES) == list(STUDENTS)


@pytest.mark.parametrize(
    "module", [curricula_docs, curricula_jobs, curricula_page, curricula_table]
)
def test_examples_in_docstrings_run(module: Any) -> None:
    done = doctest.testmod(module)
    assert done.attempted > 0
    assert done.failed == 0


def sample(share: float, keep: float = 0.5) -> None:
    """Keep `share` * keep of it.

    In short:
    - all of a list,
      in one line

    >>> 1 + 1
    2

    Args:
        share: of the tickets,
            0..1.
        keep: as a | b.

    Raises:
        ValueError: never.
    """


def test_a_docstring_is_read_by_its_parts() -> None:
    docs = said(sample)
    assert docs.blocks == [
        r"Keep `share` \* keep of it.",
        "In short:\n- all of a list, in one line",
        "```python\n>>> 1 + 1\n2\n```",
    ]
    assert docs.args == {"share": "of the tickets, 0..1.", "keep": "as a | b."}


def test_options_that_a_docstring_explains_are_a_table_with_their_defaults() -> None:
    text = preset_text(sample)
    assert text.startswith("```python\nsample(…)\n```")
    assert text.endswith(
        "| option | default | meaning |\n|---|---|---|\n"
        "| `share` |  | of the tickets, 0..1. |\n| `keep` | `0.5` | as a \\| b. |"
    )


def concrete(base: type[Any]) -> set[type[Any]]:
    """Return the parts of the package that can be used."""
    below = [base, *(part for child in base.__subclasses__() for part in concrete(child))]
    return {
        part
        for part in below
        if part.__module__.startswith("frostline.") and not inspect.isabstract(part)
    }


def test_every_part_is_in_the_table() -> None:
    found = {role.title: parts_of(role) for role in ROLES}
    assert all(found.values()), found
    listed = {part for parts in found.values() for part in parts}
    hidden = {"OnlyLevels"}  # of the preset `fixed`
    missing = {part.__name__ for part in concrete(Part) - listed - {Part, Ladder}} - hidden
    assert missing == set()


def test_the_pairs_in_which_a_rule_beats_frontier_are_listed() -> None:
    text = "\n".join(faster(results_of(frontier=Scripted, quick=Hard, slow=Scripted, vain=Easy)))
    assert "| drill | `quick` | 2.00 (2.00–2.00) |" in text
    assert "slow" not in text
    assert "vain" not in text


def test_that_no_rule_beats_frontier_is_said() -> None:
    assert list(faster(results_of(frontier=Hard, slow=Scripted)))[-1] == "There is none."
    assert list(faster(results_of(slow=Scripted))) == []


def test_the_regret_of_frontier_is_told_by_student() -> None:
    (_, table) = regrets(results_of(frontier=Scripted))
    assert table.splitlines()[0] == "| drill | geometric mean |"
    assert table.splitlines()[2] == "| 2.00 (2.00–2.00) | 2.00 |"


def test_random_students_are_told_by_scheduler() -> None:
    figures = {
        "students": 3, "runs": 12, "oracle/mastered": 0.75, "uniform/mastered": 0.5,
        "uniform/regret": 4.5,
        "frontier/mastered": 1, "frontier/regret": 1.5, "frontier/speedup": 3,
        "frontier/speedup/p10": 1.25,
    }  # fmt: skip
    text, table = random_text([Row(f"random/{name}", x, "") for name, x in figures.items()])
    assert text.startswith("3 students")
    assert "of runs, not of students" in text
    assert "over the 75.0% of 12 runs that the oracle masters" in text
    assert table.splitlines()[2:] == [
        "| `uniform` | 0.5 | 4.5 |  |  |",
        "| `frontier` | 1 | 1.5 | 3 | 1.25 |",
    ]


def test_a_page_is_written_with_its_pictures_beside_it(tmp_path: Path) -> None:
    page = tmp_path / "new" / "rules.md"
    line = "--schedulers uniform --student drill:Drill --scheduler drill:Hard --seeds 2 --jobs 1"
    assert main([*line.split(), "--page", str(page)]) == 0
    assert {path.name for path in page.parent.iterdir()} == {"rules.md", "rules"}
    pictures = {path.name for path in (page.parent / "rules").iterdir()}
    assert pictures == {"speedups.png", "uniform.png", picture_name("drill:Hard")}
    text = page.read_text()
    assert all(f"](rules/{name})" in text for name in pictures)
    assert "#### drill:Hard\n\n```python\nHard(space, *, seed)\n```" in text
    assert "Always hands out level 2." in text
    assert re.search(r"Made by `.*rules.md` in \d+ s on .+, \d+ cores?; do not edit.\n$", text)


def test_without_students_only_the_text_of_a_page_is_renewed(tmp_path: Path) -> None:
    page, before = tmp_path / "curricula.md", PAGE.read_text()
    page.write_text(before.replace("# Curricula\n", "# Old\n").replace("seeds each", "SEEDS each"))
    assert main(["--students", "none", "--page", str(page)]) == 0
    assert page.read_text().replace("SEEDS each", "seeds each") == before
    assert "SEEDS each" in page.read_text(), "figures are kept"
    assert list(tmp_path.iterdir()) == [page]
