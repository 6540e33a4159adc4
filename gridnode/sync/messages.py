"""Records of status and sync."""

from __future__ import annotations

from typing import Annotated

from gridnode.chain.block import Block, CompactBlock
from gridnode.chain.commit import Commit
from gridnode.chain.vote import Proposal
from gridnode.codec.fields import HASH, HASH_OR_NIL, U32, U64, Bytes, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.primitives.ids import Hash, TransactionId
from gridnode.primitives.limits import (
    MAX_FETCH_IDS,
    MAX_LIGHT_BLOCKS,
    MAX_SYNC_BLOCKS,
    MAX_TRANSACTION_BYTES,
)
from gridnode.primitives.units import Height


@record
class Status:
    """How far a node has come."""

    genesis_hash: Annotated[Hash, HASH]
    height: Annotated[Height, U64]
    block_hash: Annotated[Hash, HASH_OR_NIL]
    first: Annotated[Height, U64] = Height(1)  # lowest block that it has whole: what is below is asked of others


@record
class BlockRequest:
    """Ask for blocks from `first` on, at most `count`."""

    first: Annotated[Height, U64]
    count: Annotated[int, Int(1, MAX_SYNC_BLOCKS)]


@record
class FinalBlock:
    """A block and the commit that makes it final."""

    block: Annotated[Block, Nested(Block)]
    commit: Annotated[Commit, Nested(Commit)]


@record
class BlockAnswer:
    """Blocks in ascending order from the height that was asked for; fewer than asked, or none, when there are no more or they are large."""

    blocks: Annotated[tuple[FinalBlock, ...], ListOf(Nested(FinalBlock), MAX_SYNC_BLOCKS)]


@record
class TransactionsRequest:
    """Ask for transactions by id: a part of those of a proposal that the asker has not seen."""

    ids: Annotated[tuple[TransactionId, ...], ListOf(HASH, MAX_FETCH_IDS, 1)]


@record
class TransactionsAnswer:
    """Bytes of the transactions that were asked for and are known, in the order asked; `missing` counts the others."""

    transactions: Annotated[tuple[bytes, ...], ListOf(Bytes(1, MAX_TRANSACTION_BYTES), MAX_FETCH_IDS)]
    missing: Annotated[int, U32]


@record
class LightRequest:
    """Ask for the light blocks of these heights; 0 stands for the newest one. The answer is `gridnode.chain.light_block.LightBlocks`."""

    heights: Annotated[tuple[int, ...], ListOf(U64, MAX_LIGHT_BLOCKS, 1)]


@record
class ProposedBlock:
    """A signed proposal and the block it names."""

    proposal: Annotated[Proposal, Nested(Proposal)]
    block: Annotated[CompactBlock, Nested(CompactBlock)]
