"""What is built is what is on the disk: every module, the base policy, and nothing else."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
FOLDERS: dict[str, str] = SETUP["package-dir"]  # package: its folder
BASE_POLICY = ROOT / "agents" / "base_policy"
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "runs", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis"
)
BUILD = """
import sys
from setuptools import build_meta
out, *kinds = sys.argv[1:]
for kind in kinds:
    getattr(build_meta, f"build_{kind}")(out)
"""


def files_that_should_ship() -> dict[str, bytes]:
    """Return the content of every file in the folders of the packages, by its path in the wheel."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                inside = path.relative_to(ROOT / folder).as_posix()
                found[f"{package.replace('.', '/')}/{inside}"] = path.read_bytes()
    return found


def build(source: Path, out: Path, *kinds: str) -> None:
    """Run the build backend in `source`, without pip, isolation or network."""
    out.mkdir(exist_ok=True)
    command = [sys.executable, "-W", "ignore", "-c", BUILD, str(out), *kinds]
    subprocess.run(command, cwd=source, check=True)


def wheel_content(folder: Path) -> dict[str, bytes]:
    """Return the files of the one wheel in `folder`, its metadata excluded."""
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {n: archive.read(n) for n in archive.namelist() if ".dist-info/" not in n}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel and the sdist of a copy of the sources."""
    place = tmp_path_factory.mktemp("packaging")
    shutil.copytree(ROOT, place / "source", ignore=NOT_SOURCE)
    build(place / "source", place / "dist", "wheel", "sdist")
    return place / "dist"


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(built: Path) -> None:
    assert sorted(wheel_content(built)) == sorted(files_that_should_ship())


def test_the_wheel_holds_them_unchanged(built: Path) -> None:
    assert wheel_content(built) == files_that_should_ship()


def test_the_sdist_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    build(source, tmp_path / "dist", "wheel")
    assert wheel_content(tmp_path / "dist") == wheel_content(built)


def test_the_sdist_holds_what_make_test_needs(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tests = {f"tests/{path.name}" for path in (ROOT / "tests").glob("*.py")}
    needed = {"Makefile", "constraints.txt", "pyproject.toml", "LICENSE", "README.md"}
    assert names >= needed | tests


def test_the_wheel_holds_policies_of_at_most_12_megabytes(built: Path) -> None:
    sizes = {
        name: len(data)
        for name, data in wheel_content(built).items()
        if Path(name).parent.name.endswith("_policy")
    }
    weights = {name for name in sizes if name.endswith(".safetensors")}
    inside = "frostline/agents/{}/model.safetensors"
    assert weights == {inside.format("base_policy"), inside.format("mixed_policy")}
    assert sum(sizes.values()) <= 12_000_000


def test_the_wheel_names_its_command_and_its_license(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        meta = {Path(n).name: n for n in archive.namelist() if ".dist-info/" in n}
        assert "frostline = frostline.cli:main" in archive.read(meta["entry_points.txt"]).decode()
        assert "License-Expression: Apache-2.0" in archive.read(meta["METADATA"]).decode()
        assert "LICENSE" in meta


def test_the_unpacked_wheel_imports_without_the_sources(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import frostline, frostline.agents\n"
        "print(frostline.__file__, frostline.envs.__file__, frostline.agents.__file__)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert all(path.startswith(str(tmp_path)) for path in done.stdout.split())


def test_pyproject_lists_every_folder_that_holds_modules() -> None:
    on_disk = set()
    for package, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("*.py"):
            below = path.parent.relative_to(ROOT / folder).parts
            on_disk.add(".".join([package, *below]))
    assert on_disk == set(SETUP["packages"])


@pytest.mark.parametrize("package", SETUP["packages"])
def test_every_package_has_an_init(package: str) -> None:
    parent = max((p for p in FOLDERS if f"{package}.".startswith(f"{p}.")), key=len)
    below = package.removeprefix(parent).strip(".").split(".")
    assert ROOT.joinpath(FOLDERS[parent], *below, "__init__.py").is_file()


def test_constraints_pin_every_dependency_without_a_local_version() -> None:
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in pins if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][^+ ]*", line) for line in pins)
    pinned = {_normal(line.split("==")[0]) for line in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {_normal(re.split(r"[<>=!~;\[ ]", line)[0]) for line in project["dependencies"]}
    assert wanted <= pinned


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
