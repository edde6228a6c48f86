"""The update: from graded completions to a step of the optimizer on the trainable subset."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from .advantages import group_advantages, has_signal
from .batch import Batch, by_token_budget
from .config import GRPOConfig
from .loss import clipped_loss, token_weights
from .meter import Meter
from .optimizer import SubsetOptimizer, copies
from .policy import Policy
from .rollout import Rollout
from .subsets import TrainableSubset, apply
from .subsets.scores import LayerScorer, layer_grad_norms
from .subsets.trunk import lowest_layer

# into how many parts a batch is split for scoring: a variance needs some
SCORE_PARTS = 4


@dataclass(frozen=True, slots=True)
class Graded:
    """Completions with what the loss needs to know of them.

    Attributes:
        batch: the completions and their advantages.
        weights_PGT: weight of each token's loss, over the whole batch.
        used_P: numbers of the groups that take part in the update.
        signal_P: shape (P,): whether the completions of a group differ in reward.
        tokens: sound tokens that count, those of groups without signal included.
    """

    batch: Batch
    weights_PGT: Tensor
    used_P: Tensor
    signal_P: Tensor
    tokens: float


@dataclass(slots=True)
class _Part:
    """A micro-batch: made ready once, with what the first pass over it has fixed."""

    prepared: Any
    first: int  # the trunk is what lies below this layer
    batch: Batch
    weights: Tensor
    old_PGT: Tensor | None = None
    reference_PGT: Tensor | None = None


class Learner:
    """Holds the trainable parameters of a policy, their optimizer, and how a batch moves them."""

    def __init__(self, policy: Policy, subset: TrainableSubset, config: GRPOConfig) -> None:
        """Freeze all of `policy` but `subset`, and make the optimizer."""
        self.policy, self.subset, self.config = policy, subset, config
        apply(subset, policy.model)
        self._named = dict(policy.model.named_parameters())
        self.parameters = {name: self._named[name] for name in subset.names}
        self.changed = dict(self.parameters)  # and what an earlier subset of the run has trained
        self.optimizer = SubsetOptimizer(self.parameters, subset.layer_of, config)
        self.first = self._lowest = lowest_layer(subset.names, subset, policy.model)
        policy.path.checkpoint_gradients(config.gradient_checkpointing)
        # the reference of the KL penalty needs the originals of what trains, and no second model
        adapter = subset.adapter
        self._off = adapter if adapter is not None and not adapter.changes_base else None
        kept = set(subset.names) - set(self._off.names if self._off else ())
        self._originals = (
            {n: p.detach().clone() for n, p in self.parameters.items() if n in kept}
            if config.beta > 0
            else {}
        )

    def switch(self, names: Collection[str], iteration: int) -> None:
        """Let exactly `names` train from `iteration` on."""
        self.optimizer.switch(names, iteration)
        self.first = lowest_layer(names, self.subset, self.policy.model)

    def grade(self, rollout: Rollout, rewards_PG: Tensor, sound_P: Tensor) -> Graded:
        """Return completions with their advantages and the weights of their tokens.

        Args:
            rollout: the completions.
            rewards_PG: shape (P, G).
            sound_P: shape (P,): False for a group with an error of the verifier; it is dropped.
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
                      advantages_PG.flatten().to(mask_PGT.device), rollout.trunk)  # fmt: skip
        # with a KL penalty a group without signal still pulls towards the reference
        used_P = (sound_P if config.beta > 0 else signal_P).to(mask_PGT.device)
        # a group whose rows are all truncated and masked has nothing to learn from
        used_P = used_P & mask_PGT.reshape(len(sound_P), -1).any(1)
        tokens = mask_PGT[sound_PG].sum().item()
        return Graded(batch, weights_PGT, used_P.nonzero()[:, 0], signal_P, tokens)

    def update(self, graded: Graded, iteration: int) -> dict[str, Any]:
        """Take the optimizer steps of one iteration and return what was measured.

        Args:
            graded: the completions.
            iteration: counts from 0; it sets the learning rate.
        """
        meter = Meter()
        norms: dict[int, float] = {}
        steps = self.config.num_iterations if len(graded.used_P) else 0
        parts: Iterable[_Part] = self._parts(graded, self.first)
        if steps > 1:  # a micro-batch is made ready once; for a single step one at a time will do
            parts = list(parts)
        for step in range(steps):
            self.optimizer.learning_rates(iteration)
            for part in parts:
                self._backward(part, meter)
            if step == 0:
                norms = layer_grad_norms(self.parameters, self.subset.layer_of)
            trained = self.optimizer.trained()
            norm = torch.nn.utils.clip_grad_norm_(trained, self.config.max_grad_norm)
            meter.norms.append(norm.item())
            self.optimizer.step()
        return {
            "signal": graded.signal_P.float().mean().item(),
            **meter.summary(graded.tokens, penalty=self.config.beta > 0),
            "layer_grad_norms": {str(layer): norm for layer, norm in norms.items()},
        }

    def scores(self, graded: Graded, kind: str, seed: int) -> dict[int, float] | None:
        """Return a score of each layer that may train, from the gradient of this batch.

        None without signal. No more than one tensor's gradient is held at a time.
        """
        groups = len(graded.used_P)
        if not groups:
            return None
        first = min(self.subset.layers)
        scorer = LayerScorer(
            self.parameters, self.subset.layer_of, self.subset.layers, (kind,), seed=seed
        )
        each = -(-groups // SCORE_PARTS)
        with scorer:
            for index_P in graded.used_P.split(each):
                # a part may need several micro-batches; its gradient must be one
                smaller = replace(graded, used_P=index_P)
                total = sum(
                    (self._loss(part)[0] for part in self._parts(smaller, first, whole=True)),
                    start=torch.zeros((), device=self.policy.device),
                )
                total.backward()
                scorer.part()
        return scorer.scores(kind)

    def _parts(self, graded: Graded, first: int, *, whole: bool = False) -> Iterator[_Part]:
        """Yield the micro-batches of an update of the layers from `first` up."""
        batch, generations = graded.batch, self.config.num_generations
        grid = graded.weights_PGT.view(-1, generations, graded.weights_PGT.shape[1])
        budget = self.config.tokens_per_microbatch
        split = [graded.used_P] if whole else by_token_budget(batch.tokens(), graded.used_P, budget)
        for index_P in split:
            part = batch.groups(index_P)
            weights = grid[index_P].flatten(0, 1)[:, : part.mask_PGT.shape[1]]
            yield _Part(self.policy.path.prepare(part, first), first, part, weights)

    def _backward(self, part: _Part, meter: Meter) -> None:
        """Add the gradient of a micro-batch."""
        total, clipped, kl = self._loss(part)
        total.backward()
        meter.add(total.detach(), part.batch.mask_PGT, clipped, kl)

    def _loss(self, part: _Part) -> tuple[Tensor, Tensor, Tensor]:
        """Return the loss of a micro-batch, what is clipped, and the KL of each token.

        The first pass over it fixes the log-probabilities of the old policy, which sampled it,
        and of the reference.
        """
        log_probs = self._log_probs(part)
        if part.old_PGT is None:
            part.old_PGT = log_probs.detach()
            part.reference_PGT = self._reference_log_probs(part)
        loss, clipped, kl = clipped_loss(
            log_probs, part.old_PGT, part.batch.advantages_PG, self.config, part.reference_PGT
        )
        return (loss * part.weights).sum(), clipped, kl

    def _log_probs(self, part: _Part, *, trunk_holds: bool = True) -> Tensor:
        device = self.policy.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.config.bf16):
            return self.policy.path.log_probs(
                part.prepared, self.config.temperature, trunk_holds=trunk_holds
            )

    def _reference_log_probs(self, part: _Part) -> Tensor | None:
        """Return the log-probabilities under the original weights if there is a KL penalty."""
        if self.config.beta == 0:
            return None
        with torch.no_grad(), self.reference():
            # in the trunk the reference is the policy, unless the run has trained there
            return self._log_probs(part, trunk_holds=self._lowest >= part.first)

    @contextmanager
    def reference(self) -> Iterator[None]:
        """Put the original weights in place for a while: originals back, adapters off."""
        current = {name: self._named[name].data for name in self._originals}
        with ExitStack() as stack:
            if self._off is not None:
                stack.enter_context(self._off.off())
            try:
                for name, original in self._originals.items():
                    self._named[name].data = original
                yield
            finally:
                for name, data in current.items():
                    self._named[name].data = data

    def state_dict(self) -> dict[str, Any]:
        """Return weights, originals and moments by parameter name, as copies on the CPU."""
        return {
            "trainable": self.subset.spec,
            "optimizer": self.config.optimizer,
            "weights": copies(self.changed),
            "originals": copies(self._originals),
            **self.optimizer.state_dict(),
        }

    def check_state_dict(self, state: Mapping[str, Any], *, allow_new_subset: bool = False) -> None:
        """Raise ValueError if a state is of another optimizer or trainable subset.

        Also if it lacks the reference that `beta` needs.

        Args:
            state: from `state_dict`.
            allow_new_subset: whether it may be of another subset of the same model.
        """
        mine = {"trainable": self.subset.spec, "optimizer": self.config.optimizer}
        for key, value in mine.items():
            if state[key] != value and not (key == "trainable" and allow_new_subset):
                hint = "; allow_new_subset takes over its weights" if key == "trainable" else ""
                raise ValueError(
                    f"saved agent has {key}={state[key]!r}, this one has {value!r}{hint}"
                )
        lacking = sorted(set(self.parameters) - set(state["weights"]))
        if lacking and not allow_new_subset:
            raise ValueError(f"saved agent trains other parameters: it lacks {lacking[0]}")
        unknown = sorted(set(state["weights"]) - set(self._named))
        if unknown:
            raise ValueError(
                f"saved agent has weights that this model lacks, such as {unknown[0]}; merge its "
                "adapters first (frostline export --adapters merged)"
            )
        # what an adapter adds needs no original: it is switched off
        changed = set(state["weights"]) - set(self._off.names if self._off else ())
        lost = sorted(changed - set(state["originals"]))
        if self.config.beta > 0 and lost:
            raise ValueError(
                f"beta={self.config.beta} needs a reference; the saved agent had none of {lost[0]}"
            )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state; call `check_state_dict` first.

        Of another subset it takes the weights, their originals, and the moments of what both train.
        """
        device = self.policy.device
        for name, original in state["originals"].items():
            self._originals[name] = original.to(device, copy=True)
        with torch.no_grad():
            for name, value in state["weights"].items():
                self.changed[name] = self._named[name]
                self._named[name].copy_(value)
                self._named[name].grad = None
        if not set(self.changed) <= set(self.parameters):
            self._lowest = 0  # the reference may differ from the policy anywhere
        self.optimizer.load_state_dict(state)
