"""The layer-contribution profile: what each layer earns when it alone is trained.

After "Is One Layer Enough?" (arXiv:2607.01232), whose curve has one seed and no intervals: here
each layer has several seeds, all arms see the same problems, and the curve has intervals.

    runs/NAME/options.json     the options that the numbers depend on
              runs.jsonl       one line per finished run: a seed and a trainable subset
              profile.json, profile.md, profile.png      when all runs are finished

A run is in the file or it is not; a stop costs the run under way and no other.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from frostline.agents.policy import load_policy, weights_hash
from frostline.agents.subsets.modules import decoder_layers

from .families import make_envs
from .profile_arms import BASE, profile_exam, subsets, train_arm
from .profile_options import ProfileOptions, numbers
from .resumable import take_up
from .run_dir import read_lines


class LayerProfile:
    """A profile: its options, its directory, and the runs that are finished."""

    def __init__(self, options: ProfileOptions) -> None:
        """Take up the profile's directory, or make it.

        Raises:
            ValueError: if something is wrong with the options, or the directory holds a profile
                of other options. Nothing has run then.
        """
        torch.set_num_threads(options.threads)
        self.options = options
        self.envs = make_envs(options.family, options.answer_format)
        self.levels = {
            name: numbers("levels", options.level_text(), 1, len(env.family.levels))
            for name, env in self.envs.items()
        }
        policy = load_policy(options.policy, device=options.device)
        self.layers = numbers("layers", options.layers, 0, len(decoder_layers(policy.model)[1]) - 1)
        longest = max(
            len(policy.encode([env.reset(seed=0, options={"level": level})[0]])[0])
            for name, env in self.envs.items()
            for level in self.levels[name]
        )
        policy.check_length(longest, options.grpo.max_completion_length)
        self.path = Path(options.runs) / options.directory_name()
        self.runs_path = self.path / "runs.jsonl"
        self._lock = take_up(
            self.path / "options.json",
            self.runs_path,
            options.identity() | {"weights": weights_hash(policy.model)},
            partial(_check_same, path=self.path),
            what="profile",
            hint="choose another --name",
        )

    @property
    def seeds(self) -> range:
        """Return the seeds."""
        return range(self.options.seed, self.options.seed + self.options.seeds)

    def finished(self) -> dict[tuple[int, str], dict[str, Any]]:
        """Return the finished runs by seed and subset."""
        return {(line["seed"], line["subset"]): line for line in read_lines(self.runs_path)}

    def missing(self) -> list[tuple[int, str]]:
        """Return the runs to do, seed by seed."""
        done = self.finished()
        wanted = [(seed, subset) for seed in self.seeds for subset in subsets(self.layers)]
        return [key for key in wanted if key not in done]

    def work(
        self,
        on_iteration: Callable[[int, str, int], None],
        on_run: Callable[[dict[str, Any]], None],
    ) -> None:
        """Do the runs that are missing.

        Args:
            on_iteration: called with seed, subset and number of each iteration.
            on_run: called with the line of each run, when it is in the file.
        """
        for seed, subset in self.missing():
            line = self._run(seed, subset, partial(on_iteration, seed, subset))
            with self.runs_path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
            on_run(line)

    def close(self) -> None:
        """Let other processes work in the directory."""
        self._lock.unlock()

    def _run(self, seed: int, subset: str, on_iteration: Callable[[int], None]) -> dict[str, Any]:
        """Train one arm, unless it is the untrained one, and examine it."""
        options = self.options
        config = options.config(subset)
        policy = load_policy(options.policy, device=options.device)
        line: dict[str, Any] = {"seed": seed, "subset": subset}
        if subset != BASE:
            line |= train_arm(
                policy,
                self.envs,
                self.levels,
                subset=subset,
                config=config,
                iterations=options.iterations,
                seed=seed,
                on_iteration=lambda metrics: on_iteration(metrics["iteration"]),
            )
        start = time.perf_counter()
        line["solved"] = profile_exam(
            policy,
            self.envs,
            self.levels,
            problems=options.eval_problems,
            number=seed - options.seed,
            config=config,
            seed=seed,
        )
        return line | {"exam_seconds": time.perf_counter() - start}


def _check_same(saved: dict[str, Any], mine: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return what is saved; raise ValueError, naming the option, if it is of other options."""
    for name in [*mine, *saved]:
        if saved.get(name) != mine.get(name):
            option = f"--{name.replace('_', '-')}"
            if name == "weights":
                raise ValueError(
                    f"{path} was begun with other weights of the policy; choose another --name"
                )
            raise ValueError(
                f"{path} was begun with {option} {saved.get(name)!r}, it cannot go on with "
                f"{mine.get(name)!r}; choose another --name"
            )
    return saved
