"""Is a problem, and a verdict, the same again: in another process, and in threads."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..family import Family
from ..problem import Problem, TaskSpec
from .finding import Finding
from .mutations import near_texts
from .subject import EXECUTED, Subject, fresh, short

PROBLEMS = 8  # per level
THREADS = 4
CHILD_SECONDS = 300.0
Item = tuple[TaskSpec, list[str]]


def pure(subject: Subject) -> Iterator[Finding]:
    """The same task is the same problem with the same verdicts in threads and another process."""
    items = {level: _items(subject, level) for level in subject.levels}
    every = [item for level in subject.levels for item in items[level]]
    here = [digest(subject.family, *item) for item in every]
    family = fresh(subject.family)
    with ThreadPoolExecutor(THREADS) as pool:
        # backwards: a problem must not depend on those asked before
        backwards = pool.map(lambda item: digest(family, *item), every[::-1])
        threads = list(backwards)[::-1]
    try:
        child = _in_child(subject.family, every)
    except RuntimeError as error:
        yield Finding("pure", None, False, str(error))
        child = here
    for level in subject.levels:
        fault = ""
        for item, mine, threaded, other in zip(every, here, threads, child, strict=True):
            if item[0].level == level and not mine == threaded == other:
                where = (
                    "in threads and another order"
                    if mine != threaded
                    else "in a process with another hash seed"
                )
                fault = fault or f"{item[0]} differs {where}"
        yield Finding("pure", level, not fault, fault)


def digest(family: Family, task: TaskSpec, answers: Sequence[str]) -> str:
    """Return a digest of a problem, hidden parts included, and of the verdicts on answers."""
    try:
        problem = family.problem(task)
        text = f"{problem!r} {problem.cases!r} {[family.verify(problem, a) for a in answers]}"
    except Exception as error:  # a family that raises must raise alike
        text = f"{type(error).__name__}: {error}"
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _items(subject: Subject, level: int) -> list[Item]:
    problems = subject.sample(level)[:PROBLEMS]
    return [(problem.task, _answers(subject, problem)) for problem in problems]


def _answers(subject: Subject, problem: Problem) -> list[str]:
    answers = [problem.answer, "0", "nonsense"]
    if problem.kind not in EXECUTED:
        answers += list(near_texts(problem, subject.rng("pure", problem.task)))[:3]
    return answers


def _in_child(family: Family, items: Sequence[Item]) -> list[str]:
    """Return the digests that another process with another hash seed computes."""
    try:
        blob = base64.b64encode(pickle.dumps(family)).decode()
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise RuntimeError(f"the family cannot be sent to another process: {error}") from None
    tasks = [[t.family, t.level, t.split, t.index, answers] for t, answers in items]
    sent = json.dumps({"path": sys.path, "family": blob, "tasks": tasks})
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import child; child()"],
        input=sent,
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [""]
        raise RuntimeError(f"another process cannot ask its problems: {short(lines[-1])}")
    digests: list[str] = json.loads(done.stdout.splitlines()[-1])
    return digests


def child() -> None:
    """Read a family and tasks from standard input and print their digests."""
    sent: dict[str, Any] = json.load(sys.stdin)
    sys.path[:] = sent["path"]
    # written a moment ago by the parent process, which is the only one that writes to this pipe
    family: Family = pickle.loads(base64.b64decode(sent["family"]))
    print(
        json.dumps([digest(family, TaskSpec(*task), answers) for *task, answers in sent["tasks"]])
    )
