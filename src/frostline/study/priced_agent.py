"""An agent that also adds up what its updates cost by the cost model.

Time is measured, on a processor as what the process had of it, so that runs side by side compare;
memory and operations are computed for the very batches of the run, because what a process holds
grows by steps and what a profiler counts takes time from the run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, final

from frostline.agents.config import GRPOConfig
from frostline.agents.grpo import GRPOAgent
from frostline.agents.learner import Graded
from frostline.agents.plain_path import PlainPath
from frostline.agents.policy import Policy
from frostline.agents.subsets.cost import cost_of
from frostline.agents.subsets.shape import shape_of
from frostline.agents.subsets.workload import Workload
from frostline.curricula import Scheduler
from frostline.envs import TextEnv


@final
class PricedAgent(GRPOAgent):
    """A GRPO agent with a bill.

    Attributes:
        peak_bytes: largest memory of an update so far, None before the first.
        flops: floating point operations of the updates.
        full_flops: those of the same updates if every weight trained.
    """

    def __init__(
        self,
        policy: Policy,
        curriculum: Scheduler,
        envs: list[TextEnv],
        *,
        trainable: str,
        config: GRPOConfig,
        seed: int,
    ) -> None:
        """Make the agent; see `GRPOAgent`."""
        full = shape_of(policy.model)  # before adapters are put in
        super().__init__(policy, curriculum, envs, trainable=trainable, config=config, seed=seed)
        self.peak_bytes: int | None = None
        self.flops = self.full_flops = 0.0
        self._full, self._all = full, [weight.name for weight in full.weights]
        self._shape = shape_of(policy.model)
        self.timer = timer_of(policy)

    def _update(self, graded: Graded) -> dict[str, Any]:
        if len(graded.used_P):
            load = load_of(graded, self.config, fast=not isinstance(self.policy.path, PlainPath))
            active = self.learner.optimizer.active
            cost = cost_of(self._shape, load, active, ever=self.subset.names)
            self.peak_bytes = max(self.peak_bytes or 0, round(cost.memory.peak))
            self.flops += cost.flops.update
            self.full_flops += cost_of(self._full, load, self._all).flops.update
        return super()._update(graded)


def timer_of(policy: Policy) -> Callable[[], float]:
    """Return the clock of a policy's work: on a processor the time that this process had of it."""
    return time.process_time if policy.device.type == "cpu" else time.perf_counter


def load_of(graded: Graded, config: GRPOConfig, *, fast: bool) -> Workload:
    """Return the workload of the groups that take part in an update; there must be one.

    Args:
        graded: the batch.
        config: of the agent.
        fast: whether the fast path runs the policy.
    """
    used, batch = graded.used_P, graded.batch
    prompts_P = batch.prompt_mask_PS.sum(1)[used]
    completions_PG = batch.lengths().view(-1, config.num_generations)[used]
    means = prompts_P.float().mean().item(), completions_PG.float().mean().item()
    load = Workload.of(config, *means, fast=fast)
    per_part = math.ceil(config.groups / load.parts)
    load = replace(load, prompts=len(used), parts=math.ceil(len(used) / per_part))
    return load.stretched(int(prompts_P.max()), int(completions_PG.max()))
