"""Does a policy find higher levels harder; the only part of an audit that needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from frostline.agents.policy import load_policy
from frostline.envs import TextEnv
from frostline.envs.audit import Audit, Finding

from .evaluate import evaluate_level

CHECK = "policy"
SOLVES_SOMETHING = 0.05  # lower end of the best level's interval; below it a policy says nothing


def policy_check(name: str, *, problems: int, seed: int) -> Callable[[Audit], Audit]:
    """Return a function that adds a policy's pass rates to an audit.

    Args:
        name: `base`, `mixed`, a folder or a hub id.
        problems: tried per level, from the test split.
        seed: of the sampling.
    """
    policy = load_policy(name)

    def check(done: Audit) -> Audit:
        env = TextEnv(done.family)
        levels = range(1, len(done.family.levels) + 1)
        results = [
            evaluate_level(policy, env, level, split="test", problems=problems, seed=seed)
            for level in levels
        ]
        rates = [result.rate for result in results]
        findings = [
            Finding(CHECK, result.level, True, figures={"pass_rate": result.rate})
            for result in results
        ]
        rho = spearman(list(levels), rates)
        rises = rho > 0 and max(result.low for result in results) > SOLVES_SOMETHING
        detail = f"rank correlation of level and pass rate {rho:+.2f} ({name})"
        findings.append(Finding(CHECK, None, not rises, detail, {"rank_correlation": rho}))
        return replace(done, findings=(*done.findings, *findings))

    return check


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the rank correlation of two sequences (Spearman 1904); 0 if one is constant.

    >>> spearman([1, 2, 3], [0.9, 0.5, 0.1])
    -1.0
    """
    a, b = ranks(first), ranks(second)
    mean = (len(a) + 1) / 2
    across = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    within = [sum((x - mean) ** 2 for x in values) for values in (a, b)]
    return across / (within[0] * within[1]) ** 0.5 if all(within) else 0.0


def ranks(values: Sequence[float]) -> list[float]:
    """Return ranks from 1; equal values share their mean rank.

    >>> ranks([5, 3, 5])
    [2.5, 1.0, 2.5]
    """
    below = [sum(other < value for other in values) for value in values]
    equal = [sum(other == value for other in values) for value in values]
    return [low + (same + 1) / 2 for low, same in zip(below, equal, strict=True)]
