"""What a run reports, from metrics made by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from frostline.config import TrainConfig
from frostline.report import closing_lines, markdown, summarise, write_report
from frostline.run_dir import RunDir
from frostline.train_command import print_summary

PNG = b"\x89PNG\r\n\x1a\n"
LEVEL_KEYS = {
    "family", "level", "before", "before_low", "before_high", "after", "after_low", "after_high",
    "problems", "distinct", "groups",
}  # fmt: skip


def evaluation(when: str, iteration: int, *rates: float) -> dict[str, Any]:
    levels = [
        {"family": "sums", "level": level, "rate": rate, "low": max(0, rate - 0.1),
         "high": min(1, rate + 0.1), "problems": 50, "distinct": 40}
        for level, rate in enumerate(rates, 1)
    ]  # fmt: skip
    return {"when": when, "iteration": iteration, "split": "test", "levels": levels}


def metrics(iteration: int, level: int) -> dict[str, Any]:
    return {
        "iteration": iteration, "reward": 0.5, "signal": 1.0, "entropy": 0.7,
        "grad_norm": None if iteration == 1 else 0.1, "completion_length": 3.0,
        "curriculum": {"level/sums": float(level)},
        "groups": [["sums", 1, 2, 4], ["sums", level, 1, 4]],
        "seconds": {"generate": 0.1, "verify": 0.1, "update": 0.2},
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """Return a run of three iterations that has ended."""
    run = RunDir.create(TrainConfig(runs=str(tmp_path), name="[a]"), 0)
    for iteration, level in ((1, 1), (2, 2), (3, 1)):
        run.append(run.metrics_path, metrics(iteration, level))
    run.append(run.evaluations_path, evaluation("before", 0, 0.2, 0.1, 0.0))
    run.append(run.evaluations_path, evaluation("during", 2, 0.3, 0.1, 0.0))
    run.append(run.evaluations_path, evaluation("after", 3, 0.8, 0.3, 0.5))
    agent = {"trainable_count": 250, "total_count": 1000}
    run.save({"agent": agent, "seconds": 12.34})
    return run


def test_the_summary_holds_what_the_table_shows(run: RunDir) -> None:
    summary = write_report(run)
    assert json.loads((run.path / "summary.json").read_text()) == summary
    assert all(level.keys() == LEVEL_KEYS for level in summary["levels"])
    first = summary["levels"][0]
    assert (first["before"], first["after"]) == (0.2, 0.8)
    assert [level["groups"] for level in summary["levels"]] == [5, 1, 0]
    assert (summary["seconds"], summary["trainable"], summary["total"]) == (12.3, 250, 1000)
    assert summary["highest"] == {"sums": 2}, "the highest reached, not the last"


def test_the_mean_rise_is_over_the_levels_that_were_trained_on(run: RunDir) -> None:
    # level 1: 0.6, level 2: 0.2; level 3 rose without training
    assert summarise(run)["mean_rise"] == pytest.approx(0.4)


def test_the_report_says_it_in_words(run: RunDir) -> None:
    text = markdown(summarise(run))
    assert "| sums | 1 | 20 % [10, 30] | 80 % [70, 90] | 5 |" in text
    assert closing_lines(summarise(run)) == [
        "Hardest level trained on: sums 2",
        "Trainable parameters: 250 of 1,000 (25.0%), subset first:5",
        "Mean rise over the levels trained on: +40.0 points",
        "3 iterations in 12 s",
    ]


def test_the_pictures_are_png_of_a_sane_size(run: RunDir) -> None:
    for name in write_report(run)["pictures"]:
        content = Path(name).read_bytes()
        width, height = (int.from_bytes(content[i : i + 4]) for i in (16, 20))
        assert content.startswith(PNG)
        assert 600 < width < 3000
        assert 300 < height < 3000
        assert len(content) < 500_000
    assert not list(run.path.glob(".*"))


def test_a_run_without_iterations_or_without_an_end_is_reported_as_far_as_it_goes(
    run: RunDir,
) -> None:
    run.metrics_path.unlink()
    run.evaluations_path.unlink()
    run.append(run.evaluations_path, evaluation("before", 0, 0.2))
    summary = write_report(run)
    assert (summary["iterations"], summary["highest"], summary["mean_rise"]) == (0, {}, None)
    assert summary["levels"][0]["after"] is None
    assert "| sums | 1 | 20 % [10, 30] | – | 0 |" in markdown(summary)


def test_the_end_of_a_run_that_went_on_is_not_taken_for_its_present(run: RunDir) -> None:
    run.append(run.metrics_path, metrics(4, 1))
    assert summarise(run)["levels"][0]["after"] is None


def test_a_run_before_its_first_evaluation_has_no_report(run: RunDir) -> None:
    run.evaluations_path.unlink()
    with pytest.raises(ValueError, match="has no evaluation yet; go on with --resume"):
        write_report(run)


def test_the_table_shows_every_level_and_where_the_pictures_are(
    run: RunDir, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary(summarise(run))
    shown = capsys.readouterr().out
    assert "20 % [10, 30]" in shown
    assert "80 % [70, 90]" in shown
    assert str(run.path / "levels.png") in shown, "brackets in a name are no markup"
