"""gridnode import: blocks of a file into a stopped node, each executed and checked as block sync does.

The whole file is read once before the first block is used, so a damaged one changes nothing. Then each block is committed in one synced
batch: wherever it ends, the node stands at a whole block, and another import goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import trio

from gridnode.chain.block import header_hash
from gridnode.chain.commit import check_commit
from gridnode.chain.genesis import genesis_hash
from gridnode.chain.transaction import VerifiedTransaction, decode_transaction
from gridnode.execution.validation import BlockInvalid
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.node.verifier import Verifier
from gridnode.operations.block_file import BlockFileReader, Trailer
from gridnode.operations.place import Place, refuse_held
from gridnode.operations.reexecute import Progress
from gridnode.primitives.errors import Malformed, OperatorError, Rejected
from gridnode.sync.messages import FinalBlock


@dataclass(frozen=True, slots=True)
class Imported:
    """What was done."""

    first: int
    """First block of the file."""
    last: int
    """Last block of the file."""
    known: int
    """Blocks that the node had already; they are the same."""
    stored: int
    """Blocks that were executed and stored."""
    height: int
    """Where the node stands now."""


def import_blocks(place: Place, source: Path, progress: Progress) -> Imported:
    """Bring the blocks of a file into the data of a node that does not run, which are made when there are none.

    Raises OperatorError when the file is damaged, of another chain, leaves a gap, or holds a block that is not valid here; blocks before
    that one are stored.
    """
    try:
        with source.open("rb") as file:
            trailer = _checked(file, source, genesis_hash(place.genesis))
            refuse_held(place.data)
            store = open_store(place.chain, place.genesis)
            try:
                file.seek(0)
                return trio.run(_Import(store, BlockFileReader(file, source), trailer, progress).run)
            finally:
                store.close()
    except OSError as error:
        raise OperatorError(f"{source}: cannot be read: {error.strerror}") from None


def _checked(file: BinaryIO, path: Path, genesis: bytes) -> Trailer:
    """The trailer of a file that is whole and of this chain."""
    reader = BlockFileReader(file, path)
    if reader.head.genesis_hash != genesis:
        raise OperatorError(
            f"{path}: expected blocks of the chain with genesis {genesis.hex()}, got {reader.head.genesis_hash.hex()}"
        )
    for _ in reader.entries():
        pass
    assert reader.trailer is not None, "the last entry was read"
    return reader.trailer


class _Import:
    """One file into one store."""

    def __init__(self, store: LedgerStore, reader: BlockFileReader, trailer: Trailer, progress: Progress) -> None:
        self._store = store
        self._reader = reader
        self._trailer = trailer
        self._progress = progress
        self._verifier = Verifier()

    async def run(self) -> Imported:
        first = self._reader.head.first
        if first > self._store.next_height:
            raise OperatorError(f"expected blocks from {self._store.next_height} on, the file begins with block {first}")
        known = stored = 0
        for entry in self._reader.entries():
            final = entry.final()
            if entry.height <= self._store.height:
                self._same(final)
                known += 1
                continue
            try:
                await self._take(final)
            except (Malformed, Rejected, BlockInvalid) as wrong:
                raise OperatorError(
                    f"byte {entry.offset}, block {entry.height}: not valid on this chain: {wrong}; "
                    f"the node stands at block {self._store.height}"
                ) from None
            stored += 1
            self._progress(known + stored, self._trailer.blocks)
        return Imported(first, self._trailer.last, known, stored, self._store.height)

    def _same(self, final: FinalBlock) -> None:
        """Raise OperatorError unless the node has this very block."""
        header = final.block.header
        mine, theirs = self._store.block_header(header.height), header_hash(header)
        if mine is not None and header_hash(mine) != theirs:
            raise OperatorError(
                f"block {header.height}: expected {header_hash(mine).hex()}, which this node has, got {theirs.hex()}: "
                "the file is of another branch of the chain, and final blocks have none: find out which side is wrong (gridnode diff)"
            )

    async def _take(self, final: FinalBlock) -> None:
        """Check commit, signatures and, by executing it, every root; then store it."""
        block, store = final.block, self._store
        header = block.header
        check_commit(final.commit, store.chain_id, store.validators, header.height, header_hash(header))
        transactions = [decode_transaction(raw) for raw in block.transactions]
        verdicts = await self._verifier.verified(transactions)
        valid: list[VerifiedTransaction] = [verdict for verdict in verdicts if verdict is not None]
        if len(valid) != len(transactions):
            raise Malformed("expected valid signatures in every transaction")
        async with store.lock:
            store.commit(await store.execute(block, valid), final.commit)
