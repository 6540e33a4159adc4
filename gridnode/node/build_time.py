"""How much of what waits a proposer puts into its block: what it executes in a share of the time that the others wait (decision 0022).

The bounds of a block (`max_block_messages`) say what one may hold at most, on whatever machine. On a machine that cannot execute so much in
time, the others would vote nil before they hear of the block, and the next proposer would come too late as well: under load the chain would
stand, with all of its nodes busy. What a proposer measures is its own affair: nobody checks it, and a block that holds less is as valid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gridnode.chain.genesis import ChainParams
from gridnode.chain.transaction import VerifiedTransaction

BUILD_SHARE: Final = 3
"""The first propose timeout holds so many times what filling a block takes: what closes it and its way to the others come on top."""


def fitting(
    candidates: Iterable[VerifiedTransaction], params: ChainParams, monotonic_ms: Callable[[], int]
) -> Iterator[VerifiedTransaction]:
    """`candidates` in order, until a BUILD_SHARE-th of the first propose timeout is over; the first one in any case.

    `monotonic_ms` is a clock in ms that never jumps. Each one is asked for when the one before has been executed.
    """
    until_ms = monotonic_ms() + params.propose_timeout_ms // BUILD_SHARE
    for transaction in candidates:
        yield transaction
        if monotonic_ms() >= until_ms:
            return
