"""Light blocks as canonical bytes: a header with its commit and its voters, for clients that check signatures and trust no node."""

from __future__ import annotations

from starlette.responses import Response

from gridnode.api.problems import not_found
from gridnode.api.reading import Ask
from gridnode.chain.light_block import LightBlock, LightBlocks
from gridnode.chain.recorded import MEDIA_TYPE
from gridnode.codec.records import encode
from gridnode.primitives.limits import MAX_LIGHT_BLOCKS, MAX_LIGHT_BYTES


def blocks(ask: Ask) -> Response:
    """Up to `count` light blocks from a height down (0: the newest) as canonical bytes (`LightBlocks`); fewer when they are large."""
    height = ask.parameters.required_integer("height") or ask.view.height
    count = ask.parameters.integer("count", 1, MAX_LIGHT_BLOCKS) or 1
    found: list[LightBlock] = []
    size = 0
    for at in range(height, max(0, height - count), -1):
        block = ask.node.store.light_block(at) if at <= ask.view.height else None
        if block is None:
            break
        size += len(encode(block))
        if found and size > MAX_LIGHT_BYTES:
            break
        found.append(block)
    if not found:
        raise not_found("light block", f"{height}; the latest is {ask.view.height}")
    return Response(encode(LightBlocks(tuple(found))), media_type=MEDIA_TYPE)
