"""What is wrong with a study beyond what its file can tell: found before anything runs."""

from __future__ import annotations

from frostline.agents.policy import load_policy, weights_hash
from frostline.agents.subsets import resolve
from frostline.curricula import make_curriculum
from frostline.envs import TextEnv

from ..families import make_envs
from ..parts import check_room
from ..plan import empty_policy
from .spec import Study


def check_study(study: Study) -> str:
    """Return the hash of the policy's weights if every run of a study can start.

    Raises:
        ValueError: for a policy that cannot be loaded or has too little room for the problems, an
            arm whose weights it lacks, or a curriculum whose options do not fit the families.
    """
    train = study.train
    envs = make_envs(train.family, train.answer_format)
    policy = load_policy(train.policy)
    others: dict[str, TextEnv] = {}
    if study.exam.others:
        others = make_envs(study.exam.others, train.answer_format)
    check_room(policy, {**envs, **others}, train.grpo.max_completion_length)
    for arm in study.arms:
        if not arm.untrained:
            subset = resolve(arm.trainable, empty_policy(train.policy), initialise=False)
            if subset.schedule is not None:
                subset.schedule.start(subset.layers, 0)  # it may need a file
    for name in study.curricula:
        make_curriculum(
            study.curriculum_config(name),
            study.space(envs),
            0,
            horizon=train.iterations,
            groups=train.grpo.groups,
            generations=train.grpo.num_generations,
        )
    return weights_hash(policy.model)
