"""Where the blocks of an audit come from: a node's API, or the data of a node that does not run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gridnode.chain.genesis import Genesis
from gridnode.chain.light_block import LightBlocks
from gridnode.chain.recorded import RecordedBlock, RecordedBlocks
from gridnode.chain.validators import ValidatorSet
from gridnode.client.remote import RemoteProblem
from gridnode.codec.records import decode
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_RAW_BLOCKS

if TYPE_CHECKING:
    from gridnode.client.remote import Remote
    from gridnode.storage.block_store import BlockStore


async def remote_genesis(remote: Remote) -> Genesis:
    """The genesis that a node names. Raises RemoteProblem."""
    try:
        return decode(Genesis, await remote.raw("genesis/raw"))
    except Malformed as fault:
        raise RemoteProblem(200, "MALFORMED", f"genesis: {fault}") from None


async def remote_blocks(remote: Remote, first: int, last: int) -> AsyncIterator[RecordedBlock]:
    """Blocks `first` to `last` of a node, in order. Raises RemoteProblem."""
    height = first
    while height <= last:
        raw = await remote.raw(f"blocks/{height}/raw", count=min(MAX_RAW_BLOCKS, last - height + 1))
        try:
            found = [decode(RecordedBlock, one) for one in decode(RecordedBlocks, raw).blocks]
        except Malformed as fault:
            raise RemoteProblem(200, "MALFORMED", f"blocks from {height} on: {fault}") from None
        if not found:
            raise RemoteProblem(200, "MALFORMED", f"blocks from {height} on: none")
        for block in found[: last - height + 1]:
            yield block
        height += len(found)


async def remote_voters(remote: Remote, height: int) -> ValidatorSet | None:
    """Who votes on a block, as a node says; None when it does not. Raises RemoteProblem."""
    try:
        found = decode(LightBlocks, await remote.raw(f"light/{height}/raw", count=1)).blocks
    except Malformed as fault:
        raise RemoteProblem(200, "MALFORMED", f"light block {height}: {fault}") from None
    return found[0].validators if found else None


@contextmanager
def stored_chain(config: Path, genesis: Genesis | None) -> Iterator[tuple[Genesis, BlockStore]]:
    """Genesis and blocks of the node with the configuration file `config`; it must not be running.

    genesis  takes the place of the node's own genesis file

    Raises OperatorError when there is no such node, when it runs, or when it holds another chain.
    """
    from dataclasses import replace

    from gridnode.operations.place import place_of, stopped_database
    from gridnode.storage.block_store import BlockStore

    place = place_of(config)
    place = replace(place, genesis=genesis or place.genesis)
    with stopped_database(place) as database:
        yield place.genesis, BlockStore(database)


def stored_blocks(store: BlockStore, first: int, last: int) -> Iterator[RecordedBlock]:
    """Blocks `first` to `last` of a store, in order; ends where it does."""
    for height in range(first, last + 1):
        block, commit = store.block(height), store.commit(height)
        if block is None or commit is None:
            return
        yield RecordedBlock(block, commit, store.receipts(height))
