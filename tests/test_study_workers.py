"""Who does the runs of a study: runs that go wrong, processes that die."""

import json
import os
import signal
from contextlib import suppress
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import children
import pytest
from study_coins import RATES, RUNS, changed, compare, lines

from frostline.study.plan import Task
from frostline.study.spec import load_study
from frostline.study.workers import Crew, make_workers


def test_diverged_and_failed_runs_are_lines_and_the_study_goes_on(
    toml: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from frostline import exam
    from frostline.study import run

    original = exam.sit_exam

    def sit(*args: Any, stream: tuple[object, ...], **options: Any) -> str:
        if stream == ("study", "final", 1):
            raise OSError("no room")
        return original(*args, stream=stream, **options)

    monkeypatch.setattr(run, "sit_exam", sit)
    wild = changed(toml, "wild", RATES, "[1e-3, 1e4, 1e11, 1e18, 1e25]")
    out = toml.parent / "wild"
    assert compare(wild, out, "--json") == 1
    printed, error = capsys.readouterr()
    counts = json.loads(printed)["runs"]
    assert counts["failed"] == 2
    assert counts["diverged"] >= 1
    assert len(lines(out)) == sum(counts.values()) == RUNS
    assert "failed: OSError: no room" in error
    assert "diverged: the distribution of the next token is not finite" in error
    assert compare(wild, out, "--quiet") == 1
    assert len(lines(out)) == RUNS


class Deadly(children.Coin):
    """A family whose second level kills the process that examines it on the test split."""

    def verify(self, problem: Any, answer: str) -> Any:
        if (problem.task.split, problem.task.level) == ("test", 2):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().verify(problem, answer)


@pytest.mark.usefixtures("forked")
def test_a_process_that_dies_is_a_failed_line_and_another_takes_its_place(toml: Path) -> None:
    deadly = changed(toml, "deadly", "children:Coin", "test_study_workers:Deadly")
    study = load_study(deadly)
    task = Task("none", "none", 0.0, 0, "final", 0)
    with Crew(study, 1) as crew:
        for seed in (0, 1):
            crew.start(replace(task, seed=seed))
            line = crew.next_line(lambda task, number: None)
            assert (line.seed, line.status) == (seed, "failed")
            assert line.error == "the process died: SIGKILL"
        assert crew.free()
    assert active_children() == []


@pytest.mark.usefixtures("forked")
def test_the_processes_of_a_crew_end_with_it(toml: Path) -> None:
    crew = make_workers(load_study(toml), 2)
    assert isinstance(crew, Crew)
    with suppress(RuntimeError), crew:
        for seed in (0, 1):
            crew.start(Task("none", "none", 0.0, seed, "final", 0))
        assert not crew.free()
        assert len(active_children()) == 2
        raise RuntimeError
    assert active_children() == []
