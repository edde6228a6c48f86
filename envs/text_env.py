"""The Gymnasium environment: one episode is one problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium

from .extract import check_format, extract
from .families import FAMILIES
from .family import Family, check_level, check_split, near
from .instructions import prompt_text
from .problem import Problem, Status, TaskSpec, Verdict
from .spaces import PromptText
from .streams import index_from_seed

OPTIONS = ("level", "split", "task")


class TextEnv(gymnasium.Env[str, str]):
    r"""A problem to be answered in text, from a family's ladder of levels.

    ## Description
    Each episode asks one problem of a family, at a level and from a split. A problem is a pure
    function of its `TaskSpec`; splits share no question.

    ## Observation
    A string: the question and the instruction on the answer's format; after a wrong answer that
    leaves turns, a sentence of feedback.

    ## Action
    A string: the whole completion. The answer is read from it by `answer_format`: `raw` (all of
    it), `tag` (one `<answer>…</answer>` after any `</think>`), `boxed` (one `\boxed{…}`).

    ## Levels
    `frostline list` prints each family's levels; 1 is the easiest.

    ## Reward
    1.0 for a CORRECT verdict, multiplied by `discount` for each turn used before it; else 0.0.
    `info["verdict"]` tells a wrong answer from a malformed one and from an error of ours.

    ## Episode end
    Terminated by a correct answer or after `max_turns` answers; never truncated.

    ## Arguments
    `family`, `level=1`, `split="train"`, `answer_format="raw"`, `max_turns=1`, `discount=1.0`.
    `reset(options={"level": 3, "split": "test"})` changes level and split for that episode;
    `reset(options={"task": TaskSpec(...)})` asks that very problem.

    ## Version history
    v0: first release.
    """

    # Gymnasium's checker wants a rate, whatever the mode
    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012

    def __init__(
        self,
        family: str | Family,
        *,
        level: int = 1,
        split: str = "train",
        answer_format: str = "raw",
        max_turns: int = 1,
        discount: float = 1.0,
        render_mode: str | None = None,
    ) -> None:
        """Make the environment.

        Args:
            family: name of a family that ships, or a `Family` of your own.
            level: level of an episode whose `reset` names none; 1 is the easiest.
            split: `train`, `validation` or `test`.
            answer_format: `raw`, `tag` or `boxed`.
            max_turns: answers allowed per episode.
            discount: factor on the reward per turn used before the correct one, in (0, 1].
            render_mode: `ansi` makes `render` return the episode as text.

        Raises:
            ValueError: for an unknown family, level, split or format; it names the nearest.
        """
        self.family = as_family(family)
        self.level = check_level(level, top=len(self.family.levels), family=self.family.name)
        self.split = check_split(split)
        self.answer_format = check_format(answer_format)
        self.max_turns, self.discount = _check_turns(max_turns, discount)
        if render_mode not in (None, "ansi"):
            raise ValueError(f"render_mode must be None or 'ansi', got {render_mode!r}")
        self.render_mode = render_mode
        self.observation_space = PromptText()
        self.action_space = PromptText()
        self._seed: int | None = None
        self._episode = 0
        self._turn = 0
        self._problem: Problem | None = None
        self._transcript: list[str] = []

    @property
    def problem(self) -> Problem:
        """Return the problem of the current episode.

        Raises:
            RuntimeError: before the first `reset`.
        """
        if self._problem is None:
            raise RuntimeError("call reset() before the first step")
        return self._problem

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Start an episode and return its prompt.

        Args:
            seed: starts a repeatable series of episodes.
            options: `level`, `split`, or a whole `task`: a `TaskSpec` or a mapping of its fields.

        Raises:
            ValueError: for an unknown option, level or split; it names the nearest valid one.
        """
        if seed is not None:
            super().reset(seed=seed)
            self._seed, self._episode = seed, 0
        task = self._task(options) if options else self._drawn(self.level, self.split)
        self._problem = problem = self.family.problem(task)
        self._turn = 0
        prompt = prompt_text(problem.question, self.answer_format, self.family.answer_noun)
        self._transcript = [prompt]
        return prompt, {"task": task}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Grade a completion.

        Args:
            action: what the model wrote, whatever it is.

        Returns:
            feedback, reward, terminated, truncated (always False) and info with `verdict`,
            `reason` and `task`.

        Raises:
            RuntimeError: before the first `reset` or after the end of the episode.
            ValueError: `action` is not a string.
        """
        if not isinstance(action, str):
            raise ValueError(f"action must be a string, got {action!r}")
        problem = self.problem
        if self._turn >= self.max_turns:
            raise RuntimeError("the episode is over; call reset()")
        verdict, answer = self.grade(problem, action)
        reward = verdict.reward * self.discount**self._turn
        self._turn += 1
        correct = verdict.status is Status.CORRECT
        terminated = correct or self._turn >= self.max_turns
        if correct:
            feedback = "Correct."
        elif verdict.status is Status.VERIFIER_ERROR:
            feedback = "No verdict: the verifier failed."
        elif terminated or answer is None:
            feedback = "Not correct."
        else:
            feedback = self.family.feedback(problem, answer)
        self._transcript += [action, feedback]
        if terminated:
            self._turn = self.max_turns
        info = {"task": problem.task, "verdict": verdict.status.value, "reason": verdict.reason}
        return feedback, reward, terminated, False, info

    def grade(self, problem: Problem, completion: str) -> tuple[Verdict, str | None]:
        """Return the verdict on a completion and the answer read from it, if there is one."""
        answer = extract(completion, self.answer_format)
        if isinstance(answer, Verdict):
            return answer, None
        return self.family.verify(problem, answer), answer

    def render(self) -> str | None:
        """Return the episode so far as text if `render_mode` is `ansi`."""
        return "\n".join(self._transcript) if self.render_mode == "ansi" else None

    def _task(self, options: Mapping[str, Any]) -> TaskSpec:
        if not isinstance(options, Mapping):
            raise ValueError(f"options must be a mapping such as {{'level': 3}}, got {options!r}")
        for name in options:
            if name not in OPTIONS:
                hint = near(name, OPTIONS)
                raise ValueError(f"option must be one of {', '.join(OPTIONS)}, got {name!r}{hint}")
        task = options.get("task")
        if task is None:
            level = options.get("level", self.level)
            check_level(level, top=len(self.family.levels), family=self.family.name)
            return self._drawn(level, check_split(options.get("split", self.split)))
        if len(options) > 1:
            others = ", ".join(name for name in options if name != "task")
            raise ValueError(f"option task stands alone, got also {others}")
        return as_task(task)

    def _drawn(self, level: int, split: str) -> TaskSpec:
        """Return the next task of the series that the seed started."""
        if self._seed is None:
            self._seed = int(self.np_random.integers(2**62))
        self._episode += 1
        index = index_from_seed(self._seed, self._episode)
        return TaskSpec(self.family.name, level, split, index)


def as_family(family: object) -> Family:
    """Return the family that ships under this name, or the `Family` given; else ValueError."""
    if isinstance(family, Family):
        return family
    if isinstance(family, str) and family in FAMILIES:
        return FAMILIES[family]
    names, hint = ", ".join(FAMILIES), near(family, FAMILIES)
    raise ValueError(f"family must be a Family or one of {names}, got {family!r}{hint}")


def as_task(task: object) -> TaskSpec:
    """Return the `TaskSpec` given, or the one whose fields a mapping holds; else ValueError."""
    if isinstance(task, TaskSpec):
        return task
    if isinstance(task, Mapping) and task.keys() == set(TaskSpec.__slots__):
        return TaskSpec(**task)
    hint = f"a mapping needs the keys {', '.join(TaskSpec.__slots__)}"
    raise ValueError(f"option task must be a TaskSpec, got {task!r}; {hint}")


def _check_turns(max_turns: object, discount: object) -> tuple[int, float]:
    if isinstance(max_turns, bool) or not isinstance(max_turns, int) or max_turns < 1:
        raise ValueError(f"max_turns must be a whole number of at least 1, got {max_turns!r}")
    if not isinstance(discount, int | float) or not 0 < discount <= 1:
        raise ValueError(f"discount must be a number in (0, 1], got {discount!r}")
    return max_turns, discount
