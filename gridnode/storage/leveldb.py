"""`Database`: all that a node keeps of a chain, in one LevelDB, so that one synced batch commits a block.

A column is the first byte of every key. Readers see one column and its keys without that byte; they serve the protocol of
`gridnode.state.kv`. A snapshot's readers go on seeing what was there when it was taken, whatever is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import plyvel

from gridnode.primitives.errors import OperatorError
from gridnode.state.kv import merged
from gridnode.storage.group import NOTHING, Group, Held, RowBatch, backward
from gridnode.storage.leveldb_files import open_files, words_of

FORMAT_VERSION = 1
"""Of the rows in all columns. A node refuses a database of another version."""

_VERSION_KEY = b"format"
_GENESIS_KEY = b"genesis"


class Column(IntEnum):
    """What a row belongs to: the first byte of its key. Given out once, never reused."""

    META = 0  # format version, genesis hash, totals of the block store and what it does not hold
    STATE = 1  # rows of the modules' tables
    PAGES = 2  # rows of the state's trees
    BLOCKS = 3  # headers, transactions, receipts, commits
    INDEX = 4  # where to find them


class View:
    """A reader of one column; of the newest rows, or of a snapshot's."""

    def __init__(self, source: Any, column: Column, group: Group | None = None) -> None:
        """`source` is a plyvel database or snapshot; of a database, `group` holds what is not yet in it."""
        self._prefix = bytes([column])
        self._group = group
        self._get: Callable[[bytes], bytes | None] = source.get
        self._iterate: Callable[..., Iterator[tuple[bytes, bytes]]] = source.iterator
        self._cursor: Callable[[], Any] = source.raw_iterator

    def _held(self) -> Held:
        return NOTHING if self._group is None else self._group.now

    def get(self, key: bytes) -> bytes | None:
        """Value of `key`, or None. Raises OperatorError when the disk fails or is damaged."""
        key, held = self._prefix + key, self._held().rows
        if key in held:
            return held[key]
        try:
            return self._get(key)
        except (plyvel.Error, RuntimeError) as error:
            raise _fault("cannot read the database", error) from None

    def scan(self, start: bytes, stop: bytes, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop, ascending (descending when `reverse`), as they were when it was called.

        Raises OperatorError when the disk fails or is damaged.
        """
        low, high = self._prefix + start, self._prefix + stop
        held = self._held().between(low, high)
        try:
            rows = backward(self._cursor(), low, high) if reverse else self._iterate(start=low, stop=high)
        except (plyvel.Error, RuntimeError) as error:
            raise _fault("cannot read the database", error) from None
        if held:
            rows = merged(rows, held[::-1] if reverse else held, reverse)
        return _without_prefix(rows)


class Batch:
    """Changes that are written all together or not at all."""

    def __init__(self, batch: Any) -> None:
        """`batch` is a plyvel write batch."""
        self._batch = batch

    def put(self, column: Column, key: bytes, value: bytes) -> None:
        """Set the value of `key` in `column`."""
        self._batch.put(bytes([column]) + key, value)

    def delete(self, column: Column, key: bytes) -> None:
        """Remove `key` from `column`."""
        self._batch.delete(bytes([column]) + key)

    def apply(self, column: Column, writes: Mapping[bytes, bytes | None]) -> None:
        """Put each value under its key; None deletes the row."""
        prefix, put, delete = bytes([column]), self._batch.put, self._batch.delete
        for key, value in writes.items():
            if value is None:
                delete(prefix + key)
            else:
                put(prefix + key, value)

    def commit(self) -> None:
        """Bring all of it to the disk before returning. Raises OperatorError when the disk refuses; then nothing is written."""
        try:
            self._batch.write()
        except (plyvel.Error, RuntimeError) as error:
            raise _fault("cannot write to the database", error) from None


class Snapshot:
    """The database as it was at one moment. Close it: a snapshot keeps what it sees from being freed."""

    def __init__(self, source: Any) -> None:
        """`source` is a plyvel snapshot."""
        self._source = source

    def view(self, column: Column) -> View:
        """Reader of one column."""
        return View(self._source, column)

    def close(self) -> None:
        """Let go of it; its views must not be used any more."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Database:
    """The LevelDB of one node and one chain; one process opens it at a time."""

    def __init__(self, path: Path, genesis_hash: bytes, engine: Any = None) -> None:
        """Open the database in the folder `path`, or make it, for the chain with this genesis hash.

        engine    what keeps the rows instead of LevelDB, with the methods of a plyvel database that are used here.

        Raises OperatorError: in use by another process, not allowed, damaged, of another format version, or of another chain.
        """
        self._path = path
        self._db = open_files(path) if engine is None else engine
        self._group = Group(self._write)
        try:
            self._check(_VERSION_KEY, FORMAT_VERSION.to_bytes(4, "big"), "of format version", _number)
            self._check(_GENESIS_KEY, genesis_hash, "of the chain with genesis hash", bytes.hex)
        except BaseException:
            self._db.close()
            raise

    def view(self, column: Column) -> View:
        """Reader of one column that sees every committed batch."""
        return View(self._db, column, self._group)

    def snapshot(self) -> Snapshot:
        """The database as it is now, for reads that must fit together while blocks are committed. Raises OperatorError as `settle`."""
        self.settle()
        return Snapshot(self._db.snapshot())

    def batch(self, synced: bool = True) -> Batch:
        """An empty batch; nothing is written before its `commit`. One that is not `synced` may be lost when the machine goes down."""
        return Batch(self._db.write_batch(sync=synced))

    def group_batch(self) -> Batch:
        """An empty batch that its `commit` adds to a group: readers see it at once, the disk with others, by `settle` at the latest."""
        return Batch(RowBatch(self._group.add))

    def settle(self) -> None:
        """Bring the batches of the group to the disk, all or none; in the thread that commits blocks.

        Raises OperatorError when the disk refuses; they are held on then.
        """
        self._group.settle()

    def _write(self, rows: Mapping[bytes, bytes | None]) -> None:
        raw = self._db.write_batch(sync=True)
        for key, value in rows.items():
            if value is None:
                raw.delete(key)
            else:
                raw.put(key, value)
        Batch(raw).commit()

    def size_bytes(self) -> int:
        """Size of the files on disk, roughly; what is still in the log is not counted."""
        size: int = self._db.approximate_size(b"\x00", b"\xff")
        return size

    def compact(self, column: Column | None = None, start: bytes = b"", stop: bytes = b"\xff") -> None:
        """Merge what was written to keys of a column (all columns), so that rows that are gone free their disk.

        Takes seconds for each 100 MB; other threads read and write meanwhile.
        """
        if column is None:
            self._db.compact_range(start=b"\x00", stop=b"\xff")  # without bounds plyvel compacts nothing
        else:
            self._db.compact_range(start=bytes([column]) + start, stop=bytes([column]) + stop)

    def close(self) -> None:
        """Close the files; may be called twice. What is still held of a group is lost: `settle` before."""
        self._db.close()

    def _check(self, key: bytes, expected: bytes, what: str, show: Callable[[bytes], str]) -> None:
        """Compare what the database says of itself, or say it when the database is new."""
        found = self.view(Column.META).get(key)
        if found is None:
            batch = self.batch()
            batch.put(Column.META, key, expected)
            batch.commit()
        elif found != expected:
            raise OperatorError(
                f"{self._path}: expected a database {what} {show(expected)}, this one is {what} {show(found)}"
            )


def _without_prefix(rows: Iterator[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    try:
        for key, value in rows:
            yield key[1:], value
    except (plyvel.Error, RuntimeError) as error:
        raise _fault("cannot read the database", error) from None


def _fault(what: str, error: Exception) -> OperatorError:
    return OperatorError(f"{what}: {words_of(error)}")


def _number(data: bytes) -> str:
    return str(int.from_bytes(data, "big"))
