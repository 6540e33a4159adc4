"""A disk in memory that keeps only what it promised: `gridnode.storage.files.Files` for log and guard, and the ordered rows of a database.

What was written and not synced survives the death of the process. When the machine goes down, of each file the synced bytes survive, and of
the others a drawn part of them, some of it torn into garbage; names that were not synced may be as they were. A full disk takes a
part of a write, or nothing, and then fails.

Rows stand where LevelDB stands, behind `gridnode.storage.leveldb.Database`: a batch is written whole and synced, or not at all.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from errno import ENOENT, ENOSPC
from functools import lru_cache
from pathlib import Path
from random import Random

from gridnode.simulation.cursor import Cursor
from gridnode.storage.files import OpenFile
from gridnode.storage.group import RowBatch


@dataclass(slots=True)
class _Content:
    """A file's bytes."""

    data: bytearray = field(default_factory=bytearray)
    durable: bytes = b""


class _Handle:
    """A file open for appending."""

    def __init__(self, disk: Disk, content: _Content) -> None:
        self._disk = disk
        self._content = content

    def size(self) -> int:
        return len(self._content.data)

    def write(self, data: bytes) -> int:
        written = self._disk.take(data)
        self._content.data += data[:written]
        self._disk.moment()
        return written

    def sync(self) -> None:
        self._disk.check_room()
        self._content.durable = bytes(self._content.data)
        self._disk.moment()

    def close(self) -> None:
        pass


@lru_cache(maxsize=256)
def _folder(path: Path) -> Path:
    return path.parent


class Disk:
    """One machine's disk. `moment` is called after each change: there the machine may die."""

    def __init__(self, random: Random, moment: Callable[[], None]) -> None:
        self._random = random
        self.moment = moment
        self._names: dict[Path, _Content] = {}
        self._durable_names: dict[Path, _Content] = {}
        self.rows = Rows(self)
        self.is_full = False

    def lose_power(self) -> None:
        """The machine goes down: only what was promised surely survives."""
        random = self._random
        for path in sorted({**self._names, **self._durable_names}):
            if random.randrange(2):
                continue  # this name reached the disk by itself
            if path in self._durable_names:
                self._names[path] = self._durable_names[path]
            else:
                self._names.pop(path, None)
        for content in self._names.values():
            self._tear(content)
        self._durable_names = dict(self._names)

    def forget(self) -> None:
        """Every file is gone; the database is not."""
        self._names.clear()
        self._durable_names.clear()

    def _tear(self, content: _Content) -> None:
        unsynced = len(content.data) - len(content.durable)
        if unsynced > 0 and content.data.startswith(content.durable):
            kept = self._random.randint(0, unsynced)
            tail = bytearray(content.data[len(content.durable) : len(content.durable) + kept])
            if tail and self._random.randrange(2):
                spot = self._random.randrange(len(tail))
                tail[spot:] = bytes(len(tail) - spot)  # space was given, bytes never came
            content.data = bytearray(content.durable) + tail
        elif unsynced:
            content.data = bytearray(content.durable)
        content.durable = bytes(content.data)

    def take(self, data: bytes) -> int:
        """How much of `data` fits. Raises OSError when nothing does."""
        if not self.is_full:
            return len(data)
        fits = self._random.randrange(len(data))
        if not fits:
            raise OSError(ENOSPC, "No space left on device")
        return fits

    def check_room(self) -> None:
        """Raises OSError when the disk is full, now and then."""
        if self.is_full and self._random.randrange(2):
            raise OSError(ENOSPC, "No space left on device")

    def durable(self, path: Path) -> bytes:
        """What surely survives the machine under a name."""
        content = self._durable_names.get(path)
        return b"" if content is None else content.durable

    # gridnode.storage.files.Files

    def make_folder(self, folder: Path) -> None:
        """There are no folders."""

    def list_names(self, folder: Path) -> list[str]:
        """Names in a folder, ascending."""
        return sorted(path.name for path in self._names if _folder(path) == folder)

    def read(self, path: Path) -> bytes:
        """What a file holds."""
        return bytes(self._content(path).data)

    def append(self, path: Path) -> OpenFile:
        """Open a file for appending."""
        content = self._names.get(path)
        if content is None:
            content = self._names[path] = _Content()
            self.moment()
        return _Handle(self, content)

    def overwrite(self, path: Path) -> OpenFile:
        """Open a file, emptied."""
        content = self._names.get(path)
        if content is None:
            content = self._names[path] = _Content()
        content.data = bytearray()
        self.moment()
        return _Handle(self, content)

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file."""
        content = self._content(path)
        del content.data[size:]
        self.moment()

    def rename(self, path: Path, target: Path) -> None:
        """Give a file another name."""
        self._names[target] = self._content(path)
        del self._names[path]
        self.moment()

    def remove(self, path: Path) -> None:
        """Remove a file."""
        self._content(path)
        del self._names[path]
        self.moment()

    def sync_names(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        self.check_room()
        for path in [known for known in self._durable_names if _folder(known) == folder]:
            del self._durable_names[path]
        self._durable_names |= {path: content for path, content in self._names.items() if _folder(path) == folder}
        self.moment()

    def _content(self, path: Path) -> _Content:
        content = self._names.get(path)
        if content is None:
            raise FileNotFoundError(ENOENT, "No such file or directory", str(path))
        return content


class Rows:
    """Ordered rows with the methods of a plyvel database that `Database` uses; every batch is synced."""

    def __init__(self, disk: Disk | None) -> None:
        self._disk = disk
        self._rows: dict[bytes, bytes] = {}
        self._order: list[bytes] = []

    def copy(self, disk: Disk | None = None) -> Rows:
        """The same rows, on another disk."""
        twin = Rows(disk)
        twin._rows, twin._order = dict(self._rows), list(self._order)
        return twin

    def get(self, key: bytes) -> bytes | None:
        """Value of a key, or None."""
        return self._rows.get(key)

    def iterator(
        self, start: bytes = b"", stop: bytes = b"\xff", reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Rows from `start` to before `stop`, ascending or descending; to be read before the next batch is written."""
        keys = self._order[bisect_left(self._order, start) : bisect_left(self._order, stop)]
        rows = self._rows
        return ((key, rows[key]) for key in (reversed(keys) if reverse else keys))

    def raw_iterator(self) -> Cursor:
        """Steps through the rows."""
        return Cursor(self._order, self._rows)

    def write_batch(self, sync: bool) -> RowBatch:
        """An empty batch."""
        assert sync, "the node syncs every batch"
        return RowBatch(self.write)

    def snapshot(self) -> Rows:
        """The rows as they are now."""
        return self.copy()

    def close(self) -> None:
        """Nothing to close."""

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Write a batch whole. Raises RuntimeError, as LevelDB does, when the disk is full; then nothing is written."""
        if self._disk is not None:
            self._disk.moment()
            if self._disk.is_full:
                raise RuntimeError("IO error: No space left on device")
        rows, order = self._rows, self._order
        for key, value in changes.items():
            if value is not None:
                if key not in rows:
                    insort(order, key)
                rows[key] = value
            elif rows.pop(key, None) is not None:
                del order[bisect_left(order, key)]
        if self._disk is not None:
            self._disk.moment()
