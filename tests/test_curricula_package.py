"""The package: its examples hold, and it can be taken for its schedulers alone."""

import ast
import doctest
import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path

import pytest

import frostline.curricula

MODULES = [
    module.name
    for module in pkgutil.walk_packages(frostline.curricula.__path__, "frostline.curricula.")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_sub_packages_are_among_the_modules() -> None:
    assert "frostline.curricula.presets.static" in MODULES


def imported(source: str) -> set[str]:
    """Return the top packages that a module names in its imports; "." for its own package."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." if node.level else str(node.module).split(".")[0])
    return found


@pytest.mark.parametrize("name", MODULES)
def test_the_package_needs_nothing_but_numpy_and_pydantic(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    allowed = {".", "numpy", "pydantic", *sys.stdlib_module_names}
    if name == "frostline.curricula.wrapper":
        allowed.add("gymnasium")
    assert imported(Path(spec.origin).read_text(encoding="utf-8")) <= allowed


def test_the_folder_cannot_be_imported_under_another_name() -> None:
    spec = importlib.util.spec_from_file_location("curricula", frostline.curricula.__file__)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ImportError, match=r"as frostline\.curricula, not as curricula"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert "curricula" not in sys.modules
