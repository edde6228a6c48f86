"""`frostline play`: answer problems yourself, or watch a policy answer them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from frostline.envs import Problem, Status, TextEnv

from .families import load_family
from .options import parse

CURSOR = "> "
CURSOR_INSIDE = ". "

# takes the problem's prompt and returns a completion; EOFError ends the game
Player = Callable[[str], str]


DESCRIPTION = """Answer problems yourself, or watch a policy answer them.

A program may take several lines: after a line that ends in a colon, an empty line ends it.
Ctrl-D or Ctrl-C ends the game and prints the score.

Examples:
  frostline play
  frostline play --family closed_forms --level 4
  frostline play --policy base --level 7 --split test --problems 5
"""


class PlayArgs(BaseModel, frozen=True, extra="forbid"):
    """What is asked, and who answers."""

    family: str = Field("arithmetic", description="name of a family, or module:Class for your own")
    level: int = Field(1, description="level; 1 is the easiest")
    split: str = Field("train", description="train, validation or test")
    seed: int = Field(0, ge=0, description="seed of the series of problems")
    answer_format: str = Field(
        "raw",
        description="raw: the reply is the answer; tag: <answer>…</answer>; boxed: \\boxed{…}",
    )
    problems: int = Field(10, ge=1, description="number of problems")
    max_turns: int = Field(2, ge=1, description="answers allowed per problem")
    policy: str | None = Field(
        None,
        description="who answers: `base`, `mixed`, a folder or a hub id; you, if it is left out",
    )
    max_completion_length: int = Field(128, ge=1, description="tokens a policy may write")
    temperature: float = Field(0.0, ge=0, description="of the policy; 0 takes the likeliest token")


class Score:
    """How many problems were finished, and how many of them were solved."""

    def __init__(self) -> None:
        """Start at zero."""
        self.solved = 0
        self.finished = 0

    def add(self, *, correct: bool) -> None:
        """Count one finished problem."""
        self.solved += correct
        self.finished += 1

    def __str__(self) -> str:
        """Return the sentence that ends a game."""
        return f"Score: {self.solved} of {self.finished} solved."


def read_person(_prompt: str) -> str:
    """Return what a person types: a line, or several after one that ends in a colon."""
    lines = [input(CURSOR)]
    if lines[0].rstrip().endswith(":"):
        while line := input(CURSOR_INSIDE):
            lines.append(line)
    return "\n".join(lines)


def policy_player(args: PlayArgs) -> Player:
    """Return a player that samples from `args.policy` and prints what it samples.

    Raises:
        ValueError: there is no such policy.
    """
    # torch and transformers take seconds to import, and a person who plays needs neither
    import torch

    from frostline import agents
    from frostline.agents.rollout import sample

    policy = agents.load_policy(str(args.policy))
    generator = torch.Generator().manual_seed(args.seed)

    def play(prompt: str) -> str:
        rollout = sample(
            policy,
            [prompt],
            generations=1,
            max_completion_length=args.max_completion_length,
            temperature=args.temperature,
            generator=generator,
        )
        print(f"{CURSOR}{rollout.texts[0]}")
        return rollout.texts[0]

    return play


def play_problem(env: TextEnv, prompt: str, player: Player) -> bool:
    """Ask one problem until it is over, print the verdicts, and say whether it was solved."""
    print(prompt)
    while True:
        said, _, over, _, info = env.step(player(prompt))
        print(verdict_line(info))
        if over:
            break
        print(said)
        # a policy sees one turn at a time: the question again, and what was wrong
        prompt = f"{prompt} {said}"
    solved = bool(info["verdict"] == Status.CORRECT.value)
    if not solved:
        print(solution(env.problem))
    return solved


def verdict_line(info: dict[str, Any]) -> str:
    """Return the verdict and its reason."""
    return f"{info['verdict']}: {info['reason']}"


def solution(problem: Problem) -> str:
    """Return the sentence that gives the answer away."""
    return f"One right answer: {problem.answer}"


def run_play(args: PlayArgs) -> int:
    """Play `args.problems` problems and print the score.

    Raises:
        ValueError: for a family, level, split, format or policy that does not exist.
    """
    env = TextEnv(
        load_family(args.family),
        level=args.level,
        split=args.split,
        answer_format=args.answer_format,
        max_turns=args.max_turns,
    )
    player = policy_player(args) if args.policy is not None else read_person
    score = Score()
    prompt, _ = env.reset(seed=args.seed)
    try:
        for number in range(args.problems):
            if number:
                prompt, _ = env.reset()
            print(f"\n{args.family}, level {args.level}, problem {number + 1} of {args.problems}")
            score.add(correct=play_problem(env, prompt, player))
    except (EOFError, KeyboardInterrupt):
        print()
    print(score)
    return 0


def main(args: list[str]) -> int:
    """Run `frostline play`."""
    return run_play(parse(PlayArgs, args, prog="frostline play", description=DESCRIPTION))
