"""Undo rows: of the newest blocks only, within their bounds, in parts, and as they were after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.primitives.limits import MAX_UNDO_BLOCKS
from gridnode.storage import undo as module
from gridnode.storage.leveldb import Column, Database
from gridnode.storage.undo import UndoLog

GENESIS = bytes(32)


def put(log: UndoLog, database: Database, height: int, before: dict[bytes, bytes | None]) -> None:
    """One block's rows."""
    batch = database.batch()
    made = log.put(batch, height, before)
    batch.commit()
    log.accept(made)


def stored(database: Database) -> list[bytes]:
    """Keys of all undo rows."""
    return [key for key, _ in database.view(Column.META).scan(b"undo/", b"undo0")]


def test_rows_come_back_in_order_and_after_a_restart(tmp_path: Path) -> None:
    database = Database(tmp_path, GENESIS)
    before: dict[bytes, bytes | None] = {b"\x01\x02b": b"value", b"\x01\x01a": None, b"\x02": b""}
    put(UndoLog(database), database, 7, before)
    for log in (UndoLog(database), UndoLog(database)):
        found = log.before(7)
        assert found == before
        assert list(found) == sorted(before)
        assert (log.heights, log.before(6), log.before(8)) == ([7], None, None)
    database.close()


def test_a_block_that_changed_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path, GENESIS)
    log = UndoLog(database)
    put(log, database, 1, {})
    assert log.before(1) == {}
    assert UndoLog(database).before(1) == {}
    database.close()


def test_only_the_newest_blocks_are_kept(tmp_path: Path) -> None:
    database = Database(tmp_path, GENESIS)
    log = UndoLog(database)
    for height in range(1, 20):
        put(log, database, height, {b"k": bytes([height])})
        assert log.heights == list(range(max(1, height - MAX_UNDO_BLOCKS + 1), height + 1))
        assert len(stored(database)) == len(log.heights)
    assert log.before(19 - MAX_UNDO_BLOCKS) is None
    database.close()


def test_large_blocks_are_kept_in_parts_and_within_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNDO_PART_BYTES", 1_000)
    monkeypatch.setattr(module, "MAX_UNDO_BYTES", 25_000)
    database = Database(tmp_path, GENESIS)
    log = UndoLog(database)
    large = {b"%04d" % number: bytes(100) for number in range(100)}
    put(log, database, 1, large)
    assert len(stored(database)) == 10
    assert log.before(1) == large
    put(log, database, 2, large)
    put(log, database, 3, large)
    assert log.heights == [2, 3]
    assert UndoLog(database).before(3) == large
    put(log, database, 4, {b"%04d" % number: bytes(100) for number in range(300)})
    assert (log.heights, stored(database)) == ([], []), "a block above the bound has none, and those below it are of no use"
    put(log, database, 5, {b"k": None})
    assert log.heights == [5]
    database.close()


def test_a_batch_that_was_not_written_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path, GENESIS)
    log = UndoLog(database)
    put(log, database, 1, {b"k": b"v"})
    log.put(database.batch(), 2, {b"k": b"w"})
    assert log.heights == [1]
    database.close()


def test_what_is_taken_back_leaves_no_rows(tmp_path: Path) -> None:
    database = Database(tmp_path, GENESIS)
    log = UndoLog(database)
    put(log, database, 1, {b"k": b"v"})
    batch = database.batch()
    log.take(batch, 1)
    batch.commit()
    assert stored(database) == []
    database.close()
