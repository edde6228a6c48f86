"""The command line: help, one-line errors, exit statuses, JSON for programs."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from frostline.cli import COMMANDS, EXIT_PIPE, EXIT_USAGE, main


def test_the_overview_names_every_command_and_an_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert "Example: frostline train" in text
    assert main([]) == EXIT_USAGE


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_shows_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    shown = capsys.readouterr().out
    assert "Example" in shown
    assert shown.count(f"frostline {command}") >= 2


def test_help_does_not_wait_for_torch() -> None:
    code = (
        "import contextlib, sys; from frostline.cli import main\n"
        "for command in ('list', 'evaluate', 'play'):\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        main([command, '--help'])\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "trian",
            f"command must be one of {', '.join(COMMANDS)}; got 'trian'",
        ),
        ("trian", "did you mean train?"),
        ("train --resume nowhere", "nowhere is not a run directory: it has no config.json"),
        ("train --resume a --config b", "--resume takes the options of the run"),
        ("train --config nowhere.toml", "config file nowhere.toml cannot be read: No such file"),
        ("train --device cudda", "device must be cpu, cuda or cuda:N, got 'cudda'; did you mean"),
        ("train --device cuda:99", "device=cuda:99 is not there: torch finds"),
        ("train --family arithmetik", "got 'arithmetik'; did you mean 'arithmetic'?"),
        ("train --family", "family needs at least one name"),
        ("train --family arithmetic arithmetic", "family 'arithmetic' is named twice"),
        ("train --family nomodule:X", "No module named 'nomodule'"),
        ("train --family :X", "family must be module:Class, such as mymodule:MyFamily; got ':X'"),
        ("train --family json:JSONDecoder", "'JSONDecoder' is no Family in json"),
        ("train --policy nowhere", "got 'nowhere'"),
        ("evaluate --split tset", "split must be one of train, validation, test, got 'tset'; did"),
        ("evaluate --family arithmetic --level 99", "level must be a whole number between 1 and"),
        ("evaluate --problems 0", "problems: should be greater than or equal to 1, got 0"),
        ("evaluate --device tpu", "device must be cpu, cuda or cuda:N, got 'tpu'"),
        ("report nowhere", "nowhere is not a run directory"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_status_2(
    line: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(line.split()) == EXIT_USAGE
    out, err = capsys.readouterr()
    assert message in err
    assert err.startswith("frostline: error: ")
    assert (err.count("\n"), out) == (1, "")
    assert not list(tmp_path.iterdir())


def test_list_prints_json_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    assert {family["name"] for family in json.loads(capsys.readouterr().out)} >= {"arithmetic"}


def test_evaluate_prints_json_or_a_table(
    tiny: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["evaluate", "--policy", str(tiny("llama")), "--threads", "1", "--problems", "3"]
    args += ["--family", "arithmetic", "--level", "2", "1", "1", "--max-completion-length", "4"]
    assert main([*args, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [(r["family"], r["level"], r["problems"]) for r in results] == [
        ("arithmetic", 1, 3),
        ("arithmetic", 2, 3),
    ]
    assert main([*args, "--samples", "2"]) == 0
    assert "pass@2" in capsys.readouterr().out


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = [sys.executable, "-m", "frostline", "list", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait() == EXIT_PIPE
