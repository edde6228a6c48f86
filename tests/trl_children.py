"""A training run on TRL, as tests build it in their process or launch it with torchrun.

    torchrun --standalone --nproc_per_node 2 tests/trl_children.py POLICY RUN TRAINABLE [KILL_AT]

trains, or goes on, in the folder RUN; each rank writes what it ends with to RUN/rank-N.json. With
KILL_AT the main process dies after that iteration.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from children import Coin
from torch import Tensor

from frostline.agents.config import GRPOConfig
from frostline.agents.policy import Policy, load_policy, weights_hash
from frostline.agents.trl_engine import TrlEngine
from frostline.curricula import CurriculumConfig, make_curriculum
from frostline.envs import Family, TextEnv, envs_by_family

ITERATIONS = 6
# passes a level within a few groups, so that the state holds something
HASTY = CurriculumConfig(
    kind="ladder",
    options={"promote_at": 0.4, "reject_at": 0.1, "demote_below": 0.05, "alpha": 0.3, "icc": 0.0},
)


def build(
    policy: Path | Policy, output_dir: Path, family: Family | None = None, **options: Any
) -> TrlEngine:
    """Return an engine for a few small iterations; `grpo` goes to `GRPOConfig`."""
    envs = envs_by_family([TextEnv(family or Coin())])
    space = {name: len(env.family.levels) for name, env in envs.items()}
    # three groups of four: on two ranks the second group straddles them
    grpo: dict[str, Any] = {"groups": 3, "num_generations": 4, "max_completion_length": 4}
    grpo |= {"learning_rate": 0.01, "warmup_iterations": 2}
    settings: dict[str, Any] = {"iterations": ITERATIONS, "checkpoint_every": 2}
    settings |= {"config": GRPOConfig(**(grpo | options.pop("grpo", {})))}
    return TrlEngine(
        policy if isinstance(policy, Policy) else load_policy(str(policy)),
        make_curriculum(HASTY, space, seed=0),
        envs,
        output_dir=output_dir,
        **(settings | options),
    )


def outcome(engine: TrlEngine) -> dict[str, Any]:
    """Return what two equal runs, or two ranks of one run, must agree on."""
    return {
        "weights": weights_hash(engine.policy.model),
        "state": engine.state_dict(),
        "groups": [metrics["groups"] for metrics in engine.history],
        "loss": [metrics["loss"] for metrics in engine.history],
        "active": [metrics.get("active") for metrics in engine.history],
    }


def weights(engine: TrlEngine) -> dict[str, Tensor]:
    """Return a copy of the policy's weights."""
    named = engine.policy.model.named_parameters()
    return {name: parameter.detach().clone() for name, parameter in named}


def changed(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> set[str]:
    """Return the names of the weights that are not equal bit for bit."""
    assert before.keys() == after.keys()
    return {name for name in before if not torch.equal(before[name], after[name])}


def main(policy: str, run: str, trainable: str, kill_at: str = "0") -> None:
    """Train, and maybe die."""

    def die(metrics: dict[str, Any]) -> None:
        if metrics["iteration"] == int(kill_at):
            os.kill(os.getpid(), signal.SIGKILL)

    engine = build(Path(policy), Path(run), trainable=trainable, callback=die)
    engine.train(resume=True)
    rank = PartialState().process_index
    Path(run, f"rank-{rank}.json").write_text(json.dumps(outcome(engine)), encoding="utf-8")
    PartialState().destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
