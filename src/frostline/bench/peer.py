"""TRL's `GRPOTrainer` on the same job, one iteration in turn with the native engine.

Its gradient checkpointing and bf16 are off, its subset is frozen before it is built, its settings
are the native engine's. The native iteration runs in TRL's own callback at the end of a step, so
that both share one process and the same moments of a busy machine. TRL's time is all from the end
of the native iteration to the end of its next step, its fetching of prompts and its log included.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from datasets import Dataset
from transformers import (
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl.trainer.grpo_config import GRPOConfig as TRLConfig
from trl.trainer.grpo_trainer import GRPOTrainer

from frostline.agents.subsets import apply, resolve

from .job import LEARNING_RATE, Job, make_model, make_tokenizer


@dataclass(slots=True)
class PeerTimes:
    """CPU seconds of TRL's iterations.

    Attributes:
        total: each iteration.
        rest: its share that is no update: sampling, grading, advantages.
    """

    total: list[float] = field(default_factory=list)
    rest: list[float] = field(default_factory=list)

    @property
    def update(self) -> list[float]:
        """Return what the update took."""
        return [total - rest for total, rest in zip(self.total, self.rest, strict=True)]


class _Trainer(GRPOTrainer):
    """TRL's trainer, with a stop watch on what comes before its update."""

    rest = 0.0

    def _send_telemetry(self) -> None:
        """Tell nobody."""

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        start = time.process_time()
        result = super()._generate_and_score_completions(inputs)
        self.rest += time.process_time() - start
        return result


class _TakeTurns(TrainerCallback):
    """Runs the other side at the end of each of TRL's steps."""

    def __init__(self, times: PeerTimes, turn: Callable[[], object]) -> None:
        self.times, self.turn = times, turn
        self.trainer: _Trainer | None = None
        self.start = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.start = time.process_time()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        assert self.trainer is not None
        self.times.total.append(time.process_time() - self.start)
        self.times.rest.append(self.trainer.rest)
        self.turn()
        self.trainer.rest = 0.0
        self.start = time.process_time()


def alternating(completions: list[str], **_: Any) -> list[float | None]:
    """Return rewards that differ within each group, whatever it says."""
    return [float(i % 2) for i in range(len(completions))]


def take_turns(job: Job, spec: str, rounds: int, turn: Callable[[], object]) -> PeerTimes:
    """Run `rounds` iterations of TRL and, after each of them, `turn`.

    Args:
        job: sizes of policy and batch.
        spec: the trainable subset.
        rounds: how many iterations.
        turn: one iteration of the other side.
    """
    model = make_model(job)
    apply(resolve(spec, model), model)
    prompts = [job.question("peer", i) + "\n" for i in range(rounds * job.prompts)]
    times = PeerTimes()
    turns = _TakeTurns(times, turn)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what TRL and transformers tell each other
        turns.trainer = _Trainer(
            model=model,
            reward_funcs=alternating,
            args=TRLConfig(
                output_dir=scratch,
                max_steps=rounds,
                per_device_train_batch_size=job.prompts * job.generations,
                num_generations=job.generations,
                max_completion_length=job.completion_tokens,
                temperature=1.0,
                learning_rate=LEARNING_RATE,
                lr_scheduler_type="constant",
                adam_beta2=0.99,
                max_grad_norm=1.0,
                beta=0.0,
                loss_type="dapo",
                shuffle_dataset=False,
                bf16=False,
                gradient_checkpointing=False,
                use_cpu=True,
                save_strategy="no",
                logging_strategy="no",
                report_to=[],
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_dict({"prompt": prompts}),
            processing_class=make_tokenizer(),
            callbacks=[turns],
        )
        turns.trainer.remove_callback(PrinterCallback)  # it writes to standard output
        turns.trainer.train()
    return times
