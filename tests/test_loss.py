"""The clipped token loss and its weights against numbers worked out by hand."""

import math

import pytest
import torch
from torch import Tensor

from frostline.agents.batch import Batch
from frostline.agents.config import GRPOConfig
from frostline.agents.loss import clipped_loss, token_weights

MASK = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])


def losses(ratio: float, advantage: float, **options: float) -> tuple[float, bool, float]:
    """Return loss, clipped and KL of one token whose probability has changed by `ratio`."""
    config = GRPOConfig.model_validate({"epsilon": 0.2, "epsilon_high": 0.3} | options)
    old = torch.tensor([[-1.0]])
    new = old + math.log(ratio)
    reference = torch.tensor([[-2.0]]) if config.beta else None
    loss, clipped, kl = clipped_loss(new, old, torch.tensor([advantage]), config, reference)
    return loss.item(), bool(clipped), kl.item()


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "clipped"),
    [
        (1.0, 2.0, -2.0, False),  # on policy: minus the advantage
        (1.25, 2.0, -2.5, False),  # inside 0.8 … 1.3: minus ratio times advantage
        (1.5, 2.0, -2.6, True),  # above: 1.3 * 2
        (0.5, 2.0, -1.0, False),  # a good token that became unlikely is not clipped
        (0.9, -2.0, 1.8, False),
        (0.5, -2.0, 1.6, True),  # below: 0.8 * 2
        (1.5, -2.0, 3.0, False),  # a bad token that became likely is not clipped
        (1.5, 0.0, 0.0, False),
    ],
)
def test_the_surrogate_is_clipped_on_the_side_of_the_advantage(
    ratio: float, advantage: float, loss: float, clipped: bool
) -> None:
    got = losses(ratio, advantage)
    assert got[0] == pytest.approx(loss, rel=1e-6)
    assert got[1:] == (clipped, 0.0)


def test_the_kl_penalty_is_the_k3_estimate_times_the_ratio() -> None:
    # log policy -1, log reference -2: r = -1, exp(r) - r - 1 = 1/e
    loss, clipped, kl = losses(1.0, 0.0, beta=0.5)
    assert loss == pytest.approx(0.5 / math.e)
    assert kl == pytest.approx(1 / math.e)
    assert not clipped
    # ratio 2: log policy -1 + log 2; r = -1 - log 2, exp(r) - r - 1 = 1/(2e) + log 2, times 2
    kl = 1 / math.e + 2 * math.log(2)
    assert losses(2.0, 0.0, beta=0.5)[2] == pytest.approx(kl, rel=1e-6)


def test_a_clipped_token_has_no_gradient() -> None:
    old = torch.tensor([[-1.0, -1.0]])
    new = (old + torch.tensor([[math.log(1.5), 0.0]])).requires_grad_()
    loss, _, _ = clipped_loss(new, old, torch.tensor([2.0]), GRPOConfig())
    loss.sum().backward()
    # d/dlog p of -ratio * A is -A on policy
    assert new.grad is not None
    assert new.grad.tolist() == [[0.0, -2.0]]


@pytest.mark.parametrize(
    ("loss_type", "expected"),
    [
        ("dapo", [[1 / 4, 1 / 4, 1 / 4], [1 / 4, 0, 0]]),  # four tokens
        ("bnpo", [[1 / 4, 1 / 4, 1 / 4], [1 / 4, 0, 0]]),
        ("grpo", [[1 / 6, 1 / 6, 1 / 6], [1 / 2, 0, 0]]),  # two rows, of three and one
        ("dr_grpo", [[1 / 10, 1 / 10, 1 / 10], [1 / 10, 0, 0]]),  # two rows of five at most
    ],
)
def test_token_weights_are_those_of_the_loss_type(
    loss_type: str, expected: list[list[float]]
) -> None:
    config = GRPOConfig.model_validate({"loss_type": loss_type, "max_completion_length": 5})
    weights = token_weights(MASK, config)
    assert torch.allclose(weights, torch.tensor(expected))


@pytest.mark.parametrize("loss_type", ["dapo", "bnpo", "grpo", "dr_grpo"])
def test_rows_without_tokens_have_no_weight(loss_type: str) -> None:
    config = GRPOConfig.model_validate({"loss_type": loss_type})
    assert token_weights(torch.zeros(2, 3), config).tolist() == [[0.0] * 3] * 2


def batch() -> Batch:
    """Return three groups of two completions; only the second needs every column."""
    prompts = torch.tensor([[0, 1, 2], [3, 4, 5], [0, 0, 6]])
    masks = torch.tensor([[0, 1, 1], [1, 1, 1], [0, 0, 1]])
    lengths = torch.tensor([2, 1, 4, 3, 1, 2])
    mask = (torch.arange(4) < lengths[:, None]).long()
    return Batch(prompts, masks, torch.arange(24).view(6, 4), mask, torch.arange(6.0))


def test_chosen_groups_keep_their_rows_and_lose_columns_of_padding() -> None:
    part = batch().groups(torch.tensor([0, 2]))
    assert part.prompt_PS.tolist() == [[1, 2], [0, 6]]
    assert part.completion_PGT.tolist() == [[0, 1], [4, 5], [16, 17], [20, 21]]
    assert part.mask_PGT.tolist() == [[1, 1], [1, 0], [1, 0], [1, 1]]
    assert part.advantages_PG.tolist() == [0.0, 1.0, 4.0, 5.0]


def test_groups_whose_rows_are_all_masked_keep_one_column() -> None:
    whole = batch()
    empty = Batch(
        whole.prompt_PS,
        whole.prompt_mask_PS,
        whole.completion_PGT,
        torch.zeros_like(whole.mask_PGT),
        whole.advantages_PG,
    )
    part: Tensor = empty.groups(torch.tensor([1])).completion_PGT
    assert part.shape == (2, 1)
