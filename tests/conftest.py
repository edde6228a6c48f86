"""What every test shares: one thread, no network, and the Hypothesis profiles."""

import os

# before anything imports torch or transformers, which read these once
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["MPLBACKEND"] = "Agg"

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# `dev` looks for new failures on every run; `ci` gives the same commit the same answer every time
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, database=None, print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the function that gives the folder of a tiny policy: `llama`, `qwen2` or `qwen3`."""
    from tiny import save_tiny  # torch takes seconds, and few tests need it

    root = tmp_path_factory.mktemp("tiny")

    def folder(kind: str) -> Path:
        if not (root / kind).exists():
            save_tiny(kind, root / kind)
        return root / kind

    return folder


@pytest.fixture(scope="session")
def toml(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of the study of a coin."""
    from study_coins import write_study

    return write_study(tiny("llama"), tmp_path_factory.mktemp("study") / "coins.toml")


@pytest.fixture(scope="session")
def unbroken(toml: Path) -> Path:
    """Return the directory of that study, which nothing disturbed."""
    from study_coins import compare

    out = toml.parent / "unbroken"
    assert compare(toml, out) == 0
    return out


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be forked from a server that has imported torch, which saves seconds."""
    import children

    monkeypatch.setattr("frostline.study.workers.get_context", lambda kind: children.CONTEXT)
