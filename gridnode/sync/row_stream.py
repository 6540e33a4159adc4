"""The bytes of a snapshot: rows one behind the other, cut into chunks wherever one is full.

    column 1 | key length 2 | value length 4 | key | value        all big-endian

Rows come in ascending order of (column, key), each once, so the same rows give the same bytes on every node. A row may lie
across chunks: no row is too large for a snapshot, and every chunk but the last has SNAPSHOT_CHUNK_BYTES.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_RECORD_BYTES, SNAPSHOT_CHUNK_BYTES

_HEAD = Struct(">BHI")


class Row(NamedTuple):
    """A row of a database."""

    column: int
    """Number of its column."""
    key: bytes
    """Its key within the column."""
    value: bytes
    """What it holds."""


class ChunkWriter:
    """Rows in, chunks out."""

    def __init__(self) -> None:
        self.rows = 0
        self.bytes = 0
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, column: int, key: bytes, value: bytes) -> Iterator[bytes]:
        """Take the next row; yields the chunks that it fills."""
        self._parts += (_HEAD.pack(column, len(key), len(value)), key, value)
        size = _HEAD.size + len(key) + len(value)
        self.rows += 1
        self.bytes += size
        self._size += size
        if self._size >= SNAPSHOT_CHUNK_BYTES:
            yield from self._full()

    def _full(self) -> Iterator[bytes]:
        data = b"".join(self._parts)
        while len(data) >= SNAPSHOT_CHUNK_BYTES:
            yield data[:SNAPSHOT_CHUNK_BYTES]
            data = data[SNAPSHOT_CHUNK_BYTES:]
        self._parts, self._size = [data], len(data)

    def end(self) -> Iterator[bytes]:
        """The last chunk, when there is something left for it."""
        if self._size:
            yield b"".join(self._parts)
            self._parts, self._size = [], 0


class RowReader:
    """Chunks in, rows out."""

    def __init__(self) -> None:
        self.rows = 0
        self._left = b""
        self._last: tuple[int, bytes] = (-1, b"")

    def feed(self, chunk: bytes) -> list[Row]:
        """Rows that end in the next chunk. Raises Malformed when one is not above the one before it, or longer than any row."""
        data = self._left + chunk
        rows: list[Row] = []
        offset = 0
        while offset + _HEAD.size <= len(data):
            column, key_bytes, value_bytes = _HEAD.unpack_from(data, offset)
            if value_bytes > MAX_RECORD_BYTES:
                raise Malformed(f"row {self.rows}: expected at most {MAX_RECORD_BYTES} bytes, got {value_bytes}")
            middle = offset + _HEAD.size + key_bytes
            end = middle + value_bytes
            if end > len(data):
                break
            row = Row(column, data[offset + _HEAD.size : middle], data[middle:end])
            if (column, row.key) <= self._last:
                raise Malformed(f"row {self.rows}: expected a key above {self._last[0]}/{self._last[1].hex()[:80]}")
            self._last = (column, row.key)
            self.rows += 1
            rows.append(row)
            offset = end
        self._left = data[offset:]
        return rows

    def end(self) -> None:
        """All chunks were fed. Raises Malformed when the last row is cut off."""
        if self._left:
            raise Malformed(f"expected a whole row behind row {self.rows}, got {len(self._left)} bytes of it")
