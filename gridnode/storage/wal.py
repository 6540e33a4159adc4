"""The consensus log: what happened at the height under way, appended, so that a restart replays it. Entries are opaque bytes.

One file (segment) per height, `<height>.log`; `prune` begins the next height's and deletes those below. A record is

    magic 4 | length 4 | durable 8 | check 16 | entry

all big-endian; `check` is the first half of SHA-256 over length, durable and entry. `durable` is the file offset up to which everything was
synced when the record was written. It tells two kinds of damage apart. A bad record that a later intact record calls durable was
on disk once and has been corrupted: `OperatorError`. Any other bad record was never synced, because the machine went down while it was
written: nothing was signed on its account, so the file is cut there and the cut is noted.

Appending hands the bytes to the kernel, so they outlive the process; only `sync` makes them outlive the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from gridnode.primitives.errors import InvariantBroken, OperatorError
from gridnode.primitives.limits import MAX_RECORD_BYTES
from gridnode.storage.sign_guard import sync_directory

_MAGIC: Final = b"\xc5gnL"
_FIELDS = Struct(">IQ")
_CHECK_BYTES: Final = 16
_HEAD_BYTES: Final = len(_MAGIC) + _FIELDS.size + _CHECK_BYTES
_SUFFIX: Final = ".log"


class Cut(NamedTuple):
    """A torn tail that was cut when the log was opened."""

    path: Path  # which segment
    offset: int  # its size in bytes now
    dropped_bytes: int  # how much was cut


class _Record(NamedTuple):
    entry: bytes
    durable: int
    end: int  # offset behind it


class Wal:
    """The log of one node. One process may hold it; the node locks its data directory."""

    def __init__(self, folder: Path) -> None:
        """Open the log in `folder`, which is made if need be; cuts torn tails, see `cuts`.

        Raises OperatorError when a segment is corrupted before its tail, naming file and offset, or the disk fails.
        """
        self.cuts: list[Cut] = []
        self._folder = folder
        self._file: int | None = None
        self._path = folder
        self._size = 0
        self._durable = 0
        self._new_name = False  # the open segment's name is not durable yet
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._entries = [entry for path in self._segments() for entry in self._read(path)]
            heights = self._heights()
            if heights:
                self._open(heights[-1])
        except OSError as error:
            raise OperatorError(f"{folder}: the consensus log cannot be read: {error.strerror}") from None

    def entries(self) -> list[bytes]:
        """What the log held when it was opened, oldest first. The second call finds nothing: the log keeps no copy."""
        found, self._entries = self._entries, []
        return found

    def append(self, entry: bytes, sync: bool) -> None:
        """Append an entry; with `sync`, it and all before it are on disk when this returns.

        Raises OperatorError when the disk fails, InvariantBroken before the first `prune` of a new log or for an entry too long.
        """
        if self._file is None or len(entry) > MAX_RECORD_BYTES:
            raise InvariantBroken("log_entry", "expected an open height and an entry within MAX_RECORD_BYTES")
        data = _record(entry, self._durable)
        try:
            while data:
                data = data[(written := os.write(self._file, data)) :]
                self._size += written
            if sync:
                self._sync()
        except OSError as error:
            raise self._failed(error) from None

    def prune(self, height: int) -> None:
        """Go on with the segment of `height`, a new one if need be, and delete those of heights below.

        Raises OperatorError when the disk fails.
        """
        try:
            self._open(height)
            for path in self._segments():
                if int(path.stem) < height:
                    path.unlink()
        except OSError as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Sync and close. Raises OperatorError when the disk fails."""
        try:
            if self._file is not None:
                self._sync()
                os.close(self._file)
                self._file = None
        except OSError as error:
            raise self._failed(error) from None

    def _sync(self) -> None:
        assert self._file is not None, "callers have checked"
        os.fdatasync(self._file)
        self._durable = self._size
        if self._new_name:
            sync_directory(self._folder)
            self._new_name = False

    def _open(self, height: int) -> None:
        """Continue the segment of `height`; what it holds is made durable, so that later records may say so."""
        path = self._folder / f"{height:020d}{_SUFFIX}"
        if self._file is not None:
            if path == self._path:
                return
            os.close(self._file)
        self._new_name = not path.exists()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._path = path
        self._size = self._durable = os.fstat(self._file).st_size
        if self._size:
            os.fdatasync(self._file)

    def _heights(self) -> list[int]:
        return [int(path.stem) for path in self._segments()]

    def _segments(self) -> list[Path]:
        return sorted(path for path in self._folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())

    def _read(self, path: Path) -> Iterator[bytes]:
        """Entries of a segment; a torn tail is cut from the file."""
        data = path.read_bytes()
        offset = 0
        while offset < len(data):
            found = _parse(data, offset)
            if found is None:
                _refuse_if_corrupted(path, data, offset)
                os.truncate(path, offset)
                self.cuts.append(Cut(path, offset, len(data) - offset))
                return
            yield found.entry
            offset = found.end

    def _failed(self, error: OSError) -> OperatorError:
        return OperatorError(f"{self._path}: the consensus log cannot be written: {error.strerror}")


def _check(fields: bytes, entry: bytes) -> bytes:
    return sha256(fields + entry).digest()[:_CHECK_BYTES]


def _record(entry: bytes, durable: int) -> bytes:
    fields = _FIELDS.pack(len(entry), durable)
    return _MAGIC + fields + _check(fields, entry) + entry


def _parse(data: bytes, offset: int) -> _Record | None:
    """The record at `offset`, or None when there is no intact one."""
    head = data[offset : offset + _HEAD_BYTES]
    if len(head) < _HEAD_BYTES or not head.startswith(_MAGIC):
        return None
    fields = head[len(_MAGIC) : len(_MAGIC) + _FIELDS.size]
    length, durable = _FIELDS.unpack(fields)
    end = offset + _HEAD_BYTES + length
    if length > MAX_RECORD_BYTES or end > len(data):
        return None
    entry = data[offset + _HEAD_BYTES : end]
    return _Record(entry, durable, end) if _check(fields, entry) == head[-_CHECK_BYTES:] else None


def _refuse_if_corrupted(path: Path, data: bytes, bad: int) -> None:
    """Raise OperatorError when a record behind `bad` is intact and says that what stands at `bad` was durable."""
    at = data.find(_MAGIC, bad + 1)
    while at >= 0:
        found = _parse(data, at)
        if found is not None and found.durable > bad:
            raise OperatorError(
                f"{path}: corrupted at byte {bad}: a record that was on disk is damaged; "
                "restore the file, or remove it and let the node only listen until the next height"
            )
        at = data.find(_MAGIC, at + 1)
