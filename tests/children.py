"""Training runs in processes of their own, which end as tests want them to.

The processes are forked from a server that has imported torch already: each starts in no time.
"""

import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from frostline.envs import Family, Level, Problem, Question, Status, Verdict

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["frostline.train"])

ITERATIONS = 6
SMALL = (
    *("--family", "children:Coin", "--trainable", "last:1", "--threads", "1", "--quiet"),
    *("--eval-problems", "4", "--eval-every", "2", "--progress-problems", "2"),
    *("--checkpoint-every", "2", "--iterations", str(ITERATIONS), "--grpo.warmup-iterations", "2"),
    *("--grpo.groups", "3", "--grpo.num-generations", "4", "--grpo.max-completion-length", "4"),
)


class Coin(Family):
    """An answer is right if its first character is even, as half of what a random policy says."""

    name = "coin"
    summary = "Toss a coin."
    levels = (Level("toss"), Level("toss again"))

    def draw(self, level: int, rng: random.Random) -> int:
        return rng.randrange(10_000)

    def ask(self, level: int, content: int, rng: random.Random) -> Question:
        return Question(f"Toss {content}.", "int", "0")

    def verify(self, problem: Problem, answer: str) -> Verdict:
        even = ord(answer[:1] or "1") % 2 == 0
        return Verdict(Status.CORRECT if even else Status.WRONG, "")


def run(child: Callable[..., None], *args: object, log: Path | None = None) -> int | None:
    """Run `child(*args)` in a process and return its exit status, negative for a signal.

    Args:
        child: a function of this module.
        args: its arguments.
        log: file for what it prints.
    """
    process = CONTEXT.Process(target=_child, args=(child, args, str(log or os.devnull)))
    process.start()
    process.join(120)
    return process.exitcode


def _child(child: Callable[..., None], args: Sequence[object], log: str) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(out, stream)
    child(*args)


def train(args: Sequence[str]) -> None:
    """Run `frostline train`."""
    from frostline.cli import main

    sys.exit(main(["train", *args]))


def train_until(moment: str, args: Sequence[str]) -> None:
    """Run `frostline train` and be hit by a signal at a `moment`, see `MOMENTS`."""
    MOMENTS[moment]()
    train(args)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def between_metrics_and_checkpoint() -> None:
    _after_line("metrics.jsonl", 4, _kill)


def after_an_evaluation() -> None:
    _after_line("evaluations.jsonl", 4, _kill)


def amid_a_line() -> None:
    """Write half a line of iteration 5, then die."""
    from frostline.run_dir import RunDir

    append = RunDir.append

    def half(self: RunDir, path: Path, line: dict[str, Any]) -> None:
        append(self, path, line)
        if line["iteration"] == 5:
            os.truncate(path, path.stat().st_size - 40)
            _kill()

    mock.patch.object(RunDir, "append", half).start()


def amid_a_checkpoint() -> None:
    """Write half of the second checkpoint, then die."""
    import torch

    save = torch.save

    def half(state: dict[str, Any], file: Any) -> None:
        save(state, file)
        file.flush()
        if state["agent"]["iteration"] == 4:
            os.truncate(file.name, file.tell() // 2)
            _kill()

    mock.patch.object(torch, "save", half).start()


def amid_an_evaluation() -> None:
    """Die at the second level of the evaluation at iteration 2."""
    _at_level(2, _kill)


def interrupt_amid_an_evaluation() -> None:
    _at_level(2, _interrupt)


def interrupt_amid_the_first_evaluation() -> None:
    _at_level(0, _interrupt)


def interrupt_amid_the_last_evaluation() -> None:
    _at_level(ITERATIONS, _interrupt)


def interrupt_amid_an_iteration() -> None:
    _amid_iteration(3, _interrupt)


def interrupt_twice_amid_an_iteration() -> None:
    _amid_iteration(3, _interrupt, _interrupt)


def terminate_amid_an_iteration() -> None:
    _amid_iteration(3, lambda: os.kill(os.getpid(), signal.SIGTERM))


def interrupt_amid_the_report() -> None:
    from frostline import report

    def draw(*args: object) -> None:
        _interrupt()

    mock.patch.object(report, "draw_levels", draw).start()


def fill_the_disk_amid_a_line() -> None:
    _amid_iteration(4, lambda: _limit_files(2_500))


def fill_the_disk_amid_a_checkpoint() -> None:
    _amid_iteration(4, lambda: _limit_files(50_000))


def _limit_files(size: int) -> None:
    """Let no file grow beyond `size` bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _after_line(name: str, iteration: int, action: Callable[[], None]) -> None:
    from frostline.run_dir import RunDir

    append = RunDir.append

    def then(self: RunDir, path: Path, line: dict[str, Any]) -> None:
        append(self, path, line)
        if (path.name, line["iteration"]) == (name, iteration):
            action()

    mock.patch.object(RunDir, "append", then).start()


def _at_level(iteration: int, action: Callable[[], None]) -> None:
    from frostline import train
    from frostline.evaluate import evaluate

    here = {"iteration": -1}

    def watched(*args: Any, **options: Any) -> Any:
        show = options["on_level"]

        def on_level(result: Any) -> None:
            show(result)
            if here["iteration"] == iteration:
                action()

        return evaluate(*args, **(options | {"on_level": on_level}))

    original = train.Run._evaluate

    def noted(self: train.Run, *args: Any) -> None:
        here["iteration"] = self.agent.iteration
        original(self, *args)

    mock.patch.object(train, "evaluate", watched).start()
    mock.patch.object(train.Run, "_evaluate", noted).start()


def _amid_iteration(iteration: int, *actions: Callable[[], None]) -> None:
    from frostline.agents.grpo import GRPOAgent

    update = GRPOAgent._update

    def hit(self: GRPOAgent, *args: Any) -> Any:
        result = update(self, *args)
        if self.iteration + 1 == iteration:
            for action in actions:
                action()
        return result

    mock.patch.object(GRPOAgent, "_update", hit).start()


MOMENTS: dict[str, Callable[[], None]] = {
    action.__name__: action
    for action in (
        between_metrics_and_checkpoint,
        after_an_evaluation,
        amid_a_line,
        amid_a_checkpoint,
        amid_an_evaluation,
        interrupt_amid_an_evaluation,
        interrupt_amid_the_first_evaluation,
        interrupt_amid_the_last_evaluation,
        interrupt_amid_an_iteration,
        interrupt_twice_amid_an_iteration,
        terminate_amid_an_iteration,
        interrupt_amid_the_report,
        fill_the_disk_amid_a_line,
        fill_the_disk_amid_a_checkpoint,
    )
}
