"""Pruning removes what it says and nothing else, in bounded steps, across deaths; and the disk gets smaller and stays small."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridnode.codec.records import decode
from gridnode.execution.named import accounts_named
from gridnode.primitives.errors import InvariantBroken
from gridnode.storage.block_store import GONE_KEY, BlockStore, Gone
from gridnode.storage.leveldb import Batch, Column, Database
from gridnode.storage.pruning import Pruning
from tests.chain_in_memory import account
from tests.growing_store import GrowingStore, disk_bytes, growing, rows_of

BLOCKS = 40
HORIZON = 31


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[GrowingStore]:
    """A chain of 40 blocks with three transactions each."""
    with growing(tmp_path / "chain") as grown:
        grown.grow(BLOCKS)
        yield grown


def prune(chain: GrowingStore, horizon: int) -> Pruning:
    """All that is below a height."""
    pruning = chain.store.pruning()
    while pruning.step(horizon):
        pass
    return pruning


def test_what_goes_and_what_stays(chain: GrowingStore) -> None:
    """Transactions, receipts and the ways to find them; not headers, commits, validators or any row above."""
    store = chain.store
    before, index = rows_of(store, Column.BLOCKS), rows_of(store, Column.INDEX)
    state = rows_of(store, Column.STATE)
    found = store.account_transactions(account("alice"), 1_000)
    bytes_before = store.totals.bytes
    prune(chain, HORIZON)
    at = HORIZON.to_bytes(8, "big")
    gone = {key for key in before if key[:1] in b"ltr" and key[1:9] < at}
    assert rows_of(store, Column.BLOCKS) == {key: value for key, value in before.items() if key not in gone}
    assert len(gone) == 30 * (1 + 3 + 4)
    lost = {key for key in index if key[:1] in b"ia" and (index[key] or key[21:])[:8] < at}
    assert rows_of(store, Column.INDEX) == {key: value for key, value in index.items() if key not in lost}
    assert rows_of(store, Column.STATE) == state
    assert store.first_height == HORIZON
    assert store.account_transactions(account("alice"), 1_000) == [one for one in found if one.height >= HORIZON]
    assert store.totals.bytes == bytes_before
    raw = rows_of(store, Column.META)[GONE_KEY]
    assert decode(Gone, raw) == Gone(HORIZON, 90, sum(len(before[key]) for key in gone))


def test_what_was_pruned_is_answered_with_none(chain: GrowingStore) -> None:
    """A block is whole or it is not there; what a light client asks for is always there."""
    store = chain.store
    [one, *_] = store.account_transactions(account("alice"), 1)
    light = store.light_block(5)
    prune(chain, BLOCKS + 1)
    assert store.final_block(5) is store.transaction_at(one) is None
    assert store.receipts(5) == ()
    assert store.light_block(5) == light is not None
    chain.block()
    assert store.final_block(BLOCKS + 1) is not None
    assert store.first_height == BLOCKS + 1


def test_a_block_that_is_pruned_while_it_is_read_is_not_there(chain: GrowingStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pruner's thread comes between the look at `first` and the scan; a loss that it does not explain is still one."""
    database = chain.store._database
    blocks = BlockStore(database)
    pruning, rows = Pruning(database, blocks, accounts_named), BlockStore._rows

    def meanwhile(self: BlockStore, letter: bytes, height: int) -> Iterator[bytes]:
        while pruning.step(HORIZON):
            pass
        return rows(self, letter, height)

    monkeypatch.setattr(BlockStore, "_rows", meanwhile)
    assert blocks.block(HORIZON - 1) is None
    assert blocks.block(HORIZON) is not None
    batch = database.batch()
    batch.delete(Column.BLOCKS, b"t" + HORIZON.to_bytes(8, "big") + bytes(4))
    batch.commit()
    with pytest.raises(InvariantBroken, match="lacks transactions"):
        blocks.block(HORIZON)


def test_steps_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of many transactions goes in several."""
    removed: list[int] = []
    original = Batch.delete

    def counted(batch: Batch, column: Column, key: bytes) -> None:
        removed[-1] += column == Column.BLOCKS and key[:1] == b"t"
        original(batch, column, key)

    with growing(tmp_path / "chain") as chain:
        chain.grow(2, 7)
        monkeypatch.setattr("gridnode.storage.pruning.MAX_PRUNE_ROWS", 10)
        monkeypatch.setattr(Batch, "delete", counted)
        pruning, goes_on = chain.store.pruning(), True
        while goes_on:
            removed.append(0)
            goes_on = pruning.step(3)
    assert (max(removed), sum(removed)) == (10, 14)


class Died(BaseException):
    """The process is gone."""


def test_a_death_at_any_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store opened again has whole blocks from `first` on, and its pruning goes on to the same end."""
    original, left = Batch.commit, [0]

    def dying(batch: Batch) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Died
        original(batch)

    monkeypatch.setattr("gridnode.storage.pruning.MAX_PRUNE_ROWS", 10)
    with growing(tmp_path / "grown") as grown:
        grown.grow(BLOCKS)
    ends = []
    for moment in (0, *range(1, 15)):
        shutil.copytree(tmp_path / "grown", tmp_path / f"chain-{moment}")
        chain = GrowingStore(tmp_path / f"chain-{moment}")
        monkeypatch.setattr(Batch, "commit", dying)
        left[0] = moment
        if moment:
            with pytest.raises(Died):
                prune(chain, HORIZON)
        monkeypatch.setattr(Batch, "commit", original)
        chain.close()
        database = Database(tmp_path / f"chain-{moment}", chain.store.genesis_hash)
        blocks = BlockStore(database)
        for height in range(blocks.first, BLOCKS + 1):
            assert blocks.block(height) is not None
            assert len(blocks.receipts(height)) == 4
        assert all(blocks.block(height) is None for height in range(1, blocks.first))
        pruning = Pruning(database, blocks, accounts_named)
        while pruning.step(HORIZON):
            pass
        ends.append({column: dict(database.view(column).scan(b"", b"\xff")) for column in Column})
        database.close()
    assert all(end == ends[0] for end in ends)


def test_the_disk_gets_smaller_and_stays_small(tmp_path: Path) -> None:
    """An archive grows with each block; a pruned node by headers and commits alone, once its disk is freed."""
    archive, pruned = GrowingStore(tmp_path / "archive"), GrowingStore(tmp_path / "pruned")
    sizes = []
    for _ in range(4):
        archive.grow(10, 40)
        pruned.grow(10, 40)
        prune(pruned, int(pruned.store.height) - 5).compact()
        archive.store.compact()
        sizes.append((disk_bytes(archive.folder), disk_bytes(pruned.folder)))
    archive.close()
    pruned.close()
    grown_archive, grown_pruned = sizes[-1][0] - sizes[0][0], sizes[-1][1] - sizes[0][1]
    assert sizes[-1][1] < sizes[-1][0] // 2
    assert grown_pruned < grown_archive // 4, sizes


def test_compaction_frees_what_was_removed(tmp_path: Path) -> None:
    """The files themselves shrink."""
    with growing(tmp_path / "chain") as chain:
        chain.grow(25, 60)
        chain.store.compact()
        before = disk_bytes(chain.folder)
        pruning = prune(chain, 25)
        assert pruning.uncompacted_bytes > 0
        pruning.compact()
        assert pruning.uncompacted_bytes == 0
        assert disk_bytes(chain.folder) < before // 2
