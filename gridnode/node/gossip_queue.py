"""Batches of transactions that peers have gossiped and that wait to be checked: bounded, and fair between their authors.

Authors take turns, and each has a rate in transactions, because it is transactions that cost: so one that gossips as fast as it can, useful
or not, waits for itself. It keeps its own order. When all places are taken, whoever holds the most of them loses its newest batch.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import trio

from gridnode.mempool.outbox import TransactionBatch
from gridnode.network.buckets import TokenBucket
from gridnode.node.clock import monotonic_ms
from gridnode.primitives.limits import GOSSIP_BURST, GOSSIPED_PER_S, MAX_GOSSIP_BATCHES, MAX_GOSSIP_PER_AUTHOR


class GossipQueue:
    """At most MAX_GOSSIP_BATCHES of them, at most MAX_GOSSIP_PER_AUTHOR of one author."""

    def __init__(self, clock_ms: Callable[[], int] = monotonic_ms) -> None:
        self._clock_ms = clock_ms
        self._waiting: dict[bytes, deque[TransactionBatch]] = {}  # who waits, in the order of turns
        self._rates: dict[bytes, TokenBucket] = {}  # of every licensed author that ever gossiped
        self._count = 0
        self._arrived = trio.Event()

    def put(self, author: bytes, batch: TransactionBatch) -> bool:
        """Queue a batch; False when it, or one of an author that holds more, was dropped for lack of room."""
        held = len(self._waiting.get(author, ()))
        if held >= MAX_GOSSIP_PER_AUTHOR:
            return False
        full = self._count >= MAX_GOSSIP_BATCHES
        if full:
            busiest = max(self._waiting, key=lambda other: len(self._waiting[other]))
            if len(self._waiting[busiest]) <= held + 1:
                return False
            self._waiting[busiest].pop()
            self._count -= 1
        self._waiting.setdefault(author, deque()).append(batch)
        self._count += 1
        self._arrived.set()
        return not full

    async def get(self) -> tuple[bytes, TransactionBatch]:
        """Wait for the next one: of the author whose turn it is and whose rate allows it."""
        while True:
            least_ms = math.inf
            for author in self._waiting:
                pause_ms = self._rate(author).take(0, self._clock_ms())
                if not pause_ms:
                    return author, self._take(author)
                least_ms = min(least_ms, pause_ms)
            self._arrived = trio.Event()
            with trio.move_on_after(least_ms / 1000):
                await self._arrived.wait()

    def _take(self, author: bytes) -> TransactionBatch:
        """The author's oldest batch; its next turn comes after those of all who wait."""
        batches = self._waiting.pop(author)
        batch = batches.popleft()
        if batches:
            self._waiting[author] = batches
        self._count -= 1
        self._rate(author).take(len(batch.transactions), self._clock_ms())
        return batch

    def _rate(self, author: bytes) -> TokenBucket:
        rate = self._rates.get(author)
        if rate is None:
            rate = self._rates[author] = TokenBucket(GOSSIPED_PER_S, GOSSIP_BURST, self._clock_ms())
        return rate

    def __len__(self) -> int:
        """Batches waiting."""
        return self._count
