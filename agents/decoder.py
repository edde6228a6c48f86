"""A decoder run on packed tokens: the forward pass of the fast path, over the model's own modules.

It computes what `model(input_ids)` computes, on a list of N tokens without padding, from any layer
up, with attention left to the caller: the loss attends over a packed batch (`packing.py`), the
rollout over its cache (`fast_decoding.py`). Weights and modules are the model's own, so that
adapters and steering vectors are in effect. `Decoder.of` refuses a shape that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

KNOWN = ("llama", "mistral", "qwen2", "qwen3")
# Largest difference of a logit from the model's own, relative to the largest logit; rounding is
# below a tenth of it, a shape that is not understood far above.
AGREE_WITHIN = 1e-4


Rotary: TypeAlias = tuple[Tensor, Tensor]


# attention of one layer: (layer, q (N, H, D), k (N, K, D), v (N, K, D)) → (N, H * D)
Attend: TypeAlias = Callable[[int, Tensor, Tensor, Tensor], Tensor]


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
            grad_weight = (grad * unit).flatten(0, -2).sum(0)
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
        kinds = self.config.num_key_value_heads
        self.splits = ((heads + kinds) * self.head_dim, kinds * self.head_dim)
        self.gradient_checkpointing = False
        self._fused: dict[tuple[int, str], tuple[Tensor, Tensor | None]] | None = None

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
        logits: Tensor = self.head(_norm(self.backbone.norm, h_ND))
        return logits

    def run(self, h_ND: Tensor, rotary: Rotary, attend: Attend, first: int, end: int) -> Tensor:
        """Run layers `first` … `end` - 1 on hidden states (N, d)."""
        for i in range(first, end):
            if self.gradient_checkpointing and torch.is_grad_enabled():
                h_ND = checkpoint(self._layer, i, h_ND, rotary, attend, use_reentrant=False)
            else:
                h_ND = self._layer(i, h_ND, rotary, attend)
        return h_ND

    def fuse(self) -> _Fused:
        """Keep joined projection weights while the block lasts; no weight may change inside."""
        return _Fused(self)

    def _layer(self, i: int, h_ND: Tensor, rotary: Rotary, attend: Attend) -> Tensor:
        # modules are looked up anew each time: an adapter may have taken their place
        layer: Any = self.layers[i]
        attention, mlp = layer.self_attn, layer.mlp
        x = _norm(layer.input_layernorm, h_ND)
        qk, v = self._heads(i, attention, x)
        qk = torch.addcmul(qk * rotary[0], qk.roll(qk.shape[-1] // 2, -1), rotary[1])
        mixed = attend(i, qk[:, : self.heads], qk[:, self.heads :], v)
        h_ND = _add(h_ND, attention.o_proj, mixed)
        x = _norm(layer.post_attention_layernorm, h_ND)
        gate, up = self._project(i, "mlp", x, (mlp.gate_proj, mlp.up_proj))
        h_ND = _add(h_ND, mlp.down_proj, F.silu(gate) * up)
        steering = layer._parameters.get("steering")  # see subsets/steering.py
        return h_ND if steering is None else h_ND + steering

    def _heads(self, i: int, attention: Any, x_ND: Tensor) -> tuple[Tensor, Tensor]:
        """Return queries and keys in one tensor, (N, H + K, D), and values (N, K, D)."""
        modules = (attention.q_proj, attention.k_proj, attention.v_proj)
        parts = self._project(i, "qkv", x_ND, modules, sizes=self.splits)
        qk, v = parts if len(parts) == 2 else (torch.cat([parts[0], parts[1]], -1), parts[2])
        qk, v = (part.unflatten(-1, (-1, self.head_dim)) for part in (qk, v))
        if hasattr(attention, "q_norm"):  # Qwen3 normalises queries and keys
            q = _norm(attention.q_norm, qk[:, : self.heads])
            qk = torch.cat([q, _norm(attention.k_norm, qk[:, self.heads :])], 1)
        return qk, v

    def _project(
        self,
        i: int,
        name: str,
        x: Tensor,
        modules: Sequence[nn.Module],
        *,
        sizes: Sequence[int] = (),
    ) -> Sequence[Tensor]:
        """Return the outputs of several linear modules; of plain ones by a single product.

        The product is split by module, or into `sizes`.
        """
        if not all(type(module) is nn.Linear for module in modules):
            return [module(x) for module in modules]
        linear: list[Any] = list(modules)
        sizes = sizes or [module.out_features for module in linear]
        if self._fused is None:
            return _split(F.linear(x, *_joined(linear)), sizes)
        if (i, name) not in self._fused:
            self._fused[i, name] = _joined(linear)
        return _split(F.linear(x, *self._fused[i, name]), sizes)


class _Fused:
    """Context in which a decoder joins each layer's projection weights once."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder

    def __enter__(self) -> None:
        self.decoder._fused = {}

    def __exit__(self, *_: object) -> None:
        self.decoder._fused = None


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


def _norm(module: Any, x: Tensor) -> Tensor:
    """Return the norm of x; a module that an adapter has replaced is called as it is."""
    if not type(module).__name__.endswith("RMSNorm") or x.dtype != module.weight.dtype:
        y: Tensor = module(x)
    elif torch.is_grad_enabled():
        y = _RMSNorm.apply(x, module.weight, module.variance_epsilon)  # type: ignore[no-untyped-call]
    else:
        y = F.rms_norm(x, x.shape[-1:], module.weight, module.variance_epsilon)
    return y


def _add(h_ND: Tensor, module: Any, x: Tensor) -> Tensor:
    """Return h plus the output of a linear module; of a plain one in a single product."""
    if type(module) is nn.Linear and module.bias is None and h_ND.dtype == x.dtype:
        return torch.addmm(h_ND, x, module.weight.t())
    y: Tensor = h_ND + module(x)
    return y


def _split(x: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    return cast(tuple[Tensor, ...], x.split(list(sizes), -1))


def _joined(modules: Sequence[Any]) -> tuple[Tensor, Tensor | None]:
    weight = torch.cat([module.weight for module in modules])
    biases = [module.bias for module in modules]
    if all(bias is None for bias in biases):
        return weight, None
    filled = [
        module.weight.new_zeros(module.out_features) if module.bias is None else module.bias
        for module in modules
    ]
    return weight, torch.cat(filled)


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
