"""Rows become chunks of one size and come back; what is cut, out of order or too long is refused."""

from __future__ import annotations

import pytest

from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_RECORD_BYTES, SNAPSHOT_CHUNK_BYTES
from gridnode.sync.row_stream import ChunkWriter, Row, RowReader


def chunks_of(rows: list[Row]) -> list[bytes]:
    """All chunks."""
    writer = ChunkWriter()
    found = [chunk for row in rows for chunk in writer.add(*row)]
    return [*found, *writer.end()]


def rows_of(chunks: list[bytes]) -> list[Row]:
    """All rows. Raises Malformed."""
    reader = RowReader()
    found = [row for chunk in chunks for row in reader.feed(chunk)]
    reader.end()
    return found


MANY = [Row(1, b"%06d" % number, bytes(number % 90)) for number in range(60_000)]
LONG = [Row(1, b"a", b"x"), Row(1, b"b", bytes(3 * SNAPSHOT_CHUNK_BYTES + 17)), Row(3, b"", b""), Row(3, b"\0", b"end")]


@pytest.mark.parametrize("rows", [[], MANY[:1], MANY, LONG], ids=["none", "one", "many", "longer than chunks"])
def test_rows_come_back(rows: list[Row]) -> None:
    """Every chunk but the last is full, and so the same rows give the same chunks wherever they are made."""
    chunks = chunks_of(rows)
    assert rows_of(chunks) == rows
    assert all(len(chunk) == SNAPSHOT_CHUNK_BYTES for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= SNAPSHOT_CHUNK_BYTES for chunk in chunks)


def test_a_row_that_ends_with_its_chunk() -> None:
    """There is no empty chunk behind it."""
    head = 7 + 1
    [chunk] = chunks_of([Row(1, b"k", bytes(SNAPSHOT_CHUNK_BYTES - head))])
    assert rows_of([chunk]) == [Row(1, b"k", bytes(SNAPSHOT_CHUNK_BYTES - head))]


@pytest.mark.parametrize("cut", [1, 6, 7, 8, 9])
def test_a_cut_stream_is_noticed(cut: int) -> None:
    """Wherever it ends within a row."""
    [chunk] = chunks_of(LONG[:1])
    with pytest.raises(Malformed, match="expected a whole row"):
        rows_of([chunk[:-cut]] if cut < len(chunk) else [chunk[:1]])


@pytest.mark.parametrize(
    "rows",
    [
        [Row(1, b"b", b""), Row(1, b"a", b"")],
        [Row(1, b"a", b""), Row(1, b"a", b"")],
        [Row(3, b"a", b""), Row(1, b"b", b"")],
    ],
    ids=["descending", "twice", "column before"],
)
def test_rows_out_of_order_are_refused(rows: list[Row]) -> None:
    """There is one order, so there is one stream for a state."""
    with pytest.raises(Malformed, match="expected a key above"):
        rows_of(chunks_of(rows))


def test_a_row_longer_than_any_is_refused_before_it_is_kept() -> None:
    """A peer cannot make a node hold gigabytes."""
    head = bytes([1, 0, 1]) + (MAX_RECORD_BYTES + 1).to_bytes(4, "big")
    with pytest.raises(Malformed, match="expected at most"):
        RowReader().feed(head)
