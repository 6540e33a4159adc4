"""Updates of the state's trees leave no trace until they are committed, survive a restart, and read little once warm."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gridnode.primitives import limits
from gridnode.primitives.errors import InvariantBroken
from gridnode.state import page_cache
from gridnode.state.commitment import Commitment
from gridnode.state.kv import MemoryReader
from gridnode.state.page_cache import PageCache
from gridnode.state.prefixes import GRID, TOKEN


def rows(count: int, value: bytes, module: int = TOKEN) -> dict[bytes, bytes | None]:
    return {bytes([module]) + b"%06d" % number: value for number in range(count)}


def commit(commitment: Commitment, pages: MemoryReader, writes: dict[bytes, bytes | None]) -> None:
    update = commitment.update(writes)
    pages.apply(update.pages)
    commitment.commit(update)


def test_an_update_that_is_dropped_leaves_no_trace() -> None:
    pages = MemoryReader()
    commitment = Commitment(pages)
    commit(commitment, pages, rows(3_000, b"1"))
    before = commitment.root
    lost = commitment.update(rows(2_000, b"lost"))
    won = commitment.update(rows(100, b"won"))
    assert commitment.root == before
    assert lost.root != won.root
    pages.apply(won.pages)
    commitment.commit(won)
    assert commitment.root == won.root == Commitment(pages).root
    assert commitment.update({}).root == won.root
    fresh = Commitment(MemoryReader())
    assert fresh.update({**rows(3_000, b"1"), **rows(100, b"won")}).root == won.root


def test_committed_updates_build_on_each_other() -> None:
    pages = MemoryReader()
    commitment = Commitment(pages)
    content: dict[bytes, bytes | None] = {}
    for step in range(12):
        changes = rows(900 - 70 * step, b"%d" % step)
        changes |= dict.fromkeys(list(changes)[:: step + 2])
        commitment.update(rows(50, b"lost"))
        commit(commitment, pages, changes)
        content |= changes
        kept = {key: value for key, value in content.items() if value is not None}
        assert commitment.root == Commitment(MemoryReader()).update(kept).root


def test_an_update_of_an_earlier_state_is_refused() -> None:
    pages = MemoryReader()
    commitment = Commitment(pages)
    late = commitment.update(rows(5, b"late"))
    commit(commitment, pages, rows(5, b"1"))
    with pytest.raises(InvariantBroken, match="earlier state"):
        commitment.commit(late)


def test_a_restarted_node_goes_on() -> None:
    pages = MemoryReader()
    commit(Commitment(pages), pages, {**rows(700, b"1"), **rows(300, b"1", GRID)})
    commit(Commitment(pages), pages, {**dict.fromkeys(rows(650, b"")), **rows(900, b"2", GRID)})
    expected = dict.fromkeys(list(rows(700, b""))[650:], b"1") | rows(900, b"2", GRID)
    assert Commitment(pages).root == Commitment(MemoryReader()).update(expected).root


def test_a_module_without_rows_stores_nothing() -> None:
    pages = MemoryReader()
    commitment = Commitment(pages)
    empty = commitment.root
    commit(commitment, pages, rows(100, b"1"))
    commit(commitment, pages, dict.fromkeys(rows(100, b"")))
    assert commitment.root == empty
    assert list(pages.scan(b"", b"\xff" * 40)) == []


def test_only_what_changes_is_written() -> None:
    pages = MemoryReader()
    commitment = Commitment(pages)
    commit(commitment, pages, rows(20_000, b"1"))
    update = commitment.update({bytes([TOKEN]) + b"000007": b"2"})
    assert len(update.pages) <= 6
    assert all(key[0] == TOKEN for key in update.pages)


def test_lost_pages_stop_the_node() -> None:
    pages = MemoryReader()
    commit(Commitment(pages), pages, rows(100, b"1"))
    pages.apply({key: None for key, _ in pages.scan(b"\x01\x00", b"\x02")})
    commitment = Commitment(pages)
    with pytest.raises(InvariantBroken, match="token: expected the tree row"):
        commitment.update(rows(1, b"2"))


def test_a_restarted_node_finds_its_rows_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = MemoryReader()
    commit(Commitment(pages), pages, rows(2_000, b"1"))
    restarted = Commitment(pages)
    monkeypatch.setattr(pages, "get", None)
    restarted.update(rows(2_000, b"2"))


def test_the_cache_is_bounded_and_keeps_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "MAX_CACHED_TREE_ROWS", 100)
    asked: list[bytes] = []

    class Pages(MemoryReader):
        def get(self, key: bytes) -> bytes | None:
            asked.append(key)
            return b"row" if key != b"none" else None

    cache = PageCache(Pages())
    for number in range(1_000):
        cache.get(b"used")
        cache.get(b"%d" % number)
        assert len(cache._young) + len(cache._old) <= 100
    assert asked.count(b"used") == 1
    assert cache.get(b"none") is None
    young, old = list(cache._young)[-1], list(cache._old)[-1]
    cache.replace({b"used": b"new", young: None, old: None})
    assert cache.get(b"used") == b"new"
    for gone in (young, old):
        asked.clear()
        cache.get(gone)
        assert asked == [gone]
    assert limits.MAX_CACHED_TREE_ROWS > 1_000


def test_frozen_bytes() -> None:
    """Roots are consensus data and tree rows lie on disks: neither may change without a new format."""
    commitment = Commitment(MemoryReader())
    assert commitment.root.hex() == "a39360d3cdf5d0add26c688e63dd22641d3e2d16399145f79c4b76d5d3ad4835"
    content = {bytes([TOKEN]) + b"%d" % number: b"%d" % number**2 for number in range(100)}
    update = commitment.update({**content, bytes([GRID]): b"one"})
    assert update.root.hex() == "35ecf22f435182240dd493fcc10076e8f0a1256956c4ffc45812b969c142fa3d"
    stored = b"".join(name + (row or b"") for name, row in sorted(update.pages.items()))
    assert len(update.pages) == 29
    frozen = "0a17ffbd118dc79e950aee0e1421d61349e31b6cffa6bcd815040e244d2dbb05"
    assert sha256(stored).hexdigest() == frozen
