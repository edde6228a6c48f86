"""Problems from a user's own file, as a family and as an environment."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from .family import Family, Level, Question
from .problem import SPLITS, TaskSpec
from .streams import keyed_rng
from .task_lines import TaskLine, read_tasks
from .text_env import TextEnv

SAMPLE = Path(__file__).with_name("data") / "sample_tasks.jsonl"


class TaskFile(Family):
    """The problems of a JSON Lines file; its lines decide on levels and splits.

    For the command line, subclass it and name the file:

        class Mine(TaskFile):
            file = "my.jsonl"

    and pass `--family mymodule:Mine`.

    Attributes:
        file: read where no path is given; None is the sample that ships.
        path: of the file that was read.
    """

    name = "task_file"
    summary = "Problems of your own, from a JSON Lines file."
    levels: Sequence[Level] = ()
    file: ClassVar[str | None] = None

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        """Read the file.

        Args:
            path: a JSON Lines file, see `TaskFileEnv`; without one, the class's own `file`.

        Raises:
            OSError: it cannot be read.
            ValueError: a line is no problem; the message names file, line, rule and value.
        """
        given = self.file if path is None else path
        if given is not None and not isinstance(given, str | os.PathLike):
            raise ValueError(f"path must be that of a JSON Lines file, got {given!r}")
        self._given = None if path is None else Path(path)
        self.path = SAMPLE if given is None else Path(given)
        tasks = read_tasks(self.path)
        top = max(task.level for task in tasks)
        self.levels = tuple(Level(f"level {n} of {self.path.name}") for n in range(1, top + 1))
        # names and nouns are each file's own, not the class's
        if given is not None and type(self) is TaskFile:
            self.name = _name(self.path)  # type: ignore[misc]
        if all(task.question.kind == "program" for task in tasks):
            self.answer_noun = "Python program"  # type: ignore[misc]
        self._pools = _pools(tasks)

    def __reduce__(self) -> tuple[type[TaskFile], tuple[Path | None]]:
        """Pickle the path and not the problems."""
        return type(self), (self._given,)

    def draw(self, level: int, rng: random.Random) -> TaskLine:
        """Return a random problem of `level`, from any split."""
        return rng.choice(list(self.contents(level)))

    def contents(self, level: int) -> Iterable[TaskLine]:
        """Return every problem of `level`."""
        return [task for split in SPLITS for task in self._pools.get((level, split), ())]

    def canonical(self, content: TaskLine) -> str:
        """Return the question without white space and case, or a digest of its examples."""
        return content.canonical

    def ask(self, level: int, content: TaskLine, rng: random.Random) -> Question:
        """Return the question as the line asks it."""
        return content.question

    def check(self, task: TaskSpec) -> None:
        """Raise ValueError unless `task` names a problem of the file."""
        super().check(task)
        if (task.level, task.split) not in self._pools:
            there = ", ".join(s for s in SPLITS if (task.level, s) in self._pools)
            rule = f"split must be one of {there} at level {task.level} of {self.path}"
            raise ValueError(f"{rule}, got {task.split!r}; name a split in its lines for others")

    def _content(self, task: TaskSpec, rng: random.Random) -> tuple[TaskLine, str]:
        pool = self._pools[task.level, task.split]
        chosen = pool[task.index % len(pool)]
        return chosen, chosen.canonical


def _name(path: Path) -> str:
    """Return the family name of a file, so that two files can be told apart.

    >>> _name(Path("data/My tasks.jsonl"))
    'task_file_my_tasks'
    """
    return "_".join(["task_file", *re.findall("[a-z0-9]+", path.stem.lower())])


def _pools(tasks: Iterable[TaskLine]) -> dict[tuple[int, str], list[TaskLine]]:
    """Return the problems by level and split, shuffled, for a file is often sorted."""
    pools: dict[tuple[int, str], list[TaskLine]] = {}
    for task in tasks:
        pools.setdefault((task.level, task.split), []).append(task)
    for key, pool in pools.items():
        keyed_rng("task_file", *key).shuffle(pool)
    return pools


class TaskFileEnv(TextEnv):
    """Problems of your own, from a JSON Lines file, with the verification of all the others.

    ## Description
    `gymnasium.make("frostline/TaskFile-v0", path="my.jsonl")`. Each line is one problem; the
    problems of a level and split are asked in a fixed random order, by index. Without a path, a
    small sample that ships is asked.

    ## Lines
    A question and its answer, as GSM8K has them; where the answer holds `####`, what follows the
    last one is the answer:

        {"question": "A crate holds 12 jars. How many do 3 crates hold?", "answer": "36"}
        {"question": "Factor x^2 - 1.", "answer": "(x - 1)*(x + 1)", "kind": "poly_fac", "level": 2}

    Or examples of a function of a whole number or of a list of them; some are shown, the others
    are hidden, and a Python program is asked for, in `n` or in `xs`:

        {"examples": [{"i": [1, 2], "o": [2, 1]}, {"i": [3], "o": [3]}], "answer": "xs[::-1]"}

    Optional keys: `kind` (without it `int` if the answer is an integer literal, else `rat` if it is
    a rational one, else `text`), `level` (1, 2, …; without it 1), `split` (without it the hash of
    the question decides: 80 % train, 10 % validation, 10 % test), `shown` (how many examples;
    without it half of them, and three at least). `answer` is optional beside examples; without it
    the reference is a program that looks the examples up. Other keys are ignored, unless they look
    like a misspelt one.

    Equal questions share a split, whatever their white space and case, and a copy on the same level
    is left out. A line that is none of these, two lines that contradict each other, a level left
    out and a file above 256 MiB are errors that name file and line.

    ## Answer
    Of the line's kind. A program is right if it is right on every hidden example.

    ## Levels
    The lines name them.

    ## Arguments
    `path=None`, and those of every environment but `family`: `level=1`, `split="train"`,
    `answer_format="raw"`, `max_turns=1`, `discount=1.0`.

    ## Version history
    v0: first release.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, **options: Any) -> None:
        """Make the environment.

        Args:
            path: a JSON Lines file, or None for the sample.
            options: as `TextEnv` takes them.

        Raises:
            OSError: the file cannot be read.
            ValueError: a line is no problem, or an option is none.
        """
        super().__init__(TaskFile(path), **options)
