"""A chain of three validators in a real store: blocks of transfers, made one by one; and a second store that follows it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import trio

from gridnode.chain.genesis import Genesis
from gridnode.chain.transaction import VerifiedTransaction
from gridnode.execution.executed import Executed
from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import Denomination
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.storage.leveldb import Column
from gridnode.sync.messages import FinalBlock
from tests.chain_in_memory import ACTORS, THB, MemoryChain, account, genesis
from tests.unit.node.peers_in_memory import commit_of

EVERYTHING = (b"", b"\xff")


class GrowingStore:
    """A store and what makes its next block; the same seed makes the same blocks."""

    def __init__(self, folder: Path, start: Genesis | None = None, seed: int = 1) -> None:
        self.genesis = start or genesis()
        self.folder = folder
        self.store: LedgerStore = open_store(folder, self.genesis)
        self._random = Random(seed)
        self._author = MemoryChain(self.genesis)  # makes transactions, with a clock that is set by hand

    def transfer(self) -> VerifiedTransaction:
        """A payment between two actors."""
        sender, recipient = self._random.sample([name for name in ACTORS if name != "bank"], 2)
        header = self.store.header
        self._author.ledger.tip = self._author.ledger.tip._replace(
            time_ms=self.genesis.time_ms if header is None else header.time_ms
        )
        amount = self._random.randrange(1, THB // 100)
        return self._author.transaction(sender, Transfer(account(recipient), Denomination.THB, amount))

    def block(self, transactions: int = 3, after_ms: int = 1_000) -> Executed:
        """Build and commit the next block."""
        pool = Pool()
        for _ in range(transactions):
            pool.add(self.transfer())
        header = self.store.header
        now_ms = (self.genesis.time_ms if header is None else header.time_ms) + after_ms

        async def build() -> Executed:
            maker = self.store.validators.members[self.store.height % 3].address
            return await self.store.build(pool, now_ms, maker)

        executed = trio.run(build)
        assert len(executed.transactions) == transactions
        self.store.commit(executed, commit_of(self.store.next_height, executed.block_hash))
        return executed

    def grow(self, blocks: int, transactions: int = 3, after_ms: int = 1_000) -> None:
        """So many blocks more."""
        for _ in range(blocks):
            self.block(transactions, after_ms)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


@contextmanager
def growing(folder: Path, start: Genesis | None = None, seed: int = 1) -> Iterator[GrowingStore]:
    """Closed at the end."""
    chain = GrowingStore(folder, start, seed)
    try:
        yield chain
    finally:
        chain.close()


def rows_of(store: LedgerStore, column: Column) -> dict[bytes, bytes]:
    """All rows of a column."""
    with store.freeze().rows as rows:
        return dict(rows.view(column).scan(*EVERYTHING))


def follow(store: LedgerStore, final: FinalBlock, transactions: tuple[VerifiedTransaction, ...]) -> None:
    """Execute and commit a block of another store."""

    async def run() -> None:
        store.commit(await store.execute(final.block, transactions), final.commit)

    trio.run(run)


def disk_bytes(folder: Path) -> int:
    """What the files of a folder take."""
    return sum(entry.stat().st_size for entry in os.scandir(folder))
