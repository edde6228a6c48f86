"""Randomness keyed by all that identifies the draw, and the split that a question falls in."""

from __future__ import annotations

import _random
import functools
import hashlib
import random

from .problem import TaskSpec

MAX_INDEX = 2**62

# tenths of the hash range: 80 % train, 10 % validation, 10 % test
_SPLIT_OF_TENTH = ("train",) * 8 + ("validation", "test")


def _seeded(number: int) -> random.Random:
    """Return `random.Random(number)`, past the checks of its constructor.

    Seeding takes a third of the time of an easy problem, these checks a twentieth.
    """
    rng = random.Random.__new__(random.Random)
    _random.Random.seed(rng, number)
    rng.gauss_next = None  # type: ignore[attr-defined] # what the constructor adds
    return rng


def keyed_rng(*key: object) -> random.Random:
    """Return a private random stream that is a pure function of `key`.

    `random.Random` because its stream is stable across Python versions; hashed, because
    neighbouring keys must share nothing.
    """
    return _hashed("\x1f".join(map(str, key)))


def _hashed(text: str) -> random.Random:
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return _seeded(int.from_bytes(digest, "big"))


def problem_rng(task: TaskSpec) -> random.Random:
    """Return the random stream of one problem, keyed by its whole spec."""
    hasher = _spec_hasher(task.family, task.level, task.split).copy()
    hasher.update(b"%d" % task.index)
    return _seeded(int.from_bytes(hasher.digest(), "big"))


@functools.cache
def _spec_hasher(family: str, level: int, split: str) -> hashlib.blake2b:
    """Return the hasher of a spec up to its index; copying is cheaper than hashing all of it."""
    return hashlib.blake2b(f"{family}\x1f{level}\x1f{split}\x1f".encode(), digest_size=16)


def randint(rng: random.Random, low: int, high: int) -> int:
    """Return what `rng.randint(low, high)` would, in a third of the time.

    For generators of a few microseconds a problem; the stream is that of the standard library.
    """
    width = high - low + 1
    bits = width.bit_length()
    number = rng.getrandbits(bits)
    while number >= width:
        number = rng.getrandbits(bits)
    return low + number


def split_of(family: str, canonical: str) -> str:
    """Return the split that owns a question, by the hash of its content alone.

    Level, wording and the examples shown take no part, so the same question never stands in
    two splits, however it is asked.
    """
    hasher = _family_hasher(family).copy()
    hasher.update(canonical.encode())
    return _SPLIT_OF_TENTH[int.from_bytes(hasher.digest(), "big") % 10]


@functools.cache
def _family_hasher(family: str) -> hashlib.blake2b:
    """Return the hasher of a question up to the separator; copying is cheaper."""
    return hashlib.blake2b(f"{family}\x1f".encode(), digest_size=8)


def index_from_seed(*key: object) -> int:
    """Return a task index below 2^62 that is a pure function of `key`."""
    text = "\x1f".join(map(str, key)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") % MAX_INDEX
