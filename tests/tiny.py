"""Tiny random policies with byte tokenizers, of the shapes that users bring."""

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

LAYERS = 4
WIDTH = 32
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_tokenizer(
    specials: Sequence[str], *, end: str, pad: str | None
) -> PreTrainedTokenizerFast:
    """Return a tokenizer of one token per byte, 0 … 255, and special tokens from 256 on."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(specials))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end, pad_token=pad)


def plain_tokenizer() -> PreTrainedTokenizerFast:
    return byte_tokenizer(["<|end|>", "<|pad|>"], end="<|end|>", pad="<|pad|>")


def chat_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer like Qwen's: its pad token is one of the two end tokens."""
    tokenizer = byte_tokenizer(
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], end="<|im_end|>", pad="<|endoftext|>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def build(config: PretrainedConfig, seed: int = 0) -> PreTrainedModel:
    """Return a random model of `config`."""
    torch.manual_seed(seed)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    return model


def shape(
    kind: type[PretrainedConfig], layers: int = LAYERS, **options: object
) -> PretrainedConfig:
    """Return a configuration of width 32 whose random weights are large enough to disagree."""
    common: dict[str, object] = {
        "vocab_size": 259,
        "hidden_size": WIDTH,
        "intermediate_size": 64,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 128,
        "initializer_range": 0.2,
        "bos_token_id": None,
    }
    return kind(**(common | options))  # type: ignore[arg-type]


def save_tiny(kind: str, folder: Path) -> None:
    """Write the tiny policy called `kind`: llama (tied), qwen2 (chat, untied) or qwen3 (tied)."""
    if kind == "qwen2":
        tokenizer = chat_tokenizer()
        ends: int | list[int] = [258, 256]
        config = shape(Qwen2Config, tie_word_embeddings=False, eos_token_id=258, pad_token_id=256)
    else:
        tokenizer = plain_tokenizer()
        ends = 256
        family = {"llama": LlamaConfig, "qwen3": Qwen3Config}[kind]
        extra = {"head_dim": 16} if kind == "qwen3" else {}
        config = shape(
            family, tie_word_embeddings=True, eos_token_id=256, pad_token_id=257, **extra
        )
    model = build(config)
    assert model.generation_config is not None
    model.generation_config.eos_token_id = ends
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
