"""Down from a trusted header, block by block, by hashes [LCV-FUNC-BACKWARDS, Backwards]."""

from __future__ import annotations

from gridnode.chain.light_block import LightBlock
from gridnode.light.asking import Asking
from gridnode.light.rules import verify_below
from gridnode.light.terms import BlockMissing, LightBlockInvalid, Terms, TooFar
from gridnode.primitives.limits import MAX_LIGHT_BLOCKS, MAX_LIGHT_DESCENT


def descend(trusted: LightBlock, height: int, terms: Terms) -> Asking[LightBlock]:
    """The light block at `height`, below `trusted`; MAX_LIGHT_BLOCKS of them are asked for at once, the highest first.

    An answer may be short; the rest is asked for again. Raises LightBlockInvalid, BlockMissing, TooFar.
    """
    below = trusted.header.height - height
    if below > MAX_LIGHT_DESCENT:
        raise TooFar(
            f"block {height} is {below} blocks below the trusted block {trusted.header.height}, more than {MAX_LIGHT_DESCENT}; "
            "expected a trusted block nearer to it"
        )
    current = trusted
    while current.header.height > height:
        top = current.header.height - 1
        asked = tuple(range(top, max(height, top - MAX_LIGHT_BLOCKS + 1) - 1, -1))
        answer = yield asked
        if not answer.blocks:
            raise BlockMissing(top)
        if len(answer.blocks) > len(asked):
            raise LightBlockInvalid(f"expected at most {len(asked)} light blocks, got {len(answer.blocks)}")
        for block in answer.blocks:
            verify_below(current, block, terms)
            current = block
    return current
