"""The main job on the TRL engine: the same run directory, curriculum and report.

Every process of the launcher runs this. Rank 0 has the run directory, the display and the
evaluations; the others follow it.
"""

from __future__ import annotations

import math
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import accelerate
from accelerate.utils import broadcast_object_list

from frostline.agents.policy import weights_hash
from frostline.agents.subsets import TrainableSubset
from frostline.agents.trl_checkpoints import newest_checkpoint, read_state
from frostline.agents.trl_engine import TrlEngine

from .config import TrainConfig
from .export_folder import Trained, write_trained
from .live import Display
from .parts import Parts, build_parts
from .run_dir import RunDir
from .stopping import Interrupted, Stop
from .train import evaluate_once


class TrlRun:
    """A training run on the TRL engine: one rank's side of it."""

    def __init__(
        self,
        config: TrainConfig,
        run_dir: RunDir | None = None,
        *,
        allow_new_subset: bool = False,
    ) -> None:
        """Build policy and environments, agree on the run directory, then build the engine."""
        self.config = config
        self.allow_new_subset = allow_new_subset
        self.resumed = run_dir is not None
        # accelerate learns here what the launcher has set up; cpu: gloo, or no processes at all
        self.processes = accelerate.PartialState(cpu=config.device == "cpu")
        self.parts: Parts = build_parts(config)
        self.origin = weights_hash(self.parts.policy.model)
        self.main = self.processes.is_main_process
        self.dir = run_dir or self._make_dir()
        try:
            self.engine = self._make_engine()
        except BaseException as error:
            if self.main and not self.resumed:
                self.dir.unlock()
                shutil.rmtree(self.dir.path)  # it was new or empty
            if isinstance(error, ImportError):  # vLLM or DeepSpeed was asked for
                raise ValueError(f"the TRL engine needs a package: {error}") from error
            raise
        self.seconds = 0.0
        self.saved = 0
        if self.resumed:
            self._restore()
        self._started = 0.0
        self._display: Display | None = None
        self._stop = Stop()

    @property
    def iteration(self) -> int:
        """Return how many iterations have been done."""
        return max(self.saved, self.engine.done)

    @property
    def subset(self) -> TrainableSubset:
        """Return what trains."""
        return self.engine.subset

    def notes(self) -> list[str]:
        """Return what the user should know before the run begins."""
        ranks = self.processes.num_processes
        notes = [f"{self.subset.spec}: {note}" for note in self.subset.notes]
        return [*notes, f"TRL engine, {ranks} process{'es' if ranks > 1 else ''}"]

    def train(self, display: Display, stop: Stop) -> bool:
        """Train to the end or until `stop`; return whether the end was reached."""
        self._display, self._stop = display, stop
        self._started = time.perf_counter() - self.seconds
        with suppress(Interrupted):
            if self.iteration == 0:
                self._evaluate("before")
            with stop.patient(1):
                self.engine.train(resume=self.resumed, allow_new_subset=self.allow_new_subset)
            if self.engine.done == self.config.iterations:
                self._evaluate("after")
        with stop.patient(math.inf):
            self._save()
        return not stop.wishes and self.engine.done == self.config.iterations

    def follow(self) -> None:
        """Train on a rank that writes nothing; a wish to stop is rank 0's to grant."""
        stop = Stop()
        with stop.listening(), stop.patient(math.inf):
            self.engine.train(resume=self.resumed, allow_new_subset=self.allow_new_subset)

    def close(self) -> None:
        """Leave the other processes."""
        self.processes.destroy_process_group()

    def write_policy(self, folder: Path) -> None:
        """Write the trained policy."""
        trained = Trained(
            self.parts.policy, self.subset, self.parts.envs, self.engine.done, self.seconds
        )
        write_trained(folder, self.dir, trained)

    def _make_engine(self) -> TrlEngine:
        config = self.config
        return TrlEngine(
            self.parts.policy,
            self.parts.curriculum,
            self.parts.envs,
            iterations=config.iterations,
            output_dir=self.dir.path / "trl",
            trainable=config.trainable,
            config=config.grpo,
            seed=config.seed,
            checkpoint_every=config.checkpoint_every,
            callback=self._log,
            pass_through=config.trl_options(),
        )

    def _make_dir(self) -> RunDir:
        """Let rank 0 make the run directory, and return it on every rank."""
        box: list[Any] = [None, None]
        run_dir: RunDir | None = None
        if self.main:
            try:
                size = 16 * sum(p.numel() for p in self.parts.policy.model.parameters())
                run_dir = RunDir.create(self.config, size)
                box[0] = str(run_dir.path)
            except ValueError as error:  # the other ranks must not wait for the directory
                box[1] = str(error)
        if self.processes.num_processes > 1:
            broadcast_object_list(box)
        if box[1] is not None:
            raise ValueError(box[1])
        return run_dir or RunDir(Path(box[0]))

    def _restore(self) -> None:
        """Take up what the newest checkpoint is of."""
        folder = newest_checkpoint(self.dir.path / "trl")
        state = read_state(folder) if folder else None
        self.saved = state["iteration"] if state else 0
        saved = self.dir.load()
        if saved is not None:
            if saved["origin"] != self.origin:
                raise ValueError(
                    f"policy {self.config.policy!r} has other weights than when run "
                    f"{self.dir.path} began"
                )
            self.seconds = saved["seconds"]
        if self.main:
            self.dir.rewind(self.saved)

    def _log(self, metrics: dict[str, Any]) -> None:
        """Take the metrics of an iteration that has ended, on rank 0."""
        assert self._display is not None  # train() has set it
        with self._stop.patient(math.inf):
            self.seconds = time.perf_counter() - self._started
            self.dir.append(self.dir.metrics_path, metrics)
            self._display.iteration(metrics, self.seconds)
        here, every = metrics["iteration"], self.config.eval_every
        if every and here % every == 0 and here < self.config.iterations:
            self._evaluate("during")
        if self._stop.wishes:
            self.engine.stop()

    def _evaluate(self, when: str) -> None:
        assert self._display is not None
        evaluate_once(
            self.dir, self.config, self.parts.policy, self.parts.envs, when, self.engine.done,
            self._display, self._stop,
        )  # fmt: skip

    def _save(self) -> None:
        """Write what the report needs; weights and curriculum are in the engine's checkpoints."""
        counts = {"trainable_count": self.subset.trainable, "total_count": self.subset.total}
        folder = newest_checkpoint(self.dir.path / "trl")
        state = read_state(folder) if folder else None
        self.saved = state["iteration"] if state else 0
        agent = {"iteration": self.saved, "trainable": self.subset.spec, **counts}
        self.dir.save(
            {"engine": "trl", "agent": agent, "seconds": self.seconds, "origin": self.origin}
        )
