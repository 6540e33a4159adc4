"""Undo rows: what the rows of the state were before each of the newest blocks, so that a stopped node can be taken back a block.

They stand in the batch that commits the block, and those that are too old leave with it. Trees need none: which rows a tree has depends
on its content alone, so the old rows of the state give the old trees back. Rows of column META

    undo/ height part     canonical array: key, value before (nil: there was none), key, value, ...; height 8 bytes, part 4, big-endian
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gridnode.chain.block import header_hash
from gridnode.chain.transaction import Transaction
from gridnode.codec.canonical import read, write
from gridnode.codec.records import encode
from gridnode.primitives.errors import InvariantBroken, Malformed
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_UNDO_BLOCKS, MAX_UNDO_BYTES, MAX_UNDO_PART_BYTES
from gridnode.primitives.units import Height
from gridnode.state.kv import after_prefix
from gridnode.storage.block_store import TOTALS_KEY, BlockStore, Carried, Totals
from gridnode.storage.leveldb import Batch, Column, Database

_PREFIX: Final = b"undo/"

Kept = dict[int, list[int]]
"""Bytes of each part by height, heights ascending."""


@dataclass(frozen=True, slots=True)
class UndoPut:
    """Undo rows that are in a batch but not yet on disk."""

    kept: Kept
    """What is kept with them."""


class UndoLog:
    """The undo rows of one database: of at most MAX_UNDO_BLOCKS blocks and MAX_UNDO_BYTES, the newest ones."""

    def __init__(self, database: Database) -> None:
        self._rows = database.view(Column.META)
        self._kept: Kept = {}
        for key, value in self._rows.scan(_PREFIX, after_prefix(_PREFIX)):
            height = int.from_bytes(key[len(_PREFIX) : len(_PREFIX) + 8], "big")
            self._kept.setdefault(height, []).append(len(value))

    @property
    def heights(self) -> list[int]:
        """Blocks that can be taken back, ascending: each once those above it are."""
        return list(self._kept)

    def put(self, batch: Batch, height: int, before: Mapping[bytes, bytes | None]) -> UndoPut:
        """Add what the rows were before the block at `height` to `batch`; call `accept` once the batch is on disk.

        A block that alone is above MAX_UNDO_BYTES has none, and then those below it are of no use either.
        """
        parts = list(_parts(before))
        kept = {**self._kept, height: [len(part) for part in parts]}
        while len(kept) > MAX_UNDO_BLOCKS or sum(map(sum, kept.values())) > MAX_UNDO_BYTES:
            oldest = next(iter(kept))
            dropped = kept.pop(oldest)
            if oldest == height:
                parts = []
            else:
                _delete(batch, oldest, len(dropped))
        for number, part in enumerate(parts):
            batch.put(Column.META, _key(height, number), part)
        return UndoPut(kept)

    def accept(self, put: UndoPut) -> None:
        """The batch that `put` was made for is on disk."""
        self._kept = put.kept

    def before(self, height: int) -> dict[bytes, bytes | None] | None:
        """What the rows that the block at `height` changed were before it; None when that is not kept.

        Raises InvariantBroken when the rows are damaged.
        """
        sizes = self._kept.get(height)
        if sizes is None:
            return None
        found: dict[bytes, bytes | None] = {}
        for number in range(len(sizes)):
            raw = self._rows.get(_key(height, number))
            try:
                plain: Any = () if raw is None else read(raw)
            except Malformed as fault:
                raise InvariantBroken("undo", f"undo row {number} of block {height} does not decode: {fault}") from None
            if raw is None or type(plain) is not tuple or len(plain) % 2:
                raise InvariantBroken("undo", f"undo row {number} of block {height} is missing or no list of pairs")
            found |= dict(zip(plain[::2], plain[1::2], strict=True))
        return dict(sorted(found.items()))

    def take(self, batch: Batch, height: int) -> None:
        """Remove the undo rows of a block that is taken back."""
        _delete(batch, height, len(self._kept.get(height, ())))


def take_back_block(
    batch: Batch, blocks: BlockStore, transactions: Sequence[Transaction], named: Sequence[Sequence[Address]]
) -> Totals:
    """Add to `batch` that the newest block, its index and its part of the totals go; returns the totals that are left.

    transactions  the block's own, taken apart
    named         for each, addresses beside the sender's under which it is found, as they were put

    Raises InvariantBroken when the block is not whole.
    """
    height = blocks.height
    block, commit, receipts = blocks.block(height), blocks.commit(height), blocks.receipts(height)
    if block is None or commit is None or len(receipts) != len(transactions) + 1:
        raise InvariantBroken("block-store", f"block {height} is not whole")
    at = height.to_bytes(8, "big")
    size = len(encode(block.header)) + len(encode(Carried(block.last_commit, block.evidence))) + len(encode(commit))
    for letter in (b"h", b"l", b"c"):
        batch.delete(Column.BLOCKS, letter + at)
    if block.header.next_validators_hash != block.header.validators_hash:
        changed = blocks.validators(height + 1)
        if changed is None:
            raise InvariantBroken("block-store", f"the validators that block {height} names are not stored")
        size += len(encode(changed))
        batch.delete(Column.BLOCKS, b"v" + (height + 1).to_bytes(8, "big"))
    batch.delete(Column.INDEX, b"b" + header_hash(block.header))
    for index, receipt in enumerate(receipts):
        position = at + index.to_bytes(4, "big")
        size += len(encode(receipt))
        batch.delete(Column.BLOCKS, b"r" + position)
        if index == len(transactions):
            break
        transaction = transactions[index]
        size += len(transaction.raw)
        batch.delete(Column.BLOCKS, b"t" + position)
        batch.delete(Column.INDEX, b"i" + transaction.id)
        for address in (transaction.sender, *named[index]):
            batch.delete(Column.INDEX, b"a" + address + position)
    old = blocks.totals
    totals = Totals(Height(height - 1), old.transactions - len(transactions), old.bytes - size)
    if totals.height:
        batch.put(Column.META, TOTALS_KEY, encode(totals))
    else:
        batch.delete(Column.META, TOTALS_KEY)
    return totals


def _parts(before: Mapping[bytes, bytes | None]) -> Iterator[bytes]:
    """Pairs as canonical arrays of about MAX_UNDO_PART_BYTES; one, empty, when there are no pairs."""
    flat: list[bytes | None] = []
    size = 0
    for key, value in before.items():
        flat += (key, value)
        size += len(key) + len(value or b"")
        if size > MAX_UNDO_PART_BYTES:
            yield write(flat)
            flat, size = [], 0
    if flat or not before:
        yield write(flat)


def _delete(batch: Batch, height: int, parts: int) -> None:
    for number in range(parts):
        batch.delete(Column.META, _key(height, number))


def _key(height: int, number: int) -> bytes:
    return _PREFIX + height.to_bytes(8, "big") + number.to_bytes(4, "big")
