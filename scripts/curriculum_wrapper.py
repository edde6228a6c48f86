"""A scripted agent climbs the levels of an environment, through both wrappers for Gymnasium.

The agent is no neural network: it solves a problem of level L with probability
p = 1 / (1 + exp(L - skill)), and each answer adds 0.04 p (1 - p) to its skill, so it learns most
from problems that it solves half the time. A curriculum chooses what it is asked: first through one
environment, then through eight at once with a new agent and a new curriculum.

    python scripts/curriculum_wrapper.py --answers 2400 --seed 0
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys

import gymnasium
from gymnasium.vector import AutoresetMode

import frostline  # noqa: F401 - registers the ids
from frostline.curricula import Event
from frostline.curricula.presets import frontier
from frostline.curricula.wrapper import CurriculumVectorWrapper, CurriculumWrapper, TicketSlot
from frostline.envs import FAMILIES, TaskSpec

ENV_ID = "frostline/Arithmetic-v0"
SPACE = {"arithmetic": 8}
GENERATIONS = 8  # answers per problem
ENVS = 8


class Agent:
    """Answers rightly by chance, and better with practice."""

    def __init__(self, seed: int) -> None:
        """Start with the skill to solve half of the problems between levels 1 and 2."""
        self.rng = random.Random(seed)
        self.skill = 1.5

    def answer(self, task: TaskSpec) -> str:
        """Return the answer to a problem, or something that is none; learn from it."""
        chance = 1 / (1 + math.exp(task.level - self.skill))
        self.skill += 0.04 * chance * (1 - chance)
        right = self.rng.random() < chance
        return FAMILIES[task.family].problem(task).answer if right else "no idea"


def report(answers: int, agent: Agent, events: list[Event]) -> None:
    """Print the events so far and forget them."""
    for event in events:
        rate = event.successes / event.trials
        print(
            f"{answers:6d} answers, skill {agent.skill:4.1f}: {event.kind} at level {event.level}"
            f" ({rate:.0%} of {event.trials:.0f} answers right), now at level {event.frontier}"
        )
    events.clear()


def climb_alone(answers: int, seed: int) -> dict[str, float]:
    """Climb through one environment; return the curriculum's numbers."""
    agent, curriculum = Agent(seed), frontier(SPACE, seed=seed)
    env = CurriculumWrapper(gymnasium.make(ENV_ID), curriculum, generations=GENERATIONS)
    for done in range(answers):
        env.policy_version = done  # this agent learns from every answer
        _, info = env.reset()
        env.step(agent.answer(info["task"]))
        report(done + 1, agent, env.events)
    env.close()
    return curriculum.metrics()


def climb_together(answers: int, seed: int) -> dict[str, float]:
    """Climb through several environments at once; return the curriculum's numbers."""
    agent, curriculum = Agent(seed), frontier(SPACE, seed=seed)
    vector = gymnasium.make_vec(
        ENV_ID,
        num_envs=ENVS,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
        wrappers=[TicketSlot],
    )
    envs = CurriculumVectorWrapper(vector, curriculum, generations=GENERATIONS)
    _, infos = envs.reset()
    for done in range(0, answers, ENVS):
        envs.policy_version = done
        *_, infos = envs.step([agent.answer(task) for task in infos["task"]])
        report(done + ENVS, agent, envs.events)
    envs.close()
    return curriculum.metrics()


def positive(text: str) -> int:
    """Return a number of answers, 1 or more."""
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {count}")
    return count


def main() -> None:
    """Parse the command line, climb twice, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--answers", type=positive, default=2400, help="answers in each climb")
    parser.add_argument("--seed", type=int, default=0, help="of the agent and the curriculum")
    args = parser.parse_args()
    for title, climb in (("One environment", climb_alone), (f"{ENVS} at once", climb_together)):
        print(f"{title}:")
        level = climb(args.answers, args.seed)["level/arithmetic"]
        print(f"{args.answers:6d} answers: at level {level:.0f} of {SPACE['arithmetic']}\n")


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on, as in `… | head -1`; what is buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
