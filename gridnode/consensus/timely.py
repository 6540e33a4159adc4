"""Whether a new block's time may be prevoted, by the receiver's own clock (line 22 of Algorithm 1; decision 0017).

A block's time becomes the chain's. Less than a third of the clocks may be wrong, so what more than two thirds prevoted was judged by
a right one.
"""

from __future__ import annotations

from gridnode.chain.genesis import ChainParams
from gridnode.consensus.inputs import TimeoutKind
from gridnode.consensus.timeouts import timeout_ms
from gridnode.primitives.limits import MAX_CLOCK_DRIFT_MS, MAX_CLOCK_LAG_MS, MAX_ROUND


def is_timely(params: ChainParams, time_ms: int, clock_ms: int) -> bool:
    """Whether a block of `time_ms` is neither too far ahead of `clock_ms` nor too far behind it (both unix ms).

    Asked when the block is here whole. Ahead: at most MAX_CLOCK_DRIFT_MS. Behind: at most MAX_CLOCK_LAG_MS and the longest propose
    timeout, so a proposal that comes in time for its round is never too old because of its way.
    """
    longest_ms = timeout_ms(params, TimeoutKind.PROPOSE, MAX_ROUND)
    return clock_ms - longest_ms - MAX_CLOCK_LAG_MS <= time_ms <= clock_ms + MAX_CLOCK_DRIFT_MS
