"""Pruning: a node lets go of the transactions and receipts of old blocks, and of the ways to find them, a few rows at a time.

What goes: rows l, t, r of a block, and i and a of its transactions (`block_store.py`). What stays: header, commit and set of
validators of every height, and the hash of its header. With them a light client is still led from genesis to any height by
any node, a proof of an old state is still checked, and the chain of headers has no hole; of a block they are its smallest
part.

Before a row goes, the block is out of `BlockStore.first`, in the same batch as its last commit: so whoever reads sees a
whole block or none, also after a crash between two steps. Rows below `first` that a step has left are found by the next one.
LevelDB frees the disk when it merges its files; `compact` makes it do so for what was removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from gridnode.chain.transaction import Transaction, decode_transaction
from gridnode.codec.records import encode
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_PRUNE_ROWS
from gridnode.primitives.units import Height
from gridnode.storage.block_store import GONE_KEY, BlockStore, Gone
from gridnode.storage.leveldb import Batch, Column, Database

_STEP_BLOCKS: Final = 16
"""Blocks let go of at once; their rows follow in steps of MAX_PRUNE_ROWS."""


class Pruning:
    """Removes old blocks of one store. One thread calls it; blocks are committed and read by others meanwhile."""

    def __init__(
        self, database: Database, blocks: BlockStore, named: Callable[[Transaction], Sequence[Address]]
    ) -> None:
        """`named` finds the accounts that a transaction names beside its sender."""
        self._database = database
        self._store = blocks
        self._named = named
        self._blocks = database.view(Column.BLOCKS)
        self._done = 1  # below this height a step has found nothing more
        self._uncompacted = 0

    @property
    def uncompacted_bytes(self) -> int:
        """Bytes removed since the last `compact`, without their keys."""
        return self._uncompacted

    def step(self, horizon: int) -> bool:
        """Remove some of what is below `horizon`, in one synced batch; whether there is more.

        Raises OperatorError when the disk refuses.
        """
        first = self._store.first
        if self._remove_transactions(first) or self._remove_hooks_receipts(first):
            return True
        self._done = first
        if first >= horizon:
            return False
        self._let_go(first, min(horizon, first + _STEP_BLOCKS))
        return True

    def compact(self) -> None:
        """Free the disk of what was removed. Takes seconds for each 100 MB; reads and writes go on meanwhile."""
        first = _at(self._store.first)
        for letter in (b"l", b"t", b"r"):
            self._database.compact(Column.BLOCKS, letter + _at(0), letter + first)
        self._database.compact(Column.INDEX, b"a", b"j")
        self._uncompacted = 0

    def _let_go(self, first: int, stop: int) -> None:
        """From now on blocks `first` to before `stop` are not whole."""
        batch = self._database.batch()
        size = 0
        for height in range(first, stop):
            size += len(self._blocks.get(b"l" + _at(height)) or b"")
            batch.delete(Column.BLOCKS, b"l" + _at(height))
        gone = self._gone(Height(stop), 0, size)
        batch.put(Column.META, GONE_KEY, encode(gone))
        self._store.gone = gone  # first, so that nobody who reads takes a block for whole that is not
        batch.commit()
        self._uncompacted += size

    def _remove_transactions(self, first: int) -> bool:
        rows = list(islice(self._blocks.scan(b"t" + _at(self._done), b"t" + _at(first)), MAX_PRUNE_ROWS))
        if not rows:
            return False
        batch = self._database.batch()
        size = 0
        for key, raw in rows:
            position = key[1:]
            receipt = b"r" + position
            size += len(raw) + len(self._blocks.get(receipt) or b"")
            batch.delete(Column.BLOCKS, key)
            batch.delete(Column.BLOCKS, receipt)
            transaction = decode_transaction(raw)
            batch.delete(Column.INDEX, b"i" + transaction.id)
            for address in (transaction.sender, *self._named(transaction)):
                batch.delete(Column.INDEX, b"a" + address + position)
        self._write(batch, len(rows), size)
        return True

    def _remove_hooks_receipts(self, first: int) -> bool:
        """What is left of the receipts when their transactions are gone."""
        rows = list(islice(self._blocks.scan(b"r" + _at(self._done), b"r" + _at(first)), MAX_PRUNE_ROWS))
        if not rows:
            return False
        batch = self._database.batch()
        for key, _ in rows:
            batch.delete(Column.BLOCKS, key)
        self._write(batch, 0, sum(len(raw) for _, raw in rows))
        return True

    def _write(self, batch: Batch, transactions: int, size: int) -> None:
        gone = self._gone(self._store.first, transactions, size)
        batch.put(Column.META, GONE_KEY, encode(gone))
        batch.commit()
        self._store.gone = gone
        self._uncompacted += size

    def _gone(self, first: Height, transactions: int, size: int) -> Gone:
        before = self._store.gone
        return Gone(first, before.transactions + transactions, before.bytes + size)


def _at(height: int) -> bytes:
    return height.to_bytes(8, "big")
