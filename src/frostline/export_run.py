"""Exporting the policy of a run, whole or not at all, from its last checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from frostline.agents.export import Adapters, DType, gap, save_policy
from frostline.agents.policy import Policy, weights_hash
from frostline.agents.subsets import resolve
from frostline.agents.trl_checkpoints import newest_checkpoint, read_state

from .config import TrainConfig
from .export_folder import Trained, check_out, write_card
from .parts import build_agent, build_parts
from .run_dir import RunDir, whole_folder

# largest difference of a logit, relative to the largest logit; rounding is far below it
AGREE_WITHIN = 1e-4


def export_run(
    run: RunDir, out: Path, *, adapters: Adapters, dtype: DType, command: str
) -> dict[str, Any]:
    """Write the policy that a run has come to, check it, and return what was written.

    Args:
        run: its last checkpoint is what counts; the run may be going on.
        out: the folder; what an earlier export has left there is replaced.
        adapters: merged into the weights, or apart.
        dtype: of the weights.
        command: for the model card.

    Raises:
        ValueError: if there is nothing to export, `out` holds something else, or the folder loads
            as another policy. Nothing is written then.
    """
    place = out.resolve()  # of a link, what it points to
    check_out(place)
    trained = rebuild(run)
    place.parent.mkdir(parents=True, exist_ok=True)
    RunDir(place.parent).reserve(4 * trained.subset.total)  # safetensors reports it in its own way
    with whole_folder(place) as folder:
        save_policy(trained.policy, trained.subset, folder, adapters, dtype)
        difference = gap(trained.policy, folder)
        if dtype == "float32" and not difference < AGREE_WITHIN:
            raise ValueError(
                f"the folder's logits differ from the trained policy's by {difference:.1e} of the "
                "largest; nothing was written"
            )
        about = write_card(
            folder, run, trained, adapters=adapters, dtype=dtype, gap=difference, command=command
        )
    return {"run": str(run.path), "folder": str(out), **about}


def rebuild(run: RunDir) -> Trained:
    """Return the policy as the last checkpoint of a run left it.

    It is built on the run's device, or on the CPU where that is not there.

    Raises:
        ValueError: if there is no checkpoint yet, or the policy is not what the run started from.
    """
    config = run.config()
    there = config.device == "cpu" or torch.cuda.is_available()
    if not there:
        config = config.model_copy(update={"device": "cpu"})
    if config.engine == "trl":
        return _rebuild_trl(run, config)
    state = run.load()
    if state is None:
        raise ValueError(f"run {run.path} has no checkpoint yet, so there is nothing to export")
    agent, envs = build_agent(config)
    # what an adapter computes at its start is rounded in another way on another device
    if there or agent.subset.adapter is None:
        _check_origin(run, agent.policy, state)
    agent.load_state_dict(state["agent"])
    return Trained(agent.policy, agent.subset, envs, agent.iteration, state["seconds"])


def _rebuild_trl(run: RunDir, config: TrainConfig) -> Trained:
    """Return the policy in the newest of the TRL engine's checkpoints, which hold all weights."""
    folder = newest_checkpoint(run.path / "trl")
    saved = read_state(folder) if folder else None
    if folder is None or saved is None:
        raise ValueError(f"run {run.path} has no checkpoint yet, so there is nothing to export")
    parts = build_parts(config)
    state = run.load()  # a run that was killed has none, and its seconds are not known
    if state is not None:
        _check_origin(run, parts.policy, state)
    model = parts.policy.model
    subset = resolve(config.trainable, model, seed=config.seed)
    weights = {
        name: tensor
        for file in sorted(folder.glob("model*.safetensors"))
        for name, tensor in load_file(file).items()
    }
    lacking = sorted({name for name, _ in model.named_parameters()} - weights.keys())
    if lacking:
        raise ValueError(f"checkpoint {folder} lacks weights such as {lacking[0]}")
    model.load_state_dict(weights, strict=False)  # of a tied head it has one name
    seconds = state["seconds"] if state is not None else None
    return Trained(parts.policy, subset, parts.envs, saved["iteration"], seconds)


def _check_origin(run: RunDir, policy: Policy, state: Mapping[str, Any]) -> None:
    """Raise ValueError unless a policy has the weights with which a run began."""
    if weights_hash(policy.model) != state["origin"]:
        raise ValueError(f"policy {policy.name!r} has other weights than when run {run.path} began")
