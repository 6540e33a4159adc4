"""Small chains in data folders, as a node that was stopped leaves them, and hands that change single rows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import trio

from gridnode.chain.genesis import genesis_hash
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.operations.place import Place
from gridnode.storage.leveldb import Column, Database
from tests.chain_in_memory import genesis
from tests.unit.node.peers_in_memory import GrownChain


def data_of(folder: Path, blocks: int, chain: GrownChain | None = None) -> Place:
    """A data folder with a chain of so many blocks, each with one transfer."""
    grown = chain or GrownChain(blocks)
    with opened(folder) as store:
        trio.run(_store, store, grown, blocks)
    return Place(folder, genesis())


async def _store(store: LedgerStore, grown: GrownChain, blocks: int) -> None:
    for height in range(store.next_height, blocks + 1):
        final = grown.final(height)
        assert final is not None
        executed = await store.execute(final.block, grown.executed[height - 1].transactions)
        store.commit(executed, final.commit)


@contextmanager
def opened(folder: Path) -> Iterator[LedgerStore]:
    """The store in a data folder."""
    store = open_store(folder / "chain", genesis())
    try:
        yield store
    finally:
        store.close()


def change(place: Place, column: Column, find: Callable[[bytes, bytes], bool], value: bytes | None) -> tuple[bytes, bytes]:
    """Give the first row that `find` chooses another value, or none at all; returns its key and what it was."""
    database = Database(place.chain, genesis_hash(place.genesis))
    try:
        rows = database.view(column).scan(b"", b"\xff")
        key, old = next((key, old) for key, old in rows if find(key, old))
        batch = database.batch()
        if value is None:
            batch.delete(column, key)
        else:
            batch.put(column, key, value)
        batch.commit()
    finally:
        database.close()
    return key, old
