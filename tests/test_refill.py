"""Dynamic sampling: a filtering curriculum's batch is filled up from further draws."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from children import Coin

from frostline.agents import GRPOAgent
from frostline.agents.config import GRPOConfig
from frostline.agents.episodes import Episodes
from frostline.agents.refill import MAX_BATCHES, draw_batch, joined
from frostline.agents.rollout import Rollout
from frostline.curricula import PRESETS, Ticket
from frostline.envs import Status, TextEnv

RIGHT, WRONG, OURS = Status.CORRECT, Status.WRONG, Status.VERIFIER_ERROR
MIXED, ALL, NONE, ERROR = [RIGHT, WRONG], [RIGHT, RIGHT], [WRONG, WRONG], [RIGHT, OURS]


def episodes(*verdicts: list[Status], width: int = 2, length: int = 3) -> Episodes:
    """Return groups of two; the tokens of group p are p + 1."""
    P = len(verdicts)
    prompt = torch.arange(1, P + 1)[:, None].expand(P, width).clone()
    rows = torch.arange(1, P + 1).repeat_interleave(2)[:, None].expand(2 * P, length).clone()
    rollout = Rollout(
        prompt, torch.ones_like(prompt), rows, torch.ones_like(rows), rows / 10,
        torch.zeros(2 * P, dtype=torch.bool), [f"{p}{g}" for p in range(P) for g in range(2)],
    )  # fmt: skip
    rewards = torch.tensor([[float(v is RIGHT) for v in row] for row in verdicts])
    return Episodes([f"prompt {p}" for p in range(P)], rollout, rewards, list(verdicts), 1.0)


class Script:
    """Plays prepared episodes, one call after the other."""

    def __init__(self, *plays: Episodes) -> None:
        self.plays = list(plays)

    def __call__(self, tickets: list[Ticket]) -> Episodes:
        played = self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]
        assert len(tickets) == len(played.prompts)
        return played


def test_a_batch_is_filled_up_with_mixed_groups_and_all_outcomes_are_told() -> None:
    play = Script(episodes(MIXED, ALL, NONE), episodes(ERROR, MIXED, MIXED))
    draw = draw_batch(PRESETS["dapo"]({"a": 2}, seed=0), 3, policy_version=4, play=play)
    assert [list(row) for row in draw.episodes.verdicts] == [MIXED, MIXED, MIXED]
    assert [(o.successes, o.error) for o in draw.outcomes] == [
        (1, False), (2, False), (0, False), (1, True), (1, False), (1, False),
    ]  # fmt: skip
    assert draw.discarded == 3
    assert {o.ticket.policy_version for o in draw.outcomes} == {4}


def test_a_surplus_of_mixed_groups_is_left_out() -> None:
    play = Script(episodes(MIXED, ALL), episodes(MIXED, MIXED))
    draw = draw_batch(PRESETS["dapo"]({"a": 2}, seed=0), 2, policy_version=0, play=play)
    assert draw.episodes.rollout.texts == ["00", "01", "00", "01"]
    assert (len(draw.outcomes), draw.discarded) == (4, 2)


def test_drawing_ends_after_ten_batches_though_none_is_mixed() -> None:
    draw = draw_batch(
        PRESETS["dapo"]({"a": 2}, seed=0), 2, policy_version=0, play=Script(episodes(ALL, NONE))
    )
    assert len(draw.outcomes) == 2 * MAX_BATCHES
    assert draw.episodes.verdicts == [ALL, NONE]


@pytest.mark.parametrize("kind", ["uniform", "frontier"])
def test_a_curriculum_without_a_filter_draws_once_and_keeps_the_very_episodes(kind: str) -> None:
    played = episodes(ALL, NONE, ERROR)
    draw = draw_batch(PRESETS[kind]({"a": 2}, seed=0), 3, policy_version=0, play=Script(played))
    assert draw.episodes is played
    assert draw.discarded == 0


def test_joined_groups_are_padded_and_masked_to_one_shape() -> None:
    narrow, wide = episodes(MIXED, ALL), episodes(MIXED, MIXED, width=4, length=5)
    both = joined([(narrow, [0]), (wide, [1])])
    rollout = both.rollout
    assert rollout.prompt_PS.tolist() == [[0, 0, 1, 1], [2, 2, 2, 2]]
    assert rollout.prompt_mask_PS.tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]
    assert rollout.completion_PGT[0].tolist() == [1, 1, 1, 0, 0]
    assert rollout.mask_PGT.sum(1).tolist() == [3, 3, 5, 5]
    assert rollout.texts == ["00", "01", "10", "11"]
    assert both.prompts == ["prompt 0", "prompt 1"]
    assert both.rewards_PG.tolist() == [[1, 0], [1, 0]]


def test_an_agent_under_dapo_trains_on_mixed_groups_and_logs_what_it_discarded(
    tiny: Callable[[str], Path],
) -> None:
    config = GRPOConfig(groups=3, num_generations=4, max_completion_length=4, learning_rate=0.01)
    agent = GRPOAgent(str(tiny("llama")), "dapo", [TextEnv(Coin())], config=config, seed=1)
    seen = agent.train(3)
    for line in seen:
        mixed = sum(0 < right < trials for _, _, right, trials in line["groups"])
        assert line["discarded"] == len(line["groups"]) - min(3, mixed or 3)
        assert line["signal"] == 1 or mixed < 3
    assert any(line["discarded"] for line in seen)
    assert agent.curriculum.state_dict()["book"]["open"] == []
