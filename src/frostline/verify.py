"""`frostline verify`: grade the completions or programs of a JSON Lines file, line by line."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from frostline.envs import Verdict
from frostline.envs.answers import check_kind, verify_answer
from frostline.envs.extract import check_format, extract
from frostline.envs.program_verifier import verify_program

ANSWER_KEYS = ("kind", "gold", "completion")
KEYS = (*ANSWER_KEYS, "code", "answer_format")
DEFAULT_FORMAT = "tag"
CALLERS_ERROR = 2

# a candidate for f(n)=n*n is run on these: 0, negatives, neighbours of f(1) … f(3), large values
HIDDEN_INPUTS = (0, -1, -4, -37, 4, 9, 58, 731, 86_243, -524_287)
SQUARES = tuple((n, n * n) for n in HIDDEN_INPUTS)


class VerifyArgs(BaseModel, frozen=True, extra="forbid"):
    """Grade each line of a JSON Lines file and print one verdict a line, in order.

    A line is {"kind": "int", "gold": "42", "completion": "<answer>42</answer>"}, with
    "answer_format": "raw", "tag" (if it is left out) or "boxed"; or {"code": "n*n"}, a candidate
    for f(n)=n*n, which is run on hidden inputs. Other keys are ignored. A line that is neither
    ends the command with exit code 2.

    Example: echo '{"code": "n**2"}' | frostline verify --jsonl -
    """

    jsonl: str = Field(description="file to read; - reads standard input")


def verify_lines(lines: Iterable[str | bytes], name: str = "-") -> Iterator[dict[str, str]]:
    """Yield `{"verdict": …, "reason": …}` for each line that is not blank, in order.

    Args:
        lines: JSON objects as text or UTF-8, see `VerifyArgs`.
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
    """Return the verdict on one entry, see `VerifyArgs`.

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
    """Print the verdicts as they are reached; return 0, or 2 for an input that cannot be read."""
    standard = args.jsonl == "-"
    name = "standard input" if standard else args.jsonl
    try:
        opened = nullcontext(sys.stdin.buffer) if standard else Path(args.jsonl).open("rb")
        with opened as lines:
            for verdict in verify_lines(lines, name):
                print(json.dumps(verdict), flush=True)
    except BrokenPipeError:  # the reader has gone, as in `… | head`; the exit must not flush again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        reason = f"got {name!r} ({error.strerror})"
        print(f"jsonl must be a file that can be read, {reason}", file=sys.stderr)
        return CALLERS_ERROR
    except ValueError as error:
        print(error, file=sys.stderr)
        return CALLERS_ERROR
    return 0
