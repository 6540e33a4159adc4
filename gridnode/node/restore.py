"""Makes a database of a snapshot, and checks all of it against a header that is known to be final.

The rows of the state give the trees anew; their root must be the header's. The blocks before it are checked by their hashes.
The database is made in a folder of its own and takes the place of the node's when it is whole and on the disk, by renaming:
whatever the moment of a crash, the node finds no database, or all of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from gridnode.chain.block import header_hash
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.light_block import LightBlock
from gridnode.chain.transaction import Transaction
from gridnode.primitives.errors import InvariantBroken, Malformed, OperatorError
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import RESTORE_BATCH_BYTES
from gridnode.state.commitment import Commitment
from gridnode.storage.block_store import BlockStore
from gridnode.storage.leveldb import Column, Database
from gridnode.storage.past_blocks import PastBlocks
from gridnode.sync.row_stream import Row, RowReader
from gridnode.sync.snapshots import Manifest

TREE_BATCH_ROWS = 65_536
"""Rows that go through the trees in one pass: fewer passes write fewer pages twice, more take more memory.

RESTORE_BATCH_BYTES bounds them too: a lying snapshot has rows of any length, and is not found out before the last."""

Named = Callable[[Transaction], Sequence[Address]]


def unfinished(chain: Path) -> Path:
    """Where the database of `chain` is made."""
    return chain.with_name(chain.name + ".restoring")


def restore_into(
    chain: Path, manifest: Manifest, chunks: Iterable[bytes], anchor: LightBlock, named: Named
) -> None:
    """Make the database in the folder `chain`, which must not exist, of a snapshot's chunks; `named` as in `PastBlocks`.

    `anchor` is known to be final. Raises Malformed when the snapshot is not that of its header, OperatorError when the disk
    refuses; there is no database then.
    """
    if chain.exists():
        raise OperatorError(f"{chain}: expected no database; a snapshot never takes the place of one")
    making = unfinished(chain)
    clear_unfinished(chain)
    try:
        database = Database(making, manifest.genesis_hash)
        try:
            fill(database, manifest, chunks, anchor, named)
        finally:
            database.close()
        making.rename(chain)
        _sync_folder(chain.parent)
    except OSError as error:
        raise OperatorError(f"{chain}: the snapshot cannot be restored: {error.strerror}") from None
    finally:
        shutil.rmtree(making, ignore_errors=True)


def clear_unfinished(chain: Path) -> None:
    """Remove what a restore that died has left. Raises OperatorError."""
    try:
        if unfinished(chain).exists():
            shutil.rmtree(unfinished(chain))
    except OSError as error:
        raise OperatorError(f"{unfinished(chain)}: cannot be removed: {error.strerror}") from None


def has_blocks(chain: Path, genesis: Genesis) -> bool:
    """Whether the database in a folder holds a block. Raises OperatorError when it cannot be used or is another chain's."""
    if not chain.exists():
        return False
    database = Database(chain, genesis_hash(genesis))
    try:
        return BlockStore(database).height > 0
    finally:
        database.close()


def fill(database: Database, manifest: Manifest, chunks: Iterable[bytes], anchor: LightBlock, named: Named) -> None:
    """Write a snapshot into an empty database. Raises Malformed when it is not that of the header; the database is useless then."""
    header = anchor.header
    claimed = (manifest.height, manifest.block_hash, manifest.state_root)
    if claimed != (header.height, header_hash(header), header.state_root):
        raise Malformed(f"expected the snapshot of block {header.height} {header_hash(header).hex()[:16]}")
    reader, making = RowReader(), _Making(database, anchor, named)
    for chunk in chunks:
        for row in reader.feed(chunk):
            making.take(row)
    reader.end()
    if reader.rows != manifest.rows:
        raise Malformed(f"expected {manifest.rows} rows, got {reader.rows}")
    making.end()


class _Making:
    """The database while it is made."""

    def __init__(self, database: Database, anchor: LightBlock, named: Named) -> None:
        self._database = database
        self._tree = Commitment(database.view(Column.PAGES))
        self._state: dict[bytes, bytes | None] = {}
        self._state_bytes = 0
        self._state_root = anchor.header.state_root
        self._past = PastBlocks(anchor.header, anchor.commit, named)
        self._batch = database.batch()
        self._batched = 0
        self._batched_bytes = 0

    def take(self, row: Row) -> None:
        if row.column == Column.STATE:
            self._state[row.key] = row.value
            self._state_bytes += len(row.key) + len(row.value)
            if len(self._state) >= TREE_BATCH_ROWS or self._state_bytes >= RESTORE_BATCH_BYTES:
                self._write_state()
        elif row.column == Column.BLOCKS:
            self._check_root()
            self._past.take(self._batch, row.key, row.value)
            self._batched += 1
            self._batched_bytes += len(row.key) + len(row.value)
            if self._batched >= TREE_BATCH_ROWS // 16 or self._batched_bytes >= RESTORE_BATCH_BYTES:
                self._write_batch()
        else:
            raise Malformed(f"expected rows of columns {Column.STATE} and {Column.BLOCKS}, got one of {row.column}")

    def end(self) -> None:
        self._check_root()
        self._past.end(self._batch)
        self._write_batch()

    def _check_root(self) -> None:
        """The whole state is there, and it is the right one: before any block is looked at."""
        self._write_state()
        if self._tree.root != self._state_root:
            raise Malformed(f"expected the state root {self._state_root.hex()}, the rows give {self._tree.root.hex()}")

    def _write_state(self) -> None:
        if not self._state:
            return
        try:
            update = self._tree.update(self._state)
        except InvariantBroken as error:
            raise Malformed(f"rows of no module: {error}") from None
        batch = self._database.batch()
        batch.apply(Column.STATE, self._state)
        batch.apply(Column.PAGES, update.pages)
        batch.commit()
        self._tree.commit(update)
        self._state, self._state_bytes = {}, 0

    def _write_batch(self) -> None:
        self._batch.commit()
        self._batch = self._database.batch()
        self._batched = self._batched_bytes = 0


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


