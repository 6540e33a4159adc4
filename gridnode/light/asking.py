"""How the drivers of the light client ask: heights out, light blocks and the time in."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple, TypeVar

from gridnode.chain.light_block import LightBlock
from gridnode.light.terms import BlockMissing, LightBlockInvalid

T = TypeVar("T")

NEWEST = 0
"""Asked for as a height: the newest block of the provider, whatever its height."""

Heights = tuple[int, ...]
"""Heights that are asked for at once: 1 to MAX_LIGHT_BLOCKS."""


class Answer(NamedTuple):
    """What came for some heights."""

    blocks: Sequence[LightBlock]  # in the order asked; those that the provider does not have are left out
    now_ms: int
    """Unix time of the reader's clock, when it came."""


Asking = Generator[Heights, Answer, T]
"""A driver: yields heights, is sent an answer for each, returns its result."""


def ask_one(height: int) -> Asking[tuple[LightBlock, int]]:
    """Ask for one height, or for the NEWEST; the block, and the time when it came.

    Raises BlockMissing when there is none, LightBlockInvalid when it is of another height.
    """
    answer = yield (height,)
    if not answer.blocks:
        raise BlockMissing(height)
    [block, *others] = answer.blocks
    if others or height not in (NEWEST, block.header.height):
        raise LightBlockInvalid(
            f"expected one block of height {height or 'any'}, got {len(answer.blocks)} from {block.header.height} on"
        )
    return block, answer.now_ms
