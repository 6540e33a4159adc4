"""Blocks are stored once and found by height, hash, transaction and account; totals count them; the cache stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from gridnode.chain.block import header_hash
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address, TransactionId
from gridnode.primitives.limits import MAX_CACHED_BLOCKS
from gridnode.primitives.units import Height
from gridnode.storage.block_store import BlockStore, Position
from gridnode.storage.leveldb import Column, Database
from tests.unit.storage.chain_of_blocks import ALL, NAMED, Final, final, set_of

COUNTS = [3, 0, 5, 1]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path, bytes(32))
    yield opened
    opened.close()


def store(database: Database, blocks: BlockStore, one: Final) -> None:
    batch = database.batch()
    put = blocks.put(batch, *one)
    batch.commit()
    blocks.accept(put)


@pytest.fixture
def chain(database: Database) -> list[Final]:
    blocks, made = BlockStore(database), []
    for height, count in enumerate(COUNTS, 1):
        made.append(final(height, count, *([made[-1].commit] if made else [])))
        store(database, blocks, made[-1])
    return made


@pytest.fixture
def blocks(database: Database, chain: list[Final]) -> BlockStore:
    """The store of a node that has just started: nothing is in memory."""
    return BlockStore(database)


def test_by_height_and_hash(blocks: BlockStore, chain: list[Final]) -> None:
    for height, one in enumerate(chain, 1):
        assert blocks.block(height) == one.block
        assert blocks.header(height) == one.block.header
        assert blocks.commit(height) == one.commit
        assert blocks.receipts(height) == one.receipts
        assert blocks.height_of(header_hash(one.block.header)) == height
        assert blocks.block_by_hash(header_hash(one.block.header)) == one.block
    assert list(blocks.newest_first()) == [one.block for one in reversed(chain)]


def test_what_is_not_there(blocks: BlockStore) -> None:
    for height in (0, len(COUNTS) + 1):
        assert blocks.block(height) is blocks.header(height) is blocks.commit(height) is None
        assert blocks.receipts(height) == ()
    assert blocks.height_of(bytes(32)) is blocks.block_by_hash(bytes(32)) is None
    unknown = TransactionId(bytes(32))
    assert blocks.transaction(unknown) is blocks.raw(unknown) is blocks.position(unknown) is None
    assert blocks.transaction_at(Position(Height(1), 3)) is None
    assert blocks.of_account(Address(bytes(20)), 10) == []


def test_transactions_by_id(blocks: BlockStore, chain: list[Final]) -> None:
    for height, one in enumerate(chain, 1):
        for index, transaction in enumerate(one.transactions):
            stored = blocks.transaction(transaction.id)
            assert stored is not None
            assert stored.position == blocks.position(transaction.id) == Position(Height(height), index)
            assert stored.raw == blocks.raw(transaction.id) == transaction.raw
            assert stored.receipt == one.receipts[index]


def test_transactions_of_an_account(blocks: BlockStore, chain: list[Final]) -> None:
    expected: dict[Address, list[Position]] = {}
    for height, one in enumerate(chain, 1):
        for index, transaction in enumerate(one.transactions):
            for address in (transaction.sender, *one.named[index]):
                expected.setdefault(address, []).append(Position(Height(height), index))
    assert NAMED in expected
    for address, positions in expected.items():
        assert blocks.of_account(address, 100, oldest_first=True) == positions
        assert blocks.of_account(address, 100) == positions[::-1]
        assert blocks.of_account(address, 1) == positions[-1:]
        for cut in range(1, len(positions)):
            at = positions[cut]
            assert blocks.of_account(address, 100, before=at) == positions[:cut][::-1]
            assert blocks.of_account(address, 100, before=at, oldest_first=True) == positions[cut + 1 :]


def test_a_sender_named_in_its_own_transaction_is_listed_once(database: Database) -> None:
    one, blocks = final(1, 1), BlockStore(database)
    sender = one.transactions[0].sender
    store(database, blocks, one._replace(named=((sender, sender),)))
    assert blocks.of_account(sender, 10) == [Position(Height(1), 0)]


def test_totals(blocks: BlockStore, chain: list[Final], database: Database) -> None:
    assert (blocks.height, blocks.totals.transactions) == (len(COUNTS), sum(COUNTS))
    stored = sum(len(value) for _, value in database.view(Column.BLOCKS).scan(b"", b"\xff"))
    assert blocks.totals.bytes == stored
    raws = sum(len(transaction.raw) for one in chain for transaction in one.transactions)
    assert raws < stored < 4 * raws + 4_000


def test_only_the_next_block_is_taken_and_only_whole(database: Database, blocks: BlockStore) -> None:
    for height in (len(COUNTS), len(COUNTS) + 2):
        with pytest.raises(InvariantBroken, match="expected the block of height 5"):
            blocks.put(database.batch(), *final(height, 1))
    one = final(len(COUNTS) + 1, 2)
    for broken in (
        one._replace(receipts=one.receipts[1:]),
        one._replace(named=()),
        one._replace(transactions=()),
    ):
        with pytest.raises(InvariantBroken, match="expected 2 transactions"):
            blocks.put(database.batch(), *broken)


def test_a_batch_that_is_dropped_leaves_nothing(database: Database, blocks: BlockStore) -> None:
    one = final(len(COUNTS) + 1, 2)
    blocks.put(database.batch(), *one)
    assert blocks.height == len(COUNTS)
    assert blocks.block(blocks.height + 1) is None
    store(database, blocks, one)
    assert blocks.block(blocks.height) == one.block


def test_lost_transactions_are_noticed(database: Database, blocks: BlockStore) -> None:
    batch = database.batch()
    batch.delete(Column.BLOCKS, b"t" + (3).to_bytes(8, "big") + (4).to_bytes(4, "big"))
    batch.put(Column.BLOCKS, b"c" + (2).to_bytes(8, "big"), b"\xff")
    batch.commit()
    with pytest.raises(InvariantBroken, match="lacks transactions"):
        blocks.block(3)
    with pytest.raises(InvariantBroken, match="stored Commit does not decode"):
        blocks.commit(2)


def test_the_cache_is_bounded(database: Database) -> None:
    blocks = BlockStore(database)
    for height in range(1, MAX_CACHED_BLOCKS + 20):
        store(database, blocks, final(height, 1))
    assert len(blocks._recent) == MAX_CACHED_BLOCKS
    assert blocks._recent_bytes == sum(len(block.transactions[0]) for block in blocks._recent.values())
    assert [blocks.block(height) for height in (1, blocks.height)] == [
        final(height, 1).block for height in (1, blocks.height)
    ]


def test_who_votes_on_each_height(database: Database) -> None:
    """One row for each change; between two rows the first one holds; a height above the one to come is not known yet."""
    one, two = set_of(1, 1, 1), set_of(3, 0, 1)
    sets = [one, one, two, two, one, one, two]  # that vote on the heights from 1 on
    blocks = BlockStore(database)
    assert blocks.validators(1) is None
    batch = database.batch()
    blocks.put_validators(batch, Height(1), one)
    batch.commit()
    for height, (voted, after) in enumerate(pairwise(sets), 1):
        store(database, blocks, final(height, 0, voted=voted, next_validators=after))
    for again in (blocks, BlockStore(database)):
        assert [again.validators(height) for height in range(9)] == [None, *sets, None]
    rows = [key for key, _ in database.view(Column.BLOCKS).scan(b"v", b"w")]
    assert [int.from_bytes(key[1:], "big") for key in rows] == [1, 3, 5, 7]


def test_validators_below_the_first_row_are_not_known(database: Database) -> None:
    """As of a store that begins behind a snapshot."""
    blocks, batch = BlockStore(database), database.batch()
    blocks.put_validators(batch, Height(1), set_of(1, 1, 1))
    store(database, blocks, final(1, 0))
    assert [blocks.validators(height) for height in (1, 2)] == [None, None]


def test_another_set_than_the_header_names_is_not_stored(database: Database) -> None:
    """A row that is wrong would make every later proof wrong."""
    with pytest.raises(InvariantBroken, match="validators that block 1 names"):
        BlockStore(database).put(database.batch(), *final(1, 1)._replace(next_validators=set_of(2, 1, 1)))


def test_a_batch_with_a_change_that_is_dropped_leaves_the_old_set(database: Database) -> None:
    """The row is in the block's batch and nowhere before."""
    blocks, batch = BlockStore(database), database.batch()
    blocks.put_validators(batch, Height(1), ALL)
    batch.commit()
    changed = final(1, 0, next_validators=set_of(2, 1, 1))
    blocks.put(database.batch(), *changed)
    assert BlockStore(database).validators(1) == ALL
    store(database, blocks, changed)
    assert [blocks.validators(height) for height in (1, 2)] == [ALL, set_of(2, 1, 1)]
