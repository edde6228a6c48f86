"""Studies in processes of their own, which are hit by a signal in the middle of a run."""

import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing import active_children
from pathlib import Path
from typing import Any
from unittest import mock

from children import CONTEXT


def compare(args: Sequence[str]) -> None:
    """Run `frostline compare`."""
    from frostline.cli import main

    sys.exit(main(["compare", *args]))


def compare_until(
    number: int, lines: int, args: Sequence[str], pids: Path | None = None, spawn: bool = False
) -> None:
    """Run `frostline compare` and be hit by a signal in an iteration after so many lines.

    Args:
        number: of the signal.
        lines: how many at least.
        args: of the command.
        pids: file for the numbers of the processes that do the runs.
        spawn: start these as the command does, which takes seconds.
    """
    from frostline.study import workers as module
    from frostline.study.compare import Comparison

    if not spawn:
        mock.patch.object(module, "get_context", return_value=CONTEXT).start()
    original = Comparison.work

    def watched(self: Comparison, workers: Any, stop: Any, on_iteration: Any, on_line: Any) -> None:
        def shot(task: Any, iteration: int) -> None:
            on_iteration(task, iteration)
            if len(self.lines) >= lines:
                if pids is not None:
                    pids.write_text(" ".join(str(p.pid) for p in active_children()))
                os.kill(os.getpid(), number)

        original(self, workers, stop, shot, on_line)

    mock.patch.object(Comparison, "work", watched).start()
    compare(args)


def compare_amid_a_line(lines: int, args: Sequence[str]) -> None:
    """Run `frostline compare`, write half of a line and die."""
    from frostline.study import lines as files

    original = files.append

    def half(path: Any, line: Any) -> None:
        original(path, line)
        if path.read_bytes().count(b"\n") == lines + 1:
            os.truncate(path, path.stat().st_size - 40)
            os.kill(os.getpid(), signal.SIGKILL)

    mock.patch.object(files, "append", half).start()
    compare(args)
