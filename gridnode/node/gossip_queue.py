"""Batches of transactions that peers have gossiped and that wait to be checked; bounded, in order of arrival."""

from __future__ import annotations

import trio

from gridnode.mempool.outbox import TransactionBatch
from gridnode.primitives.limits import MAX_GOSSIP_BATCHES


class GossipQueue:
    """At most MAX_GOSSIP_BATCHES of them."""

    def __init__(self) -> None:
        self._put, self._get = trio.open_memory_channel[tuple[bytes, TransactionBatch]](MAX_GOSSIP_BATCHES)

    def put(self, author: bytes, batch: TransactionBatch) -> bool:
        """Queue a batch; False when there is no room."""
        try:
            self._put.send_nowait((author, batch))
        except trio.WouldBlock:
            return False
        return True

    async def get(self) -> tuple[bytes, TransactionBatch]:
        """Wait for the next one."""
        return await self._get.receive()
