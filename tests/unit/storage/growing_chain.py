"""A process that commits block after block as a node does, and says so; run with the folder of its database, killed from outside.

Each block changes rows of the state by a fixed rule, so whoever reads the database knows what must be there at its height.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gridnode.state.commitment import Commitment
from gridnode.state.kv import Reader
from gridnode.state.overlay import State
from gridnode.state.prefixes import TOKEN
from gridnode.storage.block_store import BlockStore
from gridnode.storage.leveldb import Column, Database
from tests.unit.storage.chain_of_blocks import final

GENESIS = bytes(32)
ROWS = 500
PADDING = (
    b"." * 1_000
)  # a block is some 100 KB in its batch: many writes to the log, between which a process may die


def change(reader: Reader, height: int) -> dict[bytes, bytes | None]:
    """Rows that the block at `height` changes: every row that its height divides, one that comes, one that goes."""
    state = State(reader)
    for number in range(0, ROWS, 1 + height % 7):
        state.put(bytes([TOKEN]) + b"%d" % number, b"%d" % height + PADDING)
    state.put(bytes([TOKEN]) + b"of %d" % height, b"new")
    state.delete(bytes([TOKEN]) + b"of %d" % (height - 1))
    return state.writes()


def commit_next(database: Database, blocks: BlockStore, commitment: Commitment) -> None:
    """Commit one block in one batch."""
    height = blocks.height + 1
    writes = change(database.view(Column.STATE), height)
    update = commitment.update(writes)
    batch = database.batch()
    batch.apply(Column.STATE, writes)
    batch.apply(Column.PAGES, update.pages)
    put = blocks.put(batch, *final(height, height % 5))
    batch.commit()
    commitment.commit(update)
    blocks.accept(put)


def grow(folder: Path) -> None:
    """Commit blocks until killed; each height is printed when its block is committed."""
    database = Database(folder, GENESIS)
    blocks, commitment = BlockStore(database), Commitment(database.view(Column.PAGES))
    while True:
        commit_next(database, blocks, commitment)
        print(blocks.height, flush=True)  # noqa: T201


if __name__ == "__main__":
    grow(Path(sys.argv[1]))
