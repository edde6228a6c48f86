"""A decoder run on packed tokens: the forward pass of the fast path, over the model's own modules.

It computes what `model(input_ids)` computes, on a list of N tokens without padding, from any layer
up, with attention left to the caller: the loss attends over a packed batch (`packing.py`), the
rollout over its cache (`fast_decoding.py`). Weights and modules are the model's own, so that
adapters and steering vectors are in effect. `Decoder.of` refuses a shape that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from .layer_weights import FoldedWeights, PlainWeights, plain_weights

KNOWN = ("llama", "mistral", "qwen2", "qwen3")
# Largest difference of a logit from the model's own, relative to the largest logit; rounding is
# below a tenth of it, a shape that is not understood far above.
AGREE_WITHIN = 1e-4


Rotary: TypeAlias = tuple[Tensor, Tensor]


# attention of one layer: (layer, q (N, H, D), k (N, K, D), v (N, K, D)) → (N, H * D)
Attend: TypeAlias = Callable[[int, Tensor, Tensor, Tensor], Tensor]
# the same from one tensor (L, (H + 2 * K) * D)
Join: TypeAlias = Callable[[int, Tensor], Tensor]


class UnknownShape(Exception):
    """The fast path does not know this model; the text says why."""


class _RMSNorm(torch.autograd.Function):
    """Root mean square norm (Zhang & Sennrich 2019), in half of the passes of the plain one."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        scale = x.square().mean(-1, keepdim=True).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, scale)
        return (x * scale).mul_(weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight, scale = ctx.saved_tensors
        grad = grads[0]
        unit = x * scale
        grad_weight = grad_x = None
        if ctx.needs_input_grad[1]:
            grad_weight = (grad * unit).sum_to_size(weight.shape)
        if ctx.needs_input_grad[0]:
            grad_x = grad * weight
            along = (grad_x * unit).mean(-1, keepdim=True)
            grad_x.sub_(unit.mul_(along)).mul_(scale)
        return grad_x, grad_weight, None


class Decoder:
    """A known model's forward pass on packed tokens."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Take the modules of `model`; use `Decoder.of`, which checks them."""
        self.model = model
        self.config: Any = model.config
        self.backbone: Any = model.model
        self.head: Any = model.get_output_embeddings()
        self.layers: Any = self.backbone.layers
        heads = self.heads = self.config.num_attention_heads
        self.head_dim = getattr(self.config, "head_dim", None) or self.config.hidden_size // heads
        self.key_heads = self.config.num_key_value_heads
        self.splits = [(heads + self.key_heads) * self.head_dim, self.key_heads * self.head_dim]
        self.gradient_checkpointing = False
        self.eps = float(self.config.rms_norm_eps)
        self._kept: list[FoldedWeights | None] | None = None

    @classmethod
    def of(cls, model: PreTrainedModel) -> Decoder:
        """Return the decoder of a model that it knows.

        Raises:
            UnknownShape: for another kind of model, or if its logits differ from the model's own.
        """
        config: Any = model.config
        if config.model_type not in KNOWN:
            raise UnknownShape(f"{config.model_type} is none of {', '.join(KNOWN)}")
        if config.hidden_act != "silu":
            raise UnknownShape(f"its activation is {config.hidden_act}, not silu")
        window = getattr(config, "sliding_window", None)  # Llama's configuration has none
        if window is not None and getattr(config, "use_sliding_window", True):
            raise UnknownShape(f"it attends within a sliding window of {window}")
        # its frequencies depend on the longest row of the call, and here rows are packed
        if (getattr(config, "rope_parameters", None) or {}).get("rope_type") == "longrope":
            raise UnknownShape("its rotary positions are of type longrope")
        decoder = cls(model)
        gap = _gap(decoder)
        if not gap < AGREE_WITHIN:  # NaN is no agreement
            raise UnknownShape(f"its logits differ by {gap:.1g} from the model's own")
        return decoder

    def __len__(self) -> int:
        """Return the number of layers."""
        return len(self.layers)

    def embed(self, ids_N: Tensor) -> Tensor:
        """Return the embeddings of tokens, (N, d)."""
        h: Tensor = self.backbone.embed_tokens(ids_N)
        return h

    def rotary(self, positions_N: Tensor) -> Rotary:
        """Return cosine and signed sine of the rotary positions, (N, 1, D) each."""
        dummy = self.head.weight.new_empty(1)
        cos, sin = self.backbone.rotary_emb(dummy, positions_N[None])
        half = sin.shape[-1] // 2
        signed = torch.cat((-sin[0, :, :half], sin[0, :, half:]), -1)
        return cos[0, :, None], signed[:, None]

    def logits(self, h_ND: Tensor) -> Tensor:
        """Return the logits at the given last hidden states, (N, V)."""
        logits: Tensor = self.head(self.backbone.norm(h_ND))
        return logits

    def run(self, h_ND: Tensor, rotary: Rotary, attend: Attend, first: int, end: int) -> Tensor:
        """Run layers `first` … `end` - 1 on hidden states (N, d)."""
        for i in range(first, end):
            if self.gradient_checkpointing and torch.is_grad_enabled():
                h_ND = checkpoint(self._layer, i, h_ND, rotary, attend, use_reentrant=False)
            else:
                h_ND = self._layer(i, h_ND, rotary, attend)
        return h_ND

    def keep(self) -> _Kept:
        """Keep weights as `step` wants them while the block lasts; none may change inside."""
        return _Kept(self)

    def step(
        self, h_LD: Tensor, rotary: Rotary, join: Join, attend: Attend, first: int, end: int
    ) -> Tensor:
        """Run layers `first` … `end` - 1 on one token per line, inside `keep`; no gradient.

        Args:
            h_LD: hidden states of L lines.
            rotary: of their positions.
            join: attention from queries, keys and values as they come from one product.
            attend: the same, for a layer that is not plain.
            first: lowest layer.
            end: the layer after the last.
        """
        assert self._kept is not None  # `keep` is open
        for i in range(first, end):
            weights = self._kept[i]
            if weights is None:
                h_LD = self._layer(i, h_LD, rotary, attend)
            else:
                h_LD = self._step(weights, i, h_LD, rotary, join)
        return h_LD

    def _step(
        self, weights: FoldedWeights, i: int, h_LD: Tensor, rotary: Rotary, join: Join
    ) -> Tensor:
        """Run a plain layer in as few operations as it takes: they cost more than the numbers."""
        wide, narrow = weights.floors
        x = h_LD / torch.linalg.vector_norm(h_LD, dim=-1, keepdim=True).hypot_(wide)
        qkv = torch.mm(x, weights.qkv)
        if weights.qkv_bias is not None:
            qkv += weights.qkv_bias
        turned = qk = qkv[:, : self.splits[0]].unflatten(-1, (-1, self.head_dim))
        if weights.qk_norm is not None:  # Qwen3 normalises queries and keys
            length = torch.linalg.vector_norm(qk, dim=-1, keepdim=True).hypot_(narrow)
            turned = (qk / length).mul_(weights.qk_norm)
        other = turned.roll(self.head_dim // 2, -1)
        torch.addcmul(turned * rotary[0], other, rotary[1], out=qk)  # in place, beside the values
        h_LD = torch.addmm(h_LD, join(i, qkv), weights.o)
        x = h_LD / torch.linalg.vector_norm(h_LD, dim=-1, keepdim=True).hypot_(wide)
        gate, up = torch.mm(x, weights.gate_up).chunk(2, -1)
        h_LD = torch.addmm(h_LD, F.silu(gate).mul_(up), weights.down)
        return h_LD if weights.steering is None else h_LD + weights.steering

    def _layer(self, i: int, h_ND: Tensor, rotary: Rotary, attend: Attend) -> Tensor:
        steering = self.layers[i]._parameters.get("steering")  # see subsets/steering.py
        weights = plain_weights(self.layers[i], h_ND.dtype)
        if weights is None or torch.is_autocast_enabled(h_ND.device.type):
            h_ND = self._by_modules(i, h_ND, rotary, attend)
        else:
            h_ND = self._by_weights(weights, i, h_ND, rotary, attend)
        return h_ND if steering is None else h_ND + steering

    def _by_weights(
        self, weights: PlainWeights, i: int, h_ND: Tensor, rotary: Rotary, attend: Attend
    ) -> Tensor:
        """Run a layer whose modules are all plain, with joined products."""
        x = _rms_norm(h_ND, weights.norm, self.eps)
        qk, v = F.linear(x, weights.qkv, weights.qkv_bias).split_with_sizes(self.splits, -1)
        qk, v = qk.unflatten(-1, (-1, self.head_dim)), v.unflatten(-1, (-1, self.head_dim))
        if weights.qk_norm is not None:  # Qwen3 normalises queries and keys
            qk = _rms_norm(qk, weights.qk_norm, self.eps)
        qk = _rotate(qk, rotary)
        mixed = attend(i, qk[:, : self.heads], qk[:, self.heads :], v)
        h_ND = torch.addmm(h_ND, mixed, weights.o)
        x = _rms_norm(h_ND, weights.mlp_norm, self.eps)
        gate, up = F.linear(x, weights.gate_up).chunk(2, -1)
        return torch.addmm(h_ND, F.silu(gate) * up, weights.down)

    def _by_modules(self, i: int, h_ND: Tensor, rotary: Rotary, attend: Attend) -> Tensor:
        """Run a layer module by module: an adapter may have taken the place of any of them."""
        layer: Any = self.layers[i]
        attention, mlp = layer.self_attn, layer.mlp
        x = layer.input_layernorm(h_ND)
        projected = (attention.q_proj(x), attention.k_proj(x), attention.v_proj(x))
        q, k, v = (part.unflatten(-1, (-1, self.head_dim)) for part in projected)
        if hasattr(attention, "q_norm"):  # Qwen3 again
            q, k = attention.q_norm(q), attention.k_norm(k)
        h_ND = h_ND + attention.o_proj(attend(i, _rotate(q, rotary), _rotate(k, rotary), v))
        x = layer.post_attention_layernorm(h_ND)
        y: Tensor = h_ND + mlp.down_proj(F.silu(mlp.gate_proj(x)) * mlp.up_proj(x))
        return y


class _Kept:
    """Context in which a decoder keeps each layer's weights as sampling wants them."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder

    def __enter__(self) -> None:
        decoder = self.decoder
        device = decoder.head.weight.device.type
        kept: list[FoldedWeights | None] = []
        for layer in decoder.layers:
            weights = None
            if not torch.is_autocast_enabled(device):
                weights = plain_weights(layer, decoder.head.weight.dtype)
            steering = layer._parameters.get("steering")
            folded = None if weights is None else FoldedWeights.of(weights, decoder.eps, steering)
            kept.append(folded)
        decoder._kept = kept

    def __exit__(self, *_: object) -> None:
        self.decoder._kept = None


def causal_attention(
    q_RHTD: Tensor,
    k_RKSD: Tensor,
    v_RKSD: Tensor,
    mask_RTS: Tensor | None = None,
    *,
    causal: bool = True,
) -> Tensor:
    """Return softmax attention of R rows of T queries over S keys, (R, T, H * D).

    Args:
        q_RHTD: queries of H heads.
        k_RKSD: keys of K heads; H is a multiple of K.
        v_RKSD: values.
        mask_RTS: added to the scores, (R, 1, T, S): 0 or minus infinity.
        causal: without a mask: whether query t sees keys 0 … t only, or all of them.
    """
    out = F.scaled_dot_product_attention(
        q_RHTD,
        k_RKSD,
        v_RKSD,
        attn_mask=None if mask_RTS is None else mask_RTS.to(q_RHTD.dtype),
        is_causal=causal and mask_RTS is None,
        enable_gqa=q_RHTD.shape[1] != k_RKSD.shape[1],
    )
    return out.transpose(1, 2).flatten(2)


def _rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Return the norm of x over its last dimension, times a weight that broadcasts."""
    if torch.is_grad_enabled():
        y: Tensor = _RMSNorm.apply(x, weight, eps)  # type: ignore[no-untyped-call]
        return y
    return F.rms_norm(x, x.shape[-1:], None, eps).mul_(weight)


def _rotate(x_NHD: Tensor, rotary: Rotary) -> Tensor:
    """Turn queries or keys by their positions (Su et al. 2021); the sine carries the sign."""
    return torch.addcmul(x_NHD * rotary[0], x_NHD.roll(x_NHD.shape[-1] // 2, -1), rotary[1])


@torch.no_grad()
def _gap(decoder: Decoder) -> float:
    """Return how far the logits of a short sequence are from the model's own."""
    device = decoder.head.weight.device
    ids_N = torch.arange(2, 9, device=device) % decoder.config.vocab_size
    positions = torch.arange(len(ids_N), device=device)

    def attend(_layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (x.transpose(0, 1)[None] for x in (q, k, v))
        return causal_attention(q, k, v)[0]

    h = decoder.run(decoder.embed(ids_N), decoder.rotary(positions), attend, 0, len(decoder))
    theirs = decoder.model(input_ids=ids_N[None]).logits[0]
    gap = (decoder.logits(h) - theirs).abs().max() / theirs.abs().max().clamp(min=1e-6)
    return float(gap)
