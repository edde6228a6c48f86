"""A directory of finished runs, one line each, that a later call of the same command takes up.

It has a file that says what the lines depend on. A run is in the file or it is not; a stop costs
the runs under way and no other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from .run_dir import RunDir, read_lines, write_text

# from what is saved and what is asked for to what is to be saved; raises ValueError if they differ
Reconcile: TypeAlias = Callable[[dict[str, Any], dict[str, Any]], Mapping[str, Any]]


def take_up(
    identity_path: Path,
    lines_path: Path,
    identity: dict[str, Any],
    reconcile: Reconcile,
    *,
    what: str,
    hint: str,
) -> RunDir:
    """Make a directory, or take up one of the same identity; return it locked.

    Args:
        identity_path: the file that says what the lines depend on.
        lines_path: the finished runs, in the same directory.
        identity: what the lines of this call depend on, as JSON values.
        reconcile: holds it against what the file says.
        what: the directory holds, for the error.
        hint: what to do if it is another, for the error.

    Raises:
        ValueError: if the directory is in use, cannot be written, or is of another identity.
            Nothing has changed then.
    """
    path = identity_path.parent
    empty = path.is_dir() and not any(path.iterdir())
    if path.exists() and not empty and not identity_path.is_file():
        raise ValueError(f"{path} exists and is no {what}; {hint}")
    run_dir = RunDir(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        run_dir.lock()
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}") from error
    try:
        saved = {}
        if identity_path.is_file():
            saved = json.loads(identity_path.read_text(encoding="utf-8"))
            identity = dict(reconcile(saved, identity))
        if saved != identity:
            write_text(identity_path, json.dumps(identity, indent=2) + "\n")
        # a line that was cut short by a kill must not run into the next
        kept = "".join(json.dumps(line) + "\n" for line in read_lines(lines_path))
        write_text(lines_path, kept)
    except BaseException:
        run_dir.unlock()
        raise
    return run_dir
