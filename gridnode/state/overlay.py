"""`State`: uncommitted changes over a reader, with nested begin, commit and rollback.

The base must not change while a `State` over it is in use: what was read is remembered. Every change notes the value before it,
so a rollback costs what it takes back and nothing is ever copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_STATE_NESTING
from gridnode.state.key_index import KeyIndex
from gridnode.state.kv import Changes, Reader, merged


class _Sentinel(Enum):
    UNREAD = 0  # the key has not been looked up in the base


_UNREAD: Final = _Sentinel.UNREAD


class State:
    """The state that a block's rules read and change."""

    def __init__(self, base: Reader) -> None:
        self._base = base
        self._now: dict[bytes, bytes | None] = {}  # current value of every key read or changed
        self._before: dict[bytes, bytes | None] = {}  # the base's value of every key ever changed
        self._touched = KeyIndex()  # the keys of _before
        self._undo: list[
            tuple[bytes, bytes | None]
        ] = []  # value before each change since the outermost begin
        self._marks: list[int] = []  # length of _undo at each open begin

    def get(self, key: bytes) -> bytes | None:
        """Value of `key`, or None."""
        value = self._now.get(key, _UNREAD)
        if value is _UNREAD:
            value = self._now[key] = self._base.get(key)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of `key`."""
        self._change(key, value)

    def delete(self, key: bytes) -> None:
        """Remove `key`; nothing happens when it is not there."""
        self._change(key, None)

    def _change(self, key: bytes, value: bytes | None) -> None:
        old = self.get(key)
        if old == value:
            return
        if self._marks:
            self._undo.append((key, old))
        if key not in self._before:
            self._before[key] = old
            self._touched.add(key)
        self._now[key] = value

    def scan(self, start: bytes, stop: bytes, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop, ascending (descending when `reverse`).

        A scan sees the rows as they were when it was called: its reader may put and delete while it goes on.
        """
        keys = self._touched.between(start, stop)
        rows = self._base.scan(start, stop, reverse)
        if not keys:
            return rows
        if reverse:
            keys.reverse()
        now = self._now
        return merged(rows, [(key, now[key]) for key in keys], reverse)

    def begin(self) -> None:
        """Open a nested transaction. Raises InvariantBroken beyond MAX_STATE_NESTING of them."""
        if len(self._marks) >= MAX_STATE_NESTING:
            raise InvariantBroken(
                "state-nesting", f"more than {MAX_STATE_NESTING} transactions inside each other"
            )
        self._marks.append(len(self._undo))

    def commit(self) -> None:
        """Close the innermost transaction and keep its changes. Raises InvariantBroken when none is open."""
        self._close()
        if not self._marks:
            self._undo.clear()

    def rollback(self) -> None:
        """Close the innermost transaction and take its changes back. Raises InvariantBroken when none is open."""
        mark = self._close()
        now, undo = self._now, self._undo
        while len(undo) > mark:
            key, old = undo.pop()
            now[key] = old

    def _close(self) -> int:
        if not self._marks:
            raise InvariantBroken("state-nesting", "no transaction is open")
        return self._marks.pop()

    def writes(self) -> Changes:
        """Net change against the base, keys ascending; None stands for a deleted row.

        What was changed and changed back does not appear. Raises InvariantBroken while a transaction is open.
        """
        if self._marks:
            raise InvariantBroken("state-nesting", f"{len(self._marks)} transactions are still open")
        now = self._now
        return Changes([(key, now[key]) for key, old in sorted(self._before.items()) if now[key] != old])

    def before(self) -> dict[bytes, bytes | None]:
        """What the base has under each key that `writes` names; None stands for no row."""
        now = self._now
        return {key: old for key, old in self._before.items() if now[key] != old}
