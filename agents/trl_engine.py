"""The GRPO agent on TRL, for accelerate, DeepSpeed, FSDP and vLLM; see docs/engines.md.

It is a `GRPOTrainer` with two methods overridden: `_generate_and_score_completions` puts the
prompts of the curriculum's tickets into the generation batch, `_calculate_rewards` takes the
verdicts of all ranks back to the curriculum. So each batch is drawn with the outcomes of the one
before it, on every rank alike. What this engine cannot do is refused before any work.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, get_type_hints

import torch
from accelerate.utils import gather_object
from datasets import Dataset
from torch import Tensor
from transformers import GenerationConfig, PrinterCallback
from transformers.utils import hub, logging
from trl.trainer.grpo_config import GRPOConfig as TRLConfig
from trl.trainer.grpo_trainer import GRPOTrainer

from ..curricula import Scheduler
from ..envs import TextEnv
from .config import GRPOConfig
from .grpo import check_space
from .policy import Policy, find_path
from .subsets import apply, resolve
from .subsets.schedules import Observed, Phase
from .ticket_feed import TicketFeed, longest_prompt
from .trl_checkpoints import (
    BARE,
    FrostlineState,
    check_saved,
    newest_checkpoint,
    read_state,
    without_optimizer,
)
from .trl_options import check_engine, check_subset, read_pass_through, trl_options, world_size


class CurriculumGRPOTrainer(GRPOTrainer):
    """TRL's trainer, fed by a curriculum; its data set holds nothing but numbers of groups."""

    feed: TicketFeed

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Sample and score the completions of new tickets; called once per generation batch."""
        self.feed.draw(self.state.global_step // self.num_iterations)
        batch: dict[str, Any] = super()._generate_and_score_completions(
            [self.feed.example(x["slot"]) for x in inputs]
        )
        return batch

    def _calculate_rewards(
        self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: Any
    ) -> Tensor:
        """Return the rewards of all ranks, with NaN for a group that has an error of the verifier.

        NaN is TRL's mark of what cannot be scored: its advantage is 0, and no mean or standard
        deviation counts it. Its tokens stay in the loss's denominator.
        """
        self.feed.marks.append(time.perf_counter())
        rewards: Tensor = super()._calculate_rewards(
            inputs, prompts, completions, completion_ids_list
        )
        ranks = gather_object([(self.feed.rows, self.feed.stop_wanted)])
        errors = self.feed.settle(list(chain.from_iterable(rows for rows, _ in ranks)))
        self.feed.stop_agreed = any(stop for _, stop in ranks)  # by all ranks, at the same time
        self.feed.marks.append(time.perf_counter())
        return rewards.masked_fill(errors.to(rewards.device)[:, None], torch.nan)


class TrlEngine:
    """Trains part of a policy on the problems that a curriculum hands out, by TRL's trainer.

    Every process of the launcher makes one, with the same arguments.
    """

    def __init__(
        self,
        policy: Policy,
        curriculum: Scheduler,
        envs: Mapping[str, TextEnv],
        *,
        iterations: int,
        output_dir: Path,
        trainable: str = "full",
        config: GRPOConfig | None = None,
        seed: int = 0,
        checkpoint_every: int = 10,
        callback: Callable[[dict[str, Any]], None] | None = None,
        pass_through: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the trainer; nothing is sampled yet.

        Args:
            policy: what trains; `trainable` may put adapters into its model.
            curriculum: this rank's replica.
            envs: environments by the name of their family; single turn.
            iterations: of the whole run.
            output_dir: where checkpoints go; the same for all ranks.
            trainable: which weights train (see `agents/subsets`).
            config: options of the algorithm.
            seed: of sampling and of the trainable subset.
            checkpoint_every: iterations from one checkpoint to the next; the last one is saved too.
            callback: called on the main process with the metrics of each iteration as it ends.
            pass_through: options of TRL's own `GRPOConfig`, such as `{"use_vllm": True}`.

        Raises:
            ValueError: for what this engine does not do; nothing has been sampled or trained then.
        """
        self.policy, self.config, self.seed = policy, config or GRPOConfig(), seed
        self.iterations, self.output_dir = iterations, output_dir
        self.callback, self.history = callback, list[dict[str, Any]]()
        self.done = 0
        extra = read_pass_through(pass_through or {}, get_type_hints(TRLConfig))
        check_space(curriculum, envs)
        check_engine(envs, extra, curriculum)
        longest, most = longest_prompt(policy, envs), self.config.max_completion_length
        policy.check_length(longest, most)
        args = TRLConfig(
            **trl_options(
                self.config,
                extra,
                iterations=iterations,
                checkpoint_every=checkpoint_every,
                output_dir=output_dir,
                seed=seed,
                row_tokens=longest + most,
                cpu=policy.device.type == "cpu",
            )
        )
        self._keep_reference(args)
        before = {name for name, _ in policy.model.named_parameters()}
        self.subset = resolve(trainable, policy.model, seed=seed)
        policy.path = find_path(policy.model)  # it knows the modules that an adapter has replaced
        self.parameters = dict(policy.model.named_parameters())
        self.added = self.parameters.keys() - before
        check_subset(self.subset, self.added, self.config, extra)
        schedule = self.subset.schedule
        # the gradient of a frozen layer never comes, and DDP would wait for it
        args.ddp_find_unused_parameters = schedule is not None
        self.phase = schedule.start(self.subset.layers, seed) if schedule else None
        # whatever may ever train has to be in the optimizer, and be seen by DDP, from the start
        apply(self.subset.names, policy.model)
        self.feed = TicketFeed(policy, curriculum, envs, self.config)
        self.trainer = self._make_trainer(args)

    def train(
        self, *, resume: bool = False, allow_new_subset: bool = False
    ) -> list[dict[str, Any]]:
        """Train to the end, or until `stop`, and return the metrics of each iteration.

        The fields are those of docs/metrics.md, with `samples` of this rank; `generate` includes
        the log-probabilities of the old policy and of the reference, and `grad_norm` is that of
        the iteration's last optimizer step.

        Args:
            resume: go on from the newest complete checkpoint if there is one.
            allow_new_subset: go on with another trainable subset, and an empty optimizer.

        Raises:
            ValueError: if the checkpoint is of another run, or the ranks disagree.
        """
        folder = newest_checkpoint(self.output_dir)
        if folder and not resume:
            raise ValueError(
                f"output_dir {self.output_dir} holds {folder.name} of another run; resume it or "
                "choose another output_dir"
            )
        if folder:
            folder = self._restore(folder, allow_new_subset)
        self._check_replicas()
        model = self.policy.model
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of TRL's own use of transformers
            # a run that is done takes no step, but gets its weights back
            self.trainer.train(resume_from_checkpoint=str(folder) if folder else None)
        for name in ("forward", "enable_input_require_grads"):
            vars(model).pop(name, None)  # a copy of the model would go on with TRL's
        model.eval()
        return self.history

    def stop(self) -> None:
        """End after this iteration or the next, with a checkpoint; one rank's wish is enough."""
        self.feed.stop_wanted = True

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint needs on top of what the trainer saves, as JSON values."""
        return {
            "iteration": self.done,
            "seed": self.seed,
            "trainable": self.subset.spec,
            "adds": bool(self.added),
            "processes": world_size(),
            "curriculum": self.feed.curriculum.state_dict(),
            "phase": self.phase.to_dict() if self.phase else None,
        }

    def begin_step(self, step: int, optimizer: torch.optim.Optimizer) -> None:
        """Set the learning rate of an optimizer step, and freeze what the schedule says."""
        iteration = step // self.config.num_iterations
        warm = min(1.0, (iteration + 1) / max(1, self.config.warmup_iterations))
        for group in optimizer.param_groups:
            group["lr"] = self.config.learning_rate * warm
            group["weight_decay"] = self.config.weight_decay  # transformers spares the norms
        if self.phase is None or self.subset.schedule is None:
            return
        while self.phase.iteration < iteration:
            self.phase = self.subset.schedule.advance(
                self.phase, Observed(), self.subset.layers, self.seed
            )
        active = set(self.subset.active(self.phase.active))
        apply(active, self.policy.model)
        for name in set(self.subset.names) - active if self.config.moments == "reset" else ():
            optimizer.state.pop(self.parameters[name], None)

    def end_step(self, step: int) -> bool:
        """Return whether to stop after an optimizer step: between iterations, all ranks alike."""
        alone = world_size() == 1  # and has nobody to agree with
        stop = self.feed.stop_wanted if alone else self.feed.stop_agreed
        return stop and step % self.config.num_iterations == 0

    def end_iteration(self, logs: Mapping[str, float]) -> None:
        """Take note of the iteration whose means TRL has just logged."""
        self.done += 1
        metrics = {"iteration": self.done, **self.feed.measured}
        metrics |= {name: logs.get(name) for name in ("loss", "entropy", "kl", "grad_norm")}
        metrics["clip_fraction"] = logs["clip_ratio/region_mean"]
        metrics["active"] = list(self.phase.active if self.phase else self.subset.layers)
        metrics["seconds"] = self.feed.seconds()
        self.history.append(metrics)
        if self.callback and self.trainer.accelerator.is_main_process:
            self.policy.model.eval()  # the trainer's next step switches back
            self.callback(metrics)

    def _make_trainer(self, args: TRLConfig) -> CurriculumGRPOTrainer:
        model, policy = self.policy.model, self.policy
        # TRL reads the end tokens here
        model.generation_config = model.generation_config or GenerationConfig()
        model.generation_config.eos_token_id = sorted(policy.end_ids)
        # TRL switches checkpointing on again after each sampling, and transformers then adds one
        # more hook that leads the backward pass through the frozen layers down to the embeddings
        vars(model)["enable_input_require_grads"] = lambda: None
        logging.disable_progress_bar()  # one for each file of a checkpoint
        constants: Any = vars(hub)["constants"]
        constants.HF_HUB_DISABLE_TELEMETRY = True  # TRL's trainer reports to its makers
        trainer = CurriculumGRPOTrainer(
            model=model,
            reward_funcs=[self.feed.grade],
            args=args,
            # exactly one generation batch: there is no next one that could be fetched too early
            train_dataset=Dataset.from_dict({"slot": list(range(self.config.groups))}),
            processing_class=policy.tokenizer,
            callbacks=[FrostlineState(self)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.feed = self.feed
        return trainer

    def _keep_reference(self, args: TRLConfig) -> None:
        """Write the weights as they are to where TRL reads the reference of the KL penalty from."""
        if self.config.beta == 0:
            return
        folder = self.output_dir / "reference"
        with args.main_process_first(local=False):
            if args.process_index == 0:
                self.policy.save(folder)
        self.policy.model.config.name_or_path = str(folder)

    def _restore(self, folder: Path, allow_new_subset: bool) -> Path:
        """Take over a checkpoint's state and return the folder that the trainer resumes from."""
        saved, mine = read_state(folder), self.state_dict()
        assert saved is not None
        check_saved(saved, mine, self.iterations, allow_new_subset=allow_new_subset)
        self.feed.curriculum.load_state_dict(saved["curriculum"])
        self.done = saved["iteration"]
        if saved["trainable"] == mine["trainable"]:
            self.phase = Phase.from_dict(saved["phase"]) if saved["phase"] else None
            return folder
        args = self.trainer.args
        with args.main_process_first(local=False):
            return without_optimizer(folder) if args.process_index == 0 else folder.with_name(BARE)

    def _check_replicas(self) -> None:
        """Raise ValueError unless all ranks start from the same state."""
        if len(set(gather_object([json.dumps(self.state_dict(), sort_keys=True)]))) > 1:
            raise ValueError("ranks must be given equal curricula, specs and seeds; theirs differ")
