"""The job that the step benchmark runs: a random policy, and problems without an answer.

Rewards have nothing to do with the text: they alternate within each group, so that every group has
signal and the skipping of groups without it earns nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen3Config,
)

from frostline.agents import GRPOAgent, GRPOConfig, Policy
from frostline.agents.batch import Batch
from frostline.agents.subsets import resolve
from frostline.agents.subsets.workload import Workload
from frostline.envs import Family, Level, Problem, Question, Status, TextEnv, Verdict
from frostline.envs.streams import keyed_rng

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXY"
CHARACTERS = ["\n", *LETTERS]
END, PAD = len(CHARACTERS), len(CHARACTERS) + 1
VOCABULARY = len(CHARACTERS) + 2
LEARNING_RATE = 1e-6  # too small to change the lengths of completions within a benchmark


@dataclass(frozen=True, slots=True)
class Job:
    """The sizes of the benchmark.

    Attributes:
        layers: of the policy.
        width: d.
        mlp: f.
        prompts: per iteration.
        generations: completions of each.
        prompt_tokens: shortest and longest prompt.
        completion_tokens: longest completion.
    """

    layers: int = 12
    width: int = 128
    mlp: int = 512
    prompts: int = 8
    generations: int = 8
    prompt_tokens: tuple[int, int] = (16, 22)
    completion_tokens: int = 24

    def config(self) -> GRPOConfig:
        """Return the agent's options."""
        return GRPOConfig(
            groups=self.prompts,
            num_generations=self.generations,
            max_completion_length=self.completion_tokens,
            learning_rate=LEARNING_RATE,
            warmup_iterations=0,
        )

    def question(self, *key: object) -> str:
        """Return a prompt without its closing new line, which is a token too."""
        rng = keyed_rng("bench", *key)
        short, long = self.prompt_tokens
        return "".join(rng.choices(LETTERS, k=rng.randint(short, long) - 1))


class Alternating(Family):
    """Every second completion is right, whatever it says."""

    name: ClassVar[str] = "alternating"
    summary: ClassVar[str] = "Every second completion is right."
    levels: Sequence[Level] = (Level("none"),)

    def __init__(self, job: Job) -> None:
        """Ask questions of the lengths that `job` says."""
        self.job = job
        self.graded = 0

    def draw(self, level: int, rng: random.Random) -> str:
        """Return a random text."""
        return self.job.question(rng.getrandbits(64))

    def ask(self, level: int, content: str, rng: random.Random) -> Question:
        """Ask it."""
        return Question(content, "int", "0")

    def verify(self, problem: Problem, answer: str) -> Verdict:
        """Alternate."""
        self.graded += 1
        return Verdict(Status.CORRECT if self.graded % 2 else Status.WRONG, "alternating")


class PlainEnv(TextEnv):
    """Its prompts are questions alone, without the sentence on the answer's form."""

    def reset(self, **options: Any) -> tuple[str, dict[str, Any]]:
        """Start an episode and return the question."""
        _, info = super().reset(**options)
        return self.problem.question, info


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of one token per character."""
    vocabulary = {character: i for i, character in enumerate(CHARACTERS)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(["<|end|>", "<|pad|>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|pad|>"
    )


def make_model(job: Job) -> PreTrainedModel:
    """Return a random Qwen3, always the same for the same job."""
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=job.width,
        intermediate_size=job.mlp,
        num_hidden_layers=job.layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        head_dim=job.width // 4,
        max_position_embeddings=job.prompt_tokens[1] + job.completion_tokens,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    return model


def check_specs(job: Job, specs: Iterable[str]) -> None:
    """Raise ValueError for the first spec that the job's model cannot have, before any work."""
    for spec in specs:
        with torch.device("meta"):
            model = make_model(job)
        resolve(spec, model, initialise=False)


def make_agent(job: Job, spec: str) -> GRPOAgent:
    """Return the native engine on the job, with a trainable subset."""
    policy = Policy(make_model(job), make_tokenizer(), "bench")
    env = PlainEnv(Alternating(job))
    return GRPOAgent(policy, "uniform", [env], trainable=spec, config=job.config())


def workload(batch: Batch, config: GRPOConfig) -> Workload:
    """Return the workload of a batch as it was sampled."""
    prompts, completions = batch.prompt_mask_PS.sum(1), batch.lengths()
    load = Workload.of(config, prompts.float().mean().item(), completions.float().mean().item())
    return load.stretched(int(prompts.max()), int(completions.max()))
