"""A block with all that was recorded of it: what an auditor reads who has no node."""

from __future__ import annotations

from typing import Annotated, Final

from gridnode.chain.block import Block
from gridnode.chain.commit import Commit
from gridnode.chain.receipt import Receipt
from gridnode.codec.fields import Bytes, ListOf
from gridnode.codec.records import Nested, record
from gridnode.primitives.limits import MAX_BLOCK_TRANSACTIONS, MAX_RAW_BLOCKS, MAX_RECORD_BYTES


@record
class RecordedBlock:
    """A final block, the commit that made it final, and what came of its transactions and of its hooks."""

    block: Annotated[Block, Nested(Block)]
    commit: Annotated[Commit, Nested(Commit)]
    # one for each transaction in order, then the hooks'; the header has their root
    receipts: Annotated[tuple[Receipt, ...], ListOf(Nested(Receipt), MAX_BLOCK_TRANSACTIONS + 1, 1)]


@record
class RecordedBlocks:
    """Successive blocks, each as the bytes of its `RecordedBlock`; fewer than asked for when they are large or there are no more."""

    blocks: Annotated[tuple[bytes, ...], ListOf(Bytes(1, MAX_RECORD_BYTES), MAX_RAW_BLOCKS)]


MEDIA_TYPE: Final = "application/msgpack"
"""How canonical bytes are named in HTTP."""
