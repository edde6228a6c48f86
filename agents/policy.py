"""The policy: a causal language model, its tokenizer and its prompt template."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from .decoder import Decoder, UnknownShape
from .fast_path import FastPath
from .path import ModelPath
from .plain_path import PlainPath
from .policy_folder import complete, no_progress_bar, write_folder

BASE = "base"
SHIPPED = {BASE: "base_policy", "mixed": "mixed_policy"}  # folders, by the name of the policy
_CHOICES = ", ".join(map(repr, SHIPPED))
_MARK = "\u2042answer\u2042"  # stands for an answer in a chat template
_HUB_ID = re.compile(r"\w[\w.-]*(?:/\w[\w.-]*)?")


@dataclass(slots=True)
class Policy:
    """A causal language model with rotary positions, and all that it takes to prompt it.

    Attributes:
        model: the model; its weights are made fp32, its dropout is switched off.
        tokenizer: its tokenizer; it must have a pad token.
        name: where it came from: `base`, `mixed`, a folder or a hub id.
        end_ids: the tokens that end a completion.
        path: how it is sampled and scored: fast if its shape is known, else plain.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    name: str = "policy"
    end_ids: frozenset[int] = field(init=False)
    path: ModelPath = field(init=False)

    def __post_init__(self) -> None:
        """Check what generation relies on.

        Raises:
            ValueError: no pad token, no end token, or a model without rotary positions.
        """
        check_tokenizer(self.tokenizer, self.name)
        check_rotary(self.model, self.name)
        # no dropout: the log-probabilities of sampling and of training must agree
        self.model.float().eval()
        ends = [self.tokenizer.eos_token_id]
        for config in (self.model.generation_config, self.model.config):
            # a base model has no generation_config; a chat model may list several end tokens
            found = getattr(config, "eos_token_id", None)
            ends += found if isinstance(found, list) else [found]
        self.end_ids = frozenset(i for i in ends if i is not None)
        if not self.end_ids:
            raise ValueError(f"policy {self.name!r} needs an end token: its tokenizer has none")
        self.path = find_path(self.model)

    @property
    def pad_id(self) -> int:
        """Return the token that fills up a batch."""
        return int(self.tokenizer.pad_token_id)

    @property
    def device(self) -> torch.device:
        """Return where the weights are."""
        return self.model.device

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each prompt in the policy's template.

        With a chat template a prompt is one user turn, followed by the header of the answer;
        without one it is a line of its own.
        """
        tokenizer: Any = self.tokenizer  # its methods are typed for every modality at once
        if tokenizer.chat_template is None:
            return [list(tokenizer(f"{prompt}\n")["input_ids"]) for prompt in prompts]
        return [
            list(
                tokenizer.apply_chat_template(
                    [{"role": "user", "content": prompt}],
                    add_generation_prompt=True,
                    tokenize=True,
                    return_dict=True,
                )["input_ids"]
            )
            for prompt in prompts
        ]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of a completion: up to its end token, special tokens left out."""
        kept = []
        for i in ids:
            if i in self.end_ids:
                break
            kept.append(i)
        return str(
            self.tokenizer.decode(
                kept, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )

    def encode_feedback(self, feedback: str) -> list[int]:
        """Return the tokens between a completion and the next: what the environment says.

        With a chat template it is a user turn and the header of the next answer; without one it
        is a line of its own.

        Raises:
            ValueError: if the chat template changes what it has written of earlier turns.
        """
        tokenizer: Any = self.tokenizer
        if tokenizer.chat_template is None:
            return list(tokenizer(f"\n{feedback}\n", add_special_tokens=False)["input_ids"])
        turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": _MARK}]
        turns.append({"role": "user", "content": feedback})
        text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        _, mark, after = text.partition(_MARK)
        if not mark or _MARK in after:
            raise ValueError(
                f"policy {self.name!r}: its chat template does not show an answer once and as it "
                "is, so episodes of several turns cannot be built"
            )
        # the completion has brought its own end token
        for end in (tokenizer.decode([i]) for i in sorted(self.end_ids)):
            after = after.removeprefix(end)
        return list(tokenizer(after, add_special_tokens=False)["input_ids"])

    def room(self) -> int | None:
        """Return the number of positions of the model, None if it names no limit."""
        # not every configuration has one
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", None)

    def check_length(self, longest_prompt: int, max_completion_length: int) -> None:
        """Raise ValueError if a prompt and a completion do not fit into the model's context."""
        room = self.room()
        if room is not None and longest_prompt + max_completion_length > room:
            raise ValueError(
                f"max_completion_length={max_completion_length} and a prompt of {longest_prompt} "
                f"tokens need more than the {room} positions of policy {self.name!r}"
            )

    def save(self, folder: Path) -> None:
        """Write a plain Hugging Face folder, with steering vectors beside the weights.

        Raises:
            ValueError: if an adapter has taken the place of modules; `save_policy` writes those.
        """
        write_folder(self.model, self.tokenizer, folder, name=self.name)


def load_policy(name: str = BASE, *, device: str = "cpu") -> Policy:
    """Return the policy called `name`, its weights in fp32.

    A folder may hold steering vectors and an adapter beside the weights; they are put in place.
    Of a hub id only the weights are read.

    Args:
        name: `base` or `mixed` for the policies that ship, a folder, or a hub id.
        device: where the weights go.

    Raises:
        ValueError: nothing there, no pad token, or no rotary positions. The last two are found
            before any weight is read.
    """
    source = _source(name)
    with _one_line(name):
        config = AutoConfig.from_pretrained(source)
        tokenizer = AutoTokenizer.from_pretrained(source)
    check_tokenizer(tokenizer, name)
    with torch.device("meta"):
        check_rotary(_from_config(config, name), name)
    with _one_line(name), no_progress_bar():
        model: nn.Module = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
        complete(cast(PreTrainedModel, model), Path(source))
    return Policy(cast(PreTrainedModel, model.to(device)), tokenizer, name)


def find_path(model: PreTrainedModel) -> ModelPath:
    """Return the fast path if it knows the shape of `model`, else the plain one with the reason."""
    try:
        return FastPath(Decoder.of(model))
    except UnknownShape as reason:
        return PlainPath(model, str(reason))


def _source(name: str) -> str:
    """Return the folder or hub id that a policy's name stands for."""
    shipped = SHIPPED.get(name)
    folder = Path(str(files("frostline.agents"))) / shipped if shipped else Path(name)
    if folder.is_dir():
        return str(folder)
    if shipped or not _HUB_ID.fullmatch(name):
        raise ValueError(
            f"policy must be {_CHOICES}, a folder with a causal language model, or a hub id; "
            f"got {name!r}, which is no folder"
        )
    return name


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Turn what transformers says of a bad folder or hub id into a one-line ValueError."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"policy must be {_CHOICES}, a folder with a causal language model, or a hub id; "
            f"got {name!r} ({first})"
        ) from error


def _from_config(config: PretrainedConfig, name: str) -> PreTrainedModel:
    try:
        return cast(PreTrainedModel, AutoModelForCausalLM.from_config(config))
    except ValueError as error:
        raise ValueError(
            f"policy {name!r} is no causal language model: {config.model_type}"
        ) from error


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Raise ValueError unless the tokenizer has a pad token."""
    if tokenizer.pad_token_id is None:
        raise ValueError(
            f"policy {name!r} needs a pad token: set tokenizer.pad_token and save the tokenizer"
        )


def check_rotary(model: PreTrainedModel, name: str) -> None:
    """Raise ValueError unless the model has rotary and no absolute positions.

    Prompts are left-padded; with absolute positions the log-probabilities of sampling and of
    training would differ by nats.
    """
    modules = list(model.named_modules())
    rotary = any("rotary" in type(module).__name__.lower() for _, module in modules)
    absolute = ("wpe", "embed_positions", "position_embeddings")
    learned = [name for name, _ in modules if name.endswith(absolute)]
    if learned or not rotary:
        raise ValueError(
            f"policy {name!r} needs rotary positions (RoPE); {type(model).__name__} has "
            f"{'absolute ones (' + learned[0] + ')' if learned else 'none'}"
        )


def weights_hash(model: PreTrainedModel) -> str:
    """Return a hash of every weight, bit for bit."""
    digest = hashlib.blake2b(digest_size=16)
    state: dict[str, Any] = model.state_dict()
    for key in sorted(state):
        digest.update(key.encode())
        flat = state[key].detach().cpu().contiguous().flatten()
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
