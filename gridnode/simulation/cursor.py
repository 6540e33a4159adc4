"""Steps through ordered rows in memory, with the methods of a plyvel raw iterator that `Database` uses."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence


class Cursor:
    """A place among rows; to be used before the next batch is written."""

    def __init__(self, keys: Sequence[bytes], rows: Mapping[bytes, bytes]) -> None:
        """`keys` ascending."""
        self._keys = keys
        self._rows = rows
        self._at = -1

    def seek(self, key: bytes) -> None:
        """Go to the first row that is not below `key`."""
        self._at = bisect_left(self._keys, key)

    def seek_to_last(self) -> None:
        """Go to the last row."""
        self._at = len(self._keys) - 1

    def prev(self) -> None:
        """Go to the row before."""
        self._at -= 1

    def valid(self) -> bool:
        """Whether there is a row here."""
        return 0 <= self._at < len(self._keys)

    def key(self) -> bytes:
        """Its key."""
        return self._keys[self._at]

    def value(self) -> bytes:
        """Its value."""
        return self._rows[self._keys[self._at]]
