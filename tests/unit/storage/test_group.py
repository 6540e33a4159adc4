"""Batches of a group are read at once and reach the disk together; a refusing disk loses none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import MAX_GROUP_BLOCKS, MAX_GROUP_BYTES
from gridnode.simulation.disk import Rows
from gridnode.state.kv import MemoryReader
from gridnode.storage.leveldb import Column, Database

GENESIS = bytes(range(32))
AT = bytes([Column.STATE])


class Engine(Rows):
    """Rows in memory that count how often they are written, and refuse when told."""

    def __init__(self) -> None:
        super().__init__(None)
        self.writes = 0
        self.refuses = False

    def write(self, changes: dict[bytes, bytes | None]) -> None:
        if self.refuses:
            raise RuntimeError("IO error: No space left on device")
        self.writes += 1
        super().write(changes)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def database(engine: Engine) -> Database:
    opened = Database(Path("memory"), GENESIS, engine)
    engine.writes = 0
    return opened


def put(database: Database, rows: Mapping[bytes, bytes | None], grouped: bool = True) -> None:
    batch = database.group_batch() if grouped else database.batch()
    batch.apply(Column.STATE, rows)
    batch.commit()


def test_what_joins_a_group_is_read_at_once_and_written_once(database: Database, engine: Engine) -> None:
    put(database, {b"a": b"1", b"b": b"1"}, grouped=False)
    put(database, {b"a": b"2", b"b": None})
    put(database, {b"a": b"3", b"c": b"3"})
    state = database.view(Column.STATE)
    assert [state.get(key) for key in (b"a", b"b", b"c")] == [b"3", None, b"3"]
    assert list(state.scan(b"", b"\xff")) == [(b"a", b"3"), (b"c", b"3")]
    assert list(state.scan(b"", b"\xff", reverse=True)) == [(b"c", b"3"), (b"a", b"3")]
    assert (engine.writes, engine.get(AT + b"a"), engine.get(AT + b"c")) == (1, b"1", None)
    database.settle()
    assert (engine.writes, engine.get(AT + b"a"), engine.get(AT + b"b"), engine.get(AT + b"c")) == (2, b"3", None, b"3")
    database.settle()
    assert engine.writes == 2, "nothing is held"


def test_a_group_is_bounded_in_batches_and_in_bytes(database: Database, engine: Engine) -> None:
    for number in range(MAX_GROUP_BLOCKS - 1):
        put(database, {b"%d" % number: b""})
    assert engine.writes == 0
    put(database, {b"last": b""})
    assert (engine.writes, engine.get(AT + b"0")) == (1, b"")
    put(database, {b"large": bytes(MAX_GROUP_BYTES // 2)})
    assert engine.writes == 1
    put(database, {b"large": bytes(MAX_GROUP_BYTES // 2)})
    assert engine.writes == 2, "also when it is the same row again: what was copied counts"


def test_a_snapshot_has_it_and_not_what_comes_later(database: Database, engine: Engine) -> None:
    put(database, {b"a": b"1"})
    with database.snapshot() as snapshot:
        put(database, {b"a": b"2"})
        assert (snapshot.view(Column.STATE).get(b"a"), engine.writes) == (b"1", 1)
    assert database.view(Column.STATE).get(b"a") == b"2"


def test_a_disk_that_refuses_loses_nothing_of_it(database: Database, engine: Engine) -> None:
    put(database, {b"a": b"1"})
    engine.refuses = True
    for refused in (database.settle, database.snapshot):
        with pytest.raises(OperatorError, match="No space left"):
            refused()
    assert (database.view(Column.STATE).get(b"a"), engine.get(AT + b"a")) == (b"1", None)
    engine.refuses = False
    database.settle()
    assert engine.get(AT + b"a") == b"1"


ROWS = st.dictionaries(st.binary(max_size=2), st.none() | st.binary(max_size=1), max_size=6)


@given(st.lists(st.tuples(ROWS, st.sampled_from(["group", "direct", "settle"])), max_size=6), st.binary(max_size=2), st.binary(max_size=2))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reads_are_those_of_a_dict_whatever_is_held(
    tmp_path: Path, steps: list[tuple[dict[bytes, bytes | None], str]], start: bytes, stop: bytes
) -> None:
    database = Database(tmp_path / "chain", GENESIS)
    try:
        batch = database.batch()
        for key, _ in database.view(Column.STATE).scan(b"", b"\xff" * 3):
            batch.delete(Column.STATE, key)
        batch.put(Column.META, b"last", b"row before the column")
        batch.put(Column.PAGES, b"", b"row behind the column")
        batch.commit()
        expected = MemoryReader()
        state = database.view(Column.STATE)
        for rows, how in steps:
            if how != "group":
                database.settle()
            if how != "settle":
                put(database, rows, how == "group")
            expected.apply({} if how == "settle" else rows)
            for reverse in (False, True):
                wanted = list(expected.scan(start, stop, reverse))
                running = state.scan(start, stop, reverse)
                assert list(state.scan(start, stop, reverse)) == wanted
                assert all(state.get(key) == value for key, value in wanted)
                database.settle() if len(rows) % 2 else None
                assert list(running) == wanted, "a scan that had begun sees what was held"
    finally:
        database.close()
