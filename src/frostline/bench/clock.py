"""CPU seconds of one iteration of the native engine, phase by phase."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from torch import Tensor

from frostline.agents import GRPOAgent
from frostline.agents.subsets.workload import Workload

from .job import workload


@dataclass(frozen=True, slots=True)
class Timing:
    """CPU seconds of one iteration.

    Attributes:
        total: all of it.
        update: forward, backward and optimizer, with packing and clipping.
        backward: the backward pass.
        optimizer: the optimizer step.
        switch: the subset schedule's choice, and the change of what trains.
        load: the batch that it ran on.
    """

    total: float
    update: float
    backward: float
    optimizer: float
    switch: float
    load: Workload

    @property
    def rest(self) -> float:
        """Return what is no update: sampling, above all."""
        return self.total - self.update

    @property
    def forward(self) -> float:
        """Return the update without backward and optimizer."""
        return self.update - self.backward - self.optimizer


class StopWatch:
    """Adds up the CPU seconds of calls of some methods while it is running."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def watch(self, name: str, owner: Any, method: str) -> Iterator[list[tuple[Any, ...]]]:
        """Time `owner.method` for a while, and yield the list of its arguments per call."""
        calls: list[tuple[Any, ...]] = []
        inner: Callable[..., Any] = getattr(owner, method)

        def timed(*args: Any, **options: Any) -> Any:
            calls.append(args)
            start = time.process_time()
            result = inner(*args, **options)
            self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start
            return result

        with mock.patch.object(owner, method, timed):
            yield calls


def time_iteration(agent: GRPOAgent) -> Timing:
    """Run one iteration and return what each phase took."""
    watch = StopWatch()
    learner = agent.learner
    with (
        watch.watch("update", learner, "update") as updates,
        watch.watch("switch", agent, "_advance"),
        watch.watch("optimizer", learner.optimizer, "step"),
        watch.watch("backward", Tensor, "backward"),
    ):
        start = time.process_time()
        agent.step()
        total = time.process_time() - start
    (graded, *_) = updates[0]
    seconds = watch.seconds
    return Timing(
        total,
        seconds["update"],
        seconds["backward"],
        seconds["optimizer"],
        seconds["switch"],
        workload(graded.batch, agent.config),
    )
