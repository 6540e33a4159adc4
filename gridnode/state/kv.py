"""The ordered key-value protocol that everything above storage reads through."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol


class Reader(Protocol):
    """Read access to ordered bytes."""

    def get(self, key: bytes) -> bytes | None:
        """Value of `key`, or None."""
        ...

    def scan(self, start: bytes, stop: bytes, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop, ascending (descending when `reverse`)."""
        ...


class MemoryReader:
    """Rows in a dict: the state before genesis, and the reader of tests.

    A scan sees the rows as they were when it was called.
    """

    def __init__(self, rows: Mapping[bytes, bytes] | None = None) -> None:
        self._rows = dict(rows or {})
        self._order: list[bytes] | None = None

    def get(self, key: bytes) -> bytes | None:
        """Value of `key`, or None."""
        return self._rows.get(key)

    def scan(self, start: bytes, stop: bytes, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop, ascending (descending when `reverse`)."""
        if self._order is None:
            self._order = sorted(self._rows)
        keys = self._order[bisect_left(self._order, start) : bisect_left(self._order, stop)]
        if reverse:
            keys.reverse()
        return iter([(key, self._rows[key]) for key in keys])

    def apply(self, writes: Mapping[bytes, bytes | None]) -> None:
        """Put each value under its key; None deletes the row."""
        for key, value in writes.items():
            if value is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = value
        self._order = None


class Changes(dict[bytes, bytes | None]):
    """Rows to write, keys ascending, None for those to delete; not changed once made.

    The few of one table are found without a walk over all.
    """

    __slots__ = ("_order",)

    def __init__(self, rows: Mapping[bytes, bytes | None] | Iterable[tuple[bytes, bytes | None]] = ()) -> None:
        """`rows` ascending by key."""
        super().__init__(rows)
        self._order = list(self)

    def between(self, start: bytes, stop: bytes) -> list[bytes]:
        """Keys with start <= key < stop, ascending."""
        order = self._order
        return order[bisect_left(order, start) : bisect_left(order, stop)]


def after_prefix(prefix: bytes) -> bytes:
    """The first key that is above every key that begins with `prefix`. Raises ValueError when there is none."""
    body = prefix.rstrip(b"\xff")
    if not body:
        raise ValueError("expected a prefix that is not all 0xff")
    return body[:-1] + bytes([body[-1] + 1])


def merged(
    rows: Iterator[tuple[bytes, bytes]], changed: list[tuple[bytes, bytes | None]], reverse: bool
) -> Iterator[tuple[bytes, bytes]]:
    """Rows of a scan with those that `changed` puts or, with None, deletes in their place; both come in the scan's order."""
    index, count = 0, len(changed)
    for key, value in rows:
        while index < count and (changed[index][0] > key if reverse else changed[index][0] < key):
            added, fresh = changed[index]
            index += 1
            if fresh is not None:
                yield added, fresh
        if index < count and changed[index][0] == key:
            fresh = changed[index][1]
            index += 1
            if fresh is not None:
                yield key, fresh
        else:
            yield key, value
    for added, fresh in changed[index:]:
        if fresh is not None:
            yield added, fresh
