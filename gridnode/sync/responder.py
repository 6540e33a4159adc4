"""The answering side of sync: bounded answers from what is stored."""

from __future__ import annotations

from collections.abc import Callable

from gridnode.chain.light_block import LightBlock, LightBlocks
from gridnode.codec.records import encode
from gridnode.primitives.ids import TransactionId
from gridnode.primitives.limits import MAX_FETCH_BYTES, MAX_LIGHT_BYTES, MAX_SYNC_BYTES
from gridnode.sync.messages import (
    BlockAnswer,
    BlockRequest,
    FinalBlock,
    LightRequest,
    TransactionsAnswer,
    TransactionsRequest,
)


def answer_blocks(request: BlockRequest, height: int, load: Callable[[int], FinalBlock | None]) -> bytes:
    """Encoded `BlockAnswer`: blocks from `request.first` up to `height`, at most as many as asked.

    Its transactions stay within MAX_SYNC_BYTES, unless the first block alone has more, so it fits into one response.

    load    the stored block of a height with its commit, or None when pruned.
    """
    blocks: list[FinalBlock] = []
    size = 0
    for number in range(request.first, min(request.first + request.count, height + 1)):
        final = load(number)
        if final is None:
            break
        size += sum(len(raw) for raw in final.block.transactions)
        if blocks and size > MAX_SYNC_BYTES:
            break
        blocks.append(final)
    return encode(BlockAnswer(tuple(blocks)))


def answer_transactions(request: TransactionsRequest, find: Callable[[TransactionId], bytes | None]) -> bytes:
    """Encoded `TransactionsAnswer`: the known ones in the order asked, within MAX_FETCH_BYTES; what does not fit may be asked for again.

    find    a transaction's bytes by id, or None.
    """
    found: list[bytes] = []
    size = 0
    for transaction_id in request.ids:
        raw = find(transaction_id)
        if raw is not None and size + len(raw) <= MAX_FETCH_BYTES:
            found.append(raw)
            size += len(raw)
    return encode(TransactionsAnswer(tuple(found), len(request.ids) - len(found)))


def answer_light(request: LightRequest, height: int, load: Callable[[int], LightBlock | None]) -> bytes:
    """Encoded `LightBlocks`: those of the heights asked for that are there, in that order; 0 is answered with that of `height`, the newest.

    The answer stays within MAX_LIGHT_BYTES; what comes after is left out and may be asked for again.

    load    the light block of a height, or None when there is none or it was pruned.
    """
    found: list[LightBlock] = []
    size = 0
    for number in request.heights:
        block = load(number or height)
        if block is not None:
            size += len(encode(block))
            if size > MAX_LIGHT_BYTES:
                break
            found.append(block)
    return encode(LightBlocks(tuple(found)))
