"""Make the policy of the studies: the base policy after practice on a corpus of mixed quality.

Reinforcement learning raises a language model's pass rate within some ten thousand episodes
because the model knows more than it shows: it has read text of all kinds, and writes all kinds.
The base policy has read right answers only, so that such training finds little to raise. Here it
goes on with a corpus in which most answers are spoiled, by a slip or by words around them:

    right       n*n-3
    careless    n*n-4, n*n+3        one number or operator is another
    wordy       The answer is n*n-3.

Nothing in the question tells which it will be. Only problems of the train split are used.

    python scripts/mixed_base.py --out agents/mixed_policy

One run takes about ten minutes on one thread, shows its progress, writes a checkpoint every 100
steps to `--work` and goes on from there when it is started again. The result is a pure function of
the seed, the number of steps and the number of threads.
"""

from __future__ import annotations

import argparse
import random
import re
from pathlib import Path
from typing import cast

import torch
from pretrain_base import MIXTURE, add_options, draw_examples, finish, practise
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from frostline.agents.policy import load_policy
from frostline.envs.streams import keyed_rng

# What becomes of an answer, and how often
SPOILED = {"right": 0.35, "careless": 0.4, "wordy": 0.25}
WORDINGS = ("The answer is {}.", "Answer: {}", "It is {}", "{} I think", "{} or so", "= {}")
OPERATORS = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "//", "<": ">", ">": "<", "^": "*"}
PLACES = re.compile(r"[0-9]+|[-+*/%<>^]")
# The families that the studies train on are practised most.
STUDIED = ("closed_forms", "piecewise_functions", "arithmetic", "polynomials")
STUDIED_SHARE, OTHER_SHARE = 15.0, 4.0
CORPUS = {
    name: practice._replace(share=STUDIED_SHARE if name in STUDIED else OTHER_SHARE)
    for name, practice in MIXTURE.items()
}
RATE = 0.3  # of the learning rate of the base policy


def spoil(answer: str, rng: random.Random) -> str:
    """Return an answer as one of the corpus's writers puts it.

    >>> spoil("n*n-3", random.Random(1))
    'n*n-3'
    """
    way = rng.choices(list(SPOILED), list(SPOILED.values()))[0]
    if way == "wordy":
        return rng.choice(WORDINGS).format(answer)
    return careless(answer, rng) if way == "careless" else answer


def careless(answer: str, rng: random.Random) -> str:
    """Return an answer with one number or operator changed; as it is if it has none.

    >>> careless("n*n-3", random.Random(1))
    'n*n-4'
    """
    places = list(PLACES.finditer(answer))
    if not places:
        return answer
    place = rng.choice(places)
    other = OPERATORS.get(place[0]) or slip(int(place[0]), rng)
    return answer[: place.start()] + other + answer[place.end() :]


def slip(number: int, rng: random.Random) -> str:
    """Return what somebody writes instead of a number: off by one, ten or a factor of two."""
    others = {number + 1, number - 1, number + 10, number - 10, 2 * number} - {number}
    return str(rng.choice(sorted(other for other in others if other >= 0)))


def draw_corpus(seed: int, step: int, count: int) -> list[tuple[str, str]]:
    """Return `count` pairs of a prompt and what a writer answers, keyed by seed and step."""
    rng = keyed_rng("mixed", seed, step)
    return [(prompt, spoil(answer, rng))
            for prompt, answer in draw_examples(seed, step, count, CORPUS)]  # fmt: skip


def rate_at(step: int, steps: int) -> float:
    """Return the learning-rate factor of a step: 50 of warm-up, then a linear decay to 2 %."""
    return RATE * max(min((step + 1) / 50, (steps - step) / (steps - 50)), 0.02)


def main() -> None:
    """Parse the command line, train, and write the policy."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, work=Path("runs/mixed_base"), steps=500)
    parser.add_argument("--policy", default="base", help="what practises")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    policy = load_policy(args.policy, device=args.device)
    model = cast(LlamaForCausalLM, policy.model)  # as pretrain_base.py has made it
    tokenizer = cast(PreTrainedTokenizerFast, policy.tokenizer)
    practise(model, tokenizer, args, draw_corpus, rate_at)
    finish(model, tokenizer, args)


if __name__ == "__main__":
    main()
