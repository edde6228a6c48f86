"""frostline bench step: how long an iteration takes, against TRL and against the cost model."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from frostline.agents import GRPOAgent
from frostline.agents.subsets.cost import Cost, cost_of
from frostline.agents.subsets.shape import Shape, shape_of
from frostline.agents.subsets.workload import Workload

from .clock import Timing, time_iteration
from .job import Job, make_agent
from .memory import measure_memory
from .products import product_rates
from .row import Row, against

MILLISECONDS, GIGA = 1e3, 1e9
WARM_UP = 2  # the first iterations fill caches and make the optimizer's state

Tell = Callable[[str], None]


def run_bench(
    job: Job, subsets: Sequence[str], others: Sequence[str], rounds: int, *, peer: bool, tell: Tell
) -> list[Row]:
    """Return all rows.

    Args:
        job: sizes of policy and batch.
        subsets: trainable subsets whose iterations are held against TRL's.
        others: further ones whose update is held against the cost model, as these are too.
        rounds: iterations per figure, warm-up not counted.
        peer: whether TRL takes part.
        tell: is told what is going on.
    """
    rows: list[Row] = []
    for spec in subsets:
        tell(f"iterations of {spec}")
        rows += iteration_rows(job, spec, rounds, peer=peer)
    every = list(dict.fromkeys(["full", *subsets, *others]))
    rows += update_rows(job, every, rounds, tell)
    tell("switching")
    rows.append(switch_row(job, rounds))
    return rows


def iteration_rows(job: Job, spec: str, rounds: int, *, peer: bool) -> Iterator[Row]:
    """Yield whole iterations of one subset, ours and TRL's in turn, and their two parts."""
    agent = make_agent(job, spec)
    ours: list[Timing] = []

    def turn() -> None:
        ours.append(time_iteration(agent))

    theirs = None
    if peer:
        from .peer import take_turns  # imports TRL

        theirs = take_turns(job, spec, WARM_UP + rounds, turn)
    else:
        for _ in range(WARM_UP + rounds):
            turn()
    parts = (
        ("iteration", [t.total for t in ours], theirs and theirs.total),
        ("generation", [t.rest for t in ours], theirs and theirs.rest),
        ("update_time", [t.update for t in ours], theirs and theirs.update),
    )
    for name, mine, other in parts:
        value = statistics.median(mine[WARM_UP:]) * MILLISECONDS
        if not other:
            yield Row(f"{name}/{spec}", value, "CPU ms")
        else:
            compared = statistics.median(other[WARM_UP:]) * MILLISECONDS
            yield Row(f"{name}/{spec}", value, "CPU ms", compared, compared / value)


@dataclass(frozen=True, slots=True)
class _Measured:
    """An agent of the second part: its costs, its memory and its iterations, round by round."""

    agent: GRPOAgent
    shape: Shape
    peak: int
    memory_load: Workload
    timings: list[Timing]

    def cost(self, load: Workload) -> Cost:
        return cost_of(self.shape, load, self.agent.learner.optimizer.active)


def update_rows(job: Job, specs: Sequence[str], rounds: int, tell: Tell) -> Iterator[Row]:
    """Yield time and memory of updates against full's and the cost model; `specs[0]` is full."""
    measured: dict[str, _Measured] = {}
    for spec in specs:
        tell(f"memory of {spec}")
        agent, use = measure_memory(lambda spec=spec: make_agent(job, spec))  # type: ignore[misc]
        measured[spec] = _Measured(agent, shape_of(agent.policy.model), use.peak, use.load, [])
    for i in range(rounds):
        tell(f"updates, round {i + 1} of {rounds}")
        for one in measured.values():
            one.timings.append(time_iteration(one.agent))
    full = measured[specs[0]]
    yield from (_update_row(spec, one, full) for spec, one in measured.items())
    for spec, one in measured.items():
        predicted = one.cost(one.memory_load).memory.peak
        yield against(f"memory/{spec}", one.peak, "bytes", predicted)
    for spec, one in measured.items():
        yield _memory_share_row(spec, one, full)
    yield from _flops_rows(job, full)


def _update_row(spec: str, one: _Measured, full: _Measured) -> Row:
    """Return an update's share of full's time, as median of the rounds, and as predicted.

    The prediction is for the batches of the same rounds: their lengths differ a little.
    """
    pairs = list(zip(one.timings, full.timings, strict=True))
    share = statistics.median(a.update / b.update for a, b in pairs)
    predicted = statistics.median(one.cost(a.load).work / full.cost(b.load).work for a, b in pairs)
    return against(f"update/{spec}", share, "of full", predicted)


def _memory_share_row(spec: str, one: _Measured, full: _Measured) -> Row:
    predicted = [m.cost(m.memory_load).memory.peak for m in (one, full)]
    return against(
        f"memory_share/{spec}", one.peak / full.peak, "of full", predicted[0] / predicted[1]
    )


def _flops_rows(job: Job, full: _Measured) -> Iterator[Row]:
    """Yield FLOP/s by phase of full training against products of the same shapes."""
    flops = [full.cost(t.load).flops for t in full.timings]
    achieved: dict[str, Iterable[float]] = {
        "decoding": (f.generation / t.rest for f, t in zip(flops, full.timings, strict=True)),
        "forward": (f.forward / t.forward for f, t in zip(flops, full.timings, strict=True)),
        "backward": (f.backward / t.backward for f, t in zip(flops, full.timings, strict=True)),
    }
    load = full.timings[-1].load
    rates = product_rates(full.shape, rows=round(load.rows), tokens=round(load.tokens))
    for phase, values in achieved.items():
        rate = statistics.median(values)
        yield against(f"flops/{phase}", rate / GIGA, "GFLOP/s", rates[phase] / GIGA)


def switch_row(job: Job, rounds: int) -> Row:
    """Return what a change of the active layer costs, as a share of an iteration."""
    agent = make_agent(job, "cyclic:k=1,every=1")
    timings = [time_iteration(agent) for _ in range(WARM_UP + rounds)][WARM_UP:]
    share = statistics.median(t.switch / t.total for t in timings)
    return Row("switch/cyclic", share, "of an iteration")
