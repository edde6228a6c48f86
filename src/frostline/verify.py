"""`frostline verify`: grade the completions or programs of a JSON Lines file, line by line."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from frostline.envs import Verdict
from frostline.envs.answers import check_kind, verify_answer
from frostline.envs.extract import check_format, extract
from frostline.envs.programs.verifier import verify_program

from .options import parse

ANSWER_KEYS = ("kind", "gold", "completion")
KEYS = (*ANSWER_KEYS, "code", "answer_format")
DEFAULT_FORMAT = "tag"

# a candidate for f(n)=n*n is run on these: 0, negatives, neighbours of f(1) … f(3), large values
HIDDEN_INPUTS = (0, -1, -4, -37, 4, 9, 58, 731, 86_243, -524_287)
SQUARES = tuple((n, n * n) for n in HIDDEN_INPUTS)


DESCRIPTION = """Grade each line of a JSON Lines file; print one verdict a line, in order.

A line is one of
  {"kind": "int", "gold": "42", "completion": "<answer>42</answer>"}
  {"code": "n*n"}

The first is a completion, read in the tag format unless the line has "answer_format": "raw" or
"boxed". The second is a candidate for f(n)=n*n, run on hidden inputs. Other keys are ignored.

A line that is neither ends the command with exit status 2.

Examples:
  frostline verify --jsonl completions.jsonl
  echo '{"code": "n**2"}' | frostline verify --jsonl -
"""


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
        return verify_program(_text(entry, "code"), SQUARES, shuffle_key="f(n)=n*n")
    kind, gold, completion = (_text(entry, key) for key in ANSWER_KEYS)
    answer_format = _text(entry, "answer_format") if "answer_format" in entry else DEFAULT_FORMAT
    check_kind(kind)
    answer = extract(completion, check_format(answer_format))
    return answer if isinstance(answer, Verdict) else verify_answer(kind, gold, answer)


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
