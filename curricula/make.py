"""From options to a curriculum."""

from .baselines import FixedLevel, Uniform
from .config import CurriculumConfig
from .ladder import PromotionLadder
from .protocol import Curriculum, Space


def make_curriculum(config: CurriculumConfig, space: Space, seed: int) -> Curriculum:
    """Build the curriculum that `config` describes.

    Args:
        config: the options; those that belong to another kind are not looked at.
        space: families and their numbers of levels.
        seed: of the curriculum's private random stream.

    Raises:
        ValueError: if the options name a family or level that `space` does not have.

    >>> curriculum = make_curriculum(CurriculumConfig(), {"arithmetic": 6}, seed=0)
    >>> [ticket.level for ticket in curriculum.sample(4, policy_version=0)]
    [1, 1, 1, 1]
    """
    if config.kind == "uniform":
        return Uniform(space, seed)
    if config.kind == "fixed":
        return FixedLevel(space, config.level, seed)
    return PromotionLadder(space, config, seed)
