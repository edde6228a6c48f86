"""Saving a trained policy as a folder that transformers reads.

Weights that were trained in place are saved as they are. An adapter is merged into the weights, or
kept apart in peft's format, beside the weights that it belongs to. Steering vectors go into a file
of their own: the output of a decoder layer has no bias that could take them up.

The live policy is never changed: what has to be merged, taken off or rounded is a copy, so that
saving takes the memory of one more model.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Literal, cast

import torch
from peft import PeftModel
from peft.helpers import rescale_adapter_scale
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn
from transformers import PreTrainedModel

from .policy import Policy, load_policy
from .policy_folder import ADAPTER, write_folder
from .subsets import Adapter, TrainableSubset
from .subsets.adapter_kinds import one_line, quiet
from .subsets.modules import is_tied

Adapters = Literal["merged", "apart"]
DType = Literal["float32", "bfloat16", "float16"]


class CannotMerge(ValueError):
    """The adapter has no place in the model's weights; it can be saved apart."""


def save_policy(
    policy: Policy,
    subset: TrainableSubset,
    folder: Path,
    adapters: Adapters = "merged",
    dtype: DType = "float32",
) -> None:
    """Write a policy as a plain Hugging Face folder, for `load_policy` and for transformers.

    Args:
        policy: the live policy; it stays as it is.
        subset: what of it was trained; it knows the adapter.
        folder: made if it is not there.
        adapters: merged into the weights; or apart in `folder`/adapter, with the weights that
            the adapter belongs to in `folder`.
        dtype: of the weights and steering vectors; an adapter that is apart stays in float32.

    Raises:
        CannotMerge: if the adapter cannot be merged.
        ValueError: if there is no adapter to keep apart, it cannot be kept apart, or the weights
            are out of the range of `dtype`. Nothing but an adapter has been written then.
    """
    live, adapter = policy.model, subset.adapter
    if adapters == "apart" and adapter is None:
        raise ValueError(f"adapters=apart needs an adapter, trainable={subset.spec} has none")
    if adapter is None:
        model = live
    elif adapters == "merged":
        model = _merged(live, adapter)
    else:
        adapter.save(folder / ADAPTER)
        model = _base(live, adapter, folder / ADAPTER)
    if dtype != "float32":
        model = copy.deepcopy(model) if model is live else model
        cast(nn.Module, model).to(getattr(torch, dtype))  # one of the names in DType
        _check_range(model, dtype)
    write_folder(model, policy.tokenizer, folder, name=policy.name)


def save_trained(policy: Policy, subset: TrainableSubset, folder: Path) -> Adapters:
    """Write a policy with its adapter merged, or apart if that is impossible; return which."""
    try:
        save_policy(policy, subset, folder, "merged")
    except CannotMerge:
        save_policy(policy, subset, folder, "apart")
        return "apart"
    return "merged"


@torch.no_grad()
def gap(policy: Policy, folder: Path) -> float:
    """Return how far a saved policy's logits are from the live one's, relative to the largest."""
    ids = torch.arange(2, 34)[None] % policy.model.config.get_text_config().vocab_size
    ids = ids[:, : policy.room()]
    saved = load_policy(str(folder))
    live = policy.model(input_ids=ids.to(policy.device)).logits.cpu()
    difference: Tensor = (saved.model(input_ids=ids).logits - live).abs().max()
    return float(difference / live.abs().max().clamp(min=1e-6))


def _merged(live: PreTrainedModel, adapter: Adapter) -> PreTrainedModel:
    """Return a copy of a model with its adapter merged into the weights."""
    ends: Any = (live.get_input_embeddings(), live.get_output_embeddings())
    if is_tied(live) and any(isinstance(module, BaseTunerLayer) for module in ends):
        # one tensor cannot become two: peft would change head and embeddings alike
        raise CannotMerge(
            f"{adapter.kind} cannot be merged: it changes the head or the embeddings, which share "
            "their weights; save it apart"
        )
    try:
        return adapter.merged()
    except ValueError as error:
        raise CannotMerge(f"{error}; save it apart") from error


def _base(live: PreTrainedModel, adapter: Adapter, saved: Path) -> PreTrainedModel:
    """Return a copy of a model without its adapter: the model that the one in `saved` belongs to.

    An adapter that changed the weights at its start is saved as what it adds to the original ones
    (see `Adapter.save`), so they are what is left when that is taken from the merged weights.
    """
    if not adapter.changes_base:
        base = copy.deepcopy(live)
        for name, module in list(base.named_modules()):
            if isinstance(module, BaseTunerLayer):
                base.set_submodule(name, module.get_base_layer())
        return base
    merged: Any = _merged(live, adapter)
    with one_line(f"{adapter.kind} cannot be saved apart"), quiet():
        both = PeftModel.from_pretrained(merged, str(saved))
        with rescale_adapter_scale(both, -1.0):
            return cast(PreTrainedModel, cast(Any, both).merge_and_unload())


def _check_range(model: PreTrainedModel, dtype: str) -> None:
    """Raise ValueError if rounding has made a weight infinite."""
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            raise ValueError(f"dtype={dtype} cannot hold the weights of {name}; choose float32")
