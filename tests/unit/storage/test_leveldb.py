"""One LevelDB in columns: batches are all or nothing, snapshots stand still, and what is wrong is said in one clear line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridnode.primitives.errors import OperatorError
from gridnode.state.kv import MemoryReader
from gridnode.storage.leveldb import Column, Database

GENESIS = bytes(range(32))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "chain", GENESIS)
    yield opened
    opened.close()


def write(database: Database, column: Column, rows: dict[bytes, bytes | None]) -> None:
    batch = database.batch()
    batch.apply(column, rows)
    batch.commit()


def test_columns_do_not_mix(database: Database) -> None:
    rows = {b"": b"empty", b"\x00": b"low", b"\xff\xff": b"high"}
    write(database, Column.STATE, dict(rows))
    state, pages = database.view(Column.STATE), database.view(Column.PAGES)
    assert {key: state.get(key) for key in rows} == rows
    assert [pages.get(key) for key in rows] == [None, None, None]
    assert dict(state.scan(b"", b"\xff\xff\xff")) == rows
    assert list(pages.scan(b"", b"\xff\xff\xff")) == []
    assert [key for key, _ in state.scan(b"\x00", b"\xff\xff", reverse=True)] == [b"\x00"]


@given(st.sets(st.binary(max_size=2)), st.binary(max_size=2), st.binary(max_size=2), st.booleans())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_scans_agree_with_those_of_a_dict(
    database: Database, keys: set[bytes], start: bytes, stop: bytes, reverse: bool
) -> None:
    view = database.view(Column.STATE)
    write(database, Column.STATE, {key: None for key, _ in view.scan(b"", b"\xff" * 3)})
    rows: dict[bytes, bytes] = dict.fromkeys(sorted(keys), b"v")
    write(database, Column.STATE, {**rows})
    write(database, Column.META, {b"last": b"row before the column"})
    write(database, Column.PAGES, {b"": b"row behind the column"})
    expected = list(MemoryReader(rows).scan(start, stop, reverse))
    assert list(view.scan(start, stop, reverse)) == expected
    with database.snapshot() as snapshot:
        assert list(snapshot.view(Column.STATE).scan(start, stop, reverse)) == expected


def test_a_batch_is_nothing_until_it_is_committed(database: Database) -> None:
    write(database, Column.STATE, {b"old": b"1"})
    batch = database.batch()
    batch.put(Column.STATE, b"new", b"2")
    batch.delete(Column.STATE, b"old")
    view = database.view(Column.STATE)
    assert (view.get(b"old"), view.get(b"new")) == (b"1", None)
    batch.commit()
    assert (view.get(b"old"), view.get(b"new")) == (None, b"2")


def test_a_snapshot_and_a_scan_stand_still(database: Database) -> None:
    write(database, Column.STATE, {b"a": b"1", b"b": b"1"})
    scan = database.view(Column.STATE).scan(b"", b"z")
    with database.snapshot() as snapshot:
        view = snapshot.view(Column.STATE)
        write(database, Column.STATE, {b"a": b"2", b"b": None, b"c": b"2"})
        assert (view.get(b"a"), view.get(b"c")) == (b"1", None)
        assert list(view.scan(b"", b"z")) == [(b"a", b"1"), (b"b", b"1")]
    assert list(scan) == [(b"a", b"1"), (b"b", b"1")]
    assert list(database.view(Column.STATE).scan(b"", b"z")) == [(b"a", b"2"), (b"c", b"2")]


def test_rows_outlive_the_process_that_wrote_them(tmp_path: Path) -> None:
    database = Database(tmp_path / "chain", GENESIS)
    write(database, Column.INDEX, {b"k": b"v"})
    database.close()
    database.close()
    again = Database(tmp_path / "chain", GENESIS)
    assert again.view(Column.INDEX).get(b"k") == b"v"
    assert again.size_bytes() >= 0
    again.close()


def test_compaction_frees_the_disk(database: Database, tmp_path: Path) -> None:
    def used() -> int:
        return sum(file.stat().st_size for file in (tmp_path / "chain").glob("*.ldb"))

    rows: dict[bytes, bytes | None] = {b"%d" % number: b"x" * 1_000 for number in range(2_000)}
    write(database, Column.STATE, rows)
    database.compact()
    assert used() > 2_000_000
    write(database, Column.STATE, dict.fromkeys(rows))
    database.compact()
    assert used() < 10_000


def test_a_closed_database_says_so(database: Database) -> None:
    view = database.view(Column.STATE)
    batch = database.batch()
    database.close()
    for use in (lambda: view.get(b""), lambda: list(view.scan(b"", b"z")), batch.commit):
        with pytest.raises(OperatorError, match="database"):
            use()


def test_another_chain_is_refused(tmp_path: Path) -> None:
    Database(tmp_path, GENESIS).close()
    with pytest.raises(
        OperatorError, match=f"genesis hash {bytes(32).hex()}, this one is .* {GENESIS.hex()}"
    ):
        Database(tmp_path, bytes(32))
    Database(tmp_path, GENESIS).close()


def test_another_format_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path, GENESIS)
    write(database, Column.META, {b"format": (99).to_bytes(4, "big")})
    database.close()
    with pytest.raises(OperatorError, match="format version 1, this one is of format version 99"):
        Database(tmp_path, GENESIS)


def test_a_database_in_use_is_refused(database: Database, tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from gridnode.storage.leveldb import Database\n"
        "Database(pathlib.Path(sys.argv[1]), bytes(range(32)))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "chain")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "in use by another process" in done.stderr


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path, GENESIS)
    write(database, Column.STATE, {b"%d" % number: b"x" * 1_000 for number in range(2_000)})
    database.close()
    (tmp_path / "CURRENT").write_text("nonsense")
    with pytest.raises(OperatorError, match="damaged"):
        Database(tmp_path, GENESIS)


def test_a_damaged_log_is_refused_rather_than_cut(tmp_path: Path) -> None:
    database = Database(tmp_path, GENESIS)
    for number in range(50):
        write(database, Column.STATE, {b"%d" % number: b"x" * 1_000})
    database.close()
    [log] = tmp_path.glob("*.log")
    data = bytearray(log.read_bytes())
    data[20_000] ^= 1
    log.write_bytes(data)
    with pytest.raises(OperatorError, match="damaged"):
        Database(tmp_path, GENESIS)


def test_a_place_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for place in (file, file / "below", Path("/proc/gridnode")):
        with pytest.raises(OperatorError, match=str(place)):
            Database(place, GENESIS)
