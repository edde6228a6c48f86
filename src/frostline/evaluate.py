"""Pass rates per family and level on held-out problems, with 95 % intervals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

from frostline.agents.policy import Policy
from frostline.agents.rollout import sample
from frostline.curricula import wilson_lower, wilson_upper
from frostline.envs import Status, TaskSpec, TextEnv
from frostline.envs.streams import index_from_seed

TAIL = 0.025  # one side of a 95 % interval
ROWS = 256  # completions sampled at a time


@dataclass(frozen=True, slots=True)
class LevelResult:
    """How a policy does on one level.

    Attributes:
        family: name of the family.
        level: 1 is the easiest.
        problems: problems tried, indices 0 … N-1 of the split.
        distinct: distinct questions among them.
        samples: completions of each.
        rate: pass@1, the share of completions that are CORRECT.
        low: lower end of its 95 % interval.
        high: upper end.
        pass_at_k: chance that at least one of `samples` completions is CORRECT.
        well_formed: share of completions that are not MALFORMED.
        verdicts: counts.
    """

    family: str
    level: int
    problems: int
    distinct: int
    samples: int
    rate: float
    low: float
    high: float
    pass_at_k: float
    well_formed: float
    verdicts: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def interval(rates: list[float], samples: int) -> tuple[float, float]:
    """Return the 95 % interval of a pass rate from the rate of each problem.

    Wilson (1927) on the number of completions; with several completions per problem, on the
    effective number that their variance between problems leaves (design effect, Kish 1965).
    """
    n = len(rates)
    mean = sum(rates) / n
    trials = float(n * samples)
    if samples > 1 and 0 < mean < 1 and n > 1:
        between = sum((r - mean) ** 2 for r in rates) / (n - 1)
        effect = max(1.0, between * samples / (mean * (1 - mean)))
        trials /= effect
    low, high = (bound(mean * trials, trials, TAIL) for bound in (wilson_lower, wilson_upper))
    return min(low, mean), max(high, mean)  # rounding can put 0 or 1 just outside


def pass_at_k(successes: int, samples: int, k: int) -> float:
    """Return the unbiased estimate of pass@k from `samples` completions (Chen et al. 2021).

    >>> pass_at_k(1, 4, 2)
    0.5
    """
    return 1.0 - math.comb(samples - successes, k) / math.comb(samples, k)


def evaluate_level(
    policy: Policy,
    env: TextEnv,
    level: int,
    *,
    split: str,
    problems: int,
    samples: int = 1,
    temperature: float = 1.0,
    max_completion_length: int = 32,
    seed: int = 0,
) -> LevelResult:
    """Return how `policy` does on problems 0 … `problems`-1 of a level.

    Args:
        policy: what answers.
        env: asks and grades.
        level: 1 is the easiest.
        split: `train`, `validation` or `test`.
        problems: how many.
        samples: completions of each.
        temperature: of the sampling; 0 is greedy.
        max_completion_length: tokens after which a completion is truncated.
        seed: of the sampling.
    """
    name = env.family.name
    tasks = [TaskSpec(name, level, split, i) for i in range(problems)]
    verdicts: list[Status] = []
    questions = set()
    per_batch = max(1, ROWS // samples)
    for start in range(0, problems, per_batch):
        batch = tasks[start : start + per_batch]
        prompts = [env.reset(options={"task": task})[0] for task in batch]
        generator = torch.Generator(policy.device).manual_seed(
            index_from_seed("evaluate", seed, name, level, split, start)
        )
        texts = sample(
            policy,
            prompts,
            generations=samples,
            max_completion_length=max_completion_length,
            temperature=temperature,
            generator=generator,
        ).texts
        for i, task in enumerate(batch):
            problem = env.family.problem(task)
            questions.add(problem.canonical)
            answers = texts[i * samples : (i + 1) * samples]
            verdicts += [env.grade(problem, text)[0].status for text in answers]
    return _result(name, level, problems, len(questions), samples, verdicts)


def _result(
    family: str, level: int, problems: int, distinct: int, samples: int, verdicts: list[Status]
) -> LevelResult:
    correct = [
        sum(v is Status.CORRECT for v in verdicts[i : i + samples])
        for i in range(0, len(verdicts), samples)
    ]
    low, high = interval([c / samples for c in correct], samples)
    counts = Counter(v.value for v in verdicts)
    return LevelResult(
        family=family,
        level=level,
        problems=problems,
        distinct=distinct,
        samples=samples,
        rate=sum(correct) / len(verdicts),
        low=low,
        high=high,
        pass_at_k=sum(pass_at_k(c, samples, samples) for c in correct) / problems,
        well_formed=1 - counts[Status.MALFORMED.value] / len(verdicts),
        verdicts={status.value: counts[status.value] for status in Status},
    )


def evaluate(
    policy: Policy,
    envs: Mapping[str, TextEnv],
    *,
    levels: Mapping[str, list[int]] | None = None,
    on_level: Callable[[LevelResult], None] | None = None,
    **options: Any,
) -> list[LevelResult]:
    """Return the results of every level of every family.

    Args:
        policy: what answers.
        envs: one environment per family.
        levels: levels per family; all of them by default.
        on_level: called with each result as it is there.
        options: passed on to `evaluate_level`.
    """
    results = []
    for env, level in _rungs(envs, levels):
        results.append(evaluate_level(policy, env, level, **options))
        if on_level:
            on_level(results[-1])
    return results


def _rungs(
    envs: Mapping[str, TextEnv], levels: Mapping[str, list[int]] | None
) -> Iterator[tuple[TextEnv, int]]:
    for name, env in envs.items():
        chosen = levels[name] if levels else range(1, len(env.family.levels) + 1)
        for level in chosen:
            yield env, level
