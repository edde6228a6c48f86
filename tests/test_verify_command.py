"""`frostline verify`: one verdict a line, in order; a bad line is the caller's error."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frostline.envs.samples.samplers import SAMPLERS
from frostline.verify import HIDDEN_INPUTS, VerifyArgs, main, run_verify, verify_lines

CORPORA = Path(__file__).with_name("corpora")
GOOD = '{"kind": "int", "gold": "42", "completion": "<answer>42</answer>"}'


def verdicts(*entries: dict[str, Any]) -> list[str]:
    return [line["verdict"] for line in verify_lines(map(json.dumps, entries))]


@pytest.mark.parametrize("name", ["math.jsonl", "program.jsonl"])
def test_the_corpus_is_graded_as_expected(name: str) -> None:
    lines = (CORPORA / name).read_text(encoding="utf-8").splitlines()
    for line, said in zip(lines, verify_lines(lines), strict=True):
        expected = json.loads(line)["expected"]
        if expected != "free":  # either verdict will do
            assert (said["verdict"] == "CORRECT") is (expected == "accept"), (line, said)


def test_every_line_gets_its_verdict_and_a_reason_in_order() -> None:
    answer = {"kind": "int", "gold": "42", "completion": "<answer>41</answer>"}
    assert verdicts({"code": "n*n"}, answer, {"code": "n"}, {**answer, "completion": "41"}) == [
        "CORRECT", "WRONG", "WRONG", "MALFORMED"]  # fmt: skip
    (said,) = verify_lines([GOOD])
    assert said.keys() == {"verdict", "reason"}
    assert said["reason"]


@pytest.mark.parametrize(
    ("answer_format", "completion"),
    [("raw", " 42"), ("tag", "<answer>42</answer>"), ("boxed", "so \\boxed{42}")],
)
def test_a_line_may_name_its_answer_format(answer_format: str, completion: str) -> None:
    entry = {"kind": "int", "gold": "42", "completion": completion}
    assert verdicts({**entry, "answer_format": answer_format}) == ["CORRECT"]


def test_a_candidate_is_run_on_zero_negatives_and_large_values() -> None:
    assert 0 in HIDDEN_INPUTS
    assert min(HIDDEN_INPUTS) < -(10**4)
    assert max(HIDDEN_INPUTS) > 10**4
    assert not {1, 2, 3} & set(HIDDEN_INPUTS)
    wrong = ["n*n if n else 1", "n*abs(n)", "n*n if n < 10**4 else 0", "[0,1,4,9][n]"]
    assert set(verdicts(*({"code": code} for code in wrong))) == {"WRONG"}


def test_every_kind_is_known_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    for kind, sampler in SAMPLERS.items():
        gold = sampler.draw(random.Random(1)).gold
        line = {"kind": kind, "gold": gold, "completion": gold, "answer_format": "raw"}
        assert verdicts(line) == ["CORRECT"], line
        assert f"{kind}," in said


def test_a_program_is_graded_on_the_cases_of_its_line() -> None:
    cases = [[[3, 1, 2], [1, 2, 3]], [[], []]]
    assert verdicts(
        {"code": "sorted(xs)", "cases": cases},
        {"code": "xs", "cases": cases},
        {"kind": "program", "cases": cases, "completion": "<answer>sorted(xs)</answer>"},
        {"kind": "program", "cases": cases, "completion": "sorted(xs)"},
        {"code": "n + 1", "cases": [[1, 2], [5, 6]]},
    ) == ["CORRECT", "WRONG", "CORRECT", "MALFORMED", "CORRECT"]


def test_an_input_is_right_if_the_program_gives_the_same_on_it() -> None:
    line = {"kind": "input", "program": "def f(n):\n    return n*n", "gold": "4"}
    completions = ("<answer>4</answer>", "<answer>-4</answer>", "<answer>5</answer>", "4")
    said = verdicts(*({**line, "completion": text} for text in completions))
    assert said == ["CORRECT", "CORRECT", "WRONG", "MALFORMED"]


def test_a_reference_that_cannot_be_read_is_reported_and_not_called_wrong() -> None:
    entry = {"kind": "int", "gold": "forty", "completion": "<answer>42</answer>"}
    assert verdicts(entry) == ["VERIFIER_ERROR"]


def test_lines_are_graded_as_they_come() -> None:
    def endless() -> Iterator[str]:
        while True:
            yield GOOD

    assert next(verify_lines(endless()))["verdict"] == "CORRECT"


BAD_LINES = [
    ("{", "a line must be a JSON object"),
    ("[" * 100_000, "a line must be a JSON object"),
    ("9" * 10_000, "a line must be a JSON object"),
    ("[1]", "a line must be a JSON object, got list"),
    (b"\xff", "a line must be UTF-8"),
    ("{}", "a line needs the keys kind, gold, completion or code; no 'kind'"),
    ('{"kind": "int", "gold": "1", "completions": "1"}', "mean 'completion' by 'completions'?"),
    ('{"kind": "int", "gold": 42, "completion": ""}', "gold must be a string, got 42"),
    ('{"code": "n", "cases": [[1]]}', "cases must be a list of [input, output] pairs"),
    ('{"kind": "program", "completion": ""}', "cases must be a list of [input, output] pairs"),
    ('{"kind": "input", "gold": "1+1", "program": "", "completion": ""}', "gold must be an input"),
    ('{"kind": "input", "gold": "1", "program": "f = 1", "completion": ""}', "program must give"),
    ('{"code": null}', "code must be a string, got null"),
    ('{"code": "n", "gold": "1"}', "got code and gold"),
    ('{"kind": "ints", "gold": "1", "completion": ""}', "got 'ints'; did you mean 'int'?"),
    (
        '{"kind": "int", "gold": "1", "completion": "", "answer_format": "tags"}',
        "got 'tags'; did you mean 'tag'?",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), BAD_LINES, ids=[m for _, m in BAD_LINES])
def test_a_bad_line_is_told_input_number_and_rule(line: str | bytes, message: str) -> None:
    found = verify_lines([GOOD, "", line], "some.jsonl")
    assert next(found)["verdict"] == "CORRECT"
    with pytest.raises(ValueError, match=r"^some\.jsonl:3: ") as error:
        next(found)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_is_graded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(f'{GOOD}\n\n{{"code": "n**2"}}\n')
    assert run_verify(VerifyArgs(jsonl=str(path))) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["verdict"] for line in said] == ["CORRECT", "CORRECT"]


def test_standard_input_is_graded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert main(["--jsonl", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "CORRECT"


def test_a_missing_file_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        main(["--jsonl", "no/such/file.jsonl"])


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    assert "frostline verify --jsonl -" in capsys.readouterr().out


def run_command(text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "frostline", "verify", "--jsonl", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_the_command_grades_up_to_a_bad_line_and_ends_with_status_two() -> None:
    done = run_command(f'{GOOD}\n{{"cod": "n"}}\n{GOOD}\n')
    assert (done.returncode, len(done.stdout.splitlines())) == (2, 1)
    assert "standard input:2: a line needs the keys" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = [sys.executable, "-m", "frostline", "verify", "--jsonl", "-"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(f"{GOOD}\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["verdict"] == "CORRECT"
        process.stdout.close()
        process.stdin.write(f"{GOOD}\n")
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""
