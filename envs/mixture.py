"""Several families in one environment: each episode draws one by weight."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import gymnasium

from .families import FAMILIES
from .family import Family, near
from .problem import Problem, Verdict
from .spaces import PromptText
from .streams import index_from_seed, keyed_rng
from .text_env import TextEnv, as_family, as_task

# a mapping's keys are invariant: one of `str` is none of `str | Family`
Weights: TypeAlias = Mapping[str, float] | Mapping[Family, float] | Mapping[str | Family, float]


class Mixture(gymnasium.Env[str, str]):
    """Problems of several families, drawn by weight; one episode is one problem.

    ## Description
    `gymnasium.make("frostline/Mixture-v0", families={"arithmetic": 2, "countdown": 1})` asks two
    problems of arithmetic for each one of countdown, in random order. The family of an episode is
    a pure function of the seed and the episode's number; `info["task"].family` names it.

    ## Levels
    Those of each family: `levels={"arithmetic": 3}` sets the level of one, the others start at 1.
    `reset(options={"level": 3})` asks for level 3 of whichever family is drawn; a family that has
    no such level is an error, and the episode is not used up.

    ## Arguments
    `families=None` (weights by family, or a list for equal ones; without it every family that
    ships), `levels=None`, `split="train"`, `answer_format="raw"`, `max_turns=1`, `discount=1.0`.
    `reset(options={"level": 3, "split": "test"})` changes level and split for that episode;
    `reset(options={"task": TaskSpec(...)})` asks that very problem of one of the families.

    ## Version history
    v0: first release.
    """

    metadata: dict[str, Any] = TextEnv.metadata

    def __init__(
        self,
        families: Weights | Sequence[str | Family] | None = None,
        *,
        levels: Mapping[str, int] | None = None,
        split: str = "train",
        answer_format: str = "raw",
        max_turns: int = 1,
        discount: float = 1.0,
        render_mode: str | None = None,
    ) -> None:
        """Make the environment.

        Args:
            families: weights above 0 by family, or families of equal weight; None is all.
            levels: level of the episodes of a family, by its name; 1 where none is given.
            split: `train`, `validation` or `test`.
            answer_format: `raw`, `tag` or `boxed`.
            max_turns: answers allowed per episode.
            discount: factor on the reward per turn used before the correct one, in (0, 1].
            render_mode: `ansi` makes `render` return the episode as text.

        Raises:
            ValueError: for an unknown family, a family given twice, a weight that is no number
                above 0, or an argument that `TextEnv` refuses.
        """
        weighted = _weights(families)
        levels = _levels(levels, weighted)
        self.weights = {name: weight for name, (_, weight) in weighted.items()}
        # one environment for each family does all the work
        self.parts = {
            name: TextEnv(
                family,
                level=levels.get(name, 1),
                split=split,
                answer_format=answer_format,
                max_turns=max_turns,
                discount=discount,
                render_mode=render_mode,
            )
            for name, (family, _) in weighted.items()
        }
        self.render_mode = render_mode
        self.observation_space = PromptText()
        self.action_space = PromptText()
        self._seed: int | None = None
        self._episode = 0
        self._part: TextEnv | None = None

    @property
    def problem(self) -> Problem:
        """Return the problem of the current episode.

        Raises:
            RuntimeError: before the first `reset`.
        """
        return self._current().problem

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Start an episode and return its prompt.

        Args:
            seed: starts a repeatable series of episodes.
            options: `level`, `split`, or a whole `task`, as `TextEnv` takes them.

        Raises:
            ValueError: for an unknown option, or one that the family drawn does not have.
        """
        if seed is not None:
            super().reset(seed=seed)
            self._seed, self._episode = seed, 0
        if self._seed is None:
            self._seed = int(self.np_random.integers(2**62))
        task = options.get("task") if isinstance(options, Mapping) else None
        if task is not None:
            part = self._part_of(as_task(task).family)
            started = part.reset(options=options)
        else:
            key = (self._seed, self._episode + 1)
            part = self.parts[self._family_of(*key)]
            # each episode is the first of a series of its own
            started = part.reset(seed=index_from_seed("mixture", *key), options=options)
            self._episode += 1  # not before: an option that is refused uses up no episode
        self._part = part
        return started

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Grade a completion as the family of the episode does; see `TextEnv.step`.

        Raises:
            RuntimeError: before the first `reset` or after the end of the episode.
            ValueError: `action` is not a string.
        """
        return self._current().step(action)

    def grade(self, problem: Problem, completion: str) -> tuple[Verdict, str | None]:
        """Return the verdict on a completion and the answer read from it; see `TextEnv.grade`."""
        return self._part_of(problem.task.family).grade(problem, completion)

    def render(self) -> str | None:
        """Return the episode so far as text if `render_mode` is `ansi`."""
        return None if self._part is None else self._part.render()

    def _current(self) -> TextEnv:
        if self._part is None:
            raise RuntimeError("call reset() before the first step")
        return self._part

    def _part_of(self, family: str) -> TextEnv:
        if family not in self.parts:
            names, hint = ", ".join(self.parts), near(family, self.parts)
            raise ValueError(f"task.family must be one of {names}, got {family!r}{hint}")
        return self.parts[family]

    def _family_of(self, seed: int, episode: int) -> str:
        """Return the family of an episode, a pure function of seed and number."""
        rng = keyed_rng("mixture", seed, episode)
        (name,) = rng.choices(list(self.weights), weights=list(self.weights.values()))
        return name


def _weights(families: object) -> dict[str, tuple[Family, float]]:
    """Return families and their weights by name, in the order given."""
    given = FAMILIES if families is None else families
    if isinstance(given, str) or not isinstance(given, Mapping | Sequence) or not given:
        rule = "weights by family, or a list of families"
        raise ValueError(f'families must be {rule}, such as {{"arithmetic": 2}}; got {given!r}')
    pairs = given.items() if isinstance(given, Mapping) and families is not None else None
    found: dict[str, tuple[Family, float]] = {}
    for name, weight in pairs or ((name, 1) for name in given):
        family = as_family(name)
        if family.name in found:
            raise ValueError(f"families must name each one once, got {family.name!r} twice")
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not 0 < weight < math.inf:
            rule = f"the weight of {family.name} must be a number above 0"
            raise ValueError(f"{rule}, got {weight!r}; leave out a family that is not to be drawn")
        found[family.name] = family, weight
    if sum(weight for _, weight in found.values()) > sys.float_info.max:
        raise ValueError(f"the weights must sum to at most {sys.float_info.max}, got more")
    return found


def _levels(levels: object, families: Mapping[str, object]) -> Mapping[str, int]:
    if levels is None:
        return {}
    if not isinstance(levels, Mapping):
        rule = 'levels must be given by family, such as {"arithmetic": 3}'
        raise ValueError(f"{rule}; got {levels!r}")
    for name in levels:
        if name not in families:
            names, hint = ", ".join(families), near(name, families)
            raise ValueError(
                f"levels must name families of the mixture: {names}; got {name!r}{hint}"
            )
    return levels
