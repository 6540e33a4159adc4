"""Canonical bytes for those who check themselves: genesis, and blocks with their commits and receipts. Outside the envelope."""

from __future__ import annotations

from starlette.responses import Response

from gridnode.api.problems import Problem, gone, not_found
from gridnode.api.reading import Ask
from gridnode.chain.recorded import MEDIA_TYPE, RecordedBlock, RecordedBlocks
from gridnode.codec.records import encode
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_RAW_BLOCKS, MAX_RAW_BYTES


def genesis(ask: Ask) -> Response:
    """Genesis as canonical bytes (`Genesis`); its hash is the `previous_hash` of block 1."""
    return Response(encode(ask.node.store.genesis), media_type=MEDIA_TYPE)


def blocks(ask: Ask) -> Response:
    """Up to `count` blocks from a height on as canonical bytes (`RecordedBlocks`); fewer when they are large or there are no more."""
    height = ask.parameters.required_integer("height")
    count = ask.parameters.integer("count", 1, MAX_RAW_BLOCKS) or 1
    found: list[bytes] = []
    size = 0
    for at in range(height, min(height + count - 1, ask.view.height) + 1):
        raw = _block(ask, at)
        if raw is None:
            break
        size += len(raw)
        if found and size > MAX_RAW_BYTES:
            break
        found.append(raw)
    if not found and 1 <= height < ask.node.store.first_height:
        raise gone(height, ask.node.store.first_height, ask.view.height)
    if not found:
        raise not_found("block", f"{height}; the latest is {ask.view.height}")
    return Response(encode(RecordedBlocks(tuple(found))), media_type=MEDIA_TYPE)


def _block(ask: Ask, height: int) -> bytes | None:
    store = ask.node.store
    found = store.final_block(height) if height else None
    if found is None:
        return None
    receipts = store.receipts(height)
    if height < store.first_height:
        return None  # pruned while it was read
    try:
        return encode(RecordedBlock(found.block, found.commit, receipts))
    except Malformed as fault:
        raise Problem(413, "TOO_LARGE", f"block {height} with its receipts does not fit into one answer: {fault}") from None
