"""gridnode export: blocks of a stopped node into a file that another node can import, or an archive can keep."""

from __future__ import annotations

import os
from pathlib import Path

from gridnode.chain.genesis import genesis_hash
from gridnode.operations.block_file import BlockFileWriter, Head, Trailer
from gridnode.operations.place import Place, stopped_database
from gridnode.operations.reexecute import Progress
from gridnode.operations.stored_block import Damaged, read_block
from gridnode.primitives.errors import OperatorError
from gridnode.storage.block_store import BlockStore
from gridnode.storage.leveldb import Database
from gridnode.sync.messages import FinalBlock


def export_blocks(place: Place, out: Path, first: int, last: int | None, progress: Progress) -> Trailer:
    """Write blocks `first` to `last` (None: the newest) of a node that does not run to `out`, which must not exist.

    The file gets its name when it is whole and on disk. Raises OperatorError when blocks are missing or the disk refuses.
    """
    if out.exists():
        raise OperatorError(f"--out: {out}: exists; expected a name that is free")
    with stopped_database(place) as database:
        return write_blocks(database, genesis_hash(place.genesis), out, first, last, progress)


def write_blocks(
    database: Database, genesis: bytes, out: Path, first: int, last: int | None, progress: Progress
) -> Trailer:
    """As `export_blocks`, of a database that is open."""
    store = BlockStore(database)
    last = store.height if last is None else last
    if not store.first <= first <= last <= store.height:
        raise OperatorError(f"expected blocks from {store.first} to {store.height}, got --from {first} --to {last}")
    beside = out.with_name(out.name + ".part")
    try:
        with beside.open("wb") as file:
            writer = BlockFileWriter(file, Head(genesis, first))
            for height in range(first, last + 1):
                writer.add(_final(store, height))
                progress(height - first + 1, last - first + 1)
            trailer = writer.close()
            file.flush()
            os.fsync(file.fileno())
        beside.replace(out)
        _sync_names(out.absolute().parent)
    except OSError as error:
        raise OperatorError(f"--out: {out}: cannot be written: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)
    return trailer


def _final(store: BlockStore, height: int) -> FinalBlock:
    try:
        stored = read_block(store, height)
    except Damaged as damaged:
        raise OperatorError(
            f"block {height} cannot be exported: {damaged.difference.where}: {damaged.difference.right}; "
            "`gridnode verify` says more"
        ) from None
    return FinalBlock(stored.block, stored.commit)


def _sync_names(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
