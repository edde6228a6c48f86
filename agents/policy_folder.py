"""A policy's folder: what transformers reads, and what it has no place for, beside it.

    config.json, model.safetensors, tokenizer.json …   a plain Hugging Face folder
    steering.safetensors, steering.json                steering vectors, added by a hook
    adapter/                                           an adapter in peft's format

Who reads the folder with transformers alone gets the first of the three.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as hf_logging

from .subsets import steering
from .subsets.adapter_kinds import quiet

ADAPTER = "adapter"


def write_folder(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path, *, name: str
) -> None:
    """Write a model without an adapter and its tokenizer.

    Args:
        model: its steering vectors are written beside its weights.
        tokenizer: its tokenizer.
        folder: made if it is not there.
        name: what the model is called.

    Raises:
        ValueError: if an adapter has taken the place of modules: their weights would be written
            under names that transformers does not know.
    """
    if has_adapter(model):
        raise ValueError(f"policy {name!r} has an adapter in its modules; save it with save_policy")
    state = model.state_dict()
    plain = {key: value for key, value in state.items() if not _is_steering(key)}
    steered = len(plain) < len(state)
    with no_progress_bar():
        model.save_pretrained(folder, state_dict=plain)
    tokenizer.save_pretrained(folder)
    if steered:
        steering.save(model, folder, name=name)


def complete(model: PreTrainedModel, folder: Path) -> None:
    """Put into `model`, in place, the steering vectors and the adapter that lie in `folder`.

    The adapter stays beside the weights, as it was saved: some kinds cannot be merged.

    Raises:
        ValueError: if they are for a model of another shape.
    """
    if (folder / steering.CONFIG_FILE).is_file():
        steering.load(model, folder)
    if (folder / ADAPTER / "adapter_config.json").is_file():
        with quiet():
            PeftModel.from_pretrained(model, str(folder / ADAPTER))


def has_adapter(model: PreTrainedModel) -> bool:
    """Return whether an adapter has taken the place of modules."""
    return any(isinstance(module, BaseTunerLayer) for module in model.modules())


def is_steered(model: PreTrainedModel) -> bool:
    """Return whether a model has steering vectors."""
    return any(_is_steering(name) for name, _ in model.named_parameters())


@contextmanager
def no_progress_bar() -> Iterator[None]:
    """Keep transformers from drawing a bar for every file it reads or writes."""
    shown = hf_logging.is_progress_bar_enabled()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            hf_logging.enable_progress_bar()


def _is_steering(name: str) -> bool:
    return name.rpartition(".")[2] == steering.NAME
