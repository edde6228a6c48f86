"""The main job: problem → environment → curriculum → agent → report."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from frostline.agents.grpo import GRPOAgent
from frostline.agents.policy import load_policy
from frostline.curricula import make_curriculum
from frostline.envs import TextEnv

from .config import TrainConfig
from .evaluate import evaluate
from .families import make_envs
from .live import Display
from .report import write_report
from .run_dir import RunDir, read_lines


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came while no iteration was under way."""


@dataclass(slots=True)
class Stop:
    """Whether the run was asked to stop."""

    asked: bool = False
    inside: bool = field(default=False, repr=False)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as a wish to stop; a second one stops at once."""

        def ask(_signal: int, _frame: FrameType | None) -> None:
            if self.asked or not self.inside:
                self.asked = True
                raise Interrupted
            self.asked = True

        previous = {s: signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    @contextmanager
    def iteration(self) -> Iterator[None]:
        """Let an iteration and its log end before the run stops."""
        self.inside = True
        try:
            yield
        finally:
            self.inside = False


def build_agent(config: TrainConfig) -> tuple[GRPOAgent, dict[str, TextEnv]]:
    """Return the agent that a configuration describes, and its environments by family.

    Raises:
        ValueError: for anything that is wrong with the options, before any work.
    """
    torch.set_num_threads(config.threads)
    envs = make_envs(config.family, config.answer_format)
    space = {name: len(env.family.levels) for name, env in envs.items()}
    curriculum = make_curriculum(config.curriculum, space, config.seed)
    policy = load_policy(config.policy, device=config.device)
    longest = max(
        len(policy.encode([env.reset(seed=0, options={"level": level})[0]])[0])
        for env in envs.values()
        for level in range(1, len(env.family.levels) + 1)
    )
    policy.check_length(longest, config.grpo.max_completion_length)
    agent = GRPOAgent(
        policy,
        curriculum,
        list(envs.values()),
        trainable=config.trainable,
        config=config.grpo,
        seed=config.seed,
    )
    return agent, envs


def checkpoint_bytes(agent: GRPOAgent) -> int:
    """Return the size of a checkpoint: weights, originals and two moments at most, in fp32."""
    return 16 * agent.subset.trainable + 2**20


class Run:
    """A training run: an agent, its run directory and the clock."""

    def __init__(self, config: TrainConfig, run_dir: RunDir | None = None) -> None:
        """Build the agent, then make the run directory, or take up the one given."""
        self.config = config
        self.agent, self.envs = build_agent(config)
        self.resumed = run_dir is not None
        self.dir = run_dir or RunDir.create(config, checkpoint_bytes(self.agent))
        self.seconds = 0.0
        if self.resumed:
            self._restore()

    def train(self, display: Display, stop: Stop) -> bool:
        """Train to the end or until `stop`; return whether the end was reached."""
        config, started = self.config, time.perf_counter() - self.seconds
        try:
            self._evaluate(display, "before", "test", config.eval_problems)
            while self.agent.iteration < config.iterations and not stop.asked:
                with stop.iteration():
                    metrics = self.agent.step()
                    self.seconds = time.perf_counter() - started
                    self.dir.append(self.dir.metrics_path, metrics)
                    display.iteration(metrics, self.seconds)
                    done = self.agent.iteration
                    if done % config.checkpoint_every == 0 or done == config.iterations:
                        self._save()
                due = config.eval_every and self.agent.iteration % config.eval_every == 0
                if due and self.agent.iteration < config.iterations and not stop.asked:
                    self._evaluate(display, "during", "validation", config.progress_problems)
            if not stop.asked:
                self._evaluate(display, "after", "test", config.eval_problems)
        except Interrupted:
            stop.asked = True
        self.seconds = time.perf_counter() - started
        self._save()
        return not stop.asked

    def _evaluate(self, display: Display, when: str, split: str, problems: int) -> None:
        """Measure the held-out pass rates, unless this very evaluation is in the log already."""
        here = self.agent.iteration
        for line in read_lines(self.dir.evaluations_path):
            if (line["when"], line["iteration"]) == (when, here):
                return
        display.evaluating(when)
        results = evaluate(
            self.agent.policy,
            self.envs,
            split=split,
            problems=problems,
            temperature=self.config.grpo.temperature,
            max_completion_length=self.config.grpo.max_completion_length,
            seed=self.config.seed,
            on_level=display.level,
        )
        line = {"when": when, "iteration": here, "split": split,
                "levels": [result.to_dict() for result in results]}  # fmt: skip
        self.dir.append(self.dir.evaluations_path, line)

    def _save(self) -> None:
        self.dir.save({"agent": self.agent.state_dict(), "seconds": self.seconds})

    def _restore(self) -> None:
        state = self.dir.load()
        if state is not None:
            self.agent.load_state_dict(state["agent"])
            self.seconds = state["seconds"]
        self.dir.rewind(self.agent.iteration)


def start(config: TrainConfig, resume: Path | None = None) -> Run:
    """Return a run that is ready to train.

    Args:
        config: the options; with `resume`, those of the run, a longer `iterations` apart.
        resume: run directory to go on with.

    Raises:
        ValueError: if something is wrong with options, policy or directory, before any work.
    """
    if resume is None:
        return Run(config)
    run_dir = RunDir.open(resume)
    saved = run_dir.config()
    for name in type(config).model_fields:
        theirs, mine = getattr(saved, name), getattr(config, name)
        if name != "iterations" and theirs != mine:
            raise ValueError(f"run {resume} has {name}={theirs!r}, it cannot go on with {mine!r}")
    return Run(config, run_dir)


def run_training(run: Run, *, quiet: bool = False) -> dict[str, Any] | None:
    """Train, write the report and return the summary; None if the run was stopped before its end."""
    stop = Stop()
    with stop.listening(), Display(run.config, run.agent.iteration, quiet=quiet) as display:
        finished = run.train(display, stop)
    if not finished:
        return None
    run.agent.policy.save(run.dir.path / "policy")
    return write_report(run.dir)
