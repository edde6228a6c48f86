"""Files that a command is asked for: refused before anything runs, written whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def check_writable(option: str, given: Path, targets: Iterable[Path]) -> None:
    """Refuse targets of which one cannot be written, without leaving anything behind.

    Args:
        option: of the command line that asks for them.
        given: its value.
        targets: the files.

    Raises:
        ValueError: naming the option and what is in the way.
    """
    for target in targets:
        try:
            _try(target)
        except OSError as error:
            # its own text would name a file that nobody asked for
            why = f"{error.filename}: {error.strerror}"
            raise ValueError(f"{option} must be writable, got {given} ({why})") from error


def _try(target: Path) -> None:
    """Raise OSError, with what is in the way, if a file or a folder above it cannot be written."""
    if target.is_dir():
        raise IsADirectoryError(0, "is a folder", str(target))
    above = target.parent
    while not above.exists():
        above = above.parent
    if not above.is_dir():
        raise NotADirectoryError(0, "is no folder", str(above))
    try:
        # access rights do not tell of read-only file systems: nothing but trying does
        tempfile.TemporaryFile(dir=above).close()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(above)) from error


def write(files: Mapping[Path, bytes]) -> None:
    """Write files; each is there whole or not at all.

    Raises:
        OSError: naming the file that cannot be written.
    """
    for path, content in files.items():
        partial = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(content)
            os.replace(partial, path)
        except OSError as error:
            raise OSError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            partial.unlink(missing_ok=True)
