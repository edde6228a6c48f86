"""One rank's side of a curriculum: tickets become prompts, completions become outcomes.

Every rank holds a replica of the curriculum, draws the same tickets for all groups and hears the
same outcomes of all groups, so that the replicas stay equal and no batch is drawn too early. What
a rank grades is its slice of the rows; a group may straddle two ranks.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ..curricula import Outcome, Scheduler, Ticket
from ..envs import Status, TaskSpec, TextEnv
from .advantages import has_signal
from .config import GRPOConfig
from .policy import Policy

SAMPLES = 3  # completions in the log of an iteration


@dataclass(frozen=True, slots=True)
class Row:
    """One graded completion.

    Attributes:
        slot: which group of the batch it belongs to.
        reward: what the environment paid.
        verdict: value of its `Status`.
        length: tokens, the end token included.
        ended: whether it has an end token.
    """

    slot: int
    reward: float
    verdict: str
    length: int
    ended: bool


class TicketFeed:
    """A rank's replica of the curriculum: hands out prompts, grades, tells the outcomes."""

    def __init__(
        self,
        policy: Policy,
        curriculum: Scheduler,
        envs: Mapping[str, TextEnv],
        config: GRPOConfig,
    ) -> None:
        """Start with no tickets."""
        self.policy, self.curriculum, self.envs, self.config = policy, curriculum, envs, config
        self.tickets: list[Ticket] = []
        self.prompts: list[str] = []
        self.rows: list[Row] = []  # of this rank
        self.samples: list[dict[str, str]] = []  # of this rank
        self.measured: dict[str, Any] = {}
        self.marks: list[float] = []  # when sampling, grading and the update began
        self.stop_wanted = self.stop_agreed = False

    def draw(self, iteration: int) -> None:
        """Draw the tickets of one generation batch, those of all ranks."""
        self.marks = [time.perf_counter()]
        self.tickets = self.curriculum.sample(self.config.groups, policy_version=iteration)
        self.prompts = [self._ask(slot) for slot in range(len(self.tickets))]

    def example(self, slot: int) -> dict[str, Any]:
        """Return what TRL turns into the tokens of `Policy.encode`."""
        prompt: Any = self.prompts[slot]
        if self.policy.tokenizer.chat_template is None:
            return {"prompt": f"{prompt}\n", "slot": slot}
        return {"prompt": [{"role": "user", "content": prompt}], "slot": slot}

    def grade(
        self, completion_ids: list[list[int]], slot: list[int], **others: Any
    ) -> list[float | None]:
        """Step the environments on this rank's completions; the reward function of TRL."""
        self.rows, self.samples = [], []
        seen: dict[tuple[int, str], tuple[float, str]] = {}
        for ids, place in zip(completion_ids, slot, strict=True):
            text = self.policy.decode(ids)
            if (place, text) not in seen:  # a group often writes the same answer many times
                self._ask(place)
                _, paid, _, _, info = self.envs[self.tickets[place].family].step(text)
                seen[place, text] = (paid, info["verdict"])
            reward, verdict = seen[place, text]
            first = all(row.slot != place for row in self.rows)
            if first and len(self.samples) < SAMPLES:
                sample = {"prompt": self.prompts[place], "completion": text, "verdict": verdict}
                self.samples.append(sample)
            ended = not self.policy.end_ids.isdisjoint(ids)
            self.rows.append(Row(place, reward, verdict, len(ids), ended))
        return [row.reward for row in self.rows]

    def settle(self, rows: Sequence[Row]) -> Tensor:
        """Tell the curriculum the outcomes; return which rows are of a group with an error of ours.

        Args:
            rows: those of all ranks, groups adjoining.
        """
        G = self.config.num_generations
        assert [row.slot for row in rows] == [i // G for i in range(len(rows))]
        verdicts = [
            [Status(row.verdict) for row in rows[i : i + G]] for i in range(0, len(rows), G)
        ]
        sound_P = torch.tensor([Status.VERIFIER_ERROR not in group for group in verdicts])
        outcomes = [
            Outcome(ticket, group.count(Status.CORRECT), G, error=Status.VERIFIER_ERROR in group)
            for ticket, group in zip(self.tickets, verdicts, strict=True)
        ]
        events = self.curriculum.update(outcomes)
        rewards_PG = torch.tensor([row.reward for row in rows]).view(-1, G)
        counts = Counter(row.verdict for row in rows)
        tokens = sum(row.length for row in rows)
        self.measured = {
            "reward": rewards_PG[sound_P].mean().item() if sound_P.any() else 0.0,
            "signal": (has_signal(rewards_PG) & sound_P).float().mean().item(),
            "completion_length": tokens / len(rows),
            "truncated": sum(not row.ended for row in rows) / len(rows),
            "tokens": tokens,
            "verdicts": {status.value: counts[status.value] for status in Status},
            "curriculum": self.curriculum.metrics(),
            "events": [asdict(event) for event in events],
            "groups": [[o.ticket.family, o.ticket.level, o.successes, o.trials] for o in outcomes],
            "samples": self.samples,
        }
        return ~sound_P.repeat_interleave(G)

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each part of the iteration that ends now."""
        spans = [b - a for a, b in pairwise([*self.marks, time.perf_counter()])]
        return dict(zip(("generate", "verify", "update"), spans, strict=True))

    def _ask(self, slot: int) -> str:
        t = self.tickets[slot]
        task = TaskSpec(t.family, t.level, t.split, t.index)
        return self.envs[t.family].reset(options={"task": task})[0]


def longest_prompt(policy: Policy, envs: Mapping[str, TextEnv]) -> int:
    """Return the tokens of the longest of some prompts, one of each level."""
    prompts = [
        env.reset(seed=0, options={"level": level})[0]
        for env in envs.values()
        for level in range(1, len(env.family.levels) + 1)
    ]
    return max(map(len, policy.encode(prompts)))
