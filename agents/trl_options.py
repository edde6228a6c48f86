"""Our options as those of TRL's `GRPOConfig`, and what the TRL engine refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..curricula import Scheduler
from ..curricula.checks import near_miss
from ..envs import TextEnv
from ..envs.streams import index_from_seed
from .config import GRPOConfig
from .subsets import TrainableSubset

# whose active layers depend on the iteration alone, and that is tested under DDP
SCHEDULES = ("lisa",)
# TRL has the same name and meaning for them
SHARED = (
    *("num_generations", "max_completion_length", "temperature", "learning_rate", "weight_decay"),
    *("adam_beta1", "adam_beta2", "max_grad_norm", "loss_type", "scale_rewards", "epsilon"),
    *("epsilon_high", "beta", "num_iterations", "mask_truncated_completions", "bf16"),
    "gradient_checkpointing",
)
OPTIMIZERS = {"adamw": "adamw_torch", "sgd": "sgd"}


def microbatches(
    config: GRPOConfig, processes: int, row_tokens: int, size: int | None
) -> tuple[int, int]:
    """Return the rows of a rank's backward pass, and how many passes make up its batch.

    Args:
        config: its `tokens_per_microbatch` bounds the size; here each row counts its own prompt.
        processes: ranks that share the batch.
        row_tokens: tokens of the longest prompt and completion.
        size: rows per pass, if they are given.

    Raises:
        ValueError: if the ranks, or the passes, cannot share the rows evenly.

    >>> config = GRPOConfig(groups=6, num_generations=8, tokens_per_microbatch=1000)
    >>> microbatches(config, processes=2, row_tokens=60, size=None)
    (12, 2)
    """
    rows, rest = divmod(config.groups * config.num_generations, processes)
    if rest:
        raise ValueError(
            f"groups times num_generations must be divisible by the number of processes, "
            f"{processes}; got {config.groups} times {config.num_generations}"
        )
    if size is None:
        most = min(rows, max(1, config.tokens_per_microbatch // row_tokens))
        size = next(size for size in range(most, 0, -1) if rows % size == 0)
    elif size < 1 or rows % size:
        raise ValueError(
            f"per_device_train_batch_size must divide the {rows} completions of a rank, got {size}"
        )
    return size, rows // size


def trl_options(
    config: GRPOConfig,
    pass_through: Mapping[str, Any],
    *,
    iterations: int,
    checkpoint_every: int,
    output_dir: Path,
    seed: int,
    row_tokens: int,
    cpu: bool,
) -> dict[str, Any]:
    """Return the arguments of TRL's `GRPOConfig`.

    Args:
        config: our options; they are not to be set in `pass_through` too.
        pass_through: options that only TRL has; they go before this engine's defaults.
        iterations: of the whole run.
        checkpoint_every: iterations.
        output_dir: where checkpoints go.
        seed: of the sampling.
        row_tokens: tokens of the longest prompt and completion.
        cpu: whether an accelerator is to be left alone.

    Raises:
        ValueError: for an option of `pass_through` that is not the user's.
    """
    size = pass_through.get("per_device_train_batch_size")
    rows, parts = microbatches(config, world_size(), row_tokens, size)
    steps = config.num_iterations  # optimizer steps per iteration
    owned = {name: getattr(config, name) for name in SHARED} | {
        "output_dir": str(output_dir),
        "seed": index_from_seed("trl", seed) % 2**31,  # numpy takes no more
        "use_cpu": cpu,
        "max_steps": iterations * steps,
        "gradient_accumulation_steps": parts,
        "steps_per_generation": parts,
        "generation_batch_size": None,
        # the data set is one batch of group numbers: TRL's look-ahead would outrun the curriculum
        "shuffle_dataset": False,
        "remove_unused_columns": False,
        "ignore_data_skip": False,
        "chat_template_kwargs": None,  # a prompt is what the policy makes of it
        "eval_strategy": "no",
        "activation_checkpointing": config.gradient_checkpointing,  # its name in transformers
        # the engine sets the learning rate of each step itself
        "lr_scheduler_type": "constant",
        "warmup_steps": 0,
        "logging_strategy": "steps",
        "logging_steps": steps,
        "save_strategy": "steps",
        # completions are not saved, so that a checkpoint amid their use could not be resumed
        "save_steps": checkpoint_every * steps,
        "save_only_model": False,
        "restore_callback_states_from_checkpoint": False,
        "ddp_find_unused_parameters": False,  # the engine corrects it for a schedule
    }
    defaults = {
        "per_device_train_batch_size": rows,
        "optim": OPTIMIZERS[config.optimizer],
        "disable_dropout": True,
        "report_to": "none",
        "disable_tqdm": True,
        "save_total_limit": 2,
    }
    for name in pass_through:
        if name in owned:
            ours = f"; set grpo.{name}" if name in SHARED else ""
            raise ValueError(f"option {name!r} of TRL is set by this engine{ours}")
    return defaults | dict(pass_through) | owned


def read_pass_through(options: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of TRL as values of the types that TRL has declared.

    >>> read_pass_through({"use_vllm": "no", "run_name": 7}, {"use_vllm": bool, "run_name": str})
    {'use_vllm': False, 'run_name': '7'}

    Args:
        options: values as JSON or plain text gives them.
        types: of all options of TRL's configuration, by name.

    Raises:
        ValueError: for an option that TRL lacks, or a value of another type.
    """
    for name in options:
        if name not in types:
            raise ValueError(f"TRL's GRPOConfig has no option {name!r}{near_miss(name, types)}")
    return {name: _typed(name, value, types[name]) for name, value in options.items()}


def _typed(name: str, value: Any, kind: Any) -> Any:
    adapter = TypeAdapter(kind)
    with suppress(ValidationError):
        return adapter.validate_python(value)
    with suppress(ValidationError):
        # 7 may be meant as a text; transformers takes true where it declares one, as for fsdp
        text = adapter.validate_python(json.dumps(value))
        return value if isinstance(value, bool) else text
    wanted = kind.__name__ if isinstance(kind, type) else kind
    raise ValueError(f"option {name!r} of TRL must be {wanted}, got {value!r}")


def check_engine(
    envs: Mapping[str, TextEnv], pass_through: Mapping[str, Any], curriculum: Scheduler
) -> None:
    """Raise ValueError for what the TRL engine does not do, whatever trains."""
    # getattr: a filter is no part of the protocol
    if getattr(curriculum, "filters", False):
        raise ValueError(
            "the TRL engine trains on every group, this curriculum filters them; use the native "
            "engine"
        )
    for family, env in envs.items():
        if env.max_turns > 1:
            raise ValueError(
                f"the TRL engine is single turn, the environment of {family} has "
                f"max_turns={env.max_turns}; use the native engine"
            )
    for name in ("gradient_checkpointing_kwargs", "activation_checkpointing_kwargs"):
        given = pass_through.get(name)
        if isinstance(given, dict) and given.get("use_reentrant"):
            raise ValueError(
                f"{name} must not set use_reentrant: reentrant checkpoints give no gradient above "
                "frozen layers"
            )


def check_subset(
    subset: TrainableSubset,
    added: Collection[str],
    config: GRPOConfig,
    pass_through: Mapping[str, Any],
) -> None:
    """Raise ValueError for a trainable subset that the TRL engine cannot train.

    Args:
        subset: the resolved spec.
        added: names of the parameters that it has added to the model.
        config: says what a schedule does to the optimizer.
        pass_through: options of TRL.
    """
    if added and pass_through.get("use_vllm"):
        raise ValueError(
            f"trainable {subset.spec!r} adds tensors to the model that vLLM has no place for, such "
            f"as {min(added)}; sample without vLLM"
        )
    if subset.schedule is None:
        return
    kind = subset.schedule.kind
    if kind not in SCHEDULES:
        raise ValueError(
            f"the TRL engine has no subset schedule but {', '.join(SCHEDULES)}, got {kind}; use "
            "the native engine"
        )
    for name in ("deepspeed", "fsdp"):
        # accelerate's launcher speaks through the environment
        launched = os.environ.get(f"ACCELERATE_USE_{name.upper()}", "false") == "true"
        if pass_through.get(name) or launched:
            raise ValueError(
                f"schedule {kind} needs plain DDP: {name} settles what trains before the first "
                "step; choose a static subset"
            )
    if config.moments == "offload":
        raise ValueError("moments=offload needs the native engine; choose reset or keep")
    if config.rewarmup_iterations:
        raise ValueError(
            f"rewarmup_iterations must be 0 with the TRL engine, got {config.rewarmup_iterations}: "
            "all layers have one learning rate"
        )


def world_size() -> int:
    """Return the number of processes that the launcher has started."""
    return int(os.environ.get("WORLD_SIZE", "1"))
