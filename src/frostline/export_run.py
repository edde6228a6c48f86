"""Exporting the policy of a run, whole or not at all, from its last checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from frostline.agents.export import Adapters, DType, gap, save_policy
from frostline.agents.policy import weights_hash

from .export_folder import Trained, check_out, write_card
from .run_dir import RunDir, whole_folder
from .train import build_agent

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
        ValueError: if there is no checkpoint yet, the run is one of the TRL engine, or the policy
            is not what the run started from.
    """
    config = run.config()
    if config.engine == "trl":
        raise ValueError(
            f"run {run.path} is of engine=trl, whose checkpoints are transformers' own; "
            f"{run.policy_path} has its policy once it has ended"
        )
    state = run.load()
    if state is None:
        raise ValueError(f"run {run.path} has no checkpoint yet, so there is nothing to export")
    there = config.device == "cpu" or torch.cuda.is_available()
    agent, envs = build_agent(config if there else config.model_copy(update={"device": "cpu"}))
    same = weights_hash(agent.policy.model) == state["origin"]
    # what an adapter computes at its start is rounded in another way on another device
    if not same and (there or agent.subset.adapter is None):
        raise ValueError(
            f"policy {config.policy!r} has other weights than when run {run.path} began"
        )
    agent.load_state_dict(state["agent"])
    return Trained(agent.policy, agent.subset, envs, agent.iteration, state["seconds"])
