"""What the node tells those who wait: that a block was committed, and what became of a transaction.

Waiters hold an event each; nothing is buffered for them, and one that is slow costs nobody else anything.
"""

from __future__ import annotations

from collections.abc import Iterable

import trio

from gridnode.primitives.ids import TransactionId


class Feed:
    """Committed blocks, as they happen."""

    def __init__(self) -> None:
        self.height = 0
        self._block = trio.Event()
        self._transactions: dict[TransactionId, trio.Event] = {}

    def committed(self, height: int, ids: Iterable[TransactionId]) -> None:
        """A block was stored: wake whoever waits for it or for one of its transactions."""
        self.height = height
        self._block.set()
        self._block = trio.Event()
        if self._transactions:
            for transaction_id in ids:
                waiting = self._transactions.pop(transaction_id, None)
                if waiting is not None:
                    waiting.set()

    async def next_block(self) -> int:
        """Wait for the next block to be stored; returns its height."""
        await self._block.wait()
        return self.height

    async def transaction(self, transaction_id: TransactionId, timeout_ms: int) -> bool:
        """Wait until this transaction is in a stored block, at most `timeout_ms`; whether it is."""
        event = self._transactions.setdefault(transaction_id, trio.Event())
        try:
            with trio.move_on_after(timeout_ms / 1000):
                await event.wait()
        finally:  # also for a client that has gone away
            if not event.is_set() and not event.statistics().tasks_waiting:
                self._transactions.pop(transaction_id, None)
        return event.is_set()
