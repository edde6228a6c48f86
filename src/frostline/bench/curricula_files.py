"""The files of a comparison of schedulers."""

from __future__ import annotations

from pathlib import Path

from ..outputs import check_writable

HEAT_MAP = "speedups.png"
OUT_FILES = ("table.md", "rows.json", "curves.png", HEAT_MAP)


def check_targets(out: Path | None, page: Path | None) -> None:
    """Refuse files that cannot be written, without leaving anything behind.

    Args:
        out: folder of `--out`.
        page: file of `--page`, whose pictures lie in a folder of its name beside it.

    Raises:
        ValueError: naming the option and what is in the way.
    """
    if out is not None:
        check_writable("out", out, [out / name for name in OUT_FILES])
    if page is not None:
        if not page.suffix:
            raise ValueError(f"page must be a file that ends in .md, got {page}")
        check_writable("page", page, [page, page.with_suffix("") / HEAT_MAP])
