"""The optimizer of a trainable subset: state for what trains, and what becomes of it at a switch.

It holds every parameter that may ever train, a group per layer, from the start. A parameter that
is frozen has no gradient (`None`, not zero: a zero gradient would still move it by its momentum),
and takes no step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .config import GRPOConfig


class SubsetOptimizer:
    """AdamW or SGD over the parameters that may train."""

    def __init__(
        self,
        parameters: Mapping[str, nn.Parameter],
        layer_of: Mapping[str, int | None],
        config: GRPOConfig,
    ) -> None:
        """Take the parameters by name; all of them are active.

        Args:
            parameters: every parameter that may ever train.
            layer_of: the layer of each, None outside the layers.
            config: optimizer, learning rate and what happens at a switch.
        """
        self.parameters = dict(parameters)
        self.config = config
        self.active = frozenset(parameters)
        self.since: dict[int | None, int] = {}  # layer → iteration since which it warms up again
        self._layer_of = layer_of
        layers = sorted({layer_of[n] for n in parameters}, key=lambda i: -1 if i is None else i)
        self.optimizer = self._make(layers)

    def switch(self, names: Collection[str], iteration: int) -> None:
        """Let exactly `names` train from `iteration` on, and see to the moments of the others."""
        new = frozenset(names)
        for name in self.active - new:
            parameter = self.parameters[name]
            parameter.requires_grad_(False)
            parameter.grad = None
            if self.config.moments == "reset":
                self.optimizer.state.pop(parameter, None)
            elif self.config.moments == "offload":
                self._move(parameter, torch.device("cpu"))
        for name in new - self.active:
            parameter = self.parameters[name]
            parameter.requires_grad_(True)
            self._move(parameter, parameter.device)
            if iteration:
                self.since[self._layer_of[name]] = iteration
        self.active = new

    def learning_rates(self, iteration: int) -> None:
        """Set the learning rate of each group: warm-up of the run, and of a layer that is back."""
        config = self.config
        warm = min(1.0, (iteration + 1) / max(1, config.warmup_iterations))
        for group in self.optimizer.param_groups:
            since = self.since.get(group["layer"], -config.rewarmup_iterations)
            again = min(1.0, (iteration - since + 1) / max(1, config.rewarmup_iterations))
            group["lr"] = config.learning_rate * min(warm, again)

    def trained(self) -> list[nn.Parameter]:
        """Return the active parameters: what the clip norm counts."""
        return [p for name, p in self.parameters.items() if name in self.active]

    def step(self) -> None:
        """Take a step on what has a gradient, and drop the gradients."""
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """Return the moments by parameter name, as copies on the CPU, and the warm-ups."""
        state = self.optimizer.state
        return {
            "moments": {n: copies(state[p]) for n, p in self.parameters.items() if p in state},
            "since": [[layer, since] for layer, since in self.since.items()],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state; moments of parameters that are no longer here are left out."""
        self.optimizer.state.clear()
        for name, moments in state["moments"].items():
            if name in self.parameters:
                parameter = self.parameters[name]
                self.optimizer.state[parameter] = copies(moments)
                home = name in self.active or self.config.moments != "offload"
                self._move(parameter, parameter.device if home else torch.device("cpu"))
        self.since = {layer: since for layer, since in state["since"]}

    def _move(self, parameter: nn.Parameter, device: torch.device) -> None:
        """Put the moments of a parameter on a device; the step count stays where it is."""
        moments = self.optimizer.state.get(parameter, {})
        for key, value in moments.items():
            if isinstance(value, Tensor) and key != "step":
                moments[key] = value.to(device)

    def _make(self, layers: list[int | None]) -> torch.optim.Optimizer:
        c = self.config
        groups = [
            {
                "params": [p for n, p in self.parameters.items() if self._layer_of[n] == layer],
                "layer": layer,
            }
            for layer in layers
        ]
        if c.optimizer == "sgd":
            return torch.optim.SGD(groups, lr=c.learning_rate, weight_decay=c.weight_decay)
        betas = (c.adam_beta1, c.adam_beta2)
        return torch.optim.AdamW(
            groups, lr=c.learning_rate, betas=betas, weight_decay=c.weight_decay
        )


def copies(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tensors of a dictionary as copies on the CPU, and its other values as they are."""
    return {
        name: value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else value
        for name, value in values.items()
    }
