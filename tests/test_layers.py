"""Imports point one way: envs and curricula know nobody, agents knows both, frostline all three."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# the folder of each layer, and the package it is installed as
LAYERS = {
    "envs": "frostline.envs",
    "curricula": "frostline.curricula",
    "agents": "frostline.agents",
    "src/frostline": "frostline",
    "scripts": "",
}

# what a layer may import besides the standard library and itself; the two left out may import
# the whole of frostline and whatever pyproject.toml declares
MAY_IMPORT = {
    "envs": {"gymnasium", "numpy", "sympy", "pydantic_monty"},
    "curricula": {"numpy", "pydantic"},
    "agents": {
        "frostline.envs",
        "frostline.curricula",
        "accelerate",
        "numpy",
        "peft",
        "pydantic",
        "safetensors",
        "tokenizers",
        "torch",
        "transformers",
    },
}

# what a single file may import on top of that
FILE_MAY_IMPORT = {
    "envs/properties.py": {"hypothesis"},
    "curricula/wrapper.py": {"gymnasium"},
    "agents/trl_engine.py": {"trl", "datasets"},
    "scripts/mixed_base.py": {"pretrain_base"},  # the one goes on where the other ends
}

HEAVY = {"torch", "transformers", "trl", "peft", "accelerate", "matplotlib", "hypothesis"}


def declared_dependencies() -> set[str]:
    """Return the import names of everything that pyproject.toml asks for, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {requirement for group in wanted for requirement in group}
    return {_distribution(name).replace("-", "_") for name in names}


def _distribution(requirement: str) -> str:
    for end in "[<>=!~; ":
        requirement = requirement.split(end)[0]
    return {"pillow": "PIL"}.get(requirement, requirement)  # the one that is imported otherwise


def imported_names(source: str, package: str) -> Iterator[str]:
    """Yield the absolute dotted name of everything that a module of `package` imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            parts = [*(above if node.level else []), *([node.module] if node.module else [])]
            yield from (".".join([*parts, alias.name]) for alias in node.names)


def forbidden_imports(path: str, source: str) -> list[str]:
    """Return what the module at `path` (relative to the root) imports against the table."""
    layer = next(layer for layer in LAYERS if path.startswith(f"{layer}/"))
    below = Path(path).relative_to(layer).parts[:-1]
    package = ".".join([LAYERS[layer], *below])
    allowed = MAY_IMPORT.get(layer, {"frostline", *declared_dependencies()})
    allowed = allowed | FILE_MAY_IMPORT.get(path, set()) | {LAYERS[layer]}

    def fine(name: str) -> bool:
        if name.split(".")[0] in sys.stdlib_module_names:
            return True
        return any(name == one or name.startswith(f"{one}.") for one in allowed if one)

    return [name for name in imported_names(source, package) if not fine(name)]


MODULES = sorted(
    str(path.relative_to(ROOT)) for layer in LAYERS for path in (ROOT / layer).rglob("*.py")
)


@pytest.mark.parametrize("path", MODULES)
def test_a_module_imports_only_what_its_layer_may(path: str) -> None:
    assert forbidden_imports(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("envs/arithmetic.py", "import torch.nn as nn", "torch.nn"),
        ("envs/arithmetic.py", "from hypothesis import given", "hypothesis.given"),
        ("envs/arithmetic.py", "from ..curricula import Outcome", "frostline.curricula.Outcome"),
        ("envs/arithmetic.py", "from .. import agents", "frostline.agents"),
        ("envs/programs/search.py", "from ...agents import grpo", "frostline.agents.grpo"),
        ("envs/arithmetic.py", "import envs.problem", "envs.problem"),
        ("curricula/ladder.py", "def f():\n    import gymnasium", "gymnasium"),
        ("curricula/ladder.py", "from frostline.envs import TaskSpec", "frostline.envs.TaskSpec"),
        ("agents/grpo.py", "from trl import GRPOTrainer", "trl.GRPOTrainer"),
        ("agents/grpo.py", "from ..cli import main", "frostline.cli.main"),
        ("agents/grpo.py", "import frostline", "frostline"),
        ("src/frostline/cli.py", "import yaml", "yaml"),
        ("scripts/train.py", "from agents import grpo", "agents.grpo"),
    ],
)
def test_a_planted_violation_is_found(path: str, source: str, found: str) -> None:
    assert forbidden_imports(path, source) == [found]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("envs/properties.py", "from hypothesis import given"),
        ("envs/programs/search.py", "from ..problem import TaskSpec"),
        ("curricula/wrapper.py", "import gymnasium as gym"),
        ("agents/grpo.py", "from ..envs import TaskSpec\nfrom . import loss\nimport torch"),
        ("agents/trl_engine.py", "from trl import GRPOTrainer"),
        ("src/frostline/cli.py", "from frostline.agents import GRPOAgent\nimport tyro"),
    ],
)
def test_what_the_table_allows_is_not_reported(path: str, source: str) -> None:
    assert forbidden_imports(path, source) == []


def test_importing_frostline_imports_nothing_heavy() -> None:
    code = f"import sys, frostline, frostline.agents; print(sorted({HEAVY} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("folder", ["envs", "curricula", "agents"])
def test_a_folder_refuses_to_be_imported_under_its_own_name(folder: str) -> None:
    command = [sys.executable, "-c", f"import {folder}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"import this package as frostline.{folder}, not as {folder}" in done.stderr
