"""gridnode reset: a stopped node forgets its chain and syncs it anew. Keys are never touched, the guard only when asked for by name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gridnode.operations.place import refuse_held
from gridnode.primitives.errors import OperatorError
from gridnode.storage.first_guard import NEW_KEY_FILE

_CHAIN: Final = ("chain", "chain.restoring", "wal", "snapshots")
"""Folders of what a node can get again from its peers."""
_GUARD: Final = ("guard", "guard.new", NEW_KEY_FILE)
_REMOVED: Final = ".removed"
"""Suffix of a folder that is being removed: it is out of use from the moment of its new name."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Something that a reset removes."""

    path: Path
    """File or folder."""
    size_bytes: int
    """Of all files in it."""


def removals(data: Path, forget_guard: bool) -> list[Removal]:
    """What a reset of this data folder removes, now. Raises OperatorError when there is no such folder or a node runs on it."""
    if not data.is_dir():
        raise OperatorError(f"{data}: no such folder; expected the data of a node")
    refuse_held(data)
    return [Removal(path, _size(path)) for path in _paths(data, forget_guard)]


def reset(data: Path, forget_guard: bool) -> list[Removal]:
    """Remove it. May be repeated when it was cut short. Raises OperatorError as `removals`, and when the disk refuses."""
    found = removals(data, forget_guard)
    try:
        for removal in found:
            _remove(removal.path)
    except OSError as error:
        raise OperatorError(f"{data}: cannot be reset: {error}") from None
    return found


def _paths(data: Path, forget_guard: bool) -> Iterator[Path]:
    for name in (*_CHAIN, *(_GUARD if forget_guard else ())):
        for path in (data / name, data / (name + _REMOVED)):
            if path.exists():
                yield path


def _remove(path: Path) -> None:
    if path.is_file():
        path.unlink()
        return
    if not path.name.endswith(_REMOVED):
        away = path.with_name(path.name + _REMOVED)
        if away.exists():  # of a reset that was cut short
            shutil.rmtree(away)
        path = path.rename(away)
    if path.exists():
        shutil.rmtree(path)


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)
