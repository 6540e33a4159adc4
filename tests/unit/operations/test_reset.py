"""reset: chain, log and snapshots go; keys never, the guard only by name; a node that runs is left alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gridnode.operations import reset as module
from gridnode.operations.reset import removals, reset
from gridnode.primitives.errors import OperatorError
from tests.unit.operations.chains import data_of, opened


def folder(tmp_path: Path) -> Path:
    """A data folder with everything in it."""
    data = data_of(tmp_path / "data", 2).data
    for name in ("wal", "snapshots", "mine"):
        (data / name).mkdir()
        (data / name / "file").write_bytes(b"12345")
    (data / "guard").write_bytes(b"guard")
    return data


def names(data: Path) -> list[str]:
    """What is there."""
    return sorted(path.name for path in data.iterdir())


def test_what_can_be_had_again_goes(tmp_path: Path) -> None:
    data = folder(tmp_path)
    found = removals(data, forget_guard=False)
    assert [removal.path.name for removal in found] == ["chain", "wal", "snapshots"]
    assert found[1].size_bytes == 5
    assert names(data) == ["chain", "guard", "mine", "snapshots", "wal"], "looking removes nothing"
    reset(data, forget_guard=False)
    assert names(data) == ["guard", "mine"]
    assert reset(data, forget_guard=False) == []


def test_the_guard_goes_only_by_name(tmp_path: Path) -> None:
    data = folder(tmp_path)
    assert reset(data, forget_guard=True)[-1].path.name == "guard"
    assert names(data) == ["mine"]


def test_one_that_was_cut_short_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain that is half gone no longer has its name, so no node opens it."""
    data = folder(tmp_path)

    def dies(_path: Path) -> None:
        raise OSError("died")

    with monkeypatch.context() as patched:
        patched.setattr(module.shutil, "rmtree", dies)
        with pytest.raises(OperatorError, match="cannot be reset: died"):
            reset(data, forget_guard=False)
    assert "chain" not in names(data)
    assert "chain.removed" in names(data)
    data_of(data, 1)
    reset(data, forget_guard=False)
    assert names(data) == ["guard", "mine"]
    assert module.shutil is shutil


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such folder"):
        removals(tmp_path / "x", forget_guard=False)


def test_a_chain_can_begin_anew(tmp_path: Path) -> None:
    data = folder(tmp_path)
    reset(data, forget_guard=False)
    with opened(data) as store:
        assert store.height == 0
