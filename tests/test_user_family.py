"""A family of one's own, in one file, from the command line; the README shows the same file."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from frostline.cli import main

FAMILY = '''\
import random

from frostline.envs import Family, Level, Question


class Reversal(Family):
    """Write a number backwards."""

    name = "reversal"
    summary = "Write a number backwards."
    levels = (Level("three digits"), Level("six digits"), Level("nine digits"))

    def draw(self, level: int, rng: random.Random) -> int:
        """Return a number that does not end in 0."""
        low = 10 ** (3 * level - 2)
        return 10 * rng.randrange(low, 10 * low) + rng.randrange(1, 10)

    def ask(self, level: int, content: int, rng: random.Random) -> Question:
        """Return the question; kinds of answer are int, rat, poly, set, program and others."""
        return Question(f"Write {content} backwards.", "int", str(content)[::-1])
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that holds the family, and forget its module afterwards."""
    (tmp_path / "mymodule.py").write_text(FAMILY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.delitem(sys.modules, "mymodule", raising=False)
    return tmp_path


def test_a_family_fits_into_25_lines() -> None:
    assert FAMILY.count("\n") <= 25


def test_a_family_in_one_file_trains_and_evaluates_from_the_command_line(
    folder: Path, tiny: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    policy = str(tiny("llama"))
    args = ["--family", "mymodule:Reversal", "--policy", policy, "--threads", "1"]
    small = ["--trainable", "last:1", "--iterations", "2", "--eval-problems", "2", "--eval-every",
             "0", "--grpo.groups", "2", "--grpo.num-generations", "2",
             "--grpo.max-completion-length", "3", "--quiet", "--json"]  # fmt: skip
    assert main(["train", *args, *small]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert [(r["family"], r["level"]) for r in summary["levels"]] == [
        ("reversal", level) for level in (1, 2, 3)
    ]
    assert (folder / "runs/Reversal-last-1-seed0/summary.json").exists()
    assert main(["evaluate", *args, "--problems", "2", "--max-completion-length", "2"]) == 0
    assert "reversal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FAMILY.replace("class Reversal", "class Reverse"), "did you mean 'Reverse'?"),
        (FAMILY.replace("    name =", "    nom ="), "Reversal lacks name"),
        (FAMILY.replace("def draw", "def drw"), "Reversal lacks draw"),
        ("import nothing_like_it", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("1 +", "SyntaxError: invalid syntax (mymodule.py, line 1)"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_mistake_in_the_file_is_told_in_one_line(
    folder: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "mymodule.py").write_text(text)
    assert main(["train", "--family", "mymodule:Reversal"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
