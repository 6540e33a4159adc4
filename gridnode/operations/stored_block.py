"""Everything that a database holds of one block, read without trust: what is missing or does not decode is a difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridnode.chain.block import Block, header_hash
from gridnode.chain.commit import Commit
from gridnode.chain.receipt import Receipt
from gridnode.chain.transaction import Transaction
from gridnode.execution.named import accounts_named
from gridnode.operations.difference import MISSING, Difference
from gridnode.primitives.errors import InvariantBroken
from gridnode.storage.block_store import BlockStore
from gridnode.storage.leveldb import Column, Database

_HEIGHT_BYTES = 8
_INDEX_BYTES = 4


class Damaged(Exception):
    """What is stored of a block cannot be what was stored once; `difference` says where."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.where)
        self.difference = difference


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block with all that stands beside it."""

    block: Block
    """The block."""
    commit: Commit
    """What made it final here."""
    receipts: tuple[Receipt, ...]
    """Of its transactions and its hooks."""


def read_block(store: BlockStore, height: int) -> StoredBlock:
    """The block at `height`. Raises Damaged when a row of it is missing or does not decode."""
    try:
        block, commit, receipts = store.block(height), store.commit(height), store.receipts(height)
    except InvariantBroken as broken:
        raise Damaged(Difference(height, "block", "a stored row", "", "a record", broken.detail)) from None
    for name, found in (("header, or the commit in it", block), ("commit", commit)):
        if found is None:
            raise Damaged(Difference(height, "block", name, "", "a record", MISSING))
    assert block is not None, "checked above"
    assert commit is not None, "checked above"
    expected = len(block.transactions) + 1
    if len(receipts) != expected:
        raise Damaged(Difference(height, "receipt", "receipts", "", f"{expected} of them", f"{len(receipts)}"))
    return StoredBlock(block, commit, receipts)


def check_index(database: Database, block: Block, transactions: Sequence[Transaction]) -> Difference | None:
    """The first row of the index that does not lead to this block and its transactions; None when all do."""
    index = database.view(Column.INDEX)
    height = block.header.height
    at = height.to_bytes(_HEIGHT_BYTES, "big")
    expected: dict[bytes, tuple[str, bytes]] = {
        b"b" + header_hash(block.header): ("block by hash", at),
    }
    for number, transaction in enumerate(transactions):
        position = at + number.to_bytes(_INDEX_BYTES, "big")
        expected[b"i" + transaction.id] = (f"transaction {transaction.id.hex()} by id", position)
        for address in (transaction.sender, *accounts_named(transaction)):
            expected[b"a" + address + position] = (f"transactions of account {address.hex()}", b"")
    for key, (where, value) in expected.items():
        found = index.get(key)
        if found != value:
            return Difference(height, "index", where, "", value.hex(), MISSING if found is None else found.hex())
    return None


def block_bytes(database: Database, height: int) -> int:
    """Bytes of the rows of one block, as the totals count them."""
    blocks = database.view(Column.BLOCKS)
    size = 0
    for letter in (b"h", b"l", b"c", b"t", b"r"):
        group = letter + height.to_bytes(_HEIGHT_BYTES, "big")
        after = letter + (height + 1).to_bytes(_HEIGHT_BYTES, "big")
        size += sum(len(value) for _, value in blocks.scan(group, after))
    changed = blocks.get(b"v" + (height + 1).to_bytes(_HEIGHT_BYTES, "big"))
    return size + len(changed or b"")
