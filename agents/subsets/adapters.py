"""Adapters by peft, put into a model in place: it stays a model of its class, with more modules."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model, get_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import save_file
from torch import Tensor
from transformers import PreTrainedModel

from ...envs.streams import index_from_seed
from .adapter_kinds import START_AWAY, make_config, one_line, quiet
from .spec import Item

WEIGHTS_FILE = "adapter_model.safetensors"


class Adapter:
    """An adapter in a model.

    Attributes:
        kind: what it is, such as `lora`.
        names: names of the adapter's own parameters.
        trainable: names of all parameters that it trains; with peft's `bias` option these are
            more than its own.
        changes_base: whether its first weights changed those of the model, as PiSSA's do. The
            model without the adapter is then another one than it was.
        notes: what a reader should know.
    """

    def __init__(
        self, kind: str, peft_model: PeftModel, names: Collection[str], changes_base: bool
    ) -> None:
        """Take over a model that `inject` has put an adapter into."""
        self._peft = peft_model
        self.kind = kind
        self.names = tuple(names)
        self.changes_base = changes_base
        self.trainable = tuple(n for n, p in self._parameters() if p.requires_grad)
        # to save what it adds to the original weights, and not to those it changed
        self._start = self._tensors() if changes_base else {}
        self.notes = _notes(self)

    @contextmanager
    def off(self) -> Iterator[None]:
        """Switch the adapter off for a while.

        What a parameter's `requires_grad` was, it is again afterwards; peft would switch on all.
        """
        flags = [(p, p.requires_grad) for _, p in self._parameters()]
        try:
            with warnings.catch_warnings():
                # peft warns of trained biases each time; `notes` says it once
                warnings.filterwarnings("ignore", message="Careful, disabling adapter layers")
                with self._peft.disable_adapter():
                    yield
        finally:
            for parameter, flag in flags:
                parameter.requires_grad_(flag)

    def merged(self) -> PreTrainedModel:
        """Return a copy of the model with the adapter merged into its weights, free of peft.

        Raises:
            ValueError: if peft cannot merge this kind.
        """
        with one_line(f"{self.kind} cannot be merged"):
            model: PreTrainedModel = copy.deepcopy(self._peft).merge_and_unload()
        return model

    def save(self, folder: Path) -> None:
        """Write the folder that `PeftModel.from_pretrained` reads, onto the original model.

        An adapter that changed the model's weights is written as a LoRA of twice the rank, the
        difference to its first weights.

        Raises:
            ValueError: if it changed the model's weights and is no LoRA.
        """
        tensors, config = self._tensors(), copy.deepcopy(self._config)
        if self.changes_base:
            tensors = _difference(self.kind, tensors, self._start)
            _double_rank(config)
        config.inference_mode = True
        if isinstance(config.target_modules, set):
            config.target_modules = sorted(config.target_modules)  # a set has no stable order
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / WEIGHTS_FILE, metadata={"format": "pt"})
        config.save_pretrained(str(folder))

    @property
    def _config(self) -> Any:
        return self._peft.peft_config["default"]

    def _parameters(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        return self._peft.get_base_model().named_parameters()

    def _tensors(self) -> dict[str, Tensor]:
        """Return copies of the adapter's tensors by the names that peft saves them under."""
        # peft would ask the hub whether the vocabulary was resized
        state = get_peft_model_state_dict(self._peft, save_embedding_layers=False)
        return {name: t.detach().to("cpu", copy=True).contiguous() for name, t in state.items()}


def inject(
    item: Item,
    model: PreTrainedModel,
    layers: Collection[int],
    *,
    seed: int,
    initialise: bool = True,
) -> Adapter:
    """Put the adapter that `item` names into `layers` of `model`, in place.

    Its first weights are a pure function of the seed, and no random stream is touched.

    Raises:
        ValueError: for bad options, a model that has an adapter already, or a refusal of peft.
    """
    if any(isinstance(module, BaseTunerLayer) for module in model.modules()):
        raise ValueError("the model has an adapter already; load it afresh")
    config: Any = make_config(item, model, layers, seed=seed, initialise=initialise)
    before = {id(p): _fingerprint(p) for p in model.parameters()}
    _end_at_lowest_layer(model)
    try:
        with _seeded(seed, model.device), one_line(item.what), quiet():
            on_meta = model.device.type == "meta"
            peft_model: Any = get_peft_model(model, config, low_cpu_mem_usage=on_meta)
            _check_inside(peft_model, model)
    except ValueError:
        _strip(model)
        raise
    _end_at_lowest_layer(model)
    named = list(model.named_parameters())
    own = [name for name, p in named if id(p) not in before]
    changed = any(before.get(id(p), _fingerprint(p)) != _fingerprint(p) for _, p in named)
    kind = item.word if item.word != "peft" else config.peft_type.value.lower()
    return Adapter(kind, peft_model, own, changes_base=changed)


def _end_at_lowest_layer(model: PreTrainedModel) -> None:
    """Let the backward pass end where nothing below trains, with gradient checkpointing too.

    Checkpointing makes the embeddings' output require gradients, and peft does so once more, which
    leaves two hooks of which the model knows one: hence a call before peft and one after. Only
    re-entrant checkpointing needs the hooks.
    """
    if getattr(model, "_require_grads_hook", None) is not None:  # set by the hooks that are meant
        model.disable_input_require_grads()


def _check_inside(peft_model: Any, model: PreTrainedModel) -> None:
    """Raise ValueError for a kind that trains weights which are not in the model."""
    inside = {id(p) for p in model.parameters()}
    for name, p in peft_model.named_parameters():
        if p.requires_grad and id(p) not in inside:
            raise ValueError(f"it keeps trained weights outside the model, such as {name}")


def _strip(model: PreTrainedModel) -> None:
    """Take out what peft had put in before it gave up."""
    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            model.set_submodule(name, module.get_base_layer())


def _fingerprint(parameter: Tensor) -> tuple[int, int]:
    """Return what changes when a parameter is overwritten or gets other memory.

    A copy to compare with would take as much memory as the model.
    """
    return parameter.data_ptr(), parameter._version


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw from streams of our own for a while, on the CPU and on `device`."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        # not torch.manual_seed, which would seed the other devices too
        key = index_from_seed("adapter", seed)
        torch.default_generator.manual_seed(key)
        if devices:
            torch.cuda.manual_seed(key)
        yield


def _difference(kind: str, now: dict[str, Tensor], start: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the LoRA matrices of BA - B₀A₀: both side by side, at twice the rank."""
    joined = {}
    for name, tensor in now.items():
        if name.endswith("lora_A.weight"):
            joined[name] = torch.cat([tensor, start[name]], dim=0)
        elif name.endswith("lora_B.weight"):
            joined[name] = torch.cat([tensor, -start[name]], dim=1)
        else:
            raise ValueError(f"{kind} changed the model's weights: save it merged, not apart")
    return joined


def _double_rank(config: Any) -> None:
    """Double the rank of a LoRA and keep its scale, which is alpha/r, or alpha/√r for rsLoRA."""
    config.init_lora_weights = True
    config.r *= 2
    config.lora_alpha *= 2**0.5 if config.use_rslora else 2
    config.rank_pattern = {key: 2 * value for key, value in config.rank_pattern.items()}
    factor = 2**0.5 if config.use_rslora else 2
    config.alpha_pattern = {key: factor * value for key, value in config.alpha_pattern.items()}


def _notes(adapter: Adapter) -> tuple[str, ...]:
    notes = []
    others = len(adapter.trainable) - len(set(adapter.trainable) & set(adapter.names))
    if others:
        notes.append(f"{adapter.kind} trains {others} tensors of the model besides its own")
    if adapter.changes_base:
        notes.append(f"{adapter.kind} changed the model's weights, and its first weights undo that")
    if adapter.kind.upper() in START_AWAY:
        notes.append(f"{adapter.kind} starts away from the policy, by random first weights")
    return tuple(notes)
