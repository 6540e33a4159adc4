"""Bounds and errors of the overlay, and that it reads its base no more than it must."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.limits import MAX_STATE_NESTING
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State


class CountingReader:
    """A reader that remembers which keys were looked up."""

    def __init__(self, rows: dict[bytes, bytes]) -> None:
        self.rows = MemoryReader(rows)
        self.asked: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        self.asked.append(key)
        return self.rows.get(key)

    def scan(self, start: bytes, stop: bytes, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        return self.rows.scan(start, stop, reverse)


def test_each_key_is_read_from_the_base_once() -> None:
    base = CountingReader({b"a": b"1", b"b": b"2"})
    state = State(base)
    for _ in range(3):
        state.get(b"a")
        state.get(b"missing")
        state.put(b"b", b"3")
        state.delete(b"c")
    state.writes()
    assert sorted(base.asked) == [b"a", b"b", b"c", b"missing"]


def test_nesting_is_bounded() -> None:
    state = State(MemoryReader())
    for _ in range(MAX_STATE_NESTING):
        state.begin()
    with pytest.raises(InvariantBroken, match="state-nesting"):
        state.begin()


def test_closing_what_is_not_open() -> None:
    state = State(MemoryReader())
    for close in (state.commit, state.rollback):
        with pytest.raises(InvariantBroken, match="no transaction is open"):
            close()


def test_writes_wait_for_the_outermost_commit() -> None:
    state = State(MemoryReader())
    state.begin()
    state.put(b"a", b"1")
    with pytest.raises(InvariantBroken, match="1 transactions are still open"):
        state.writes()
    state.commit()
    assert state.writes() == {b"a": b"1"}


def test_an_inner_commit_falls_with_the_outer_rollback() -> None:
    state = State(MemoryReader({b"a": b"0"}))
    state.begin()
    state.put(b"a", b"1")
    state.begin()
    state.put(b"a", b"2")
    state.delete(b"b")
    state.put(b"c", b"3")
    state.commit()
    assert state.get(b"a") == b"2"
    state.rollback()
    assert (state.get(b"a"), state.get(b"c")) == (b"0", None)
    assert state.writes() == {}
