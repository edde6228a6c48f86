"""Processes that are killed while they replace a folder."""

import os
import signal
from pathlib import Path
from typing import Any
from unittest import mock

from frostline.run_dir import whole_folder


def replace_and_die(out: Path, renames: int) -> None:
    """Replace a folder and be killed after so many renames; it takes two."""
    rename, count = os.replace, 0

    def dying(*args: Any) -> None:
        nonlocal count
        if count == renames:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
        rename(*args)

    with mock.patch.object(os, "replace", dying), whole_folder(out) as folder:
        folder.mkdir()
        (folder / "file").write_text("new")
