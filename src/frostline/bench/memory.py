"""Live tensor bytes: what is alive at a moment, and at the peak of a piece of work."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from frostline.agents import GRPOAgent
from frostline.agents.learner import Graded
from frostline.agents.subsets.workload import Workload

from .job import workload


def live_bytes() -> int:
    """Return the bytes of all tensors that Python holds; a storage with several views once."""
    gc.collect()
    sizes: dict[int, int] = {}
    for thing in gc.get_objects():
        if issubclass(type(thing), Tensor) and thing.device.type != "meta":
            storage = thing.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
    return sum(sizes.values())


def peak_growth(work: Callable[[], object]) -> int:
    """Return by how many bytes tensors grow at most while `work` runs, on the CPU.

    Read from the events of torch's allocator, so what only the autograd graph or a kernel holds
    counts as well.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    now = peak = 0
    assert seen.profiler is not None
    assert seen.profiler.kineto_results is not None
    events = seen.profiler.kineto_results.events()
    for event in sorted(
        (e for e in events if e.name() == "[memory]"), key=lambda event: event.start_ns()
    ):
        now += event.nbytes()
        peak = max(peak, now)
    return peak


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Live bytes of one agent's tensors.

    Attributes:
        before: when its update begins: weights, optimizer state, rollout.
        peak: at the most within the update.
        load: the batch that it ran on.
    """

    before: int
    peak: int
    load: Workload


def measure_memory(make: Callable[[], GRPOAgent]) -> tuple[GRPOAgent, MemoryUse]:
    """Return an agent and the memory of its second update, when its optimizer has state."""
    outside = live_bytes()
    agent = make()
    agent.step()
    inner = agent.learner.update
    found: list[MemoryUse] = []

    def measured(graded: Graded, iteration: int) -> dict[str, Any]:
        before = live_bytes() - outside
        results: list[dict[str, Any]] = []
        grown = peak_growth(lambda: results.append(inner(graded, iteration)))
        found.append(MemoryUse(before, before + grown, workload(graded.batch, agent.config)))
        return results[0]

    with mock.patch.object(agent.learner, "update", measured):
        agent.step()
    return agent, found[0]
