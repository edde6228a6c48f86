"""The update: from graded completions to a step of the optimizer on the trainable subset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from .advantages import group_advantages, has_signal
from .config import GRPOConfig
from .loss import Batch, clipped_loss, completion_log_probs, token_weights
from .meter import Meter
from .policy import Policy
from .rollout import Rollout
from .subset import TrainableSubset, apply


class Learner:
    """Holds the trainable parameters of a policy, their optimizer, and how a batch moves them."""

    def __init__(self, policy: Policy, subset: TrainableSubset, config: GRPOConfig) -> None:
        """Freeze all of `policy` but `subset`, and make the optimizer."""
        self.policy, self.subset, self.config = policy, subset, config
        apply(subset, policy.model)
        chosen = set(subset.names)
        named = policy.model.named_parameters()
        self.parameters = {name: p for name, p in named if name in chosen}
        self.optimizer = self._make_optimizer()
        # the reference of the KL penalty needs the originals of what trains, and no second model
        keep = config.beta > 0
        self._originals = (
            {n: p.detach().clone() for n, p in self.parameters.items()} if keep else {}
        )

    def update(
        self, rollout: Rollout, rewards_PG: Tensor, sound_P: Tensor, iteration: int
    ) -> dict[str, float | None]:
        """Take the optimizer steps of one iteration and return what was measured.

        Args:
            rollout: the completions.
            rewards_PG: shape (P, G).
            sound_P: shape (P,): False for a group with an error of the verifier; it is dropped.
            iteration: counts from 0; it sets the learning rate.
        """
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
        # a group whose rows are all truncated and masked has nothing to learn from
        used_P = used_P & mask_PGT.reshape(len(sound_P), -1).any(1)
        meter = Meter()
        fixed: dict[int, tuple[Tensor, Tensor | None]] = {}
        for _ in range(config.num_iterations if used_P.any() else 0):
            self._set_learning_rate(iteration)
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
        meter: Meter,
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
        with torch.no_grad(), self.reference():
            return completion_log_probs(self.policy.model, batch, self.config.temperature)

    @contextmanager
    def reference(self) -> Iterator[None]:
        """Put the original weights of the trainable subset in place for a while."""
        current = {name: p.data for name, p in self.parameters.items()}
        try:
            for name, parameter in self.parameters.items():
                parameter.data = self._originals[name]
            yield
        finally:
            for name, parameter in self.parameters.items():
                parameter.data = current[name]

    def _set_learning_rate(self, iteration: int) -> None:
        warm = min(1.0, (iteration + 1) / max(1, self.config.warmup_iterations))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * warm

    def state_dict(self) -> dict[str, Any]:
        """Return weights, originals and moments by parameter name, as copies on the CPU."""
        moments = self.optimizer.state_dict()["state"]
        names = list(self.parameters)
        return {
            "trainable": self.subset.spec,
            "optimizer": self.config.optimizer,
            "weights": _copies(self.parameters),
            "originals": _copies(self._originals),
            "moments": {names[i]: _copies(state) for i, state in moments.items()},
        }

    def check_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raise ValueError if a state is of another optimizer or trainable subset.

        Also if it lacks the reference that `beta` needs.
        """
        mine = {"trainable": self.subset.spec, "optimizer": self.config.optimizer}
        for key, value in mine.items():
            if state[key] != value:
                raise ValueError(f"saved agent has {key}={state[key]!r}, this one has {value!r}")
        if set(state["weights"]) != set(self.parameters):
            odd = sorted(set(state["weights"]) ^ set(self.parameters))
            raise ValueError(f"saved agent trains other parameters, such as {odd[0]}")
        if self.config.beta > 0 and not state["originals"]:
            raise ValueError(f"beta={self.config.beta} needs a reference; the saved agent had none")

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state; call `check_state_dict` first."""
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


def _copies(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tensors of a dictionary as copies on the CPU, and its other values as they are."""
    return {
        name: value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else value
        for name, value in values.items()
    }
