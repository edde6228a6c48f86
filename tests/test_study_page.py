"""The page of a study: made by the command, and equal to what the committed lines say."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from study_toys import toy_line, toy_study

from frostline.agents.subsets.schedule_greedy import read_contributions
from frostline.cli import main
from frostline.study import lines as files
from frostline.study.contributions import best
from frostline.study.lines import RunLine
from frostline.study.page import markdown, write_page
from frostline.study.page_arms import compared, headline
from frostline.study.plan import Task, pending, total
from frostline.study.results import Results
from frostline.study.spec import Study, load_study

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
LINES = RESULTS / "study" / "runs.jsonl"
STUDIES = {path.stem for path in (ROOT / "studies").glob("*.toml")}
PAGES = [path for path in sorted(RESULTS.glob("*.md")) if path.stem in STUDIES]


def all_lines(study: Study) -> list[RunLine]:
    lines: list[RunLine] = []
    while tasks := pending(study, lines):
        for task in tasks:
            layer = task.arm.rpartition(":")[2]
            solved = 30 if task.arm == "none" else 60 + int(layer) if layer.isdigit() else 70
            found = toy_line(task, solved + 5 * (task.curriculum == "sec"))
            lines.append(replace(found, reward=(0.2, 0.4), trainable=10, total=1000))
    return lines


@pytest.fixture(scope="module")
def study() -> Study:
    arms = ["none", "full", "first:5", "last:5", "last:1", "layers:0", "layers:1"]
    copy = {"trainable": "layers:1", "name": "best layer", "rate_of": "layers:1", "headline": True}
    return toy_study(
        arms=[*({"trainable": arm} for arm in arms), copy],
        curricula=("uniform", "sec"),
        tuning={"rates": (1e-5, 1e-4, 1e-3, 1e-2, 1e-1), "curriculum": "uniform"},
    )


def test_a_page_has_all_that_the_study_has_something_for(study: Study, tmp_path: Path) -> None:
    page = tmp_path / "toy.md"
    write_page(page, Results(study, all_lines(study)), "frostline compare toy.toml")
    text = page.read_text()
    for heading in ("four pictures", "Does its finding hold", "All arms", "How few weights",
                    "Curricula", "Learning rates", "Contribution of each layer", "What it took",
                    "Limits"):  # fmt: skip
        assert heading in text
    assert "| **best layer** |" in text  # in the table of arms, and no point of the curve
    assert text.count("\n| 1 | ") == 1
    # five points more under sec, for every arm alike
    assert "Curricula that differ from it (p at most 0.05): full under sec (+5.0), first:5" in text
    assert "Interactions (p at most 0.05): none, of 6 tests." in text
    assert text.count("### Held-out pass rate per level") == 1
    shown = {line.rpartition("(")[2][:-1] for line in text.splitlines() if line.startswith("![")}
    assert shown == {f"toy/{path.name}" for path in (tmp_path / "toy").glob("*.png")}
    assert len(shown) == 6


def test_single_layers_are_the_rows_where_nothing_else_is_compared(tmp_path: Path) -> None:
    study = toy_study(arms=[{"trainable": arm} for arm in ("none", "full", "layers:0", "layers:1")])
    results = Results(study, all_lines(study))
    assert [row.arm.name for row in compared(results)] == ["full", "layers:0", "layers:1"]
    row = results.row("layers:0")
    assert row is not None
    assert row.p == pytest.approx(0)  # ten points below full training on every seed


def test_greedy_selection_reads_the_contributions_of_a_page(study: Study, tmp_path: Path) -> None:
    lines = all_lines(study)
    # what the layers earn on the test split must not matter
    lines = [
        toy_line(Task.of(line), 99) if (line.arm, line.stage) == ("layers:0", "final") else line
        for line in lines
    ]
    results = Results(study, lines)
    write_page(tmp_path / "toy.md", results, "frostline compare toy.toml")
    path = tmp_path / "toy" / "contributions.json"
    found = read_contributions(path, (0, 1))
    assert found == pytest.approx({0: 60 / 70, 1: 61 / 70}, abs=1e-4)
    chosen = best(results)
    assert chosen is not None
    assert chosen.layer == 1


def test_a_page_shows_what_there_is_of_a_study(study: Study, tmp_path: Path) -> None:
    lines = [line for line in all_lines(study) if line.arm in ("none", "last:1")]
    write_page(tmp_path / "toy.md", Results(study, lines), "frostline compare toy.toml")
    text = (tmp_path / "toy.md").read_text()
    assert "full training has no run" in text
    assert "four pictures" not in text


def test_the_command_makes_the_page(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    toml = tmp_path / "coins.toml"
    toml.write_text(f"""
name = "coins"
seeds = 2
train = {{ policy = {json.dumps(str(tiny("llama")))}, family = ["children:Coin"], iterations = 2, grpo = {{ groups = 2, num_generations = 2, max_completion_length = 2, warmup_iterations = 0 }} }}
tuning = {{ seeds = 1, rates = [1e-3, 3.2e-3, 1e-2, 3.2e-2, 1e-1], rounds = [[1.0, 0.0]], widen = 0 }}
exam = {{ problems = 8 }}
arms = [{{ trainable = "none" }}, {{ trainable = "full" }}, {{ trainable = "last:1" }}]
""")  # noqa: E501
    out, page = tmp_path / "out", tmp_path / "pages" / "coins.md"
    arguments = ["compare", str(toml), "--out", str(out), "--page", str(page), "--quiet"]
    assert main(arguments) == 0
    text = page.read_text()
    assert f"`frostline compare {toml} --out {out} --page {page}`" in text
    page.unlink()
    assert main([*arguments, "--dry-run"]) == 0
    assert page.read_text() == text


def test_a_page_that_cannot_be_written_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    smoke = str(ROOT / "studies" / "smoke.toml")
    out = tmp_path / "out"
    for page, why in ((tmp_path / "page", "ends in .md"), (tmp_path, "ends in .md")):
        assert main(["compare", smoke, "--out", str(out), "--page", str(page)]) == 2
        assert why in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    page = tmp_path / "file" / "page.md"
    assert main(["compare", smoke, "--out", str(out), "--page", str(page)]) == 2
    assert "page must be writable" in capsys.readouterr().err
    assert not out.exists()


def test_there_are_pages_of_studies() -> None:
    assert LINES.is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_number_of_a_page_comes_from_the_committed_lines(page: Path) -> None:
    toml = f"studies/{page.stem}.toml"
    command = f"frostline compare {toml} --out docs/results/study --page docs/results/{page.name}"
    study, lines = load_study(ROOT / toml), files.read(LINES)
    assert page.read_text() == markdown(Results(study, lines), command, page.stem)
    for picture in (page.with_suffix("")).iterdir():
        assert f"{page.stem}/{picture.name}" in page.read_text()


def test_the_readme_has_the_headline_table_and_the_hours() -> None:
    study, lines = load_study(ROOT / "studies" / "paradigms.toml"), files.read(LINES)
    readme = (ROOT / "README.md").read_text()
    assert "\n".join(headline(Results(study, lines))) in readme
    hours = sum(sum(line.seconds.values()) for line in lines) / 3600
    assert f"took {hours:.1f} hours of processor time" in readme


@pytest.mark.parametrize("name", ["paradigms", "layers", "curricula"])
def test_studies_that_share_a_directory_agree_on_what_is_equal_for_all(name: str) -> None:
    study = load_study(ROOT / "studies" / f"{name}.toml")
    saved = json.loads((LINES.parent / "identity.json").read_text())
    for key, value in study.identity().items():
        assert key.startswith(("arms.", "curricula.")) or saved[key] == value
        assert saved.get(key, value) == value
    assert total(study, files.read(LINES)) >= 0
