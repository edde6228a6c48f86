"""The plain path: the model's own forward pass on padded rows, for any shape of model.

It is what the fast path is held against in tests, and what a model that the fast path does not
know is trained with: every completion goes through the whole model with its prompt.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from .batch import Batch
from .path import Canvas, Decoded, Sampling

# Rows that have ended are dropped once they are this share of the batch: dropping copies the cache.
DROP_SHARE = 0.25


class PlainPath:
    """Samples and scores completions with a model's own forward pass."""

    name = "plain"

    def __init__(self, model: PreTrainedModel, note: str) -> None:
        """Take any causal language model; `note` says why it is not on the fast path."""
        self.model, self.note = model, note

    @torch.no_grad()
    def decode(
        self,
        prompt_PS: Tensor,
        prompt_mask_PS: Tensor,
        sampling: Sampling,
        trunk_layer: int = 0,
    ) -> Decoded:
        """Sample completions of left-padded prompts; no trunk is kept."""
        training = self.model.training
        self.model.eval()  # with gradient checkpointing it is in training mode, and keeps no cache
        try:
            return self._decode(prompt_PS, prompt_mask_PS, sampling)
        finally:
            self.model.train(training)

    def _decode(self, prompt_PS: Tensor, prompt_mask_PS: Tensor, sampling: Sampling) -> Decoded:
        device = prompt_PS.device
        rows = len(prompt_PS) * sampling.generations
        canvas = Canvas(rows, sampling, device)
        out = self.model(
            input_ids=prompt_PS,
            attention_mask=prompt_mask_PS,
            position_ids=(prompt_mask_PS.cumsum(1) - 1).clamp(min=0),
            use_cache=True,
            logits_to_keep=1,
        )
        cache: DynamicCache = out.past_key_values
        cache.batch_repeat_interleave(sampling.generations)
        logits = out.logits[:, -1].repeat_interleave(sampling.generations, dim=0)
        attention = prompt_mask_PS.repeat_interleave(sampling.generations, dim=0)
        live = torch.arange(rows, device=device)  # which row each line of the batch is
        running = torch.ones(rows, dtype=torch.bool, device=device)
        tokens = torch.full_like(live, sampling.pad_id)
        while True:
            tokens[running], goes_on = canvas.draw(logits[running], live[running])
            running[running.clone()] = goes_on
            left = int(running.sum())
            if not left:
                return canvas.decoded()
            if left <= (1 - DROP_SHARE) * len(running):
                kept = running.nonzero()[:, 0]
                cache.batch_select_indices(kept)
                live, tokens, attention = live[kept], tokens[kept], attention[kept]
                running = running[kept]
            positions = attention.sum(1, keepdim=True)
            attention = torch.cat([attention, attention.new_ones(len(attention), 1)], dim=1)
            logits = self.model(
                input_ids=tokens[:, None],
                attention_mask=attention,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
            ).logits[:, -1]

    def prepare(self, batch: Batch, first: int) -> Batch:
        """Return the batch as it is."""
        return batch

    def log_probs(self, prepared: Batch, temperature: float, *, trunk_holds: bool = True) -> Tensor:
        """Return the log-probabilities of the completion tokens, (P*G, T); 0 where masked."""
        batch, generations = prepared, prepared.generations
        prompts_PGS = batch.prompt_PS.repeat_interleave(generations, dim=0)
        mask = torch.cat(
            [
                batch.prompt_mask_PS.repeat_interleave(generations, dim=0),
                torch.ones_like(batch.completion_PGT),  # pads stand at the end, behind all else
            ],
            dim=1,
        )
        logits = self.model(
            input_ids=torch.cat([prompts_PGS, batch.completion_PGT], dim=1),
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1).clamp(min=0),
            use_cache=False,
            logits_to_keep=batch.completion_PGT.shape[1] + 1,
        ).logits[:, :-1]
        log_probs = (logits.float() / temperature).log_softmax(-1)
        chosen_PGT: Tensor = log_probs.gather(-1, batch.completion_PGT[..., None])[..., 0]
        # a pad can be so unlikely that its ratio overflows, and infinity times 0 is no 0
        return chosen_PGT.masked_fill(batch.mask_PGT == 0, 0.0)

    def checkpoint_gradients(self, on: bool) -> None:
        """Recompute each layer's activations in the backward pass, or keep them.

        Raises:
            ValueError: if the model has dropout; checkpointing works in training mode only.
        """
        if not on:
            if self.model.is_activation_checkpointing:
                self.model.activation_checkpointing_disable()
            self.model.eval()
            return
        for name, module in self.model.named_modules():
            rate = module.p if isinstance(module, nn.Dropout) else _attention_dropout(module)
            if rate:
                raise ValueError(f"gradient_checkpointing needs a model without dropout: {name}")
        self.model.activation_checkpointing_enable({"use_reentrant": False})
        # transformers makes the embeddings' output require a gradient, and with that the whole
        # frozen trunk takes part in the backward pass; only reentrant checkpointing needs it
        self.model.disable_input_require_grads()
        self.model.train()


def _attention_dropout(module: nn.Module) -> float:
    """Return the dropout rate that an attention module keeps as a number; others have none."""
    rate = getattr(module, "attention_dropout", 0.0)
    return rate if isinstance(rate, float) else 0.0
