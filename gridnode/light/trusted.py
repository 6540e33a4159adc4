"""What a light client trusts: the interface of its store, and one in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Protocol

from gridnode.chain.block import header_hash
from gridnode.chain.light_block import LightBlock
from gridnode.light.terms import LightBlockInvalid
from gridnode.primitives.limits import MAX_TRUSTED_BLOCKS


class TrustedBlocks(Protocol):
    """Verified light blocks by height; one for each height at most."""

    def at_or_below(self, height: int) -> LightBlock | None:
        """The highest one at or below a height, or None."""
        ...

    def at_or_above(self, height: int) -> LightBlock | None:
        """The lowest one at or above a height, or None."""
        ...

    def put(self, block: LightBlock) -> None:
        """Keep one that was verified; of more than MAX_TRUSTED_BLOCKS the lowest go.

        Raises LightBlockInvalid when another block is trusted at its height.
        """
        ...


class MemoryBlocks:
    """Trusted blocks in memory."""

    def __init__(self, most: int = MAX_TRUSTED_BLOCKS) -> None:
        self._most = most
        self._heights: list[int] = []
        self._blocks: dict[int, LightBlock] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._heights)

    def at_or_below(self, height: int) -> LightBlock | None:
        """The highest one at or below a height, or None."""
        index = bisect_right(self._heights, height)
        return self._blocks[self._heights[index - 1]] if index else None

    def at_or_above(self, height: int) -> LightBlock | None:
        """The lowest one at or above a height, or None."""
        index = bisect_left(self._heights, height)
        return self._blocks[self._heights[index]] if index < len(self._heights) else None

    def all(self) -> Iterator[LightBlock]:
        """All of them, the lowest first."""
        return (self._blocks[height] for height in self._heights)

    def check(self, block: LightBlock) -> None:
        """Whether it may be put. Raises LightBlockInvalid when another one is trusted at its height."""
        height = block.header.height
        known = self._blocks.get(height)
        if known is not None and known.header != block.header:
            raise LightBlockInvalid(
                f"expected block {height} to be {header_hash(known.header).hex()}, which is trusted, got {header_hash(block.header).hex()}"
            )

    def put(self, block: LightBlock) -> None:
        """Keep one that was verified; of more than the bound the lowest go. Raises LightBlockInvalid for a second one of a height."""
        self.check(block)
        height = block.header.height
        if height not in self._blocks:
            insort(self._heights, height)
        self._blocks[height] = block
        while len(self._heights) > self._most:
            del self._blocks[self._heights.pop(0)]
