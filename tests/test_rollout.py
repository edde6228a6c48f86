"""Sampling, checked against transformers' own `generate` and a plain forward pass."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import build, plain_tokenizer, shape
from torch import Tensor
from transformers import LlamaConfig, MistralConfig

from frostline.agents.batch import Batch
from frostline.agents.plain_path import PlainPath
from frostline.agents.policy import Policy, load_policy
from frostline.agents.rollout import Rollout, sample

PROMPTS = ["1+1", "a much longer prompt", "12*3 = ?", "x"]
KINDS = ["llama", "qwen2", "qwen3"]


def rollout(
    policy: Policy, prompts: list[str] = PROMPTS, *, seed: int = 0, **options: float
) -> Rollout:
    """Sample with options that suit the tests."""
    return sample(
        policy,
        prompts,
        generations=int(options.get("generations", 3)),
        max_completion_length=int(options.get("length", 12)),
        temperature=options.get("temperature", 1.0),
        generator=torch.Generator().manual_seed(seed),
    )


@pytest.fixture(params=["fast", "plain"])
def load(request: pytest.FixtureRequest, tiny: Callable[[str], Path]) -> Callable[[str], Policy]:
    """Return a function that loads a tiny policy on either path."""

    def on_path(kind: str) -> Policy:
        policy = load_policy(str(tiny(kind)))
        if request.param == "plain":
            policy.path = PlainPath(policy.model, "the test asks for it")
        assert policy.path.name == request.param
        return policy

    return on_path


def tokens(result: Rollout, row: int) -> list[int]:
    """Return the tokens of a row without padding."""
    kept: list[int] = result.completion_PGT[row][result.mask_PGT[row].bool()].tolist()
    return kept


def with_ends(policy: Policy, ends: set[int]) -> Policy:
    """Return the policy with end tokens that random weights do produce."""
    policy.end_ids = frozenset(ends)
    return policy


def likely_ends(policy: Policy) -> set[int]:
    """Return tokens that end some greedy completions early, some late and some never."""
    greedy = rollout(policy, generations=1, temperature=0)
    return {tokens(greedy, 0)[2], tokens(greedy, 1)[5]}


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_decoding_equals_generate(kind: str, load: Callable[[str], Policy]) -> None:
    policy = load(kind)
    with_ends(policy, likely_ends(policy))
    result = rollout(policy, temperature=0)
    lengths = result.mask_PGT.sum(1)
    assert lengths.min() < lengths.max()  # some rows left early
    for p, prompt in enumerate(PROMPTS):
        ids = torch.tensor(policy.encode([prompt]))
        model: Any = policy.model
        expected = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=12,
            do_sample=False,
            eos_token_id=sorted(policy.end_ids),
            pad_token_id=policy.pad_id,
        )[0, ids.shape[1] :].tolist()
        assert all(tokens(result, row) == expected for row in range(3 * p, 3 * p + 3))


def plain_log_probs(policy: Policy, prompt: list[int], answer: list[int], scale: float) -> Tensor:
    """Return log-probabilities by one forward pass of one row: no padding and no cache."""
    ids = torch.tensor([prompt + answer])
    with torch.no_grad():
        logits = policy.model(ids, use_cache=False).logits[0, len(prompt) - 1 : -1]
    chosen: Tensor = (logits / scale).log_softmax(-1).gather(-1, ids[0, len(prompt) :, None])
    return chosen[:, 0]


def check_log_probs(policy: Policy, temperature: float) -> None:
    result = rollout(policy, temperature=temperature)
    batch = Batch(
        result.prompt_PS,
        result.prompt_mask_PS,
        result.completion_PGT,
        result.mask_PGT,
        torch.zeros(len(result.texts)),
    )
    with torch.no_grad():
        got = policy.path.log_probs(policy.path.prepare(batch, 0), temperature)
    assert got[result.mask_PGT == 0].abs().sum() == 0
    for row in range(len(result.texts)):
        prompt = policy.encode([PROMPTS[row // 3]])[0]
        expected = plain_log_probs(policy, prompt, tokens(result, row), temperature)
        torch.testing.assert_close(got[row, : len(expected)], expected, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_log_probs_equal_a_forward_of_each_row_alone(
    kind: str, temperature: float, load: Callable[[str], Policy]
) -> None:
    policy = load(kind)
    check_log_probs(with_ends(policy, likely_ends(policy)), temperature)


def test_log_probs_are_right_with_a_sliding_window_shorter_than_the_prompt() -> None:
    config = shape(MistralConfig, sliding_window=5, tie_word_embeddings=True)
    policy = Policy(build(config), plain_tokenizer())
    assert policy.path.note == "it attends within a sliding window of 5"
    check_log_probs(policy, 1.0)


def test_a_prompt_decodes_alike_alone_and_in_a_batch(load: Callable[[str], Policy]) -> None:
    policy = load("qwen2")
    with_ends(policy, likely_ends(policy))
    together = rollout(policy, temperature=0, generations=2)
    for p, prompt in enumerate(PROMPTS):
        alone = rollout(policy, [prompt], temperature=0, generations=2)
        assert tokens(alone, 0) == tokens(together, 2 * p)
        assert alone.texts[0] == together.texts[2 * p]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_when_finished_rows_leave_makes_no_difference(
    share: float, load: Callable[[str], Policy], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load("llama")
    with_ends(policy, likely_ends(policy))
    usual = rollout(policy, temperature=0)
    monkeypatch.setattr("frostline.agents.plain_path.DROP_SHARE", share)
    other = rollout(policy, temperature=0)
    assert other.texts == usual.texts
    assert torch.equal(other.completion_PGT, usual.completion_PGT)


def test_a_prompt_is_prefilled_once_and_finished_rows_take_no_more_forwards(
    load: Callable[[str], Policy],
) -> None:
    policy = load("llama")
    with_ends(policy, likely_ends(policy))
    sizes: list[int] = []
    model: Any = policy.model
    model.get_output_embeddings().register_forward_pre_hook(
        lambda _m, args: sizes.append(args[0].shape[:-1].numel())
    )
    result = rollout(policy, temperature=2.0)
    assert sizes[0] == len(PROMPTS)  # each prompt once, not once per completion
    assert max(sizes[1:]) <= len(result.texts)
    assert sizes[-1] < max(sizes[1:])


def test_equal_completions_are_decoded_once_on_the_fast_path(tiny: Callable[[str], Path]) -> None:
    policy = load_policy(str(tiny("llama")))
    sizes: list[int] = []
    model: Any = policy.model
    model.get_output_embeddings().register_forward_pre_hook(
        lambda _m, args: sizes.append(len(args[0]))
    )
    assert len(set(rollout(policy, temperature=0, generations=8).texts)) == len(PROMPTS)
    assert set(sizes) == {len(PROMPTS)}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_row_ends_at_the_first_of_several_end_tokens(
    temperature: float, load: Callable[[str], Policy]
) -> None:
    policy = load("qwen2")
    with_ends(policy, likely_ends(policy) | set(range(40)))
    result = rollout(policy, temperature=temperature)
    for row in range(len(result.texts)):
        ids = tokens(result, row)
        assert not policy.end_ids & set(ids[:-1])
        assert result.truncated_PG[row] == (ids[-1] not in policy.end_ids)
        assert len(ids) == 12 or not result.truncated_PG[row]


def test_a_row_that_ends_with_its_last_token_is_not_truncated(
    load: Callable[[str], Policy],
) -> None:
    policy = load("llama")
    last = tokens(rollout(policy, ["x"], temperature=0, generations=1, length=1), 0)[0]
    assert rollout(policy, ["x"], temperature=0, length=1).truncated_PG.all()
    with_ends(policy, {last})
    ended = rollout(policy, ["x"], temperature=0, length=1)
    assert not ended.truncated_PG.any()
    assert ended.texts == [""] * 3


def test_a_pad_token_that_is_an_end_token_does_not_hide_a_truncation(
    load: Callable[[str], Policy],
) -> None:
    policy = load("qwen2")
    assert policy.pad_id in policy.end_ids
    greedy = rollout(policy, temperature=0, generations=1)
    with_ends(policy, {tokens(greedy, 0)[0], policy.pad_id})
    result = rollout(policy, temperature=0, generations=1)
    assert result.mask_PGT[0].sum() == 1
    assert result.completion_PGT[0, 1:].eq(policy.pad_id).all()
    expected = [len(tokens(result, row)) == 12 for row in range(len(PROMPTS))]
    assert result.truncated_PG.tolist() == expected
    assert any(expected)


def test_the_generator_is_the_only_source_of_randomness(load: Callable[[str], Policy]) -> None:
    policy = load("llama")
    first = rollout(policy, seed=1)
    torch.manual_seed(99)
    assert rollout(policy, seed=1).texts == first.texts
    assert rollout(policy, seed=2).texts != first.texts


def test_completions_of_a_group_differ(load: Callable[[str], Policy]) -> None:
    result = rollout(load("llama"), generations=8)
    assert len(set(result.texts[:8])) > 1


def test_tokens_come_with_the_entropy_of_their_distribution(load: Callable[[str], Policy]) -> None:
    policy = load("llama")
    result = rollout(policy, ["x"], temperature=0.8)
    logits = policy.model(torch.tensor(policy.encode(["x"]))).logits[0, -1] / 0.8
    entropy = torch.distributions.Categorical(logits=logits).entropy().item()
    assert result.entropy_PGT[:, 0].tolist() == pytest.approx([entropy] * 3, rel=1e-4)
    assert result.entropy_PGT[result.mask_PGT == 0].abs().sum() == 0


def test_a_prompt_that_does_not_fit_is_refused_with_the_numbers() -> None:
    config = shape(LlamaConfig, max_position_embeddings=24, eos_token_id=256)
    policy = Policy(build(config), plain_tokenizer(), "small")
    assert rollout(policy, ["x" * 11]).completion_PGT.shape[1] == 12  # 11 and a newline
    message = (
        "max_completion_length=12 and a prompt of 13 tokens need more than the 24 positions of "
        "policy 'small'"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        rollout(policy, ["x" * 12])
