"""Reading a user's own problems: JSON Lines to questions, with every fault told by its line."""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from .answers import KINDS, check_kind, verify_answer
from .family import Question, check_split
from .problem import Case, Status, Value, Verdict
from .programs.verifier import MAX_PROGRAM_CHARS, parameter_of, read_program
from .streams import split_of

MAX_FILE_BYTES = 256 << 20
MAX_LINE_BYTES = 1 << 20
MAX_QUESTION_CHARS = 50_000
MAX_LEVELS = 1000
MAX_VALUE_BITS = 4096  # the greatest number that a program may return

KEYS = ("question", "answer", "kind", "level", "split", "examples", "shown")
FINAL = "####"  # what GSM8K writes before the final answer


class TaskLine(NamedTuple):
    """One problem of a file.

    Attributes:
        question: what is asked, and everything needed to grade it.
        canonical: the question without white space and case, or a digest of all examples, for some
            are hidden; equal questions share a split.
        level: 1 is the easiest.
        split: the one named, or an empty string.
        number: of the line.
    """

    question: Question
    canonical: str
    level: int
    split: str
    number: int


class Lookup(str):
    """A program that knows the examples by heart; it shows none in a log, for some are hidden."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return what it is, without the examples."""
        return "<a program that looks the examples up>"


def read_tasks(path: Path) -> tuple[TaskLine, ...]:
    """Return the problems of a file, each with its split; read again only when the file changes.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is no problem, two contradict each other, a level is left out, there is
            no line, or the file is above 256 MiB; the message names file and line.
    """
    found = path.stat()
    if found.st_size > MAX_FILE_BYTES:
        raise ValueError(f"{path}: a file may hold {MAX_FILE_BYTES} bytes, got {found.st_size}")
    return _read(path.resolve(), found.st_mtime_ns, found.st_size, str(path))


@functools.lru_cache(maxsize=8)
def _read(path: Path, changed: int, size: int, name: str) -> tuple[TaskLine, ...]:
    tasks: list[TaskLine] = []
    with path.open("rb") as lines:
        number = 0
        while line := lines.readline(MAX_LINE_BYTES + 1):
            number += 1
            try:
                if len(line) > MAX_LINE_BYTES:
                    raise ValueError(f"a line may hold {MAX_LINE_BYTES} bytes, got more")
                if line.strip():
                    tasks.append(read_line(line, number))
            except ValueError as error:
                raise ValueError(f"{name}:{number}: {error}") from None
    return _settled(tasks, name)


def read_line(line: str | bytes, number: int = 1) -> TaskLine:
    """Return the problem of one line, its split still open unless it names one.

    Raises:
        ValueError: the line is none; the message names rule, value and nearest key.
    """
    entry = _object(line)
    _check_keys(entry)
    level = entry.get("level", 1)
    if not _is_int(level) or not 1 <= level <= MAX_LEVELS:
        raise ValueError(f"level must be a whole number in 1 … {MAX_LEVELS}, got {_short(level)}")
    split = check_split(entry["split"]) if "split" in entry else ""
    if "examples" in entry:
        question, canonical = _program(entry)
    else:
        question, canonical = _answered(entry)
    return TaskLine(question, canonical, level, split, number)


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
        raise ValueError(f"a line must be a JSON object, got {_short(entry)}")
    return entry


def _check_keys(entry: Mapping[str, Any]) -> None:
    """Refuse keys that contradict each other or look like a misspelt one; others are the user's."""
    for key in (key for key in entry if key not in KEYS):
        close = difflib.get_close_matches(key.lower(), KEYS, n=1, cutoff=0.75)
        if close:
            raise ValueError(f"a line has no key {key!r}; did you mean {close[0]!r}?")
    if "examples" in entry:
        wrong = [key for key in ("question", "kind") if key in entry]
        if wrong:
            raise ValueError(f"a line has examples or a question; got examples and {wrong[0]}")
    elif "shown" in entry:
        raise ValueError("shown needs examples")
    elif missing := [key for key in ("question", "answer") if key not in entry]:
        raise ValueError(f"a line needs question and answer, or examples; no {missing[0]!r}")


def _answered(entry: Mapping[str, Any]) -> tuple[Question, str]:
    text = _text(entry, "question", MAX_QUESTION_CHARS)
    given = entry["answer"]
    if not isinstance(given, str) and not _is_int(given):
        raise ValueError(f"answer must be a string or a whole number, got {_short(given)}")
    answer = str(given) if _is_int(given) else _text(entry, "answer", MAX_LINE_BYTES)
    if FINAL in answer:
        answer = answer.rpartition(FINAL)[2].strip()
    kind = check_kind(_text(entry, "kind", 40)) if "kind" in entry else _kind_of(answer)
    verdict = verify_answer(kind, answer, answer)
    if verdict.status is not Status.CORRECT:  # unreadable, or of a form that is not finished
        rule = f"answer must be of kind {kind}" + ("" if "kind" in entry else ", or name its kind")
        raise ValueError(f"{rule}; got {_short(answer)}: {verdict.reason}")
    return Question(text, kind, answer), "".join(text.split()).casefold()


def _kind_of(answer: str) -> str:
    """Return the kind of an answer that names none: a number if it is one, else exact text."""
    for kind in ("int", "rat"):
        try:
            KINDS[kind].read(answer)
        except ValueError:
            continue
        return kind
    return "text"


def _program(entry: Mapping[str, Any]) -> tuple[Question, str]:
    cases = _cases(entry["examples"])
    count = entry.get("shown", min(len(cases) - 1, max(3, (len(cases) + 1) // 2)))
    if not _is_int(count) or not 1 <= count < len(cases):
        rule = f"between 1 and {len(cases) - 1}, so that one of the examples is hidden"
        raise ValueError(f"shown must be {rule}; got {_short(count)}")
    shown, hidden = cases[:count], cases[count:]
    parameter = parameter_of(cases)
    listed = ", ".join(f"f({given})={value}" for given, value in shown)
    text = f"{listed}. Write f({parameter})."
    if len(text) > MAX_QUESTION_CHARS:
        raise ValueError(f"the examples shown take more than {MAX_QUESTION_CHARS} characters")
    answer = _text(entry, "answer", MAX_PROGRAM_CHARS) if "answer" in entry else _table(cases)
    program = read_program(answer, parameter)
    if isinstance(program, Verdict):
        raise ValueError(f"answer must be a Python program: {program.reason}")
    listing = ";".join(sorted(f"{given}:{value}" for given, value in cases))
    canonical = hashlib.blake2b(listing.encode(), digest_size=16).hexdigest()
    return Question(text, "program", answer, hidden, shown), canonical


def _cases(examples: object) -> tuple[Case, ...]:
    """Return the different examples in the order of the line."""
    if not isinstance(examples, list) or len(examples) < 2:
        raise ValueError(f"examples must be a list of two or more, got {_short(examples)}")
    found: dict[str, Case] = {}
    for example in examples:
        if not isinstance(example, dict) or example.keys() != {"i", "o"}:
            raise ValueError(f'an example must be {{"i": …, "o": …}}, got {_short(example)}')
        case = _value(example["i"]), _value(example["o"])
        if found.setdefault(str(case[0]), case) != case:
            raise ValueError(f"two examples give f({_short(case[0])}) different values")
    cases = tuple(found.values())
    if len({isinstance(given, list) for given, _ in cases}) > 1:
        raise ValueError("the inputs of the examples must be all numbers or all lists")
    if len(cases) < 2:
        raise ValueError("examples must hold two different inputs: one of them is hidden")
    return cases


def _value(value: object) -> Value:
    if _is_int(value) and value.bit_length() <= MAX_VALUE_BITS:
        return value
    if isinstance(value, list) and all(_is_int(x) for x in value):
        return [_value(x) for x in value]
    raise ValueError(f"a value must be a whole number or a list of them, got {_short(value)}")


def _table(cases: tuple[Case, ...]) -> Lookup:
    """Return a program that knows the examples by heart, where a line gives no other."""
    if isinstance(cases[0][0], list):
        rows = ", ".join(f"{tuple(g)}: {v}" for g, v in cases if isinstance(g, list))
        text = f"lambda xs: {{{rows}}}[tuple(xs)]"
    else:
        text = f"lambda n: {dict(cases)}[n]"
    if len(text) > MAX_PROGRAM_CHARS:
        rule = f"take more than the {MAX_PROGRAM_CHARS} characters of a program"
        raise ValueError(f"the examples {rule}; give a program as answer")
    return Lookup(text)


def _settled(tasks: list[TaskLine], name: str) -> tuple[TaskLine, ...]:
    """Return the problems with one split for each question, copies left out.

    Raises:
        ValueError: none is left, a level is left out, or lines contradict each other.
    """
    if not tasks:
        raise ValueError(f"{name}: a file must hold at least one line, got none")
    levels = {task.level for task in tasks}
    if gap := next((level for level in range(1, max(levels)) if level not in levels), None):
        rule = f"levels must be 1 … {max(levels)} without a gap"
        raise ValueError(f"{name}: {rule}; no line has {gap}")
    first: dict[str, TaskLine] = {}
    named: dict[str, TaskLine] = {}
    for task in tasks:
        same = first.setdefault(task.canonical, task)
        if (same.question.kind, same.question.answer) != (task.question.kind, task.question.answer):
            rule = f"another answer to the question of line {same.number}"
            raise ValueError(f"{name}:{task.number}: {rule}")
        if task.split:
            other = named.setdefault(task.canonical, task)
            if other.split != task.split:
                rule = f"line {other.number} puts the same question into {other.split!r}"
                raise ValueError(f"{name}:{task.number}: split {task.split!r}, but {rule}")
    settled: dict[tuple[str, int], TaskLine] = {}
    for task in tasks:
        split = named[task.canonical].split if task.canonical in named else ""
        task = task._replace(split=split or split_of("task_file", task.canonical))
        settled.setdefault((task.canonical, task.level), task)
    return tuple(settled.values())


def _text(entry: Mapping[str, Any], key: str, most: int) -> str:
    text = entry[key]
    if not isinstance(text, str):
        raise ValueError(f"{key} must be a string, got {_short(text)}")
    if not text.strip() or len(text) > most:
        size = "an empty one" if not text.strip() else f"{len(text)} characters"
        raise ValueError(f"{key} must be a string of 1 to {most} characters, got {size}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{key} holds half of a surrogate pair, got {_short(text)}") from None
    return text.strip()


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
