"""gridnode rollback: a stopped node goes back one block, as if it had never stored it.

One synced batch: rows of the state as they were, rows of the trees over them, the block's rows, its index, totals. Before that the block is
written to a file, from which `gridnode import` brings it back. Log and guard stay as they are: the guard refuses to sign anything else
at heights where it has signed, and at those heights the node only listens, because the locks that it held there are not known any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gridnode.chain.block import Block, header_hash
from gridnode.chain.genesis import genesis_hash
from gridnode.chain.transaction import decode_transaction
from gridnode.execution.genesis import opening_writes
from gridnode.execution.named import accounts_named
from gridnode.execution.recent import recent_ids_from
from gridnode.operations.export import write_blocks
from gridnode.operations.place import Place, stopped_database
from gridnode.primitives.errors import InvariantBroken, OperatorError
from gridnode.primitives.limits import MAX_UNDO_BLOCKS
from gridnode.state.commitment import Commitment
from gridnode.state.kv import MemoryReader
from gridnode.storage.block_store import BlockStore
from gridnode.storage.leveldb import Column, Database
from gridnode.storage.undo import UndoLog, take_back_block


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was done."""

    height: int
    """The block that was taken back; the node now stands at the one below."""
    block_hash: bytes
    """Its hash."""
    state_root: bytes
    """Root of the state that is left."""
    file: Path
    """Where the block was written to."""


def rollback(place: Place) -> TakenBack:
    """Take a node that does not run back by one block.

    Raises OperatorError when it runs, stands at genesis, or has no undo rows for its newest block (only those of the newest
    MAX_UNDO_BLOCKS are kept, and none of what an import of a snapshot brought).
    """
    with stopped_database(place) as database:
        blocks = BlockStore(database)
        height = blocks.height
        if height == 0:
            raise OperatorError(f"{place.data}: stands at genesis; there is no block to take back")
        before = UndoLog(database).before(height)
        if before is None:
            raise OperatorError(
                f"{place.data}: the state before block {height} is not kept (only that of the newest {MAX_UNDO_BLOCKS} blocks is, "
                "each once); `gridnode reset` and sync again, or import blocks"
            )
        header = blocks.header(height)
        if header is None:
            raise OperatorError(f"{place.data}: block {height} is not whole; run `gridnode verify`, then `gridnode reset`")
        _check_enough_below(blocks, height)
        file = _set_aside(place, database, height)
        root = _take_back(place, database, blocks, before)
        return TakenBack(height, header_hash(header), root, file)


def _check_enough_below(blocks: BlockStore, height: int) -> None:
    """Raise OperatorError unless the blocks are kept that a node at the height below needs for its replay protection."""

    def below() -> Iterator[Block]:
        for number in range(height - 1, 0, -1):
            block = blocks.block(number)
            if block is None:
                raise OperatorError(
                    f"a node at block {height - 1} needs block {number}, which is pruned; `gridnode reset` and sync again"
                )
            yield block

    recent_ids_from(below())


def _set_aside(place: Place, database: Database, height: int) -> Path:
    """Write the block to a file beside the chain, in place of that of an attempt before."""
    file = place.data / f"rolled-back-{height}.grid"
    write_blocks(database, genesis_hash(place.genesis), file, height, height, lambda _done, _last: None)
    return file


def _take_back(place: Place, database: Database, blocks: BlockStore, before: dict[bytes, bytes | None]) -> bytes:
    """Write the batch; returns the root of the state that is left."""
    height = blocks.height
    expected = _root_below(place, blocks, height)
    update = Commitment(database.view(Column.PAGES)).update(before)
    if expected is not None and update.root != expected:
        raise OperatorError(
            f"{place.data}: the state before block {height} would have root {update.root.hex()}, its header says {expected.hex()}: "
            "state or undo rows are damaged; run `gridnode verify`, then `gridnode reset`"
        )
    block = blocks.block(height)
    if block is None:
        raise InvariantBroken("block-store", f"block {height} was exported and is not there")
    transactions = [decode_transaction(raw) for raw in block.transactions]
    batch = database.batch()
    batch.apply(Column.STATE, before)
    batch.apply(Column.PAGES, update.pages)
    take_back_block(batch, blocks, transactions, [accounts_named(one) for one in transactions])
    UndoLog(database).take(batch, height)
    batch.commit()
    return update.root


def _root_below(place: Place, blocks: BlockStore, height: int) -> bytes | None:
    """State root of the block below, None when that block is not kept; at genesis, that of its opening state."""
    if height == 1:
        return Commitment(MemoryReader()).update(opening_writes(place.genesis)).root
    header = blocks.header(height - 1)
    return None if header is None else header.state_root
