"""`frostline verify`: grade the completions or programs of a JSON Lines file, line by line."""

from __future__ import annotations

import difflib
import json
import os
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from frostline.envs import Verdict
from frostline.envs.answers import KINDS, Malformed, verify_answer
from frostline.envs.answers.python_values import parse_value
from frostline.envs.extract import check_format, extract
from frostline.envs.family import near
from frostline.envs.problem import Case, Value
from frostline.envs.programs.inputs import verify_input
from frostline.envs.programs.interpreter import run_program
from frostline.envs.programs.verifier import verify_program

from .options import parse

ANSWER_KEYS = ("kind", "gold", "completion")
KEYS = (*ANSWER_KEYS, "code", "cases", "program", "answer_format")
DEFAULT_FORMAT = "tag"

# a candidate for f(n)=n*n is run on these: 0, negatives, neighbours of f(1) … f(3), large values
HIDDEN_INPUTS = (0, -1, -4, -37, 4, 9, 58, 731, 86_243, -524_287)
SQUARES = tuple((n, n * n) for n in HIDDEN_INPUTS)


DESCRIPTION = """Grade each line of a JSON Lines file; print one verdict a line, in order.

A line is one of
  {"kind": "int", "gold": "42", "completion": "<answer>42</answer>"}
  {"kind": "input", "program": "f = lambda n: 3*n", "gold": "4", "completion": "<answer>4</answer>"}
  {"kind": "program", "cases": [[1, 1], [2, 4]], "completion": "<answer>n*n</answer>"}
  {"code": "sorted(xs)", "cases": [[[3, 1], [1, 3]]]}
  {"code": "n*n"}

A completion is read in the tag format unless the line has "answer_format": "raw" or "boxed". An
input is right if the program gives on it what it gives on the reference. A program must be right
on every case; code without cases is a candidate for f(n)=n*n. Other keys are ignored. Kinds:
{kinds}.

A line that is neither ends the command with exit status 2.

Examples:
  frostline verify --jsonl completions.jsonl
  echo '{"code": "n**2"}' | frostline verify --jsonl -
""".replace("{kinds}", textwrap.fill(", ".join((*KINDS, "input", "program")), 96))


class VerifyArgs(BaseModel, frozen=True, extra="forbid"):
    """What to grade."""

    jsonl: str = Field(description="file to read; - reads standard input")


def verify_lines(lines: Iterable[str | bytes], name: str = "-") -> Iterator[dict[str, str]]:
    """Yield `{"verdict": …, "reason": …}` for each line that is not blank, in order.

    Args:
        lines: JSON objects as text or UTF-8, see `DESCRIPTION`.
        name: what an error calls the input.

    Raises:
        ValueError: a line is neither form; the message names input, line, rule and nearest key.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            verdict = grade(_object(line))
        except ValueError as error:
            raise ValueError(f"{name}:{number}: {error}") from None
        yield {"verdict": verdict.status.value, "reason": verdict.reason}


def grade(entry: Mapping[str, Any]) -> Verdict:
    """Return the verdict on one entry, see `DESCRIPTION`.

    Raises:
        ValueError: a key is missing, contradicts another one, or has a value that is no string.
    """
    if "code" in entry:
        both = [key for key in ANSWER_KEYS if key in entry]
        if both:
            rule = "a line has either code or kind, gold, completion"
            raise ValueError(f"{rule}; got code and {both[0]}")
        cases = _cases(entry) if "cases" in entry else SQUARES
        return verify_program(_text(entry, "code"), cases, shuffle_key="f(n)=n*n")
    kind = check_any_kind(_text(entry, "kind"))
    if kind == "program":
        cases, answer = _cases(entry), _answer(entry)
        return answer if isinstance(answer, Verdict) else verify_program(answer, cases)
    gold, answer = _text(entry, "gold"), _answer(entry)
    if kind == "input":
        like, output = _reference_run(_text(entry, "program"), gold)
        program = _text(entry, "program")
        if isinstance(answer, Verdict):
            return answer
        return verify_input(answer, program, output, like=like)
    return answer if isinstance(answer, Verdict) else verify_answer(kind, gold, answer)


def check_any_kind(kind: str) -> str:
    """Return `kind` if it can be graded, else raise a ValueError that names the nearest."""
    kinds = (*KINDS, "input", "program")
    if kind in kinds:
        return kind
    raise ValueError(f"kind must be one of {', '.join(kinds)}, got {kind!r}{near(kind, kinds)}")


def _answer(entry: Mapping[str, Any]) -> str | Verdict:
    answer_format = _text(entry, "answer_format") if "answer_format" in entry else DEFAULT_FORMAT
    return extract(_text(entry, "completion"), check_format(answer_format))


def _cases(entry: Mapping[str, Any]) -> list[Case]:
    cases = entry.get("cases")
    pairs = isinstance(cases, list) and cases and all(
        isinstance(pair, list) and len(pair) == 2 for pair in cases
    )  # fmt: skip
    if not isinstance(cases, list) or not pairs:
        rule = "cases must be a list of [input, output] pairs, such as [[1, 1], [2, 4]]"
        raise ValueError(f"{rule}; got {json.dumps(cases)[:60]}")
    return [(x, y) for x, y in cases]


def _reference_run(program: str, gold: str) -> tuple[Value, Value]:
    """Return the reference input, and what the program gives on it."""
    try:
        like = parse_value(gold)
    except Malformed as error:
        raise ValueError(
            f"gold must be an input as a Python literal, got {gold!r}: {error}"
        ) from None
    result = run_program(program, [like])
    if result.values is None:
        raise ValueError(f"program must give a value on gold: {result.reason}")
    return like, result.values[0]


def _object(line: str | bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line.decode() if isinstance(line, bytes) else line)
    except UnicodeDecodeError as error:
        raise ValueError(f"a line must be UTF-8 ({error.reason})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"a line must be a JSON object ({error.msg})") from None
    except (ValueError, RecursionError) as error:  # thousands of digits or brackets
        raise ValueError(f"a line must be a JSON object ({type(error).__name__})") from None
    if not isinstance(entry, dict):
        raise ValueError(f"a line must be a JSON object, got {type(entry).__name__}")
    return entry


def _text(entry: Mapping[str, Any], key: str) -> str:
    if key not in entry:
        others = [other for other in entry if other not in KEYS]
        close = difflib.get_close_matches(key, others, n=1, cutoff=0.5)
        hint = f"; did you mean {key!r} by {close[0]!r}?" if close else ""
        raise ValueError(f"a line needs the keys kind, gold, completion or code; no {key!r}{hint}")
    if not isinstance(entry[key], str):
        raise ValueError(f"{key} must be a string, got {json.dumps(entry[key])[:60]}")
    return str(entry[key])


def run_verify(args: VerifyArgs) -> int:
    """Print the verdicts as they are reached.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line cannot be read.
    """
    if args.jsonl == "-":
        return _print_verdicts(sys.stdin.buffer, "standard input")
    with Path(args.jsonl).open("rb") as lines:
        return _print_verdicts(lines, args.jsonl)


def _print_verdicts(lines: Iterable[bytes], name: str) -> int:
    try:
        for verdict in verify_lines(lines, name):
            print(json.dumps(verdict), flush=True)
    except BrokenPipeError:  # the reader has gone, as in `… | head`; the exit must not flush again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def main(args: list[str]) -> int:
    """Run `frostline verify`."""
    return run_verify(parse(VerifyArgs, args, prog="frostline verify", description=DESCRIPTION))
