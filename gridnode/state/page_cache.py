"""Tree rows kept in memory: those used lately, in two generations."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from gridnode.primitives.limits import MAX_CACHED_TREE_ROWS
from gridnode.state.kv import Reader

_EVERYTHING = (b"", b"\xff")  # names begin with a module's number, which is far below 0xff


class PageCache:
    """Reads through to stored rows and remembers at most MAX_CACHED_TREE_ROWS of them.

    A row that is used moves to the young generation; when that is full it becomes the old one, and what was old and has not been used
    since is forgotten. The upper pages, which every block needs, so never leave.
    """

    def __init__(self, pages: Reader) -> None:
        """`pages` reads the stored rows; as many as one generation holds are read at once, in order and so quickly."""
        self._pages = pages
        self._young: dict[bytes, bytes | None] = {}  # None only within `replace`
        self._old: dict[bytes, bytes | None] = dict(
            islice(pages.scan(*_EVERYTHING), MAX_CACHED_TREE_ROWS // 2)
        )

    def get(self, key: bytes) -> bytes | None:
        """The row of a name, or None."""
        row = self._young.get(key)
        if row is None:
            row = self._old.get(key) or self._pages.get(key)
            if row is not None:
                self._young[key] = row
                self._age()
        return row

    def replace(self, writes: Mapping[bytes, bytes | None]) -> None:
        """Take over rows that have been stored; None stands for a row that is gone."""
        gone = [key for key, row in writes.items() if row is None]
        self._young.update(writes)
        for key in gone:
            del self._young[key]
            self._old.pop(key, None)
        self._age()

    def _age(self) -> None:
        if len(self._young) >= MAX_CACHED_TREE_ROWS // 2:
            self._old, self._young = self._young, {}
