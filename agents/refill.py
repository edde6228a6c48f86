"""Dynamic sampling: where a curriculum filters groups, the batch is filled up from further draws.

DAPO (Yu et al. 2025, arXiv 2503.14476, section 3.2): groups that are all right or all wrong are
discarded and others drawn until the batch is full. verl stops after 10 generation batches, and so
does this; what is missing then stays missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..curricula import Outcome, Scheduler, Ticket
from ..envs import Status
from .episodes import Episodes
from .rollout import Rollout

MAX_BATCHES = 10


@dataclass(frozen=True, slots=True)
class Draw:
    """The episodes to train on, and everything that was drawn for them.

    Attributes:
        episodes: those of the admitted groups; of the first batch if none was admitted.
        outcomes: of all groups, in the order of their draw.
        discarded: groups that are not among the episodes.
    """

    episodes: Episodes
    outcomes: list[Outcome]
    discarded: int


def outcomes_of(tickets: Sequence[Ticket], episodes: Episodes) -> list[Outcome]:
    """Return what became of each ticket."""
    return [
        Outcome(ticket, row.count(Status.CORRECT), len(row), error=not sound)
        for ticket, row, sound in zip(
            tickets, episodes.verdicts, episodes.sound_P.tolist(), strict=True
        )
    ]


def draw_batch(
    scheduler: Scheduler,
    groups: int,
    *,
    policy_version: int,
    play: Callable[[list[Ticket]], Episodes],
) -> Draw:
    """Draw tickets and play them until `groups` groups are admitted.

    Args:
        scheduler: hands out tickets; if it has a method `admits`, that filters the groups.
        groups: P, how many to train on.
        policy_version: told to the scheduler.
        play: plays tickets.
    """
    # getattr: a filter is no part of the protocol, few schedulers have one
    admits = getattr(scheduler, "admits", None)
    outcomes: list[Outcome] = []
    kept: list[tuple[Episodes, list[int]]] = []
    first: Episodes | None = None
    for _ in range(MAX_BATCHES):
        tickets = scheduler.sample(groups, policy_version=policy_version)
        episodes = play(tickets)
        first = first or episodes
        told = outcomes_of(tickets, episodes)
        outcomes += told
        places = [p for p, outcome in enumerate(told) if admits is None or admits(outcome)]
        room = groups - sum(len(have) for _, have in kept)
        kept.append((episodes, places[:room]))
        if len(places) >= room:
            break
    assert first is not None
    total = sum(len(places) for _, places in kept)
    chosen = joined(kept) if total else first
    return Draw(chosen, outcomes, len(outcomes) - len(chosen.prompts))


def joined(parts: Sequence[tuple[Episodes, list[int]]]) -> Episodes:
    """Return the chosen groups of several plays as one; activations are not kept.

    Args:
        parts: episodes, and the numbers of the groups to take of them.
    """
    parts = [(episodes, places) for episodes, places in parts if places]
    if len(parts) == 1 and len(parts[0][1]) == len(parts[0][0].prompts):
        return parts[0][0]  # all of one play: with its activations
    turns = sum(episodes.turns * len(places) for episodes, places in parts)
    return Episodes(
        prompts=[episodes.prompts[p] for episodes, places in parts for p in places],
        rollout=_rollout(parts),
        rewards_PG=torch.cat([episodes.rewards_PG[places] for episodes, places in parts]),
        verdicts=[episodes.verdicts[p] for episodes, places in parts for p in places],
        turns=turns / sum(len(places) for _, places in parts),
    )


def _rollout(parts: Sequence[tuple[Episodes, list[int]]]) -> Rollout:
    """Return the rollouts of the chosen groups, padded to one shape."""
    prompts, prompt_masks, texts = [], [], []
    columns: dict[str, list[Tensor]] = {
        name: [] for name in ("completion_PGT", "mask_PGT", "entropy_PGT", "truncated_PG")
    }
    for episodes, places in parts:
        rollout = episodes.rollout
        every = len(rollout.texts) // len(episodes.prompts)
        rows = [p * every + g for p in places for g in range(every)]
        prompts.append(rollout.prompt_PS[places])
        prompt_masks.append(rollout.prompt_mask_PS[places])
        texts += [rollout.texts[row] for row in rows]
        for name, column in columns.items():
            column.append(getattr(rollout, name)[rows])  # the names are fields of Rollout
    # a pad is masked wherever it stands, so any token will do
    return Rollout(
        _padded(prompts, left=True),
        _padded(prompt_masks, left=True),
        _padded(columns["completion_PGT"]),
        _padded(columns["mask_PGT"]),
        _padded(columns["entropy_PGT"]),
        torch.cat(columns["truncated_PG"]),
        texts,
    )


def _padded(tensors: Sequence[Tensor], *, left: bool = False) -> Tensor:
    """Stack rows of different widths, with zeros at their left or right."""
    width = max(tensor.shape[1] for tensor in tensors)
    sides = [(width - tensor.shape[1], 0) if left else (0, width - tensor.shape[1])
             for tensor in tensors]  # fmt: skip
    return torch.cat(
        [torch.nn.functional.pad(tensor, side) for tensor, side in zip(tensors, sides, strict=True)]
    )
