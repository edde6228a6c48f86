"""Rates of generation against reasoning-gym's, the slowest draws, and episodes of a vector."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gymnasium

from frostline.envs import FAMILIES, Family, TaskSpec
from frostline.envs.registry import id_of

from .row import Row, against, geometric_mean, take_turns

LEVEL = 3  # of the rate that is given for every family
SECONDS = 0.25  # of one measurement of one side
VECTOR = 64
MILLISECONDS = 1e3


class Match(NamedTuple):
    """A task of ours, and the one of reasoning-gym that asks the same."""

    family: str
    level: int
    peer: str
    config: dict[str, Any]


MATCHES = (
    Match("arithmetic", 3, "chain_sum",
          {"min_terms": 3, "max_terms": 3, "min_digits": 1, "max_digits": 2}),
    Match("arithmetic", 4, "products",
          {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 2}),
    Match("arithmetic", 8, "basic_arithmetic",
          {"min_terms": 3, "max_terms": 3, "min_digits": 1, "max_digits": 2}),
    Match("polynomials", 7, "polynomial_multiplication", {}),
    Match("fractions", 2, "fraction_simplification", {}),
    Match("fractions", 9, "decimal_arithmetic", {"min_terms": 2, "max_terms": 2}),
    Match("number_theory", 2, "gcd", {"min_numbers": 2, "max_numbers": 2}),
    Match("number_theory", 3, "lcm", {"min_numbers": 2, "max_numbers": 2}),
    Match("number_theory", 5, "prime_factorization", {}),
    Match("linear_equations", 3, "simple_equations", {}),
    Match("quadratic_equations", 10, "polynomial_equations", {"min_degree": 2, "max_degree": 2}),
    Match("calculus", 4, "simple_integration", {}),
    Match("calculus", 16, "intermediate_integration", {}),
    Match("countdown", 9, "countdown", {"min_numbers": 5, "max_numbers": 5}),
    Match("countdown", 8, "puzzle24", {}),
)  # fmt: skip


def generation_rate(family: Family, level: int, indices: Iterator[int]) -> float:
    """Return problems per second of CPU time."""
    done, start = 0, time.process_time()
    while (spent := time.process_time() - start) < SECONDS:
        for _ in range(20):
            family.problem(TaskSpec(family.name, level, "train", next(indices)))
        done += 20
    return done / spent


def peer_rate(dataset: Any, indices: Iterator[int]) -> float:
    """Return items per second of CPU time of a reasoning-gym dataset."""
    done, start = 0, time.process_time()
    while (spent := time.process_time() - start) < SECONDS:
        dataset[next(indices)]
        done += 1
    return done / spent


def match_row(match: Match, rounds: int) -> Row:
    """Return ours against reasoning-gym's on one task, taking turns."""
    import reasoning_gym

    family, ours, theirs = FAMILIES[match.family], itertools.count(), itertools.count()
    dataset = reasoning_gym.create_dataset(match.peer, seed=1, size=10**9, **match.config)
    value, peer = take_turns(
        rounds,
        lambda: generation_rate(family, match.level, ours),
        lambda: peer_rate(dataset, theirs),
    )
    return against(f"generation/{match.family}/{match.peer}", value, "problems/s", peer)


def generation(rounds: int, *, peer: bool, tell: Callable[[str], None]) -> list[Row]:
    """Return the rate of every family at level 3, and of every matched task against the peer.

    A family's ratio is the geometric mean over its matched tasks.
    """
    matched: dict[str, list[Row]] = {name: [] for name in FAMILIES}
    for match in MATCHES if peer else ():
        matched[match.family].append(match_row(match, rounds))
        tell(f"generation of {match.family} against {match.peer}")
    rows = []
    for name, family in FAMILIES.items():
        indices = itertools.count(10**6)
        (value,) = take_turns(
            rounds,
            lambda f=family, i=indices: generation_rate(f, LEVEL, i),  # type: ignore[misc]
        )
        ratios = [row.ratio for row in matched[name] if row.ratio]
        ratio = geometric_mean(ratios) if ratios else None
        rows.append(Row(f"generation/{name}", value, "problems/s", ratio=ratio))
        tell(f"generation of {name}")
    tasks = [row for found in matched.values() for row in found]
    ratios = [row.ratio for row in tasks if row.ratio]
    if ratios:
        rows.insert(
            0, Row("generation/geomean", len(ratios), "tasks", ratio=geometric_mean(ratios))
        )
    return rows + tasks


def slowest(draws: int, tell: Callable[[str], None]) -> list[Row]:
    """Return the slowest of `draws` draws of each family, over its levels in turn, in ms.

    A draw that was slow is timed again, so that what the machine did meanwhile does not count; the
    first draw of a level pays for what the level prepares, and counts as it is.
    """
    rows = []
    for name, family in FAMILIES.items():
        worst = 0.0
        fresh = type(family)()
        for index in range(draws):
            task = TaskSpec(name, index % len(fresh.levels) + 1, "train", 10**9 + index)
            worst = max(worst, _draw_seconds(fresh, task, worst))
        rows.append(Row(f"slowest/{name}", worst * MILLISECONDS, "ms"))
        tell(f"slowest draw of {name}")
    return rows


def _draw_seconds(family: Family, task: TaskSpec, worst: float) -> float:
    start = time.process_time()
    family.problem(task)
    spent = time.process_time() - start
    if spent > worst and task.index >= 10**9 + len(family.levels):
        for _ in range(2):
            start = time.process_time()
            family.problem(task)
            spent = min(spent, time.process_time() - start)
    return spent


def episodes(rounds: int) -> list[Row]:
    """Return the episodes per second of a synchronous vector of arithmetic."""
    env_id = id_of(FAMILIES["arithmetic"])
    envs = gymnasium.make_vec(env_id, num_envs=VECTOR, vectorization_mode="sync")
    envs.reset(seed=0)

    def rate() -> float:
        ended, start = 0, time.process_time()
        while (spent := time.process_time() - start) < SECONDS:
            _, _, terminated, _, _ = envs.step(["1"] * VECTOR)
            ended += int(terminated.sum())
        return ended / spent

    (value,) = take_turns(rounds, rate)
    envs.close()
    return [Row(f"episodes/arithmetic x {VECTOR}", value, "episodes/s")]


def run(
    rounds: int, draws: int, *, peer: bool = True, tell: Callable[[str], None] = lambda _: None
) -> list[Row]:
    """Return every figure.

    Args:
        rounds: measurements of each figure; the median counts.
        draws: draws of each family among which the slowest is sought.
        peer: whether reasoning-gym takes part.
        tell: hears of what is done.
    """
    return [*generation(rounds, peer=peer, tell=tell), *slowest(draws, tell), *episodes(rounds)]
