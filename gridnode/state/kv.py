"""The ordered key-value protocol that everything above storage reads through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Reader(Protocol):
    """Read access to ordered bytes."""

    def get(self, key: bytes) -> bytes | None:
        """Value of `key`, or None."""
        ...

    def scan(self, start: bytes, stop: bytes, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop, ascending (descending when `reverse`)."""
        ...
