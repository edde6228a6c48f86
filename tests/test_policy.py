"""Loading, prompting and refusing policies."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny import CHAT_TEMPLATE, build, byte_tokenizer, plain_tokenizer, shape
from transformers import AutoModelForCausalLM, BertConfig, GPT2Config, LlamaConfig, OPTConfig

from frostline.agents.policy import Policy, load_policy, weights_hash


def test_a_policy_without_a_chat_template_reads_a_line(tiny: Callable[[str], Path]) -> None:
    policy = load_policy(str(tiny("llama")))
    assert policy.encode(["1+1=?"]) == [policy.tokenizer("1+1=?\n")["input_ids"]]
    assert policy.tokenizer.decode(policy.encode(["1+1=?"])[0]) == "1+1=?\n"


def test_a_chat_template_is_used_once_with_the_header_of_the_answer(
    tiny: Callable[[str], Path],
) -> None:
    policy = load_policy(str(tiny("qwen2")))
    assert policy.tokenizer.chat_template == CHAT_TEMPLATE
    texts = policy.tokenizer.batch_decode(policy.encode(["1+1=?", "2"]))
    assert texts == [
        "<|im_start|>user\n1+1=?<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\n2<|im_end|>\n<|im_start|>assistant\n",
    ]


def test_a_template_that_writes_a_start_token_does_not_write_two() -> None:
    tokenizer = byte_tokenizer(["<s>", "</s>", "<pad>"], end="</s>", pad="<pad>")
    tokenizer.bos_token = "<s>"
    tokenizer.chat_template = "<s>{{ messages[0]['content'] }}"
    policy = Policy(build(shape(LlamaConfig)), tokenizer)
    assert policy.tokenizer.decode(policy.encode(["hi"])[0]) == "<s>hi"


def test_every_end_token_of_model_and_tokenizer_ends_a_completion(
    tiny: Callable[[str], Path],
) -> None:
    assert load_policy(str(tiny("qwen2"))).end_ids == {256, 258}
    assert load_policy(str(tiny("llama"))).end_ids == {256}


def test_decoding_stops_at_the_end_token_and_leaves_special_tokens_out(
    tiny: Callable[[str], Path],
) -> None:
    policy = load_policy(str(tiny("qwen2")))
    text = policy.tokenizer("4 2 .")["input_ids"]
    start, end = 257, 258
    assert policy.decode([*text, end, *text]) == "4 2 ."
    assert policy.decode([start, *text]) == "4 2 ."
    assert policy.decode([end]) == ""
    assert policy.decode([]) == ""


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_are_fp32_even_if_stored_in_half(
    dtype: torch.dtype, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    policy = load_policy(str(tiny("llama")))
    torch.nn.Module.to(policy.model, dtype)
    policy.model.save_pretrained(tmp_path)
    policy.tokenizer.save_pretrained(tmp_path)
    stored = AutoModelForCausalLM.from_pretrained(tmp_path, dtype="auto")
    assert {p.dtype for p in stored.parameters()} == {dtype}
    assert {p.dtype for p in load_policy(str(tmp_path)).model.parameters()} == {torch.float32}
    assert {p.dtype for p in Policy(stored, policy.tokenizer).model.parameters()} == {torch.float32}


def test_dropout_is_off_in_any_policy() -> None:
    config = shape(LlamaConfig, attention_dropout=0.5)
    assert not Policy(build(config).train(), plain_tokenizer()).model.training


def test_saving_and_loading_keeps_every_bit(tiny: Callable[[str], Path], tmp_path: Path) -> None:
    policy = load_policy(str(tiny("qwen2")))
    policy.save(tmp_path)
    again = load_policy(str(tmp_path))
    assert weights_hash(again.model) == weights_hash(policy.model)
    assert again.end_ids == policy.end_ids
    assert again.encode(["1"]) == policy.encode(["1"])


def test_the_weights_hash_sees_one_bit(tiny: Callable[[str], Path]) -> None:
    model = load_policy(str(tiny("llama"))).model
    before = weights_hash(model)
    with torch.no_grad():
        model.model.norm.weight[3] = torch.nextafter(torch.tensor(1.0), torch.tensor(2.0))
    assert weights_hash(model) != before


@pytest.mark.parametrize("name", ["no/such/folder/anywhere", "no-such-hub-id-1", "", "a b?c"])
def test_an_unknown_policy_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"^policy must be 'base', 'mixed', a folder with"
    ) as caught:
        load_policy(name)
    assert f"got {name!r}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_weights_is_refused_in_one_line(
    tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    policy = load_policy(str(tiny("llama")))
    policy.model.config.save_pretrained(tmp_path)
    policy.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(
        ValueError, match=r"^policy must be 'base', 'mixed', a folder with"
    ) as caught:
        load_policy(str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any attempt to read weights fail."""

    def read(*_: object, **__: object) -> None:
        raise AssertionError("weights were read")

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", read)


@pytest.mark.usefixtures("no_weights")
def test_a_policy_without_a_pad_token_is_refused_before_its_weights_are_read(
    tmp_path: Path,
) -> None:
    build(shape(LlamaConfig)).save_pretrained(tmp_path)
    byte_tokenizer(["<|end|>"], end="<|end|>", pad=None).save_pretrained(tmp_path)
    message = (
        f"policy '{tmp_path}' needs a pad token: set tokenizer.pad_token and save the tokenizer"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load_policy(str(tmp_path))


@pytest.mark.usefixtures("no_weights")
@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            GPT2Config(vocab_size=259, n_embd=32, n_layer=1, n_head=2),
            "GPT2LMHeadModel has absolute",
        ),
        (
            OPTConfig(
                vocab_size=259,
                hidden_size=32,
                num_hidden_layers=1,
                ffn_dim=32,
                num_attention_heads=2,
                word_embed_proj_dim=32,
            ),
            "OPTForCausalLM has absolute",
        ),
        (
            BertConfig(
                vocab_size=259,
                hidden_size=32,
                num_hidden_layers=1,
                intermediate_size=32,
                num_attention_heads=2,
                is_decoder=True,
            ),
            "BertLMHeadModel has absolute",
        ),
    ],
    ids=["gpt2", "opt", "bert"],
)
def test_absolute_positions_are_refused_before_weights_are_read(
    config: GPT2Config, reason: str, tmp_path: Path
) -> None:
    config.save_pretrained(tmp_path)
    plain_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=re.escape(f"needs rotary positions (RoPE); {reason}")):
        load_policy(str(tmp_path))


def test_a_policy_without_an_end_token_is_refused() -> None:
    tokenizer = plain_tokenizer()
    tokenizer.eos_token = None
    with pytest.raises(ValueError, match=r"^policy 'mute' needs an end token"):
        Policy(build(shape(LlamaConfig, eos_token_id=None)), tokenizer, "mute")
