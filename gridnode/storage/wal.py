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

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from gridnode.primitives.errors import InvariantBroken, OperatorError
from gridnode.primitives.limits import MAX_RECORD_BYTES
from gridnode.storage.files import DISK, Files, OpenFile

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


class Segment(NamedTuple):
    """What a log's file holds, read without changing it."""

    height: int  # whose log it is
    entries: tuple[bytes, ...]  # in order, up to the first that was never synced
    torn_bytes: int  # behind them; they are cut when the log is opened


class _Record(NamedTuple):
    entry: bytes
    durable: int
    end: int  # offset behind it


class Wal:
    """The log of one node. One process may hold it; the node locks its data directory."""

    def __init__(self, folder: Path, files: Files = DISK) -> None:
        """Open the log in `folder` of `files`, which is made if need be; cuts torn tails, see `cuts`.

        Raises OperatorError when a segment is corrupted before its tail, naming file and offset, or the disk fails.
        """
        self.cuts: list[Cut] = []
        self._folder = folder
        self._files = files
        self._file: OpenFile | None = None
        self._path = folder
        self._size = 0
        self._durable = 0
        self._new_name = False  # the open segment's name is not durable yet
        try:
            files.make_folder(folder)
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
                data = data[(written := self._file.write(data)) :]
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
            for name in self._files.list_names(self._folder):
                if _is_segment(name) and int(name.removesuffix(_SUFFIX)) < height:
                    self._files.remove(self._folder / name)
        except OSError as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Sync and close. Raises OperatorError when the disk fails."""
        try:
            if self._file is not None:
                self._sync()
                self._file.close()
                self._file = None
        except OSError as error:
            raise self._failed(error) from None

    def _sync(self) -> None:
        assert self._file is not None, "callers have checked"
        self._file.sync()
        self._durable = self._size
        if self._new_name:
            self._files.sync_names(self._folder)
            self._new_name = False

    def _open(self, height: int) -> None:
        """Continue the segment of `height`; its content and name are made durable: a restart signs by it, later records say so."""
        path = self._folder / f"{height:020d}{_SUFFIX}"
        if self._file is not None:
            if path == self._path:
                return
            self._file.close()
        self._new_name = True  # also when it exists: whoever made it may have died before its name was durable
        self._file = self._files.append(path)
        self._path = path
        self._size = self._durable = self._file.size()
        if self._size:
            self._sync()

    def _heights(self) -> list[int]:
        return [int(path.stem) for path in self._segments()]

    def _segments(self) -> list[Path]:
        return [self._folder / name for name in self._files.list_names(self._folder) if _is_segment(name)]

    def _read(self, path: Path) -> Iterator[bytes]:
        """Entries of a segment; a torn tail is cut from the file."""
        data = self._files.read(path)
        records, end = _intact(path, data)
        for found in records:
            yield found.entry
        if end < len(data):
            self._files.truncate(path, end)
            self.cuts.append(Cut(path, end, len(data) - end))

    def _failed(self, error: OSError) -> OperatorError:
        return OperatorError(f"{self._path}: the consensus log cannot be written: {error.strerror}")


def survey(folder: Path, files: Files = DISK) -> list[Segment]:
    """What a log in `folder` holds, by height; nothing is changed, and without the folder nothing is there.

    Raises OperatorError as opening it would.
    """
    found = []
    try:
        for name in files.list_names(folder):
            if _is_segment(name):
                path = folder / name
                data = files.read(path)
                records, end = _intact(path, data)
                found.append(Segment(int(path.stem), tuple(record.entry for record in records), len(data) - end))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OperatorError(f"{folder}: the consensus log cannot be read: {error.strerror}") from None
    return found


def _is_segment(name: str) -> bool:
    return name.endswith(_SUFFIX) and name.removesuffix(_SUFFIX).isdigit()


def records_in(data: bytes) -> tuple[list[tuple[int, bytes]], int | None]:
    """Offset and entry of each intact record of a segment's bytes from its start, and where the first that is not begins, or None.

    Reads only: for those who look at the log of a node that runs or has died.
    """
    records, end = _parsed(data)
    places = [(record.end - _HEAD_BYTES - len(record.entry), record.entry) for record in records]
    return places, end if end < len(data) else None


def _intact(path: Path, data: bytes) -> tuple[list[_Record], int]:
    """The intact records of a segment and the offset behind them. Raises OperatorError when what follows was durable once."""
    records, end = _parsed(data)
    if end < len(data):
        _refuse_if_corrupted(path, data, end)
    return records, end


def _parsed(data: bytes) -> tuple[list[_Record], int]:
    """The records of a segment up to the first that is not intact, and where that begins."""
    records: list[_Record] = []
    end = 0
    while end < len(data) and (found := _parse(data, end)) is not None:
        records.append(found)
        end = found.end
    return records, end


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
