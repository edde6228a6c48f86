"""The audit finds each planted fault by the check for it, and passes sound families."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import audit_toys as toys
import pytest

from frostline import audit_policy
from frostline.audit_command import AuditArgs
from frostline.audit_policy import policy_check, ranks, spearman
from frostline.cli import main
from frostline.envs import FAMILIES, Family
from frostline.envs.audit import CHECKS, Finding, Settings, audit
from frostline.envs.audit.constants import wilson_lower
from frostline.envs.audit.cpython import Job, run_jobs
from frostline.envs.audit.guard import time_limit
from frostline.envs.audit.mutations import neighbours
from frostline.envs.audit.references import module_text, mutants, shapes
from frostline.envs.audit.texts import echoes
from frostline.envs.problem import Value
from frostline.evaluate import LevelResult

QUICK = Settings().quick()

# a family, and the checks that it must fail: no more, no fewer
DEFECTS: list[tuple[type[Family], set[str]]] = [
    (toys.Fails, {"builds"}),
    (toys.DeadKnob, {"knobs"}),
    (toys.IdleKnob, {"knobs"}),
    (toys.OneStep, {"steps"}),
    (toys.RejectsItsReference, {"oracle"}),
    (toys.WrongSums, {"recomputed"}),
    (toys.PaysSubstrings, {"mutations"}),
    (toys.JudgesOneCase, {"mutations"}),
    (toys.PaysConstants, {"constant"}),
    (toys.ClaimsTooMuch, {"constant"}),
    (toys.ClaimsWithoutReason, {"constant"}),
    (toys.WantsOneSpelling, {"spellings"}),
    (toys.PaysEcho, {"echo"}),
    (toys.PaysFirstNumber, {"echo"}),
    (toys.Crashes, {"hostile"}),
    (toys.Stalls, {"hostile"}),
    (toys.Hashes, {"pure"}),
    (toys.Remembers, {"pure"}),
    (toys.DrawsSlowly, {"draw time"}),
    (toys.JudgesSlowly, {"verdict time"}),
    (toys.SharesQuestions, {"splits"}),
    (toys.FewQuestions, {"distinct"}),
    (toys.TellsTheAnswer, {"leaks"}),
    (toys.TellsInTheReason, {"leaks"}),
    (toys.ShowsHiddenCases, {"leaks"}),
    (toys.WrongCases, {"recomputed"}),
]
# what a fault brings with it: a check that rightly fails as well
BESIDE = {
    toys.Fails: set(CHECKS),  # no check can draw
    toys.RejectsItsReference: {"recomputed", "spellings"},
    toys.PaysSubstrings: {"hostile"},  # two answers at once hold the reference
    toys.WrongCases: {"oracle", "spellings", "mutations"},
    toys.SharesQuestions: {"steps"},  # a level that is hardly wider
}


def failed(family: Family) -> dict[str, Finding]:
    findings = audit(family, QUICK).findings
    return {finding.check: finding for finding in findings if not finding.ok}


@pytest.mark.parametrize("toy", [toys.Sums, toys.Lines, toys.ClaimsHonestly])
def test_a_sound_family_passes_every_check(toy: type[Family]) -> None:
    done = audit(toy(), QUICK)
    assert [finding for finding in done.findings if not finding.ok] == []
    assert done.ok
    assert {finding.check for finding in done.findings} == set(CHECKS)
    for level in range(1, len(done.family.levels) + 1):
        figures = done.figures(level)
        assert figures["distinct"] > 100
        assert figures["mutants"] > 10
        assert 0 <= figures["constant_pay"] <= figures["constant_limit"] + 0.1  # of 120


@pytest.mark.parametrize(("toy", "checks"), DEFECTS, ids=[toy.__name__ for toy, _ in DEFECTS])
def test_a_planted_fault_is_found_by_its_check(toy: type[Family], checks: set[str]) -> None:
    found = failed(toy())
    assert checks <= set(found)
    assert set(found) <= checks | BESIDE.get(toy, set())
    assert all(found[check].detail for check in checks)


def test_every_check_has_a_fault_that_it_finds() -> None:
    assert set().union(*(checks for _, checks in DEFECTS)) == set(CHECKS)


def test_a_family_without_a_second_way_is_told_so_and_passes() -> None:
    class Silent(toys.Sums):
        def recompute(self, problem: Any) -> None:
            return None

    findings = audit(Silent(), QUICK, checks=("recomputed",)).findings
    assert [(f.ok, f.detail) for f in findings] == [(True, "none given")] * 2


def test_a_family_that_ships_must_have_a_second_way(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(toys.Sums):
        def recompute(self, problem: Any) -> None:
            return None

    family = Silent()
    monkeypatch.setitem(FAMILIES, "sums", family)
    assert not audit(family, QUICK, checks=("recomputed",)).ok


def test_an_audit_says_the_same_again() -> None:
    checks = ("mutations", "constant", "spellings", "splits", "leaks")
    assert audit(toys.Sums(), QUICK, checks=checks).findings == (
        audit(toys.Sums(), QUICK, checks=checks).findings
    )


def test_cpython_tells_values_of_other_types_apart_and_ends_endless_programs() -> None:
    jobs = [
        Job("f = lambda n: n*n", (3, -2)),
        Job("f = lambda n: n == 3", (3,)),
        Job("def f(n):\n    while True:\n        pass", (1,)),
        Job("f = lambda n: 1 // n", (0, 1)),
        Job("f = lambda a, b: a + b", ((1, 2),)),
        Job("f = lambda x: x[::-1]", ([1, 2], "ab", (1,))),
    ]
    assert run_jobs(jobs) == [
        ["9", "4"],
        ["True"],
        ["raises TimeoutError"],
        ["raises ZeroDivisionError", "1"],
        ["3"],
        ["[2, 1]", "'ba'", "(1,)"],
    ]


@pytest.mark.parametrize(
    "text", ["n*n + 1", "lambda k: k*k + 1", "def f(m):\n    return m*m + 1", "xs*xs + 1"]
)
def test_a_reference_in_any_shape_has_shapes_and_mutants(text: str) -> None:
    texts = [module_text(shape) for shape in shapes(text) if "```" not in shape]
    assert len(texts) >= 4
    assert run_jobs([Job(shape.strip(), (5,)) for shape in texts]) == [["26"]] * len(texts)
    values = run_jobs([Job(mutant, (5,)) for mutant in mutants(text)])
    assert ["26"] not in values
    assert ["24"] in values


def test_neighbours_of_a_value_are_other_values_of_its_type() -> None:
    values: list[Value] = [5, True, "ab", [1, "a"], (1, [2])]
    for value in values:
        found = neighbours(value)
        assert found
        assert all(type(other) is type(value) and other != value for other in found)


def test_echoes_are_parts_that_say_something() -> None:
    texts = echoes("Factor x^2 - 1 at x = 2, 5.", "expression")
    assert {"x^2 - 1", "x^2 - 1 at x = 2, 5"} <= set(texts)
    assert not {"2", "5", "x"} & set(texts)


def test_a_time_limit_ends_its_body_and_leaves_no_alarm() -> None:
    with pytest.raises(TimeoutError, match=r"more than 0\.05 s"), time_limit(0.05):
        time.sleep(5)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_bound_of_a_pay_is_wilsons() -> None:
    assert wilson_lower(8, 10, alpha=0.025) == pytest.approx(0.4902, abs=1e-4)
    assert wilson_lower(0, 100) == 0.0


def test_ranks_and_their_correlation() -> None:
    assert ranks([5, 3, 5]) == [2.5, 1.0, 2.5]
    assert spearman([1, 2, 3, 4], [0.9, 0.4, 0.5, 0.1]) == pytest.approx(-0.8)
    assert spearman([1, 2, 3], [0.0, 0.0, 0.0]) == 0.0


@pytest.mark.parametrize(
    ("rates", "ok"), [((0.9, 0.2), True), ((0.2, 0.9), False), ((0.0, 0.01), True)]
)
def test_a_ladder_that_a_policy_finds_easier_upwards_fails(
    rates: tuple[float, float], ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def result(policy: object, env: object, level: int, **options: Any) -> LevelResult:
        rate = rates[level - 1]
        return LevelResult("sums", level, 9, 9, 1, rate, rate / 2, rate, rate, 1.0, {})

    monkeypatch.setattr(audit_policy, "load_policy", lambda name: None)
    monkeypatch.setattr(audit_policy, "evaluate_level", result)
    done = policy_check("base", problems=9, seed=0)(audit(toys.Sums(), QUICK, checks=()))
    assert done.ok is ok
    assert [done.figures(level)["pass_rate"] for level in (1, 2)] == list(rates)


QUICKLY = ["--quick", "--problems", "2", "--split-problems", "400"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_prints_and_writes_and_exits_with_0(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "audit_toys:Sums", *QUICKLY, "--out", "docs/page.md"]) == 0
    assert "sums" in capsys.readouterr().out
    text = (here / "docs/page.md").read_text()
    assert "1 of 1 families keep every promise." in text
    assert "frostline audit audit_toys:Sums --quick" in text
    assert "✗" not in text
    assert all(f"- **{check}**: " in text for check in CHECKS)


def test_the_command_exits_with_1_and_names_what_is_broken(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "audit_toys:FewQuestions", *QUICKLY]) == 1
    assert "sums level 1: distinct: " in capsys.readouterr().out
    text = (here / "audit.md").read_text()
    assert "## Broken promises" in text
    assert "✗" in text


def test_the_command_prints_json_and_measures_a_policy(
    here: Path, tiny: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    policy = ["--policy", str(tiny("llama")), "--policy-problems", "2"]
    assert main(["audit", "audit_toys:Sums", *QUICKLY, *policy, "--json", "--out", "none"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["family"], row["ok"]) == ("sums", True)
    assert {finding["check"] for finding in row["findings"]} == {*CHECKS, "policy"}
    assert list(here.iterdir()) == []


USER = """\
import random

from frostline.envs import Family, Level, Question


class Reversal(Family):
    name = "reversal"
    summary = "Write a number backwards."
    levels = (Level("four digits"), Level("eight digits"))

    def draw(self, level: int, rng: random.Random) -> int:
        return 10 * rng.randrange(10 ** (4 * level - 1)) + rng.randrange(1, 10)

    def ask(self, level: int, content: int, rng: random.Random) -> Question:
        return Question(f"Write {content} backwards.", "int", str(content)[::-1])
"""


def test_a_family_of_ones_own_is_audited_from_the_command_line(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "ownmodule.py").write_text(USER)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert main(["audit", "ownmodule:Reversal", *QUICKLY, "--out", "none", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    details = {f["detail"] for f in row["findings"] if f["check"] == "recomputed"}
    assert details == {"none given"}


def test_a_family_is_named_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "audit_toys:Sums", "audit_toys:Sums"]) == 2
    assert "family 'sums' is named twice" in capsys.readouterr().err


def test_an_audit_needs_no_torch() -> None:
    code = "import sys, frostline.audit_command; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_quick_look_makes_the_same_checks_on_fewer_problems() -> None:
    full, quick = AuditArgs().settings(), AuditArgs(quick=True).settings()
    assert quick == QUICK
    assert quick.split_problems < full.split_problems == 10_000
    assert AuditArgs(quick=True, problems=3).settings().problems == 3
