"""Rates and errors of verification, against math-verify on the same pairs."""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from frostline.envs.answers import verify_answer
from frostline.envs.problem import Status
from frostline.envs.programs.verifier import verify_program
from frostline.envs.samples.dress import dressed
from frostline.envs.samples.samplers import SAMPLERS
from frostline.envs.streams import keyed_rng

from .row import Row, geometric_mean

MATCHED = {"int": "integers", "rat": "fractions", "poly": "polynomials", "set": "solution sets",
           "iv": "intervals"}  # fmt: skip
PROGRAMS = ("n*n", "lambda n: n**2", "def f(n):\n    return n*n", "n*n+1")
SQUARES = [(n, n * n) for n in (0, -1, -4, -37, 4, 9, 58, 731, 86_243, -524_287)]
THREADS = 4


class Pair(NamedTuple):
    """A reference, a text, and whether the text gives the reference's value."""

    gold: str
    text: str
    equal: bool


def pairs(kind: str, count: int, seed: int = 0) -> list[Pair]:
    """Return pairs of a kind, half of them equal and half wrong by a near miss.

    Spellings are those that `samples` gives: plain and LaTeX, in delimiters and without.
    """
    rng, sampler = keyed_rng("bench pairs", kind, seed), SAMPLERS[kind]
    found = []
    for number in range(count):
        one = sampler.draw(rng)
        other = rng.choice(sampler.near_misses(one)) if number % 2 else one
        found.append(Pair(one.gold, rng.choice(dressed(sampler, other)), number % 2 == 0))
    return found


def ours(kind: str, chunk: list[Pair]) -> list[bool]:
    """Return our verdicts."""
    return [verify_answer(kind, p.gold, p.text).status is Status.CORRECT for p in chunk]


def peer_verdicts() -> Callable[[list[Any], list[Pair]], list[bool]]:
    """Return the function that grades pairs with math-verify, references parsed beforehand."""
    import math_verify

    def grade(golds: list[Any], chunk: list[Pair]) -> list[bool]:
        return [
            bool(math_verify.verify(gold, math_verify.parse(_delimited(pair.text))))
            for gold, pair in zip(golds, chunk, strict=True)
        ]

    return grade


def _delimited(text: str) -> str:
    """Return a text as math-verify reads it best: in dollars, unless it has delimiters."""
    bare = text.strip().rstrip(".")
    return bare if bare.startswith(("$", "\\(", "\\[", "\\boxed")) else f"${bare}$"


def seconds(call: Callable[[], list[bool]]) -> tuple[float, list[bool]]:
    """Return the CPU seconds of a call, and what it returned."""
    start = time.process_time()
    said = call()
    return time.process_time() - start, said


def kind_rows(kind: str, count: int, rounds: int, peer_pairs: int) -> list[Row]:
    """Return rate and errors of a kind; the peer grades its share of the pairs in turn with us."""
    every = pairs(kind, count)
    ours(kind, every)  # parses the references, as the peer's are beforehand
    grade = peer_verdicts() if peer_pairs and kind in MATCHED else None
    size, share = count // rounds, peer_pairs // rounds
    rates, peer_rates, wrong, peer_wrong, peer_seen = [], [], 0, 0, 0
    for turn in range(rounds):
        chunk = every[turn * size : (turn + 1) * size]
        spent, said = seconds(lambda c=chunk: ours(kind, c))  # type: ignore[misc]
        rates.append(len(chunk) / spent)
        wrong += sum(a is not p.equal for a, p in zip(said, chunk, strict=True))
        if grade:
            import math_verify

            some = chunk[:share]
            golds = [math_verify.parse(f"${pair.gold}$") for pair in some]
            spent, said = seconds(lambda g=golds, s=some: grade(g, s))  # type: ignore[misc]
            peer_rates.append(len(some) / spent)
            peer_wrong += sum(a is not p.equal for a, p in zip(said, some, strict=True))
            peer_seen += len(some)
    value = statistics.median(rates)
    peer = statistics.median(peer_rates) if peer_rates else None
    rows = [Row(f"verification/{kind}", value, "verdicts/s", peer, value / peer if peer else None)]
    rows.append(Row(f"wrong/{kind}", wrong, f"of {size * rounds} pairs"))
    if peer_seen:
        rows.append(Row(f"wrong/{kind} (math-verify)", peer_wrong, f"of {peer_seen} pairs"))
    return rows


def program_row(count: int) -> Row:
    """Return verdicts on programs per second of wall time, four threads on the pool of two."""
    verify_program("n*n", SQUARES)
    codes = list(itertools.islice(itertools.cycle(PROGRAMS), count))
    with ThreadPoolExecutor(THREADS) as threads:
        start = time.perf_counter()
        list(threads.map(lambda code: verify_program(code, SQUARES), codes))
        spent = time.perf_counter() - start
    return Row("verification/program", count / spent, "verdicts/s (wall)")


def gsm8k_rows(path: Path, *, peer: bool) -> list[Row]:
    """Return how many verdicts on GSM8K's references are not what they must be.

    Each reference is graded against itself, and against the next number up; with the peer, also
    how often the two disagree on these.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    golds = [json.loads(line)["answer"].rpartition("####")[2].strip() for line in lines]
    numbers = [int(gold.replace(",", "")) for gold in golds]
    asked = [Pair(str(n), gold, True) for n, gold in zip(numbers, golds, strict=True)]
    asked += [Pair(str(n), str(n + 1), False) for n in numbers]
    said = ours("int", asked)
    wrong = sum(a is not p.equal for a, p in zip(said, asked, strict=True))
    rows = [Row("wrong/gsm8k", wrong, f"of {len(asked)} verdicts")]
    if peer:
        import math_verify

        parsed = [math_verify.parse(f"${pair.gold}$") for pair in asked]
        theirs = peer_verdicts()(parsed, asked)
        apart = sum(a is not b for a, b in zip(said, theirs, strict=True))
        rows.append(Row("disagreements/gsm8k", apart, f"of {len(asked)} verdicts"))
    return rows


def run(
    count: int,
    rounds: int,
    peer_pairs: int,
    gsm8k: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Return every figure.

    Args:
        count: pairs of each kind.
        rounds: turns that they are graded in.
        peer_pairs: pairs of each matched kind that math-verify grades; 0 leaves it out.
        gsm8k: GSM8K's test set, if it is at hand.
        tell: hears of what is done.
    """
    rows = []
    for kind in SAMPLERS:
        rows += kind_rows(kind, count, rounds, peer_pairs)
        tell(f"verification of {kind}")
    ratios = [row.ratio for row in rows if row.ratio]
    if ratios:
        total = Row("verification/geomean", len(ratios), "kinds", ratio=geometric_mean(ratios))
        rows.insert(0, total)
    rows.append(program_row(count))
    return [*rows, *gsm8k_rows(gsm8k, peer=peer_pairs > 0)] if gsm8k else rows
