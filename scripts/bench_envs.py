"""Time a problem plus its environment episode, for every family and level.

An episode is `reset(options={"task": …})` and one `step` with the reference answer. Each batch
asks problems that were not asked before; the median and the fastest batch are reported, in
microseconds per episode on one core. `direct` is `TextEnv` itself; `make` is what
`gymnasium.make` returns, with its checking wrappers.

    python scripts/bench_envs.py
    python scripts/bench_envs.py --family arithmetic --level 3 --episodes 2000
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import statistics
import time
from collections.abc import Iterator
from typing import Any

import gymnasium

from frostline.envs import FAMILIES, IDS, TaskSpec, TextEnv

MICROSECONDS = 1e6


def episodes(env: gymnasium.Env[str, str], tasks: list[TaskSpec]) -> None:
    """Ask each task once and answer it with its reference."""
    plain: Any = env.unwrapped
    for task in tasks:
        env.reset(options={"task": task})
        _, reward, terminated, _, _ = env.step(plain.problem.answer)
        assert terminated
        assert reward == 1.0


def time_episodes(
    env: gymnasium.Env[str, str], tasks: Iterator[TaskSpec], args: Any
) -> list[float]:
    """Return the microseconds per episode of each batch, the first (cold) batch left out."""
    timings = []
    for _ in range(args.batches + 1):
        batch = list(itertools.islice(tasks, args.episodes))
        start = time.perf_counter()
        episodes(env, batch)
        timings.append((time.perf_counter() - start) / len(batch) * MICROSECONDS)
    return timings[1:]


def bench(env_id: str, level: int, args: argparse.Namespace) -> dict[str, Any]:
    """Return one line of the report."""
    family = IDS[env_id]
    tasks = (TaskSpec(family, level, "train", index) for index in itertools.count())
    line: dict[str, Any] = {"family": family, "level": level}
    for name, env in (("direct", TextEnv(family)), ("make", gymnasium.make(env_id))):
        timings = time_episodes(env, tasks, args)
        line[f"{name}_us_median"] = round(statistics.median(timings), 1)
        line[f"{name}_us_min"] = round(min(timings), 1)
    return line


def main() -> None:
    """Parse the command line, time, and print the report as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", choices=tuple(FAMILIES), help="only this family")
    parser.add_argument("--level", type=int, help="only this level")
    parser.add_argument("--episodes", type=int, default=500, help="episodes per batch")
    parser.add_argument("--batches", type=int, default=5, help="batches per level and way")
    args = parser.parse_args()
    if args.episodes < 1 or args.batches < 1:
        parser.error("episodes and batches must be at least 1")
    lines = [
        bench(env_id, level, args)
        for env_id, family in IDS.items()
        if args.family in (None, family)
        for level in range(1, len(FAMILIES[family].levels) + 1)
        if args.level in (None, level)
    ]
    python = platform.python_version()
    print(json.dumps({"python": python, "machine": platform.machine(), "levels": lines}, indent=2))


if __name__ == "__main__":
    main()
