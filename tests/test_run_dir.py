"""The run directory: whole files, one owner, nothing half-written."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from frostline.config import TrainConfig
from frostline.run_dir import RunDir, read_lines, whole, write_text


def config(runs: Path, **options: Any) -> TrainConfig:
    return TrainConfig(runs=str(runs), **options)


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_run_is_named_after_its_options_and_numbered(tmp_path: Path) -> None:
    paths = [RunDir.create(config(tmp_path / "runs"), 0).path for _ in range(3)]
    names = [path.name for path in paths]
    assert names == [f"closed_forms-first-5-seed0{end}" for end in ("", "-2", "-3")]
    assert RunDir.open(paths[0]).config() == config(tmp_path / "runs")


def test_the_directory_of_another_run_is_left_alone(tmp_path: Path) -> None:
    RunDir.create(config(tmp_path, name="a"), 0)
    before = (tmp_path / "a/config.json").read_bytes()
    with pytest.raises(ValueError, match="holds a run of this configuration; go on with --resume"):
        RunDir.create(config(tmp_path, name="a"), 0)
    with pytest.raises(ValueError, match="holds a run of another configuration"):
        RunDir.create(config(tmp_path, name="a", seed=1), 0)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["config.json"]
    assert (tmp_path / "a/config.json").read_bytes() == before


def test_what_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/mine").touch()
    for name in ("file", "folder"):
        with pytest.raises(ValueError, match="exists and is not a run; choose another --name"):
            RunDir.create(config(tmp_path, name=name), 0)
    with pytest.raises(ValueError, match="cannot be written: Not a directory"):
        RunDir.create(config(tmp_path / "file"), 0)


def test_a_full_disk_is_found_before_any_work_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "posix_fallocate", full_disk, raising=False)
    with pytest.raises(ValueError, match="cannot be written: No space left on device"):
        RunDir.create(config(tmp_path / "deep/runs"), 0)
    assert not list(tmp_path.iterdir())


def test_ctrl_c_while_the_directory_is_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RunDir, "reserve", interrupt)
    with pytest.raises(KeyboardInterrupt):
        RunDir.create(config(tmp_path / "runs"), 0)
    assert not list(tmp_path.iterdir())


def test_a_run_has_one_owner_at_a_time(tmp_path: Path) -> None:
    owner = RunDir.create(config(tmp_path, name="a"), 0)
    other = RunDir.open(tmp_path / "a")
    with pytest.raises(ValueError, match="is in use by another process"):
        other.lock()
    owner.unlock()
    other.lock()


def test_what_is_no_run_directory_is_told_with_the_runs_nearby(tmp_path: Path) -> None:
    RunDir.create(config(tmp_path, name="a"), 0)
    for wrong in (tmp_path / "b", tmp_path):
        with pytest.raises(ValueError, match=r"it has no config\.json; there is .*a$"):
            RunDir.open(wrong)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old")

    def fail() -> None:
        with whole(path) as partial:
            partial.write_text("ne")
            full_disk()

    with pytest.raises(OSError, match="No space left"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_comes_back_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    run = RunDir.create(config(tmp_path, name="a"), 0)
    assert run.load() is None
    run.save({"weights": torch.ones(3), "seconds": 1.5})
    state = run.load()
    assert state is not None
    assert torch.equal(state["weights"], torch.ones(3))
    os.truncate(run.checkpoint_path, 100)
    with pytest.raises(ValueError, match=r"checkpoint .*checkpoint\.pt is damaged"):
        run.load()


def test_a_line_that_was_cut_short_is_left_out_even_amid_a_character(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"iteration": 1}\n{"text": "\xc3')
    assert read_lines(path) == [{"iteration": 1}]
    path.write_bytes(b'{"iteration": 1}\nrubbish\n')
    with pytest.raises(ValueError, match="log:2: not a line of JSON"):
        read_lines(path)
    assert read_lines(tmp_path / "none") == []


def test_rewind_drops_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    run = RunDir.create(config(tmp_path, name="a"), 0)
    for iteration in (1, 2, 3):
        run.append(run.metrics_path, {"iteration": iteration, "text": "f(n) = n² \ud800"})
    run.append(run.evaluations_path, {"iteration": 3})
    whole_lines = run.metrics_path.read_bytes().splitlines(keepends=True)
    run.metrics_path.write_bytes(b"".join(whole_lines) + b'{"itera')
    run.rewind(2)
    assert run.metrics_path.read_bytes() == b"".join(whole_lines[:2])
    assert read_lines(run.evaluations_path) == []


def test_the_folder_of_the_policy_is_replaced_whole(tmp_path: Path) -> None:
    run = RunDir.create(config(tmp_path, name="a"), 0)
    for text in ("first", "second"):
        run.save_policy(lambda folder, text=text: _write_folder(folder, text), 10)  # type: ignore[misc]
    with pytest.raises(OSError, match="No space left"):
        run.save_policy(full_disk, 10)
    assert (run.policy_path / "file").read_text() == "second"
    assert sorted(path.name for path in run.path.iterdir()) == ["config.json", "policy"]


def _write_folder(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "file").write_text(text)
