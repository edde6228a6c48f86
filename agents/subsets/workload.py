"""What one iteration runs on, in numbers: the batch, and the options that cost time or memory."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..config import GRPOConfig

FP32 = 4


@dataclass(frozen=True, slots=True)
class Workload:
    """The batch of one iteration; token counts are means over it.

    Attributes:
        prompts: groups with signal, P; the others are skipped.
        generations: completions per prompt, G.
        prompt_tokens: per prompt, S.
        completion_tokens: per completion, C; the last of them is drawn but not fed.
        longest_prompt: attention runs on a grid as wide as this; 0: all are as long as the mean.
        longest_completion: likewise.
        num_iterations: optimizer steps on one batch.
        beta: weight of the KL penalty; above 0 there is a reference.
        optimizer: `adamw` or `sgd`.
        keep_moments: whether the moments of tensors stay that a schedule freezes.
        parts: backward passes per optimizer step.
        checkpointing: whether the backward pass runs layers again instead of keeping activations.
        trunk_reuse: whether the loss goes on from the rollout's activations.
        packed: whether the loss takes each prompt once per group, as the fast path does; the plain
            path takes whole rows.
        activation_bytes: per number; 4 for fp32, 2 for bf16.

    >>> Workload(prompts=8, generations=8, prompt_tokens=20, completion_tokens=20).tokens
    1376
    """

    prompts: float
    generations: int
    prompt_tokens: float
    completion_tokens: float
    longest_prompt: float = 0
    longest_completion: float = 0
    num_iterations: int = 1
    beta: float = 0.0
    optimizer: str = "adamw"
    keep_moments: bool = False
    parts: int = 1
    checkpointing: bool = False
    trunk_reuse: bool = True
    packed: bool = True
    activation_bytes: int = FP32

    @classmethod
    def of(
        cls,
        config: GRPOConfig,
        prompt_tokens: float,
        completion_tokens: float,
        *,
        fast: bool = True,
    ) -> Workload:
        """Return the workload of a configuration, all its groups with signal.

        Args:
            config: of the agent.
            prompt_tokens: per prompt.
            completion_tokens: per completion.
            fast: whether the fast path knows the policy.
        """
        group = prompt_tokens + config.num_generations * (completion_tokens - 1)
        per_part = max(1, int(config.tokens_per_microbatch // group))
        return cls(
            prompts=config.groups,
            generations=config.num_generations,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            num_iterations=config.num_iterations,
            beta=config.beta,
            optimizer=config.optimizer,
            keep_moments=config.moments == "keep",
            parts=math.ceil(config.groups / per_part),
            checkpointing=config.gradient_checkpointing,
            trunk_reuse=fast and config.fast_path,
            packed=fast and config.fast_path,
            activation_bytes=FP32 // 2 if config.bf16 else FP32,
        )

    def stretched(self, longest_prompt: int, longest_completion: int) -> Workload:
        """Return the workload of a batch whose longest prompt and completion are known."""
        return replace(self, longest_prompt=longest_prompt, longest_completion=longest_completion)

    @property
    def rows(self) -> float:
        """Return the number of completions."""
        return self.prompts * self.generations

    @property
    def decoding(self) -> Workload:
        """Return the same batch as sampling runs it: each prompt once."""
        return replace(self, packed=True)

    @property
    def tokens(self) -> float:
        """Return the tokens that a forward pass takes."""
        if not self.packed:
            return self.rows * (self._wide + self._fed + 1)
        return self.prompts * self.prompt_tokens + self.rows * (self.completion_tokens - 1)

    @property
    def drawn(self) -> float:
        """Return the places that go through the head; a prompt's last serves its whole group."""
        if not self.packed:
            return self.rows * (self._fed + 2)
        return self.prompts + self.rows * (self.completion_tokens - 1)

    @property
    def queries(self) -> float:
        """Return the queries of the grid on which attention runs."""
        return self.prompts * self._wide + self.rows * self._fed if self.packed else self.tokens

    @property
    def keys(self) -> float:
        """Return the keys of that grid; each completion has a copy of its prompt's."""
        if not self.packed:
            return self.tokens
        return self.prompts * self._wide + self.rows * (self._wide + self._fed)

    @property
    def pairs(self) -> float:
        """Return the pairs of query and key; masked attention computes whole rectangles."""
        wide, fed = self._wide, self._fed
        if not self.packed:
            return self.rows * (wide + fed + 1) ** 2
        return self.prompts * wide**2 + self.rows * fed * (wide + fed)

    @property
    def _wide(self) -> float:
        return max(self.longest_prompt, self.prompt_tokens)

    @property
    def _fed(self) -> float:
        return max(self.longest_completion, self.completion_tokens) - 1
