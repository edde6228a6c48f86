"""The weights of a plain decoder layer, joined so that few products use them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class PlainWeights:
    """The weights of a plain layer, joined where products can be: views, or copies of views."""

    norm: Tensor
    qkv: Tensor
    qkv_bias: Tensor | None
    qk_norm: Tensor | None
    o: Tensor
    mlp_norm: Tensor
    gate_up: Tensor
    down: Tensor


@dataclass(frozen=True, slots=True)
class FoldedWeights:
    """The weights of a plain layer for sampling: the products have taken up the norms' weights.

    The root mean square norm is x over the hypotenuse of its length and sqrt(d * eps), times
    sqrt(d), which the weights have taken up as well: half of the passes. `floors` holds
    sqrt(d * eps) for hidden states and for heads. The matrices are transposed copies, (in, out):
    products with few rows are a tenth to a quarter faster so (CPU, 40 to 64 rows).
    """

    qkv: Tensor
    qkv_bias: Tensor | None
    qk_norm: Tensor | None
    o: Tensor
    gate_up: Tensor
    down: Tensor
    floors: tuple[Tensor, Tensor]
    steering: Tensor | None

    @classmethod
    def of(cls, weights: PlainWeights, eps: float, steering: Tensor | None) -> FoldedWeights:
        """Fold the norms of a plain layer."""
        wide = len(weights.norm)
        head = 1 if weights.qk_norm is None else weights.qk_norm.shape[-1]
        floors = [weights.norm.new_tensor(math.sqrt(size * eps)) for size in (wide, head)]
        return cls(
            qkv=(weights.qkv * (weights.norm * math.sqrt(wide))).t().contiguous(),
            qkv_bias=weights.qkv_bias,
            qk_norm=None if weights.qk_norm is None else weights.qk_norm * math.sqrt(head),
            o=weights.o.contiguous(),
            gate_up=(weights.gate_up * (weights.mlp_norm * math.sqrt(wide))).t().contiguous(),
            down=weights.down.contiguous(),
            floors=(floors[0], floors[1]),
            steering=steering,
        )


def plain_weights(layer: Any, dtype: torch.dtype) -> PlainWeights | None:
    """Return the weights of a layer if all of its modules are plain, else None."""
    attention, mlp = layer.self_attn, layer.mlp
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    free = (attention.o_proj, mlp.gate_proj, mlp.up_proj, mlp.down_proj)
    norms = [layer.input_layernorm, layer.post_attention_layernorm]
    if hasattr(attention, "q_norm"):
        norms += [attention.q_norm, attention.k_norm]
    plain = (
        all(type(module) is nn.Linear for module in (*projections, *free))
        and all(module.bias is None for module in free)
        and not any(map(_hooked, (*projections, *free, *norms)))
        and all(type(module).__name__.endswith("RMSNorm") for module in norms)
        and all(module.weight.dtype == dtype for module in (*projections, *free, *norms))
    )
    if not plain:
        return None
    qk_norm = None
    if len(norms) > 2:
        heads = [m.out_features // attention.head_dim for m in projections[:2]]
        parts = [
            norm.weight.expand(count, -1) for norm, count in zip(norms[2:], heads, strict=True)
        ]
        qk_norm = torch.cat(parts)
    biases = [module.bias for module in projections]
    return PlainWeights(
        norm=norms[0].weight,
        qkv=torch.cat([module.weight for module in projections]),
        qkv_bias=None if biases[0] is None else torch.cat(biases),
        qk_norm=qk_norm,
        o=attention.o_proj.weight.t(),
        mlp_norm=norms[1].weight,
        gate_up=torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]),
        down=mlp.down_proj.weight.t(),
    )


def _hooked(module: nn.Module) -> bool:
    """Return whether a call of the module does more than its `forward`."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )
