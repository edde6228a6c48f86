"""Randomness keyed by all that identifies the draw, and the split that a question falls in."""

from __future__ import annotations

import hashlib
import random

from .problem import TaskSpec

MAX_INDEX = 2**62

# tenths of the hash range: 80 % train, 10 % validation, 10 % test
_SPLIT_OF_TENTH = ("train",) * 8 + ("validation", "test")


def keyed_rng(*key: object) -> random.Random:
    """Return a private random stream that is a pure function of `key`.

    `random.Random` because its stream is stable across Python versions; hashed, because
    neighbouring keys must share nothing.
    """
    text = "\x1f".join(map(str, key)).encode()
    return random.Random(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big"))


def problem_rng(task: TaskSpec) -> random.Random:
    """Return the random stream of one problem, keyed by its whole spec."""
    return keyed_rng(task.family, task.level, task.split, task.index)


def split_of(family: str, canonical: str) -> str:
    """Return the split that owns a question, by the hash of its content alone.

    Level, wording and the examples shown take no part, so the same question never stands in
    two splits, however it is asked.
    """
    digest = hashlib.blake2b(f"{family}\x1f{canonical}".encode(), digest_size=8).digest()
    return _SPLIT_OF_TENTH[int.from_bytes(digest, "big") % 10]


def index_from_seed(*key: object) -> int:
    """Return a task index below 2^62 that is a pure function of `key`."""
    text = "\x1f".join(map(str, key)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") % MAX_INDEX
