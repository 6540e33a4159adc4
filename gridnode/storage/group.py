"""Blocks that are committed together: what a node that catches up has executed and not yet brought to the disk.

Each block's batch is added to the group; the group is written as one synced batch. So the disk has all of its blocks or none, and a node
that dies fetches them again. Rows that each of them changes, the upper pages of the trees and what the modules count by the block, are
written once. What is bounded: how many blocks (MAX_GROUP_BLOCKS), and their bytes (MAX_GROUP_BYTES).

Until then readers find its rows here. It is written before anybody takes a snapshot, and before a batch that may hold rows of it: who
commits such a one calls `settle`. One thread adds and settles; what is held is never changed, only replaced, so others may read meanwhile.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gridnode.primitives.limits import MAX_GROUP_BLOCKS, MAX_GROUP_BYTES


class Held(NamedTuple):
    """Rows that are not yet on the disk."""

    rows: dict[bytes, bytes | None]  # None: deleted
    keys: list[bytes]  # the same, ascending
    batches: int  # how many batches they are of
    size: int  # bytes of those batches

    def between(self, low: bytes, high: bytes) -> list[tuple[bytes, bytes | None]]:
        """Rows with low <= key < high, ascending."""
        keys = self.keys
        return [(key, self.rows[key]) for key in keys[bisect_left(keys, low) : bisect_left(keys, high)]]


NOTHING: Final = Held({}, [], 0, 0)
"""Held by a group that is on the disk, and beside a snapshot."""


class Group:
    """The group of one database."""

    def __init__(self, write: Callable[[Mapping[bytes, bytes | None]], None]) -> None:
        """`write` brings all rows to the disk, or raises OperatorError and none."""
        self._write = write
        self.now = NOTHING
        """What is held. Take it before the rows on the disk are looked at: what leaves it is there by then."""

    def add(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Hold the rows of one more block. Raises OperatorError when the group is full and the disk refuses it."""
        old = self.now
        fresh = sorted(key for key in changes if key not in old.rows)
        size = old.size + sum(len(key) + len(value or b"") for key, value in changes.items())
        self.now = Held({**old.rows, **changes}, sorted([*old.keys, *fresh]), old.batches + 1, size)
        if self.now.batches >= MAX_GROUP_BLOCKS or size >= MAX_GROUP_BYTES:
            self.settle()

    def settle(self) -> None:
        """Bring what is held to the disk. Raises OperatorError when that refuses; it is held on then."""
        if self.now.rows:
            self._write(self.now.rows)
            self.now = NOTHING


class RowBatch:
    """A batch that hands its rows over whole, with the methods of a plyvel write batch."""

    def __init__(self, take: Callable[[Mapping[bytes, bytes | None]], None]) -> None:
        """`take` gets the rows, None for those that are deleted."""
        self._take = take
        self._changes: dict[bytes, bytes | None] = {}

    def put(self, key: bytes, value: bytes) -> None:
        """Set a row."""
        self._changes[key] = value

    def delete(self, key: bytes) -> None:
        """Remove a row."""
        self._changes[key] = None

    def write(self) -> None:
        """Hand them over."""
        self._take(self._changes)


def backward(rows: Any, low: bytes, high: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Rows with low <= key < high, descending, of a plyvel raw iterator.

    plyvel's own reverse iterator looks at the row before as soon as it has one. LevelDB steps over all the versions of a row that it
    still has in memory, thousands of one that each block changes: whoever wants the last row of a table would pay for its neighbour.
    """
    rows.seek(high)
    if rows.valid():
        rows.prev()
    else:
        rows.seek_to_last()
    while rows.valid():
        key = rows.key()
        if key < low:
            return
        yield key, rows.value()
        rows.prev()
