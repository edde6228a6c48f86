"""The main job: problem → environment → curriculum → agent → report."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from frostline.agents.grpo import GRPOAgent
from frostline.agents.policy import Policy, weights_hash
from frostline.agents.subsets import TrainableSubset
from frostline.agents.subsets.spec import parse as parse_spec
from frostline.envs import TextEnv

from .config import TrainConfig, differences
from .evaluate import evaluate
from .export_folder import Trained, write_trained
from .live import Display
from .parts import build_agent
from .report import write_report
from .run_dir import RunDir, read_lines
from .stopping import Interrupted, Stop

if TYPE_CHECKING:
    from .train_trl import TrlRun


def disk_bytes(agent: GRPOAgent) -> int:
    """Return the room that a run needs: two checkpoints and the trained policy, in fp32.

    A checkpoint holds the weights of the subset, their originals and two moments at most.
    """
    return 2 * 16 * agent.subset.trainable + 4 * agent.subset.total


class Run:
    """A training run: an agent, its run directory and the clock."""

    def __init__(
        self,
        config: TrainConfig,
        run_dir: RunDir | None = None,
        *,
        allow_new_subset: bool = False,
    ) -> None:
        """Build the agent, then make the run directory, or take up the one given."""
        self.config = config
        self.agent, self.envs = build_agent(config)
        self.origin = weights_hash(self.agent.policy.model)
        self.seconds = 0.0
        self.saved = 0  # the iteration that the checkpoint is of
        self._consistent = True
        if run_dir is None:
            self.dir = RunDir.create(config, disk_bytes(self.agent))
        else:
            self.dir = run_dir
            self._restore(allow_new_subset)

    @property
    def iteration(self) -> int:
        """Return how many iterations have been done."""
        return self.agent.iteration

    @property
    def subset(self) -> TrainableSubset:
        """Return what trains."""
        return self.agent.subset

    def train(self, display: Display, stop: Stop) -> bool:
        """Train to the end or until `stop`; return whether the end was reached."""
        started = time.perf_counter() - self.seconds
        with suppress(Interrupted):
            self._work(display, stop, started)
        with stop.patient(math.inf):
            if self._consistent:  # else an iteration was cut off: the last checkpoint holds
                self.seconds = time.perf_counter() - started
                self._save()
        return not stop.wishes

    def _work(self, display: Display, stop: Stop, started: float) -> None:
        """Evaluate and iterate; an evaluation that is in the log already is not done again."""
        config = self.config
        if self.agent.iteration == 0:
            self._evaluate(display, stop, "before")
        while self.agent.iteration < config.iterations:
            here = self.agent.iteration
            if here and config.eval_every and here % config.eval_every == 0:
                self._evaluate(display, stop, "during")
            with stop.patient(1):
                self._iterate(display, stop, started)
            if stop.wishes:
                return
        self._evaluate(display, stop, "after")

    def _iterate(self, display: Display, stop: Stop, started: float) -> None:
        """Run one iteration, log it, and save if a checkpoint is due."""
        self._consistent = False
        metrics = self.agent.step()
        self._consistent = True
        with stop.patient(math.inf):
            self.seconds = time.perf_counter() - started
            self.dir.append(self.dir.metrics_path, metrics)
            done = self.agent.iteration
            if done % self.config.checkpoint_every == 0 or done == self.config.iterations:
                self._save()
            display.iteration(metrics, self.seconds)

    def _evaluate(self, display: Display, stop: Stop, when: str) -> None:
        agent = self.agent
        evaluate_once(
            self.dir, self.config, agent.policy, self.envs, when, agent.iteration, display, stop
        )

    def write_policy(self, folder: Path) -> None:
        """Write the trained policy."""
        agent = self.agent
        trained = Trained(agent.policy, agent.subset, self.envs, agent.iteration, self.seconds)
        write_trained(folder, self.dir, trained)

    def _save(self) -> None:
        state = {"agent": self.agent.state_dict(), "seconds": self.seconds, "origin": self.origin}
        self.dir.save(state)
        self.saved = self.agent.iteration

    def notes(self) -> list[str]:
        """Return what the user should know before the run begins."""
        subset, path = self.agent.subset, self.agent.policy.path
        notes = [f"{subset.spec}: {note}" for note in subset.notes]
        if path.note:
            notes.append(f"plain path, slower but equal: {path.note}")
        return notes

    def _restore(self, allow_new_subset: bool) -> None:
        state = self.dir.load()
        if state is not None:
            done = state["agent"]["iteration"]
            if done > self.config.iterations:
                raise ValueError(
                    f"iterations must be at least the {done} that run {self.dir.path} has done, "
                    f"got {self.config.iterations}"
                )
            self._check_exchange(state["agent"]["trainable"])
            if state["origin"] != self.origin:
                raise ValueError(
                    f"policy {self.config.policy!r} has other weights than when run "
                    f"{self.dir.path} began"
                )
            self.agent.load_state_dict(state["agent"], allow_new_subset=allow_new_subset)
            self.seconds = state["seconds"]
        self.saved = self.agent.iteration
        self.dir.rewind(self.agent.iteration)

    def _check_exchange(self, saved: str) -> None:
        """Raise ValueError if another subset than the saved one adds tensors, or the saved one."""
        mine = self.agent.subset.spec
        if saved == mine:
            return
        roles = {item.role for spec in (saved, mine) for item in parse_spec(spec)}
        if roles & {"adapter", "steering"}:
            raise ValueError(
                f"run {self.dir.path} trains {saved!r}, it cannot go on with {mine!r}: no other "
                "subset can take over adapters or steering vectors, or bring them"
            )


def evaluate_once(
    run_dir: RunDir,
    config: TrainConfig,
    policy: Policy,
    envs: Mapping[str, TextEnv],
    when: str,
    iteration: int,
    display: Display,
    stop: Stop,
) -> None:
    """Measure the held-out pass rates and log them, unless this very line is in the log already."""
    for line in read_lines(run_dir.evaluations_path):
        if (line["when"], line["iteration"]) == (when, iteration):
            return
    display.evaluating(when)
    split = "validation" if when == "during" else "test"
    results = evaluate(
        policy,
        envs,
        split=split,
        problems=config.progress_problems if when == "during" else config.eval_problems,
        temperature=config.grpo.temperature,
        max_completion_length=config.grpo.max_completion_length,
        seed=config.seed,
        on_level=display.level,
    )
    line = {"when": when, "iteration": iteration, "split": split,
            "levels": [result.to_dict() for result in results]}  # fmt: skip
    with stop.patient(math.inf):
        run_dir.append(run_dir.evaluations_path, line)


AnyRun: TypeAlias = "Run | TrlRun"


def start(
    config: TrainConfig, resume: Path | None = None, *, allow_new_subset: bool = False
) -> AnyRun:
    """Return a run that is ready to train.

    Args:
        config: the options; with `resume`, those of the run, a longer `iterations` apart.
        resume: run directory to go on with.
        allow_new_subset: whether `trainable` may differ from the run's as well.

    Raises:
        ValueError: if something is wrong with options, policy or directory, before any work.
    """
    make = _engine(config)
    if resume is None:
        return make(config)
    run_dir = RunDir.open(resume)
    saved = run_dir.config()
    for name, theirs, mine in differences(saved, config):
        if name == "iterations" or (name == "trainable" and allow_new_subset):
            continue
        hint = "; --allow-new-subset lets it" if name == "trainable" else ""
        raise ValueError(f"run {resume} has {name}={theirs!r}, it cannot go on with {mine!r}{hint}")
    if not is_main_process():
        return make(config, run_dir, allow_new_subset=allow_new_subset)
    run_dir.lock()
    try:
        run = make(config, run_dir, allow_new_subset=allow_new_subset)
        if config != saved:
            run_dir.write_config(config)
    except BaseException:
        run_dir.unlock()
        raise
    return run


def _engine(config: TrainConfig) -> type[Run] | type[TrlRun]:
    """Return the kind of run that a configuration asks for.

    Raises:
        ValueError: if a launcher has started several processes for an engine of one.
    """
    if config.engine == "trl":
        from .train_trl import TrlRun  # trl is slow to import

        return TrlRun
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1:
        raise ValueError(
            f"engine native is one process, the launcher has started {processes}; "
            "use --engine trl, or start it without a launcher"
        )
    return Run


def is_main_process() -> bool:
    """Return whether this is the process that writes: rank 0, by the launcher's variable."""
    return os.environ.get("RANK", "0") == "0"


def run_training(run: AnyRun, *, quiet: bool = False) -> dict[str, Any] | None:
    """Train, write the report and return the summary; None if the run was stopped before its end.

    Raises:
        ValueError: if a file cannot be written. What is there is whole, and the run can go on.
    """
    stop = Stop()
    try:
        with stop.listening():
            with Display(run.iteration, run.config.iterations, quiet=quiet) as display:
                for note in run.notes():
                    display.say(note)
                finished = run.train(display, stop)
            if not finished:
                return None
            run.dir.save_policy(run.write_policy, 4 * run.subset.total)
            return write_report(run.dir)
    except Interrupted:
        return None
    except OSError as error:
        raise ValueError(
            f"run {run.dir.path} stopped after iteration {run.iteration}: {error}; its "
            f"checkpoint of iteration {run.saved} is whole, --resume {run.dir.path} goes on"
        ) from error
    finally:
        run.dir.unlock()
