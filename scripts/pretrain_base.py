"""Make the base policy: a small RoPE decoder, warm-started by supervised learning.

It sees many problems of the easy levels and a thin trace of the harder ones, so that
reinforcement learning has something to find. Only problems of the train split are used.

    python scripts/pretrain_base.py --out agents/base_policy

A larger one, where there is a GPU: `--layers 24 --width 512 --device cuda --work runs/larger`.

One run takes about fifty minutes on one thread, shows its progress, writes a checkpoint every 100
steps to `--work` and goes on from there when it is started again. The result is a
pure function of the seed, the number of steps and the number of threads.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from frostline.envs.families import FAMILIES
from frostline.envs.instructions import prompt_text
from frostline.envs.problem import TaskSpec
from frostline.envs.streams import MAX_INDEX, keyed_rng

VOCABULARY = 640
HEAD_WIDTH = 32
END, PAD = "<|end|>", "<|pad|>"


class Practice(NamedTuple):
    """How much of a family is practised.

    Attributes:
        share: of all examples, relative to the other families.
        levels: examples per level, relative, from level 1 up; the levels beyond are not practised.
    """

    share: float
    levels: tuple[float, ...]


# Easy levels are learned; of the hard ones the policy keeps a trace, a pass rate that reinforcement
# learning can raise. Closed forms are what `frostline train` starts with, hence their share.
EASY_FIRST = (10.0, 4, 3, 2, 1, 1, 0.5, 0.5)
MIXTURE = {
    "arithmetic": Practice(9, (6, 6, 8, 6, 4, 4, 5, 4, 1, 0.5, 0.3)),
    "polynomials": Practice(7, (5, 3, 6, 5, 4, 4, 1, 2, 2, 0.5, 0.3)),
    "closed_forms": Practice(30, (8, 6, 12, 6, 8, 8, 10, 9, 3, 2, 2, 2, 2)),
    "fractions": Practice(5, EASY_FIRST),
    "number_theory": Practice(5, EASY_FIRST),
    "linear_equations": Practice(5, EASY_FIRST),
    "quadratic_equations": Practice(5, EASY_FIRST),
    "inequalities": Practice(5, EASY_FIRST),
    "calculus": Practice(5, EASY_FIRST),
    "countdown": Practice(4, EASY_FIRST),
    "piecewise_functions": Practice(5, EASY_FIRST),
    "recurrences": Practice(5, EASY_FIRST),
    "list_functions": Practice(5, EASY_FIRST),
    "deduction_abduction": Practice(5, EASY_FIRST),
}
# At the end, closed forms at a low learning rate: by then the policy knows many of the functions it
# has seen by heart, and it takes practice until it gets those right that it has not.
CLOSING_STEPS = 500
CLOSING = {
    **MIXTURE,
    "closed_forms": Practice(90, (10, 14, 14, 5, 6, 12, 4, 3, 3, 1, 2, 1.5, 1.5)),
}
DECAY_FROM = 0.6  # share of the steps before the last ones after which the learning rate falls
CLOSING_RATE = 0.3


def draw_examples(
    seed: int, step: int, count: int, mixture: dict[str, Practice] = MIXTURE
) -> list[tuple[str, str]]:
    """Return `count` (prompt, answer) pairs of the train split, keyed by seed and step."""
    rng = keyed_rng("pretrain", seed, step)
    names, shares = list(mixture), [practice.share for practice in mixture.values()]
    examples = []
    for _ in range(count):
        name = rng.choices(names, shares)[0]
        weights = mixture[name].levels
        level = rng.choices(range(1, len(weights) + 1), weights)[0]
        examples.append(example(name, TaskSpec(name, level, "train", rng.randrange(MAX_INDEX))))
    return examples


def example(name: str, task: TaskSpec) -> tuple[str, str]:
    """Return the prompt, as the policy sees it, and the reference answer of a task."""
    family = FAMILIES[name]
    problem = family.problem(task)
    return prompt_text(problem.question, "raw", family.answer_noun) + "\n", problem.answer


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer whose digits and operators are single tokens.

    The few merges are learned from prompts and answers, so their fixed words cost one token.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" [+*/-] |[0-9+*/%^-]|\b[nx]\b"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [text for pair in draw_examples(0, -1, 8000) for text in pair]
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, model_max_length=512
    )


def build_model(
    tokenizer: PreTrainedTokenizerFast, seed: int, *, layers: int, width: int
) -> LlamaForCausalLM:
    """Return the untrained decoder; 12 layers of width 128 have 2.3 M parameters."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=width * 5 // 2,
        num_hidden_layers=layers,
        num_attention_heads=width // HEAD_WIDTH,
        num_key_value_heads=width // HEAD_WIDTH,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def encode(
    tokenizer: PreTrainedTokenizerFast, examples: list[tuple[str, str]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return right-padded token ids (B, T) and labels (B, T) that cover the answers only."""
    prompts = tokenizer([p for p, _ in examples])["input_ids"]
    answers = tokenizer([a for _, a in examples])["input_ids"]
    width = max(len(p) + len(a) + 1 for p, a in zip(prompts, answers, strict=True))
    ids = torch.full((len(examples), width), tokenizer.pad_token_id)
    labels = torch.full((len(examples), width), -100)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        whole = torch.tensor([*prompt, *answer, tokenizer.eos_token_id])
        ids[row, : len(whole)] = whole
        labels[row, len(prompt) : len(whole)] = whole[len(prompt) :]
    return ids, labels


def answer_log_probs(
    model: LlamaForCausalLM, ids: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the log-probabilities of the answer tokens, and the row of each."""
    # right padding under a causal mask: no answer token sees a pad
    ids, labels = ids.to(model.device), labels.to(model.device)
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
    rows, columns = torch.nonzero(labels[:, 1:] != -100, as_tuple=True)
    log_probs = model.lm_head(hidden[rows, columns]).log_softmax(-1)
    targets = labels[:, 1:][rows, columns]
    return log_probs.gather(-1, targets[:, None])[:, 0], rows


@torch.no_grad()
def validate(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, per_level: int
) -> dict[str, list[float]]:
    """Return, per family and low level, the mean probability of sampling the reference answer."""
    rates: dict[str, list[float]] = {}
    for name in MIXTURE:
        rates[name] = []
        for level in range(1, (9 if name == "closed_forms" else 3) + 1):
            tasks = [TaskSpec(name, level, "validation", i) for i in range(per_level)]
            ids, labels = encode(tokenizer, [example(name, task) for task in tasks])
            log_probs, rows = answer_log_probs(model, ids, labels)
            summed = torch.zeros(per_level, device=model.device).index_add_(0, rows, log_probs)
            rates[name].append(round(summed.exp().mean().item(), 3))
    return rates


def backward(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    examples: list[tuple[str, str]],
    chunk: int = 32,
) -> float:
    """Add the gradient of the mean answer-token loss, and return that loss.

    Examples of like length go together, which halves the padding.
    """
    examples = sorted(examples, key=lambda e: len(e[0]) + len(e[1]))
    chunks = [encode(tokenizer, examples[i : i + chunk]) for i in range(0, len(examples), chunk)]
    tokens = sum(int((labels != -100).sum()) for _, labels in chunks)
    total = 0.0
    for ids, labels in chunks:
        loss = -answer_log_probs(model, ids, labels)[0].sum() / tokens
        loss.backward()
        total += loss.item()
    return total


def make_optimizers(model: LlamaForCausalLM, args: argparse.Namespace) -> list[Any]:
    """Return Muon for the weight matrices (Jordan 2024) and AdamW for embeddings and norms."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    adamw = torch.optim.AdamW(others, lr=args.adam_lr, betas=(0.9, 0.98), weight_decay=0.0)
    if args.optimizer == "adamw":
        both = torch.optim.AdamW(matrices, lr=args.adam_lr, betas=(0.9, 0.98), weight_decay=0.01)
        return [adamw, both]
    muon = torch.optim.Muon(
        matrices, lr=args.muon_lr, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"
    )
    return [adamw, muon]


def rate_at(step: int, steps: int) -> float:
    """Return the learning-rate factor of a step of `steps`, of which the last are the closing.

    100 steps of warm-up, constant, linear decay to 2 %; then a linear decay from 30 % to 2 %.
    """
    main = steps - CLOSING_STEPS
    if step >= main:
        return max(CLOSING_RATE * (steps - step) / CLOSING_STEPS, 0.02)
    return min((step + 1) / 100, 1.0, max((main - step) / (main * (1 - DECAY_FROM)), 0.02))


def save_checkpoint(
    path: Path, model: LlamaForCausalLM, optimizers: list[Any], step: int, seconds: float
) -> None:
    """Write the state of the run, atomically."""
    state = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers]}
    partial = path.with_suffix(".partial")
    torch.save({**state, "step": step, "seconds": seconds}, partial)
    os.replace(partial, path)


def draw_practice(seed: int, step: int, count: int, *, steps: int) -> list[tuple[str, str]]:
    """Return the examples of a step of `steps`, of which the last are the closing."""
    return draw_examples(seed, step, count, CLOSING if step >= steps - CLOSING_STEPS else MIXTURE)


def practise(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    args: argparse.Namespace,
    draw: Callable[[int, int, int], list[tuple[str, str]]],
    rate_at: Callable[[int, int], float],
) -> None:
    """Train for `args.steps` steps, from the checkpoint if there is one, and note the seconds.

    Args:
        model: trained in place.
        tokenizer: its tokenizer.
        args: of the command line.
        draw: returns the examples of a seed, step and batch size.
        rate_at: returns the learning-rate factor of a step of so many.
    """
    args.work.mkdir(parents=True, exist_ok=True)
    optimizers = make_optimizers(model, args)
    rates = [[group["lr"] for group in o.param_groups] for o in optimizers]
    checkpoint, start, before = args.work / "checkpoint.pt", 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=model.device)
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        start, before = state["step"], state["seconds"]
    began = time.perf_counter() - before
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns) as progress:
        bar = progress.add_task("pretraining", total=args.steps, completed=start)
        for step in range(start, args.steps):
            for optimizer, base in zip(optimizers, rates, strict=True):
                for group, rate in zip(optimizer.param_groups, base, strict=True):
                    group["lr"] = rate * rate_at(step, args.steps)
            loss = backward(model, tokenizer, draw(args.seed, step, args.batch))
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
            progress.update(bar, advance=1, description=f"pretraining, loss {loss:.3f}")
            if not math.isfinite(loss):
                raise RuntimeError(f"the loss is {loss} at step {step}")
            if (step + 1) % args.every == 0 or step + 1 == args.steps:
                seconds = time.perf_counter() - began
                save_checkpoint(checkpoint, model, optimizers, step + 1, seconds)
                line = {"step": step + 1, "loss": loss, **validate(model, tokenizer, 50)}
                with (args.work / "validation.jsonl").open("a") as log:
                    log.write(json.dumps(line) + "\n")
    seconds = time.perf_counter() - began
    made = {"steps": args.steps, "batch": args.batch, "seed": args.seed, "seconds": seconds}
    (args.work / "made.json").write_text(json.dumps(made))


def finish(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, args: argparse.Namespace
) -> None:
    """Write the policy, its weights in half precision."""
    model.half().save_pretrained(args.out)
    tokenizer.save_pretrained(args.out)


def add_options(parser: argparse.ArgumentParser, *, work: Path, steps: int) -> None:
    """Add the options of every training; `work` and `steps` are defaults."""
    parser.add_argument("--out", type=Path, required=True, help="folder that the policy goes to")
    parser.add_argument("--work", type=Path, default=work)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--batch", type=int, default=128, help="examples per step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    parser.add_argument("--muon-lr", type=float, default=3e-3)
    parser.add_argument("--adam-lr", type=float, default=2e-3)


def main() -> None:
    """Parse the command line, train, and write the policy."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, work=Path("runs/pretrain_base"), steps=2800)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--width", type=int, default=128, help="a multiple of 32")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    random.seed(args.seed)
    tokenizer = build_tokenizer()
    model = build_model(tokenizer, args.seed, layers=args.layers, width=args.width)
    model.to(args.device)
    practise(model, tokenizer, args, partial(draw_practice, steps=args.steps), rate_at)
    finish(model, tokenizer, args)


if __name__ == "__main__":
    main()
