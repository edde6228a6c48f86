"""What a measurement ran on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def hardware() -> str:
    """Return the processor and how many cores of it there are."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = os.cpu_count() or 1
    return f"{named[0] if named else model}, {cores} core{'s' * (cores > 1)}"
