"""Gymnasium wrappers: every reset asks what a scheduler chooses, every ending is reported to it.

No other module of the package imports Gymnasium. There is no queue and no thread: the scheduler
lives in the process of the training loop, also where the environments run in others.
"""

from collections.abc import Mapping
from typing import Any, final

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from .asking import ToOptions, check_asked, task_at, task_options
from .checks import check_option
from .groups import Answer, OpenGroups
from .protocol import Event, Scheduler, Ticket


@final
class TicketSlot(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Holds what an environment is asked at its resets, and says how each episode ended.

    `CurriculumVectorWrapper` needs one around every sub-environment, because an autoreset passes no
    options: what it is to ask must be there before. `info["ticket"]` is the ticket of the episode,
    None if there is none. At the end of an episode there are also `info["success"]` and
    `info["verifier_error"]`.

    An episode is a success if its last `info["verdict"]` is "CORRECT" or, without a verdict, if its
    rewards sum to `success_reward` at least, whether it was terminated or truncated. It is an error
    if it is no success and one of its verdicts was "VERIFIER_ERROR". Steps after its end count for
    no ticket.

    Attributes:
        ticket_slot: a ticket and its reset options, asked at every reset without options.
        success_reward: smallest sum of rewards that is a success.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], success_reward: float = 1.0) -> None:
        """Wrap an environment; without a ticket, its resets are what they were."""
        super().__init__(env)
        self.ticket_slot: tuple[Ticket, Mapping[str, Any]] | None = None
        self.success_reward = check_option("success_reward", success_reward)
        self._ticket: Ticket | None = None
        self._rewards = 0.0
        self._failed = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode of the ticket, or of the caller's own options if there are any."""
        self._ticket, self._rewards, self._failed = None, 0.0, False
        if not options and self.ticket_slot is not None:
            self._ticket, asked = self.ticket_slot
            options = dict(asked)
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, info | {"ticket": self._ticket}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step; at the end of the episode, judge it."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._rewards += float(reward)
        verdict = info.get("verdict")
        self._failed |= verdict == "VERIFIER_ERROR"
        info = info | {"ticket": self._ticket}
        if terminated or truncated:
            enough = self._rewards >= self.success_reward
            success = bool(enough if verdict is None else verdict == "CORRECT")
            info |= {"success": success, "verifier_error": self._failed and not success}
            self._ticket = None
        return observation, reward, terminated, truncated, info


@final
class CurriculumWrapper(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Lets a scheduler choose what an environment asks.

    Each reset asks the problem of a ticket; a reset with options of the caller's own asks that
    instead and is not reported. When an episode ends, its success is counted; when `generations`
    episodes of a ticket have ended, the scheduler hears one outcome. An episode that is broken off
    by a reset counts for nothing, and its ticket is asked again; `discard` gives a ticket up.
    What `info` holds, and what a success is, says `TicketSlot`.

    Attributes:
        policy_version: told to the scheduler with each new ticket; set it when the policy changes.
        events: promotions and the like, in the order of their decision; empty it as you like.

    >>> import frostline
    >>> from frostline.curricula.presets import frontier
    >>> scheduler = frontier({"arithmetic": 11}, seed=0)
    >>> env = CurriculumWrapper(gymnasium.make("frostline/Arithmetic-v0"), scheduler)
    >>> prompt, info = env.reset()
    >>> info["ticket"].level == info["task"].level
    True
    >>> _, _, _, _, info = env.step("no idea")
    >>> info["success"]
    False
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        scheduler: Scheduler,
        *,
        generations: int = 1,
        success_reward: float = 1.0,
        to_options: ToOptions | None = None,
    ) -> None:
        """Wrap an environment.

        Args:
            env: the environment.
            scheduler: chooses the tickets; its families must be those that `env` knows.
            generations: episodes per ticket, one after the other.
            success_reward: smallest sum of rewards that is a success, where there is no verdict.
            to_options: the reset options that ask for a ticket; for an environment that has levels
                but no numbered problems, such as `lambda ticket: {"level": ticket.level}`. None is
                for `task_options`, and `info["task"]` must be the task asked for then.

        Raises:
            ValueError: if an argument is not what it should be.
        """
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,  # the scheduler is shared, not copied
            scheduler=scheduler,
            generations=generations,
            success_reward=success_reward,
            to_options=to_options,
        )
        super().__init__(env)
        self._groups = OpenGroups(scheduler, places=1, generations=generations)
        self._slot = TicketSlot(env, success_reward)
        self._to_options, self._default = to_options or task_options, to_options is None
        self.policy_version = 0
        self.events: list[Event] = []

    @property
    def spec(self) -> EnvSpec | None:  # type: ignore[override]  # it is a property above as well
        """The specification, marked as one whose seed does not determine an episode."""
        spec = super().spec
        if spec is not None:
            spec.nondeterministic = True
        return spec

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode of the scheduler's choice, or of the caller's own options."""
        if not options:
            ticket = self._groups.ask({0: None}, policy_version=self.policy_version)[0]
            self._slot.ticket_slot = ticket, self._to_options(ticket)
        observation, info = self._slot.reset(seed=seed, options=options)
        if self._default and info["ticket"] is not None:
            check_asked(info["ticket"], info.get("task"))
        return observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take a step; at the end of a group, tell the scheduler."""
        observation, reward, terminated, truncated, info = self._slot.step(action)
        if terminated or truncated:
            answer = Answer(0, info["ticket"], info["success"], info["verifier_error"])
            self.events += self._groups.answer([answer])
        return observation, reward, terminated, truncated, info

    def discard(self) -> None:
        """Give up the ticket, as an error of ours, so that the next reset asks another."""
        self.events += self._groups.discard(0)

    def state_dict(self) -> dict[str, Any]:
        """Return the scheduler's state and the answers of unfinished groups, as JSON values."""
        return self._groups.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore a state that fits, or raise ValueError; the next `reset` asks what it asked."""
        self._groups.load_state_dict(state)


@final
class CurriculumVectorWrapper(gymnasium.vector.VectorWrapper[Any, Any, Any, Any, Any]):
    """Lets a scheduler choose what each sub-environment of a vector asks; see `CurriculumWrapper`.

    Every sub-environment works on a ticket of its own and needs a `TicketSlot` around it. All of
    Gymnasium's autoreset modes work, here and in other processes. With `SAME_STEP` the ticket of an
    episode is drawn before the episode ahead of it has ended, so the scheduler hears of a group one
    ticket late. `info["ticket"]` and the like are arrays, as Gymnasium batches them; with
    `SAME_STEP` those of an episode that ended are in `infos["final_info"]`. `policy_version` and
    `events` are those of `CurriculumWrapper`.

    >>> import frostline
    >>> from frostline.curricula.presets import frontier
    >>> scheduler = frontier({"arithmetic": 11}, seed=0)
    >>> envs = gymnasium.make_vec("frostline/Arithmetic-v0", num_envs=2, wrappers=[TicketSlot])
    >>> envs = CurriculumVectorWrapper(envs, scheduler)
    >>> prompts, infos = envs.reset()
    >>> [ticket.id for ticket in infos["ticket"]]
    [0, 1]
    """

    def __init__(
        self,
        env: gymnasium.vector.VectorEnv[Any, Any, Any],
        scheduler: Scheduler,
        *,
        generations: int = 1,
        success_reward: float = 1.0,
        to_options: ToOptions | None = None,
    ) -> None:
        """Wrap a vector environment; the arguments are those of `CurriculumWrapper`.

        Raises:
            ValueError: if `env` is no vector of Gymnasium's own, a sub-environment has no
                `TicketSlot`, or another argument is not what it should be.
        """
        super().__init__(env)
        self._base = _with_slots(env)
        self._base.set_attr("success_reward", check_option("success_reward", success_reward))
        self._groups = OpenGroups(scheduler, places=env.num_envs, generations=generations)
        self._slots: list[tuple[Ticket, Mapping[str, Any]] | None] = [None] * env.num_envs
        self._running: dict[int, Ticket | None] = dict.fromkeys(range(env.num_envs))
        self._to_options, self._default = to_options or task_options, to_options is None
        self.policy_version = 0
        self.events: list[Event] = []

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start episodes, all or those of `options["reset_mask"]`; see `CurriculumWrapper`."""
        self._place(dict.fromkeys(self._running))
        # a copy, for Gymnasium takes the mask out
        observations, infos = self.env.reset(seed=seed, options=dict(options or {}) or None)
        self._note(infos)
        for place in np.flatnonzero(infos["_ticket"]).tolist() if self._default else ():
            if infos["ticket"][place] is not None:
                check_asked(infos["ticket"][place], task_at(infos.get("task"), place))
        return observations, infos

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Take a step everywhere; tell the scheduler of the groups that ended."""
        same_step = self._base.autoreset_mode is AutoresetMode.SAME_STEP
        # an autoreset follows the running episode within this step, or comes instead of one
        self._place(self._running if same_step else dict.fromkeys(self._running))
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        ended = infos.get("final_info", infos)  # final_info: with SAME_STEP only
        self.events += self._groups.answer(
            Answer(
                place,
                ended["ticket"][place],
                bool(ended["success"][place]),
                bool(ended["verifier_error"][place]),
            )
            for place in np.flatnonzero(terminated | truncated).tolist()
        )
        self._note(infos)
        return observations, rewards, terminated, truncated, infos

    def discard(self, place: int) -> None:
        """Give up the ticket of a sub-environment, as an error of ours."""
        self.events += self._groups.discard(place)

    def state_dict(self) -> dict[str, Any]:
        """Return the scheduler's state and the answers of unfinished groups, as JSON values."""
        return self._groups.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore a saved state; see `CurriculumWrapper.load_state_dict`."""
        self._groups.load_state_dict(state)

    def _place(self, running: Mapping[int, Ticket | None]) -> None:
        """Put into the slots what comes after the episodes that are running."""
        asked = self._groups.ask(running, policy_version=self.policy_version)
        slots = list(self._slots)
        for place, ticket in asked.items():
            slot = slots[place]
            if slot is None or slot[0] != ticket:
                slots[place] = ticket, self._to_options(ticket)
        if slots != self._slots:  # in other processes it costs a message to each
            self._base.set_attr("ticket_slot", slots)
            self._slots = slots

    def _note(self, infos: Mapping[str, Any]) -> None:
        """Note what the slots say is running."""
        for place in np.flatnonzero(infos["_ticket"]).tolist():
            self._running[place] = infos["ticket"][place]


def _with_slots(
    env: gymnasium.vector.VectorEnv[Any, Any, Any],
) -> SyncVectorEnv[Any, Any] | AsyncVectorEnv[Any, Any]:
    """Return the vector below all wrappers if each of its sub-environments has a slot."""
    base = env.unwrapped
    if not isinstance(base, SyncVectorEnv | AsyncVectorEnv):
        raise ValueError(f"env must be made of a SyncVectorEnv or AsyncVectorEnv, got {env!r}")
    if not all(base.call("has_wrapper_attr", "ticket_slot")):
        rule = "env needs a TicketSlot around every sub-environment"
        raise ValueError(f"{rule}, got {env!r}; pass make_vec(…, wrappers=[TicketSlot])")
    return base
