"""The peft configuration of each kind of adapter, with its targets named one by one.

The default rank 8 is that of peft's `LoraConfig`; alpha = 2r is the ratio in TRL's `ModelConfig`
(alpha 32, rank 16). VeRA's rank 256 is peft's. IA3 scales keys, values and the input of the MLP's
last projection, as in arXiv:2205.05638; LN-tuning takes the norms. All others take every linear
module of the chosen decoder layers, never the head.

There is no dropout: the log-probabilities of sampling and of training must agree.
"""

from __future__ import annotations

import copy
import json
import re
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import (
    IA3Config,
    LNTuningConfig,
    LoraConfig,
    PeftConfig,
    TaskType,
    VeraConfig,
    get_peft_model,
)
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from transformers import PreTrainedModel

from ...curricula.checks import near_miss
from ...envs.streams import index_from_seed
from .modules import (
    decoder_layers,
    keys_and_values,
    linears,
    mlp_outputs,
    norm_modules,
    width,
)
from .spec import Item, options

LORA: dict[str, dict[str, Any]] = {
    "lora": {},
    "dora": {"use_dora": True},
    "rslora": {"use_rslora": True},
    "pissa": {"init_lora_weights": "pissa"},
}
OPTIONS = {
    **dict.fromkeys(LORA, ("r", "alpha", "modules")),
    "vera": ("r", "modules"),
    "ia3": ("modules",),
    "ln_tuning": (),
}
MODULES = ("all", "attention", "mlp")
TOP_RANK = 64
# Most of peft's other kinds were tried on a small Llama: switched off they are the policy, and
# merging keeps what was trained, or peft says that it cannot merge them.
REFUSED = {
    "ADALORA": "it moves ranks between layers from inside the training loop",
    "ADAPTION_PROMPT": "it replaces the attention's code, and cannot be merged",
    "LILY": "its router looks at all tokens of a call, those to come among them",
    "POLY": "it needs a task id with every row",
    "PVERA": "it trains by noise, and a policy samples and trains without",
    "SHADOW": "it needs the model to be called through peft",
    "XLORA": "it needs adapters that are trained already",
}

# with peft's defaults their first weights are random and not without effect
START_AWAY = ("C3A", "FOURIERFT", "UNILORA", "VBLORA")


def make_config(
    item: Item, model: PreTrainedModel, layers: Collection[int], *, seed: int, initialise: bool
) -> PeftConfig:
    """Return the peft configuration of an adapter.

    Args:
        item: names the adapter.
        model: the model that it is for.
        layers: the decoder layers that it goes to.
        seed: of VeRA's shared projection; all other first weights are drawn by peft.
        initialise: False leaves out a first value that has to be computed, as PiSSA's.

    Raises:
        ValueError: for an unknown option, a value out of range, or layers without a target.
    """
    if item.word == "peft":
        if not item.argument:
            raise ValueError("peft needs a file, peft:FILE.json")
        config: PeftConfig = _from_file(Path(item.argument))
        if item.layers:
            _restrict(config, model, layers)
        return config
    given = options(item, OPTIONS[item.word])
    targets = _targets(item, given.get("modules", "all"), model, layers)
    common: dict[str, Any] = {"task_type": TaskType.CAUSAL_LM, "target_modules": targets}
    if item.word == "vera":
        r = _whole("r", given.get("r", "256"), 4096)
        return VeraConfig(r=r, projection_prng_key=index_from_seed("vera", seed) % 2**32, **common)
    if item.word == "ia3":
        inputs = _names(model, layers, lambda layer: mlp_outputs(layer, width(model)))
        return IA3Config(feedforward_modules=[n for n in targets if n in inputs], **common)
    if item.word == "ln_tuning":
        return LNTuningConfig(**common)
    r = _whole("r", given.get("r", "8"), TOP_RANK)
    alpha = _whole("alpha", given.get("alpha", str(2 * r)), 4096)
    extra = LORA[item.word] if initialise or item.word != "pissa" else {}
    return LoraConfig(r=r, lora_alpha=alpha, **common, **extra)


@contextmanager
def one_line(what: str) -> Iterator[None]:
    """Turn what peft says, in many words and kinds of exception, into a one-line ValueError."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, ImportError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"{what}: {first[:200]}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep peft from warning of its own use of transformers, and of norms that are no LayerNorm."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", message="Unsupported layer type")
        yield


def _targets(item: Item, which: str, model: PreTrainedModel, layers: Collection[int]) -> list[str]:
    """Return the full names of the modules that an adapter goes to."""
    if which not in MODULES:
        hint = near_miss(which, MODULES)
        raise ValueError(f"modules must be one of {', '.join(MODULES)}; got {which!r}{hint}")
    if item.word == "ln_tuning":
        found = _names(model, layers, lambda layer: [name for name, _ in norm_modules(layer)])
    elif item.word == "ia3":
        found = []
        if which != "mlp":
            found += _names(model, layers, keys_and_values)
        if which != "attention":
            found += _names(model, layers, lambda layer: mlp_outputs(layer, width(model)))
    else:
        found = _names(model, layers, lambda layer: linears(layer, which))
    if not found:
        raise ValueError(f"{item.text} matches no module of {type(model).__name__}")
    return found


def _names(model: PreTrainedModel, layers: Collection[int], pick: Any) -> list[str]:
    """Return the full names of what `pick` finds in each layer."""
    prefix, layer_list = decoder_layers(model)
    return [f"{prefix}.{i}.{name}" for i in layers for name in pick(layer_list[i])]


def _whole(key: str, text: str, top: int) -> int:
    """Return an option that must be a whole number in 1 … top."""
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= top:
        raise ValueError(f"{key} must be a whole number between 1 and {top}, got {text!r}")
    return int(text)


def _from_file(path: Path) -> Any:
    """Return the configuration in an `adapter_config.json`, ready to train."""
    if not path.is_file():
        raise ValueError(f"peft:FILE needs an adapter_config.json, {str(path)!r} is no file")
    with one_line(str(path)):
        data = json.loads(path.read_text())
        kind = data.get("peft_type")
        known = {k.value: config for k, config in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
        if kind not in known:
            raise ValueError(
                f"peft_type must be known to peft, got {kind!r}{near_miss(kind, known)}"
            )
        if kind in REFUSED:
            raise ValueError(f"{kind} is refused: {REFUSED[kind]}")
        config: Any = known[kind](**data)
        if config.is_prompt_learning:
            reason = "it puts virtual tokens before the prompt, which the rollout does not have"
            raise ValueError(f"{kind} is refused: {reason}")
        if config.task_type not in (None, TaskType.CAUSAL_LM):
            raise ValueError(f"task_type must be CAUSAL_LM, got {config.task_type!r}")
        if getattr(config, "modules_to_save", None):  # few kinds have none
            names = ", ".join(config.modules_to_save)
            raise ValueError(f"modules_to_save={names} is refused: join +embeddings or +head")
    config.task_type, config.inference_mode = TaskType.CAUSAL_LM, False
    config.base_model_name_or_path = None  # peft warns where the policy has moved
    return config


def _restrict(config: Any, model: PreTrainedModel, layers: Collection[int]) -> None:
    """Let a configuration target those of its modules alone that are in `layers`.

    Which modules it targets is asked of peft, with a twin of the model that has no memory.
    """
    # a few kinds compute with the weights when they are put in
    refusal = f"{config.peft_type.value} cannot be kept to @layers, name its modules in the file"
    with torch.device("meta"), one_line(refusal), quiet():
        twin = type(model)(copy.deepcopy(model.config))
        tuner: Any = get_peft_model(twin, copy.deepcopy(config), low_cpu_mem_usage=True).base_model
    prefix = decoder_layers(model)[0]
    starts = tuple(f"{prefix}.{i}." for i in layers)
    kept = [name for name in tuner.targeted_module_names if name.startswith(starts)]
    if not kept:
        raise ValueError(f"peft:FILE targets no module of layers {', '.join(map(str, layers))}")
    config.target_modules = kept
    if getattr(config, "feedforward_modules", None):  # IA3 alone has it
        config.feedforward_modules = [n for n in kept if twin.get_submodule(n).is_feedforward]
    for name in ("layers_to_transform", "layers_pattern", "exclude_modules"):
        if getattr(config, name, None):  # most kinds have them
            setattr(config, name, None)
