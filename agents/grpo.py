"""The GRPO agent, native engine: one process, CPU or one GPU.

How it differs from the textbook loop: each prompt is prefilled once for its whole group, in the
rollout and in the loss; groups whose completions all earn the same take no forward and no
backward pass, though their tokens stay in the loss's denominator, and an iteration without any
signal takes no optimizer step; a group with an error of the verifier is dropped whole.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import gymnasium
import torch
from torch import Tensor

from ..curricula import Curriculum, CurriculumConfig, Outcome, Ticket, make_curriculum
from ..envs import Status, TaskSpec, TextEnv
from ..envs.streams import index_from_seed
from .advantages import group_advantages, has_signal
from .config import GRPOConfig
from .loss import Batch, clipped_loss, completion_log_probs, token_weights
from .policy import Policy, load_policy
from .rollout import Rollout, sample
from .subset import apply, resolve

STATE_VERSION = 1
SAMPLES = 3


class GRPOAgent:
    """Trains part of a policy on the problems that a curriculum hands out.

    >>> agent = GRPOAgent("base", "ladder", ["frostline/ClosedForms-v0"], trainable="first:5")
    ... # doctest: +SKIP
    >>> agent.train(iterations=10)  # doctest: +SKIP
    """

    def __init__(
        self,
        policy: Policy | str,
        curriculum: Curriculum | str,
        envs: Sequence[gymnasium.Env[str, str] | str],
        *,
        trainable: str = "full",
        config: GRPOConfig | None = None,
        seed: int = 0,
    ) -> None:
        """Make the agent; nothing is sampled yet.

        Args:
            policy: a `Policy`, or what `load_policy` takes.
            curriculum: a `Curriculum`, or the kind of one: `ladder`, `uniform` or `fixed`.
            envs: environments or Gymnasium ids, one per family.
            trainable: which weights train (see `agents/subset.py`).
            config: options of the algorithm.
            seed: of the sampling; a `Curriculum` brings its own.

        Raises:
            ValueError: for two environments of one family, a curriculum over levels that no
                environment has, or a spec that matches nothing.
        """
        self.config = config or GRPOConfig()
        self.policy = load_policy(policy) if isinstance(policy, str) else policy
        self.envs = envs_by_family(envs)
        if isinstance(curriculum, str):
            space = {name: len(env.family.levels) for name, env in self.envs.items()}
            options = CurriculumConfig.model_validate({"kind": curriculum})
            curriculum = make_curriculum(options, space, seed)
        check_space(curriculum, self.envs)
        self.curriculum = curriculum
        self.seed = seed
        self.iteration = 0
        self.subset = resolve(trainable, self.policy.model)
        apply(self.subset, self.policy.model)
        chosen = set(self.subset.names)
        named = self.policy.model.named_parameters()
        self.parameters = {name: p for name, p in named if name in chosen}
        self.optimizer = self._make_optimizer()
        # the reference of the KL penalty needs the originals of what trains, and no second model
        keep = self.config.beta > 0
        self._originals = (
            {n: p.detach().clone() for n, p in self.parameters.items()} if keep else {}
        )

    def train(
        self, iterations: int, *, callback: Callable[[dict[str, Any]], None] | None = None
    ) -> list[dict[str, Any]]:
        """Run `iterations` more iterations and return their metrics.

        Args:
            iterations: how many.
            callback: called with the metrics of each iteration as it ends.
        """
        history = []
        for _ in range(iterations):
            history.append(self.step())
            if callback:
                callback(history[-1])
        return history

    def step(self) -> dict[str, Any]:
        """Run one iteration: tickets, completions, verdicts, update; return its metrics."""
        clock = _Clock()
        with clock("generate"):
            tickets = self.curriculum.sample(self.config.groups, policy_version=self.iteration)
            prompts = [self._reset(ticket) for ticket in tickets]
            rollout = sample(
                self.policy,
                prompts,
                generations=self.config.num_generations,
                max_completion_length=self.config.max_completion_length,
                temperature=self.config.temperature,
                generator=self._generator(),
            )
        with clock("verify"):
            rewards_PG, verdicts = self._grade(tickets, rollout.texts)
            sound_P = torch.tensor([Status.VERIFIER_ERROR not in row for row in verdicts])
        with clock("update"):
            update = self._update(rollout, rewards_PG, sound_P)
        outcomes = [
            Outcome(ticket, row.count(Status.CORRECT), len(row), error=not sound)
            for ticket, row, sound in zip(tickets, verdicts, sound_P.tolist(), strict=True)
        ]
        events = self.curriculum.update(outcomes)
        self.iteration += 1
        counts = Counter(status.value for row in verdicts for status in row)
        lengths = rollout.mask_PGT.sum(1).float()
        return {
            "iteration": self.iteration,
            "reward": rewards_PG[sound_P].mean().item() if sound_P.any() else 0.0,
            **update,
            "entropy": (rollout.entropy_PGT.sum() / lengths.sum()).item(),
            "completion_length": lengths.mean().item(),
            "truncated": rollout.truncated_PG.float().mean().item(),
            "tokens": int(lengths.sum()),
            "verdicts": {status.value: counts[status.value] for status in Status},
            "curriculum": self.curriculum.metrics(),
            "events": [event_dict(event) for event in events],
            "groups": [[t.family, t.level, o.successes, o.trials]
                       for t, o in zip(tickets, outcomes, strict=True)],
            "samples": self._samples(prompts, rollout.texts, verdicts),
            "seconds": clock.seconds,
        }  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """Return all that later iterations depend on; weights and moments by parameter name.

        The tensors are copies on the CPU. Frozen weights are not in it: they are the policy's.
        """
        moments = self.optimizer.state_dict()["state"]
        names = list(self.parameters)
        return {
            "version": STATE_VERSION,
            "iteration": self.iteration,
            "seed": self.seed,
            "trainable": self.subset.spec,
            "trainable_count": self.subset.trainable,
            "total_count": self.subset.total,
            "optimizer": self.config.optimizer,
            "weights": _copies(self.parameters),
            "originals": _copies(self._originals),
            "moments": {names[i]: _copies(state) for i, state in moments.items()},
            "curriculum": self.curriculum.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state.

        Raises:
            ValueError: if the state is of another version, seed, optimizer or trainable subset,
                or if it lacks the reference that `beta` needs. Nothing has changed then.
        """
        mine = {
            "version": STATE_VERSION,
            "seed": self.seed,
            "trainable": self.subset.spec,
            "optimizer": self.config.optimizer,
        }
        for key, value in mine.items():
            if state[key] != value:
                raise ValueError(f"saved agent has {key}={state[key]!r}, this one has {value!r}")
        if set(state["weights"]) != set(self.parameters):
            odd = sorted(set(state["weights"]) ^ set(self.parameters))
            raise ValueError(f"saved agent trains other parameters, such as {odd[0]}")
        if self.config.beta > 0 and not state["originals"]:
            raise ValueError(f"beta={self.config.beta} needs a reference; the saved agent had none")
        self.curriculum.load_state_dict(state["curriculum"])  # it checks before it changes
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(state["weights"][name])
                parameter.grad = None
        device = self.policy.device
        self._originals = {n: t.to(device, copy=True) for n, t in state["originals"].items()}
        own = self.optimizer.state_dict()
        places = {name: i for i, name in enumerate(self.parameters)}
        own["state"] = {places[name]: _copies(item) for name, item in state["moments"].items()}
        self.optimizer.load_state_dict(own)  # moves the moments to the parameters' device
        self.iteration = state["iteration"]

    def _make_optimizer(self) -> torch.optim.Optimizer:
        c = self.config
        if c.optimizer == "sgd":
            return torch.optim.SGD(
                self.parameters.values(), lr=c.learning_rate, weight_decay=c.weight_decay
            )
        betas = (c.adam_beta1, c.adam_beta2)
        return torch.optim.AdamW(
            self.parameters.values(), lr=c.learning_rate, betas=betas, weight_decay=c.weight_decay
        )

    def _generator(self) -> torch.Generator:
        """Return this iteration's random stream: a function of seed and iteration alone."""
        generator = torch.Generator(self.policy.device)
        return generator.manual_seed(index_from_seed("rollout", self.seed, self.iteration))

    def _reset(self, ticket: Ticket) -> str:
        """Return the prompt of a ticket's problem."""
        env = self.envs[ticket.family]
        return env.reset(options={"task": _task(ticket)})[0]

    def _grade(
        self, tickets: Sequence[Ticket], texts: Sequence[str]
    ) -> tuple[Tensor, list[list[Status]]]:
        """Step the environments: return rewards (P, G) and verdicts, P rows of G."""
        generations = self.config.num_generations
        rewards, verdicts = [], []
        for p, ticket in enumerate(tickets):
            env, task = self.envs[ticket.family], _task(ticket)
            seen: dict[str, tuple[float, Status]] = {}
            for text in texts[p * generations : (p + 1) * generations]:
                if text not in seen:  # a group often writes the same answer many times
                    env.reset(options={"task": task})
                    _, reward, _, _, info = env.step(text)
                    seen[text] = (reward, Status(info["verdict"]))
                rewards.append(seen[text][0])
                verdicts.append(seen[text][1])
        rows = [verdicts[i : i + generations] for i in range(0, len(verdicts), generations)]
        return torch.tensor(rewards).view(-1, generations), rows

    def _update(self, rollout: Rollout, rewards_PG: Tensor, sound_P: Tensor) -> dict[str, Any]:
        """Take the optimizer steps of one iteration and return what was measured."""
        config = self.config
        advantages_PG = torch.zeros_like(rewards_PG)
        if sound_P.any():
            advantages_PG[sound_P] = group_advantages(rewards_PG[sound_P], config.scale_rewards)
        signal_P = has_signal(rewards_PG) & sound_P
        mask_PGT = rollout.mask_PGT
        if config.mask_truncated_completions:
            mask_PGT = mask_PGT * ~rollout.truncated_PG[:, None]
        sound_PG = sound_P.repeat_interleave(config.num_generations).to(mask_PGT.device)
        # the denominators count every sound token, those of groups without signal included
        weights_PGT = torch.zeros(mask_PGT.shape, device=mask_PGT.device)
        weights_PGT[sound_PG] = token_weights(mask_PGT[sound_PG].float(), config)
        batch = Batch(rollout.prompt_PS, rollout.prompt_mask_PS, rollout.completion_PGT, mask_PGT,
                      advantages_PG.flatten().to(mask_PGT.device))  # fmt: skip
        # with a KL penalty a group without signal still pulls towards the reference
        used_P = (sound_P if config.beta > 0 else signal_P).to(mask_PGT.device)
        used_P = used_P & mask_PGT.reshape(len(sound_P), -1).any(
            1
        )  # all truncated: nothing to learn
        meter = _Meter()
        fixed: dict[int, tuple[Tensor, Tensor | None]] = {}
        for _ in range(config.num_iterations if used_P.any() else 0):
            self._set_learning_rate()
            parts = self._microbatches(batch, weights_PGT, used_P.nonzero()[:, 0])
            for i, (part, weights) in enumerate(parts):
                self._backward(i, part, weights, fixed, meter)
            norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), config.max_grad_norm)
            meter.norms.append(norm.item())
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
        counted = mask_PGT[sound_PG].sum().item()
        return {
            "signal": signal_P.float().mean().item(),
            **meter.summary(counted, penalty=config.beta > 0),
        }

    def _microbatches(
        self, batch: Batch, weights_PGT: Tensor, used_P: Tensor
    ) -> Iterator[tuple[Batch, Tensor]]:
        """Yield groups of `used_P` with the weights of their tokens."""
        generations = self.config.num_generations
        groups = max(1, self.config.rows_per_microbatch // generations)
        grid = weights_PGT.view(-1, generations, weights_PGT.shape[1])
        for index_P in used_P.split(groups):
            part = batch.groups(index_P)
            weights = grid[index_P].flatten(0, 1)[:, : part.mask_PGT.shape[1]]
            yield part, weights

    def _backward(
        self,
        i: int,
        batch: Batch,
        weights: Tensor,
        fixed: dict[int, tuple[Tensor, Tensor | None]],
        meter: _Meter,
    ) -> None:
        """Add the gradient of micro-batch `i`.

        The first pass over it puts the log-probabilities of the old policy, which sampled it,
        and of the reference into `fixed`.
        """
        log_probs = completion_log_probs(self.policy.model, batch, self.config.temperature)
        if i not in fixed:
            fixed[i] = (log_probs.detach(), self._reference_log_probs(batch))
        old, reference = fixed[i]
        loss, clipped, kl = clipped_loss(
            log_probs, old, batch.advantages_PG, self.config, reference
        )
        total = (loss * weights).sum()
        total.backward()
        meter.add(total, batch.mask_PGT, clipped, kl)

    def _reference_log_probs(self, batch: Batch) -> Tensor | None:
        """Return the log-probabilities under the original weights if there is a KL penalty."""
        if self.config.beta == 0:
            return None
        with torch.no_grad(), self._reference():
            return completion_log_probs(self.policy.model, batch, self.config.temperature)

    @contextmanager
    def _reference(self) -> Iterator[None]:
        """Put the original weights of the trainable subset in place for a while."""
        current = {name: p.data for name, p in self.parameters.items()}
        try:
            for name, parameter in self.parameters.items():
                parameter.data = self._originals[name]
            yield
        finally:
            for name, parameter in self.parameters.items():
                parameter.data = current[name]

    def _set_learning_rate(self) -> None:
        warm = min(1.0, (self.iteration + 1) / max(1, self.config.warmup_iterations))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * warm

    def _samples(
        self, prompts: Sequence[str], texts: Sequence[str], verdicts: Sequence[Sequence[Status]]
    ) -> list[dict[str, str]]:
        """Return the first completion of the first few groups, for the log."""
        every = self.config.num_generations
        return [
            {"prompt": prompts[p], "completion": texts[p * every], "verdict": verdicts[p][0].value}
            for p in range(min(SAMPLES, len(prompts)))
        ]


class _Clock:
    """Seconds per phase of one iteration."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - start


class _Meter:
    """Sums over the micro-batches of one iteration."""

    def __init__(self) -> None:
        self.loss = self.clipped = self.kl = 0.0
        self.norms: list[float] = []

    def add(self, loss: Tensor, mask: Tensor, clipped: Tensor, kl: Tensor) -> None:
        """Count one micro-batch."""
        self.loss += loss.item()
        self.clipped += (clipped * mask).sum().item()
        self.kl += (kl * mask).sum().item()

    def summary(self, tokens: float, *, penalty: bool) -> dict[str, float | None]:
        """Return means per optimizer step; without a step, loss and gradient are 0 indeed.

        Args:
            tokens: tokens that count, in the groups that were skipped too: nothing clips there.
            penalty: whether the KL was measured; it is None if not.
        """
        steps = max(1, len(self.norms))
        passes = max(1.0, tokens * steps)
        return {
            "loss": self.loss / steps,
            "clip_fraction": self.clipped / passes,
            "kl": self.kl / passes if penalty else None,
            "grad_norm": sum(self.norms) / steps,
        }


def envs_by_family(envs: Sequence[gymnasium.Env[str, str] | str]) -> dict[str, TextEnv]:
    """Return the environments by the name of their family.

    Raises:
        ValueError: if there are none, or two of one family.
    """
    found: dict[str, TextEnv] = {}
    for env in envs:
        made = gymnasium.make(env) if isinstance(env, str) else env
        inner = made.unwrapped
        if not isinstance(inner, TextEnv):
            raise ValueError(f"envs must hold text environments, got {env!r}")
        if inner.family.name in found:
            name = inner.family.name
            raise ValueError(f"envs must hold one environment per family, got two of {name}")
        found[inner.family.name] = inner
    if not found:
        raise ValueError("envs must hold at least one environment, got none")
    return found


def check_space(curriculum: Curriculum, envs: Mapping[str, TextEnv]) -> None:
    """Raise ValueError if the curriculum may hand out a ticket that no environment can ask."""
    for family, level in curriculum.probabilities():
        if family not in envs:
            names = ", ".join(envs)
            raise ValueError(f"the curriculum has the family {family!r}, the envs have {names}")
        top = len(envs[family].family.levels)
        if level > top:
            raise ValueError(f"the curriculum has level {level} of {family}, which ends at {top}")


def event_dict(event: Any) -> dict[str, Any]:
    """Return a curriculum's event as JSON values."""
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


def _task(ticket: Ticket) -> TaskSpec:
    return TaskSpec(ticket.family, ticket.level, ticket.split, ticket.index)


def _copies(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tensors of a dictionary as copies on the CPU, and its other values as they are."""
    return {
        name: value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else value
        for name, value in values.items()
    }
