"""Episodes: tickets in; prompts, completions, verdicts and rewards out.

An environment with several turns answers a completion, and its words join the context of the next
one; they are no part of the loss. All rows of a group share the prompt, not what follows it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..curricula import Ticket
from ..envs import Status, TaskSpec, TextEnv
from .config import GRPOConfig
from .meter import Clock
from .policy import Policy
from .rollout import Rollout, left_pad, sample_encoded


@dataclass(frozen=True, slots=True)
class Episodes:
    """What P tickets came to, G episodes of each.

    Attributes:
        prompts: P prompts.
        rollout: the completions as tokens; the turns of the environment stand between them.
        rewards_PG: shape (P, G).
        verdicts: P rows of G; VERIFIER_ERROR if there was one in any turn.
        turns: mean number of completions per episode.
    """

    prompts: list[str]
    rollout: Rollout
    rewards_PG: Tensor
    verdicts: list[list[Status]]
    turns: float

    @property
    def sound_P(self) -> Tensor:
        """Return shape (P,): whether the verifier had no error in the group."""
        return torch.tensor([Status.VERIFIER_ERROR not in row for row in self.verdicts])


@dataclass(slots=True)
class _Row:
    """One episode while it is played."""

    env: TextEnv
    context: list[int]  # all tokens so far, the prompt's included
    tokens: list[int] = field(default_factory=list)  # after the prompt
    mask: list[int] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    truncated: bool = False
    reward: float = 0.0
    status: Status = Status.MALFORMED
    text: str = ""
    turns: int = 0
    over: bool = False


def play(
    policy: Policy,
    envs: Mapping[str, TextEnv],
    tickets: Sequence[Ticket],
    config: GRPOConfig,
    generator: torch.Generator,
    clock: Clock,
    trunk_layer: int = 0,
) -> Episodes:
    """Play `config.num_generations` episodes of each ticket.

    Args:
        policy: answers.
        envs: ask and grade, by family.
        tickets: P of them.
        config: how completions are sampled.
        generator: the only source of randomness.
        clock: is told the seconds of `generate` and `verify`.
        trunk_layer: keep what enters this layer for the loss, in episodes of a single turn.
    """
    with clock("generate"):
        tasks = [TaskSpec(t.family, t.level, t.split, t.index) for t in tickets]
        prompts = [envs[task.family].reset(options={"task": task})[0] for task in tasks]
        encoded = policy.encode(prompts)
        several = any(envs[task.family].max_turns > 1 for task in tasks)
        rollout = sample_encoded(
            policy,
            encoded,
            generations=config.num_generations,
            max_completion_length=config.max_completion_length,
            temperature=config.temperature,
            generator=generator,
            trunk_layer=0 if several else trunk_layer,
        )
    if not several:
        with clock("verify"):
            rewards_PG, verdicts = _grade(envs, tasks, rollout.texts, config.num_generations)
        return Episodes(prompts, rollout, rewards_PG, verdicts, 1.0)
    return _play_on(policy, envs, tasks, prompts, encoded, rollout, config, generator, clock)


def _grade(
    envs: Mapping[str, TextEnv], tasks: Sequence[TaskSpec], texts: Sequence[str], generations: int
) -> tuple[Tensor, list[list[Status]]]:
    """Step environments of a single turn: return rewards (P, G) and verdicts."""
    rewards, verdicts = [], []
    for p, task in enumerate(tasks):
        env = envs[task.family]
        seen: dict[str, tuple[float, Status]] = {}
        for text in texts[p * generations : (p + 1) * generations]:
            if text not in seen:  # a group often writes the same answer many times
                env.reset(options={"task": task})
                _, reward, _, _, info = env.step(text)
                seen[text] = (reward, Status(info["verdict"]))
            rewards.append(seen[text][0])
            verdicts.append(seen[text][1])
    rows = [verdicts[i : i + generations] for i in range(0, len(verdicts), generations)]
    return torch.tensor(rewards).view(-1, generations), rows


def _play_on(
    policy: Policy,
    envs: Mapping[str, TextEnv],
    tasks: Sequence[TaskSpec],
    prompts: list[str],
    encoded: Sequence[Sequence[int]],
    rollout: Rollout,
    config: GRPOConfig,
    generator: torch.Generator,
    clock: Clock,
) -> Episodes:
    """Go on from the first completions, turn by turn, until every episode is over."""
    generations = config.num_generations
    rows = []
    for task, prompt in zip(tasks, encoded, strict=True):
        for _ in range(generations):
            env = copy.copy(envs[task.family])  # an episode is the environment's state
            env.reset(options={"task": task})
            rows.append(_Row(env, list(prompt)))
    playing = rows
    while True:
        with clock("verify"):
            for row, part in zip(playing, _sampled(rollout), strict=True):
                _take(row, *part, policy, config.max_completion_length)
        playing = [row for row in playing if not row.over]
        if not playing:
            break
        with clock("generate"):
            rollout = sample_encoded(
                policy,
                [row.context for row in playing],
                generations=1,
                max_completion_length=config.max_completion_length,
                temperature=config.temperature,
                generator=generator,
            )
    turns = sum(row.turns for row in rows) / len(rows)
    verdicts = [
        [row.status for row in rows[i : i + generations]] for i in range(0, len(rows), generations)
    ]
    rewards_PG = torch.tensor([row.reward for row in rows]).view(-1, generations)
    return Episodes(prompts, _joined(policy, encoded, rows), rewards_PG, verdicts, turns)


def _sampled(rollout: Rollout) -> list[tuple[list[int], list[float], bool, str]]:
    """Return tokens, entropies, whether it was cut, and text of each completion."""
    lengths = rollout.mask_PGT.sum(1).tolist()
    return [
        (tokens[:n], entropy[:n], cut, text)
        for tokens, entropy, n, cut, text in zip(
            rollout.completion_PGT.tolist(), rollout.entropy_PGT.tolist(), lengths,
            rollout.truncated_PG.tolist(), rollout.texts, strict=True,
        )
    ]  # fmt: skip


def _take(
    row: _Row,
    tokens: list[int],
    entropy: list[float],
    cut: bool,
    text: str,
    policy: Policy,
    max_completion_length: int,
) -> None:
    """Put a completion into an episode, and what the environment says if it goes on."""
    row.tokens += tokens
    row.mask += [1] * len(tokens)
    row.entropy += entropy
    row.context += tokens
    row.truncated |= cut
    row.text = text
    row.turns += 1
    feedback, reward, terminated, _, info = row.env.step(text)
    row.reward = reward
    if row.status is not Status.VERIFIER_ERROR:
        row.status = Status(info["verdict"])
    words = [] if terminated else policy.encode_feedback(feedback)
    room = policy.room()
    full = room is not None and len(row.context) + len(words) + max_completion_length > room
    row.over = terminated or full
    row.truncated |= full and not terminated
    if not row.over:
        row.tokens += words
        row.mask += [0] * len(words)
        row.entropy += [0.0] * len(words)
        row.context += words


def _joined(policy: Policy, encoded: Sequence[Sequence[int]], rows: Sequence[_Row]) -> Rollout:
    """Return the episodes as one rollout."""
    prompt_PS, prompt_mask_PS = left_pad(encoded, policy.pad_id, policy.device)
    shape = (len(rows), max(len(row.tokens) for row in rows))
    completion = torch.full(shape, policy.pad_id)
    mask, entropy = torch.zeros(shape, dtype=torch.long), torch.zeros(shape)
    for r, row in enumerate(rows):
        end = len(row.tokens)
        completion[r, :end] = torch.tensor(row.tokens)
        mask[r, :end] = torch.tensor(row.mask)
        entropy[r, :end] = torch.tensor(row.entropy)
    truncated = torch.tensor([row.truncated for row in rows])
    completion, mask, entropy, truncated = (
        x.to(policy.device) for x in (completion, mask, entropy, truncated)
    )
    texts = [row.text for row in rows]
    return Rollout(prompt_PS, prompt_mask_PS, completion, mask, entropy, truncated, texts)
