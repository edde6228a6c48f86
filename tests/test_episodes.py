"""Episodes of several turns: what the environment says is context, and no part of the loss."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from tiny import build, chat_tokenizer, plain_tokenizer, shape
from transformers import LlamaConfig, Qwen2Config

from frostline.agents import GRPOAgent, GRPOConfig, Policy, load_policy
from frostline.agents.episodes import Episodes, play
from frostline.agents.meter import Clock
from frostline.curricula import Ticket
from frostline.envs import (
    Family,
    Level,
    Problem,
    Question,
    Status,
    TaskSpec,
    TextEnv,
    Verdict,
)

SETTINGS: dict[str, Any] = {
    "groups": 2,
    "num_generations": 5,
    "max_completion_length": 4,
    "learning_rate": 1e-2,
    "warmup_iterations": 0,
}


class Parity(Family):
    """An answer is right if its first character is even; the feedback depends on the answer."""

    name: ClassVar[str] = "parity"
    summary: ClassVar[str] = "Start with an even byte."
    levels: Sequence[Level] = (Level("say it"),)

    def draw(self, level: int, rng: random.Random) -> int:
        return rng.randrange(10**6)

    def ask(self, level: int, content: int, rng: random.Random) -> Question:
        return Question(f"{content:06d}?", "int", "0")

    def verify(self, problem: Problem, answer: str) -> Verdict:
        if answer.startswith("!"):
            return Verdict(Status.VERIFIER_ERROR, "injected")
        good = bool(answer) and ord(answer[0]) % 4 == 0
        return Verdict(Status.CORRECT if good else Status.WRONG, "parity")

    def feedback(self, problem: Problem, answer: str) -> str:
        return f"No: {answer[:1]!a}."


def episodes(policy: Policy, turns: int = 3, discount: float = 0.5, seed: int = 0) -> Episodes:
    env = TextEnv(Parity(), max_turns=turns, discount=discount)
    tickets = [Ticket(i, "parity", 1, "train", i, 0, 1.0) for i in range(2)]
    config = GRPOConfig(**SETTINGS)
    generator = torch.Generator().manual_seed(seed)
    return play(policy, {"parity": env}, tickets, config, generator, Clock())


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_turns_of_the_environment_are_context_and_out_of_the_loss(
    kind: str, tiny: Callable[[str], Path]
) -> None:
    policy = load_policy(str(tiny(kind)))
    played = episodes(policy)
    rollout = played.rollout
    texts = []
    for tokens, mask in zip(rollout.completion_PGT, rollout.mask_PGT, strict=True):
        last = int(mask.nonzero().max())
        said = tokens[: last + 1][mask[: last + 1] == 0].tolist()
        texts.append(policy.tokenizer.decode(said))
    assert any("No: " in text for text in texts)
    assert all(text.count("No: ") + text.count("Not correct") <= 2 for text in texts)
    assert 1.0 < played.turns <= 3.0
    # a row is its prompt, then completion and feedback by turns: an env replays it
    for r, row in enumerate(rollout.completion_PGT.tolist()):
        env = TextEnv(Parity(), max_turns=3, discount=0.5)
        env.reset(options={"task": TaskSpec("parity", 1, "train", r // 5)})
        spans, current = [], []
        for token, kept in zip(row, rollout.mask_PGT[r].tolist(), strict=True):
            if kept:
                current.append(token)
            elif current:
                spans.append(current)
                current = []
        spans += [current] if current else []
        reward = 0.0
        for span in spans:
            _, reward, _, _, _ = env.step(policy.decode(span))
        assert reward == float(played.rewards_PG.flatten()[r])


def test_a_later_success_earns_its_discount(tiny: Callable[[str], Path]) -> None:
    rewards: set[float] = set()
    policy = load_policy(str(tiny("llama")))
    for seed in range(6):
        rewards |= set(episodes(policy, seed=seed).rewards_PG.flatten().tolist())
    assert rewards == {0.0, 0.25, 0.5, 1.0}


def test_an_error_of_the_verifier_in_any_turn_is_the_verdict() -> None:
    model = build(shape(LlamaConfig, 2, tie_word_embeddings=False, eos_token_id=256))
    policy = Policy(model, plain_tokenizer())
    head: Any = model.get_output_embeddings()
    embeddings: Any = model.get_input_embeddings()
    letters = policy.tokenizer("!ab")["input_ids"]
    with torch.no_grad():
        embeddings.weight[:, 0] = 4.0
        head.weight[:, 0] = -2.0
        head.weight[letters, 0] = 2.0
    played = episodes(policy)
    flat = [status for row in played.verdicts for status in row]
    assert Status.VERIFIER_ERROR in flat
    assert played.sound_P.tolist() == [Status.VERIFIER_ERROR not in row for row in played.verdicts]


def test_a_single_turn_is_the_same_as_ever(tiny: Callable[[str], Path]) -> None:
    policy = load_policy(str(tiny("llama")))
    single = episodes(policy, turns=1)
    assert single.turns == 1.0
    assert (single.rollout.mask_PGT.cumprod(1) == single.rollout.mask_PGT).all()


def test_episodes_end_where_the_context_is_full() -> None:
    model = build(shape(LlamaConfig, 2, max_position_embeddings=90, eos_token_id=256))
    policy = Policy(model, plain_tokenizer())
    policy.end_ids = frozenset({256})
    played = episodes(policy, turns=9)
    lengths = played.rollout.mask_PGT.sum(1)
    assert played.rollout.completion_PGT.shape[1] + played.rollout.prompt_PS.shape[1] <= 90
    assert lengths.max() > 8  # two turns fit, nine do not
    assert played.turns < 9
    unsolved = played.rewards_PG.flatten() == 0
    assert played.rollout.truncated_PG[unsolved].all()


def test_the_agent_trains_on_episodes_of_several_turns(tiny: Callable[[str], Path]) -> None:
    def trained(fast: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        config = GRPOConfig(**SETTINGS, fast_path=fast, beta=0.1)
        env = TextEnv(Parity(), max_turns=2)
        agent = GRPOAgent(
            load_policy(str(tiny("qwen2"))), "uniform", [env], trainable="last:2", config=config
        )
        return agent.train(2), agent.state_dict()["weights"]

    (fast, weights), (plain, others) = trained(True), trained(False)
    assert fast[0]["turns"] > 1
    assert fast[0]["signal"] > 0
    for name in ("reward", "turns", "tokens"):
        assert fast[0][name] == plain[0][name]
    assert fast[0]["grad_norm"] == pytest.approx(plain[0]["grad_norm"], rel=1e-4)
    for name, weight in weights.items():
        torch.testing.assert_close(weight, others[name], atol=1e-3, rtol=0)


def test_feedback_is_a_line_or_a_turn_of_the_chat_template() -> None:
    plain = Policy(build(shape(LlamaConfig, eos_token_id=256)), plain_tokenizer())
    assert plain.tokenizer.decode(plain.encode_feedback("Not correct.")) == "\nNot correct.\n"
    chat = Policy(build(shape(Qwen2Config, eos_token_id=258)), chat_tokenizer())
    assert chat.tokenizer.decode(chat.encode_feedback("Not correct.")) == (
        "\n<|im_start|>user\nNot correct.<|im_end|>\n<|im_start|>assistant\n"
    )
    whole = chat.tokenizer.apply_chat_template(
        [
            {"role": "user", "content": "2+2"},
            {"role": "assistant", "content": "5"},
            {"role": "user", "content": "Not correct."},
        ],
        add_generation_prompt=True,
        tokenize=False,
    )
    answer = chat.tokenizer("5<|im_end|>", add_special_tokens=False)["input_ids"]
    built = [*chat.encode(["2+2"])[0], *answer, *chat.encode_feedback("Not correct.")]
    assert chat.tokenizer.decode(built) == whole


def test_a_template_that_rewrites_answers_is_refused() -> None:
    tokenizer = chat_tokenizer()
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] | upper }}{% endfor %}"
    policy = Policy(build(shape(Qwen2Config, eos_token_id=258)), tokenizer, "loud")
    with pytest.raises(ValueError, match=r"^policy 'loud': its chat template does not show"):
        policy.encode_feedback("Not correct.")
